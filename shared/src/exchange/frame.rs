//! Frames: a length, a request id, and a message.

use bytes::Bytes;
use serde::Serialize;

use crate::codec::{PeerFault, encode_after};

/// The most a frame may announce, in bytes: its request id and its message together.
pub const MAX_FRAME_BYTES: usize = 512 * 1024;

/// What precedes the message: four bytes of length and eight of request id, both little-endian.
pub const HEADER_BYTES: usize = LENGTH_BYTES + ID_BYTES;

const LENGTH_BYTES: usize = 4;
const ID_BYTES: usize = 8;

/// A frame that has arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The request it asks or answers.
    pub id: u64,
    /// The encoded message.
    pub body: Bytes,
}

/// Finds the frames in a stream of bytes.
///
/// It holds only bytes that have arrived; what a length announces is never allocated for. A frame
/// that arrived in one piece is handed on without a copy.
pub struct Decoder {
    /// The longest frame, in bytes without its length.
    longest: usize,
    /// What arrived before the last piece and was not taken: as a rule the beginning of a frame.
    begun: Vec<u8>,
    /// What is left of the piece that arrived last.
    piece: Bytes,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::up_to(MAX_FRAME_BYTES)
    }
}

impl Decoder {
    /// Takes no frame that is longer than so many bytes, its request id and its message together.
    #[must_use]
    pub fn up_to(longest: usize) -> Self {
        Self { longest: longest.min(MAX_FRAME_BYTES), begun: Vec::new(), piece: Bytes::new() }
    }

    /// Adds bytes that have arrived.
    pub fn push(&mut self, bytes: Bytes) {
        self.keep();
        self.piece = bytes;
    }

    /// Keeps what is left in memory of its own. A piece shares its memory with the whole burst of
    /// datagrams it came in, which a peer that goes no further must not tie up.
    pub(super) fn keep(&mut self) {
        self.begun.extend_from_slice(&std::mem::take(&mut self.piece));
    }

    /// Whether a whole frame is there to take.
    ///
    /// # Errors
    ///
    /// As soon as the length has arrived, when no frame may have it.
    pub fn ready(&self) -> Result<bool, PeerFault> {
        Ok(self.length()?.is_some_and(|length| self.held() >= LENGTH_BYTES + length))
    }

    /// The next frame; `None` until it has arrived whole.
    ///
    /// # Errors
    ///
    /// As [`Decoder::ready`].
    pub fn take(&mut self) -> Result<Option<Frame>, PeerFault> {
        let Some(length) = self.length()? else {
            return Ok(None);
        };
        let whole = LENGTH_BYTES + length;
        if self.held() < whole {
            return Ok(None);
        }
        if self.begun.len() > whole {
            self.keep();
            self.piece = Bytes::from(std::mem::take(&mut self.begun));
        }
        let mut body = if self.begun.is_empty() {
            self.piece.split_to(whole)
        } else {
            let mut frame = std::mem::take(&mut self.begun);
            frame.extend_from_slice(&self.piece.split_to(whole - frame.len()));
            Bytes::from(frame)
        };
        let header = body.split_to(HEADER_BYTES);
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&header[LENGTH_BYTES..]);
        Ok(Some(Frame { id: u64::from_le_bytes(id), body }))
    }

    /// Checks that the stream may end here.
    ///
    /// # Errors
    ///
    /// [`PeerFault::Truncated`] when it ends inside a frame.
    pub fn finish(&self) -> Result<(), PeerFault> {
        if self.held() == 0 { Ok(()) } else { Err(PeerFault::Truncated) }
    }

    /// How many bytes are there that no frame has taken.
    pub(super) fn held(&self) -> usize {
        self.begun.len() + self.piece.len()
    }

    fn length(&self) -> Result<Option<usize>, PeerFault> {
        if self.held() < LENGTH_BYTES {
            return Ok(None);
        }
        let mut bytes = [0; LENGTH_BYTES];
        let head = self.begun.len().min(LENGTH_BYTES);
        bytes[..head].copy_from_slice(&self.begun[..head]);
        bytes[head..].copy_from_slice(&self.piece[..LENGTH_BYTES - head]);
        let bytes = u32::from_le_bytes(bytes);
        match bytes as usize {
            length if length > self.longest => Err(PeerFault::TooLong { bytes }),
            length if length < ID_BYTES => Err(PeerFault::TooShort { bytes }),
            length => Ok(Some(length)),
        }
    }
}

