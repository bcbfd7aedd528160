//! Where the pieces of one product are. Every piece that was ever received is in exactly one place:
//! available + reserved + allocated + shipped − returned = received.

use serde::{Deserialize, Serialize};

use super::inconsistent::Inconsistent;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    pub received: u64,
    /// On the shelf, and nobody's yet.
    pub available: u64,
    /// Set aside for orders that wait for their decision.
    pub reserved: u64,
    /// Sold, and not shipped yet.
    pub allocated: u64,
    /// Ever shipped; what came back of it is counted in `returned` too.
    pub shipped: u64,
    pub returned: u64,
}

impl Stock {
    pub fn of(received: u64) -> Self {
        Self { received, available: received, ..Self::default() }
    }

    pub fn balances(&self) -> bool {
        let there = self.available + self.reserved + self.allocated + self.shipped;
        there.checked_sub(self.returned) == Some(self.received)
    }

    pub(super) fn reserve(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        shift(&mut self.available, &mut self.reserved, pieces)
    }

    pub(super) fn release(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        shift(&mut self.reserved, &mut self.available, pieces)
    }

    pub(super) fn allocate(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        shift(&mut self.reserved, &mut self.allocated, pieces)
    }

    /// Puts back what was sold but never left.
    pub(super) fn keep(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        shift(&mut self.allocated, &mut self.available, pieces)
    }

    pub(super) fn ship(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        shift(&mut self.allocated, &mut self.shipped, pieces)
    }

    pub(super) fn take_back(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        if self.returned + pieces > self.shipped {
            return Err(Inconsistent("more comes back than was shipped"));
        }
        self.returned += pieces;
        self.available += pieces;
        Ok(())
    }
}

fn shift(from: &mut u64, to: &mut u64, pieces: u64) -> Result<(), Inconsistent> {
    *from = from.checked_sub(pieces).ok_or(Inconsistent("more pieces are moved than are there"))?;
    *to += pieces;
    Ok(())
}
