//! The answering side: it lets connections in and sees them out.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use quinn::{Endpoint, Incoming};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::admission::{Admission, Pass, Verdict};
use super::begun::Begun;
use super::close;
use super::common::Common;
use super::counts::count;
use super::lane::Lanes;
use super::limits::Limits;
use super::pulse::{BEAT, Beats, Pulse};
use super::push::Watcher;
use super::registry::{Registry, Roster};
use super::session::{self, Guest};
use crate::pin::Pin;
use crate::tls::{Peers, peer_pin};

/// How long calls in progress may take to finish, and their replies to be delivered, once a
/// connection or the server is going down.
pub(super) const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// How long a closing endpoint waits for its last packets to be acknowledged.
const FAREWELL_DEADLINE: Duration = Duration::from_secs(1);

/// Length of the connection id in a client's first packet, in bytes: that of the knock, which is also what
/// QUIC draws by lot. Ids that servers give out are shorter.
const FIRST_ID_BYTES: usize = 20;

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

    /// What a request to be told from now on is answered, and what tells the peer; `None` for every other
    /// request. Only the first of a connection is heeded: a second gets its reply and is told nothing more.
    fn watch(&self, _peer: Pin, _request: &Self::Request) -> Option<(Self::Reply, Option<Watcher>)> {
        None
    }

    /// Where whoever is connected can be seen, for a service that somebody watches.
    fn roster(&self) -> Option<&Roster> {
        None
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
    let registry = Arc::new(Registry::new(peers.clone(), limits));
    if let Some(roster) = service.roster() {
        roster.show(&registry);
    }
    let server = Arc::new(Server {
        service,
        limits,
        registry,
        admission: Admission::new(&limits, Instant::now()),
        lanes: limits.strangers.map(|_| Lanes::new(Instant::now())),
        beats: Beats::new(),
        common: limits.strangers.map(|strangers| Common::new(strangers.common_bytes)),
        wide: Arc::new(Semaphore::new(limits.strangers.map_or(0, |strangers| strangers.wide_connections))),
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
    pub(super) registry: Arc<Registry>,
    /// What connections hold beyond their allowances; `None` where no bound is kept.
    pub(super) common: Option<Arc<Common>>,
    /// Places for connections that have use for more than a narrow one has.
    pub(super) wide: Arc<Semaphore>,
    admission: Arc<Admission>,
    /// Where handshakes begin one after the other; `None` where a list says who may connect.
    lanes: Option<Lanes>,
    beats: Beats,
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
    let (mut sessions, mut begun) = (JoinSet::new(), Begun::default());
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                Some(incoming) => admit(incoming, endpoint, server, (&mut sessions, &mut begun)),
                None => break,
            },
            _ = beat.tick() => {
                server.beats.strike();
                server.registry.watch();
            }
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

fn admit<S: Service>(
    incoming: Incoming,
    endpoint: &Endpoint,
    server: &Arc<Server<S>>,
    (sessions, begun): (&mut JoinSet<()>, &mut Begun),
) {
    let Server { limits, admission, registry, .. } = &**server;
    // A retransmission belongs to the connection that it began, as long as there is one. And where a list
    // says who may connect, nothing begins with an id that a server has given out: whoever heard one could
    // make up a first packet for it, whose keys follow from the id.
    let id = incoming.orig_dst_cid();
    if begun.knows(id) || limits.strangers.is_none() && id.len() != FIRST_ID_BYTES {
        incoming.ignore();
        return;
    }
    let crowded = limits.retry_above.is_some_and(|limit| limit == 0 || admission.in_progress() >= limit);
    if crowded && incoming.may_retry() {
        count(&registry.counts.asked_again);
        // An error only says that this client has been asked already, which was just checked.
        let _ = incoming.retry();
        return;
    }
    if !registry.has_room() {
        // Strangers must not fill the log: what is refused is counted, and told to operators.
        tracing::debug!(from = %incoming.remote_address(), "refusing: too many connections");
        count(&registry.counts.full);
        incoming.refuse();
        return;
    }
    // Those that were given up are known to QUIC for a moment longer.
    if endpoint.open_connections() >= limits.max_known() {
        count(&registry.counts.paced);
        incoming.ignore();
        return;
    }
    match admission.admit(incoming.remote_address().ip(), Instant::now()) {
        Verdict::Enter(pass, given_up) => {
            begun.note(incoming.orig_dst_cid());
            sessions.spawn(welcome(incoming, Arc::clone(server), pass, given_up));
        }
        Verdict::Later => {
            count(&registry.counts.paced);
            incoming.ignore();
        }
        Verdict::Full => {
            tracing::debug!(from = %incoming.remote_address(), "refusing: its address has too many connections");
            count(&registry.counts.full);
            incoming.refuse();
        }
    }
}

async fn welcome<S: Service>(
    incoming: Incoming,
    server: Arc<Server<S>>,
    mut pass: Pass,
    given_up: oneshot::Receiver<()>,
) {
    let from = incoming.remote_address();
    let connection = tokio::select! {
        connection = shake_hands(incoming, &server, &pass) => connection,
        _ = given_up => None,
    };
    let Some(connection) = connection.filter(|_| pass.seat()) else {
        count(&server.registry.counts.stalled);
        return;
    };
    let Some(peer) = peer_pin(&connection) else {
        // The verifier lets nobody through without a key; this is the second lock on the door.
        connection.close(close::FAULT, b"no key");
        return;
    };
    let pulse = Arc::new(Pulse::new(&server.beats));
    match server.registry.seat(peer, &connection, Arc::clone(&pulse)) {
        Ok(_seat) => {
            count(&server.registry.counts.connected);
            session::run(&connection, &Guest { peer, pulse, pass }, &server).await;
            let (received, sent) = (connection.stats().udp_rx.bytes, connection.stats().udp_tx.bytes);
            tracing::debug!(%peer, received, sent, "{ENDED}");
        }
        Err(code) => {
            tracing::info!(%peer, %from, %code, "connection not taken in");
            count(&server.registry.counts.refused);
            connection.close(code, b"not taken in");
        }
    }
}

/// Whether a handshake came to nothing because we refuse the key of the peer, or the peer what we are.
fn is_refusal(error: &quinn::ConnectionError) -> bool {
    /// The codes of TLS alerts in QUIC (RFC 9001, section 4.8).
    const ALERTS: std::ops::Range<u64> = 0x100..0x200;
    match error {
        quinn::ConnectionError::TransportError(error) => ALERTS.contains(&u64::from(error.code)),
        _ => false,
    }
}

async fn shake_hands<S>(incoming: Incoming, server: &Server<S>, pass: &Pass) -> Option<quinn::Connection> {
    let from = incoming.remote_address();
    let deadline = server.limits.handshake_deadline;
    let shaking = async {
        let accepted = match &server.lanes {
            Some(lanes) => {
                // Waiting for its turn takes nothing from the time that the handshake itself may have.
                let turn = lanes.begin(pass, || incoming.accept());
                let Ok((accepted, took)) = timeout(deadline, turn).await else {
                    return Err(quinn::ConnectionError::TimedOut);
                };
                pass.took(took);
                accepted
            }
            None => incoming.accept(),
        };
        let handshake = accepted?;
        timeout(deadline, handshake).await.unwrap_or(Err(quinn::ConnectionError::TimedOut))
    };
    match timeout(deadline * 2, shaking).await {
        Ok(Ok(connection)) => Some(connection),
        Ok(Err(error)) => {
            tracing::debug!(%from, %error, "handshake failed");
            if is_refusal(&error) {
                count(&server.registry.counts.refused);
            }
            None
        }
        Err(_) => {
            tracing::debug!(%from, "handshake took too long");
            None
        }
    }
}
