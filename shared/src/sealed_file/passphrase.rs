//! What opens a sealed file. It is wiped when dropped and has no `Debug`.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{SealedFileError, SealedFileFault};
use crate::private_file;

/// Longest passphrase, in bytes.
pub const MAX_PASSPHRASE_BYTES: usize = 1024;

/// A passphrase of 1 to [`MAX_PASSPHRASE_BYTES`] bytes.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

/// Why there is no passphrase. It never repeats the text.
#[derive(Debug)]
pub enum PassphraseError {
    Empty,
    TooLong,
    /// The first line of the file is not UTF-8.
    NotText(PathBuf),
    /// The first line of the file is empty or too long.
    BadLine(PathBuf, Box<PassphraseError>),
    File(SealedFileError),
}

impl Passphrase {
    /// # Errors
    /// [`PassphraseError::Empty`] or [`PassphraseError::TooLong`].
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        match text.len() {
            0 => Err(PassphraseError::Empty),
            1..=MAX_PASSPHRASE_BYTES => Ok(Self(text.to_owned())),
            _ => Err(PassphraseError::TooLong),
        }
    }

    /// The first line of a file, which nobody but its owner may read.
    ///
    /// # Errors
    /// [`PassphraseError`] when there is none, or the file cannot be read or is open to others.
    pub fn from_file(path: &Path) -> Result<Self, PassphraseError> {
        let fault = |fault| PassphraseError::File(SealedFileError::at(path)(fault));
        let (file, exposed) = private_file::open(path).map_err(|e| fault(SealedFileFault::of_reading(e)))?;
        if exposed {
            return Err(fault(SealedFileFault::Exposed));
        }
        // One byte more than the longest line and its end shows that a line is too long.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PASSPHRASE_BYTES + 3));
        let read = file.take(MAX_PASSPHRASE_BYTES as u64 + 3).read_to_end(&mut bytes);
        read.map_err(|error| fault(SealedFileFault::of_reading(error)))?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let bad = |error| PassphraseError::BadLine(path.to_owned(), Box::new(error));
        if line.len() > MAX_PASSPHRASE_BYTES {
            return Err(bad(PassphraseError::TooLong));
        }
        let text = std::str::from_utf8(line).map_err(|_| PassphraseError::NotText(path.to_owned()))?;
        Self::new(text).map_err(bad)
    }

    /// How many characters it has.
    pub fn characters(&self) -> usize {
        self.0.chars().count()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for PassphraseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a passphrase cannot be empty"),
            Self::TooLong => write!(f, "a passphrase has at most {MAX_PASSPHRASE_BYTES} bytes"),
            Self::NotText(path) => {
                write!(f, "{}: its first line is not UTF-8, and no passphrase", path.display())
            }
            Self::BadLine(path, error) => {
                write!(f, "{}: its first line is no passphrase: {error}", path.display())
            }
            Self::File(SealedFileError { path, fault: SealedFileFault::Exposed }) => write!(
                f,
                "the passphrase file {0} can be read by others than its owner; run `chmod 600 {0}`, and change \
                 the passphrase if anyone else may have seen it",
                path.display()
            ),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PassphraseError {}
