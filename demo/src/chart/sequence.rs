//! The sequence of messages, ready to be drawn: who stands where, and what happens one below the other.
//!
//! By default what agrees on keys is one bar with counts, a flight is one arrow, and acknowledgements and the
//! upkeep of the network are only counted, so that a purchase reads as what it is.

mod svg;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kessai_shared::money::grouped;

use super::count::{Counts, bytes, micros};
use super::frame::Mark;
use super::message::{Conversation, Kind, Message};

/// Parties that have a column each; all others share one.
const MOST_PARTIES: usize = 6;
/// Steps that are drawn, by default and of everything.
const MOST_STEPS: usize = 120;
const MOST_STEPS_IN_FULL: usize = 2_000;
/// What is later does not belong to the same bar. It is far more than any handshake takes.
const LONGEST_BAR: Duration = Duration::from_secs(1);
/// A silence that is worth a line of its own.
const SILENCE: Duration = Duration::from_millis(500);

/// Where parties stand, from the left, and those whom nobody thought of between them and the stranger.
const ORDER: [&str; 3] = ["terminal", "seller", "settlement"];
const LAST: &str = "stranger";
const OTHERS: &str = "others";

/// How much is drawn.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub title: String,
    /// Every frame is an arrow of its own.
    pub full: bool,
    /// Drawn in red wherever one of these stands in a label: what a card could be read in.
    pub exposed: BTreeSet<String>,
}

/// One step of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub at: Duration,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Arrow {
        from: usize,
        to: usize,
        wire: usize,
        text: String,
        exposed: bool,
    },
    /// A handshake, or tries how long datagrams may be: between which two, and what it came to.
    Bar {
        ends: (usize, usize),
        wire: usize,
        text: String,
        detail: String,
    },
    Mark(String),
    Silence(String),
}

/// What a chart shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    pub title: String,
    pub parties: Vec<String>,
    pub wires: Vec<String>,
    pub steps: Vec<Step>,
    /// What was left out, if anything was.
    pub omitted: Vec<String>,
}

/// What many frames are about, so that they are drawn as one bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Handshake,
    Probes,
}

