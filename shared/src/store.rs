//! Books kept durable: the journal is the truth, the shelf beside it is what is quickly read.
//!
//! A change is taken into the books, its record waits in the group, and nobody is told of it before
//! the group is on the disk. After any failure the store is good for nothing but being dropped: the
//! books in memory may be ahead of the disk, so the daemon stops and starts again from the disk.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::journal::{self, Disk, Hash, Head, Journal, JournalError, Kind, OpenReport};
use crate::shelf::{Shelf, ShelfDamage, ShelfError};
use crate::time::Timestamp;

/// Where and when a change stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub position: u64,
    pub time: Timestamp,
}

/// State that is made by changes alone, and can be put away row by row.
pub trait Books: Default + Send + 'static {
    type Change: Send + 'static;

    fn encode(change: &Self::Change) -> Vec<u8>;

    /// # Errors
    /// A sentence on why these bytes are not a change.
    fn decode(payload: &[u8]) -> Result<Self::Change, String>;

    /// # Errors
    /// A sentence on why the change cannot follow from the books.
    fn apply(&mut self, change: &Self::Change, stamp: Stamp) -> Result<(), String>;

    /// The keys of the rows that a change writes.
    fn touched(&self, change: &Self::Change) -> Vec<Vec<u8>>;

    /// Called once after the last change of every group of the journal, when the group is durable, and
    /// in replay with the same arguments: the position of its first record, and the journal's head
    /// after its last. Gives the keys of the rows that this writes.
    fn end_group(&mut self, _first: u64, _head: Head) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// A row as it stands; `None` takes it off the shelf.
    fn row(&self, key: &[u8]) -> Option<Vec<u8>>;

    /// # Errors
    /// A sentence on why this is not a row of these books.
    fn load(&mut self, key: &[u8], row: &[u8]) -> Result<(), String>;

    /// Called once after the last [`Books::load`].
    fn loaded(&mut self) {}
}

/// Why a store cannot go on. Every one of them is for the operator.
#[derive(Debug)]
pub enum Fault {
    Journal(JournalError),
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
    /// Why the shelf was made anew, unless it was whole and only brought up to date.
    pub shelf_rebuilt: Option<ShelfDamage>,
    /// How many records the shelf was behind.
    pub caught_up: u64,
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
        if let Some(damage) = self.shelf_rebuilt.as_ref().filter(|_| self.head.position > 0) {
            notes.push(format!(
                "the store was made anew from {} journal records: {damage}",
                self.head.position
            ));
        }
        notes
    }
}

pub struct Store<B: Books> {
    journal: Journal,
    shelf: Arc<Shelf>,
    books: B,
    now: Timestamp,
    waiting: Vec<Vec<u8>>,
    waiting_bytes: usize,
    touched: BTreeSet<Vec<u8>>,
}

impl<B: Books> Store<B> {
    /// Opens journal and shelf in a data folder.
    ///
    /// # Errors
    /// [`Fault`] when the journal is not whole or does not make sense to the books.
    pub fn open(folder: &Path, kind: Kind) -> Result<(Self, Opened), Fault> {
        refuse_loss(folder, kind)?;
        let path = folder.join("journal");
        let disk = journal::FileDisk::open(&path).map_err(|source| Fault::Io {
            what: "open the journal folder",
            path,
            source,
        })?;
        Self::open_on(Box::new(disk), &folder.join("shelf"), kind)
    }

