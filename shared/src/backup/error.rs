//! Why there is no backup, or why one cannot be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong, in one line for whoever keeps the daemon.
#[derive(Debug)]
pub enum BackupError {
    Io {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A file of a backup is not as it was written, or not the one that belongs there.
    Damaged {
        path: PathBuf,
        why: String,
    },
    /// A file was sealed with another backup key.
    OtherKey(PathBuf),
    /// What was asked for cannot be done; the line says what to do.
    Refused(String),
}

impl BackupError {
    pub(super) fn io(what: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.into() }
    }

    /// What a source that was read wrong says: the same sentence whichever layer found it.
    pub(super) fn refused(why: impl fmt::Display) -> Self {
        Self::Refused(why.to_string())
    }
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { what, path, source } => write!(f, "{}: cannot {what}: {source}", path.display()),
            Self::Damaged { path, why } => {
                write!(f, "{}: is not as it was written: {why}; use another backup", path.display())
            }
            Self::OtherKey(path) => {
                write!(f, "{}: was sealed with another backup key; name that key with --key", path.display())
            }
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for BackupError {}
