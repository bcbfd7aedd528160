//! What a backup says of itself. It is sealed like everything else in a backup, because what a shop has
//! sold is nobody else's business.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::stream::{Opener, Part, Sealer, Written};
use super::{BackupError, BackupKey};
use crate::journal::{Hash, Head, Kind};
use crate::pin::Pin;
use crate::record::{unversioned, versioned};
use crate::time::Timestamp;

/// The version of the form that is written.
const VERSION: u8 = 1;
/// Largest manifest, in bytes: a file of the data folder takes about a hundred.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;
/// Longest name of a file in the data folder, in bytes.
pub(super) const MAX_NAME_BYTES: usize = 256;

/// A place in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    pub position: u64,
    pub time: Timestamp,
    pub hash: Hash,
}

/// One backup: which part of the journal it holds, and everything by which it is known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Counts the backups of one folder, from 1.
    pub nth: u64,
    /// The backup that this one goes on from; a full one has none.
    pub parent: Option<Parent>,
    pub made_at: Timestamp,
    /// The version of the program that made it.
    pub program: String,
    /// The letters of the daemon's journal, and the version of its data folder.
    pub kind: [u8; 4],
    pub format: u32,
    /// The daemon's own pin, and the public halves of its keys, each with its name.
    pub pin: Pin,
    pub public: Vec<(String, String)>,
    /// Which journal it is of: copies of one journal know each other by it. Nothing while it is empty.
    pub mark: Option<[u8; 16]>,
    /// The place behind which its groups begin: that of the checkpoint in a full one, or the end of the
    /// parent.
    pub begins: At,
    /// Where its first group ends, which is the earliest place it can be restored to.
    pub first: Option<At>,
    /// Where its last group ends.
    pub ends: At,
    pub groups: u64,
    pub records: u64,
    pub rows: u64,
    pub parts: Vec<PartFile>,
    /// Every file of the data folder as of this backup; what an earlier one of the chain holds already is
    /// not in this one.
    pub contents: Vec<Content>,
    /// What the books came to, by the names that `verify` has.
    pub totals: BTreeMap<String, i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    pub nth: u64,
    /// The SHA-256 of its manifest as it lies there.
    pub sha256: [u8; 32],
}

/// A file of the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartFile {
    pub part: u8,
    pub bytes: u64,
    pub sha256: [u8; 32],
}

/// A file of the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Relative to the data folder.
    pub name: String,
    pub bytes: u64,
    pub sha256: [u8; 32],
}

impl Manifest {
    pub fn is_full(&self) -> bool {
        self.parent.is_none()
    }

    /// The bytes of its files, without the manifest.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).fold(0, u64::saturating_add)
    }

    pub(super) fn part(&self, part: Part) -> Option<&PartFile> {
        self.parts.iter().find(|file| file.part == part as u8)
    }

    pub(super) fn is_of(&self, kind: Kind) -> bool {
        self.kind == *kind.0
    }

    pub(super) fn write(&self, folder: &Path, key: &BackupKey) -> Result<Written, BackupError> {
        let mut sealer = Sealer::create(folder, Part::Manifest, key)?;
        sealer.write(&versioned(VERSION, self))?;
        sealer.finish()
    }

    /// Reads the manifest of a backup, and proves that it can be one.
    pub(super) fn read(folder: &Path, key: &BackupKey) -> Result<Self, BackupError> {
        let path = folder.join(Part::Manifest.file_name());
        let mut opener = Opener::open(folder, Part::Manifest, key)?;
        let bytes = opener.rest(MAX_MANIFEST_BYTES)?;
        let manifest: Self = unversioned(VERSION, &bytes)
            .map_err(|why| BackupError::damaged(&path, format!("what it says is {why}")))?;
        let named = manifest.contents.iter().all(|content| is_inside(&content.name));
        let ordered = manifest.begins.position <= manifest.ends.position;
        if named && ordered {
            Ok(manifest)
        } else {
            Err(BackupError::damaged(&path, "what it says makes no sense"))
        }
    }
}

/// Whether a name stays in the folder that it is put into.
pub(super) fn is_inside(name: &str) -> bool {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    plain && !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.contains(['\\', '\0'])
}

impl PartFile {
    pub(super) fn of(part: Part, written: Written) -> Self {
        Self { part: part as u8, bytes: written.bytes, sha256: written.sha256 }
    }

    pub(super) fn is(&self, written: Written) -> bool {
        self.bytes == written.bytes && self.sha256 == written.sha256
    }
}

impl From<Head> for At {
    fn from(Head { position, time, hash }: Head) -> Self {
        Self { position, time, hash }
    }
}

impl From<At> for Head {
    fn from(At { position, time, hash }: At) -> Self {
        Self { position, time, hash }
    }
}
