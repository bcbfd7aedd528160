//! Makes a data folder of a chain of backups: aside, proved, and only then in its place.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::chain::{self, Backup};
use super::check::{Taker, check, read, rows};
use super::groups::Group;
use super::manifest::{At, Manifest};
use super::stream::Part;
use super::{BackupError, BackupKey, Checked, Subject, journal_of};
use crate::checkpoint::{About, Writer};
use crate::folder::DataFolder;
use crate::ids::NodeId;
use crate::journal::{Disk, FileDisk, Head, Journal, Kind, Mark};
use crate::node_file;
use crate::private_file;
use crate::time::Timestamp;

/// The mode of a folder that is put together: only its owner looks into it.
const PRIVATE: u32 = 0o700;

/// Up to where a backup is restored: to the end of the last group at or before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The newest backup as a whole.
    End,
    Position(u64),
    Time(Timestamp),
    /// The whole of the backup with this number.
    Backup(u64),
}

/// A data folder that was restored.
#[derive(Debug)]
pub struct Restored {
    /// The number of the last backup that was read, and how many were.
    pub nth: u64,
    pub backups: usize,
    /// Where the journal ends now.
    pub ends: At,
    /// What the books come to.
    pub checked: Checked,
    /// Whether it is all of the last backup, so that its totals have to be the books'.
    pub whole: bool,
    pub manifest: Manifest,
    /// The node that the folder is.
    pub node: NodeId,
}

/// Restores into a folder that is not there yet, or empty. Nothing is there before all of it is proved.
///
/// # Errors
/// [`BackupError`] when a backup is not as it was written, or the folder is not empty.
pub fn restore(
    subject: &Subject,
    from: &Path,
    data: &Path,
    key: &BackupKey,
    until: Until,
) -> Result<Restored, BackupError> {
    must_be_empty(data)?;
    let nth = choose(from, key, until)?;
    let chain = check(subject, from, nth, key)?;
    let draft = draft_of(data)?;
    // One that was left behind was never in its place.
    match fs::remove_dir_all(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(BackupError::io("remove", &draft)(error));
        }
        Ok(()) | Err(_) => {}
    }
    make_private(&draft)?;
    let restored = rebuild(subject, &chain, key, until, &draft).and_then(|restored| {
        place(&draft, data)?;
        Ok(restored)
    });
    if restored.is_err() {
        let _ = fs::remove_dir_all(&draft);
    }
    restored
}

/// The backup whose chain reaches as far as is asked for, and not less.
fn choose(from: &Path, key: &BackupKey, until: Until) -> Result<u64, BackupError> {
    let none = || BackupError::Refused(format!("{}: there is no backup here", from.display()));
    let numbers = chain::numbers(from)?;
    let newest = numbers.last().copied().ok_or_else(none)?;
    let reaches = |ends: At| match until {
        Until::End | Until::Backup(_) => true,
        Until::Position(position) => ends.position >= position,
        Until::Time(time) => ends.time >= time,
    };
    match until {
        Until::End => return Ok(newest),
        Until::Backup(nth) if numbers.contains(&nth) => return Ok(nth),
        Until::Backup(nth) => {
            return Err(BackupError::Refused(format!("{}: there is no backup {nth} here", from.display())));
        }
        Until::Position(_) | Until::Time(_) => {}
    }
    // One that cannot be read is no obstacle as long as the others reach as far.
    let (mut backups, mut unread) = (Vec::new(), None);
    for nth in numbers {
        match chain::one(from, nth, key) {
            Ok(backup) => backups.push(backup),
            Err(error) => unread = unread.or(Some(error)),
        }
    }
    // It has to begin before that place: a later full one may not.
    let fits = |backup: &&Backup| {
        reaches(backup.manifest.ends) && backup.manifest.first.is_some_and(|first| is_within(first, until))
    };
    // Of several, the newest: what a daemon did after it was put back is what stands.
    if let Some(backup) = backups.iter().rev().find(fits) {
        return Ok(backup.nth);
    }
    if let Some(error) = unread {
        return Err(error);
    }
    // Later than every backup, or between two of them: the last one that ends before it.
    if let Some(backup) = backups.iter().rev().find(|backup| is_within(backup.manifest.ends, until)) {
        return Ok(backup.nth);
    }
    let first = backups.iter().filter_map(|backup| backup.manifest.first).min_by_key(|at| at.position);
    let earliest = first.map_or_else(
        || "there are no records in the backups here".to_owned(),
        |first| format!("the earliest place is record {} of {}", first.position, first.time),
    );
    Err(BackupError::Refused(format!("{}: no backup reaches back so far; {earliest}", from.display())))
}

