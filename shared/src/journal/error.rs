//! Everything that can go wrong with a journal.

use std::{error, fmt, io};

/// Why a journal could not be opened, walked or written.
#[derive(Debug)]
pub enum JournalError {
    /// A file operation failed. The journal takes no further call, because after a failed write or
    /// sync nobody knows what the disk holds; opening it again finds out.
    Io {
        /// What was being done, with the file.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Acknowledged records are unreadable or missing.
    Damaged {
        /// The segment file.
        file: String,
        /// Where in the file, in bytes.
        offset: u64,
        /// The first position that cannot be shown.
        position: u64,
        /// What was found instead.
        why: String,
    },
    /// The file was written in another format version.
    Version {
        /// The segment file.
        file: String,
        /// The version the file names.
        found: u16,
        /// The version this build reads.
        supported: u16,
    },
    /// The file belongs to another daemon.
    Kind {
        /// The segment file.
        file: String,
        /// The letters in the file.
        found: [u8; 4],
        /// The letters of this daemon.
        expected: [u8; 4],
    },
    /// A payload or a group is over its limit; nothing was written.
    TooLarge {
        /// What is over its limit.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The limit, in the same unit.
        limit: usize,
    },
    /// A group without records was given; nothing was written.
    EmptyGroup,
    /// Positions or times have reached the end of their range; nothing was written.
    Exhausted,
    /// An earlier call failed on the disk; the journal must be opened again.
    Poisoned,
    /// Whoever was given the records refused one of them.
    Refused {
        /// The position of the record.
        position: u64,
        /// The reason given.
        source: Box<dyn error::Error + Send + Sync>,
    },
}

impl JournalError {
    pub(crate) fn io(doing: &str, file: &str, source: io::Error) -> Self {
        let what = format!("{doing} {file}");
        Self::Io { what, source }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { what, source } => write!(f, "{what}: {source}"),
            Self::Damaged { file, offset, position, why } => {
                write!(f, "{file} is damaged at byte {offset}, from position {position} on: {why}")
            }
            Self::Version { file, found, supported } => {
                write!(f, "{file} has format version {found}, this build reads {supported}")
            }
            Self::Kind { file, found, expected } => write!(
                f,
                "{file} belongs to \"{}\", not to \"{}\"",
                found.escape_ascii(),
                expected.escape_ascii()
            ),
            Self::TooLarge { what, size, limit } => {
                write!(f, "{what} is {size}, the limit is {limit}")
            }
            Self::EmptyGroup => f.write_str("a group must hold a record"),
            Self::Exhausted => f.write_str("positions or times are used up"),
            Self::Poisoned => f.write_str("an earlier write failed; open the journal again"),
            Self::Refused { position, source } => {
                write!(f, "the record at position {position} was refused: {source}")
            }
        }
    }
}

impl error::Error for JournalError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Refused { source, .. } => Some(source.as_ref()),
            _ => None,
        }
    }
}
