//! What a tap on a wire saw: the only input that every count and picture is made from.

use std::time::Duration;

/// One Ethernet frame as it was on a wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// When it was seen, since a moment that all frames of a run have in common.
    pub at: Duration,
    /// The wire that it was seen on, by its name.
    pub wire: String,
    /// The party that sent it and the one that it went to. Where one is empty, the addresses within the frame
    /// tell it, by [`super::parties::Parties`].
    pub from: String,
    pub to: String,
    /// From the destination's hardware address on, without preamble and checksum.
    pub bytes: Vec<u8>,
    /// What it says, where whoever ran the system knows more than its bytes tell: `0100 inquiry`.
    pub label: Option<String>,
}

/// Something that happened outside of the wires: a purchase begins, a wire is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// On the clock of the frames.
    pub at: Duration,
    pub what: String,
}
