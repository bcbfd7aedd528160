//! Why a store cannot go on, and what was found when one was opened.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::checkpoint::CheckpointDamage;
use crate::journal::{Head, JournalError, OpenReport};
use crate::shelf::{ShelfDamage, ShelfError};

/// Why a store cannot go on. Every one of them is for the operator.
#[derive(Debug)]
pub enum Fault {
    Journal(JournalError),
    /// No checkpoint can be read, and the journal before it is not there any more.
    Checkpoint(CheckpointDamage),
    Shelf(ShelfError),
    /// Another process has the store open.
    InUse(PathBuf),
    /// The writer came to its end without an answer.
    Unanswered,
    /// The journal holds a record that the books cannot take.
    Books {
        position: u64,
        why: String,
    },
    /// The shelf shows that the journal once had this record, and it has it no more.
    Lost {
        position: u64,
    },
    Io {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}

/// What was found on opening.
#[derive(Debug, Default)]
pub struct Opened {
    pub journal: OpenReport,
    pub head: Head,
    /// The position of the checkpoint that the books were loaded from, or 0.
    pub checkpoint: u64,
    /// Checkpoints that could not be read, for which an older one and the journal stood in.
    pub passed_over: Vec<CheckpointDamage>,
    /// Places of the checkpoint that were bad and could be worked out from what stands beside them.
    pub mended: u64,
    /// Why the shelf was made anew, unless it was whole and only brought up to date.
    pub shelf_rebuilt: Option<ShelfDamage>,
    /// How many records the shelf was behind.
    pub caught_up: u64,
    pub took: Took,
}

/// What opening spent its time on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Took {
    /// From the first byte of the checkpoint to the last row in the books.
    pub checkpoint: Duration,
    /// Of that, reading and the checksums of blocks, on all threads together.
    pub reading: Duration,
    /// Digests and decoding, on all threads together.
    pub decoding: Duration,
    /// Taking rows in, with what they are found by, on one thread.
    pub taking: Duration,
    /// Reading, proving and replaying the journal behind the checkpoint.
    pub replay: Duration,
    /// Opening and proving the shelf, beside the checkpoint and the journal.
    pub shelf: Duration,
}

impl Opened {
    /// What an operator should know of the journal, one sentence each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let dropped = self.journal.dropped_bytes;
        if dropped > 0 {
            notes.push(format!(
                "the last {dropped} bytes of the journal are no readable group and are passed over, as a \
                 write that was never finished is; two bad sectors there would look the same"
            ));
        }
        for repair in &self.journal.repairs {
            let (file, at, position) = (&repair.file, repair.offset, repair.position);
            notes.push(format!(
                "{file}: one of two copies of record {position}, at byte {at}, is damaged; the other is whole"
            ));
        }
        for damage in &self.passed_over {
            notes.push(format!("{damage}; the journal before it is still there and was read instead"));
        }
        if self.mended > 0 {
            let (places, position) = (self.mended, self.checkpoint);
            notes.push(format!(
                "the checkpoint of record {position} was bad in {places} place(s), which could be mended"
            ));
        }
        if let Some(damage) = self.shelf_rebuilt.as_ref().filter(|_| self.head.position > 0) {
            notes.push(format!(
                "the store was made anew from {} journal records: {damage}",
                self.head.position
            ));
        }
        notes
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Journal(error) => error.fmt(f),
            Fault::Checkpoint(damage) => write!(
                f,
                "{damage}, and the journal before it was deleted; restore the data folder from a backup"
            ),
            Fault::Shelf(error) => error.fmt(f),
            Fault::Unanswered => f.write_str("the writer ended without an answer"),
            Fault::InUse(path) => {
                write!(f, "{}: another process uses this store; stop it first", path.display())
            }
            Fault::Books { position, why } => {
                write!(f, "journal record {position} does not follow from those before it: {why}")
            }
            Fault::Lost { position } => write!(
                f,
                "the journal ends before record {position}, which was acknowledged and is on the shelf; \
                 restore the journal from a backup"
            ),
            Fault::Io { what, path, source } => write!(f, "{}: cannot {what}: {source}", path.display()),
        }
    }
}

impl std::error::Error for Fault {}
