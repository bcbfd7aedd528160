//! Knocks that were heard: each is good once, from one address. Its datagram may come again while the
//! handshake it began may last, because QUIC sends again what was lost.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use super::Moment;
use super::first::{FirstId, WINDOW_MS};
use crate::pin::Pin;

/// How long a knock is remembered, in milliseconds: one that was ahead of the clock by a whole window
/// when it was heard may be sent again until it is a whole window behind.
const REMEMBERED_MS: u64 = 2 * WINDOW_MS;
/// How long after the first one datagrams with the same knock are heard, in milliseconds. A client gives
/// a handshake up after half of it.
const HANDSHAKE_MS: u64 = 10_000;
/// Most datagrams with the same knock. A client hello takes two, and a lossy network some more of each.
const MAX_TIMES: u32 = 64;
/// Most knocks that are remembered of one seller, which connects once in a while, and of all together.
pub(super) const MAX_OF_ONE: u32 = 4_096;
pub(super) const MAX_OF_ALL: usize = 65_536;

/// A knock that was heard.
struct Heard {
    from: SocketAddr,
    first_ms: u64,
    times: u32,
}

/// What is to be done about a knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knock {
    /// It was never heard before.
    New,
    /// It is the same datagram of the same client, once more.
    Again,
    /// It was heard from another address, too long ago, or too often.
    Replayed,
    /// There is no room to remember it, and what cannot be remembered is not heard.
    Crowded,
}

/// The memory of knocks.
#[derive(Default)]
pub(super) struct Replays {
    heard: HashMap<FirstId, Heard>,
    /// In the order they came.
    order: VecDeque<(u64, FirstId, Pin)>,
    of_seller: HashMap<Pin, u32>,
}

impl Replays {
    /// Tells what a knock is, and remembers it.
    pub(super) fn hear(&mut self, id: &FirstId, whose: Pin, from: SocketAddr, at: Moment) -> Knock {
        self.forget(at);
        if let Some(heard) = self.heard.get_mut(id) {
            let late = at.since_ms.saturating_sub(heard.first_ms) > HANDSHAKE_MS;
            if heard.from != from || late || heard.times >= MAX_TIMES {
                return Knock::Replayed;
            }
            heard.times += 1;
            return Knock::Again;
        }
        let of_seller = self.of_seller.get(&whose).copied().unwrap_or(0);
        if of_seller >= MAX_OF_ONE || self.heard.len() >= MAX_OF_ALL {
            return Knock::Crowded;
        }
        self.of_seller.insert(whose, of_seller + 1);
        self.heard.insert(*id, Heard { from, first_ms: at.since_ms, times: 1 });
        self.order.push_back((at.since_ms, *id, whose));
        Knock::New
    }

    fn forget(&mut self, at: Moment) {
        while let Some((since_ms, id, whose)) = self.order.front().copied() {
            if at.since_ms.saturating_sub(since_ms) <= REMEMBERED_MS {
                return;
            }
            self.order.pop_front();
            self.heard.remove(&id);
            match self.of_seller.get_mut(&whose) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.of_seller.remove(&whose)),
            }
        }
    }
}
