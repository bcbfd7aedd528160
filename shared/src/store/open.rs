//! Opens a store: the checkpoint, the journal behind it, and the shelf, each read once.

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use super::behind::Behind;
use super::compact::Compaction;
use super::cut;
use super::keep::Floors;
use super::load::{self, Base, Depth};
use super::{Books, Fault, Keep, Opened, Options, Store, Took};
use crate::checkpoint::file_name;
use crate::journal::{Disk, FileDisk, Found, Hash, Head, Journal, JournalError, Kind, OpenReport, segments};
use crate::shelf::{Shelf, ShelfDamage};
use crate::time::Timestamp;

impl<B: Books> Store<B> {
    /// Opens journal and shelf in a data folder.
    ///
    /// # Errors
    /// [`Fault`] when the journal is not whole or does not make sense to the books.
    pub fn open(folder: &Path, kind: Kind) -> Result<(Self, Opened), Fault> {
        Self::open_with(folder, kind, Options::default())
    }

    /// As [`Store::open`], in another manner.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(folder: &Path, kind: Kind, options: Options) -> Result<(Self, Opened), Fault> {
        let path = folder.join("journal");
        let what = "open the journal folder";
        let disk = FileDisk::open(&path).map_err(|source| Fault::Io { what, path, source })?;
        Self::open_on_with(Box::new(disk), &folder.join("shelf"), kind, options)
    }

    /// As [`Store::open`], with the journal on a disk of the caller's choice, and in place, so that the
    /// same calls have the same outcome every time.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(disk: Box<dyn Disk>, shelf: &Path, kind: Kind) -> Result<(Self, Opened), Fault> {
        Self::open_on_with(disk, shelf, kind, Options::in_place())
    }

    /// As [`Store::open_on`], in another manner.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on_with(
        mut disk: Box<dyn Disk>,
        shelf_path: &Path,
        kind: Kind,
        options: Options,
    ) -> Result<(Self, Opened), Fault> {
        // Most of a shelf's proof is waiting for sled, so it goes on beside the loading.
        let (base, (shelf, shelf_took)) = std::thread::scope(|scope| {
            let shelf = scope.spawn(|| {
                let start = Instant::now();
                let shelf = Shelf::open_anywhere(shelf_path);
                (shelf, start.elapsed())
            });
            let base = Base::<B>::newest(disk.as_ref(), kind, Depth::Proved);
            (base, shelf.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        if matches!(shelf, Err(ShelfDamage::InUse)) {
            // Making it anew would pull it away under whoever uses it.
            return Err(Fault::InUse(shelf_path.to_owned()));
        }
        let mut base = base?;
        let mut replayed = Replayed::of(&base, shelf.as_ref().map_or(0, Shelf::position));
        let start = Instant::now();
        let found = replayed.run(disk.as_ref(), kind, &mut base)?;
        let took = Took { replay: start.elapsed(), shelf: shelf_took, ..base.took };
        let (head, journal_report) = (found.head(), found.report().clone());
        let shelf = shelf.and_then(|shelf| placed(shelf, &replayed, base.position(), head));
        if let Err(ShelfDamage::Ahead { position }) = shelf
            && is_loss(&journal_report, head)
        {
            // Nothing was changed yet: what was acknowledged may still be got back from the files.
            return Err(Fault::Lost { position });
        }
        let mut opened = Opened {
            journal: journal_report,
            head,
            checkpoint: base.position(),
            passed_over: std::mem::take(&mut base.passed_over),
            mended: base.mends.len() as u64,
            took,
            ..Opened::default()
        };
        mend(disk.as_mut(), &base)?;
        let (journal, _) = Journal::resume(disk, kind, options.layout, found).map_err(Fault::Journal)?;
        let floors = floors(&journal, base.start.head, options.keep)?;
        let shelf = match shelf {
            Ok(shelf) => shelf,
            Err(damage) => {
                opened.shelf_rebuilt = Some(damage);
                replayed.touched.clear();
                base.books.shelved(&mut |key| {
                    replayed.touched.insert(key.clone());
                });
                Shelf::rebuild(shelf_path).map_err(Fault::Shelf)?
            }
        };
        opened.caught_up = head.position - shelf.position();
        let io = |source| Fault::Io { what: "start a thread beside", path: shelf_path.to_owned(), source };
        let behind = Behind::start(shelf, replayed.touched, options.in_place).map_err(io)?;
        let compaction = Compaction::new(kind, &options, (base.start.head, base.bytes), floors);
        let mut store =
            Self { journal, books: base.books, now: Timestamp::default(), behind, compaction, meter: None };
        if options.in_place {
            store.catch_up()?;
        }
        Ok((store, opened))
    }
}

/// What the journal behind the checkpoint has shown.
struct Replayed<B: Books> {
    /// Where the shelf stands, and the hash that the journal has there.
    shelf: u64,
    hash: Option<Hash>,
    /// The rows of the shelf that were written after that.
    touched: HashSet<B::Key>,
}

impl<B: Books> Replayed<B> {
    fn of(base: &Base<B>, shelf: u64) -> Self {
        let hash = (shelf == base.position()).then_some(base.start.head.hash);
        Self { shelf, hash, touched: HashSet::new() }
    }

    fn run(&mut self, disk: &dyn Disk, kind: Kind, base: &mut Base<B>) -> Result<Found, Fault> {
        let mut first = base.position() + 1;
        let found = load::replay::<B>(disk, kind, base.start, |step| {
            let position = step.stamp.position;
            let wrong = |why| Fault::Books { position, why };
            base.books.apply(&step.change, step.stamp).map_err(wrong)?;
            if position > self.shelf {
                let touched = &mut self.touched;
                base.books.touched(&step.change, &mut |key| {
                    touched.insert(key.clone());
                });
            }
            if let Some(head) = step.ends {
                base.books.end_group(std::mem::replace(&mut first, position + 1), head);
                // A shelf stands at the end of a group. One that says otherwise is of another journal.
                if position == self.shelf {
                    self.hash = Some(head.hash);
                }
            }
            Ok(())
        });
        // That the journal does not begin at its beginning is what a lost checkpoint looks like.
        match (found, base.passed_over.first()) {
            (Err(Fault::Journal(JournalError::Damaged { .. })), Some(damage)) if base.position() == 0 => {
                Err(Fault::Checkpoint(damage.clone()))
            }
            (Ok(found), _) => match base.short_of(found.head()) {
                Some(damage) => Err(Fault::Checkpoint(damage.clone())),
                None => Ok(found),
            },
            (found, _) => found,
        }
    }
}

/// Holds a proved shelf against the journal.
fn placed<B: Books>(
    shelf: Shelf,
    replayed: &Replayed<B>,
    base: u64,
    head: Head,
) -> Result<Shelf, ShelfDamage> {
    let position = shelf.position();
    if shelf.newest() > head.position {
        return Err(ShelfDamage::Ahead { position: shelf.newest() });
    }
    if position < base {
        return Err(ShelfDamage::Older { position });
    }
    if replayed.hash != Some(shelf.hash()) {
        return Err(ShelfDamage::OtherHistory { position });
    }
    Ok(shelf)
}

/// Whether a shelf that is ahead proves that the journal has lost its end. A journal that ends
/// cleanly is an older one that somebody put there; the shelf is then made anew from it, and said so.
fn is_loss(journal: &OpenReport, head: Head) -> bool {
    journal.dropped_bytes > 0 || head.position == 0
}

/// Who still needs the journal before the checkpoint, and what of it can be theirs; the rest goes.
pub(super) fn floors(journal: &Journal, checkpoint: Head, keep: Keep) -> Result<Floors, Fault> {
    let mut disk = journal.disk();
    let listing = |error| Fault::Journal(JournalError::io("listing", "the journal", error));
    let first = segments(&disk.list().map_err(listing)?).first().map(|(first, _)| *first);
    let begins = first.unwrap_or(checkpoint.position + 1).max(1);
    let reading = |error| Fault::Journal(JournalError::io("reading", "the list of floors", error));
    let floors = Floors::open(journal.disk(), keep, begins).map_err(reading)?;
    cut::clear_away(disk.as_mut(), checkpoint.position, &floors);
    Ok(floors)
}

/// Writes what was bad of the checkpoint anew.
fn mend<B>(disk: &mut dyn Disk, base: &Base<B>) -> Result<(), Fault> {
    if base.mends.is_empty() {
        return Ok(());
    }
    let name = file_name(base.start.head.position);
    let written = base.mends.iter().try_for_each(|(at, bytes)| disk.write_at(&name, *at, bytes));
    let synced = written.and_then(|()| disk.sync(&name));
    synced.map_err(|error| Fault::Journal(JournalError::io("mending", &name, error)))
}
