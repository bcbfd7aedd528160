//! Where a daemon counts and measures what happens. To count costs one atomic addition and to measure
//! three, so that it is done where it happens; once a second somebody takes what has gathered.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::table::{COUNTS, SPREADS};
use super::{Buckets, Count, Spread, buckets};

/// What a daemon counts and measures. Clones are the same.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    counts: Vec<AtomicU64>,
    spreads: Vec<Spreading>,
}

/// The values of one second, while it lasts.
struct Spreading {
    buckets: Vec<AtomicU32>,
    sum: AtomicU64,
    most: AtomicU64,
}

impl Default for Registry {
    fn default() -> Self {
        let spreading = || Spreading {
            buckets: (0..buckets::COUNT).map(|_| AtomicU32::new(0)).collect(),
            sum: AtomicU64::new(0),
            most: AtomicU64::new(0),
        };
        let counts = (0..COUNTS).map(|_| AtomicU64::new(0)).collect();
        // A spread has no siblings, and most slots are those of siblings that there are not.
        let mut spreads: Vec<Spreading> = Vec::new();
        let used: std::collections::HashSet<usize> = Spread::all().map(Spread::slot).collect();
        spreads.extend((0..SPREADS).map(|slot| {
            if used.contains(&slot) { spreading() } else { Spreading { buckets: Vec::new(), ..spreading() } }
        }));
        Self(Arc::new(Inner { counts, spreads }))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// It happened once more.
    pub fn count(&self, figure: Count) {
        self.count_many(figure, 1);
    }

    pub fn count_many(&self, figure: Count, more: u64) {
        self.0.counts[figure.slot()].fetch_add(more, Ordering::Relaxed);
    }

    /// How often it has happened, for what somebody else counts since the start. It never goes back.
    pub fn counted(&self, figure: Count, so_far: u64) {
        self.0.counts[figure.slot()].fetch_max(so_far, Ordering::Relaxed);
    }

    /// Since the start.
    #[must_use]
    pub fn total(&self, figure: Count) -> u64 {
        self.0.counts[figure.slot()].load(Ordering::Relaxed)
    }

    pub fn measure(&self, figure: Spread, value: u64) {
        let spreading = &self.0.spreads[figure.slot()];
        spreading.sum.fetch_add(value, Ordering::Relaxed);
        spreading.most.fetch_max(value, Ordering::Relaxed);
        spreading.buckets[usize::from(Buckets::of(value))].fetch_add(1, Ordering::Relaxed);
    }

    /// How long it took, in whole microseconds.
    pub fn took(&self, figure: Spread, time: Duration) {
        self.measure(figure, u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    pub fn took_since(&self, figure: Spread, begun: Instant) {
        self.took(figure, begun.elapsed());
    }

    /// What was measured since this was last asked. A value that comes meanwhile may have its sum in this
    /// second and its count in the next; none is lost, and none is there twice.
    pub(super) fn take(&self, figure: Spread) -> Buckets {
        let spreading = &self.0.spreads[figure.slot()];
        let taken = spreading.buckets.iter().enumerate().filter_map(|(bucket, count)| {
            // To read is cheaper than to swap, and most are empty.
            let some = count.load(Ordering::Relaxed) > 0;
            let count = if some { count.swap(0, Ordering::Relaxed) } else { 0 };
            (count > 0).then_some((bucket as u8, count))
        });
        let filled = taken.collect();
        let (sum, most) =
            (spreading.sum.swap(0, Ordering::Relaxed), spreading.most.swap(0, Ordering::Relaxed));
        Buckets::of_parts(filled, sum, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_what_was_measured_and_is_taken_once() {
        let registry = Registry::default();
        let mut same = Buckets::default();
        for value in (0..3_000_u64).map(|n| n * n * 31 % 1_000_003) {
            registry.measure(Spread::Purchase, value);
            same.add(value);
        }
        registry.measure(Spread::Queued, u64::MAX);
        assert_eq!(registry.take(Spread::Purchase), same);
        assert_eq!(registry.take(Spread::Purchase), Buckets::default());
        assert_eq!(registry.take(Spread::Queued).most(), u64::MAX);
    }

    #[test]
    fn many_threads_lose_nothing() {
        let registry = Registry::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for value in 0..10_000 {
                        registry.count(Count::Placed);
                        registry.measure(Spread::Sync, value);
                    }
                });
            }
        });
        let taken = registry.take(Spread::Sync);
        assert_eq!((registry.total(Count::Placed), taken.len()), (40_000, 40_000));
        assert_eq!(taken.sum(), 4 * (0..10_000).sum::<u64>());
    }

    #[test]
    fn what_others_count_never_goes_back() {
        let registry = Registry::default();
        registry.counted(Count::LinkLost, 7);
        registry.counted(Count::LinkLost, 3);
        assert_eq!(registry.total(Count::LinkLost), 7);
    }
}
