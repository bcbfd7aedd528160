//! How a trunk is doing, for operators.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::exchange::client::{Client, Signs};
use crate::exchange::error::LinkError;

/// Whether a trunk can be spoken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The server has answered on this connection.
    Up,
    /// What was sent is not acknowledged; another connection is being made beside.
    Silent,
    /// There is no connection, or none that the server has answered on.
    Down,
}

/// How a trunk is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub state: State,
    /// How long it has been so.
    pub lasting: Duration,
    /// Where the server is, or was last.
    pub address: Option<SocketAddr>,
    /// Where it may be, the one that answered last first.
    pub addresses: Vec<SocketAddr>,
    /// From a packet to its acknowledgement: now and at best. `None` without a connection.
    pub round_trips: Option<(Duration, Duration)>,
    /// Packets, on all connections since the start.
    pub sent: u64,
    pub lost: u64,
    /// Attempts to connect, and how many of them led to a connection.
    pub attempts: u64,
    pub connections: u64,
    /// Why there was no connection, or why it ended, the last time.
    pub last_error: Option<LinkError>,
    /// Calls that wait for a connection, and those that wait for their reply.
    pub waiting: u64,
    pub in_flight: u64,
}

/// What the keeper of a trunk writes down.
pub(super) struct Record {
    state: State,
    since: Instant,
    /// Since when the connection that is silent now was up.
    up_since: Instant,
    client: Option<(Client, SocketAddr)>,
    /// Packets of the connections that have ended.
    sent: u64,
    lost: u64,
    attempts: u64,
    connections: u64,
    last_error: Option<LinkError>,
}

impl Record {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            state: State::Down,
            since: now,
            up_since: now,
            client: None,
            sent: 0,
            lost: 0,
            attempts: 0,
            connections: 0,
            last_error: None,
        }
    }

    /// An attempt was begun.
    pub(super) fn tried(&mut self) {
        self.attempts += 1;
    }

    /// It came to nothing.
    pub(super) fn failed(&mut self, error: LinkError) {
        self.last_error = Some(error);
    }

    /// There is a connection, on which nothing was answered yet.
    pub(super) fn connected(&mut self, client: &Client, address: SocketAddr) {
        self.connections += 1;
        self.client = Some((client.clone(), address));
    }

    /// The server has answered on it.
    pub(super) fn answered(&mut self) {
        if self.state == State::Down {
            self.become_state(State::Up);
            self.up_since = self.since;
        }
    }

    /// What was sent is not acknowledged.
    pub(super) fn silent(&mut self) {
        if self.state == State::Up {
            self.become_state(State::Silent);
        }
    }

    /// A connection that was silent is not.
    pub(super) fn heard_again(&mut self) {
        if self.state == State::Silent {
            (self.state, self.since) = (State::Up, self.up_since);
        }
    }

    /// The connection has ended.
    pub(super) fn ended(&mut self, error: LinkError) {
        if let Some((client, _)) = &self.client {
            let Signs { sent, lost, .. } = client.signs();
            self.sent += sent;
            self.lost += lost;
        }
        self.client = None;
        self.last_error = Some(error);
        if self.state != State::Down {
            self.become_state(State::Down);
        }
    }

    pub(super) fn last_error(&self) -> Option<LinkError> {
        self.last_error.clone()
    }

    fn become_state(&mut self, state: State) {
        (self.state, self.since) = (state, Instant::now());
    }

    pub(super) fn health(&self, addresses: Vec<SocketAddr>, (waiting, in_flight): (u64, u64)) -> Health {
        let signs = self.client.as_ref().map(|(client, _)| client.signs());
        let Signs { sent, lost, .. } = signs.unwrap_or_default();
        Health {
            state: self.state,
            lasting: self.since.elapsed(),
            address: self.client.as_ref().map(|(_, address)| *address).or(addresses.first().copied()),
            addresses,
            round_trips: signs.map(|signs| (signs.round_trip, signs.best_round_trip)),
            sent: self.sent + sent,
            lost: self.lost + lost,
            attempts: self.attempts,
            connections: self.connections,
            last_error: self.last_error(),
            waiting,
            in_flight,
        }
    }
}
