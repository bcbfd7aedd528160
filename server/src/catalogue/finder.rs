//! Who searches next. A search of a large shop takes all processors for a moment, so one is carried out at a
//! time, on threads that stand behind those that carry purchases.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kessai_shared::storefront::Search;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::entries::Entries;
use super::find::{Base, find};
use super::kept::Kept;
use super::wanted::Wanted;

/// A shop of so many products is gone through where the request is answered, which takes less than a
/// millisecond.
const AT_ONCE_ROWS: u32 = 4_096;
/// Most searches that may wait for their turn.
const MAX_WAITING: usize = 256;
/// How long one may wait for it.
const TURN_WAIT: Duration = Duration::from_secs(2);

/// What a search found, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A part of the catalogue as it stands.
    Rows(Range<u32>),
    Listed(Arc<[u32]>),
}

/// Too many search at once; the same search may be carried out later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

pub struct Finder {
    entries: Arc<Entries>,
    kept: Arc<Mutex<Kept>>,
    turn: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Finder {
    pub fn new(entries: Arc<Entries>) -> Self {
        Self {
            entries,
            kept: Arc::default(),
            turn: Arc::new(Semaphore::new(1)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// # Errors
    /// [`Busy`] when others wait for their turn and it takes too long.
    pub async fn find(&self, search: &Search) -> Result<Found, Busy> {
        let Some(wanted) = Wanted::of(search, &self.entries) else { return Ok(Found::Rows(0..0)) };
        if wanted.is_plain() {
            return Ok(Found::Rows(wanted.rows));
        }
        if let Some(rows) = self.known(&wanted) {
            return Ok(rows);
        }
        if wanted.rows.len() <= AT_ONCE_ROWS as usize {
            return Ok(Found::Listed(carry_out(&self.entries, &self.kept, wanted)));
        }
        let _waiting = Waiting::among(&self.waiting)?;
        let turn = timeout(TURN_WAIT, Arc::clone(&self.turn).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Busy) };
        // Whoever was before may have wanted the same.
        if let Some(rows) = self.known(&wanted) {
            return Ok(rows);
        }
        let (entries, kept) = (Arc::clone(&self.entries), Arc::clone(&self.kept));
        let search = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            carry_out(&entries, &kept, wanted)
        });
        search.await.map(Found::Listed).map_err(|_| Busy)
    }

    fn known(&self, wanted: &Wanted) -> Option<Found> {
        lock(&self.kept).get(wanted, Instant::now()).map(Found::Listed)
    }
}

fn carry_out(entries: &Entries, kept: &Mutex<Kept>, wanted: Wanted) -> Arc<[u32]> {
    let made = Instant::now();
    let wider = lock(kept).wider(&wanted);
    let base = wider.as_ref().map(|(rows, same_words)| Base { rows, same_words: *same_words });
    let rows: Arc<[u32]> = find(entries, &wanted, base.as_ref()).into();
    lock(kept).put(wanted, Arc::clone(&rows), made);
    rows
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // Nothing in there panics between two halves of a change.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One who waits for his turn, until he does not any more.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(waiting: &'a AtomicUsize) -> Result<Self, Busy> {
        let waits = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING { Err(Busy) } else { Ok(waits) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Found {
    /// How many products it has.
    pub fn total(&self) -> u32 {
        match self {
            Found::Rows(rows) => rows.len() as u32,
            Found::Listed(rows) => rows.len() as u32,
        }
    }

    /// At most `limit` rows, from the one at `from` on.
    pub fn page(&self, from: u32, limit: usize) -> Vec<u32> {
        match self {
            Found::Rows(rows) => (rows.start.saturating_add(from)..rows.end).take(limit).collect(),
            Found::Listed(rows) => rows.iter().skip(from as usize).take(limit).copied().collect(),
        }
    }
}
