//! The addresses that are spoken with. To all others nothing is sent, whatever QUIC would say to them,
//! and from all others only a knock is heard.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::pin::Pin;
use crate::tls::IDLE_TIMEOUT;

/// How long after the last datagram from it an address is still spoken with, in milliseconds. A
/// connection that is silent for half of it has ended by then.
pub(super) const LINGER_MS: u64 = 2 * IDLE_TIMEOUT.as_millis() as u64;
/// How long an address is still spoken with when its seller was taken off the list, in milliseconds:
/// long enough to tell it that its connections are closed.
pub(super) const FAREWELL_MS: u64 = 3_000;
/// Most addresses of one seller, and of all together. A seller needs one; commands that are run one after
/// the other leave one each.
pub(super) const MAX_OF_ONE: usize = 256;
const MAX_OF_ALL: usize = 16_384;

/// Who stands at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// A seller that has knocked.
    Seller(Pin),
    /// Whoever this end has dialled.
    Dialled,
}

struct Entry {
    who: Who,
    /// In milliseconds since the gate was made.
    until_ms: AtomicU64,
    /// One that leaves is not kept by what it sends.
    leaves: bool,
}

/// The addresses, each with who stands there and until when.
#[derive(Default)]
pub(super) struct Seen(HashMap<(IpAddr, u16), Entry>);

impl Seen {
    /// Notes an address. `false` when there is no room for it. One who has the most that one may have gives
    /// up the one that was silent for the longest time.
    pub(super) fn admit(&mut self, from: SocketAddr, who: Who, now_ms: u64) -> bool {
        let place = place(from);
        if !self.0.contains_key(&place) {
            let others = || self.0.iter().filter(|(_, entry)| entry.who == who);
            if others().count() >= MAX_OF_ONE {
                let silent = others().min_by_key(|(_, entry)| entry.until_ms.load(Ordering::Relaxed));
                let silent = silent.map(|(place, _)| *place);
                silent.map(|place| self.0.remove(&place));
            }
            if self.0.len() >= MAX_OF_ALL {
                // What has lapsed makes room only when room is needed; until then it does no harm.
                self.0.retain(|_, entry| *entry.until_ms.get_mut() > now_ms);
            }
            if self.0.len() >= MAX_OF_ALL {
                return false;
            }
        }
        let until_ms = AtomicU64::new(now_ms + LINGER_MS);
        self.0.insert(place, Entry { who, until_ms, leaves: false });
        true
    }

    /// Whether the address is spoken with; if so, it is for some more time.
    pub(super) fn hears(&self, from: SocketAddr, now_ms: u64) -> bool {
        let Some(entry) = self.0.get(&place(from)).filter(|entry| entry.is_open(now_ms)) else {
            return false;
        };
        if !entry.leaves {
            entry.until_ms.store(now_ms + LINGER_MS, Ordering::Relaxed);
        }
        true
    }

    /// Whether anything may be sent to the address.
    pub(super) fn may_be_told(&self, to: SocketAddr, now_ms: u64) -> bool {
        self.0.get(&place(to)).is_some_and(|entry| entry.is_open(now_ms))
    }

    /// Takes leave of the sellers that are no longer on the list.
    pub(super) fn leave(&mut self, is_gone: impl Fn(&Pin) -> bool, now_ms: u64) {
        for entry in self.0.values_mut() {
            if let Who::Seller(pin) = &entry.who
                && !entry.leaves
                && is_gone(pin)
            {
                entry.leaves = true;
                let until_ms = entry.until_ms.get_mut();
                *until_ms = (*until_ms).min(now_ms + FAREWELL_MS);
            }
        }
    }
}

impl Entry {
    fn is_open(&self, now_ms: u64) -> bool {
        self.until_ms.load(Ordering::Relaxed) > now_ms
    }
}

/// An IPv4 address that an IPv6 socket shows in its own form is the same address, and the zone of an IPv6
/// address is told on the way in only.
fn place(address: SocketAddr) -> (IpAddr, u16) {
    (address.ip().to_canonical(), address.port())
}
