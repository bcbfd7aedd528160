//! What a datagram says it is, before anybody who could answer it has seen it. Only what RFC 9000
//! leaves in the clear is read: the first byte, the version and the destination connection id.

use super::first::{FIRST_ID_BYTES, FirstId};
use super::own::{OWN_ID_BYTES, OwnId};

/// The one version that is spoken (RFC 9000, 15). All others are dropped: QUIC would answer them with a
/// list of the versions it knows.
pub(super) const VERSION: u32 = 1;

/// Shortest datagram with a client's first packet, in bytes (RFC 9000, 14.1).
pub(super) const SHORTEST_FIRST: usize = 1_200;

/// Shortest short-header packet, in bytes: first byte, id, and what header protection takes its sample
/// of (RFC 9001, 5.4.2).
const SHORTEST_SHORT: usize = 1 + OWN_ID_BYTES + 4 + 16;

const LONG_HEADER: u8 = 0x80;
const FIXED_BIT: u8 = 0x40;
/// Which long packet it is; all zeros are an Initial.
const LONG_TYPE: u8 = 0x30;

/// Whose id a datagram bears, as far as its length tells. Nothing is proved yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim<'a> {
    /// A first datagram, which knocks.
    First(&'a FirstId),
    /// One of a connection that is under way, with an id that this end has given out.
    Own(&'a OwnId),
}

/// Why a datagram cannot be one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotOurs {
    /// Too short, without the fixed bit, or with an id of no length that we use.
    Malformed,
    /// Of another version of QUIC.
    Version,
}

/// Reads the claim of one datagram, which is one segment of what the kernel may hand over joined.
pub(super) fn read(datagram: &[u8]) -> Result<Claim<'_>, NotOurs> {
    let (first, rest) = datagram.split_first().ok_or(NotOurs::Malformed)?;
    if first & LONG_HEADER == 0 {
        let own = rest.first_chunk().ok_or(NotOurs::Malformed)?;
        let whole = datagram.len() >= SHORTEST_SHORT && first & FIXED_BIT != 0;
        return if whole { Ok(Claim::Own(own)) } else { Err(NotOurs::Malformed) };
    }
    let (version, rest) = rest.split_first_chunk().ok_or(NotOurs::Malformed)?;
    // The version goes first: other versions may give every other bit another meaning (RFC 8999).
    if u32::from_be_bytes(*version) != VERSION {
        return Err(NotOurs::Version);
    }
    if first & FIXED_BIT == 0 {
        return Err(NotOurs::Malformed);
    }
    let (length, rest) = rest.split_first().ok_or(NotOurs::Malformed)?;
    match usize::from(*length) {
        // Only an Initial can begin a connection.
        FIRST_ID_BYTES if first & LONG_TYPE == 0 && datagram.len() >= SHORTEST_FIRST => {
            rest.first_chunk().map(Claim::First).ok_or(NotOurs::Malformed)
        }
        OWN_ID_BYTES => rest.first_chunk().map(Claim::Own).ok_or(NotOurs::Malformed),
        _ => Err(NotOurs::Malformed),
    }
}
