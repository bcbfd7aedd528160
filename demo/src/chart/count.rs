//! Messages and bytes on each wire, flights and round trips.
//!
//! A *flight* is all that one end of a conversation sends before the other is heard again; what can hold nothing
//! but an acknowledgement, or only tries how long datagrams may be, belongs to no flight. A flight is of a
//! handshake when its first frame is. A *round trip* is a flight and the one that answers it: so many
//! times somebody waited for the other end. Upkeep of the network itself (ARP, ICMP) is counted on its wire,
//! and makes no flights.

use std::collections::BTreeMap;
use std::time::Duration;

use kessai_shared::columns::Columns;
use kessai_shared::money::grouped;
use serde::Serialize;

use super::frame::Mark;
use super::message::{Conversation, Kind, Message};

/// What went one way over a wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    pub wire: String,
    pub from: String,
    pub to: String,
    pub frames: usize,
    /// Of those, the ones that can hold nothing but an acknowledgement.
    pub acknowledgements: usize,
    /// Those that only try how long datagrams may be.
    pub probes: usize,
    pub handshake_frames: usize,
    /// What UDP, TCP or the line carried, in bytes.
    pub payload_bytes: u64,
    /// Whole frames as the tap saw them, in bytes.
    pub wire_bytes: u64,
}

/// All that two ends said to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Talk {
    pub wire: String,
    /// Who spoke first, and to whom.
    pub opener: String,
    pub answerer: String,
    pub flights: usize,
    pub round_trips: usize,
    /// The round trips of those that agreed on keys.
    pub handshake_round_trips: usize,
    pub first_us: u64,
    pub last_us: u64,
}

/// What was counted in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub ways: Vec<Way>,
    pub talks: Vec<Talk>,
}

/// What belongs to a mark: everything from it to the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Marked {
    pub what: String,
    pub at_us: u64,
    /// From the mark to the last message that belongs to a flight.
    pub took_us: u64,
    pub counts: Counts,
}

/// Microseconds, as many as fit.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Counts {
    /// Counts these messages, which are in the order of their times.
    pub fn of<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Self {
        let mut ways: BTreeMap<(&str, &str, &str), Way> = BTreeMap::new();
        let mut talks: BTreeMap<&Conversation, Flights> = BTreeMap::new();
        for message in messages {
            let key = (message.wire.as_str(), message.from.as_str(), message.to.as_str());
            ways.entry(key).or_insert_with(|| Way::new(message)).add(message);
            if !matches!(message.kind, Kind::Upkeep(_)) {
                talks.entry(&message.conversation).or_insert_with(|| Flights::new(message)).add(message);
            }
        }
        let talks = talks.into_values().map(Flights::talk);
        let mut talks: Vec<Talk> = talks.filter(|talk| talk.flights > 0).collect();
        talks.sort_by_key(|talk| talk.first_us);
        Self { ways: ways.into_values().collect(), talks }
    }

    pub fn frames(&self) -> usize {
        self.ways.iter().map(|way| way.frames).sum()
    }

    pub fn wire_bytes(&self) -> u64 {
        self.ways.iter().map(|way| way.wire_bytes).sum()
    }

    pub fn round_trips(&self) -> usize {
        self.talks.iter().map(|talk| talk.round_trips).sum()
    }

    /// The table for people.
    pub fn table(&self) -> Columns {
        let headings = ["wire", "from", "to", ">frames", ">acks", ">probes", ">payload", ">on the wire"];
        let mut table = Columns::new(&headings);
        for way in &self.ways {
            let names = [&way.wire, &way.from, &way.to].map(Clone::clone);
            let frames = [way.frames, way.acknowledgements, way.probes].map(|count| grouped(count as u64));
            let bytes = [way.payload_bytes, way.wire_bytes].map(bytes);
            table.row(names.into_iter().chain(frames).chain(bytes));
        }
        table
    }

    /// The table of round trips for people.
    pub fn talk_table(&self) -> Columns {
        let mut table = Columns::new(&["wire", "asks", "answers", ">flights", ">round trips", ">handshake"]);
        for talk in &self.talks {
            let numbers = [talk.flights, talk.round_trips, talk.handshake_round_trips];
            let names = [&talk.wire, &talk.opener, &talk.answerer].map(Clone::clone);
            table.row(names.into_iter().chain(numbers.map(|count| grouped(count as u64))));
        }
        table
    }
}

/// Counts what lies between each mark and the next, or the end. What was before the first belongs to none.
pub fn by_mark(messages: &[Message], marks: &[Mark]) -> Vec<Marked> {
    let mut marks: Vec<&Mark> = marks.iter().collect();
    marks.sort_by_key(|mark| mark.at);
    let ends = marks.iter().skip(1).map(|mark| mark.at).chain([Duration::MAX]);
    let spans = marks.iter().zip(ends).map(|(mark, end)| {
        let within = || messages.iter().filter(move |message| (mark.at..end).contains(&message.at));
        let last = within()
            .filter(|message| !(message.acknowledges || message.probes))
            .map(|message| message.at)
            .max();
        Marked {
            what: mark.what.clone(),
            at_us: micros(mark.at),
            took_us: micros(last.unwrap_or(mark.at).saturating_sub(mark.at)),
            counts: Counts::of(within()),
        }
    });
    spans.collect()
}

/// So many bytes, for people: not to be broken between number and unit.
pub fn bytes(count: u64) -> String {
    format!("{}\u{a0}B", grouped(count))
}

impl Way {
    fn new(message: &Message) -> Self {
        let [wire, from, to] = [&message.wire, &message.from, &message.to].map(Clone::clone);
        Self {
            wire,
            from,
            to,
            frames: 0,
            acknowledgements: 0,
            probes: 0,
            handshake_frames: 0,
            payload_bytes: 0,
            wire_bytes: 0,
        }
    }

    fn add(&mut self, message: &Message) {
        self.frames += 1;
        self.acknowledgements += usize::from(message.acknowledges);
        self.probes += usize::from(message.probes);
        self.handshake_frames += usize::from(message.kind.is_handshake());
        self.payload_bytes += message.payload as u64;
        self.wire_bytes += message.frame as u64;
    }
}

/// A conversation while it is read.
struct Flights<'a> {
    opener: &'a Message,
    last: Duration,
    /// Whether the first end sent each flight, and whether it was of a handshake.
    flights: Vec<(bool, bool)>,
}

impl<'a> Flights<'a> {
    fn new(opener: &'a Message) -> Self {
        Self { opener, last: opener.at, flights: Vec::new() }
    }

    fn add(&mut self, message: &'a Message) {
        if message.acknowledges || message.probes {
            return;
        }
        if self.flights.is_empty() {
            self.opener = message;
        }
        self.last = message.at;
        if self.flights.last().is_none_or(|(from_first, _)| *from_first != message.from_first) {
            self.flights.push((message.from_first, message.kind.is_handshake()));
        }
    }

    fn talk(self) -> Talk {
        let handshake = self.flights.iter().filter(|(_, handshake)| *handshake).count();
        Talk {
            wire: self.opener.wire.clone(),
            opener: self.opener.from.clone(),
            answerer: self.opener.to.clone(),
            flights: self.flights.len(),
            round_trips: self.flights.len() / 2,
            handshake_round_trips: handshake / 2,
            first_us: micros(self.opener.at),
            last_us: micros(self.last),
        }
    }
}
