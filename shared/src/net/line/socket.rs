//! The socket of an endpoint over any wire that has descriptors.

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::Wire;
use super::reactor::watch;
use crate::net::side::{End, SELLER_END, SETTLEMENT_END};

/// How much that is none of ours is passed over before others get their turn.
const MAX_PASSED_OVER: usize = 64;

/// One end of a line.
#[derive(Debug)]
pub(super) struct LineSocket<W> {
    wire: W,
    /// Its descriptors again, for the reactor only.
    hearing: AsyncFd<OwnedFd>,
    speaking: AsyncFd<OwnedFd>,
    here: SocketAddr,
    there: SocketAddr,
}

impl<W: Wire> LineSocket<W> {
    pub(super) fn new(wire: W, end: End) -> io::Result<Self> {
        let (hearing, speaking) = wire.ends()?;
        let (here, there) = match end {
            End::Settlement => (SETTLEMENT_END, SELLER_END),
            End::Seller => (SELLER_END, SETTLEMENT_END),
        };
        let hearing = watch(hearing, Interest::READABLE)?;
        let speaking = watch(speaking, Interest::WRITABLE)?;
        Ok(Self { wire, hearing, speaking, here, there })
    }
}

impl<W: Wire> AsyncUdpSocket for LineSocket<W> {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Writable { socket: self, waiting: None })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if transmit.destination != self.there {
            // The line has one other end, so whatever is for elsewhere never arrives.
            return Ok(());
        }
        let whole = transmit.contents;
        for datagram in whole.chunks(transmit.segment_size.unwrap_or(whole.len()).max(1)) {
            match self.speaking.try_io(Interest::WRITABLE, |_| self.wire.send(datagram)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                // Whatever keeps a datagram from the line loses it, and QUIC sends it again. Told as an
                // error, it would end the connection.
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let (mut taken, mut passed_over) = (0, 0);
        while taken < bufs.len().min(meta.len()) {
            if taken > 0 && passed_over == MAX_PASSED_OVER {
                break;
            }
            if passed_over == MAX_PASSED_OVER {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let mut ready = match self.hearing.poll_read_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending if taken > 0 => break,
                Poll::Pending => return Poll::Pending,
            };
            match ready.try_io(|_| self.wire.receive(&mut bufs[taken])) {
                Ok(Ok(Some(len))) => {
                    let blank = RecvMeta::default();
                    meta[taken] = RecvMeta { addr: self.there, len, stride: len, ..blank };
                    taken += 1;
                }
                // An interface that went down comes up again, and an endpoint that was told of an error
                // would not.
                Ok(Ok(None) | Err(_)) => passed_over += 1,
                Err(_nothing_came) => {}
            }
        }
        Poll::Ready(Ok(taken))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.here)
    }

    fn may_fragment(&self) -> bool {
        false
    }
}

/// Waits for room. Each connection has one of its own, since the descriptor wakes every one that waits.
struct Writable<W> {
    socket: Arc<LineSocket<W>>,
    waiting: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>>,
}

impl<W> std::fmt::Debug for Writable<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writable").finish_non_exhaustive()
    }
}

impl<W: Wire> UdpPoller for Writable<W> {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = Arc::clone(&self.socket);
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(async move { socket.speaking.writable().await.map(|_| ()) }));
        let done = ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        Poll::Ready(done)
    }
}
