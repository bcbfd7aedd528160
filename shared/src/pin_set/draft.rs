//! A change of a list of keys that several programs may change: one at a time, and written beside the list
//! before anybody relies on it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::PinSetError;
use crate::private_file;

/// How long another program may take to change a list in the same folder.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether it is done.
const AGAIN: Duration = Duration::from_millis(10);

/// The turn to change lists in a folder, of all programs.
#[derive(Debug)]
pub struct Turn {
    list: PathBuf,
    /// The folder itself, locked: a file of its own would have to be somebody's.
    _lock: File,
}

/// A list as it is to be, written and on the disk beside the one that is there. Dropped, it changes nothing.
#[derive(Debug)]
pub struct Draft {
    turn: Turn,
    /// None when the list is so already.
    draft: Option<private_file::Draft>,
}

impl Turn {
    /// Waits for the turn to change this list. It blocks.
    ///
    /// # Errors
    /// [`PinSetError::Unwritable`] when the folder cannot be locked, or another program does not let go of it.
    pub fn of(list: &Path) -> Result<Self, PinSetError> {
        let unwritable = |error| PinSetError::Unwritable(list.to_path_buf(), error);
        // Where a link leads to the list, it is changed where it lies.
        let file = fs::canonicalize(list).unwrap_or_else(|_| list.to_owned());
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let lock = File::open(folder.unwrap_or(Path::new("."))).map_err(unwritable)?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Self { list: list.to_owned(), _lock: lock }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => sleep(AGAIN),
                Err(TryLockError::WouldBlock) => {
                    let why = "another program has been changing the lists here for too long; try again";
                    return Err(unwritable(io::Error::other(why)));
                }
                Err(TryLockError::Error(error)) => return Err(unwritable(error)),
            }
        }
    }

    /// Writes down what the list is to be.
    ///
    /// # Errors
    /// [`PinSetError::Unwritable`]; the list is as it was.
    pub fn draft(self, text: &str) -> Result<Draft, PinSetError> {
        let draft = private_file::draft(&self.list, text.as_bytes());
        let draft = draft.map_err(|error| PinSetError::Unwritable(self.list.clone(), error))?;
        Ok(Draft { turn: self, draft: Some(draft) })
    }

    /// Nothing is to be changed.
    pub fn leave(self) -> Draft {
        Draft { turn: self, draft: None }
    }
}

impl Draft {
    /// Puts it in the place of the list; `false` when that was so already.
    ///
    /// # Errors
    /// [`PinSetError::Unwritable`]; the list is as it was.
    pub fn put(self) -> Result<bool, PinSetError> {
        let Self { turn, draft } = self;
        let Some(draft) = draft else { return Ok(false) };
        draft.put().map_err(|error| PinSetError::Unwritable(turn.list.clone(), error))?;
        Ok(true)
    }
}
