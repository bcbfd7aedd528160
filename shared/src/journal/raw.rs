//! Groups as they stand in a journal, on their way into another one that is to be the same.

use bytes::Bytes;

use super::format::{FRAME_HEADER_BYTES, RECORD_HEADER_BYTES, each_record, padded, take};
use super::{Hash, Head, MAX_GROUP_BYTES, MAX_GROUP_RECORDS};
use crate::time::Timestamp;

/// The bytes before the body of a group that is sent: first position, count, length, and the chain after it.
const SENT_HEADER_BYTES: usize = 8 + 4 + 4 + 32;
/// The largest body of one group, in bytes: every payload and what stands before each.
pub const MAX_BODY_BYTES: usize = MAX_GROUP_BYTES + MAX_GROUP_RECORDS * RECORD_HEADER_BYTES;

/// A group as a journal has it, proved by nothing but a checksum yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawGroup {
    /// The position of its first record.
    pub first: u64,
    /// The number of its records.
    pub count: u32,
    /// The chain after its last record.
    pub after: Hash,
    /// Each record as time (8), length (4) and payload.
    pub body: Bytes,
}

/// A group that was proved to follow from a head: every position, time and hash of it.
#[derive(Clone, Debug)]
pub struct ProvedGroup {
    pub(super) raw: RawGroup,
    pub(super) before: Head,
    pub(super) head: Head,
}

/// Why a group does not continue a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotNext {
    /// The position that should follow.
    pub expected: u64,
    /// The first position of the group.
    pub found: u64,
}

impl RawGroup {
    /// The position of its last record.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count)).saturating_sub(1)
    }

    /// The time of its first record; nothing of a group that has none.
    #[must_use]
    pub fn first_time(&self) -> Option<Timestamp> {
        take(&mut self.body.as_ref()).map(|bytes| Timestamp(u64::from_le_bytes(bytes)))
    }

    /// Proves that it follows `head`, record by record, and hands over the position, time and payload of
    /// each. They are to be forgotten when an error comes back.
    ///
    /// # Errors
    /// [`NotNext`] when a position, time, length or hash is not what it has to be.
    pub fn prove(
        self,
        head: &Head,
        mut each: impl FnMut(u64, Timestamp, &[u8]),
    ) -> Result<ProvedGroup, NotNext> {
        let expected = head.position.saturating_add(1);
        let wrong = NotNext { expected, found: self.first };
        if self.first != expected || self.count == 0 || self.count as usize > MAX_GROUP_RECORDS {
            return Err(wrong);
        }
        let after =
            each_record(&self.body, self.count, head, |at, _, payload| each(at.position, at.time, payload));
        match after.filter(|after| after.hash == self.after) {
            Some(after) => Ok(ProvedGroup { before: *head, head: after, raw: self }),
            None => Err(wrong),
        }
    }

    /// Appends what is sent of it.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        // The limit of a body is below what four bytes hold.
        bytes.extend_from_slice(&(self.body.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.after.0);
        bytes.extend_from_slice(&self.body);
    }

    /// How many bytes [`RawGroup::write`] appends.
    #[must_use]
    pub fn sent_bytes(&self) -> usize {
        SENT_HEADER_BYTES + self.body.len()
    }

    /// How many bytes the group takes that [`RawGroup::write`] wrote there; nothing while that cannot be told.
    ///
    /// # Errors
    /// As [`RawGroup::read`].
    pub fn sent_length(mut bytes: &[u8]) -> Result<Option<usize>, usize> {
        match sent_header(&mut bytes) {
            Some((_, _, length, _)) if length > MAX_BODY_BYTES => Err(length),
            header => Ok(header.map(|(_, _, length, _)| SENT_HEADER_BYTES + length)),
        }
    }

    /// Reads what [`RawGroup::write`] wrote off the front of bytes; nothing while a part is missing.
    ///
    /// # Errors
    /// The length of a body that is longer than any may be, in bytes.
    pub fn read(bytes: &mut Bytes) -> Result<Option<Self>, usize> {
        let mut header = bytes.as_ref();
        let Some((first, count, length, after)) = sent_header(&mut header) else { return Ok(None) };
        if length > MAX_BODY_BYTES {
            return Err(length);
        }
        if header.len() < length {
            return Ok(None);
        }
        let mut whole = bytes.split_to(SENT_HEADER_BYTES + length);
        let body = whole.split_off(SENT_HEADER_BYTES);
        Ok(Some(Self { first, count, after, body }))
    }
}

impl std::fmt::Display for NotNext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the group from record {} on does not continue a journal that goes on with record {}",
            self.found, self.expected
        )
    }
}

fn sent_header(bytes: &mut &[u8]) -> Option<(u64, u32, usize, Hash)> {
    let first = u64::from_le_bytes(take(bytes)?);
    let count = u32::from_le_bytes(take(bytes)?);
    let length = u32::from_le_bytes(take(bytes)?) as usize;
    Some((first, count, length, Hash(take(bytes)?)))
}

impl ProvedGroup {
    /// Where the journal is before it.
    #[must_use]
    pub fn before(&self) -> Head {
        self.before
    }

    /// Where the journal is after it.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// How long its frame is, without the copy, in bytes.
    pub(super) fn frame_bytes(&self) -> Option<usize> {
        padded(FRAME_HEADER_BYTES.checked_add(self.raw.body.len())?)
    }
}
