//! Why a sealed file cannot be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{Cost, Kind, MAX_CONTENT_BYTES};

/// Which file, and what is wrong with it.
#[derive(Debug)]
pub struct SealedFileError {
    pub path: PathBuf,
    pub fault: SealedFileFault,
}

/// What is wrong with a sealed file.
#[derive(Debug)]
pub enum SealedFileFault {
    Io {
        what: &'static str,
        error: io::Error,
    },
    /// Others than its owner may use it.
    Exposed,
    /// There is one already, and it is not to be replaced.
    Exists,
    /// It is larger than any sealed file.
    TooLarge,
    /// There is more to keep than a file keeps.
    TooMuch,
    NotSealed,
    OtherKind {
        found: Kind,
        wanted: Kind,
    },
    /// A newer program wrote it; this is its version.
    Newer(u8),
    /// It is cut short, or its header was changed.
    Damaged,
    /// Its header asks for more memory or work than is ever spent on one.
    Costly,
    /// The passphrase is wrong, or the file was changed.
    Closed,
    /// It opens, but what is in it is not what it should be.
    Content(&'static str),
    OutOfMemory,
    /// The cryptographic library failed, as it does when there is no randomness.
    Crypto,
}

impl SealedFileError {
    pub(crate) fn at(path: &Path) -> impl Fn(SealedFileFault) -> Self {
        move |fault| Self { path: path.to_owned(), fault }
    }
}

impl SealedFileFault {
    pub(super) fn of_reading(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Io { what: "read", error },
        }
    }

    pub(super) fn of_writing(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists,
            _ => Self::Io { what: "written", error },
        }
    }
}

impl fmt::Display for SealedFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.fault {
            SealedFileFault::Io { what, error } => write!(f, "{path}: cannot be {what}: {error}"),
            SealedFileFault::Exposed => write!(
                f,
                "{path}: others than its owner may use this file; run `chmod 600 {path}`, and choose another \
                 passphrase if anyone else may have seen it"
            ),
            SealedFileFault::Exists => write!(f, "{path}: is there already; name another file"),
            SealedFileFault::TooLarge => write!(f, "{path}: is too large for a sealed file"),
            SealedFileFault::TooMuch => {
                write!(f, "{path}: a sealed file keeps at most {MAX_CONTENT_BYTES} bytes")
            }
            SealedFileFault::NotSealed => write!(f, "{path}: is not a sealed file of Kessai"),
            SealedFileFault::OtherKind { found, wanted } => {
                write!(f, "{path}: is {}, expected {}", found.name(), wanted.name())
            }
            SealedFileFault::Newer(version) => write!(
                f,
                "{path}: was written in version {version} of the format by a newer program; use that program"
            ),
            SealedFileFault::Damaged => {
                write!(f, "{path}: is cut short or was changed; restore it from a backup")
            }
            SealedFileFault::Costly => write!(
                f,
                "{path}: asks for more than {} MiB, {} passes or {} lanes to be opened, or for too little; it was \
                 changed, or some other program made it",
                Cost::MAX_MEMORY_KIB / 1024,
                Cost::MAX_PASSES,
                Cost::MAX_LANES
            ),
            SealedFileFault::Closed => write!(
                f,
                "{path}: does not open: the passphrase is wrong or the file was changed, and which of the two \
                 cannot be told"
            ),
            SealedFileFault::Content(what) => write!(f, "{path}: opens, but {what}"),
            SealedFileFault::OutOfMemory => write!(f, "{path}: there is not enough memory to open it"),
            SealedFileFault::Crypto => write!(f, "{path}: the cryptographic library failed"),
        }
    }
}

impl std::error::Error for SealedFileError {}
