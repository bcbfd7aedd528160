//! From frames to messages: who said what kind of thing to whom, in which conversation.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::frame::Frame;
use super::packet::{Carrier, Packet, Station};
use super::parties::Parties;
use super::quic::{self, PacketType};

/// The most bytes that a QUIC packet without anything of ours in it has beside its header's first byte, its id
/// and its tag: its number (up to 4) and an acknowledgement of one range (RFC 9000, section 19.3: type 1,
/// largest up to 4, delay up to 4, count 1, range 1). An echo of ours is longer.
const MOST_ACKNOWLEDGEMENT_BYTES: usize = 15;
/// A short header's first byte and a packet's tag, in bytes.
const AROUND_BYTES: usize = 1 + 16;
/// What every path carries, in bytes (RFC 9000, section 14): longer datagrams have to be tried first.
const EVERY_PATH_BYTES: usize = 1_200;

/// Two ends that talk to each other over a wire. It is the same whoever of them speaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conversation {
    pub wire: String,
    pub ends: (Station, Station),
}

/// What kind of thing was said, as far as an observer can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whoever ran the system says what it was.
    Told(String),
    /// The packets of a datagram.
    Quic(Vec<PacketType>),
    /// A datagram that nothing tells of that it were QUIC.
    Datagram,
    /// A TCP segment, with its flags where it has no content.
    Segment(String),
    /// What networks say to keep themselves running: ARP, ICMP.
    Upkeep(&'static str),
    Other(String),
}

/// One frame, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub at: Duration,
    pub wire: String,
    pub from: String,
    pub to: String,
    pub kind: Kind,
    /// What UDP, TCP or the line carries, in bytes; of anything else, the frame without its header.
    pub payload: usize,
    /// The whole frame as the tap saw it, in bytes: without preamble, checksum and the gap behind it.
    pub frame: usize,
    /// Too short for anything but an acknowledgement.
    pub acknowledges: bool,
    /// Longer than all that this end sent before. QUIC sends nothing of ours so, but tries how long datagrams
    /// may be (RFC 9000, section 14.3). On a tap that sees several datagrams in one piece, before a card cuts
    /// them, a first long message may look the same.
    pub probes: bool,
    pub conversation: Conversation,
    /// Whether the first of the conversation's ends sent it.
    pub from_first: bool,
}

impl Kind {
    /// Whether keys are being agreed by it, or an end is being shown to be where it says it is.
    pub fn is_handshake(&self) -> bool {
        match self {
            Self::Quic(packets) => packets.iter().any(|packet| packet.is_long()),
            Self::Segment(flags) => flags.starts_with("SYN"),
            Self::Told(_) | Self::Datagram | Self::Upkeep(_) | Self::Other(_) => false,
        }
    }

    /// The name of it in a chart.
    pub fn name(&self) -> String {
        match self {
            Self::Told(label) => label.clone(),
            Self::Quic(packets) => {
                let mut names: Vec<&str> = packets.iter().map(|packet| packet.name()).collect();
                names.dedup();
                names.join(" + ")
            }
            Self::Datagram => "UDP".to_owned(),
            Self::Segment(flags) if flags.is_empty() => "TCP".to_owned(),
            Self::Segment(flags) => format!("TCP {flags}"),
            Self::Upkeep(name) => (*name).to_owned(),
            Self::Other(name) => name.clone(),
        }
    }
}

/// Understands the frames, in the order of their times.
pub fn messages(frames: &[Frame], parties: &Parties) -> Vec<Message> {
    let mut order: Vec<&Frame> = frames.iter().collect();
    order.sort_by_key(|frame| frame.at);
    let mut observer = Observer::default();
    order.into_iter().map(|frame| observer.message(frame, parties)).collect()
}

