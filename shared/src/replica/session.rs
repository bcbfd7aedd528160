//! One standby's way through the journal: a run of bytes cut into numbered parts.

use bytes::{Buf, Bytes};

use super::CHUNK_BYTES;
use super::wire::Refusal;
use crate::journal::{GroupReader, JournalError, Place, RawGroup};
use crate::store::Source;

/// How much is read ahead of the parts at a time, in bytes: fewer turns to the disk.
const AHEAD_BYTES: usize = 4 * CHUNK_BYTES;

/// Where a session is.
pub(super) struct Cursor {
    /// The last position whose bytes are in `rest` or were given out.
    position: u64,
    /// The number of the next part.
    seq: u64,
    /// What was read and not given out yet.
    rest: Bytes,
    /// Who reads the files, once the newest groups are not enough.
    reader: Option<GroupReader>,
}

impl Cursor {
    pub(super) fn behind(position: u64) -> Self {
        Self { position, seq: 0, rest: Bytes::new(), reader: None }
    }

    /// The last position that was given out, or is about to be.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Whether there is something to give out without looking for more.
    pub(super) fn has_rest(&self) -> bool {
        self.rest.has_remaining()
    }

    /// The next part, with its number; empty when there is nothing.
    pub(super) fn part(&mut self) -> (u64, Bytes) {
        let seq = self.seq;
        self.seq += 1;
        (seq, self.rest.split_to(self.rest.len().min(CHUNK_BYTES)))
    }

    /// Reads the groups that follow, up to the end of the journal. It may take the disk's time.
    ///
    /// # Errors
    /// [`Refusal::UnknownSession`] when the groups are in no file any more, and a checkpoint has to be
    /// taken; [`Refusal::Unreadable`] when the files cannot be read.
    pub(super) fn fill(&mut self, source: &Source) -> Result<(), Refusal> {
        let end = source.ring().head().borrow().position;
        let groups = match source.ring().after(self.position, AHEAD_BYTES) {
            Some(groups) => {
                self.reader = None;
                groups
            }
            None => self.read(source, end)?,
        };
        let mut bytes = Vec::with_capacity(groups.iter().map(RawGroup::sent_bytes).sum());
        groups.iter().for_each(|group| group.write(&mut bytes));
        self.position = groups.last().map_or(self.position, RawGroup::last);
        self.rest = bytes.into();
        Ok(())
    }

    /// Whether the newest groups, which are in memory, are enough.
    pub(super) fn is_near(&self, source: &Source) -> bool {
        source.ring().after(self.position, 0).is_some()
    }

    fn read(&mut self, source: &Source, end: u64) -> Result<Vec<RawGroup>, Refusal> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => {
                let mut reader = source.reader();
                let place = reader.find(self.position, end).map_err(|error| unreadable(&error))?;
                match place {
                    Place::Behind(_) => self.reader.insert(reader),
                    Place::Cut { .. } | Place::Nowhere => return Err(Refusal::UnknownSession),
                }
            }
        };
        reader.next(end, AHEAD_BYTES).map_err(|error| match error {
            // A checkpoint has come to stand for it.
            JournalError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Refusal::UnknownSession
            }
            error => unreadable(&error),
        })
    }
}

pub(super) fn unreadable(error: &JournalError) -> Refusal {
    tracing::error!("a standby cannot be given the journal: {error}");
    Refusal::Unreadable
}
