//! A daemon's own last hour: once a second somebody closes the second, remembers it, and tells it to those
//! who watch.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::{Buckets, Count, Gauge, Registry, Ring, Spread, buckets};
use crate::exchange::{Broadcast, TooMany, Watcher};
use crate::operator::live::{Alarm, Beat, Second, Watching};
use crate::pin::Pin;
use crate::time::Timestamp;
use crate::writer::Clock;

/// How long a second is.
const SECOND: Duration = Duration::from_secs(1);

/// What a daemon counts, its last hour, and those who watch it. Clones are the same.
#[derive(Clone)]
pub struct Hour(Arc<Inner>);

struct Inner {
    registry: Registry,
    watchers: Broadcast,
    kept: Mutex<Kept>,
}

struct Kept {
    ring: Ring,
    totals: Totals,
}

/// All that was counted up to the end of a second. What is told in parts and what is told in sums so come
/// to the same.
#[derive(Clone, Debug)]
pub struct Totals {
    pub tick: u64,
    pub counts: Vec<(Count, u64)>,
    pub spreads: Vec<(Spread, Summed)>,
    pub gauges: Vec<(Gauge, i64)>,
}

/// Values since the start, in the buckets of [`Buckets`].
#[derive(Clone, Debug)]
pub struct Summed {
    pub buckets: Vec<u64>,
    pub sum: u64,
}

/// What was found at the end of a second.
pub struct Seen<S> {
    /// `None` when the writer did not say in time.
    pub status: Option<Box<S>>,
    pub gauges: Vec<(Gauge, i64)>,
}

impl Hour {
    /// An hour of which nothing has passed, over what is counted here.
    pub fn new(registry: Registry) -> Self {
        let counts = Count::all().map(|count| (count, 0)).collect();
        let summed = || Summed { buckets: vec![0; buckets::COUNT], sum: 0 };
        let spreads = Spread::all().map(|spread| (spread, summed())).collect();
        let totals = Totals { tick: 0, counts, spreads, gauges: Vec::new() };
        let kept = Mutex::new(Kept { ring: Ring::default(), totals });
        Self(Arc::new(Inner { registry, watchers: Broadcast::default(), kept }))
    }

    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// Begins to tell an operator.
    ///
    /// # Errors
    /// [`TooMany`] watch already.
    pub fn watch(&self, peer: Pin, now: Timestamp) -> Result<(Watching, Watcher), TooMany> {
        let watcher = self.0.watchers.join(peer)?;
        let kept = self.lock();
        let remembered = u16::try_from(kept.ring.len()).unwrap_or(u16::MAX);
        Ok((Watching { tick: kept.ring.tick(), remembered, now }, watcher))
    }

    /// As [`Ring::past`].
    pub fn past(&self, before: Option<u64>, limit: u16) -> Vec<Second> {
        self.lock().ring.past(before, limit)
    }

    /// What was counted up to the end of the last second.
    pub fn totals(&self) -> Totals {
        self.lock().totals.clone()
    }

    /// Closes a second that ended `at` this time, and remembers it.
    pub fn close(&self, at: Timestamp, mut gauges: Vec<(Gauge, i64)>) -> Second {
        gauges.sort_by_key(|(gauge, _)| gauge.slot());
        let mut kept = self.lock();
        let Kept { ring, totals } = &mut *kept;
        let (mut counts, mut spreads) = (Vec::new(), Vec::new());
        for (count, before) in &mut totals.counts {
            let now = self.0.registry.total(*count);
            if now > *before {
                counts.push((*count, now - *before));
                *before = now;
            }
        }
        for (spread, summed) in &mut totals.spreads {
            let taken = self.0.registry.take(*spread);
            // The sum of a value may be there a moment before its place in a bucket is.
            summed.add(&taken);
            if !taken.is_empty() {
                spreads.push((*spread, taken));
            }
        }
        totals.tick += 1;
        totals.gauges.clone_from(&gauges);
        let second = Second { tick: totals.tick, at, counts, spreads, gauges };
        ring.push(&second);
        second
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // No code between lock and unlock leaves what is kept half changed, even if it panics.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Summed {
    fn add(&mut self, taken: &Buckets) {
        for (bucket, count) in taken.filled() {
            self.buckets[usize::from(*bucket)] += u64::from(*count);
        }
        self.sum = self.sum.saturating_add(taken.sum());
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.buckets.iter().sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Whoever looks at a daemon at the end of each second.
pub trait Look: Send + 'static {
    type Status: Serialize + Send + Sync;

    /// How things are. It may take part of a second.
    fn look(&mut self) -> impl Future<Output = Seen<Self::Status>> + Send;

    /// What is not as it should be, the oldest first.
    fn judge(&mut self, second: &Second, status: Option<&Self::Status>) -> Vec<Alarm>;
}

/// Closes each second of a daemon. A second that the daemon did not run in is in nobody's hour; the time
/// that stands at the next one shows it.
async fn keep(hour: Hour, clock: Clock, mut looks: impl Look) {
    let mut seconds = interval(SECOND);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first is over at once.
    seconds.tick().await;
    loop {
        seconds.tick().await;
        let Seen { status, gauges } = looks.look().await;
        let second = hour.close(clock(), gauges);
        let alarms = looks.judge(&second, status.as_deref());
        let tick = second.tick;
        hour.0.watchers.tell(tick, &Beat { second, status, alarms });
    }
}

/// Keeps the hour of a daemon beside everything else, until it is dropped.
pub struct Keeping(JoinHandle<()>);

impl Keeping {
    pub fn start(hour: Hour, clock: Clock, looks: impl Look) -> Self {
        Self(tokio::spawn(keep(hour, clock, looks)))
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_come_to_the_totals() {
        let hour = Hour::new(Registry::default());
        let (mut placed, mut waited) = (0, Buckets::default());
        for tick in 1..=100_u64 {
            (0..tick % 7).for_each(|value| hour.registry().measure(Spread::Queued, value * tick));
            hour.registry().count_many(Count::Placed, tick % 5);
            let second = hour.close(Timestamp(tick), vec![(Gauge::Orders, tick as i64)]);
            assert_eq!(second.tick, tick);
            assert!(second.counts.iter().all(|(_, more)| *more > 0), "what did not happen is left out");
            placed += second.counts.iter().map(|(_, more)| more).sum::<u64>();
            waited = Buckets::all_of(second.spreads.iter().map(|(_, spread)| spread).chain([&waited]));
        }
        let totals = hour.totals();
        let of = |figure| totals.counts.iter().find(|(count, _)| *count == figure).map(|(_, so_far)| *so_far);
        assert_eq!((of(Count::Placed), placed), (Some(200), 200));
        let (_, summed) = totals.spreads.iter().find(|(of, _)| *of == Spread::Queued).expect("a spread");
        assert_eq!((summed.len(), summed.sum), (waited.len(), waited.sum()));
        assert_eq!((totals.tick, totals.gauges), (100, vec![(Gauge::Orders, 100)]));
    }
}
