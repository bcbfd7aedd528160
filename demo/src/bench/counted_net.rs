//! The ground that the load stands on: UDP sockets of the machine that count what goes through them.
//! The counts are of UDP payloads, so a datagram is as long as QUIC made it and no header of the
//! network below is in them.

use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use kessai_shared::net::knock::Gate;
use kessai_shared::net::side::Side;
use kessai_shared::net::{self, Net, RealNet};
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Endpoint, UdpPoller};
use serde::{Deserialize, Serialize};

/// Opens sockets that count into one pair of counters.
#[derive(Clone, Default)]
pub struct CountedNet {
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    sent: AtomicU64,
    received: AtomicU64,
}

/// Bytes of UDP payload that went over a wire, as one of its ends sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WireBytes {
    pub sent: u64,
    pub received: u64,
}

impl CountedNet {
    /// What went through since the first socket was opened.
    pub fn bytes(&self) -> WireBytes {
        WireBytes {
            sent: self.counters.sent.load(Ordering::Relaxed),
            received: self.counters.received.load(Ordering::Relaxed),
        }
    }

    fn bind(&self, addr: SocketAddr) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(CountedSocket { socket: net::bind(addr)?, counters: Arc::clone(&self.counters) }))
    }
}

impl Net for CountedNet {
    fn endpoint(&self, addr: SocketAddr, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint> {
        net::endpoint_over(self.bind(addr)?, server)
    }

    fn closed(&self, side: &Side, gate: &Gate, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint> {
        match side {
            Side::Network { bind, .. } => net::closed_over(self.bind(*bind)?, gate, server),
            // A line is not what is measured.
            Side::Ethernet { .. } | Side::Unix { .. } => RealNet::default().closed(side, gate, server),
        }
    }
}

/// A socket that counts, and is in all else the one that the terminal and the seller have.
struct CountedSocket {
    socket: Arc<dyn AsyncUdpSocket>,
    counters: Arc<Counters>,
}

impl fmt::Debug for CountedSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

impl AsyncUdpSocket for CountedSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.socket).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.socket.try_send(transmit)?;
        self.counters.sent.fetch_add(transmit.contents.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let filled = ready!(self.socket.poll_recv(context, buffers, meta))?;
        let bytes: u64 = meta.iter().take(filled).map(|meta| meta.len as u64).sum();
        self.counters.received.fetch_add(bytes, Ordering::Relaxed);
        Poll::Ready(Ok(filled))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.socket.may_fragment()
    }
}
