//! The file a knock key is kept in: 64 hexadecimal digits that only their owner may read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::KnockKey;
use crate::identity::DERIVED_BYTES;
use crate::{hex, private_file};

/// Largest knock key file that is read, in bytes: the digits, and some white space after them.
const MAX_BYTES: u64 = 128;

impl KnockKey {
    /// The key in a file.
    ///
    /// # Errors
    /// [`KnockKeyError`] when there is none, when others may read it, or when it holds something else.
    pub fn read(path: &Path) -> Result<Self, KnockKeyError> {
        let wrong = |why| KnockKeyError { path: path.to_owned(), why };
        let text = private_file::read(path, MAX_BYTES).map_err(|error| {
            wrong(match error.kind() {
                io::ErrorKind::NotFound => Why::Missing,
                io::ErrorKind::FileTooLarge => Why::Malformed,
                _ => Why::Io(error),
            })
        })?;
        let mut key = Zeroizing::new([0; DERIVED_BYTES]);
        let text = std::str::from_utf8(&text).ok();
        text.and_then(|text| hex::fill(text.trim(), &mut *key)).ok_or_else(|| wrong(Why::Malformed))?;
        Ok(Self(key))
    }

    /// Writes the key into a private file. One that is there already is left alone; when it holds the same
    /// key, that is what was asked for.
    ///
    /// # Errors
    /// [`KnockKeyError`] when the file cannot be written, or is there with something else in it.
    pub fn write(&self, path: &Path) -> Result<(), KnockKeyError> {
        let wrong = |why| KnockKeyError { path: path.to_owned(), why };
        match private_file::create(path, hex::of(&*self.0).as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let there = Self::read(path)?;
                if *there.0 == *self.0 { Ok(()) } else { Err(wrong(Why::Another)) }
            }
            written => written.map_err(|error| wrong(Why::Io(error))),
        }
    }
}

/// A knock key file that cannot be used.
#[derive(Debug)]
pub struct KnockKeyError {
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Missing,
    Malformed,
    Another,
    Io(io::Error),
}

impl fmt::Display for KnockKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Why::Missing => write!(
                f,
                "the knock key {path} is missing; without it the settlement does not answer. On its \
                 machine, `kessai-settlement knock-key PIN --out FILE` makes it, for the pin that knocks"
            ),
            Why::Malformed => write!(f, "the knock key {path} is not 64 hexadecimal digits"),
            Why::Another => {
                write!(f, "{path} is there already and holds another key; remove it, or name another file")
            }
            Why::Io(error) => write!(f, "the knock key {path}: {error}"),
        }
    }
}

impl std::error::Error for KnockKeyError {}
