//! What no books take in.

use std::fmt;

/// A change that cannot follow from the books as they are: the journal is not this shop's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inconsistent(pub &'static str);

impl fmt::Display for Inconsistent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Inconsistent {}
