//! Why a shelf has to be rebuilt, and why an open one failed.

use std::error::Error;
use std::fmt;

/// Why a shelf cannot be used; except for [`ShelfDamage::InUse`] the answer is to rebuild it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShelfDamage {
    /// There is none.
    Missing,
    /// Another process has it open.
    InUse,
    /// The process ended while it was opening the shelf the last time.
    DiedOpening,
    /// sled could not read its files.
    Unreadable(String),
    /// The row that describes all others is missing or bad, or of another version.
    NoMeta,
    /// A row does not match its checksum.
    BadRow,
    /// There are fewer or more rows than there should be.
    RowsLost {
        /// How many there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The number of rows is right, but they are not the rows that were written.
    RowsChanged,
    /// The shelf stands for a position that the journal does not have.
    Ahead {
        /// The position.
        position: u64,
    },
    /// The shelf stands for a position before the checkpoint that the journal goes on from.
    Older {
        /// The position.
        position: u64,
    },
    /// The journal has another record at the position of the shelf.
    OtherHistory {
        /// The position.
        position: u64,
    },
}

/// Why a call on an open shelf failed. The shelf should be rebuilt after any but `Behind`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShelfError {
    /// The shelf is at this position already.
    Behind {
        /// The position.
        position: u64,
    },
    /// A row does not match its checksum.
    Row,
    /// sled failed.
    Sled(String),
    /// An earlier change failed half-way.
    Broken,
    /// The folder of the shelf could not be removed or created.
    Folder(String),
}

impl From<sled::Error> for ShelfError {
    fn from(error: sled::Error) -> Self {
        Self::Sled(error.to_string())
    }
}

impl From<ShelfError> for ShelfDamage {
    fn from(error: ShelfError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl fmt::Display for ShelfDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no shelf"),
            Self::InUse => f.write_str("another process has the shelf open"),
            Self::DiedOpening => f.write_str("a process ended while it was opening the shelf"),
            Self::Unreadable(why) => write!(f, "the shelf cannot be read: {why}"),
            Self::NoMeta => f.write_str("the shelf does not say what it holds"),
            Self::BadRow => f.write_str("a row of the shelf is damaged"),
            Self::RowsLost { expected, found } => {
                write!(f, "the shelf has {found} rows instead of {expected}")
            }
            Self::RowsChanged => f.write_str("the shelf has other rows than it should"),
            Self::Ahead { position } => {
                write!(f, "the journal does not reach position {position} of the shelf")
            }
            Self::Older { position } => {
                write!(f, "the shelf is of position {position}, from before the checkpoint")
            }
            Self::OtherHistory { position } => {
                write!(f, "the journal has another record at position {position}")
            }
        }
    }
}

impl fmt::Display for ShelfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind { position } => write!(f, "the shelf is at position {position} already"),
            Self::Row => f.write_str("a row of the shelf is damaged"),
            Self::Sled(why) => write!(f, "the shelf failed: {why}"),
            Self::Broken => f.write_str("an earlier change of the shelf failed"),
            Self::Folder(why) => write!(f, "the folder of the shelf: {why}"),
        }
    }
}

impl Error for ShelfDamage {}
impl Error for ShelfError {}