/// The frame of a message in `room`, or its size in bytes when no frame can hold it.
pub(super) fn encode_into<T: Serialize>(room: Vec<u8>, id: u64, message: &T) -> Result<Vec<u8>, usize> {
    let mut frame = room;
    frame.clear();
    frame.extend_from_slice(&[0; LENGTH_BYTES]);
    frame.extend_from_slice(&id.to_le_bytes());
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

/// Gives a whole frame another request id.
pub(super) fn set_id(frame: &mut [u8], id: u64) {
    frame[LENGTH_BYTES..HEADER_BYTES].copy_from_slice(&id.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode<T: Serialize>(id: u64, message: &T) -> Result<Vec<u8>, usize> {
        encode_into(Vec::new(), id, message)
    }

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
            decoder.push(Bytes::copy_from_slice(&length.to_le_bytes()[..3]));
            assert_eq!(decoder.ready(), Ok(false));
            decoder.push(Bytes::copy_from_slice(&length.to_le_bytes()[3..]));
            assert_eq!(decoder.ready().is_err(), fault, "{length}");
            assert!(decoder.begun.capacity() < 64);
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
        let frame = Bytes::from(encode(1, &vec![0_u8; 400_000]).unwrap());
        for piece in frame.chunks(1000) {
            decoder.push(Bytes::copy_from_slice(piece));
        }
        assert!(decoder.take().unwrap().is_some());
        assert_eq!(decoder.begun.capacity() + decoder.piece.len(), 0);
    }

    #[test]
    fn a_frame_that_arrived_in_one_piece_is_not_copied() {
        let mut decoder = Decoder::default();
        let two = [encode(1, &7_u64).unwrap(), encode(2, &8_u64).unwrap()].concat();
        let piece = Bytes::from(two);
        let place = piece.as_ptr_range();
        decoder.push(piece);
        for id in [1, 2] {
            let frame = decoder.take().unwrap().unwrap();
            assert_eq!(frame.id, id);
            assert!(place.contains(&frame.body.as_ptr()));
        }
        assert_eq!(decoder.take(), Ok(None));
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
                decoder.push(Bytes::from(chunk));
                while let Ok(Some(frame)) = decoder.take() {
                    prop_assert!(frame.body.len() <= MAX_FRAME_BYTES);
                    let _ = crate::codec::decode::<Vec<(u64, String)>>(&frame.body);
                }
            }
            let _ = decoder.finish();
        }

        #[test]
        fn frames_survive_any_cut(
            messages in prop::collection::vec((any::<u64>(), ".{0,30}"), 1..10),
            cuts in prop::collection::vec((1..50_usize, any::<bool>()), 1..50),
        ) {
            let bytes: Vec<u8> = messages
                .iter()
                .flat_map(|(id, text)| encode(*id, text).unwrap())
                .collect();
            let (mut decoder, mut rest, mut found) = (Decoder::default(), &bytes[..], Vec::new());
            for (cut, take) in cuts.iter().cycle() {
                let (chunk, left) = rest.split_at((*cut).min(rest.len()));
                decoder.push(Bytes::copy_from_slice(chunk));
                if !take && !left.is_empty() {
                    // Several pieces may come before anybody looks.
                    rest = left;
                    continue;
                }
                while let Some(frame) = decoder.take().unwrap() {
                    found.push((frame.id, crate::codec::decode::<String>(&frame.body).unwrap()));
                }
                rest = left;
                if rest.is_empty() {
                    break;
                }
                prop_assert_eq!(decoder.finish().is_ok(), decoder.held() == 0);
            }
            prop_assert_eq!(decoder.finish(), Ok(()));
            prop_assert_eq!(found, messages);
        }
    }
}
