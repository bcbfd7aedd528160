//! The UDP socket of an endpoint, with room for bursts and for long datagrams.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Runtime, TokioRuntime, UdpPoller};
use rustix::net::sockopt;

use super::MAX_DATAGRAM_BYTES;

/// What the kernel is asked to hold for a socket in either direction, in bytes; it gives no more than
/// `net.core.rmem_max` and `wmem_max` allow. All connections of a daemon share one socket, and the
/// usual 200 KiB overflow under a thousand requests at once, which costs them a retransmission.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// The most that one call of the kernel sends or receives for one address, in bytes: a UDP datagram
/// as long as IP allows, cut into segments on the way.
const BURST_BYTES: usize = 65_535;

/// Segments of the greatest length that one call sends. With more of them a burst would be longer
/// than the kernel takes, and be refused as a whole.
const SEND_SEGMENTS: usize = BURST_BYTES / MAX_DATAGRAM_BYTES as usize;

/// Segments of the greatest length that one call receives. The endpoint makes room for so many, which
/// is room for any burst; for as many as the kernel could join, it would take eight times that.
const RECEIVE_SEGMENTS: usize = BURST_BYTES.div_ceil(MAX_DATAGRAM_BYTES as usize);

/// Takes a bound socket over.
pub(super) fn open(socket: UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    // A kernel that gives less loses some datagrams under load, and QUIC sends them again.
    let _ = sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES);
    let _ = sockopt::set_socket_send_buffer_size(&socket, BUFFER_BYTES);
    Ok(Arc::new(Socket(TokioRuntime.wrap_udp_socket(socket)?)))
}

/// The usual socket but for how much it does at once.
#[derive(Debug)]
struct Socket(Arc<dyn AsyncUdpSocket>);

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.0).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.0.try_send(transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_recv(cx, bufs, meta)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.0.max_transmit_segments().min(SEND_SEGMENTS)
    }

    fn max_receive_segments(&self) -> usize {
        self.0.max_receive_segments().min(RECEIVE_SEGMENTS)
    }

    fn may_fragment(&self) -> bool {
        self.0.may_fragment()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// A burst of so many bytes that is too long for the kernel is lost without a word, and every
    /// burst of a busy connection has the length tried here.
    #[tokio::test]
    async fn the_longest_burst_arrives_whole() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let sender = open(UdpSocket::bind(any).unwrap()).unwrap();
        let receiver = open(UdpSocket::bind(any).unwrap()).unwrap();
        let segment = usize::from(MAX_DATAGRAM_BYTES);
        let burst: Vec<u8> =
            (0..sender.max_transmit_segments() * segment).map(|byte| (byte / 7) as u8).collect();
        let destination = receiver.local_addr().unwrap();
        let mut writable = sender.clone().create_io_poller();
        poll_fn(|cx| writable.as_mut().poll_writable(cx)).await.unwrap();
        sender
            .try_send(&Transmit {
                destination,
                ecn: None,
                contents: &burst,
                segment_size: Some(segment),
                src_ip: None,
            })
            .unwrap();
        let mut arrived = Vec::new();
        while arrived.len() < burst.len() {
            let mut room = vec![0; segment * receiver.max_receive_segments()];
            let mut meta = [RecvMeta::default()];
            let receive = poll_fn(|cx| receiver.poll_recv(cx, &mut [IoSliceMut::new(&mut room)], &mut meta));
            let wait = timeout(Duration::from_secs(60), receive).await;
            assert_eq!(wait.expect("a datagram").unwrap(), 1);
            arrived.extend_from_slice(&room[..meta[0].len]);
        }
        assert_eq!(arrived, burst);
    }
}
