//! What the load counts while it buys. Only what falls between the start and the end of the clock is
//! in the figures; what comes before and after is checked and counted apart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::histogram::{Histogram, Percentiles};
use super::till::Times;

/// The span of time that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub starts: Instant,
    pub ends: Instant,
}

/// Counts of one load, shared by all that buy in it.
pub struct Tally {
    window: Window,
    all: AtomicU64,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    purchases: u64,
    late: u64,
    given_up: u64,
    quote: Histogram,
    pay: Histogram,
    whole: Histogram,
}

/// What a load found out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Purchases that were accepted while the clock ran, and how long it ran.
    pub purchases: u64,
    pub seconds: f64,
    /// Purchases that were accepted at any time, warm-up included.
    pub all_purchases: u64,
    pub quote: Percentiles,
    pub pay: Percentiles,
    pub whole: Percentiles,
    /// At a set rate: purchases that began late, because as many as may be were outstanding.
    pub late_starts: u64,
    /// At a set rate: purchases that had not even begun when the clock stopped; their time so far is
    /// among the samples.
    pub never_started: u64,
}

impl Window {
    /// The window that opens after a warm-up.
    pub fn after(warm_up: Duration, length: Duration) -> Self {
        let starts = Instant::now() + warm_up;
        Self { starts, ends: starts + length }
    }

    pub fn holds(&self, at: Instant) -> bool {
        self.starts <= at && at < self.ends
    }
}

impl Tally {
    pub fn new(window: Window) -> Self {
        Self { window, all: AtomicU64::new(0), counted: Mutex::default() }
    }

    pub fn window(&self) -> Window {
        self.window
    }

    /// A purchase of the closed loop, which counts when it was accepted while the clock ran.
    pub fn closed(&self, times: Times) {
        self.all.fetch_add(1, Ordering::Relaxed);
        if self.window.holds(Instant::now()) {
            let mut counted = self.lock();
            counted.purchases += 1;
            counted.sample(times, Duration::ZERO);
        }
    }

    /// A purchase of the open loop, whose times count from when it should have begun.
    pub fn open(&self, scheduled: Instant, waited: Duration, times: Times) {
        self.all.fetch_add(1, Ordering::Relaxed);
        let mut counted = self.lock();
        counted.purchases += u64::from(self.window.holds(Instant::now()));
        if self.window.holds(scheduled) {
            counted.sample(times, waited);
        }
    }

    /// A purchase of the open loop begins later than it should.
    pub fn late(&self, scheduled: Instant) {
        self.lock().late += u64::from(self.window.holds(scheduled));
    }

    /// A purchase of the open loop that is not begun any more: it has waited since `scheduled`.
    pub fn give_up(&self, scheduled: Instant) {
        let mut counted = self.lock();
        if self.window.holds(scheduled) {
            counted.given_up += 1;
            counted.whole.add(scheduled.elapsed());
        }
    }

    pub fn counts(&self) -> Counts {
        let counted = self.lock();
        Counts {
            purchases: counted.purchases,
            seconds: (self.window.ends - self.window.starts).as_secs_f64(),
            all_purchases: self.all.load(Ordering::Relaxed),
            quote: counted.quote.percentiles(),
            pay: counted.pay.percentiles(),
            whole: counted.whole.percentiles(),
            late_starts: counted.late,
            never_started: counted.given_up,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn sample(&mut self, times: Times, waited: Duration) {
        self.quote.add(times.quote);
        self.pay.add(times.pay);
        self.whole.add(waited + times.quote + times.pay);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAID: Times = Times { quote: Duration::from_millis(1), pay: Duration::from_millis(2) };

    #[test]
    fn only_what_falls_into_the_window_is_in_the_figures() {
        let early = Tally::new(Window::after(Duration::from_secs(600), Duration::from_secs(1)));
        early.closed(PAID);
        assert_eq!((early.counts().purchases, early.counts().all_purchases), (0, 1));
        let now = Tally::new(Window::after(Duration::ZERO, Duration::from_secs(600)));
        now.closed(PAID);
        let counts = now.counts();
        assert_eq!((counts.purchases, counts.all_purchases, counts.whole.most_us), (1, 1, 3_000.0));
    }

    #[test]
    fn waiting_in_a_queue_is_part_of_the_time() {
        let tally = Tally::new(Window::after(Duration::ZERO, Duration::from_secs(600)));
        let due = tally.window().starts;
        tally.open(due, Duration::from_millis(50), PAID);
        tally.give_up(due);
        tally.late(due);
        let counts = tally.counts();
        assert_eq!((counts.whole.most_us, counts.whole.samples, counts.pay.samples), (53_000.0, 2, 1));
        assert_eq!((counts.never_started, counts.late_starts, counts.purchases), (1, 1, 1));
    }
}
