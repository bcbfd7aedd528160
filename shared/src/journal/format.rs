//! The bytes of one frame: a fixed header, the records, and zeros up to the next block.
//!
//! All numbers are little-endian. The header is
//!
//! | bytes   | what                                              |
//! |---------|---------------------------------------------------|
//! | 0..8    | [`FRAME_MAGIC`]                                   |
//! | 8..24   | the mark of the journal                           |
//! | 24..26  | the format version                                |
//! | 26..28  | the kind of frame, always [`GROUP_FRAME`]         |
//! | 28..32  | the number of records                             |
//! | 32..36  | the length of the body, without padding           |
//! | 36..40  | the CRC-32 of body and padding                    |
//! | 40..48  | the first position                                |
//! | 48..80  | the chain before the first record                 |
//! | 80..112 | the chain after the last record                   |
//! | 112..120| how many positions before the first one were not   |
//! |         | durable yet when this was written: those of the    |
//! |         | groups that a standby writes together with it      |
//! | 120..124| zeros                                             |
//! | 124..128| the CRC-32 of the header so far                   |
//!
//! and the body holds each record as time (8), length (4) and payload.

use super::{BLOCK_BYTES, Hash, Head, MAX_PAYLOAD_BYTES, Record};
use crate::time::Timestamp;

const FRAME_MAGIC: &[u8; 8] = b"KSJFRAME";
pub(super) const GROUP_FRAME: u16 = 1;
pub(super) const FRAME_HEADER_BYTES: usize = 128;
pub(super) const RECORD_HEADER_BYTES: usize = 12;
const CRC_BYTES: usize = 4;

/// Sixteen random bytes chosen when a journal begins and repeated in every frame.
///
/// Recovery looks for frames behind a bad place. A client decides what stands in payloads, and
/// without the mark it could send something that passes for a frame and stop the daemon from
/// restarting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) [u8; 16]);

/// The header of a frame whose own CRC is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub mark: Mark,
    pub version: u16,
    pub kind: u16,
    pub count: u32,
    pub body_bytes: u32,
    pub body_crc: u32,
    pub position: u64,
    pub before: Hash,
    pub after: Hash,
    /// How many positions before the first one were not durable yet when this frame was written.
    pub behind: u64,
}

/// A group that was read and proved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub records: Vec<Record>,
    pub head: Head,
    /// The length of its frame, in bytes.
    pub length: usize,
}

/// Reads the records of a frame that follows `head`; nothing when anything about it is wrong.
pub(super) fn decode(bytes: &[u8], offset: usize, header: &FrameHeader, head: &Head) -> Option<Group> {
    let length = header.frame_bytes()?;
    let frame = bytes.get(offset..offset.checked_add(length)?)?;
    let padded_body = frame.get(FRAME_HEADER_BYTES..)?;
    if crc32fast::hash(padded_body) != header.body_crc {
        return None;
    }
    let body = padded_body.get(..header.body_bytes as usize)?;
    // The count is only a promise until the body was read, so it decides no allocation by itself.
    let likely = (header.count as usize).min(body.len() / RECORD_HEADER_BYTES);
    let mut records = Vec::with_capacity(likely);
    let after = each_record(body, header.count, head, |at, left, payload| {
        let Head { position, time, hash } = *at;
        records.push(Record { position, time, payload: payload.to_vec(), hash, ends_group: left == 0 });
    })?;
    let whole = !records.is_empty() && after.hash == header.after;
    whole.then_some(Group { records, head: after, length })
}

/// Hands over each record of a body that follows `head`: where the chain is after it, how many are left,
/// and its payload. Gives the head after the last; nothing when the body is not so many records whole.
pub(super) fn each_record(
    mut body: &[u8],
    count: u32,
    head: &Head,
    mut each: impl FnMut(&Head, u32, &[u8]),
) -> Option<Head> {
    let mut after = *head;
    for left in (0..count).rev() {
        let time = Timestamp(u64::from_le_bytes(take(&mut body)?));
        let size = u32::from_le_bytes(take(&mut body)?) as usize;
        if size > MAX_PAYLOAD_BYTES || time <= after.time {
            return None;
        }
        let (payload, rest) = body.split_at_checked(size)?;
        body = rest;
        after = after.after(after.position.checked_add(1)?, time, payload);
        each(&after, left, payload);
    }
    body.is_empty().then_some(after)
}

/// Takes the next bytes off the front.
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*front)
}

/// How many bytes a group of so many records takes on the disk, with so many bytes of payload in all:
/// its frame, padded, and the copy.
#[must_use]
pub fn group_bytes(records: u64, payload_bytes: u64) -> u64 {
    let frame = FRAME_HEADER_BYTES as u64 + records * RECORD_HEADER_BYTES as u64 + payload_bytes;
    2 * frame.next_multiple_of(BLOCK_BYTES as u64)
}

/// The smallest whole number of blocks that holds so many bytes.
pub(super) fn padded(bytes: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(BLOCK_BYTES)
}

impl FrameHeader {
    /// Reads the header at an offset; nothing unless magic and CRC are right.
    pub(super) fn read(bytes: &[u8], offset: usize) -> Option<Self> {
        let mut rest = bytes.get(offset..offset.checked_add(FRAME_HEADER_BYTES)?)?;
        let (content, _) = rest.split_at_checked(FRAME_HEADER_BYTES - CRC_BYTES)?;
        if !content.starts_with(FRAME_MAGIC) {
            return None;
        }
        let crc = crc32fast::hash(content);
        take::<8>(&mut rest)?;
        let header = Self {
            mark: Mark(take(&mut rest)?),
            version: u16::from_le_bytes(take(&mut rest)?),
            kind: u16::from_le_bytes(take(&mut rest)?),
            count: u32::from_le_bytes(take(&mut rest)?),
            body_bytes: u32::from_le_bytes(take(&mut rest)?),
            body_crc: u32::from_le_bytes(take(&mut rest)?),
            position: u64::from_le_bytes(take(&mut rest)?),
            before: Hash(take(&mut rest)?),
            after: Hash(take(&mut rest)?),
            behind: u64::from_le_bytes(take(&mut rest)?),
        };
        take::<4>(&mut rest)?;
        (u32::from_le_bytes(take(&mut rest)?) == crc).then_some(header)
    }

    /// The length of the frame with its padding.
    pub(super) fn frame_bytes(&self) -> Option<usize> {
        padded(FRAME_HEADER_BYTES.checked_add(self.body_bytes as usize)?)
    }

    /// The last position that was durable when the frame was written.
    pub(super) fn durable(&self) -> u64 {
        self.position.saturating_sub(1).saturating_sub(self.behind)
    }

    /// Whether a frame of this build may look like this.
    pub(super) fn is_group(&self) -> bool {
        self.kind == GROUP_FRAME
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FRAME_HEADER_BYTES);
        bytes.extend_from_slice(FRAME_MAGIC);
        bytes.extend_from_slice(&self.mark.0);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(&self.kind.to_le_bytes());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(&self.body_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.body_crc.to_le_bytes());
        bytes.extend_from_slice(&self.position.to_le_bytes());
        bytes.extend_from_slice(&self.before.0);
        bytes.extend_from_slice(&self.after.0);
        bytes.extend_from_slice(&self.behind.to_le_bytes());
        bytes.resize(FRAME_HEADER_BYTES - CRC_BYTES, 0);
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests;
