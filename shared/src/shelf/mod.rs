//! A view of the journal on disk that may be thrown away at any time.
//!
//! The shelf is a sled database. sled does not promise that anything is durable, and some damage
//! makes it lose rows without a word, so a shelf is believed only after it was proved: each row
//! carries a checksum, and one row says how many there are, what they all add up to and which
//! place of the journal they stand for. All of that changes in one batch. A shelf that proves to
//! be an older state of itself is good as well: the caller applies what the journal has on top.
//! Anything else is a [`ShelfDamage`], and the caller fills a fresh one from [`Shelf::rebuild`].

mod error;
mod meta;
mod open;
mod quiet;
mod rows;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sled::{Batch, Db};

use crate::journal::{Hash, Head};
use meta::{META_KEY, Meta, row_key, row_value};
use quiet::guarded;

pub use error::{ShelfDamage, ShelfError};
pub use rows::Rows;

/// How much memory sled may use for pages it has read, in bytes.
pub const CACHE_BYTES: u64 = 64 << 20;

/// An open, proved shelf.
pub struct Shelf {
    /// Always there until the shelf is dropped.
    db: Option<Db>,
    /// What sled holds; the lock is what lets one change in at a time.
    meta: Mutex<Meta>,
    /// Whether a change failed half-way, so that sled may hold something else than `meta` says.
    broken: AtomicBool,
}

impl Shelf {
    /// The position of the journal that the rows stand for.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.meta().head.position
    }

    /// The newest position of the journal that a row may be of: the shelf's own, or a later one when
    /// somebody stopped between two parts of what was to be put there.
    #[must_use]
    pub fn newest(&self) -> u64 {
        let meta = self.meta();
        meta.newest.max(meta.head.position)
    }

    /// The hash of the journal at the position that the rows stand for.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.meta().head.hash
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.meta().rows
    }

    /// Sets and removes rows and moves on to `head`, all at once. When a key comes twice, the
    /// later one counts.
    ///
    /// # Errors
    /// `Behind` when `head` is not after the present position, `Row` when a row to be replaced is
    /// bad, `Sled` when sled fails, `Broken` after such a failure.
    pub fn apply(&self, puts: &[(Vec<u8>, Option<Vec<u8>>)], head: Head) -> Result<(), ShelfError> {
        self.put(puts, head.position, Some(head))
    }

    /// As [`Shelf::apply`], but without a `head` the shelf goes on standing for the position that it
    /// stood for, with some rows that are newer: up to the position `newest`.
    ///
    /// # Errors
    /// As [`Shelf::apply`].
    pub fn put(
        &self,
        puts: &[(Vec<u8>, Option<Vec<u8>>)],
        newest: u64,
        head: Option<Head>,
    ) -> Result<(), ShelfError> {
        let mut current = self.meta();
        let db = self.db()?;
        let position = current.head.position;
        if head.is_some_and(|head| head.position <= position) {
            return Err(ShelfError::Behind { position });
        }
        let head = head.unwrap_or(current.head);
        let mut meta = Meta { head, newest: newest.max(current.newest), ..*current };
        let mut batch = Batch::default();
        let last_puts: BTreeMap<_, _> = puts.iter().map(|(key, value)| (key, value)).collect();
        for (key, value) in last_puts {
            if let Some(old) = self.get(key)? {
                meta.forget(key, &old);
            }
            match value {
                Some(value) => {
                    meta.count(key, value);
                    batch.insert(row_key(key), row_value(key, value));
                }
                None => batch.remove(row_key(key)),
            }
        }
        batch.insert(META_KEY, meta.encode());
        let outcome = guarded(|| db.apply_batch(batch));
        if !matches!(outcome, Ok(Ok(()))) {
            self.broken.store(true, Ordering::SeqCst);
        }
        outcome??;
        *current = meta;
        Ok(())
    }

    /// The value of a row.
    ///
    /// # Errors
    /// `Row` when the row is bad, `Sled` when sled fails, `Broken` after a failed change.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ShelfError> {
        let db = self.db()?;
        let Some(stored) = guarded(|| db.get(row_key(key)))?? else {
            return Ok(None);
        };
        meta::read_value(key, &stored).map(Some)
    }

    /// The rows whose keys start with `prefix`, in the order of their keys; `rev()` turns it round.
    #[must_use]
    pub fn scan_prefix(&self, prefix: &[u8]) -> Rows {
        Rows::new(self.db().map(|db| db.scan_prefix(row_key(prefix))))
    }

    /// The rows from `key` on, in the order of their keys; `rev()` starts at the last row.
    #[must_use]
    pub fn scan_from(&self, key: &[u8]) -> Rows {
        Rows::new(self.db().map(|db| db.range(row_key(key)..)))
    }

    /// The rows before `key`, in the order of their keys; `rev()` starts right before `key`.
    #[must_use]
    pub fn scan_before(&self, key: &[u8]) -> Rows {
        Rows::new(self.db().map(|db| db.range(row_key(&[])..row_key(key))))
    }

    fn db(&self) -> Result<&Db, ShelfError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(ShelfError::Broken);
        }
        self.db.as_ref().ok_or(ShelfError::Broken)
    }

    fn meta(&self) -> MutexGuard<'_, Meta> {
        // It is replaced as a whole, so a panic elsewhere does not spoil it.
        self.meta.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf")
            .field("meta", &*self.meta())
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}
