//! What a stranger can send to a UDP port that may speak QUIC.

use serde::{Deserialize, Serialize};

/// One kind of probe. Each has a socket of its own, so that an answer tells what it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing at all, and bytes without a meaning.
    Random,
    Empty,
    /// A client's first packet with the right keys, and a hello that a TLS server reads.
    Initial,
    /// The same with the right keys around what is no hello.
    InitialOfNoise,
    /// Bits flipped, cut short, lengths that do not fit.
    BrokenInitial,
    /// Connection ids of every length, those that QUIC forbids too.
    OddId,
    /// Versions that nobody speaks, or not here: greased, drafts, 2, those of others.
    OtherVersion,
    /// Version 0, which is what a server says.
    VersionNegotiation,
    /// A packet of a connection, with an id that nobody gave out.
    ShortHeader,
    /// The same with an id that was heard on the wire.
    HeardId,
    Retry,
    Handshake,
    ZeroRtt,
    /// What the seller sent or was sent, again.
    Replay,
    /// Greetings of other services on UDP, as a scanner sends them.
    OtherServices,
    /// A whole client with a key of its own, which asks for the settlement's protocol.
    Client,
    /// A whole client that names no protocol.
    ClientWithoutProtocol,
}

impl Kind {
    /// All kinds, in the order of the table.
    pub const ALL: [Self; 17] = [
        Self::Random,
        Self::Empty,
        Self::Initial,
        Self::InitialOfNoise,
        Self::BrokenInitial,
        Self::OddId,
        Self::OtherVersion,
        Self::VersionNegotiation,
        Self::ShortHeader,
        Self::HeardId,
        Self::Retry,
        Self::Handshake,
        Self::ZeroRtt,
        Self::Replay,
        Self::OtherServices,
        Self::Client,
        Self::ClientWithoutProtocol,
    ];

    /// What it is called in a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random bytes",
            Self::Empty => "empty datagrams",
            Self::Initial => "valid Initials",
            Self::InitialOfNoise => "Initials with no hello inside",
            Self::BrokenInitial => "broken Initials",
            Self::OddId => "ids of 0 to 255 bytes",
            Self::OtherVersion => "other versions of QUIC",
            Self::VersionNegotiation => "version negotiation",
            Self::ShortHeader => "short headers, made-up ids",
            Self::HeardId => "short headers, recorded ids",
            Self::Retry => "Retry",
            Self::Handshake => "Handshake",
            Self::ZeroRtt => "0-RTT",
            Self::Replay => "the seller's datagrams again",
            Self::OtherServices => "DNS, NTP, SNMP, SIP, ...",
            Self::Client => "a client with its own key",
            Self::ClientWithoutProtocol => "a client without a protocol",
        }
    }

    /// Whether an endpoint without a gate answers this kind: QUIC negotiates versions (RFC 9000,
    /// section 6), shakes hands, refuses what makes no sense after it was decrypted (section 20), and
    /// disowns connections that it does not know (section 10.3).
    #[must_use]
    pub const fn is_answered_by_quic(self) -> bool {
        match self {
            Self::Random
            | Self::Initial
            | Self::InitialOfNoise
            | Self::OddId
            | Self::OtherVersion
            | Self::ShortHeader
            | Self::HeardId
            | Self::Replay
            | Self::OtherServices
            | Self::Client
            | Self::ClientWithoutProtocol => true,
            Self::Empty
            | Self::BrokenInitial
            | Self::VersionNegotiation
            | Self::Retry
            | Self::Handshake
            | Self::ZeroRtt => false,
        }
    }

    /// Whether a whole client sends it, which takes its own time, and not a volley.
    #[must_use]
    pub const fn is_a_client(self) -> bool {
        matches!(self, Self::Client | Self::ClientWithoutProtocol)
    }
}