/// What somebody remembers who reads all that goes by.
#[derive(Default)]
struct Observer {
    /// Conversations that a long header was seen in: their other datagrams are QUIC too.
    quic: BTreeSet<Conversation>,
    /// How long the ids are by which an end wants to be spoken to, in bytes.
    ids: BTreeMap<(Conversation, bool), usize>,
    /// The longest datagram that an end sent so far, in bytes.
    longest: BTreeMap<(Conversation, bool), usize>,
}

/// What a kind does not tell.
#[derive(Clone, Copy, Default)]
struct Role {
    acknowledges: bool,
    probes: bool,
}

impl Observer {
    fn message(&mut self, frame: &Frame, parties: &Parties) -> Message {
        let packet = Packet::read(&frame.bytes);
        let from_first = packet.from <= packet.to;
        let ends = if from_first { (packet.from, packet.to) } else { (packet.to, packet.from) };
        let conversation = Conversation { wire: frame.wire.clone(), ends };
        let (kind, role) = self.kind(&packet, &conversation, from_first);
        let name = |given: &String, station| {
            if given.is_empty() { parties.name(station) } else { given.clone() }
        };
        let told = frame.label.clone().map(Kind::Told);
        Message {
            at: frame.at,
            wire: frame.wire.clone(),
            from: name(&frame.from, packet.from),
            to: name(&frame.to, packet.to),
            acknowledges: role.acknowledges && told.is_none(),
            probes: role.probes && told.is_none(),
            kind: told.unwrap_or(kind),
            payload: packet.payload.len(),
            frame: frame.bytes.len(),
            conversation,
            from_first,
        }
    }

    fn kind(&mut self, packet: &Packet<'_>, conversation: &Conversation, from_first: bool) -> (Kind, Role) {
        let plain = |kind| (kind, Role::default());
        match packet.carrier {
            Carrier::Udp | Carrier::Line => self.datagram(packet, conversation, from_first),
            Carrier::Tcp(flags) if packet.payload.is_empty() => {
                let flags = flags.to_string();
                let role = Role { acknowledges: flags == "ACK", probes: false };
                (Kind::Segment(flags), role)
            }
            Carrier::Tcp(_) => plain(Kind::Segment(String::new())),
            Carrier::Arp => plain(Kind::Upkeep("ARP")),
            Carrier::Icmp => plain(Kind::Upkeep("ICMP")),
            Carrier::Fragment => plain(Kind::Other("a part of an IP packet".to_owned())),
            Carrier::OtherIp(of) => plain(Kind::Other(format!("IP protocol {of}"))),
            Carrier::OtherEther(of) => plain(Kind::Other(format!("EtherType {of:04x}"))),
            Carrier::Unreadable => plain(Kind::Other("unreadable".to_owned())),
        }
    }

    fn datagram(&mut self, packet: &Packet<'_>, own: &Conversation, from_first: bool) -> (Kind, Role) {
        let (bytes, is_line) = (packet.payload.len(), packet.carrier == Carrier::Line);
        let plain = (Kind::Datagram, Role::default());
        let Some(packets) = quic::datagram(packet.payload) else { return plain };
        let long = packets.iter().rfind(|packet| packet.kind.is_long());
        if let Some(long) = long {
            self.quic.insert(own.clone());
            self.ids.insert((own.clone(), from_first), long.from_id.len());
        } else if !is_line && !self.quic.contains(own) {
            return plain;
        }
        let longest = self.longest.entry((own.clone(), from_first)).or_insert(EVERY_PATH_BYTES);
        let is_longer = bytes > *longest;
        *longest = bytes.max(*longest);
        let id = self.ids.get(&(own.clone(), !from_first));
        let most = id.map(|id| AROUND_BYTES + id + MOST_ACKNOWLEDGEMENT_BYTES);
        let role = Role {
            acknowledges: long.is_none() && most.is_some_and(|most| bytes <= most),
            // Who came in the middle of a conversation does not know what was sent before.
            probes: long.is_none() && id.is_some() && is_longer,
        };
        (Kind::Quic(packets.iter().map(|packet| packet.kind).collect()), role)
    }
}
