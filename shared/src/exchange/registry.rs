//! Which keys have which connections.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use quinn::{Connection, VarInt};
use tokio::time::Instant;

use super::close;
use crate::pin::Pin;
use crate::tls::Peers;

/// One live connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    pub peer: Pin,
    pub address: SocketAddr,
    /// Since it was let in.
    pub lasted: Duration,
}

/// Shows who is connected to a server that was given it. Clones show the same.
#[derive(Clone, Default)]
pub struct Roster(Arc<Mutex<Weak<Registry>>>);

struct Live {
    connection: Connection,
    since: Instant,
}

/// The live connections of every key.
pub(super) struct Registry {
    peers: Peers,
    per_peer: usize,
    live: Mutex<HashMap<Pin, Vec<Live>>>,
}

impl Registry {
    pub(super) fn new(peers: Peers, per_peer: usize) -> Self {
        Self { peers, per_peer, live: Mutex::new(HashMap::new()) }
    }

    /// Takes a connection in, or says with which code to close it.
    pub(super) fn seat(self: &Arc<Self>, peer: Pin, connection: &Connection) -> Result<Seat, VarInt> {
        let mut live = self.lock();
        // The list may have changed since the handshake. A change after this check finds the
        // connection in the table, because the sweep waits for the lock.
        if !self.peers.allow(&peer) {
            return Err(close::REVOKED);
        }
        let seats = live.entry(peer).or_default();
        if seats.len() >= self.per_peer {
            return Err(close::TOO_MANY);
        }
        seats.push(Live { connection: connection.clone(), since: Instant::now() });
        Ok(Seat { peer, id: connection.stable_id(), registry: Arc::clone(self) })
    }

    /// Closes every connection of a key that is not allowed any more.
    pub(super) fn sweep(&self) {
        let live = self.lock();
        for (peer, connections) in live.iter() {
            if self.peers.allow(peer) {
                continue;
            }
            tracing::info!(%peer, connections = connections.len(), "closing: key revoked");
            for Live { connection, .. } in connections {
                connection.close(close::REVOKED, b"key revoked");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pin, Vec<Live>>> {
        // No code between lock and unlock leaves the table half changed, even if it panics.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Roster {
    pub(super) fn show(&self, registry: &Arc<Registry>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(registry);
    }

    /// Everybody who is connected now; nobody before the server runs, and after it.
    #[must_use]
    pub fn connected(&self) -> Vec<Connected> {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        let Some(registry) = registry else { return Vec::new() };
        let live = registry.lock();
        let connected = |peer: Pin, live: &Live| Connected {
            peer,
            address: live.connection.remote_address(),
            lasted: live.since.elapsed(),
        };
        live.iter().flat_map(|(peer, all)| all.iter().map(move |live| connected(*peer, live))).collect()
    }
}

/// The place of a connection in the registry, until it is dropped.
pub(super) struct Seat {
    peer: Pin,
    id: usize,
    registry: Arc<Registry>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut live = self.registry.lock();
        if let Some(seats) = live.get_mut(&self.peer) {
            seats.retain(|live| live.connection.stable_id() != self.id);
            if seats.is_empty() {
                live.remove(&self.peer);
            }
        }
    }
}
