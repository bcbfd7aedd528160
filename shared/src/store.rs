//! Books kept durable: the journal is the truth, checkpoints say what stood before it begins, and the
//! shelf beside them is what others read.
//!
//! A change is taken into the books, its record waits in the group, and nobody is told of it before
//! the group is on the disk. After any failure the store is good for nothing but being dropped: the
//! books in memory may be ahead of the disk, so the daemon stops and starts again from the disk.
//!
//! The shelf follows behind on a thread of its own ([`behind`]), and so does what makes checkpoints and
//! deletes the journal that they stand for ([`compact`]); a group waits for neither.

mod audit;
mod behind;
mod compact;
mod copy;
mod cut;
mod fault;
mod keep;
mod keep_file;
mod load;
mod open;

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use crate::journal::{Head, Journal, Layout};
use crate::measure::{Count, Registry};
use crate::shelf::Shelf;
use crate::time::Timestamp;
use behind::Behind;
use compact::Compaction;

pub use audit::{Auditor, Compared, audit, audit_live, compare_shelf, live_bytes, records, walk};
pub use copy::{Copied, Source, Unfit};
pub use fault::{Fault, Opened, Took};
pub use keep::{
    Floors, HoldError, Holder, KEEP_BYTES, KEEP_SECONDS, Keep, MAX_HOLDER_NAME_BYTES, MAX_HOLDERS,
};

/// How long the shelf may take to catch up when a store is closed. What it then still lacks, the next
/// start puts there.
const CLOSING: Duration = Duration::from_secs(5);

/// Where and when a change stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub position: u64,
    pub time: Timestamp,
}

/// Whoever is handed rows, as key and row.
pub type EachRow<'a> = dyn FnMut(&[u8], &[u8]) -> std::io::Result<()> + 'a;

/// State that is made by changes alone, and can be put away row by row.
pub trait Books: Default + Send + 'static {
    type Change: Send + 'static;
    /// What a row on the shelf goes by. Not every row has a place there: the shelf is what others read,
    /// and a checkpoint has them all.
    type Key: Clone + Eq + Hash + Send + 'static;
    /// A row that was read, on its way into the books.
    type Row: Send + 'static;

    /// Appends the bytes of a change.
    fn encode_into(change: &Self::Change, bytes: &mut Vec<u8>);

    fn encode(change: &Self::Change) -> Vec<u8> {
        let mut bytes = Vec::new();
        Self::encode_into(change, &mut bytes);
        bytes
    }

    /// # Errors
    /// A sentence on why these bytes are not a change.
    fn decode(payload: &[u8]) -> Result<Self::Change, String>;

    /// # Errors
    /// A sentence on why the change cannot follow from the books.
    fn apply(&mut self, change: &Self::Change, stamp: Stamp) -> Result<(), String>;

    /// Names what a change counts as, before it is taken in; nothing for most.
    fn tally(&self, _change: &Self::Change, _each: &mut dyn FnMut(Count)) {}

    /// Called once after the last change of every group of the journal, when the group is durable, and
    /// in replay with the same arguments: the position of its first record, and the journal's head
    /// after its last. A checkpoint is of such a moment.
    fn end_group(&mut self, _first: u64, _head: Head) {}

    /// Names the rows of the shelf that a change has written.
    fn touched(&self, change: &Self::Change, each: &mut dyn FnMut(&Self::Key));

    /// Names every row that has its place on the shelf.
    fn shelved(&self, each: &mut dyn FnMut(&Self::Key));

    /// The bytes a row of the shelf goes by.
    fn key(key: &Self::Key) -> Vec<u8>;

    /// A row as it stands; `None` takes it off the shelf.
    fn row(&self, key: &[u8]) -> Option<Vec<u8>>;

    /// Hands over every row there is, as key and row, in no special order.
    ///
    /// # Errors
    /// The first one that `each` gives.
    fn rows(&self, each: &mut EachRow<'_>) -> std::io::Result<()>;

    /// Reads a row, on any thread.
    ///
    /// # Errors
    /// A sentence on why this is not a row of these books.
    fn read_row(key: &[u8], row: &[u8]) -> Result<Self::Row, String>;

    /// Looks at what [`Books::read_row`] leaves for later: a checkpoint is believed only after this was asked
    /// of every row, and from then on it is proved by its hashes.
    ///
    /// # Errors
    /// As [`Books::read_row`].
    fn check_row(_key: &[u8], _row: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// Told how many rows are about to be taken in, so that room for them is made once. Whoever says so may
    /// be mistaken.
    fn expect_rows(&mut self, _rows: usize) {}

    /// Takes a row in.
    ///
    /// # Errors
    /// A sentence on why it does not go with the rows before it.
    fn take_row(&mut self, row: Self::Row) -> Result<(), String>;

    /// # Errors
    /// As [`Books::read_row`] and [`Books::take_row`].
    fn load(&mut self, key: &[u8], row: &[u8]) -> Result<(), String> {
        self.take_row(Self::read_row(key, row)?)
    }
}

/// How a store goes about its files. The default is a daemon's.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub layout: Layout,
    /// A checkpoint is made when so much journal is sealed behind the last one, in bytes, and not less
    /// than a quarter of that one. More would make starts slow, which replay it; less would write the same
    /// rows again and again.
    pub checkpoint_after: u64,
    /// Whether shelf and checkpoints are seen to by the one who commits, in the same order every time,
    /// as a simulator needs it. Otherwise threads of their own do.
    pub in_place: bool,
    /// How long journal that a checkpoint stands for is kept for those who still need it.
    pub keep: Keep,
}

