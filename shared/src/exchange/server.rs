//! The answering side: it lets connections in and sees them out.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use quinn::{Endpoint, Incoming};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::close;
use super::registry::{Registry, Roster};
use super::session;
use crate::pin::Pin;
use crate::tls::{Peers, peer_pin};

/// How long calls in progress may take to finish, and their replies to be delivered, once a
/// connection or the server is going down.
pub(super) const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// How long a closing endpoint waits for its last packets to be acknowledged.
const FAREWELL_DEADLINE: Duration = Duration::from_secs(1);

/// What the log says at the debug level of a connection that has ended, with the bytes of UDP payload
/// that it `received` and `sent`.
pub const ENDED: &str = "a connection has ended";

/// Answers requests.
pub trait Service: Send + Sync + 'static {
    /// What peers ask.
    type Request: DeserializeOwned + Send + 'static;
    /// What they get.
    type Reply: Serialize + Send + 'static;

    /// Answers one request of the peer with this key. A call that has begun is carried through
    /// even when the connection it came on ends.
    fn call(self: Arc<Self>, peer: Pin, request: Self::Request) -> impl Future<Output = Self::Reply> + Send;

    /// Where whoever is connected can be seen, for a service that somebody watches.
    fn roster(&self) -> Option<&Roster> {
        None
    }
}

/// What a server takes on at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections, counted from the first packet of their handshake. Others are refused.
    pub max_connections: usize,
    /// Connections of one key. The newest is closed, so that a live one is never lost to a
    /// second process that was started by mistake.
    pub max_connections_per_peer: usize,
    /// Calls in progress on one connection. The server stops reading a connection that has more,
    /// and the transport makes its client wait.
    pub max_in_flight_per_connection: u32,
    /// How long a handshake may take.
    pub handshake_deadline: Duration,
    /// How long after the handshake the first request must have arrived.
    pub first_frame_deadline: Duration,
    /// With so many handshakes in progress, a client must first show that it receives at the
    /// address it claims. `None` never asks for that; `Some(0)` always does.
    pub retry_above: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_connections_per_peer: 4,
            max_in_flight_per_connection: 256,
            handshake_deadline: Duration::from_secs(5),
            first_frame_deadline: Duration::from_secs(10),
            retry_above: Some(64),
        }
    }
}

/// Serves connections until `shutdown` resolves, then lets the calls in progress finish, within
/// five seconds, and closes the endpoint.
///
/// `peers` is the policy the endpoint was configured with; when a key leaves its set, the live
/// connections of that key are closed at once.
pub async fn serve<S: Service>(
    endpoint: Endpoint,
    peers: Peers,
    service: Arc<S>,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send,
) {
    let stop = watch::Sender::new(false);
    let (busy, mut quiet) = mpsc::channel(1);
    let registry = Arc::new(Registry::new(peers.clone(), limits.max_connections_per_peer));
    if let Some(roster) = service.roster() {
        roster.show(&registry);
    }
    let server = Arc::new(Server {
        service,
        limits,
        registry,
        places: Arc::new(Semaphore::new(limits.max_connections)),
        handshakes: Arc::new(()),
        stop: stop.subscribe(),
        _busy: busy,
    });
    accept(&endpoint, &peers, &server, shutdown).await;
    endpoint.set_server_config(None);
    stop.send_replace(true);
    drop(server);
    if timeout(DRAIN_DEADLINE, quiet.recv()).await.is_err() {
        tracing::warn!("calls were still in progress when the server went down");
    }
    endpoint.close(close::SHUTDOWN, b"the server is going down");
    let _ = timeout(FAREWELL_DEADLINE, endpoint.wait_idle()).await;
}

/// What all connections of a server share.
pub(super) struct Server<S> {
    pub(super) service: Arc<S>,
    pub(super) limits: Limits,
    pub(super) stop: watch::Receiver<bool>,
    /// Whoever holds the server keeps this channel open, which is what a server that goes down waits
    /// for: every connection does, and every call.
    _busy: mpsc::Sender<()>,
    registry: Arc<Registry>,
    places: Arc<Semaphore>,
    /// Its clones are the handshakes in progress.
    handshakes: Arc<()>,
}

async fn accept<S: Service>(
    endpoint: &Endpoint,
    peers: &Peers,
    server: &Arc<Server<S>>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let mut shutdown = std::pin::pin!(shutdown);
    let mut list = match peers {
        Peers::Any => None,
        Peers::Pins(set) => Some(set.subscribe()),
    };
    let mut sessions = JoinSet::new();
    loop {
        let changed = async {
            match &mut list {
                // The sender lives in `peers`, so a change is all that can come.
                Some(list) => drop(list.changed().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = &mut shutdown => break,
            incoming = endpoint.accept() => match incoming {
                Some(incoming) => admit(incoming, server, &mut sessions),
                None => break,
            },
            () = changed => server.registry.sweep(),
            Some(ended) = sessions.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection ended by a panic");
                }
            }
        }
    }
    // The connections end by themselves once they are told to stop.
    sessions.detach_all();
}

fn admit<S: Service>(incoming: Incoming, server: &Arc<Server<S>>, sessions: &mut JoinSet<()>) {
    let in_progress = Arc::strong_count(&server.handshakes) - 1;
    let crowded = server.limits.retry_above.is_some_and(|limit| in_progress >= limit);
    if crowded && incoming.may_retry() {
        // An error only says that this client has been asked already, which was just checked.
        let _ = incoming.retry();
        return;
    }
    match Arc::clone(&server.places).try_acquire_owned() {
        Ok(place) => {
            sessions.spawn(welcome(incoming, Arc::clone(server), place));
        }
        Err(_) => {
            tracing::warn!(from = %incoming.remote_address(), "refusing: too many connections");
            incoming.refuse();
        }
    }
}

async fn welcome<S: Service>(incoming: Incoming, server: Arc<Server<S>>, _place: OwnedSemaphorePermit) {
    let from = incoming.remote_address();
    let Some(connection) = shake_hands(incoming, &server).await else {
        return;
    };
    let Some(peer) = peer_pin(&connection) else {
        // The verifier lets nobody through without a key; this is the second lock on the door.
        connection.close(close::FAULT, b"no key");
        return;
    };
    match server.registry.seat(peer, &connection) {
        Ok(_seat) => {
            session::run(&connection, peer, &server).await;
            let (received, sent) = (connection.stats().udp_rx.bytes, connection.stats().udp_tx.bytes);
            tracing::debug!(%peer, received, sent, "{ENDED}");
        }
        Err(code) => {
            tracing::info!(%peer, %from, %code, "connection not taken in");
            connection.close(code, b"not taken in");
        }
    }
}

async fn shake_hands<S>(incoming: Incoming, server: &Server<S>) -> Option<quinn::Connection> {
    let from = incoming.remote_address();
    let _in_progress = Arc::clone(&server.handshakes);
    let connecting =
        incoming.accept().inspect_err(|error| tracing::debug!(%from, %error, "no handshake")).ok()?;
    match timeout(server.limits.handshake_deadline, connecting).await {
        Ok(Ok(connection)) => Some(connection),
        Ok(Err(error)) => {
            tracing::debug!(%from, %error, "handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!(%from, "handshake took too long");
            None
        }
    }
}