    /// As [`Store::open`], with the journal on a disk of the caller's choice.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(disk: Box<dyn Disk>, shelf: &Path, kind: Kind) -> Result<(Self, Opened), Fault> {
        // The whole chain is proved first; what it holds is needed only behind the shelf's position.
        let mut hashes = vec![Hash::default()];
        let mut records = Vec::new();
        let mut keep = |record: journal::Record| -> Result<(), String> {
            // A shelf stands at the end of a group. One that says otherwise is of another journal, and
            // the books would miss the beginning of a group, so no hash inside one is right for it.
            hashes.push(if record.ends_group { record.hash } else { Hash::default() });
            records.push(record);
            Ok(())
        };
        let (journal, report) = Journal::open(disk, kind, &mut keep).map_err(Fault::Journal)?;
        let known = |position: u64| usize::try_from(position).ok().and_then(|at| hashes.get(at)).copied();
        let mut opened = Opened { journal: report, head: journal.head(), ..Opened::default() };
        let (shelf, mut books) = match from_shelf::<B>(shelf, known) {
            Ok(found) => found,
            // Making it anew would pull it away under whoever uses it.
            Err(ShelfDamage::InUse) => return Err(Fault::InUse(shelf.to_owned())),
            Err(ShelfDamage::Ahead { position }) if is_loss(&opened.journal, opened.head) => {
                return Err(Fault::Lost { position });
            }
            Err(damage) => {
                opened.shelf_rebuilt = Some(damage);
                (Shelf::rebuild(shelf).map_err(Fault::Shelf)?, B::default())
            }
        };
        let mut touched = BTreeSet::new();
        let mut first = shelf.position() + 1;
        let behind = records.into_iter().skip_while(|record| record.position <= shelf.position());
        for record in behind {
            opened.caught_up += 1;
            let change = replay(&mut books, &record)?;
            touched.extend(books.touched(&change));
            touched.extend(end_group(&mut books, &mut first, &record));
        }
        let store = Self {
            journal,
            shelf: Arc::new(shelf),
            books,
            now: Timestamp::default(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            touched,
        };
        store.put_away(store.journal.head())?;
        Ok((Self { touched: BTreeSet::new(), ..store }, opened))
    }

    pub fn books(&self) -> &B {
        &self.books
    }

    /// The rows as of the last finished group, for whoever reads without changing anything.
    pub fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }

    pub fn head(&self) -> Head {
        self.journal.head()
    }

    /// Begins a group: all its changes are of this instant, or just after the last record's.
    pub fn begin(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// How large the open group is, in bytes.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Where the next change will stand.
    pub fn next_stamp(&self) -> Stamp {
        let head = self.journal.head();
        let ahead = self.waiting.len() as u64;
        let first = self.now.max(Timestamp(head.time.0 + 1));
        Stamp { position: head.position + 1 + ahead, time: Timestamp(first.0 + ahead) }
    }

    /// Takes a change into the books; it is durable after [`Store::commit`].
    ///
    /// # Errors
    /// [`Fault::Books`] when the change cannot follow from the books.
    pub fn change(&mut self, change: &B::Change) -> Result<Stamp, Fault> {
        let stamp = self.next_stamp();
        let wrong = |why| Fault::Books { position: stamp.position, why };
        self.books.apply(change, stamp).map_err(wrong)?;
        self.touched.extend(self.books.touched(change));
        let record = B::encode(change);
        self.waiting_bytes += record.len();
        self.waiting.push(record);
        Ok(stamp)
    }

    /// Makes every change since the last call durable: one frame, one sync.
    ///
    /// # Errors
    /// [`Fault`]: nobody knows then what is on the disk, and the store must be dropped.
    pub fn commit(&mut self) -> Result<(), Fault> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let group = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let appended = self.journal.append_group(self.now, &group).map_err(Fault::Journal)?;
        self.touched.extend(self.books.end_group(appended.positions.start, appended.head));
        self.put_away(appended.head)?;
        self.touched.clear();
        Ok(())
    }

    /// Puts the shelf away so that it opens quickly the next time.
    ///
    /// # Errors
    /// [`Fault::Shelf`] when that fails; nothing is lost by it.
    pub fn close(self) -> Result<(), Fault> {
        match Arc::try_unwrap(self.shelf) {
            Ok(shelf) => shelf.close().map_err(Fault::Shelf),
            // Some reader still holds it; the next start finds it unclean and rebuilds it.
            Err(_) => Ok(()),
        }
    }

    fn put_away(&self, head: Head) -> Result<(), Fault> {
        if self.shelf.position() == head.position {
            return Ok(());
        }
        let rows = self.touched.iter().map(|key| (key.clone(), self.books.row(key)));
        self.shelf.apply(&rows.collect::<Vec<_>>(), head).map_err(Fault::Shelf)
    }
}

/// A journal that ends in something unreadable is cut there when it is opened to be written, because
/// a group that nobody was told of may end so. The shelf knows better: it gets only what the journal
/// has on the disk, so when the shelf is ahead, the end that would be cut off was acknowledged.
fn refuse_loss(folder: &Path, kind: Kind) -> Result<(), Fault> {
    let (path, shelf) = (folder.join("journal"), folder.join("shelf"));
    if !path.exists() || !shelf.exists() {
        return Ok(());
    }
    let what = "read the journal folder";
    let disk = journal::FileDisk::read_only(&path).map_err(|source| Fault::Io { what, path, source })?;
    let mut hashes = vec![Hash::default()];
    let mut keep = |record: journal::Record| -> Result<(), String> {
        hashes.push(record.hash);
        Ok(())
    };
    let (head, report) = journal::walk(&disk, kind, &mut keep).map_err(Fault::Journal)?;
    if !is_loss(&report, head) {
        return Ok(());
    }
    let known = |position: u64| usize::try_from(position).ok().and_then(|at| hashes.get(at)).copied();
    match Shelf::open(&shelf, known) {
        Err(ShelfDamage::Ahead { position }) => Err(Fault::Lost { position }),
        // Any other damage is mended from the journal.
        Err(_) => Ok(()),
        Ok(shelf) => shelf.close().map_err(Fault::Shelf),
    }
}

