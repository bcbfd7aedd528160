//! The operator wire: what whoever keeps a daemon asks of it and has it do, on the same machine or from
//! another, over QUIC like every other wire and with keys of its own.
//!
//! To add a request: give it a variant in [`seller::Request`] or [`settlement::Request`] and one to the
//! `Reply` beside it, answer it in that daemon's `operator` room (`server/src/operator/service.rs`,
//! `settlement/src/operator_wire/service.rs`), and ask it from a command in its `cli` folder with
//! [`reach::Reach::ask`]. A sample of each variant stands in `shared/tests/operator_bytes.rs`.

pub mod account;
pub mod client;
pub mod disputes;
pub mod health;
pub mod keeper;
pub mod keys;
pub mod live;
pub mod nodes;
pub mod post;
pub mod print;
pub mod reach;
pub mod registrar;
pub mod rights;
pub mod rows;
pub mod seller;
pub mod settlement;
pub mod shops;
pub mod trail;
pub mod trail_cli;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::exchange::Connected;
use crate::pin::Pin;

/// Most rows that one reply has. Whoever wants more asks on from the cursor that came with them.
pub const MAX_ROWS: u16 = 200;
/// Most rows of the books that one request looks at in search of those that fit, so that no question
/// keeps a daemon from its work for long.
pub const MAX_LOOKED_AT: usize = 2_000;

/// How many rows a request gets that asks for `limit`.
pub fn rows(limit: u16) -> usize {
    usize::from(limit.clamp(1, MAX_ROWS))
}

/// A part of a list that may be long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T, C> {
    /// At most [`MAX_ROWS`]. None does not mean that there are none behind `next`.
    pub rows: Vec<T>,
    /// What to ask on from; `None` at the end of the list.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// As many rows as a request gets that asks for `limit`; the next one is asked for from the last of them on.
    pub fn of(rows: impl Iterator<Item = T>, limit: u16, cursor: impl FnOnce(&T) -> C) -> Self {
        let limit = self::rows(limit);
        let mut rows: Vec<T> = rows.take(limit + 1).collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Self { rows, next }
    }
}

/// Where a daemon is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Endpoint {
    /// Where terminals connect.
    Open,
    /// Where sellers connect.
    Closed,
    /// Where operators connect.
    Operator,
}

impl Endpoint {
    pub const fn name(self) -> &'static str {
        match self {
            Endpoint::Open => "open",
            Endpoint::Closed => "closed",
            Endpoint::Operator => "operator",
        }
    }
}

/// One live connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    pub endpoint: Endpoint,
    pub pin: Pin,
    pub address: SocketAddr,
    /// For how long it has lasted, in seconds.
    pub seconds: u64,
}

/// Who is connected now: at most [`MAX_ROWS`] of an endpoint, the oldest first, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peers {
    pub peers: Vec<Peer>,
    /// How many connections each endpoint has in all.
    pub totals: Vec<(Endpoint, u64)>,
}

impl Peers {
    /// Adds those of one endpoint.
    pub fn add(&mut self, endpoint: Endpoint, mut connected: Vec<Connected>) {
        self.totals.push((endpoint, connected.len() as u64));
        connected.sort_by_key(|one| (std::cmp::Reverse(one.lasted), one.peer));
        let peer = |one: Connected| Peer {
            endpoint,
            pin: one.peer,
            address: one.address,
            seconds: one.lasted.as_secs(),
        };
        self.peers.extend(connected.into_iter().take(usize::from(MAX_ROWS)).map(peer));
    }
}
