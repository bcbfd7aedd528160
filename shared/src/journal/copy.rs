//! Takes groups over from another journal of the same history, exactly as they stand there.

use std::time::Instant;

use bytes::Bytes;

use super::append::Journal;
use super::format::{FrameHeader, GROUP_FRAME, Mark};
use super::segment::{SegmentHeader, file_name};
use super::{FORMAT_VERSION, Head, JournalError, ProvedGroup, RawGroup};

/// Frames of so many bytes are written and synced together; the last of them may go beyond it.
const WRITE_BYTES: usize = 4 << 20;

impl Journal {
    /// Writes groups that were proved to follow one another, with the positions, times and hashes they
    /// have, and returns once they are durable. Many share one sync: each frame says how far back the
    /// journal was durable when it was written, so that an interrupted write of many reads as what it is.
    ///
    /// # Errors
    /// `Refused` when the first does not follow the head of this journal, or one of them the one before:
    /// nothing is written then. After `Io` every further call gives `Poisoned`.
    pub fn copy(&mut self, groups: &[ProvedGroup]) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        let mut head = self.head;
        for group in groups {
            if group.before != head || !self.pending.is_empty() {
                let position = group.raw.first;
                let source = "it does not follow from the end of this journal".into();
                return Err(JournalError::Refused { position, source });
            }
            head = group.head;
        }
        let mut rest = groups;
        while !rest.is_empty() {
            rest = self.copy_some(rest)?;
        }
        Ok(())
    }

    /// Takes over which journal this is a copy of, as long as nothing is in it.
    ///
    /// # Errors
    /// `Refused` when it is another journal's already.
    pub(crate) fn adopt(&mut self, mark: Mark) -> Result<(), JournalError> {
        if self.head.position == 0 && self.end == 0 {
            self.mark = mark;
        }
        if self.mark == mark {
            return Ok(());
        }
        let source = "it is of another journal".into();
        Err(JournalError::Refused { position: self.head.position, source })
    }

    /// Writes what goes into one segment with one sync, and gives what is left.
    fn copy_some<'a>(&mut self, groups: &'a [ProvedGroup]) -> Result<&'a [ProvedGroup], JournalError> {
        let opens = self.end == 0 || self.end >= self.layout.segment_bytes;
        let (mut bytes, durable) = (Vec::new(), self.head);
        if opens {
            let start = SegmentHeader::following(&durable, self.kind, self.mark);
            let block = start.ok_or(JournalError::Exhausted)?.encode();
            bytes.extend_from_slice(&block);
            bytes.extend_from_slice(&block);
            if self.end > 0 {
                self.before = (self.head, self.before.1 + self.end);
            }
            (self.file, self.end) = (file_name(durable.position.saturating_add(1)), 0);
        }
        let mut taken = 0;
        for group in groups {
            let full = self.end + bytes.len() as u64 >= self.layout.segment_bytes;
            if taken > 0 && (full || bytes.len() >= WRITE_BYTES) {
                break;
            }
            frame(&mut bytes, group, self.mark, durable).ok_or(JournalError::Exhausted)?;
            taken += 1;
        }
        let begun = Instant::now();
        self.write_through(&bytes)?;
        let (copied, rest) = groups.split_at(taken);
        let records: Vec<u64> = copied.iter().map(|group| u64::from(group.raw.count)).collect();
        self.measure_write(begun, bytes.len() as u64, &records);
        for group in copied {
            self.head = group.head;
            if let Some(ring) = &self.ring {
                ring.push(group.raw.clone(), group.head);
            }
        }
        Ok(rest)
    }

    /// Writes bytes at the end and returns once they are durable.
    fn write_through(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let end = self.end + bytes.len() as u64;
        if let Some(ahead) = &mut self.ahead {
            ahead.before_write(&self.file, end);
        }
        // As in a commit of its own groups.
        self.poisoned = true;
        self.disk
            .write_at(&self.file, self.end, bytes)
            .map_err(|error| JournalError::io("writing", &self.file, error))?;
        self.disk.sync(&self.file).map_err(|error| JournalError::io("syncing", &self.file, error))?;
        self.poisoned = false;
        self.end = end;
        if let Some(ahead) = &mut self.ahead {
            ahead.after_write(end, self.layout.segment_bytes);
        }
        Ok(())
    }
}

/// Appends the frame of a group and its copy.
fn frame(bytes: &mut Vec<u8>, group: &ProvedGroup, mark: Mark, durable: Head) -> Option<()> {
    let RawGroup { first, count, after, body } = &group.raw;
    let (start, length) = (bytes.len(), group.frame_bytes()?);
    let crc = {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(body);
        let padding = length.checked_sub(super::format::FRAME_HEADER_BYTES)?.checked_sub(body.len())?;
        hasher.update(&Bytes::from(vec![0; padding]));
        hasher.finalize()
    };
    let header = FrameHeader {
        mark,
        version: FORMAT_VERSION,
        kind: GROUP_FRAME,
        count: *count,
        body_bytes: u32::try_from(body.len()).ok()?,
        body_crc: crc,
        position: *first,
        before: group.before.hash,
        after: *after,
        behind: first.checked_sub(1)?.checked_sub(durable.position)?,
    };
    bytes.extend_from_slice(&header.encode());
    bytes.extend_from_slice(body);
    bytes.resize(start.checked_add(length)?, 0);
    bytes.extend_from_within(start..);
    Some(())
}
