//! Lists of what is in the books, for whoever keeps them: in an order of their own, from any place on,
//! and never all at once.

use super::Books;

impl Books {
    /// How many holds are live.
    pub fn live_holds(&self) -> usize {
        self.expiring.len()
    }
}
