//! The asking side of one connection.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quinn::{Endpoint, RecvStream, SendStream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout};

use super::close;
use super::error::{CallError, LinkError};
use super::pending::Pending;
use super::push::Pushed;
use super::stream::{Broken, FrameReader};
use crate::codec::{self, PeerFault};
use crate::pin::Pin;
use crate::tls::peer_pin;

/// How long a handshake may take. A server that is up answers the second or third packet at the
/// latest, and for one that is down a new attempt is better than a long one, whose packets come
/// ever more rarely.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// How often the packets of a connection that is in use are counted.
const COUNT_EVERY: Duration = Duration::from_millis(50);

/// A connection to ask questions on. Clones share it, and it closes with the last of them.
///
/// A server drops a client that asks nothing soon after connecting, so connect when there is a
/// question. When the connection ends it stays ended; [`super::Link`] reconnects.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    connection: quinn::Connection,
    peer: Pin,
    pending: Arc<Pending>,
    heard: Heard,
}

/// How many packets had come when they were last counted. To count them takes the connection's lock,
/// which is too much for every call.
struct Heard {
    begun: Instant,
    /// In milliseconds after the beginning.
    counted_at: AtomicU64,
    packets: AtomicU64,
}

/// What the transport of a connection has noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// How often something was sent that a live peer acknowledges.
    pub asked: u64,
    /// How many datagrams have come.
    pub heard: u64,
    pub round_trip: Duration,
    pub best_round_trip: Duration,
    /// Packets.
    pub sent: u64,
    pub lost: u64,
}

impl Client {
    /// Connects, within [`CONNECT_DEADLINE`].
    ///
    /// Success means that we accept the server. Whether the server accepts us shows only in the
    /// first reply, for TLS lets a client finish before the server has checked its certificate.
    ///
    /// # Errors
    ///
    /// Any [`LinkError`].
    pub async fn connect(
        endpoint: &Endpoint,
        addr: SocketAddr,
        config: quinn::ClientConfig,
        server_name: &str,
    ) -> Result<Self, LinkError> {
        let connecting = endpoint
            .connect_with(config, addr, server_name)
            .map_err(|error| LinkError::Local(error.to_string()))?;
        let connection = timeout(CONNECT_DEADLINE, connecting).await.map_err(|_| LinkError::Silent)??;
        let peer =
            peer_pin(&connection).ok_or_else(|| LinkError::Untrusted("the server has no key".into()))?;
        let (send, recv) = connection.open_bi().await?;
        let pending = Arc::new(Pending::new());
        tokio::spawn(drive(connection.clone(), send, recv, Arc::clone(&pending)));
        let heard =
            Heard { begun: Instant::now(), counted_at: AtomicU64::new(0), packets: AtomicU64::new(0) };
        let inner = Inner { connection, peer, pending, heard };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Asks, and waits for the reply until the deadline has passed.
    ///
    /// # Errors
    ///
    /// Any [`CallError`]; [`CallError::may_have_happened`] tells what it means for the request.
    pub async fn call<Req: Serialize, Rep: DeserializeOwned>(
        &self,
        request: &Req,
        deadline: Duration,
    ) -> Result<Rep, CallError> {
        let answer = self.inner.pending.ask(request, Instant::now() + deadline).await?;
        codec::decode(&answer).map_err(|fault| {
            self.accuse(fault);
            CallError::PeerFault(fault)
        })
    }

    /// What the server tells from now on, once it has answered a request to watch. A connection that was not
    /// made for this has no room for it.
    #[must_use]
    pub fn pushed(&self) -> Pushed {
        Pushed::on(self.clone(), self.inner.connection.clone())
    }

    /// Waits until the connection has ended, and says why.
    pub fn closed(&self) -> impl Future<Output = LinkError> + Send + use<> {
        let mut ended = self.inner.pending.ended();
        async move {
            match ended.wait_for(Option::is_some).await {
                Ok(error) => error.clone().unwrap_or(LinkError::Done),
                Err(_) => LinkError::Done,
            }
        }
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.pending.has_ended()
    }

    /// How many replies the server has given. The first shows that it has accepted us.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.inner.pending.answers()
    }

    /// How many packets the server has sent. A server that is merely slow still acknowledges what
    /// it receives, so a count that stands still while a call runs out of time means no server.
    #[must_use]
    pub fn packets_heard(&self) -> u64 {
        self.inner.connection.stats().udp_rx.datagrams
    }

