//! Memory that connections share: what one holds beyond its own allowance it borrows from here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is borrowed at once, in bytes, so that a connection which needs more comes back seldom.
const PIECE_BYTES: usize = 16 * 1024;

/// The room of an endpoint.
pub(super) struct Common {
    left: AtomicUsize,
}

impl Common {
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(bytes) })
    }

    fn take(&self, bytes: usize) -> bool {
        let taken =
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.is_ok()
    }
}

/// What one connection holds of one kind. What it borrowed is given back when it is dropped.
#[derive(Default)]
pub(super) struct Share {
    common: Option<Arc<Common>>,
    borrowed: usize,
}

impl Share {
    /// A share of this room; without one there is no bound.
    pub(super) fn of(common: Option<Arc<Common>>) -> Self {
        Self { common, borrowed: 0 }
    }

    /// Sees to it that `held` bytes are covered, of which the allowance needs no room; whether there is
    /// enough of it.
    pub(super) fn cover(&mut self, held: usize, allowance: usize) -> bool {
        let Some(common) = &self.common else { return true };
        let needed = held.saturating_sub(allowance).next_multiple_of(PIECE_BYTES);
        if needed < self.borrowed {
            common.left.fetch_add(self.borrowed - needed, Ordering::Relaxed);
        } else if needed > self.borrowed && !common.take(needed - self.borrowed) {
            return false;
        }
        self.borrowed = needed;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(common) = &self.common {
            common.left.fetch_add(self.borrowed, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_allowance_is_borrowed_and_given_back() {
        let common = Common::new(3 * PIECE_BYTES);
        let mut first = Share::of(Some(Arc::clone(&common)));
        let mut second = Share::of(Some(Arc::clone(&common)));
        assert!(first.cover(100, 100) && first.borrowed == 0);
        assert!(first.cover(101, 100) && first.borrowed == PIECE_BYTES);
        assert!(second.cover(2 * PIECE_BYTES, 0));
        assert!(!second.cover(2 * PIECE_BYTES + 1, 0));
        assert!(first.cover(1, 100));
        assert!(second.cover(2 * PIECE_BYTES + 1, 0));
        drop(second);
        assert_eq!(common.left.load(Ordering::Relaxed), 3 * PIECE_BYTES);
    }

    #[test]
    fn without_a_room_there_is_no_bound() {
        assert!(Share::of(None).cover(usize::MAX / 2, 0));
    }
}
