//! How often a server had to say no, and why.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// What a server did not take on since it began, or took on and gave up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnedAway {
    /// First packets that were answered only with the question whether their address is real (Retry).
    pub asked_again: u64,
    /// Handshakes passed over because too many came at once, of one address or of all newcomers.
    pub paced: u64,
    /// Handshakes refused because their address, or the whole endpoint, has all the connections it may.
    pub full: u64,
    /// Handshakes given up unfinished: too slow, or in the way of others.
    pub stalled: u64,
    /// Connections closed because nothing was asked on them, at first or while others waited for a place.
    pub idle: u64,
    /// Connections closed because a frame or the reading of replies took too long, or for want of room.
    pub slow: u64,
}

impl TurnedAway {
    /// All of it, but for what was only asked again, as every newcomer is.
    #[must_use]
    pub fn flooded(&self) -> u64 {
        let Self { asked_again: _, paced, full, stalled, idle, slow } = self;
        paced + full + stalled + idle + slow
    }
}

/// Who came to a server since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Connections that were let in.
    pub connected: u64,
    /// Those that were not, for their key, or because it has as many as one key may have.
    pub refused: u64,
    /// Those that were closed because their key was taken off the list.
    pub revoked: u64,
}

/// The same while it is counted.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) asked_again: AtomicU64,
    pub(super) paced: AtomicU64,
    pub(super) full: AtomicU64,
    pub(super) stalled: AtomicU64,
    pub(super) idle: AtomicU64,
    pub(super) slow: AtomicU64,
    pub(super) connected: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) revoked: AtomicU64,
}

impl Counts {
    pub(super) fn came(&self) -> Came {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Came { connected: read(&self.connected), refused: read(&self.refused), revoked: read(&self.revoked) }
    }

    pub(super) fn now(&self) -> TurnedAway {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        TurnedAway {
            asked_again: read(&self.asked_again),
            paced: read(&self.paced),
            full: read(&self.full),
            stalled: read(&self.stalled),
            idle: read(&self.idle),
            slow: read(&self.slow),
        }
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
