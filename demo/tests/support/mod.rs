//! Real processes for tests: one program in all its parts, on loopback, in folders of their own.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod books;
pub mod closed;
pub mod command;
pub mod processes;
pub mod shop;
pub mod terminal;
pub mod trade;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives it up. No test expects something to take this
/// long; it is only there so that a hang ends as a failure, on a slow machine too.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// Waits until something holds, and fails with `what` when it never does.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Numbers that look random and are the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}
