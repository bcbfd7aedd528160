//! The gate in front of a socket: QUIC sees only what is heard, and says nothing to anybody else.

use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};

use super::Gate;

/// How many batches may be dropped as a whole before others get their turn.
const MAX_DROPPED_BATCHES: usize = 16;

pub(super) struct Filtered {
    pub(super) socket: Arc<dyn AsyncUdpSocket>,
    pub(super) gate: Gate,
}

impl fmt::Debug for Filtered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

impl AsyncUdpSocket for Filtered {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.socket).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        // Segments that leave together go to one address.
        let first = transmit.segment_size.and_then(|size| transmit.contents.get(..size));
        let first = first.unwrap_or(transmit.contents);
        if !self.gate.judge.may_leave(first, transmit.destination, self.gate.now()) {
            return Ok(());
        }
        self.socket.try_send(transmit)
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        for _ in 0..MAX_DROPPED_BATCHES {
            let filled = ready!(self.socket.poll_recv(context, buffers, meta))?;
            let at = self.gate.now();
            self.gate.judge.follow(at);
            let kept =
                sift(buffers, meta, filled, |datagram, from| self.gate.judge.hears(datagram, from, at));
            if kept > 0 {
                return Poll::Ready(Ok(kept));
            }
        }
        // A flood of strangers' datagrams must not keep this task from what else it has to do.
        context.waker().wake_by_ref();
        Poll::Pending
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

/// Leaves only the datagrams that are heard, in the order they came: within each buffer, where the
/// kernel lays segments of one length and a shorter last one end to end, and of the buffers. Gives how
/// many buffers are left.
pub(super) fn sift(
    buffers: &mut [IoSliceMut<'_>],
    meta: &mut [RecvMeta],
    filled: usize,
    mut hears: impl FnMut(&[u8], SocketAddr) -> bool,
) -> usize {
    let mut kept = 0;
    for at in 0..filled.min(buffers.len()).min(meta.len()) {
        let RecvMeta { addr, len, stride, .. } = meta[at];
        let length = keep_segments(&mut buffers[at], (len, stride), |segment| hears(segment, addr));
        if length > 0 {
            buffers.swap(kept, at);
            // What follows a segment that was dropped has moved up, so all but the last are whole still.
            meta[kept] = RecvMeta { len: length, ..meta[at] };
            kept += 1;
        }
    }
    kept
}

/// Moves the segments that are heard to the beginning, and gives their length together.
fn keep_segments(
    buffer: &mut [u8],
    (len, stride): (usize, usize),
    mut hears: impl FnMut(&[u8]) -> bool,
) -> usize {
    let len = len.min(buffer.len());
    // An empty datagram has no segments, but whoever sent it is counted.
    if len == 0 {
        hears(&[]);
        return 0;
    }
    let (mut begin, mut length) = (0, 0);
    while begin < len {
        let end = len.min(begin + stride.max(1));
        if hears(&buffer[begin..end]) {
            buffer.copy_within(begin..end, length);
            length += end - begin;
        }
        begin = end;
    }
    length
}
