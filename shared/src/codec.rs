//! Values to bytes and back, and what a peer can do wrong on the way.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// Room that bytes have from the start: most messages, records and rows fit without growing.
pub(crate) const ROOM_BYTES: usize = 512;
/// Room for the bytes of a secret. A sealing key with its public half takes about 1,400.
const SECRET_ROOM_BYTES: usize = 4096;

/// The bytes of a value.
///
/// # Panics
///
/// When the type has no encoding at all (a sequence of unknown length). Such a type is a mistake of
/// ours that its first use shows; no value of a wire type, and no peer, can cause it.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    encode_after(Vec::with_capacity(ROOM_BYTES), value)
}

/// As [`encode_secret`], behind one byte.
///
/// # Panics
///
/// As [`encode`].
#[must_use]
pub fn encode_secret_after<T: Serialize>(first: u8, value: &T) -> Zeroizing<Vec<u8>> {
    let mut head = Vec::with_capacity(SECRET_ROOM_BYTES);
    head.push(first);
    Zeroizing::new(encode_after(head, value))
}

/// The bytes of a value that is nobody else's business. They are wiped, and have room from the start,
/// because bytes that outgrow their room leave a copy of themselves behind.
///
/// # Panics
///
/// As [`encode`].
#[must_use]
pub fn encode_secret<T: Serialize>(value: &T) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(encode_after(Vec::with_capacity(SECRET_ROOM_BYTES), value))
}

/// The value some bytes stand for, when they stand for one and nothing follows it.
///
/// # Errors
///
/// [`PeerFault::Undecodable`] or [`PeerFault::Trailing`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PeerFault> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(PeerFault::Trailing { bytes: rest.len() }),
        Err(_) => Err(PeerFault::Undecodable),
    }
}

/// The value that some bytes begin with, and what follows it.
///
/// # Errors
///
/// [`PeerFault::Undecodable`].
pub fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), PeerFault> {
    postcard::take_from_bytes(bytes).map_err(|_| PeerFault::Undecodable)
}

/// The bytes of a value, behind bytes that are already there. Where `head` has room for them, no
/// copy of them is left anywhere else.
///
/// # Panics
///
/// As [`encode`].
#[must_use]
pub fn encode_after<T: Serialize>(head: Vec<u8>, value: &T) -> Vec<u8> {
    postcard::serialize_with_flavor(value, Bytes(head)).expect("every wire type has an encoding")
}

/// Where encoded bytes go.
struct Bytes(Vec<u8>);

impl postcard::ser_flavors::Flavor for Bytes {
    type Output = Vec<u8>;

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

/// Appends the bytes of a value.
///
/// # Panics
///
/// As [`encode`].
pub fn encode_into<T: Serialize>(bytes: &mut Vec<u8>, value: &T) {
    *bytes = encode_after(std::mem::take(bytes), value);
}

/// What a peer did that no correct peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerFault {
    /// A frame announces more bytes than a frame may have.
    TooLong {
        /// The bytes it announces.
        bytes: u32,
    },
    /// A frame announces too few bytes to hold its own request id.
    TooShort {
        /// The bytes it announces.
        bytes: u32,
    },
    /// The stream ends inside a frame.
    Truncated,
    /// The body of a frame is not the message it should be.
    Undecodable,
    /// More bytes follow the message in its frame.
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A reply to a request that was never sent.
    Unasked {
        /// The request id it names.
        id: u64,
    },
    /// A second stream on a connection that carries one.
    SecondStream,
}

impl fmt::Display for PeerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(f, "a frame of {bytes} bytes is too long"),
            Self::TooShort { bytes } => write!(f, "a frame of {bytes} bytes is too short"),
            Self::Truncated => f.write_str("the stream ends inside a frame"),
            Self::Undecodable => f.write_str("a message cannot be decoded"),
            Self::Trailing { bytes } => write!(f, "{bytes} bytes follow a message"),
            Self::Unasked { id } => write!(f, "a reply to request {id}, which was never sent"),
            Self::SecondStream => f.write_str("a second stream was opened"),
        }
    }
}

impl std::error::Error for PeerFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_survives_the_wire() {
        let value = (7_u64, "yen".to_string(), Some([1_u8, 2]));
        assert_eq!(decode(&encode(&value)), Ok(value));
    }

    #[test]
    fn trailing_and_missing_bytes_are_refused() {
        let mut bytes = encode(&300_u32);
        assert_eq!(decode::<u32>(&bytes[..1]), Err(PeerFault::Undecodable), "half a number is no number");
        bytes.push(0);
        assert_eq!(decode::<u32>(&bytes), Err(PeerFault::Trailing { bytes: 1 }));
    }

    #[test]
    fn a_length_that_lies_allocates_nothing() {
        let lie = encode(&u64::MAX);
        assert_eq!(decode::<Vec<u64>>(&lie), Err(PeerFault::Undecodable));
        assert_eq!(decode::<String>(&lie), Err(PeerFault::Undecodable));
    }
}
