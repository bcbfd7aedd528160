//! Makes a backup: the checkpoint's rows and the journal behind it, or the groups since the last one.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::chain::{self, Backup, Kept};
use super::groups::{EachRow, Group, write_row};
use super::manifest::{At, Content, MAX_NAME_BYTES, Manifest, Parent, PartFile, is_inside};
use super::snapshot::Held;
use super::stream::{Part, Sealer};
use super::{BackupError, BackupKey, Point, Subject, journal_of};
use crate::checkpoint::{About, CheckpointDamage, Reader};
use crate::digest::sha256_of_all;
use crate::journal::{Disk, Head, Record, browse};
use crate::private_file;
use crate::time::Timestamp;

/// How often it is begun anew because checkpoints outran it.
const TRIES: u32 = 4;
/// Largest file of the data folder that is taken in, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 64 << 20;

/// What is to be made.
pub struct Wanted<'a> {
    pub data: &'a Path,
    /// The folder of backups.
    pub to: &'a Path,
    /// Whether it begins a chain even where it could go on from the last backup.
    pub full: bool,
    pub now: Timestamp,
    /// Set by whoever wants it to end before it is done.
    pub stop: Option<&'a AtomicBool>,
}

/// A backup that was made, and what is to be said of it.
#[derive(Debug)]
pub struct Made {
    pub backup: Backup,
    pub notes: Vec<String>,
}

/// Why the journal behind a place cannot be had as groups.
enum Cut {
    /// A checkpoint stands for it.
    Gone,
    /// The journal has another history there.
    OtherHistory,
    Fault(BackupError),
}

/// Makes a backup of a data folder, whether its daemon runs or not. `point` tells up to where.
///
/// # Errors
/// [`BackupError`]; nothing is left in the folder of backups then.
pub fn make(
    subject: &Subject,
    wanted: &Wanted<'_>,
    key: &BackupKey,
    point: &mut dyn FnMut() -> Result<Point, BackupError>,
) -> Result<Made, BackupError> {
    let _kept = Kept::hold(wanted.to)?;
    let public = (subject.public)(wanted.data).map_err(BackupError::Refused)?;
    let mut notes = Vec::new();
    let newest = chain::numbers(wanted.to)?.last().copied();
    // An increment is worth no more than the chain it hangs on.
    let last = newest.map(|nth| chain::chain(wanted.to, nth, key)).transpose();
    let mut parent = match last {
        Ok(last) => last.and_then(|mut chain| chain.pop()),
        Err(BackupError::Damaged { path, why }) => {
            notes.push(format!("{}: is not as it was written: {why}; a full one is made", path.display()));
            None
        }
        Err(error) => return Err(error),
    };
    if let Some(backup) = &parent {
        chain::is_of(backup, subject)?;
        if backup.manifest.pin != public.pin {
            let (to, word) = (wanted.to.display(), subject.daemon.word);
            return Err(BackupError::Refused(format!(
                "{to}: holds backups of another {word}, {}; name a folder of its own",
                backup.manifest.pin
            )));
        }
    }
    if wanted.full {
        parent = None;
    }
    let nth = newest.unwrap_or(0).saturating_add(1);
    let draft = wanted.to.join(chain::draft_name(nth));
    let mut tries = 0;
    loop {
        tries += 1;
        let from = parent.take();
        let work = Work { subject, wanted, key, draft: &draft, nth, notes: &mut notes };
        let made = work.attempt(from.as_ref(), point);
        let _ = fs::remove_dir_all(&draft);
        match made {
            Ok(()) => break,
            Err(Cut::Fault(error)) => return Err(error),
            Err(Cut::Gone) if from.is_none() && tries >= TRIES => {
                let why = "the journal is cut faster than it can be read; run the same command again";
                return Err(BackupError::refused(why));
            }
            Err(Cut::Gone) if from.is_none() => {}
            Err(Cut::Gone) => notes.push(
                "the journal since the last backup is in a checkpoint by now, so a full one was made"
                    .to_owned(),
            ),
            Err(Cut::OtherHistory) if from.is_none() => {
                let why = "the checkpoint is not of this journal; run verify on this data folder";
                return Err(BackupError::refused(why));
            }
            Err(Cut::OtherHistory) => notes.push(
                "the journal is not the one that was backed up last, as after a restore, so a full one \
                 was made"
                    .to_owned(),
            ),
        }
    }
    let backup = chain::one(wanted.to, nth, key)?;
    Ok(Made { backup, notes })
}

struct Work<'a> {
    subject: &'a Subject,
    wanted: &'a Wanted<'a>,
    key: &'a BackupKey,
    draft: &'a Path,
    nth: u64,
    notes: &'a mut Vec<String>,
}

