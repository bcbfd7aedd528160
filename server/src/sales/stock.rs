//! Where the pieces of one product are. Every piece that ever came in is in exactly one place:
//! available + reserved + allocated + shipped − returned + written_off = received + found.
//!
//! This is invariant I4 with what an operator adds to it: pieces that a count brought to light, and
//! pieces that are there no longer without having been sold.

use serde::{Deserialize, Serialize};

use super::inconsistent::Inconsistent;

/// Most pieces of one product that may be in the shop at one time.
pub const MAX_ON_HAND: u64 = 1_000_000_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    pub received: u64,
    /// On the shelf, and nobody's yet.
    pub available: u64,
    /// Set aside for orders that wait for their decision; never for longer than that is waited for.
    pub reserved: u64,
    /// Sold, and not shipped yet.
    pub allocated: u64,
    /// Ever shipped; what came back of it is counted in `returned` too.
    pub shipped: u64,
    /// Ever come back, also what was then written off.
    pub returned: u64,
    /// More than the books said, by counts and finds.
    pub found: u64,
    /// Gone without being sold, by counts, damage and loss.
    pub written_off: u64,
}

/// Why the books of a product are put right by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// A count of the shelf says otherwise.
    Counted,
    Damaged,
    Lost,
    Found,
}

impl Reason {
    pub const ALL: [Reason; 4] = [Reason::Counted, Reason::Damaged, Reason::Lost, Reason::Found];

    pub const fn word(self) -> &'static str {
        match self {
            Reason::Counted => "counted",
            Reason::Damaged => "damaged",
            Reason::Lost => "lost",
            Reason::Found => "found",
        }
    }

    /// Whether this can be the reason for more pieces, or for fewer.
    pub const fn allows(self, more: bool) -> bool {
        match self {
            Reason::Counted => true,
            Reason::Damaged | Reason::Lost => !more,
            Reason::Found => more,
        }
    }
}

impl Stock {
    pub fn of(received: u64) -> Self {
        Self { received, available: received, ..Self::default() }
    }

    /// All pieces that are in the shop.
    pub fn on_hand(&self) -> u64 {
        self.available + self.reserved + self.allocated
    }

    pub fn balances(&self) -> bool {
        let there = self.on_hand() + self.shipped + self.written_off;
        there.checked_sub(self.returned) == Some(self.received + self.found)
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

    /// What was sold, never left, and is not fit to be sold again.
    pub(super) fn discard(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        shift(&mut self.allocated, &mut self.written_off, pieces)
    }

    pub(super) fn ship(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        shift(&mut self.allocated, &mut self.shipped, pieces)
    }

    /// Puts what comes back on the shelf again.
    pub(super) fn take_back(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        self.come_back(pieces)?;
        self.available += pieces;
        Ok(())
    }

    /// What comes back and is not fit to be sold again.
    pub(super) fn take_back_damaged(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        self.come_back(pieces)?;
        self.written_off += pieces;
        Ok(())
    }

    pub(super) fn receive(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        self.has_room(pieces)?;
        self.received += pieces;
        self.available += pieces;
        Ok(())
    }

    pub(super) fn find(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        self.has_room(pieces)?;
        self.found += pieces;
        self.available += pieces;
        Ok(())
    }

    /// Only what is nobody's can be written off: what is sold stays sold.
    pub(super) fn write_off(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        shift(&mut self.available, &mut self.written_off, pieces)
    }

    fn has_room(&self, pieces: u64) -> Result<(), Inconsistent> {
        let fits = self.on_hand().checked_add(pieces).is_some_and(|there| there <= MAX_ON_HAND);
        if fits { Ok(()) } else { Err(Inconsistent("more pieces come in than a shop has room for")) }
    }

    fn come_back(&mut self, pieces: u64) -> Result<(), Inconsistent> {
        if self.returned + pieces > self.shipped {
            return Err(Inconsistent("more comes back than was shipped"));
        }
        self.returned += pieces;
        Ok(())
    }
}

fn shift(from: &mut u64, to: &mut u64, pieces: u64) -> Result<(), Inconsistent> {
    *from = from.checked_sub(pieces).ok_or(Inconsistent("more pieces are moved than are there"))?;
    *to += pieces;
    Ok(())
}
