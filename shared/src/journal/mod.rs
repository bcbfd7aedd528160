//! The append-only, hash-chained journal: the one durable truth of a daemon.
//!
//! A group of records is written as one frame and its exact copy, in one write and one sync. A
//! group is acknowledged only after that sync, which gives every case a single reading on opening:
//!
//! * one of the two is readable: the group is there, and the other one is mended from it;
//! * neither is readable and something later is: acknowledged records are gone, which is reported
//!   as [`JournalError::Damaged`] and never passed over;
//! * neither is readable and nothing follows: the write was under way and nobody was told that it
//!   had happened, so its rest is dropped and the daemon starts by itself.
//!
//! The copy stays for good and the next group goes behind it. Writing the next group over the copy
//! would halve the space, but for the length of that write the newest acknowledged group would
//! have one copy: a power cut together with one bad sector would then look like an unfinished write
//! and lose it in silence. What the second copy buys besides is that a single bad place anywhere
//! in the journal, however old, is mended instead of keeping the daemon down.
//!
//! The zeros behind the last group are room that was made ahead ([`Layout::ahead`]), and no write.
//!
//! Frames start on block boundaries ([`BLOCK_BYTES`]), so a block torn by a power cut never holds
//! a byte of an older group.

mod ahead;
mod append;
mod browse;
mod content;
mod copy;
mod dice;
mod disk;
mod error;
mod format;
mod memory_disk;
mod mend;
mod part;
mod pending;
mod raw;
mod reader;
mod ring;
mod scan;
mod segment;
mod walker;

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::digest::sha256_of_all;
use crate::time::Timestamp;

pub use append::{Journal, Layout};
pub use browse::{Browsed, browse};
pub use dice::Dice;
pub use disk::{Disk, FileDisk};
pub use error::JournalError;
pub use format::group_bytes;
pub(crate) use format::{Mark, take};
pub use memory_disk::MemoryDisk;
pub(crate) use part::prove_part;
pub use raw::{MAX_BODY_BYTES, NotNext, ProvedGroup, RawGroup};
pub use reader::{GroupReader, Place};
pub use ring::Ring;
pub use scan::{Found, Start, prove, walk};
pub(crate) use segment::{START_BYTES, mark_in, segments};

/// The largest payload of one record, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;
/// The largest sum of payloads in one group, in bytes.
pub const MAX_GROUP_BYTES: usize = 256 << 20;
/// The largest number of records in one group.
pub const MAX_GROUP_RECORDS: usize = 1 << 20;
/// The size a segment file reaches before the next group opens a new one, in bytes.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// The unit every frame starts on and is padded to, in bytes.
///
/// It is the physical sector of current disks and the page of the page cache, hence the largest
/// piece of neighbouring data that an interrupted write may spoil.
pub const BLOCK_BYTES: usize = 4096;
/// The format version this build writes and reads.
pub const FORMAT_VERSION: u16 = 1;

/// Four letters saying which daemon a journal belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub &'static [u8; 4]);

/// A SHA-256 value of the chain.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hash(pub [u8; 32]);

/// One record as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The place in the journal, from 1 and rising by 1.
    pub position: u64,
    /// When it was written, strictly later than the record before.
    pub time: Timestamp,
    /// What the daemon wrote.
    pub payload: Vec<u8>,
    /// The chain up to and including this record.
    pub hash: Hash,
    /// Whether it is the last one of its group.
    pub ends_group: bool,
}

/// Where a journal ends; the default value is the empty journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The position of the last record, or 0.
    pub position: u64,
    /// The time of the last record, or 0.
    pub time: Timestamp,
    /// The hash of the last record, or all zeros.
    pub hash: Hash,
}

/// A group that is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The positions given to the payloads, in their order.
    pub positions: Range<u64>,
    /// The time of the first record; each further record is one microsecond later.
    pub first_time: Timestamp,
    /// The head of the journal after the group.
    pub head: Head,
}

/// What was found on opening or walking a journal that could be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// The number of segment files.
    pub segments: u64,
    /// The number of groups.
    pub groups: u64,
    /// The number of records.
    pub records: u64,
    /// The bytes of an unfinished, never acknowledged write at the end.
    pub dropped_bytes: u64,
    /// The places where one of two copies was bad.
    pub repairs: Vec<Repair>,
}

/// A place where one of two copies was bad; [`Journal::open`] rewrites it, [`walk`] names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The segment file.
    pub file: String,
    /// Where the bad copy starts, in bytes.
    pub offset: u64,
    /// The length of the copy, in bytes.
    pub length: u64,
    /// The first position the copy holds.
    pub position: u64,
}

impl Record {
    /// The head of the journal when it ended with this record.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { position: self.position, time: self.time, hash: self.hash }
    }
}

impl Head {
    /// Works out the head after one more record.
    #[must_use]
    pub fn after(&self, position: u64, time: Timestamp, payload: &[u8]) -> Self {
        let (at, when) = (position.to_le_bytes(), time.0.to_le_bytes());
        Self { position, time, hash: Hash(sha256_of_all(&[&self.hash.0, &at, &when, payload])) }
    }
}

impl Appended {
    /// The time of the record at `position`, if the group holds it.
    #[must_use]
    pub fn time_of(&self, position: u64) -> Option<Timestamp> {
        if !self.positions.contains(&position) {
            return None;
        }
        let later = position.checked_sub(self.positions.start)?;
        self.first_time.0.checked_add(later).map(Timestamp)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}
