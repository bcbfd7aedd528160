//! Walks over rows.

use std::fmt;

use super::meta::{read_key, read_value};
use super::{ShelfError, guarded};

/// A key and its value, or why the walk ends here.
type Row = Result<(Vec<u8>, Vec<u8>), ShelfError>;
type SledRow = sled::Result<(sled::IVec, sled::IVec)>;

/// Rows in the order of their keys, from both ends.
///
/// After an error there is nothing more: the shelf cannot be trusted then.
pub struct Rows {
    /// The walk, or the error it is about to end with, or nothing more.
    rows: Option<Result<sled::Iter, ShelfError>>,
}

impl Rows {
    pub(super) fn new(rows: Result<sled::Iter, ShelfError>) -> Self {
        Self { rows: Some(rows) }
    }

    fn step(&mut self, step: impl FnOnce(&mut sled::Iter) -> Option<SledRow>) -> Option<Row> {
        let row = match self.rows.as_mut()? {
            Err(error) => Err(error.clone()),
            Ok(rows) => match guarded(|| step(rows)) {
                Ok(None) => return None,
                Ok(Some(row)) => row.map_err(ShelfError::from),
                Err(panic) => Err(panic),
            },
        };
        let read = row.and_then(|(key, value)| {
            let key = read_key(&key).ok_or(ShelfError::Row)?;
            Ok((key.to_vec(), read_value(key, &value)?))
        });
        if read.is_err() {
            self.rows = None;
        }
        Some(read)
    }
}

impl Iterator for Rows {
    type Item = Result<(Vec<u8>, Vec<u8>), ShelfError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Iterator::next)
    }
}

impl DoubleEndedIterator for Rows {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(DoubleEndedIterator::next_back)
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}
