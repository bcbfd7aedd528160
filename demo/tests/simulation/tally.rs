//! What happened, how often: a simulation that never reached its faults proves nothing.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<String, u64>,
}

impl Tally {
    pub fn note(&mut self, what: &str) {
        self.add(what, 1);
    }

    pub fn add(&mut self, what: &str, count: u64) {
        *self.counts.entry(what.to_owned()).or_default() += count;
    }

    pub fn merge(&mut self, other: &Tally) {
        other.counts.iter().for_each(|(what, count)| self.add(what, *count));
    }

    pub fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    pub fn print(&self) {
        self.counts.iter().for_each(|(what, count)| println!("{count:>8}  {what}"));
    }
}
