//! Which keys have which connections.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use quinn::{Connection, VarInt};
use tokio::time::Instant;

use super::close;
use super::counts::{Came, Counts, TurnedAway, count};
use super::limits::Limits;
use super::pulse::{Beats, Pulse};
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
    pulse: Arc<Pulse>,
    /// Its place is another's already, and it is about to end.
    leaving: bool,
}

/// The live connections of every key.
pub(super) struct Registry {
    peers: Peers,
    limits: Limits,
    pub(super) counts: Counts,
    live: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    keys: HashMap<Pin, Vec<Live>>,
    /// Places that are taken.
    taken: usize,
}

impl Table {
    fn all(&self) -> impl Iterator<Item = (&Pin, &Live)> {
        self.keys.iter().flat_map(|(peer, all)| all.iter().map(move |live| (peer, live)))
    }

    /// The connection that has been idle for longest, if for longer than so many beats.
    fn spare(&mut self, beats: u32) -> Option<&mut Live> {
        let all = self.keys.values_mut().flatten();
        all.filter(|live| !live.leaving && live.pulse.idle() > beats).max_by_key(|live| live.pulse.idle())
    }
}

impl Registry {
    pub(super) fn new(peers: Peers, limits: Limits) -> Self {
        Self { peers, limits, counts: Counts::default(), live: Mutex::default() }
    }

    /// Whether one more connection can be taken in, if need be in the place of an idle one.
    pub(super) fn has_room(&self) -> bool {
        let mut live = self.lock();
        live.taken < self.limits.max_connections || live.spare(self.spare_beats()).is_some()
    }

    fn spare_beats(&self) -> u32 {
        Beats::of(self.limits.spare_after)
    }

    /// Closes the connections whose peers leave something unfinished for too long.
    pub(super) fn watch(&self) {
        let Limits { frame_deadline, reply_deadline, .. } = self.limits;
        let (frame, reply) = (Beats::of(frame_deadline), Beats::of(reply_deadline));
        for (peer, live) in self.lock().all() {
            if live.pulse.is_slow(frame, reply) && live.connection.close_reason().is_none() {
                tracing::debug!(%peer, "closing: the peer does not go on");
                count(&self.counts.slow);
                live.connection.close(close::SLOW, b"not gone on in time");
            }
        }
    }

    /// Takes a connection in, or says with which code to close it.
    pub(super) fn seat(
        self: &Arc<Self>,
        peer: Pin,
        connection: &Connection,
        pulse: Arc<Pulse>,
    ) -> Result<Seat, VarInt> {
        let mut live = self.lock();
        // The list may have changed since the handshake. A change after this check finds the
        // connection in the table, because the sweep waits for the lock.
        if !self.peers.allow(&peer) {
            return Err(close::REVOKED);
        }
        let of_peer = live.keys.get(&peer).map_or(0, Vec::len);
        if of_peer >= self.limits.max_connections_per_peer {
            return Err(close::TOO_MANY);
        }
        if live.taken >= self.limits.max_connections {
            let Some(spare) = live.spare(self.spare_beats()) else { return Err(close::TOO_MANY) };
            spare.leaving = true;
            spare.connection.close(close::IDLE, b"idle, and others wait");
            count(&self.counts.idle);
            live.taken -= 1;
        }
        live.taken += 1;
        let seat = Live { connection: connection.clone(), since: Instant::now(), pulse, leaving: false };
        live.keys.entry(peer).or_default().push(seat);
        Ok(Seat { peer, id: connection.stable_id(), registry: Arc::clone(self) })
    }

    /// Closes every connection of a key that is not allowed any more.
    pub(super) fn sweep(&self) {
        let live = self.lock();
        for (peer, connections) in &live.keys {
            if self.peers.allow(peer) {
                continue;
            }
            tracing::info!(%peer, connections = connections.len(), "closing: key revoked");
            for Live { connection, .. } in connections {
                if connection.close_reason().is_some() {
                    continue;
                }
                count(&self.counts.revoked);
                connection.close(close::REVOKED, b"key revoked");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
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
        live.all().map(|(peer, live)| connected(*peer, live)).collect()
    }

    /// Closes the live connections of a key, which may come again; how many there were.
    pub fn disconnect(&self, peer: &Pin) -> usize {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        let Some(registry) = registry else { return 0 };
        let live = registry.lock();
        let connections = live.keys.get(peer).map_or(&[][..], Vec::as_slice);
        connections.iter().for_each(|live| live.connection.close(close::IDLE, b"closed by an operator"));
        connections.len()
    }

    /// Who came, since the server began; nobody before that.
    #[must_use]
    pub fn came(&self) -> Came {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        registry.map_or_else(Came::default, |registry| registry.counts.came())
    }

    /// How many are connected now.
    #[must_use]
    pub fn len(&self) -> usize {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        registry.map_or(0, |registry| registry.lock().keys.values().map(Vec::len).sum())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was not taken on, since the server began; nothing before that.
    #[must_use]
    pub fn turned_away(&self) -> TurnedAway {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        registry.map_or_else(TurnedAway::default, |registry| registry.counts.now())
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
        let Some(seats) = live.keys.get_mut(&self.peer) else { return };
        let at = seats.iter().position(|live| live.connection.stable_id() == self.id);
        let left = at.map(|at| seats.swap_remove(at));
        if seats.is_empty() {
            live.keys.remove(&self.peer);
        }
        live.taken -= usize::from(left.is_some_and(|left| !left.leaving));
    }
}
