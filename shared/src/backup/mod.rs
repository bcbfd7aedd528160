//! Backups of a daemon's data: made beside it while it runs, sealed under a key of their own, and never
//! believed before they were read back.
//!
//! A folder of backups holds chains: a full backup, and after it increments that each name the one
//! before by the hash of its manifest. A full backup is the newest checkpoint's rows and the journal's
//! groups behind it; an increment is the groups since. Groups are kept as they are, with their
//! positions, times and boundaries, so that a restored journal has the same chain hash and the
//! settlement's signed heads still fit it. Beside them are pictures, configuration and lists.
//!
//! No private key is in a backup: whoever takes the folder of backups *and* the backup key reads what
//! was sold, but can neither act as this daemon nor read a card.
//!
//! A backup is written aside and renamed when everything of it is on the disk, the manifest last, so an
//! interrupted one is never taken for one.

pub mod bundle;
mod chain;
mod check;
pub mod cli;
mod error;
mod groups;
mod key;
mod make;
mod manifest;
mod restore;
mod retain;
pub mod schedule;
mod snapshot;
mod stream;
mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::identity::Identity;
use crate::journal::Kind;
use crate::operator::client::Daemon;
use crate::pin::Pin;

pub use chain::{Backup, backups};
pub use check::check;
pub use error::BackupError;
pub use key::BackupKey;
pub use make::{Made, Wanted, make};
pub use manifest::{At, Content, Manifest, Parent, PartFile};
pub use restore::{Restored, Until, restore};
pub use retain::retain;
pub use verify::{Verified, verify};

/// What a backup has to know of a daemon.
#[derive(Clone, Copy)]
pub struct Subject {
    pub daemon: Daemon,
    pub journal: Kind,
    /// The version of the program, for whoever has to find it again.
    pub version: &'static str,
    /// The files beside the journal that belong into a backup: their names in the data folder.
    pub files: fn(&Path) -> Result<Vec<String>, String>,
    /// Those of them that say how the daemon is run, for a bundle.
    pub configuration: fn(&Path) -> Result<Vec<String>, String>,
    /// The daemon's own key.
    pub identity: fn(&Path) -> Result<Identity, String>,
    /// What to do with backup and bundle, for whoever has nothing else.
    pub runbook: &'static str,
    /// Who the daemon of a data folder is.
    pub public: fn(&Path) -> Result<Public, String>,
    /// The private files that an operator puts into a restored folder by hand.
    pub kept_apart: &'static [&'static str],
    /// Opens the store of a restored folder once, so that the next start finds everything in its place.
    pub settle: fn(&Path) -> Result<(), String>,
    /// Holds books against their journal.
    pub verify: fn(&Path) -> Result<Checked, String>,
    /// Asks the running daemon of a data folder.
    pub ask: fn(&Path) -> Result<Point, String>,
}

/// Who a daemon is, and the public halves of its keys, each with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    pub pin: Pin,
    pub keys: Vec<(String, String)>,
}

/// Up to where a backup goes, and what the books came to there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// The last durable record, which ends its group.
    pub position: u64,
    pub totals: BTreeMap<String, i64>,
}

/// What the books of a data folder come to, and what is wrong with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub point: Point,
    pub problems: Vec<String>,
}

fn journal_of(data: &Path) -> PathBuf {
    data.join("journal")
}
