//! Opening a journal and adding groups to it.

use std::error::Error;
use std::fmt;

use aws_lc_rs::rand;

use super::format::{Mark, encode};
use super::mend::settle;
use super::scan::survey;
use super::segment::{SegmentHeader, file_name};
use super::{
    Appended, Disk, Head, JournalError, Kind, MAX_GROUP_BYTES, MAX_GROUP_RECORDS, MAX_PAYLOAD_BYTES,
    OpenReport, Record, SEGMENT_BYTES,
};
use crate::time::Timestamp;

/// An open journal. Dropping it at any moment is safe.
pub struct Journal {
    disk: Box<dyn Disk>,
    kind: Kind,
    mark: Mark,
    segment_bytes: u64,
    head: Head,
    /// The newest segment, or the one to create.
    file: String,
    /// How much of that file holds acknowledged groups.
    end: u64,
    poisoned: bool,
}

impl Journal {
    /// Proves the journal, hands every record to `each`, mends what can be mended and drops an
    /// unfinished last write. An empty folder is an empty journal.
    ///
    /// # Errors
    /// `Damaged`, `Version` and `Kind` when the files are not a whole journal of this daemon, `Io`
    /// when the disk fails, `Refused` when `each` fails. Records handed over before the error are
    /// to be forgotten.
    pub fn open<E>(
        disk: Box<dyn Disk>,
        kind: Kind,
        each: &mut dyn FnMut(Record) -> Result<(), E>,
    ) -> Result<(Self, OpenReport), JournalError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::open_sized(disk, kind, SEGMENT_BYTES, each)
    }

    /// As [`Journal::open`], with segments of another size, so that many can be had cheaply.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_sized<E>(
        mut disk: Box<dyn Disk>,
        kind: Kind,
        segment_bytes: u64,
        each: &mut dyn FnMut(Record) -> Result<(), E>,
    ) -> Result<(Self, OpenReport), JournalError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let found = survey(disk.as_ref(), kind, each)?;
        settle(disk.as_mut(), &found)?;
        let mark = match found.mark {
            Some(mark) => mark,
            None => new_mark()?,
        };
        let (file, end) = match found.tail {
            Some(tail) => (tail.file, tail.end as u64),
            None => (file_name(1), 0),
        };
        let journal = Self { disk, kind, mark, segment_bytes, head: found.head, file, end, poisoned: false };
        Ok((journal, found.report))
    }

    /// Where the journal ends: the last acknowledged record.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Writes a group so that after any crash either all its records are there or none, and
    /// returns once they are durable.
    ///
    /// Each record gets the time `now`, or a microsecond after the one before if that is later, so
    /// that a clock set back never breaks the order.
    ///
    /// # Errors
    /// `TooLarge`, `EmptyGroup` and `Exhausted` change nothing. After `Io` the group may or may
    /// not be durable, which only opening again can tell, and every further call gives `Poisoned`.
    pub fn append_group(&mut self, now: Timestamp, payloads: &[Vec<u8>]) -> Result<Appended, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        check_limits(payloads)?;
        let (file, offset, bytes, appended) = self.plan(now, payloads).ok_or(JournalError::Exhausted)?;
        let end = offset + bytes.len() as u64;
        // Set before the first operation, so that not even a panic in the disk leaves a journal
        // behind that looks usable.
        self.poisoned = true;
        self.disk
            .write_at(&file, offset, &bytes)
            .map_err(|error| JournalError::io("writing", &file, error))?;
        self.disk.sync(&file).map_err(|error| JournalError::io("syncing", &file, error))?;
        self.poisoned = false;
        self.file = file;
        self.end = end;
        self.head = appended.head;
        Ok(appended)
    }

    /// Works out where a group goes and its bytes; nothing when a counter runs over.
    fn plan(&self, now: Timestamp, payloads: &[Vec<u8>]) -> Option<(String, u64, Vec<u8>, Appended)> {
        let first_time = now.max(Timestamp(self.head.time.0.checked_add(1)?));
        let (frame, head) = encode(self.mark, &self.head, first_time, payloads)?;
        let first = self.head.position.checked_add(1)?;
        let appended = Appended { positions: first..head.position.checked_add(1)?, first_time, head };
        let mut bytes = Vec::new();
        let (file, offset) = if self.end > 0 && self.end < self.segment_bytes {
            (self.file.clone(), self.end)
        } else {
            // The header of a new segment travels with its first group, so a file is either
            // unfinished as a whole or holds an acknowledged group.
            let header = SegmentHeader::following(&self.head, self.kind, self.mark)?.encode();
            bytes.extend_from_slice(&header);
            bytes.extend_from_slice(&header);
            (file_name(first), 0)
        };
        bytes.reserve_exact(frame.len().checked_mul(2)?);
        bytes.extend_from_slice(&frame);
        bytes.extend_from_slice(&frame);
        Some((file, offset, bytes, appended))
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("head", &self.head)
            .field("file", &self.file)
            .field("end", &self.end)
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}

fn new_mark() -> Result<Mark, JournalError> {
    let mut mark = Mark([0; 16]);
    rand::fill(&mut mark.0).map_err(|_| {
        let error = std::io::Error::other("the system gave no random bytes");
        JournalError::io("beginning", "a journal", error)
    })?;
    Ok(mark)
}

fn check_limits(payloads: &[Vec<u8>]) -> Result<(), JournalError> {
    if payloads.is_empty() {
        return Err(JournalError::EmptyGroup);
    }
    let too_large = |what, size, limit| Err(JournalError::TooLarge { what, size, limit });
    if payloads.len() > MAX_GROUP_RECORDS {
        return too_large("the number of records", payloads.len(), MAX_GROUP_RECORDS);
    }
    let largest = payloads.iter().map(Vec::len).max().unwrap_or(0);
    if largest > MAX_PAYLOAD_BYTES {
        return too_large("a payload in bytes", largest, MAX_PAYLOAD_BYTES);
    }
    // Bounded by the two limits above, the sum cannot run over.
    let sum = payloads.iter().map(Vec::len).sum();
    if sum > MAX_GROUP_BYTES {
        return too_large("a group in bytes", sum, MAX_GROUP_BYTES);
    }
    Ok(())
}
