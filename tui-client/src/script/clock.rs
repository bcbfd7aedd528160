//! The app's clock while a script plays: the machine's own, moved on by what the script says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kessai_shared::time::Timestamp;
use kessai_shared::writer::Clock;

#[derive(Clone, Default)]
pub struct MovedClock {
    /// How far it is ahead, in microseconds.
    ahead: Arc<AtomicU64>,
}

impl MovedClock {
    /// Moves it on. It never goes back, because nothing that was seen can be unseen.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(Timestamp::from_system_clock().0.saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    /// The same as what everything else takes for a clock.
    pub fn clock(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}
