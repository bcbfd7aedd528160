//! How long each connection has been at what it is doing, told by marks instead of timers: setting a mark
//! is one store, and whoever looks through all marks now and then finds the ones that are too old.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How often the marks are looked through, and so how exact they are.
pub(super) const BEAT: Duration = Duration::from_millis(250);

/// Counts beats. Clones are the same clock.
#[derive(Clone)]
pub(super) struct Beats(Arc<AtomicU32>);

impl Beats {
    /// The first beat is 1, so that 0 can stand for none.
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU32::new(1)))
    }

    pub(super) fn strike(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// How many beats a time has, at least one.
    pub(super) fn of(time: Duration) -> u32 {
        u32::try_from(time.as_millis().div_ceil(BEAT.as_millis())).unwrap_or(u32::MAX).max(1)
    }
}

/// What a connection is doing, and since which beat.
pub(super) struct Pulse {
    beats: Beats,
    /// A frame has begun to arrive.
    reading: AtomicU32,
    /// Replies wait for the peer to read.
    writing: AtomicU32,
    /// A frame arrived, or replies were taken.
    active: AtomicU32,
}

impl Pulse {
    pub(super) fn new(beats: &Beats) -> Self {
        let active = AtomicU32::new(beats.now());
        Self { beats: beats.clone(), reading: AtomicU32::new(0), writing: AtomicU32::new(0), active }
    }

    /// Part of a frame is there and the rest is waited for.
    pub(super) fn frame_begun(&self) {
        if self.reading.load(Ordering::Relaxed) == 0 {
            self.reading.store(self.beats.now(), Ordering::Relaxed);
        }
    }

    /// Nothing is waited for that has begun.
    pub(super) fn frame_done(&self) {
        self.reading.store(0, Ordering::Relaxed);
        self.active.store(self.beats.now(), Ordering::Relaxed);
    }

    pub(super) fn write_begun(&self) {
        self.writing.store(self.beats.now(), Ordering::Relaxed);
    }

    pub(super) fn write_done(&self) {
        self.writing.store(0, Ordering::Relaxed);
        self.active.store(self.beats.now(), Ordering::Relaxed);
    }

    /// The peer was told something that it had asked for once and for all.
    pub(super) fn told(&self) {
        self.active.store(self.beats.now(), Ordering::Relaxed);
    }

    /// Whether the peer takes longer over a frame, or over its replies, than so many beats.
    pub(super) fn is_slow(&self, frame: u32, reply: u32) -> bool {
        let now = self.beats.now();
        let older = |mark: &AtomicU32, most: u32| match mark.load(Ordering::Relaxed) {
            0 => false,
            since => now.wrapping_sub(since) > most,
        };
        older(&self.reading, frame) || older(&self.writing, reply)
    }

    /// For how many beats nothing has happened.
    pub(super) fn idle(&self) -> u32 {
        self.beats.now().wrapping_sub(self.active.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(beats: &Beats, count: u32) {
        (0..count).for_each(|_| beats.strike());
    }

    #[test]
    fn a_frame_that_trickles_is_as_old_as_its_beginning() {
        let beats = Beats::new();
        let pulse = Pulse::new(&beats);
        pulse.frame_begun();
        after(&beats, 3);
        pulse.frame_begun();
        assert!(!pulse.is_slow(3, 100));
        after(&beats, 1);
        assert!(pulse.is_slow(3, 100));
        pulse.frame_done();
        assert!(!pulse.is_slow(0, 0));
        assert_eq!(pulse.idle(), 0);
    }

    #[test]
    fn replies_that_nobody_reads_are_slow_and_read_ones_are_not() {
        let beats = Beats::new();
        let pulse = Pulse::new(&beats);
        pulse.write_begun();
        after(&beats, 5);
        assert!(pulse.is_slow(100, 4));
        pulse.write_done();
        assert!(!pulse.is_slow(100, 4));
        after(&beats, 7);
        assert_eq!(pulse.idle(), 7);
    }

    #[test]
    fn times_are_at_least_a_beat() {
        assert_eq!(Beats::of(Duration::ZERO), 1);
        assert_eq!(Beats::of(BEAT), 1);
        assert_eq!(Beats::of(BEAT * 2 + Duration::from_millis(1)), 3);
    }
}