    /// As [`Client::packets_heard`], counted now or up to [`COUNT_EVERY`] ago: at most as many as there
    /// were, so that no more is heard than was when a later count is the same.
    pub(super) fn packets_heard_lately(&self) -> u64 {
        let Heard { begun, counted_at, packets } = &self.inner.heard;
        let now = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let due = counted_at.load(Ordering::Relaxed) + COUNT_EVERY.as_millis() as u64;
        if now >= due {
            packets.store(self.packets_heard(), Ordering::Relaxed);
            counted_at.store(now, Ordering::Relaxed);
        }
        packets.load(Ordering::Relaxed)
    }

    /// What the transport has noticed so far. It takes the connection's lock, so not for every call.
    pub(super) fn signs(&self) -> Signs {
        let stats = self.inner.connection.stats();
        // A probe for longer datagrams is a ping too, and one that is lost says nothing of the peer.
        let asking = (stats.frame_tx.stream + stats.frame_tx.ping) - stats.path.sent_plpmtud_probes;
        Signs {
            asked: asking,
            heard: stats.udp_rx.datagrams,
            round_trip: stats.path.rtt,
            best_round_trip: stats.path.min_rtt,
            sent: stats.path.sent_packets,
            lost: stats.path.lost_packets,
        }
    }

    /// Gives the connection up: every call that waits on it hears this at once.
    pub(super) fn give_up(&self, error: &LinkError) {
        self.inner.pending.end(error);
        self.inner.connection.close(close::DONE, b"done");
    }

    /// Whether two handles share one connection.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The key of the server.
    #[must_use]
    pub fn peer_pin(&self) -> Pin {
        self.inner.peer
    }

    /// Closes the connection because of the server.
    pub(super) fn accuse(&self, fault: PeerFault) -> LinkError {
        self.inner.pending.end(&LinkError::Fault(fault));
        let reason = fault.to_string();
        self.inner.connection.close(close::FAULT, reason.as_bytes());
        LinkError::Fault(fault)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.connection.close(close::DONE, b"done");
    }
}

/// Whatever becomes of the task that drives a connection, nobody waits for a reply in vain.
struct Ending(Arc<Pending>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(&LinkError::Done);
    }
}

async fn drive(connection: quinn::Connection, send: SendStream, recv: RecvStream, pending: Arc<Pending>) {
    let pending = Ending(pending);
    let pending = &*pending.0;
    let error = tokio::select! {
        error = converse(&connection, send, recv, pending) => error,
        // It ends no connection, and goes on while a connection that is lost finds out why.
        () = pending.watch_deadlines() => LinkError::Done,
    };
    pending.end(&error);
    connection.close(close::DONE, b"done");
}

async fn converse(
    connection: &quinn::Connection,
    send: SendStream,
    recv: RecvStream,
    pending: &Pending,
) -> LinkError {
    let broken = tokio::select! {
        broken = read_replies(FrameReader::new(recv), pending) => broken,
        () = write_requests(send, pending) => Broken::Lost,
    };
    match broken {
        Broken::Fault(fault) => {
            tracing::warn!(%fault, "closing a connection because of the server");
            connection.close(close::FAULT, fault.to_string().as_bytes());
            LinkError::Fault(fault)
        }
        // A server that goes down ends the stream first, and its reason follows. A client shares its room
        // with nobody.
        Broken::Lost | Broken::NoRoom => {
            timeout(CONNECT_DEADLINE, connection.closed()).await.map_or(LinkError::Silent, LinkError::from)
        }
    }
}

async fn read_replies(mut reader: FrameReader, pending: &Pending) -> Broken {
    let (mut replies, mut wake) = (Vec::new(), Vec::new());
    loop {
        let broken = match reader.next().await {
            Ok(Some(frame)) => {
                replies.push(frame);
                // Whatever has come with it is handed over at once.
                loop {
                    match reader.next_here() {
                        Ok(Some(frame)) => replies.push(frame),
                        Ok(None) => break None,
                        Err(broken) => break Some(broken),
                    }
                }
            }
            Ok(None) => return Broken::Lost,
            Err(broken) => return broken,
        };
        if let Err(fault) = pending.answer(&mut replies, &mut wake) {
            return Broken::Fault(fault);
        }
        if let Some(broken) = broken {
            return broken;
        }
    }
}

/// Writes requests until the stream takes no more.
async fn write_requests(mut stream: SendStream, pending: &Pending) {
    loop {
        let batch = pending.next_batch().await;
        if stream.write_chunk(batch.into_bytes().into()).await.is_err() {
            return;
        }
    }
}
