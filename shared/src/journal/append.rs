//! Opening a journal and adding groups to it.

use std::error::Error;
use std::fmt;
use std::time::Instant;

use aws_lc_rs::rand;
use bytes::Bytes;

use super::ahead::Ahead;
use super::format::Mark;
use super::mend::settle;
use super::pending::Pending;
use super::scan::{Found, Start, Survey, prove};
use super::segment::{SegmentHeader, file_name};
use super::{
    Appended, Disk, Head, JournalError, Kind, MAX_GROUP_BYTES, MAX_GROUP_RECORDS, MAX_PAYLOAD_BYTES,
    OpenReport, RawGroup, Record, Ring, SEGMENT_BYTES,
};
use crate::measure::{Count, Registry, Spread};
use crate::time::Timestamp;

/// How a journal lies on its disk.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The size a segment file reaches before the next group opens a new one, in bytes.
    pub segment_bytes: u64,
    /// Whether room is made ahead of the end, by a thread of its own.
    pub ahead: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self { segment_bytes: SEGMENT_BYTES, ahead: false }
    }
}

/// An open journal. Dropping it at any moment is safe.
pub struct Journal {
    pub(super) disk: Box<dyn Disk>,
    pub(super) kind: Kind,
    pub(super) mark: Mark,
    pub(super) layout: Layout,
    pub(super) head: Head,
    pub(super) pending: Pending,
    /// The newest segment, or the one to create.
    pub(super) file: String,
    /// How much of that file holds acknowledged groups.
    pub(super) end: u64,
    pub(super) ahead: Option<Ahead>,
    /// Where the segments before the newest end, and how many bytes they are.
    pub(super) before: (Head, u64),
    pub(super) poisoned: bool,
    /// Where the newest groups are kept for those who follow, once somebody may.
    pub(super) ring: Option<Ring>,
    /// Where it is counted what is written, once somebody wants to know.
    pub(super) meter: Option<Registry>,
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
        disk: Box<dyn Disk>,
        kind: Kind,
        segment_bytes: u64,
        each: &mut dyn FnMut(Record) -> Result<(), E>,
    ) -> Result<(Self, OpenReport), JournalError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let found = prove(disk.as_ref(), kind, Start::default(), each)?;
        Self::resume(disk, kind, Layout { segment_bytes, ahead: false }, found)
    }

    /// Goes on from what [`prove`] found on the same disk: mends what can be mended and drops an
    /// unfinished last write.
    ///
    /// # Errors
    /// `Io` when the disk fails.
    pub fn resume(
        mut disk: Box<dyn Disk>,
        kind: Kind,
        layout: Layout,
        found: Found,
    ) -> Result<(Self, OpenReport), JournalError> {
        let found = found.0;
        settle(disk.as_mut(), &found)?;
        let mark = match found.mark {
            Some(mark) => mark,
            None => new_mark()?,
        };
        let (file, end, length) = match found.tail {
            Some(tail) => (tail.file, tail.end as u64, tail.length as u64),
            None => (file_name(1), 0, 0),
        };
        let ahead = layout.ahead.then(|| Ahead::start(disk.another(), &file, length)).transpose();
        let ahead = ahead.map_err(|error| JournalError::io("making room in", &file, error))?;
        let journal = Self {
            disk,
            kind,
            mark,
            layout,
            head: found.head,
            pending: Pending::default(),
            file,
            end,
            ahead,
            before: found.before,
            poisoned: false,
            ring: None,
            meter: None,
        };
        Ok((journal, found.report))
    }

    /// Begins a journal on a disk that has none, behind a checkpoint that stands for everything up to
    /// its head and carries its mark, or at the very beginning with a mark of its own.
    ///
    /// # Errors
    /// `Io` when the system gives no random bytes.
    pub(crate) fn begin_after(
        disk: Box<dyn Disk>,
        kind: Kind,
        (head, mark): (Head, Option<Mark>),
    ) -> Result<Self, JournalError> {
        let survey = Survey { head, mark, before: (head, 0), ..Survey::default() };
        let (mut journal, _) = Self::resume(disk, kind, Layout::default(), Found(survey))?;
        journal.file = file_name(head.position.checked_add(1).ok_or(JournalError::Exhausted)?);
        Ok(journal)
    }

    /// Where the journal ends: the last acknowledged record.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// The newest segment file and how many of its bytes hold acknowledged groups; what is behind them
    /// is zeros.
    #[must_use]
    pub fn end(&self) -> (&str, u64) {
        (&self.file, self.end)
    }

    /// Where the last segment ends that an acknowledged group follows in another one, and how many
    /// bytes there are up to it that no checkpoint stands for; nothing where there is none.
    #[must_use]
    pub fn sealed(&self) -> Option<(Head, u64)> {
        (self.end > 0 && self.before.1 > 0).then_some(self.before)
    }

    /// Forgets sealed bytes that a checkpoint stands for now.
    pub fn forget_sealed(&mut self, bytes: u64) {
        self.before.1 = self.before.1.saturating_sub(bytes);
    }

    /// The same disk, for whoever reads what is sealed.
    #[must_use]
    pub fn disk(&self) -> Box<dyn Disk> {
        self.disk.another()
    }

    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The newest groups, which are kept in memory from the first call on.
    pub fn ring(&mut self) -> Ring {
        self.ring.get_or_insert_with(|| Ring::new(self.head)).clone()
    }

    /// Counts from now on what is written, and how long that takes.
    pub fn measure(&mut self, registry: &Registry) {
        self.meter = Some(registry.clone());
    }

    /// One write and one sync that began then, of so many bytes with all copies, and how many records each
    /// group in it has.
    pub(super) fn measure_write(&self, begun: Instant, bytes: u64, groups: &[u64]) {
        let Some(meter) = &self.meter else { return };
        meter.took_since(Spread::Sync, begun);
        meter.count_many(Count::JournalBytes, bytes);
        meter.count_many(Count::Groups, groups.len() as u64);
        for records in groups {
            meter.count_many(Count::Records, *records);
            meter.measure(Spread::Group, *records);
        }
    }

    /// Where the record that is pushed next will stand, when its group begins at `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> (u64, Timestamp) {
        let before = self.pending.after(&self.head);
        let later = Timestamp(before.time.0.saturating_add(1));
        let time = if self.pending.is_empty() { now.max(later) } else { later };
        (before.position.saturating_add(1), time)
    }

    /// The sum of the payloads that wait for [`Journal::commit`], in bytes.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.pending.payload_bytes()
    }

    /// Takes the record that `write` appends to a buffer into the group that waits. `now` counts for
    /// the first record of a group, as in [`Journal::append_group`].
    ///
    /// # Errors
    /// `TooLarge` and `Exhausted`; the record is not in the group then.
    pub fn push(&mut self, now: Timestamp, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        let first = Timestamp(self.head.time.0.checked_add(1).ok_or(JournalError::Exhausted)?);
        self.pending.push(&self.head, now.max(first), write)?;
        Ok(())
    }

    /// Writes the group that waits so that after any crash either all its records are there or none,
    /// and returns once they are durable; nothing when none waits.
    ///
    /// # Errors
    /// `Exhausted` changes nothing on the disk. After `Io` the group may or may not be durable, which
    /// only opening again can tell, and every further call gives `Poisoned`.
    pub fn commit(&mut self) -> Result<Option<Appended>, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        if self.pending.is_empty() {
            return Ok(None);
        }
        let first = self.head.position.checked_add(1).ok_or(JournalError::Exhausted)?;
        let head = self.pending.after(&self.head);
        let behind = head.position.checked_add(1).ok_or(JournalError::Exhausted)?;
        let appended = Appended { positions: first..behind, first_time: self.pending.first_time(), head };
        let kept = self.ring.as_ref().map(|_| RawGroup {
            first,
            // The limit of a group is below what four bytes hold.
            count: self.pending.count() as u32,
            after: head.hash,
            body: Bytes::copy_from_slice(self.pending.body()),
        });
        // The header of a new segment travels with its first group, so a file is either unfinished as a
        // whole or holds an acknowledged group.
        let opens = self.end == 0 || self.end >= self.layout.segment_bytes;
        let start = SegmentHeader::following(&self.head, self.kind, self.mark).filter(|_| opens);
        if opens {
            let next = file_name(first);
            if self.end > 0 {
                self.before = (self.head, self.before.1 + self.end);
            }
            (self.file, self.end) = (next, 0);
        }
        let bytes =
            self.pending.seal(&self.head, self.mark, start.as_ref()).ok_or(JournalError::Exhausted)?;
        let written = bytes.len() as u64;
        let end = self.end + written;
        if let Some(ahead) = &mut self.ahead {
            ahead.before_write(&self.file, end);
        }
        // Set before the first operation, so that not even a panic in the disk leaves a journal
        // behind that looks usable.
        self.poisoned = true;
        let begun = Instant::now();
        self.disk
            .write_at(&self.file, self.end, bytes)
            .map_err(|error| JournalError::io("writing", &self.file, error))?;
        self.disk.sync(&self.file).map_err(|error| JournalError::io("syncing", &self.file, error))?;
        self.poisoned = false;
        self.end = end;
        self.head = head;
        self.pending.clear();
        self.measure_write(begun, written, &[appended.positions.end - appended.positions.start]);
        if let Some(ahead) = &mut self.ahead {
            ahead.after_write(end, self.layout.segment_bytes);
        }
        if let Some((ring, group)) = self.ring.as_ref().zip(kept) {
            ring.push(group, head);
        }
        Ok(Some(appended))
    }

    /// Writes a group of payloads that somebody else has put together; see [`Journal::commit`].
    ///
    /// Each record gets the time `now`, or a microsecond after the one before if that is later, so
    /// that a clock set back never breaks the order.
    ///
    /// # Errors
    /// As [`Journal::push`] and [`Journal::commit`], and `EmptyGroup`. A group that is refused leaves
    /// nothing behind.
    pub fn append_group(&mut self, now: Timestamp, payloads: &[Vec<u8>]) -> Result<Appended, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        check_limits(payloads)?;
        for payload in payloads {
            if let Err(error) = self.push(now, |bytes| bytes.extend_from_slice(payload)) {
                self.pending.clear();
                return Err(error);
            }
        }
        let appended = self.commit();
        if matches!(appended, Err(JournalError::Exhausted)) {
            self.pending.clear();
        }
        appended?.ok_or(JournalError::EmptyGroup)
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
