//! The last hour of a daemon: one second after the other, with holes where some were lost.

use std::collections::VecDeque;

use kessai_shared::measure::{Buckets, Count, Gauge, Spread};
use kessai_shared::operator::live::{REMEMBERED, Second};

/// The seconds of a daemon, the oldest first, each with its place in a row that goes on when the daemon is
/// started anew and its own counting begins again.
#[derive(Default)]
pub struct Hour {
    seconds: VecDeque<(i64, Second)>,
    /// What is added to a daemon's tick to give a place.
    offset: i64,
    /// The place of the first second of the daemon's present run, as far as it is known.
    run: i64,
}

impl Hour {
    /// Takes in what was told just now. One that is known already is no news.
    pub fn push(&mut self, second: Second) -> bool {
        if let Some((place, newest)) = self.seconds.back() {
            if second.tick == newest.tick && second.at == newest.at {
                return false;
            }
            if second.tick <= newest.tick {
                // The daemon was started anew.
                let apart = second.at.0.saturating_sub(newest.at.0) / 1_000_000;
                let next = place.saturating_add(apart.clamp(1, REMEMBERED as u64) as i64);
                self.offset = next.saturating_sub(signed(second.tick));
                self.run = next;
            }
        } else {
            self.run = self.place(second.tick);
        }
        self.seconds.push_back((self.place(second.tick), second));
        self.forget();
        true
    }

    /// Takes in seconds of the daemon's present run from before it was watched.
    pub fn recall(&mut self, past: Vec<Second>) {
        for second in past {
            let place = self.place(second.tick);
            if self.newest().is_none_or(|newest| place >= newest) {
                continue;
            }
            let at = self.seconds.partition_point(|(there, _)| *there < place);
            if self.seconds.get(at).is_none_or(|(there, _)| *there != place) {
                self.seconds.insert(at, (place, second));
                self.run = self.run.min(place);
            }
        }
        self.forget();
    }

    fn forget(&mut self) {
        let Some(newest) = self.newest() else { return };
        while self
            .seconds
            .front()
            .is_some_and(|(place, _)| newest.saturating_sub(*place) >= REMEMBERED as i64)
        {
            self.seconds.pop_front();
        }
    }

    fn place(&self, tick: u64) -> i64 {
        signed(tick).saturating_add(self.offset)
    }

    /// The place of the newest second.
    pub fn newest(&self) -> Option<i64> {
        self.seconds.back().map(|(place, _)| *place)
    }

    /// The place of the oldest.
    pub fn oldest(&self) -> Option<i64> {
        self.seconds.front().map(|(place, _)| *place)
    }

    /// The place of a second of the present run, by the daemon's own counting.
    pub fn place_of(&self, tick: u64) -> i64 {
        self.place(tick)
    }

    /// The first tick that is known of the present run, before which there may be more.
    pub fn first_tick(&self) -> Option<u64> {
        self.seconds.iter().find(|(place, _)| *place >= self.run).map(|(_, second)| second.tick)
    }

    pub fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }

    pub fn len(&self) -> usize {
        self.seconds.len()
    }

    /// The second in this place.
    pub fn at(&self, place: i64) -> Option<&Second> {
        let at = self.seconds.binary_search_by_key(&place, |(there, _)| *there).ok()?;
        self.seconds.get(at).map(|(_, second)| second)
    }

    /// The newest second that is not after this place.
    pub fn until(&self, place: i64) -> Option<&Second> {
        let at = self.seconds.partition_point(|(there, _)| *there <= place);
        self.seconds.get(at.checked_sub(1)?).map(|(_, second)| second)
    }

    /// The seconds from one place to another, both included.
    pub fn range(&self, from: i64, to: i64) -> impl Iterator<Item = &Second> {
        let first = self.seconds.partition_point(|(there, _)| *there < from);
        let past = self.seconds.partition_point(|(there, _)| *there <= to).max(first);
        self.seconds.range(first..past).map(|(_, second)| second)
    }
}

fn signed(tick: u64) -> i64 {
    i64::try_from(tick).unwrap_or(i64::MAX)
}

/// How often something happened in a second.
pub fn count(second: &Second, what: Count) -> u64 {
    second.counts.iter().find(|(count, _)| *count == what).map_or(0, |(_, times)| *times)
}

/// How often any of these happened in a second.
pub fn counts(second: &Second, what: &[Count]) -> u64 {
    what.iter().fold(0, |sum, what| sum.saturating_add(count(second, *what)))
}

/// What was so at the end of a second.
pub fn gauge(second: &Second, what: Gauge) -> Option<i64> {
    second.gauges.iter().find(|(gauge, _)| *gauge == what).map(|(_, value)| *value)
}

/// What was measured in a second.
pub fn spread(second: &Second, what: Spread) -> Option<&Buckets> {
    second.spreads.iter().find(|(spread, _)| *spread == what).map(|(_, buckets)| buckets)
}