impl Work<'_> {
    /// Writes everything aside and puts it in its place.
    fn attempt(
        mut self,
        parent: Option<&Backup>,
        point: &mut dyn FnMut() -> Result<Point, BackupError>,
    ) -> Result<(), Cut> {
        fs::create_dir(self.draft).map_err(BackupError::io("make", self.draft))?;
        // What is durable is asked first and the files are opened after it, so they reach as far.
        let point = point()?;
        let held = Held::open(&journal_of(self.wanted.data))?;
        let public = (self.subject.public)(self.wanted.data).map_err(BackupError::Refused)?;
        let mut manifest = Manifest {
            nth: self.nth,
            parent: parent.map(|parent| Parent { nth: parent.nth, sha256: parent.sha256 }),
            made_at: self.wanted.now,
            program: self.subject.version.to_owned(),
            kind: *self.subject.journal.0,
            format: self.subject.daemon.folder.version,
            pin: public.pin,
            public: public.keys,
            mark: None,
            begins: At::default(),
            first: None,
            ends: At::default(),
            groups: 0,
            records: 0,
            rows: 0,
            parts: Vec::new(),
            contents: Vec::new(),
            totals: point.totals,
        };
        match parent {
            Some(parent) => manifest.begins = parent.manifest.ends,
            None => self.rows(&held, point.position, &mut manifest)?,
        }
        manifest.mark = held.mark()?;
        self.groups(&held, point.position, &mut manifest)?;
        self.files(parent, &mut manifest)?;
        manifest.write(self.draft, self.key)?;
        chain::sync_folder(self.draft)?;
        let place = self.wanted.to.join(chain::name(self.nth));
        fs::rename(self.draft, &place).map_err(BackupError::io("put in its place", &place))?;
        chain::sync_folder(self.wanted.to)?;
        Ok(())
    }

    /// The rows of the newest checkpoint that can be read and that a group follows.
    fn rows(&mut self, held: &Held, until: u64, manifest: &mut Manifest) -> Result<(), Cut> {
        let positions = held.checkpoints();
        if positions.first().is_some_and(|newest| *newest >= until) {
            // It was made after `until` was told, and is of later.
            return Err(Cut::Gone);
        }
        for position in positions {
            let path = self.draft.join(Part::Rows.file_name());
            let mut sealer = Sealer::create(self.draft, Part::Rows, self.key)?;
            match copy_rows(held, self.subject, position, &mut |key, row| {
                self.check()?;
                write_row(&mut sealer, key, row)
            }) {
                Ok((about, rows)) => {
                    manifest.parts.push(PartFile::of(Part::Rows, sealer.finish()?));
                    (manifest.begins, manifest.rows) = (about.head.into(), rows);
                    return Ok(());
                }
                Err(Unread::Damage(damage)) => {
                    self.notes.push(format!("{damage}; an older checkpoint or the journal stands in"));
                    fs::remove_file(&path).map_err(BackupError::io("remove", &path))?;
                }
                Err(Unread::Backup(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The groups behind the place where the backup begins.
    fn groups(&self, held: &Held, until: u64, manifest: &mut Manifest) -> Result<(), Cut> {
        let begins: Head = manifest.begins.into();
        let mut sealer = Sealer::create(self.draft, Part::Groups, self.key)?;
        let mut taken = Taken { head: begins, ..Taken::default() };
        if until < begins.position || !is_history(held, self.subject, begins)? {
            return Err(Cut::OtherHistory);
        }
        let mut from = begins.position.saturating_add(1);
        while from <= until {
            let mut outcome = Ok(());
            let browsed = browse(held, self.subject.journal, (from, until), &mut |record| {
                outcome = self.check().and_then(|()| taken.take(record, &mut sealer));
                if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            let browsed = browsed.map_err(BackupError::refused)?;
            outcome?;
            if browsed.begins > begins.position.saturating_add(1) || browsed.begins == 0 {
                return Err(Cut::Gone);
            }
            let Some(next) = browsed.next else { break };
            from = next;
        }
        if taken.head.position != until || !taken.open.is_empty() {
            let reached = taken.head.position;
            return Err(BackupError::Refused(format!(
                "the journal could be read up to record {reached} and not to {until}; run verify"
            ))
            .into());
        }
        (manifest.ends, manifest.first) = (taken.head.into(), taken.first);
        (manifest.groups, manifest.records) = (taken.groups, until - begins.position);
        manifest.parts.push(PartFile::of(Part::Groups, sealer.finish()?));
        Ok(())
    }

    /// The files beside the journal; those that an earlier backup of the chain has, only by their names.
    fn files(&self, parent: Option<&Backup>, manifest: &mut Manifest) -> Result<(), BackupError> {
        let known: BTreeSet<(&str, [u8; 32])> = parent
            .into_iter()
            .flat_map(|parent| &parent.manifest.contents)
            .map(|content| (content.name.as_str(), content.sha256))
            .collect();
        let mut sealer = Sealer::create(self.draft, Part::Files, self.key)?;
        for name in (self.subject.files)(self.wanted.data).map_err(BackupError::Refused)? {
            self.check()?;
            let path: PathBuf = self.wanted.data.join(&name);
            if !is_inside(&name) {
                return Err(BackupError::Refused(format!(
                    "{}: cannot be backed up: its name is over {MAX_NAME_BYTES} bytes or leaves the folder",
                    path.display()
                )));
            }
            let read = private_file::read_any(&path, MAX_FILE_BYTES);
            let (bytes, _) = read.map_err(BackupError::io("read", &path))?;
            let sha256 = sha256_of_all(&[&bytes]);
            if !known.contains(&(name.as_str(), sha256)) {
                sealer.write(&(name.len() as u16).to_le_bytes())?;
                sealer.write(name.as_bytes())?;
                sealer.write(&(bytes.len() as u64).to_le_bytes())?;
                sealer.write(&bytes)?;
            }
            manifest.contents.push(Content { name, bytes: bytes.len() as u64, sha256 });
        }
        manifest.parts.push(PartFile::of(Part::Files, sealer.finish()?));
        Ok(())
    }

    fn check<E: From<BackupError>>(&self) -> Result<(), E> {
        match self.wanted.stop {
            Some(stop) if stop.load(Ordering::Relaxed) => Err(BackupError::refused("it was stopped").into()),
            Some(_) | None => Ok(()),
        }
    }
}

/// What was taken out of the journal so far.
#[derive(Default)]
struct Taken {
    head: Head,
    /// The records of the group that has not ended yet.
    open: Vec<Record>,
    groups: u64,
    first: Option<At>,
}

impl Taken {
    fn take(&mut self, record: Record, sealer: &mut Sealer) -> Result<(), Cut> {
        let before = self.open.last().map_or(self.head, Record::head);
        if before.position.checked_add(1) != Some(record.position) {
            return Err(Cut::Gone);
        }
        // A segment is proved from its own beginning; that it goes on from the one before shows here.
        if before.after(record.position, record.time, &record.payload).hash != record.hash {
            return Err(Cut::OtherHistory);
        }
        let ends = record.ends_group.then(|| record.head());
        self.open.push(record);
        if let Some(head) = ends {
            Group::of(std::mem::take(&mut self.open))?.write(sealer)?;
            self.first.get_or_insert(head.into());
            (self.head, self.groups) = (head, self.groups + 1);
        }
        Ok(())
    }
}

/// Whether the journal has this head, as far as its record is still there.
fn is_history(held: &Held, subject: &Subject, head: Head) -> Result<bool, BackupError> {
    let mut same = true;
    let at = (head.position, head.position);
    if head.position > 0 {
        let looked = browse(held, subject.journal, at, &mut |record| {
            same = record.head() == head;
            ControlFlow::Break(())
        });
        looked.map_err(BackupError::refused)?;
    }
    Ok(same)
}

/// Why the rows of a checkpoint could not be copied.
enum Unread {
    Damage(CheckpointDamage),
    Backup(BackupError),
}

fn copy_rows(
    held: &Held,
    subject: &Subject,
    position: u64,
    put: &mut EachRow<'_>,
) -> Result<(About, u64), Unread> {
    let disk: &dyn Disk = held;
    let mut reader = Reader::new(disk, subject.journal, position);
    let mut rows = 0;
    while let Some(stripe) = reader.next().map_err(Unread::Damage)? {
        let mut failed = None;
        let copied = stripe.each_row(|key, row| {
            rows += 1;
            put(key, row).map_err(|error| {
                let why = error.to_string();
                failed = Some(error);
                why
            })
        });
        match (copied, failed) {
            (_, Some(error)) => return Err(Unread::Backup(error)),
            (copied, None) => copied.map_err(Unread::Damage)?,
        }
    }
    let empty =
        || CheckpointDamage { file: format!("checkpoint {position}"), offset: 0, why: "empty".into() };
    reader.about().map(|about| (about, rows)).ok_or_else(|| Unread::Damage(empty()))
}

impl From<BackupError> for Cut {
    fn from(error: BackupError) -> Self {
        Self::Fault(error)
    }
}