fn is_within(at: At, until: Until) -> bool {
    match until {
        Until::End | Until::Backup(_) => true,
        Until::Position(position) => at.position <= position,
        Until::Time(time) => at.time <= time,
    }
}

fn rebuild(
    subject: &Subject,
    chain: &[Backup],
    key: &BackupKey,
    until: Until,
    draft: &Path,
) -> Result<Restored, BackupError> {
    let last = chain.last().ok_or_else(|| BackupError::refused("there is no backup"))?;
    // The folder says what it is from its first moment, but not under the name that was asked for.
    let folder = DataFolder::open(draft, subject.daemon.folder).map_err(BackupError::refused)?;
    let mut taking = Taking::begin(subject.journal, draft, chain, (key, until))?;
    read(chain, key, &mut taking)?;
    let ends = taking.finish()?;
    drop_unnamed(draft, last)?;
    (subject.settle)(draft).map_err(BackupError::Refused)?;
    drop(folder);
    let checked = (subject.verify)(draft).map_err(BackupError::Refused)?;
    if let Some(problem) = checked.problems.first() {
        return Err(BackupError::Refused(format!(
            "{}: the books that come of it are not sound: {problem}; use another backup",
            last.folder.display()
        )));
    }
    // Whoever has this folder is another host, even on the same machine.
    let node = node_file::load_or_create(draft).map_err(BackupError::Refused)?;
    let whole = ends == last.manifest.ends.into();
    let manifest = last.manifest.clone();
    let restored =
        Restored { nth: last.nth, backups: chain.len(), ends: ends.into(), checked, whole, manifest, node };
    restored.compare(&last.folder)?;
    Ok(restored)
}

impl Restored {
    /// Holds the books against what they came to when the backup was made.
    fn compare(&self, folder: &Path) -> Result<(), BackupError> {
        if !self.whole {
            return Ok(());
        }
        let have = &self.checked.point.totals;
        match self.manifest.totals.iter().find(|(name, total)| have.get(*name) != Some(total)) {
            None => Ok(()),
            Some((name, total)) => Err(BackupError::Refused(format!(
                "{}: {name} was {total} when it was made, and what comes of it has {}",
                folder.display(),
                have.get(name).map_or_else(|| "none".to_owned(), ToString::to_string)
            ))),
        }
    }
}

/// Writes what comes out of a chain into a data folder.
struct Taking {
    folder: PathBuf,
    until: Until,
    journal: Journal,
    begins: Head,
    head: Head,
}

impl Taking {
    /// Writes the checkpoint, if the chain begins with one, and begins the journal behind it.
    fn begin(
        kind: Kind,
        draft: &Path,
        chain: &[Backup],
        (key, until): (&BackupKey, Until),
    ) -> Result<Self, BackupError> {
        let path = journal_of(draft);
        let disk = FileDisk::open(&path).map_err(BackupError::io("make", &path))?;
        let mut disk = Unsynced(Box::new(disk));
        let full = chain.first().map(|full| &full.manifest);
        let begins: Head = full.map(|full| full.begins.into()).unwrap_or_default();
        // A backup of a journal that nothing was in yet does not know which journal it is.
        let mark = chain.iter().find_map(|backup| backup.manifest.mark).map(Mark);
        let writing = BackupError::io("write", &path);
        let has_rows = full.is_some_and(|full| full.part(Part::Rows).is_some());
        if let Some(mark) = mark.filter(|_| has_rows) {
            let mut writer =
                Writer::begin(&mut disk, About { kind, mark, head: begins }).map_err(&writing)?;
            rows(chain, key, &mut |key, row| writer.row(key, row).map_err(&writing))?;
            writer.finish().map_err(&writing)?;
        } else if begins != Head::default() {
            return Err(BackupError::refused("the first backup begins in the middle, without a checkpoint"));
        }
        let journal = Journal::begin_after(Box::new(disk), kind, (begins, mark));
        let journal = journal.map_err(BackupError::refused)?;
        Ok(Self { folder: draft.to_owned(), until, journal, begins, head: begins })
    }

