//! Checkpoints: all rows of the books as they stood at the end of a journal group, in one file.
//!
//! The journal before a checkpoint is not needed any more, so it may be deleted, and a start reads the
//! rows instead of every change there ever was. With that the file is as precious as the journal: it is
//! written aside, synced and renamed before anything is deleted, and one bad place anywhere in it is
//! mended from what stands beside it.
//!
//! The file is a row of stripes. A stripe is a page that describes it, sixteen blocks of rows, one block
//! that is the XOR of them, and the page again. Each block has a checksum, so that a bad one is known
//! and can be worked out from the others; a second one in the same stripe cannot, and is reported. Rows
//! never span two stripes, so several threads can read them. The last stripe says how many there are
//! and holds a digest over the digests of all, so that none can be missing or from another file.

mod read;
mod stripe;
mod write;

use std::fmt;

use crate::journal::{Head, Kind, Mark};

pub(crate) use read::Reader;
pub(crate) use write::Writer;

const NAME_START: &str = "checkpoint-";
const NAME_DIGITS: usize = 20;
const TEMPORARY: &str = ".new";

/// Whose rows a checkpoint holds, and as of which place of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub kind: Kind,
    pub mark: Mark,
    pub head: Head,
}

/// Why a checkpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointDamage {
    /// The file.
    pub file: String,
    /// Where in it, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub why: String,
}

/// The name of the checkpoint of a position.
pub(crate) fn file_name(position: u64) -> String {
    format!("{NAME_START}{position:0NAME_DIGITS$}")
}

/// The name of the same while it is being written.
pub(crate) fn temporary_name(position: u64) -> String {
    file_name(position) + TEMPORARY
}

/// The positions of the checkpoints among these names, the newest first.
pub(crate) fn positions(names: &[String]) -> Vec<u64> {
    let position = |name: &String| {
        let position = name.strip_prefix(NAME_START)?.parse().ok()?;
        (file_name(position) == *name).then_some(position)
    };
    let mut found: Vec<u64> = names.iter().filter_map(position).collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    found
}

/// Whether a file was left behind by someone who died while writing a checkpoint.
pub(crate) fn is_left_over(name: &str) -> bool {
    name.starts_with(NAME_START) && name.ends_with(TEMPORARY)
}

impl fmt::Display for CheckpointDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is damaged at byte {}: {}", self.file, self.offset, self.why)
    }
}

impl std::error::Error for CheckpointDamage {}

#[cfg(test)]
mod tests;
