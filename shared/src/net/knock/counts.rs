//! What a gate has heard and dropped since it was made.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Why a datagram was dropped without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Malformed,
    Version,
    Unmarked,
    Clock,
    Old,
    Replayed,
    Crowded,
    Elsewhere,
}

/// Datagrams since the gate was made. Each segment of what the kernel hands over joined counts as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Let through to QUIC.
    pub heard: u64,
    /// Of those, the first ones of a connection.
    pub knocks: u64,
    /// Dropped: no packet of QUIC that this end would ever be sent.
    pub malformed: u64,
    /// Dropped: of another version of QUIC.
    pub version: u64,
    /// Dropped: an id without the mark, so a stranger's.
    pub unmarked: u64,
    /// Dropped: a knock whose time is too far from the clock.
    pub clock: u64,
    /// Dropped: a knock from before this process.
    pub old: u64,
    /// Dropped: a knock that was heard before.
    pub replayed: u64,
    /// Dropped: a knock, or an address, more than are remembered.
    pub crowded: u64,
    /// Dropped: an id of this end's, from an address that has not knocked.
    pub elsewhere: u64,
    /// Sent by QUIC to an address that has not knocked, and held back.
    pub held_back: u64,
}

impl Counts {
    /// What was let through to nobody.
    pub fn dropped(&self) -> u64 {
        let Self {
            heard: _,
            knocks: _,
            malformed,
            version,
            unmarked,
            clock,
            old,
            replayed,
            crowded,
            elsewhere,
            held_back: _,
        } = self;
        malformed + version + unmarked + clock + old + replayed + crowded + elsewhere
    }
}

/// The same, as they are counted.
#[derive(Default)]
pub(super) struct Counting {
    heard: AtomicU64,
    knocks: AtomicU64,
    malformed: AtomicU64,
    version: AtomicU64,
    unmarked: AtomicU64,
    clock: AtomicU64,
    old: AtomicU64,
    replayed: AtomicU64,
    crowded: AtomicU64,
    elsewhere: AtomicU64,
    held_back: AtomicU64,
}

impl Counting {
    pub(super) fn heard(&self) {
        add(&self.heard);
    }

    pub(super) fn knock(&self) {
        add(&self.knocks);
    }

    pub(super) fn dropped(&self, why: Reason) {
        add(match why {
            Reason::Malformed => &self.malformed,
            Reason::Version => &self.version,
            Reason::Unmarked => &self.unmarked,
            Reason::Clock => &self.clock,
            Reason::Old => &self.old,
            Reason::Replayed => &self.replayed,
            Reason::Crowded => &self.crowded,
            Reason::Elsewhere => &self.elsewhere,
        });
    }

    pub(super) fn held_back(&self) {
        add(&self.held_back);
    }

    pub(super) fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            heard: read(&self.heard),
            knocks: read(&self.knocks),
            malformed: read(&self.malformed),
            version: read(&self.version),
            unmarked: read(&self.unmarked),
            clock: read(&self.clock),
            old: read(&self.old),
            replayed: read(&self.replayed),
            crowded: read(&self.crowded),
            elsewhere: read(&self.elsewhere),
            held_back: read(&self.held_back),
        }
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
