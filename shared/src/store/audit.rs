//! Reads a store without changing anything, for those who count it again.

use std::path::Path;

use super::load::{Base, Depth, replay};
use super::{Books, Fault, Opened, Stamp};
use crate::checkpoint;
use crate::journal::{self, Disk, FileDisk, Head, Kind, Record, Start};
use crate::shelf::{Shelf, ShelfDamage};

/// How often an audit is begun again because a checkpoint was made meanwhile. One takes longer to be made
/// than to be read.
const AUDIT_TRIES: u32 = 4;

/// Whoever counts again what the books say.
pub trait Auditor<B: Books> {
    /// The books as they were loaded from a checkpoint, if there is one, before the first change.
    fn begin(&mut self, _books: &B, _head: Head) {}

    /// One change, with the books as they are after it.
    fn see(&mut self, change: &B::Change, stamp: Stamp, books: &B);
}

impl<B: Books, F: FnMut(&B::Change, Stamp, &B)> Auditor<B> for F {
    fn see(&mut self, change: &B::Change, stamp: Stamp, books: &B) {
        self(change, stamp, books);
    }
}

/// Reads checkpoint and journal without changing anything, each change with the books as they are
/// after it.
///
/// # Errors
/// [`Fault`] at the first record that is damaged or makes no sense to the books.
pub fn walk<B: Books>(
    folder: &Path,
    kind: Kind,
    mut each: impl FnMut(&B::Change, Stamp, &B),
) -> Result<(B, Opened), Fault> {
    audit(folder, kind, &mut each)
}

/// As [`walk`], for one who has to know where the books begin.
///
/// # Errors
/// As [`walk`].
pub fn audit<B: Books>(
    folder: &Path,
    kind: Kind,
    auditor: &mut dyn Auditor<B>,
) -> Result<(B, Opened), Fault> {
    let path = folder.join("journal");
    let what = "read the journal folder";
    let disk = FileDisk::read_only(&path).map_err(|source| Fault::Io { what, path, source })?;
    let mut base = Base::<B>::newest(&disk, kind, Depth::Whole)?;
    if base.position() > 0 {
        auditor.begin(&base.books, base.start.head);
    }
    let mut first = base.position() + 1;
    let books = &mut base.books;
    let found = replay::<B>(&disk, kind, base.start, |step| {
        let position = step.stamp.position;
        let wrong = |why| Fault::Books { position, why };
        books.apply(&step.change, step.stamp).map_err(wrong)?;
        auditor.see(&step.change, step.stamp, books);
        if let Some(head) = step.ends {
            books.end_group(std::mem::replace(&mut first, position + 1), head);
        }
        Ok(())
    })?;
    if let Some(damage) = base.short_of(found.head()) {
        return Err(Fault::Checkpoint(damage.clone()));
    }
    let opened = Opened {
        journal: found.report().clone(),
        head: found.head(),
        checkpoint: base.position(),
        mended: base.mends.len() as u64,
        passed_over: base.passed_over,
        ..Opened::default()
    };
    Ok((base.books, opened))
}

/// As [`audit`], by an auditor of its own, beside a daemon that may be running: when a checkpoint is
/// made meanwhile, which takes files away that were about to be read, it begins again.
///
/// # Errors
/// As [`audit`].
pub fn audit_live<B: Books, A: Auditor<B> + Default>(
    folder: &Path,
    kind: Kind,
) -> Result<(B, Opened, A), Fault> {
    let newest = || {
        let disk = FileDisk::read_only(&folder.join("journal"));
        let names = disk.and_then(|disk| disk.list()).unwrap_or_default();
        checkpoint::positions(&names).first().copied()
    };
    let mut tries = 0;
    loop {
        let (before, mut auditor) = (newest(), A::default());
        tries += 1;
        match audit::<B>(folder, kind, &mut auditor) {
            Ok((books, opened)) => return Ok((books, opened, auditor)),
            Err(_) if tries < AUDIT_TRIES && newest() != before => {}
            Err(fault) => return Err(fault),
        }
    }
}

/// Hands over the records of a journal that are still there as records, proved, without any books: all,
/// or those behind the newest checkpoint. Gives where they begin.
///
/// # Errors
/// [`Fault`] when the files cannot be read or the chain is broken.
pub fn records(folder: &Path, kind: Kind, mut each: impl FnMut(Record)) -> Result<Head, Fault> {
    let path = folder.join("journal");
    let reading = |path| move |source| Fault::Io { what: "read the journal folder", path, source };
    let disk = FileDisk::read_only(&path).map_err(reading(path.clone()))?;
    let newest =
        checkpoint::positions(&disk.list().map_err(reading(path))?).into_iter().find_map(|position| {
            let mut reader = checkpoint::Reader::new(&disk, kind, position);
            reader.next().ok()?;
            reader.about()
        });
    let start = newest.map_or_else(Start::default, |about| Start {
        head: about.head,
        mark: Some(about.mark),
        until: None,
    });
    let mut each = |record| -> Result<(), String> {
        each(record);
        Ok(())
    };
    journal::prove(&disk, kind, start, &mut each).map_err(Fault::Journal)?;
    Ok(start.head)
}

/// How many bytes the rows of the books have: what is left of a journal when nothing is said twice.
pub fn live_bytes<B: Books>(books: &B) -> u64 {
    let mut bytes = 0;
    let mut add = |key: &[u8], row: &[u8]| {
        bytes += (key.len() + row.len()) as u64;
        Ok(())
    };
    // Adding never fails.
    let _ = books.rows(&mut add);
    bytes
}

/// How a shelf stands to the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Every row of it is as the books have it.
    Same,
    /// It is of an earlier group, because the daemon was killed or closed in a hurry. The next start
    /// brings it up to date.
    Behind { position: u64 },
}

/// How the shelf of a stopped daemon compares with the books that its journal makes.
///
/// # Errors
/// A sentence on the first difference.
pub fn compare_shelf<B: Books>(folder: &Path, books: &B, head: Head) -> Result<Compared, String> {
    let shelf = Shelf::open_anywhere(&folder.join("shelf")).map_err(|damage| damage.to_string())?;
    let (position, newest) = (shelf.position(), shelf.newest());
    // Rows may be newer than its position; the journal had reached those records then.
    if newest > head.position {
        return Err(ShelfDamage::Ahead { position: newest }.to_string());
    }
    if position < head.position {
        return Ok(Compared::Behind { position });
    }
    if shelf.hash() != head.hash {
        return Err(ShelfDamage::OtherHistory { position }.to_string());
    }
    let mut rows = 0_u64;
    for row in shelf.scan_prefix(&[]) {
        let (key, row) = row.map_err(|error| error.to_string())?;
        rows += 1;
        if books.row(&key).as_deref() != Some(row.as_slice()) {
            return Err(format!("row {rows} differs from what the journal says"));
        }
    }
    let mut there = 0_u64;
    books.shelved(&mut |_| there += 1);
    if there != rows {
        return Err(format!("there are {rows} rows, and {there} in the books"));
    }
    shelf.close().map_err(|error| error.to_string())?;
    Ok(Compared::Same)
}
