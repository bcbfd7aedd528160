//! Frames: a length, a request id, and a message.

use serde::Serialize;

use crate::codec::{PeerFault, encode_after};

/// The most a frame may announce, in bytes: its request id and its message together.
pub const MAX_FRAME_BYTES: usize = 512 * 1024;

/// What precedes the message: four bytes of length and eight of request id, both little-endian.
pub const HEADER_BYTES: usize = LENGTH_BYTES + ID_BYTES;

const LENGTH_BYTES: usize = 4;
const ID_BYTES: usize = 8;

/// Room a decoder keeps when it holds nothing, in bytes, so that one long frame does not cost its
/// connection memory for good.
const IDLE_ROOM_BYTES: usize = 16 * 1024;

/// A frame that has arrived whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The request it asks or answers.
    pub id: u64,
    /// The encoded message.
    pub body: &'a [u8],
}

/// Finds the frames in a stream of bytes.
///
/// It holds only bytes that have arrived; what a length announces is never allocated for.
#[derive(Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    taken: usize,
}

impl Decoder {
    /// Adds bytes that have arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        if self.buffer.is_empty() {
            self.buffer.shrink_to(IDLE_ROOM_BYTES);
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether a whole frame is there to take.
    ///
    /// # Errors
    ///
    /// As soon as the length has arrived, when no frame may have it.
    pub fn ready(&self) -> Result<bool, PeerFault> {
        Ok(self.length()?.is_some_and(|length| self.buffer.len() - self.taken >= LENGTH_BYTES + length))
    }

    /// The next frame; `None` until it has arrived whole.
    ///
    /// # Errors
    ///
    /// As [`Decoder::ready`].
    pub fn take(&mut self) -> Result<Option<Frame<'_>>, PeerFault> {
        if !self.ready()? {
            return Ok(None);
        }
        let Some(length) = self.length()? else {
            return Ok(None);
        };
        let start = self.taken + LENGTH_BYTES;
        self.taken = start + length;
        let (id, body) = self.buffer[start..self.taken].split_at(ID_BYTES);
        let mut bytes = [0; ID_BYTES];
        bytes.copy_from_slice(id);
        let id = u64::from_le_bytes(bytes);
        Ok(Some(Frame { id, body }))
    }

    /// Checks that the stream may end here.
    ///
    /// # Errors
    ///
    /// [`PeerFault::Truncated`] when it ends inside a frame.
    pub fn finish(&self) -> Result<(), PeerFault> {
        if self.buffer.len() == self.taken { Ok(()) } else { Err(PeerFault::Truncated) }
    }

    fn length(&self) -> Result<Option<usize>, PeerFault> {
        let Some(bytes) = self.buffer[self.taken..].first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let bytes = u32::from_le_bytes(*bytes);
        match bytes as usize {
            length if length > MAX_FRAME_BYTES => Err(PeerFault::TooLong { bytes }),
            length if length < ID_BYTES => Err(PeerFault::TooShort { bytes }),
            length => Ok(Some(length)),
        }
    }
}

/// The frame of a message, or its size in bytes when no frame can hold it.
pub(super) fn encode<T: Serialize>(id: u64, message: &T) -> Result<Vec<u8>, usize> {
    let mut frame = vec![0; HEADER_BYTES];
    frame[LENGTH_BYTES..].copy_from_slice(&id.to_le_bytes());
    let mut frame = encode_after(frame, message);
    let length = frame.len() - LENGTH_BYTES;
    match u32::try_from(length) {
        Ok(field) if length <= MAX_FRAME_BYTES => {
            frame[..LENGTH_BYTES].copy_from_slice(&field.to_le_bytes());
            Ok(frame)
        }
        _ => Err(length),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_checked_as_soon_as_they_arrive() {
        for (length, fault) in [
            (MAX_FRAME_BYTES as u32 + 1, true),
            (u32::MAX, true),
            (7, true),
            (0, true),
            (8, false),
            (MAX_FRAME_BYTES as u32, false),
        ] {
            let mut decoder = Decoder::default();
            decoder.push(&length.to_le_bytes()[..3]);
            assert_eq!(decoder.ready(), Ok(false));
            decoder.push(&length.to_le_bytes()[3..]);
            assert_eq!(decoder.ready().is_err(), fault, "{length}");
            assert!(decoder.buffer.capacity() < 64);
        }
    }

    #[test]
    fn the_largest_message_fits_and_a_larger_one_does_not() {
        // The length of the array itself takes three bytes.
        let room = MAX_FRAME_BYTES - ID_BYTES - 3;
        assert!(encode(1, &vec![0_u8; room]).is_ok());
        assert_eq!(encode(1, &vec![0_u8; room + 1]), Err(MAX_FRAME_BYTES + 1));
    }

    #[test]
    fn a_long_frame_costs_no_memory_afterwards() {
        let mut decoder = Decoder::default();
        decoder.push(&encode(1, &vec![0_u8; 400_000]).unwrap());
        assert!(decoder.take().unwrap().is_some());
        decoder.push(&[1]);
        assert!(decoder.buffer.capacity() <= IDLE_ROOM_BYTES);
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
            small in any::<bool>(),
        ) {
            let mut decoder = Decoder::default();
            for mut chunk in chunks {
                // Random lengths are nearly always too long, so half of the runs are given a
                // length that leads the decoder on.
                if small && chunk.len() > 3 {
                    chunk[0] %= 32;
                    chunk[1..4].fill(0);
                }
                decoder.push(&chunk);
                while let Ok(Some(frame)) = decoder.take() {
                    prop_assert!(frame.body.len() <= MAX_FRAME_BYTES);
                    let _ = crate::codec::decode::<Vec<(u64, String)>>(frame.body);
                }
            }
            let _ = decoder.finish();
        }

        #[test]
        fn frames_survive_any_cut(
            messages in prop::collection::vec((any::<u64>(), ".{0,30}"), 1..10),
            cuts in prop::collection::vec(1..50_usize, 1..50),
        ) {
            let bytes: Vec<u8> = messages
                .iter()
                .flat_map(|(id, text)| encode(*id, text).unwrap())
                .collect();
            let (mut decoder, mut rest, mut found) = (Decoder::default(), &bytes[..], Vec::new());
            for cut in cuts.iter().cycle() {
                let (chunk, left) = rest.split_at((*cut).min(rest.len()));
                decoder.push(chunk);
                while let Some(frame) = decoder.take().unwrap() {
                    found.push((frame.id, crate::codec::decode::<String>(frame.body).unwrap()));
                }
                rest = left;
                if rest.is_empty() {
                    break;
                }
                prop_assert_eq!(decoder.finish().is_ok(), decoder.buffer.len() == decoder.taken);
            }
            prop_assert_eq!(decoder.finish(), Ok(()));
            prop_assert_eq!(found, messages);
        }
    }
}