/// Whether a shelf that is ahead proves that the journal has lost its end. A journal that ends
/// cleanly is an older one that somebody put there; the shelf is then made anew from it, and said so.
fn is_loss(journal: &OpenReport, head: Head) -> bool {
    journal.dropped_bytes > 0 || head.position == 0
}

/// Reads a journal without changing anything, each change with the books as they are after it.
///
/// # Errors
/// [`Fault`] at the first record that is damaged or makes no sense to the books.
pub fn walk<B: Books>(
    folder: &Path,
    kind: Kind,
    mut each: impl FnMut(&B::Change, Stamp, &B),
) -> Result<(B, Opened), Fault> {
    let path = folder.join("journal");
    let disk = journal::FileDisk::read_only(&path).map_err(|source| Fault::Io {
        what: "read the journal folder",
        path,
        source,
    })?;
    let mut books = B::default();
    let (mut first, mut wrong) = (1, None);
    let mut see = |record: journal::Record| -> Result<(), String> {
        match replay(&mut books, &record) {
            Ok(change) => each(&change, stamp(&record), &books),
            Err(fault) => {
                let why = fault.to_string();
                wrong = Some(fault);
                return Err(why);
            }
        }
        end_group(&mut books, &mut first, &record);
        Ok(())
    };
    let walked = journal::walk(&disk, kind, &mut see);
    if let Some(fault) = wrong {
        return Err(fault);
    }
    let (head, journal) = walked.map_err(Fault::Journal)?;
    Ok((books, Opened { journal, head, ..Opened::default() }))
}

/// How the shelf of a stopped daemon compares with the books that its journal makes.
///
/// # Errors
/// A sentence on the first difference.
pub fn compare_shelf<B: Books>(folder: &Path, books: &B, head: Head) -> Result<(), String> {
    let known = |position| (position == head.position).then_some(head.hash);
    let shelf = Shelf::open(&folder.join("shelf"), known).map_err(|damage| damage.to_string())?;
    let mut rows = 0_u64;
    for row in shelf.scan_prefix(&[]) {
        let (key, row) = row.map_err(|error| error.to_string())?;
        rows += 1;
        if books.row(&key).as_deref() != Some(row.as_slice()) {
            return Err(format!("row {rows} differs from what the journal says"));
        }
    }
    shelf.close().map_err(|error| error.to_string())
}

fn replay<B: Books>(books: &mut B, record: &journal::Record) -> Result<B::Change, Fault> {
    let wrong = |why| Fault::Books { position: record.position, why };
    let change = B::decode(&record.payload).map_err(wrong)?;
    books.apply(&change, stamp(record)).map_err(wrong)?;
    Ok(change)
}

/// Tells the books when a group is at its end. `first` is where the group began, and then where the
/// next one does; the keys are those of the rows that this writes.
fn end_group<B: Books>(books: &mut B, first: &mut u64, record: &journal::Record) -> Vec<Vec<u8>> {
    if !record.ends_group {
        return Vec::new();
    }
    let began = std::mem::replace(first, record.position + 1);
    books.end_group(began, record.head())
}

fn stamp(record: &journal::Record) -> Stamp {
    Stamp { position: record.position, time: record.time }
}

fn from_shelf<B: Books>(path: &Path, known: impl Fn(u64) -> Option<Hash>) -> Result<(Shelf, B), ShelfDamage> {
    let shelf = Shelf::open(path, known)?;
    let mut books = B::default();
    for row in shelf.scan_prefix(&[]) {
        let (key, row) = row.map_err(|error| ShelfDamage::Unreadable(error.to_string()))?;
        books.load(&key, &row).map_err(ShelfDamage::Unreadable)?;
    }
    books.loaded();
    Ok((shelf, books))
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Journal(error) => error.fmt(f),
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
