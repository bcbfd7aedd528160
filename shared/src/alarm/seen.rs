//! The last minute of a daemon, as its rules read it.

use std::collections::VecDeque;

use crate::measure::{Buckets, Count, Gauge, Spread};
use crate::operator::live::Second;

/// How many seconds are kept for rules that look at more than the last one.
const KEPT: u64 = 60;
const MICROS_A_SECOND: u64 = 1_000_000;

/// What was seen lately, and what only a longer memory tells.
#[derive(Default)]
pub struct Seen {
    past: VecDeque<Second>,
    /// For how many seconds the link has been down, and the writer silent, where it is known.
    link_down: Option<u64>,
    writer_silent: Option<u64>,
    backups_failed: u64,
}

impl Seen {
    pub(super) fn take(&mut self, second: &Second) {
        let passed = self.past.back().map_or(1, |last| second.tick.saturating_sub(last.tick));
        for (gauge, down) in
            [(Gauge::LinkUp, &mut self.link_down), (Gauge::WriterUp, &mut self.writer_silent)]
        {
            match of(&second.gauges, gauge) {
                Some(0) => *down = Some(down.unwrap_or(0).saturating_add(passed)),
                Some(_) => *down = Some(0),
                None => {}
            }
        }
        if of(&second.counts, Count::BackupsMade).is_some_and(|made| made > 0) {
            self.backups_failed = 0;
        }
        let failed = of(&second.counts, Count::BackupsFailed).unwrap_or(0);
        self.backups_failed = self.backups_failed.saturating_add(failed);
        self.past.push_back(second.clone());
        while self.past.front().is_some_and(|first| first.tick.saturating_add(KEPT) <= second.tick) {
            self.past.pop_front();
        }
    }

    /// What was so at the end of the last second. What should never be under zero is not.
    pub fn gauge(&self, gauge: Gauge) -> Option<u64> {
        of(&self.past.back()?.gauges, gauge).map(|value| u64::try_from(value).unwrap_or(0))
    }

    /// How many hundredths of one the other is; `None` of nothing.
    pub fn share(&self, part: Gauge, whole: Gauge) -> Option<u64> {
        let (part, whole) = (u128::from(self.gauge(part)?), u128::from(self.gauge(whole)?));
        u64::try_from((part * 100).checked_div(whole)?).ok()
    }

    /// How often something happened within so many of the last seconds, at most a minute.
    pub fn counted(&self, seconds: u64, is_it: impl Fn(Count) -> bool) -> u64 {
        let counts = self.last(seconds).flat_map(|second| &second.counts);
        counts.filter(|(count, _)| is_it(*count)).map(|(_, times)| *times).sum()
    }

    /// The 99th percentile of so many of the last seconds; 0 when less than `least` was measured.
    pub fn p99(&self, spread: Spread, seconds: u64, least: u64) -> Option<u64> {
        let spreads = self.last(seconds).flat_map(|second| &second.spreads);
        let all = Buckets::all_of(spreads.filter(|(of, _)| *of == spread).map(|(_, part)| part));
        if all.len() < least { Some(0) } else { all.quantile(990) }
    }

    /// For how many seconds the settlement could not be spoken to.
    pub fn link_down(&self) -> Option<u64> {
        self.link_down
    }

    /// For how many seconds the writer has not answered in time.
    pub fn writer_silent(&self) -> Option<u64> {
        self.writer_silent
    }

    /// How many backups failed since the last one that was made.
    pub fn backups_failed(&self) -> u64 {
        self.backups_failed
    }

    /// By how many seconds the clock went forwards or back beside the seconds that were counted, where that
    /// was most within the last minute.
    pub fn clock_jump(&self) -> u64 {
        let pairs = self.past.iter().zip(self.past.iter().skip(1));
        let jump = |(one, next): (&Second, &Second)| {
            let counted = next.tick.saturating_sub(one.tick);
            let told = next.at.0.abs_diff(one.at.0);
            if next.at < one.at {
                told / MICROS_A_SECOND + counted
            } else {
                told.abs_diff(counted.saturating_mul(MICROS_A_SECOND)) / MICROS_A_SECOND
            }
        };
        pairs.map(jump).max().unwrap_or(0)
    }

    fn last(&self, seconds: u64) -> impl Iterator<Item = &Second> {
        let newest = self.past.back().map_or(0, |second| second.tick);
        self.past.iter().rev().take_while(move |second| second.tick.saturating_add(seconds) > newest)
    }
}

fn of<K: PartialEq, V: Copy>(pairs: &[(K, V)], key: K) -> Option<V> {
    pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
}
