//! The asking side of one connection.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::{Endpoint, RecvStream, SendStream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{CallError, LinkError};
use super::pending::Pending;
use super::stream::{Broken, FrameReader, Outgoing, write_queued};
use super::{close, frame};
use crate::codec::{self, PeerFault};
use crate::pin::Pin;
use crate::tls::peer_pin;

/// How long a handshake may take. A server that is up answers the second or third packet at the
/// latest, and for one that is down a new attempt is better than a long one, whose packets come
/// ever more rarely.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// Requests that may wait to be written; callers beyond wait in turn.
const OUTBOX_FRAMES: usize = 256;

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
    outbox: mpsc::Sender<Request>,
    pending: Arc<Pending>,
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
        let (outbox, queue) = mpsc::channel(OUTBOX_FRAMES);
        let pending = Arc::new(Pending::new());
        tokio::spawn(drive(connection.clone(), send, recv, queue, Arc::clone(&pending)));
        let inner = Inner { connection, peer, outbox, pending };
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
        let until = Instant::now() + deadline;
        let inner = &*self.inner;
        let (ticket, reply) = inner.pending.register().map_err(CallError::NotSent)?;
        let request = Request {
            frame: frame::encode(ticket.id, request).map_err(CallError::TooLarge)?,
            id: ticket.id,
            pending: Arc::clone(&inner.pending),
        };
        let answer = timeout_at(until, async {
            // When the queue is closed the connection has ended, and the end answers every call.
            let _ = inner.outbox.send(request).await;
            reply.await
        });
        match answer.await {
            Ok(Ok(answer)) => codec::decode(&answer?).map_err(|fault| self.accuse(fault)),
            Ok(Err(_)) => Err(CallError::Lost(LinkError::Done)),
            Err(_) if ticket.withdraw() => Err(CallError::Timeout),
            Err(_) => Err(CallError::TooLate),
        }
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

    fn accuse(&self, fault: PeerFault) -> CallError {
        self.inner.pending.end(&LinkError::Fault(fault));
        let reason = fault.to_string();
        self.inner.connection.close(close::FAULT, reason.as_bytes());
        CallError::PeerFault(fault)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.connection.close(close::DONE, b"done");
    }
}

struct Request {
    id: u64,
    frame: Vec<u8>,
    pending: Arc<Pending>,
}

impl Outgoing for Request {
    fn claim(&self) -> Option<&[u8]> {
        self.pending.claim(self.id).then_some(&self.frame)
    }
}

async fn drive(
    connection: quinn::Connection,
    mut send: SendStream,
    recv: RecvStream,
    mut queue: mpsc::Receiver<Request>,
    pending: Arc<Pending>,
) {
    let broken = tokio::select! {
        broken = read_replies(FrameReader::new(recv), &pending) => broken,
        _ = write_queued(&mut send, &mut queue) => Broken::Lost,
    };
    let error = match broken {
        Broken::Fault(fault) => {
            tracing::warn!(%fault, "closing a connection because of the server");
            connection.close(close::FAULT, fault.to_string().as_bytes());
            LinkError::Fault(fault)
        }
        // A server that goes down ends the stream first, and its reason follows.
        Broken::Lost => {
            timeout(CONNECT_DEADLINE, connection.closed()).await.map_or(LinkError::Silent, LinkError::from)
        }
    };
    pending.end(&error);
    connection.close(close::DONE, b"done");
}

async fn read_replies(mut reader: FrameReader, pending: &Pending) -> Broken {
    loop {
        let taken = match reader.next().await {
            Ok(Some(frame)) => pending.answer(frame.id, frame.body),
            Ok(None) => return Broken::Lost,
            Err(broken) => return broken,
        };
        if let Err(fault) = taken {
            return Broken::Fault(fault);
        }
    }
}