    /// Everything is on the disk when this returns; gives where the journal ends.
    fn finish(self) -> Result<Head, BackupError> {
        // A checkpoint is of no use without a group behind it: its name alone says that there was more.
        if self.head == self.begins && self.begins != Head::default() {
            return Err(BackupError::refused("no group of the backups ends where that says"));
        }
        sync_all(&self.folder)?;
        Ok(self.head)
    }
}

impl Taker for Taking {
    fn group(&mut self, group: &Group, head: Head) -> Result<bool, BackupError> {
        if !is_within(head.into(), self.until) {
            return Ok(false);
        }
        let appended = self.journal.append_group(group.first_time, &group.payloads);
        let appended = appended.map_err(BackupError::refused)?;
        if appended.head != head || !group.is(&appended) {
            return Err(BackupError::refused("the journal that was written is not the one of the backup"));
        }
        self.head = head;
        Ok(true)
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        let path = self.folder.join(name);
        private_file::replace(&path, bytes).map_err(BackupError::io("write", &path))
    }
}

/// A disk on which nothing is synced until all of it is.
struct Unsynced(Box<dyn Disk>);

impl Disk for Unsynced {
    fn list(&self) -> io::Result<Vec<String>> {
        self.0.list()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.0.read(name)
    }

    fn write_at(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(name, offset, bytes)
    }

    fn sync(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()> {
        self.0.truncate(name, len)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        self.0.len(name)
    }

    fn read_at(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.0.read_at(name, offset, len)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn delete(&mut self, name: &str) -> io::Result<()> {
        self.0.delete(name)
    }

    fn another(&self) -> Box<dyn Disk> {
        Box::new(Self(self.0.another()))
    }
}

/// A file that an earlier backup of the chain had and the last one has not is not put back.
fn drop_unnamed(draft: &Path, last: &Backup) -> Result<(), BackupError> {
    let named: BTreeSet<&str> = last.manifest.contents.iter().map(|content| content.name.as_str()).collect();
    let mut folders = vec![draft.to_owned()];
    while let Some(folder) = folders.pop() {
        let reading = BackupError::io("read", &folder);
        for entry in fs::read_dir(&folder).map_err(&reading)? {
            let path = entry.map_err(&reading)?.path();
            let name = path.strip_prefix(draft).ok().and_then(Path::to_str).unwrap_or_default();
            let own = ["format", "lock", "journal"].contains(&name);
            if own || named.contains(name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                fs::remove_file(&path).map_err(BackupError::io("remove", &path))?;
            }
        }
    }
    Ok(())
}

/// Syncs every file and folder under one.
fn sync_all(folder: &Path) -> Result<(), BackupError> {
    let reading = BackupError::io("read", folder);
    for entry in fs::read_dir(folder).map_err(&reading)? {
        let path = entry.map_err(&reading)?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            let synced = fs::File::open(&path).and_then(|file| file.sync_all());
            synced.map_err(BackupError::io("sync", &path))?;
        }
    }
    chain::sync_folder(folder)
}

pub(super) fn must_be_empty(data: &Path) -> Result<(), BackupError> {
    let mut entries = match fs::read_dir(data) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(BackupError::io("read", data))?,
    };
    if entries.next().is_none() {
        return Ok(());
    }
    let data = data.display();
    Err(BackupError::Refused(format!("{data}: is not empty; a backup is restored into a new folder only")))
}

/// Makes a folder that nobody else can look into, and that nobody else has put there.
pub(super) fn make_private(folder: &Path) -> Result<(), BackupError> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(BackupError::io("make", parent))?;
    }
    DirBuilder::new().mode(PRIVATE).create(folder).map_err(BackupError::io("make", folder))
}

/// The folder beside, in which it is put together.
pub(super) fn draft_of(data: &Path) -> Result<PathBuf, BackupError> {
    let none = || BackupError::Refused(format!("{}: is no folder that can be made", data.display()));
    let mut name: OsString = ".".into();
    name.push(data.file_name().ok_or_else(none)?);
    name.push(".restoring");
    Ok(data.with_file_name(name))
}

pub(super) fn place(draft: &Path, data: &Path) -> Result<(), BackupError> {
    sync_all(draft)?;
    let parent = data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // An empty folder of the name gives way, and nothing else does.
    fs::rename(draft, data).map_err(BackupError::io("put in its place", data))?;
    chain::sync_folder(parent)
}
