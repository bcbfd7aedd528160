//! Several sockets of one port, each connected to one peer, as one.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};

/// A socket, and to whom it is connected: a whole address, or any port of one.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) peer: SocketAddr,
    pub(super) socket: Arc<dyn AsyncUdpSocket>,
}

/// All of them. There is at least one.
#[derive(Debug)]
pub(super) struct Joined {
    places: Vec<Place>,
    /// Which one is asked first the next time.
    turn: AtomicUsize,
}

impl Joined {
    pub(super) fn of(places: Vec<Place>) -> Self {
        Self { places, turn: AtomicUsize::new(0) }
    }

    fn sockets(&self) -> impl Iterator<Item = &Arc<dyn AsyncUdpSocket>> {
        self.places.iter().map(|place| &place.socket)
    }
}

impl Place {
    fn is_for(&self, to: SocketAddr) -> bool {
        let Self { peer, .. } = self;
        peer.ip() == to.ip() && (peer.port() == 0 || peer.port() == to.port())
    }
}

impl AsyncUdpSocket for Joined {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(All(self.sockets().map(|socket| Arc::clone(socket).create_io_poller()).collect()))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        match self.places.iter().find(|place| place.is_for(transmit.destination)) {
            Some(place) => place.socket.try_send(transmit),
            // Whoever is not heard is not spoken to.
            None => Ok(()),
        }
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        // Each gets its turn to be first, so that a busy peer keeps nobody waiting.
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.places.len().max(1);
        for Place { socket, .. } in self.places.iter().cycle().skip(first).take(self.places.len()) {
            if let Poll::Ready(received) = socket.poll_recv(context, buffers, meta) {
                return Poll::Ready(received);
            }
        }
        // All of them have been asked, and each will wake the task.
        Poll::Pending
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        let first = self.sockets().next().ok_or(io::ErrorKind::NotConnected)?;
        first.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.sockets().map(|socket| socket.max_transmit_segments()).min().unwrap_or(1)
    }

    fn max_receive_segments(&self) -> usize {
        self.sockets().map(|socket| socket.max_receive_segments()).max().unwrap_or(1)
    }

    fn may_fragment(&self) -> bool {
        self.sockets().any(|socket| socket.may_fragment())
    }
}

/// Waits until every socket takes more. Which of them took no more is not known here, and to go on as soon
/// as any does would be to ask the full one again and again.
#[derive(Debug)]
struct All(Vec<Pin<Box<dyn UdpPoller>>>);

impl UdpPoller for All {
    fn poll_writable(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut all = Poll::Ready(Ok(()));
        for poller in &mut self.0 {
            match poller.as_mut().poll_writable(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => all = Poll::Pending,
            }
        }
        all
    }
}
