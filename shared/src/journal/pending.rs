//! The group that is being put together, in the one buffer that is written to the disk.
//!
//! A record is encoded where it will stand, and the buffer keeps its room from group to group, so that
//! a group costs neither an allocation nor a copy but the one for its second frame.

use super::format::{FRAME_HEADER_BYTES, FrameHeader, GROUP_FRAME, Mark, RECORD_HEADER_BYTES, padded};
use super::segment::{START_BYTES, SegmentHeader};
use super::{FORMAT_VERSION, Head, JournalError, MAX_GROUP_BYTES, MAX_GROUP_RECORDS, MAX_PAYLOAD_BYTES};
use crate::time::Timestamp;

/// Where the body starts: behind room for the start of a segment and the header of the frame.
const BODY: usize = START_BYTES + FRAME_HEADER_BYTES;
/// Room that is kept for the next group; what a rare large group took beyond it is given back, in bytes.
const KEPT_BYTES: usize = 4 << 20;

/// Records that wait for the end of their group.
#[derive(Default)]
pub(super) struct Pending {
    /// Empty, or room for what stands before the body, and the body.
    bytes: Vec<u8>,
    count: usize,
    payload_bytes: usize,
    after: Head,
    first_time: Timestamp,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The sum of the payloads, in bytes.
    pub(super) fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    pub(super) fn first_time(&self) -> Timestamp {
        self.first_time
    }

    /// The head behind the records so far, in a journal that ends at `head` without them.
    pub(super) fn after(&self, head: &Head) -> Head {
        if self.is_empty() { *head } else { self.after }
    }

    /// Takes in the record that `write` puts into the buffer; `first_time` counts for the first one.
    ///
    /// # Errors
    /// `TooLarge` and `Exhausted`; the record is not in the group then.
    pub(super) fn push(
        &mut self,
        head: &Head,
        first_time: Timestamp,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Head, JournalError> {
        let before = self.after(head);
        let time =
            if self.is_empty() { Some(first_time) } else { before.time.0.checked_add(1).map(Timestamp) };
        let time = time.ok_or(JournalError::Exhausted)?;
        let position = before.position.checked_add(1).ok_or(JournalError::Exhausted)?;
        if self.count >= MAX_GROUP_RECORDS {
            return too_large("the number of records", self.count + 1, MAX_GROUP_RECORDS);
        }
        if self.is_empty() {
            self.bytes.resize(BODY, 0);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&time.0.to_le_bytes());
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes);
        let payload = self.bytes.get(start + RECORD_HEADER_BYTES..).unwrap_or_default();
        let (length, sum) = (payload.len(), self.payload_bytes + payload.len());
        if length > MAX_PAYLOAD_BYTES || sum > MAX_GROUP_BYTES {
            self.bytes.truncate(start);
            return match length > MAX_PAYLOAD_BYTES {
                true => too_large("a payload in bytes", length, MAX_PAYLOAD_BYTES),
                false => too_large("a group in bytes", sum, MAX_GROUP_BYTES),
            };
        }
        self.after = before.after(position, time, payload);
        // The limit above is far below what four bytes hold.
        let size = (length as u32).to_le_bytes();
        if let Some(place) = self.bytes.get_mut(start + 8..start + RECORD_HEADER_BYTES) {
            place.copy_from_slice(&size);
        }
        if self.is_empty() {
            self.first_time = first_time;
        }
        self.count += 1;
        self.payload_bytes = sum;
        Ok(self.after)
    }

    /// The bytes to write: the frame and its copy, behind the start of a segment where one is given.
    /// Nothing when a counter runs over.
    pub(super) fn seal(&mut self, head: &Head, mark: Mark, start: Option<&SegmentHeader>) -> Option<&[u8]> {
        let body_bytes = self.bytes.len().checked_sub(BODY)?;
        let frame_bytes = padded(FRAME_HEADER_BYTES.checked_add(body_bytes)?)?;
        self.bytes.resize(START_BYTES.checked_add(frame_bytes)?, 0);
        let header = FrameHeader {
            mark,
            version: FORMAT_VERSION,
            kind: GROUP_FRAME,
            count: u32::try_from(self.count).ok()?,
            body_bytes: u32::try_from(body_bytes).ok()?,
            body_crc: crc32fast::hash(self.bytes.get(BODY..)?),
            position: head.position.checked_add(1)?,
            before: head.hash,
            after: self.after.hash,
            behind: 0,
        };
        self.bytes.get_mut(START_BYTES..BODY)?.copy_from_slice(&header.encode());
        self.bytes.extend_from_within(START_BYTES..);
        let Some(start) = start else { return self.bytes.get(START_BYTES..) };
        let block = start.encode();
        self.bytes.get_mut(..START_BYTES)?.copy_from_slice(&[block.as_slice(), &block].concat());
        Some(&self.bytes)
    }

    /// The records as they will stand in the body of the frame.
    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(BODY..).unwrap_or_default()
    }

    /// How many records there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Forgets the records and keeps the room.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        (self.count, self.payload_bytes) = (0, 0);
    }
}

fn too_large<T>(what: &'static str, size: usize, limit: usize) -> Result<T, JournalError> {
    Err(JournalError::TooLarge { what, size, limit })
}
