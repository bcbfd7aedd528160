//! What the settlement shows of its own journal, and what becomes of it when a seller was shown more (F19).
//!
//! Every reply carries a head of the journal that is durable, with a code that only the settlement's key
//! makes. A seller that shows a head which this journal has not reached, or has otherwise, proves that this
//! is an older copy. Without the code a seller could put the settlement out of action by making one up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kessai_shared::identity::Identity;
use kessai_shared::ids::Epoch;
use kessai_shared::journal::Head;
use kessai_shared::settlement::{Witness, WitnessKey};

use crate::ledger::{Books, End};

/// Shows the head of the books to whoever replies. Clones share it.
#[derive(Clone)]
pub struct Witnessing(Arc<Inner>);

struct Inner {
    key: WitnessKey,
    /// Where the journal ended when the books were opened.
    opened: End,
    epoch: AtomicU64,
    shown: Mutex<Witness>,
    /// The newest head that proves these books to be an older copy, while they are one.
    missing: Mutex<Option<Witness>>,
}

/// What a head is that a seller was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// In this journal, or too long ago to be looked up.
    Seen,
    /// Behind the end of this journal.
    Ahead,
    /// This journal has another hash there.
    Another,
    /// Ahead or another, and not signed by the key of this settlement.
    Unproved,
}

impl Witnessing {
    /// For books whose journal ended there when they were opened.
    #[must_use]
    pub fn new(identity: &Identity, opened: Head) -> Self {
        Self::with(WitnessKey::of(identity), opened)
    }

    fn with(key: WitnessKey, opened: Head) -> Self {
        let opened = End { position: opened.position, hash: opened.hash.0 };
        let shown = Mutex::new(key.sign(Epoch::NONE, opened.position, opened.hash));
        Self(Arc::new(Inner { key, opened, epoch: AtomicU64::new(0), shown, missing: Mutex::new(None) }))
    }

    /// What is shown with a reply now.
    #[must_use]
    pub fn shown(&self) -> Witness {
        *lock(&self.0.shown)
    }

    /// The settlement's own epoch from now on.
    pub fn under(&self, epoch: Epoch) {
        self.0.epoch.store(epoch.0, Ordering::Relaxed);
        let mut shown = lock(&self.0.shown);
        *shown = self.0.key.sign(epoch, shown.position, shown.hash);
    }

    /// The last durable group's end.
    #[must_use]
    pub fn end(&self, books: &Books) -> End {
        books.end().unwrap_or(self.0.opened)
    }

    /// Shows the books' last durable group from now on.
    pub(crate) fn show(&self, books: &Books) {
        let end = self.end(books);
        let mut shown = lock(&self.0.shown);
        // A code is made once a group, not once a reply.
        if shown.position < end.position {
            *shown = self.0.key.sign(self.epoch(), end.position, end.hash);
        }
    }

    /// Judges what a seller was shown. What proves these books to be an older copy does so to every other
    /// seller too, until they have caught up.
    pub(crate) fn judge(&self, books: &Books, witnessed: &Witness) -> Judged {
        let mut missing = lock(&self.0.missing);
        let judged = self.compare(books, witnessed);
        if judged != Judged::Seen {
            if !self.0.key.is_ours(witnessed) {
                return Judged::Unproved;
            }
            if missing.is_none_or(|known| witnessed.is_newer_than(&known)) {
                *missing = Some(*witnessed);
            }
            return judged;
        }
        let still = missing.map_or(Judged::Seen, |known| self.compare(books, &known));
        if still == Judged::Seen {
            *missing = None;
        }
        still
    }

    fn compare(&self, books: &Books, witnessed: &Witness) -> Judged {
        let own = self.epoch();
        let end = self.end(books);
        // What was shown under an epoch that an operator gave up by promoting another is given up with it.
        if witnessed.epoch < own {
            return Judged::Seen;
        }
        if witnessed.epoch > own || witnessed.position > end.position {
            return Judged::Ahead;
        }
        let opened = self.0.opened;
        let known = books.hash_at(witnessed.position);
        let known = known.or((opened.position == witnessed.position).then_some(opened.hash));
        match known {
            Some(hash) if hash != witnessed.hash => Judged::Another,
            Some(_) | None => Judged::Seen,
        }
    }

    fn epoch(&self) -> Epoch {
        Epoch(self.0.epoch.load(Ordering::Relaxed))
    }
}

/// For books that no seller is told of, as a command's.
impl Default for Witnessing {
    fn default() -> Self {
        Self::with(WitnessKey::of_nobody(), Head::default())
    }
}

/// Nothing between lock and unlock leaves half a value behind, even if it panics.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
