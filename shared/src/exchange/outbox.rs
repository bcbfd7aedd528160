//! Frames that wait to be written, laid end to end as the stream will carry them.

use std::collections::VecDeque;

use serde::Serialize;

use super::frame;

/// A batch takes no further frame once it has so many bytes.
const BATCH_BYTES: usize = 64 * 1024;

/// Room that a new batch begins with, in bytes: a few messages of the usual length.
const FIRST_ROOM_BYTES: usize = 4 * 1024;

/// Whole frames in the order they came, in batches. Whatever gathers during one write goes out
/// together in the next, so that batches grow with the load and no timer is needed.
pub(super) struct Outbox<T> {
    batches: VecDeque<Batch<T>>,
}

/// Frames that are written at once, and what belongs to each.
pub(super) struct Batch<T> {
    bytes: Vec<u8>,
    frames: Vec<(usize, T)>,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        Self { batches: VecDeque::new() }
    }
}

impl<T> Outbox<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Adds a whole frame.
    pub(super) fn push(&mut self, frame: &[u8], item: T) {
        if self.batches.back().is_none_or(|batch| batch.bytes.len() >= BATCH_BYTES) {
            let bytes = Vec::with_capacity(FIRST_ROOM_BYTES.max(frame.len()));
            self.batches.push_back(Batch { bytes, frames: Vec::new() });
        }
        if let Some(batch) = self.batches.back_mut() {
            batch.bytes.extend_from_slice(frame);
            batch.frames.push((frame.len(), item));
        }
    }

    /// The oldest batch.
    pub(super) fn take(&mut self) -> Option<Batch<T>> {
        self.batches.pop_front()
    }
}

impl<T> Batch<T> {
    /// How many frames it has.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// What belongs to its frames.
    pub(super) fn items(&self) -> impl Iterator<Item = &T> {
        self.frames.iter().map(|(_, item)| item)
    }

    /// How many bytes it has.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Leaves out the frames that nobody needs any more.
    pub(super) fn retain(&mut self, mut needed: impl FnMut(&T) -> bool) {
        let Self { bytes, frames } = self;
        let (mut from, mut to) = (0, 0);
        frames.retain(|(length, item)| {
            let kept = needed(item);
            if kept {
                if from != to {
                    bytes.copy_within(from..from + length, to);
                }
                to += length;
            }
            from += length;
            kept
        });
        bytes.truncate(to);
    }
}

/// Encodes the frame of a message where no memory has to be found for it, and hands it on.
///
/// # Errors
/// The size of the frame in bytes, when no frame can have it.
pub(super) fn with_frame<M: Serialize, R>(
    id: u64,
    message: &M,
    use_it: impl FnOnce(&mut [u8]) -> R,
) -> Result<R, usize> {
    thread_local! {
        static ROOM: std::cell::Cell<Vec<u8>> = const { std::cell::Cell::new(Vec::new()) };
    }
    let mut frame = frame::encode_into(ROOM.take(), id, message)?;
    let used = use_it(&mut frame);
    if frame.capacity() <= BATCH_BYTES {
        ROOM.set(frame);
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exchange::MAX_FRAME_BYTES;

    /// Frames of these lengths, each filled with its own number.
    fn outbox(lengths: &[usize]) -> Outbox<u8> {
        let mut outbox = Outbox::default();
        for (number, length) in lengths.iter().enumerate() {
            outbox.push(&vec![number as u8; *length], number as u8);
        }
        outbox
    }

    #[test]
    fn a_batch_is_full_at_its_limit_and_the_order_stays() {
        let mut outbox = outbox(&[BATCH_BYTES - 1, 1, 1, MAX_FRAME_BYTES, 1]);
        let mut sizes = Vec::new();
        while let Some(batch) = outbox.take() {
            sizes.push((batch.len(), batch.into_bytes().len()));
        }
        assert_eq!(sizes, [(2, BATCH_BYTES), (2, MAX_FRAME_BYTES + 1), (1, 1)]);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_frame_that_is_too_long_reaches_nobody() {
        let mut reached = false;
        let told = with_frame(1, &vec![0_u8; MAX_FRAME_BYTES], |_| reached = true);
        assert_eq!(told, Err(MAX_FRAME_BYTES + 8 + 3));
        assert!(!reached);
        assert_eq!(
            with_frame(1, &7_u8, |frame| frame.to_vec()),
            Ok(vec![9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7])
        );
    }

    proptest! {
        #[test]
        fn exactly_the_needed_frames_are_left(
            frames in prop::collection::vec((0..40_usize, any::<bool>()), 1..30),
        ) {
            let lengths: Vec<usize> = frames.iter().map(|(length, _)| *length).collect();
            let mut batch = outbox(&lengths).take().unwrap();
            batch.retain(|number| frames[usize::from(*number)].1);
            let left = frames.iter().enumerate().filter(|(_, (_, needed))| *needed);
            prop_assert_eq!(batch.len(), left.clone().count());
            let bytes: Vec<u8> = left.flat_map(|(number, (length, _))| vec![number as u8; *length]).collect();
            prop_assert_eq!(batch.into_bytes(), bytes);
        }
    }
}