/// A step while it is put together.
enum Draft<'a> {
    Arrow { at: Duration, message: &'a Message, name: String, frames: usize, sum: u64 },
    Bar { topic: Topic, messages: Vec<&'a Message> },
    Mark(&'a Mark),
}

impl Sequence {
    /// Puts messages, in the order of their times, and marks together.
    pub fn of(messages: &[Message], marks: &[Mark], settings: &Settings) -> Self {
        let shown = |message: &&Message| settings.full || !(message.acknowledges || is_upkeep(message));
        let drawn: Vec<&Message> = messages.iter().filter(shown).collect();
        let mut sequence = Self {
            title: settings.title.clone(),
            parties: parties(&drawn),
            wires: wires(messages),
            ..Self::default()
        };
        let drafts = drafts(&drawn, marks, settings.full);
        let most = if settings.full { MOST_STEPS_IN_FULL } else { MOST_STEPS };
        let begin = drafts.first().map_or(Duration::ZERO, Draft::at);
        let mut last = begin;
        for draft in drafts.iter().take(most) {
            let at = draft.at().saturating_sub(begin);
            let silence = draft.at().saturating_sub(last);
            if silence > SILENCE {
                let what = What::Silence(format!("{} later", time(silence)));
                sequence.steps.push(Step { at, what });
            }
            last = draft.end();
            sequence.steps.push(Step { at, what: sequence.step(draft, settings) });
        }
        sequence.omitted = omitted(messages, settings.full, drafts.len().saturating_sub(most));
        sequence
    }

    /// The time beside each step. A silence has none, and the same moment is not told twice.
    fn moments(&self) -> Vec<String> {
        let mut last = None;
        let moments = self.steps.iter().map(|step| match step.what {
            What::Silence(_) => String::new(),
            What::Arrow { .. } | What::Bar { .. } | What::Mark(_) => {
                let moment = time(step.at);
                let told = last.replace(moment.clone());
                if told.as_ref() == Some(&moment) { String::new() } else { moment }
            }
        });
        moments.collect()
    }

    fn column(&self, name: &str) -> usize {
        let known = self.parties.iter().position(|party| party == name);
        known.unwrap_or(self.parties.len().saturating_sub(1))
    }

    fn wire(&self, name: &str) -> usize {
        self.wires.iter().position(|wire| wire == name).unwrap_or_default()
    }

    fn step(&self, draft: &Draft<'_>, settings: &Settings) -> What {
        match draft {
            Draft::Mark(mark) => What::Mark(mark.what.clone()),
            Draft::Arrow { message, name, frames, sum, .. } => What::Arrow {
                from: self.column(&message.from),
                to: self.column(&message.to),
                wire: self.wire(&message.wire),
                exposed: settings.exposed.iter().any(|word| name.contains(word.as_str())),
                text: match frames {
                    1 => format!("{name} {}", bytes(*sum)),
                    _ => format!("{name} ×{} {}", grouped(*frames as u64), bytes(*sum)),
                },
            },
            Draft::Bar { topic, messages } => {
                let counts = Counts::of(messages.iter().copied());
                let sum: u64 = counts.ways.iter().map(|way| way.payload_bytes).sum();
                let (trips, took) = (counts.round_trips(), draft.end().saturating_sub(draft.at()));
                let (text, trips) = match topic {
                    Topic::Handshake if trips == 1 => ("handshake", "1 round trip, ".to_owned()),
                    Topic::Handshake => ("handshake", format!("{trips} round trips, ")),
                    Topic::Probes => ("MTU probes", String::new()),
                };
                let frames = match messages.len() {
                    1 => "1\u{a0}frame".to_owned(),
                    many => format!("{}\u{a0}frames", grouped(many as u64)),
                };
                let first = messages.first();
                What::Bar {
                    ends: first.map_or((0, 0), |first| (self.column(&first.from), self.column(&first.to))),
                    wire: first.map_or(0, |first| self.wire(&first.wire)),
                    text: text.to_owned(),
                    detail: format!("{frames}, {}, {trips}{}", bytes(sum), time(took)),
                }
            }
        }
    }
}

impl Draft<'_> {
    fn at(&self) -> Duration {
        match self {
            Self::Arrow { at, .. } => *at,
            Self::Bar { messages, .. } => messages.first().map_or(Duration::ZERO, |first| first.at),
            Self::Mark(mark) => mark.at,
        }
    }

    fn end(&self) -> Duration {
        match self {
            Self::Arrow { .. } | Self::Mark(_) => self.at(),
            Self::Bar { messages, .. } => messages.last().map_or(Duration::ZERO, |last| last.at),
        }
    }
}

fn is_upkeep(message: &Message) -> bool {
    matches!(message.kind, Kind::Upkeep(_))
}

fn topic(message: &Message) -> Option<Topic> {
    let handshake = message.kind.is_handshake().then_some(Topic::Handshake);
    handshake.or(message.probes.then_some(Topic::Probes))
}

/// Who has a column, in the order of [`ORDER`], then of appearance, strangers last.
fn parties(messages: &[&Message]) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    let mut known = BTreeSet::new();
    for name in messages.iter().flat_map(|message| [&message.from, &message.to]) {
        if known.insert(name.as_str()) {
            names.push(name);
        }
    }
    let rank = |name: &str| {
        let place = ORDER.iter().position(|known| *known == name);
        place.unwrap_or(if name.starts_with(LAST) { ORDER.len() + 1 } else { ORDER.len() })
    };
    names.sort_by_key(|name| rank(name));
    if names.len() > MOST_PARTIES {
        names.truncate(MOST_PARTIES - 1);
        names.push(OTHERS);
    }
    names.into_iter().map(str::to_owned).collect()
}

fn wires(messages: &[Message]) -> Vec<String> {
    let mut wires: Vec<String> = Vec::new();
    for message in messages {
        if wires.last() != Some(&message.wire) && !wires.contains(&message.wire) {
            wires.push(message.wire.clone());
        }
    }
    wires
}