impl Options {
    /// Those of a simulator: the same calls have the same outcome every time.
    pub fn in_place() -> Self {
        Self { layout: Layout::default(), in_place: true, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        let layout = Layout { ahead: true, ..Layout::default() };
        Self { layout, checkpoint_after: compact::CHECKPOINT_AFTER_BYTES, in_place: false, keep: Keep::USUAL }
    }
}

pub struct Store<B: Books> {
    journal: Journal,
    books: B,
    now: Timestamp,
    behind: Behind<B>,
    compaction: Compaction<B>,
    meter: Option<Meter>,
}

/// Counts what changes come to, once they are durable.
struct Meter {
    registry: Registry,
    /// Of the open group.
    waiting: Vec<Count>,
}

impl<B: Books> Store<B> {
    pub fn books(&self) -> &B {
        &self.books
    }

    /// The shelf, for whoever reads without changing anything. It is of a moment ago.
    pub fn shelf(&self) -> Arc<Shelf> {
        self.behind.shelf()
    }

    pub fn head(&self) -> Head {
        self.journal.head()
    }

    /// The position of the newest checkpoint, or 0.
    pub fn checkpoint(&self) -> u64 {
        self.compaction.position()
    }

    /// Who still needs journal that a checkpoint stands for: the handle for those who hold it.
    pub fn floors(&self) -> Floors {
        self.compaction.floors()
    }

    /// Counts from now on what is written and changed here. What the journal has already is not counted, and
    /// neither is what other nodes have decided.
    pub fn measure(&mut self, registry: &Registry) {
        self.journal.measure(registry);
        self.meter = Some(Meter { registry: registry.clone(), waiting: Vec::new() });
    }

    /// Begins a group: all its changes are of this instant, or just after the last record's.
    pub fn begin(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// How large the open group is, in bytes.
    pub fn waiting_bytes(&self) -> usize {
        self.journal.waiting_bytes()
    }

    /// Where the next change will stand.
    pub fn next_stamp(&self) -> Stamp {
        let (position, time) = self.journal.next(self.now);
        Stamp { position, time }
    }

    /// Takes a change into the books; it is durable after [`Store::commit`].
    ///
    /// # Errors
    /// [`Fault::Books`] when the change cannot follow from the books, [`Fault::Journal`] when it is too
    /// large for a record.
    pub fn change(&mut self, change: &B::Change) -> Result<Stamp, Fault> {
        let stamp = self.next_stamp();
        let wrong = |why| Fault::Books { position: stamp.position, why };
        if let Some(Meter { waiting, .. }) = &mut self.meter {
            self.books.tally(change, &mut |count| waiting.push(count));
        }
        self.books.apply(change, stamp).map_err(wrong)?;
        self.behind.note(&self.books, change);
        self.journal.push(self.now, |bytes| B::encode_into(change, bytes)).map_err(Fault::Journal)?;
        Ok(stamp)
    }

    /// Makes every change since the last call durable: one frame, one sync. Without any, it only sees
    /// to what is to be done behind, so it is to be called now and then when nothing else happens.
    ///
    /// # Errors
    /// [`Fault`]: nobody knows then what is on the disk, and the store must be dropped.
    pub fn commit(&mut self) -> Result<(), Fault> {
        if let Some(appended) = self.journal.commit().map_err(Fault::Journal)? {
            self.books.end_group(appended.positions.start, appended.head);
        }
        if let Some(Meter { registry, waiting }) = &mut self.meter {
            waiting.drain(..).for_each(|count| registry.count(count));
        }
        self.turn()
    }

    /// Sees to what is to be done behind.
    fn turn(&mut self) -> Result<(), Fault> {
        self.behind.turn(&self.books, self.journal.head(), self.now).map_err(Fault::Shelf)?;
        let before = self.compaction.position();
        self.compaction.turn(&mut self.journal, self.now);
        if let Some(Meter { registry, .. }) = self.meter.as_ref().filter(|_| self.checkpoint() > before) {
            registry.count(Count::CheckpointsMade);
        }
        Ok(())
    }

    /// Returns once everything that is durable is on the shelf too.
    ///
    /// # Errors
    /// [`Fault::Shelf`] when that fails.
    pub fn catch_up(&mut self) -> Result<(), Fault> {
        self.behind.catch_up(&self.books, self.journal.head(), None).map_err(Fault::Shelf)
    }

    /// Returns once no checkpoint is being made. One that failed is tried again when the journal has
    /// grown by a segment.
    pub fn settle_checkpoint(&mut self) {
        self.compaction.wait(&mut self.journal);
    }

    /// Puts the shelf away so that it opens quickly the next time.
    ///
    /// # Errors
    /// [`Fault::Shelf`] when that fails; nothing is lost by it.
    pub fn close(mut self) -> Result<(), Fault> {
        self.behind.catch_up(&self.books, self.journal.head(), Some(CLOSING)).map_err(Fault::Shelf)?;
        self.shelf().flush().map_err(Fault::Shelf)
    }
}
