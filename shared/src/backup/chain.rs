//! The backups in a folder, and which of them go on from which.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::stream::{Part, measure};
use super::{BackupError, BackupKey, Subject};

const NAME_START: &str = "backup-";
const NAME_DIGITS: usize = 6;
/// How the folder of a backup is named while it is made.
const DRAFT_START: &str = ".backup-";
const DRAFT_END: &str = ".new";
const LOCK_FILE: &str = "lock";
/// Most backups in one folder.
const MAX_BACKUPS: usize = 100_000;

/// One backup that is in its place.
#[derive(Debug)]
pub struct Backup {
    pub nth: u64,
    pub folder: PathBuf,
    pub manifest: Manifest,
    /// The SHA-256 of the manifest as it lies there.
    pub sha256: [u8; 32],
}

/// A folder of backups that nobody else adds to, or takes from, until this is dropped.
pub struct Kept {
    _lock: File,
}

impl Kept {
    /// # Errors
    /// [`BackupError`] when another process holds it, or it cannot be made.
    pub fn hold(folder: &Path) -> Result<Self, BackupError> {
        fs::create_dir_all(folder).map_err(BackupError::io("make", folder))?;
        let path = folder.join(LOCK_FILE);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let lock = lock.map_err(BackupError::io("lock", &path))?;
        lock.try_lock().map_err(|_| {
            BackupError::Refused(format!(
                "{}: a backup is being made here; wait for its end",
                folder.display()
            ))
        })?;
        clear_drafts(folder);
        Ok(Self { _lock: lock })
    }
}

/// The numbers of the backups in a folder, rising. Whatever else lies there counts for nothing.
///
/// # Errors
/// [`BackupError`] when the folder cannot be read.
pub fn numbers(folder: &Path) -> Result<Vec<u64>, BackupError> {
    let reading = BackupError::io("read the backups in", folder);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(&reading)? {
        let name = entry.map_err(&reading)?.file_name();
        numbers.extend(name.to_str().and_then(number_of));
    }
    if numbers.len() > MAX_BACKUPS {
        return Err(BackupError::Refused(format!(
            "{}: has more than {MAX_BACKUPS} backups",
            folder.display()
        )));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Every backup in a folder, the oldest first.
///
/// # Errors
/// [`BackupError`] at the first whose manifest is damaged or missing.
pub fn backups(folder: &Path, key: &BackupKey) -> Result<Vec<Backup>, BackupError> {
    numbers(folder)?.into_iter().map(|nth| one(folder, nth, key)).collect()
}

/// One backup, by its number.
///
/// # Errors
/// [`BackupError`] when its manifest is damaged or missing, or belongs to another.
pub fn one(folder: &Path, nth: u64, key: &BackupKey) -> Result<Backup, BackupError> {
    let folder = folder.join(name(nth));
    let manifest = Manifest::read(&folder, key)?;
    let path = folder.join(Part::Manifest.file_name());
    if manifest.nth != nth {
        let why = format!("it is the manifest of backup {}, which lay elsewhere", manifest.nth);
        return Err(BackupError::damaged(&path, why));
    }
    let sha256 = measure(&path)?.sha256;
    Ok(Backup { nth, folder, manifest, sha256 })
}

/// The chain that ends with a backup: a full one first. Each names the one before, and goes on where
/// that one ends.
///
/// # Errors
/// [`BackupError`] when one is missing, or not the one that was there.
pub fn chain(folder: &Path, nth: u64, key: &BackupKey) -> Result<Vec<Backup>, BackupError> {
    let mut chain = vec![one(folder, nth, key)?];
    while let Some((last, parent)) = chain.last().and_then(|last| Some((last, last.manifest.parent?))) {
        let path = folder.join(name(parent.nth));
        if parent.nth >= last.nth {
            return Err(BackupError::damaged(&last.folder, "it goes on from a later one"));
        }
        let before = one(folder, parent.nth, key)?;
        let (here, there) = (&last.manifest, &before.manifest);
        let same = here.kind == there.kind && here.pin == there.pin && here.format == there.format;
        if before.sha256 != parent.sha256 || here.begins != there.ends || !same {
            let why = format!("it is not the one that backup {} goes on from", last.nth);
            return Err(BackupError::damaged(&path, why));
        }
        chain.push(before);
    }
    chain.reverse();
    Ok(chain)
}

/// That backups are of this daemon, and in a form that this program restores.
///
/// # Errors
/// A line when they are another's.
pub fn is_of(backup: &Backup, subject: &Subject) -> Result<(), BackupError> {
    let folder = backup.folder.display();
    if !backup.manifest.is_of(subject.journal) {
        return Err(BackupError::Refused(format!("{folder}: is no backup of a {}", subject.daemon.word)));
    }
    if backup.manifest.format != subject.daemon.folder.version {
        return Err(BackupError::Refused(format!(
            "{folder}: is of version {} of the data format, this program knows {}; restore it with {} {}",
            backup.manifest.format,
            subject.daemon.folder.version,
            subject.daemon.program,
            backup.manifest.program
        )));
    }
    Ok(())
}

pub fn name(nth: u64) -> String {
    format!("{NAME_START}{nth:0NAME_DIGITS$}")
}

pub fn draft_name(nth: u64) -> String {
    format!("{DRAFT_START}{nth:0NAME_DIGITS$}{DRAFT_END}")
}

fn number_of(folder: &str) -> Option<u64> {
    let nth = folder.strip_prefix(NAME_START)?.parse().ok()?;
    (name(nth) == folder).then_some(nth)
}

/// Takes away what was never finished. What cannot be taken away is no backup either.
fn clear_drafts(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_draft = |name: &str| name.starts_with(DRAFT_START) && name.ends_with(DRAFT_END);
        if name.to_str().is_some_and(is_draft) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    let synced: io::Result<()> = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(BackupError::io("sync", folder))
}