fn drafts<'a>(messages: &[&'a Message], marks: &'a [Mark], full: bool) -> Vec<Draft<'a>> {
    let mut drafts: Vec<Draft<'a>> = Vec::new();
    let mut bars: BTreeMap<(&Conversation, Topic), usize> = BTreeMap::new();
    for message in messages {
        if let Some(topic) = topic(message).filter(|_| !full) {
            let key = (&message.conversation, topic);
            let open = bars.get(&key).and_then(|at| drafts.get_mut(*at));
            if let Some(Draft::Bar { messages, .. }) = open
                && messages.first().is_some_and(|first| message.at - first.at <= LONGEST_BAR)
            {
                messages.push(message);
                continue;
            }
            bars.insert(key, drafts.len());
            drafts.push(Draft::Bar { topic, messages: vec![message] });
        } else {
            drafts.push(arrow(&[message], &message.kind.name()));
        }
    }
    let mut drafts: Vec<Draft<'a>> = drafts.into_iter().map(answered_or_arrow).collect();
    drafts.extend(marks.iter().map(Draft::Mark));
    // A mark stands before what happened in the same moment.
    drafts.sort_by_key(|draft| (draft.at(), !matches!(draft, Draft::Mark(_))));
    if full { drafts } else { merged(drafts) }
}

fn arrow<'a>(messages: &[&'a Message], name: &str) -> Draft<'a> {
    let sum = messages.iter().map(|message| message.payload as u64).sum();
    let first = messages[0];
    Draft::Arrow { at: first.at, message: first, name: name.to_owned(), frames: messages.len(), sum }
}

/// A handshake that only one end ever spoke in is none.
fn answered_or_arrow(draft: Draft<'_>) -> Draft<'_> {
    match &draft {
        Draft::Bar { topic: Topic::Handshake, messages }
            if messages.iter().all(|each| each.from_first == messages[0].from_first) =>
        {
            arrow(messages, &format!("{}, no answer", messages[0].kind.name()))
        }
        Draft::Arrow { .. } | Draft::Bar { .. } | Draft::Mark(_) => draft,
    }
}

/// One arrow for each row of equal ones.
fn merged(drafts: Vec<Draft<'_>>) -> Vec<Draft<'_>> {
    let mut merged: Vec<Draft<'_>> = Vec::new();
    for draft in drafts {
        if let (
            Some(Draft::Arrow { message: before, name: known, frames, sum, .. }),
            Draft::Arrow { message, name, frames: more, sum: more_bytes, .. },
        ) = (merged.last_mut(), &draft)
            && (&before.wire, &before.from, &before.to) == (&message.wire, &message.from, &message.to)
            && known == name
            && message.at.saturating_sub(before.at) < SILENCE
        {
            *frames += more;
            *sum += more_bytes;
            continue;
        }
        merged.push(draft);
    }
    merged
}

fn omitted(messages: &[Message], full: bool, steps: usize) -> Vec<String> {
    let count = |which: &dyn Fn(&Message) -> bool| messages.iter().filter(|message| which(message)).count();
    let (acknowledgements, upkeep) = (count(&|message| message.acknowledges), count(&is_upkeep));
    let mut omitted = Vec::new();
    if !full && acknowledgements > 0 {
        omitted.push(format!("{} acknowledgements", grouped(acknowledgements as u64)));
    }
    if !full && upkeep > 0 {
        omitted.push(format!("{} frames of upkeep", grouped(upkeep as u64)));
    }
    if steps > 0 {
        omitted.push(format!("{} more steps", grouped(steps as u64)));
    }
    omitted
}

/// A time for people: to the microsecond while it is short.
pub fn time(time: Duration) -> String {
    let micros = micros(time);
    match micros {
        0..100_000 => format!("{}.{:02}\u{a0}ms", micros / 1_000, micros % 1_000 / 10),
        100_000..1_000_000 => format!("{}.{}\u{a0}ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{}.{:02}\u{a0}s", grouped(micros / 1_000_000), micros % 1_000_000 / 10_000),
    }
}
