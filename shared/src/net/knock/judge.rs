//! Decides which datagrams are heard and which may leave. It reads no clock and no socket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_lc_rs::hmac;

use super::Moment;
use super::counts::{Counting, Reason};
use super::datagram::{self, Claim, NotOurs};
use super::first::{self, FirstId, Untimely};
use super::own::OwnKey;
use super::replay::{Knock, Replays};
use super::seen::{Seen, Who};
use super::sellers::Sellers;

/// How often it is told that clocks differ, in milliseconds.
const TELL_AGAIN_MS: u64 = 60_000;

pub(super) struct Judge {
    own: Arc<OwnKey>,
    door: Door,
    seen: RwLock<Seen>,
    pub(super) counts: Counting,
}

/// Who begins a connection.
enum Door {
    /// Sellers do, and each knocks.
    Answers(Mutex<Porter>),
    /// This end does, with its key; nobody knocks here.
    Dials(hmac::Key),
}

struct Porter {
    sellers: Sellers,
    replays: Replays,
    told_ms: Option<u64>,
}

impl Judge {
    pub(super) fn that_answers(own: Arc<OwnKey>, sellers: Sellers) -> Self {
        let porter = Porter { sellers, replays: Replays::default(), told_ms: None };
        Self::with(own, Door::Answers(Mutex::new(porter)))
    }

    pub(super) fn that_dials(own: Arc<OwnKey>, key: hmac::Key) -> Self {
        Self::with(own, Door::Dials(key))
    }

    fn with(own: Arc<OwnKey>, door: Door) -> Self {
        Self { own, door, seen: RwLock::default(), counts: Counting::default() }
    }

    /// The key to knock with, of an end that dials.
    pub(super) fn key(&self) -> Option<&hmac::Key> {
        match &self.door {
            Door::Answers(_) => None,
            Door::Dials(key) => Some(key),
        }
    }

    /// Takes changes of the list over, before a batch of datagrams is judged.
    pub(super) fn follow(&self, at: Moment) {
        let Door::Answers(porter) = &self.door else { return };
        let changed = porter.lock().unwrap_or_else(PoisonError::into_inner).sellers.follow();
        if let Some(pins) = changed {
            let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
            seen.leave(|pin| !pins.contains(pin), at.since_ms);
        }
    }

    /// Whether a datagram is heard, and counts it.
    pub(super) fn hears(&self, datagram: &[u8], from: SocketAddr, at: Moment) -> bool {
        match self.judge(datagram, from, at) {
            Ok(()) => {
                self.counts.heard();
                true
            }
            Err(why) => {
                self.counts.dropped(why);
                false
            }
        }
    }

    fn judge(&self, datagram: &[u8], from: SocketAddr, at: Moment) -> Result<(), Reason> {
        match datagram::read(datagram) {
            Ok(Claim::Own(id)) if !self.own.knows(id) => Err(Reason::Unmarked),
            // A mark of ours can be read on the way, so it is good only where it was given to.
            Ok(Claim::Own(_)) => {
                let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
                if seen.hears(from, at.since_ms) { Ok(()) } else { Err(Reason::Elsewhere) }
            }
            Ok(Claim::First(id)) => match &self.door {
                Door::Answers(porter) => {
                    let mut porter = porter.lock().unwrap_or_else(PoisonError::into_inner);
                    self.knock(&mut porter, id, from, at)
                }
                Door::Dials(_) => Err(Reason::Unmarked),
            },
            Err(NotOurs::Malformed) => Err(Reason::Malformed),
            Err(NotOurs::Version) => Err(Reason::Version),
        }
    }

    fn knock(&self, porter: &mut Porter, id: &FirstId, from: SocketAddr, at: Moment) -> Result<(), Reason> {
        let whose = porter.sellers.whose(id).ok_or(Reason::Unmarked)?;
        first::is_timely(id, at).map_err(|untimely| match untimely {
            Untimely::Clock(off_ms) => {
                porter.tell_of_clock(off_ms, from, at);
                Reason::Clock
            }
            Untimely::Old => Reason::Old,
        })?;
        let is_new = match porter.replays.hear(id, whose, from, at) {
            Knock::Replayed => return Err(Reason::Replayed),
            Knock::Crowded => return Err(Reason::Crowded),
            Knock::Again => false,
            Knock::New => true,
        };
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if !seen.admit(from, Who::Seller(whose), at.since_ms) {
            return Err(Reason::Crowded);
        }
        if is_new {
            self.counts.knock();
        }
        Ok(())
    }

    /// Whether a datagram may leave, and counts it when not.
    pub(super) fn may_leave(&self, datagram: &[u8], to: SocketAddr, at: Moment) -> bool {
        let may = {
            let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
            seen.may_be_told(to, at.since_ms)
        };
        let may = may || self.dials(datagram, to, at);
        if !may {
            self.counts.held_back();
        }
        may
    }

    /// Whether a datagram is a knock of this end's own, which makes its destination one that is spoken
    /// with.
    fn dials(&self, datagram: &[u8], to: SocketAddr, at: Moment) -> bool {
        let (Door::Dials(key), Ok(Claim::First(id))) = (&self.door, datagram::read(datagram)) else {
            return false;
        };
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        first::is_of(key, id) && seen.admit(to, Who::Dialled, at.since_ms)
    }
}

impl Porter {
    /// Only who has the key can be told of, so strangers cannot fill the log.
    fn tell_of_clock(&mut self, off_ms: u64, from: SocketAddr, at: Moment) {
        if self.told_ms.is_none_or(|told| at.since_ms.saturating_sub(told) >= TELL_AGAIN_MS) {
            self.told_ms = Some(at.since_ms);
            tracing::warn!(
                "the clock of a seller at {from} is {} s off, or somebody sends an old datagram again",
                off_ms / 1_000
            );
        }
    }
}
