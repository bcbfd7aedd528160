//! The shelf, brought up to date behind the journal.
//!
//! The keys of the rows that changes have written gather here, each once however often it is written.
//! Now and then a part of them, with the rows as they stand at that moment, goes to a thread that puts
//! them on the shelf. When all keys that had gathered up to some head are through, the shelf stands for
//! that head: each row is as of it or newer, and what is newer is among the keys that gather meanwhile,
//! so a shelf that stops anywhere is brought up to date from the journal behind its position.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Books;
use crate::journal::Head;
use crate::notify;
use crate::shelf::{Shelf, ShelfError};
use crate::time::Timestamp;

/// How often rows are handed over at the most, in microseconds.
const EVERY_MICROS: u64 = 200_000;
/// How many rows are handed over at once: the one writer encodes them, and that is to take a
/// millisecond and not more.
const MOST_ROWS: usize = 1_000;
/// How much longer than the last batch took the thread rests after it, so that the shelf takes at the
/// most a twenty-fifth of a processor from the purchases, however many rows they write.
const RESTS: u32 = 24;

/// Rows to set or remove, and the head that the shelf stands for after them, if all are through.
struct Batch {
    rows: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    newest: u64,
    head: Option<Head>,
}

/// How it went, and how long it took.
type Outcome = (Result<(), ShelfError>, Duration);

pub(super) struct Behind<B: Books> {
    shelf: Arc<Shelf>,
    gathered: HashSet<B::Key>,
    /// The keys that had gathered up to `head` and are not through yet.
    due: Vec<B::Key>,
    head: Head,
    /// When rows were last handed over.
    last: Timestamp,
    worker: Option<Worker>,
}

struct Worker {
    batches: Option<SyncSender<Batch>>,
    done: Receiver<Outcome>,
    busy: bool,
    /// Until when the thread is given nothing, unless somebody waits for it.
    rests: Option<Instant>,
    thread: Option<JoinHandle<()>>,
}

impl<B: Books> Behind<B> {
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn start(shelf: Shelf, gathered: HashSet<B::Key>, in_place: bool) -> std::io::Result<Self> {
        let shelf = Arc::new(shelf);
        let worker = if in_place { None } else { Some(Worker::start(Arc::clone(&shelf))?) };
        let (head, last) = (Head::default(), Timestamp::default());
        Ok(Self { shelf, gathered, due: Vec::new(), head, last, worker })
    }

    pub(super) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }

    pub(super) fn note(&mut self, books: &B, change: &B::Change) {
        let gathered = &mut self.gathered;
        books.touched(change, &mut |key| {
            if !gathered.contains(key) {
                gathered.insert(key.clone());
            }
        });
    }

    /// Hands rows over if it is time to. `head` is the end of the last durable group.
    ///
    /// # Errors
    /// Why an earlier batch failed.
    pub(super) fn turn(&mut self, books: &B, head: Head, now: Timestamp) -> Result<(), ShelfError> {
        let due = Timestamp(self.last.0.saturating_add(EVERY_MICROS));
        // A clock that was set back must not keep the shelf from being seen to.
        if now < due && now >= self.last {
            return Ok(());
        }
        if self.is_busy()? || self.is_through(head) {
            return Ok(());
        }
        self.last = now;
        self.hand_over(books, head)
    }

    /// Hands over all there is, and waits until it is on the shelf, or the time is over.
    ///
    /// # Errors
    /// Why that fails.
    pub(super) fn catch_up(
        &mut self,
        books: &B,
        head: Head,
        patience: Option<Duration>,
    ) -> Result<(), ShelfError> {
        let start = Instant::now();
        self.wait()?;
        while !self.is_through(head) && patience.is_none_or(|patience| start.elapsed() < patience) {
            self.hand_over(books, head)?;
            self.wait()?;
            notify::step();
        }
        Ok(())
    }

    fn is_through(&self, head: Head) -> bool {
        self.due.is_empty() && self.shelf.position() == head.position
    }

    fn hand_over(&mut self, books: &B, head: Head) -> Result<(), ShelfError> {
        if self.due.is_empty() {
            self.due.extend(self.gathered.drain());
            self.head = head;
        }
        let rest = self.due.len().saturating_sub(MOST_ROWS);
        let rows = self.due.drain(rest..).map(|key| {
            let key = B::key(&key);
            let row = books.row(&key);
            (key, row)
        });
        let rows = rows.collect();
        let head_after = (rest == 0).then_some(self.head);
        let batch = Batch { rows, newest: head.position, head: head_after };
        match &mut self.worker {
            Some(worker) => worker.give(batch),
            None => self.shelf.put(&batch.rows, batch.newest, batch.head),
        }
    }

    fn is_busy(&mut self) -> Result<bool, ShelfError> {
        self.worker.as_mut().map_or(Ok(false), Worker::is_busy_or_rests)
    }

    fn wait(&mut self) -> Result<(), ShelfError> {
        self.worker.as_mut().map_or(Ok(()), Worker::wait)
    }
}

impl Worker {
    fn start(shelf: Arc<Shelf>) -> std::io::Result<Self> {
        let (batches, waiting) = sync_channel::<Batch>(1);
        let (tell, done) = sync_channel(1);
        let thread = std::thread::Builder::new().name("shelf".into()).spawn(move || {
            while let Ok(batch) = waiting.recv() {
                let start = Instant::now();
                let outcome = shelf.put(&batch.rows, batch.newest, batch.head);
                if tell.send((outcome, start.elapsed())).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { batches: Some(batches), done, busy: false, rests: None, thread: Some(thread) })
    }

    fn give(&mut self, batch: Batch) -> Result<(), ShelfError> {
        let sent = self.batches.as_ref().map(|batches| batches.send(batch));
        self.busy = true;
        if matches!(sent, Some(Ok(()))) { Ok(()) } else { Err(ShelfError::Broken) }
    }

    fn is_busy_or_rests(&mut self) -> Result<bool, ShelfError> {
        if self.busy {
            match self.done.try_recv() {
                Ok(outcome) => self.note(outcome)?,
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Err(ShelfError::Broken),
            }
        }
        Ok(self.busy || self.rests.is_some_and(|until| Instant::now() < until))
    }

    fn wait(&mut self) -> Result<(), ShelfError> {
        if !self.busy {
            return Ok(());
        }
        let outcome = self.done.recv().map_err(|_| ShelfError::Broken)?;
        self.note(outcome)
    }

    fn note(&mut self, (outcome, took): Outcome) -> Result<(), ShelfError> {
        self.busy = false;
        self.rests = Instant::now().checked_add(took * RESTS);
        outcome
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.batches = None;
        // The thread holds the shelf, and whoever opens it next expects to get it.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
