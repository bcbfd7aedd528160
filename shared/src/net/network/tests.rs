//! Connected sockets on loopback.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::AsyncUdpSocket;
use quinn::udp::{RecvMeta, Transmit};
use tokio::time::timeout;

use super::{MAX_PEERS, open, open_to};

fn localhost() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// How long what is to come may take, on a slow machine too; and how long is listened for what is not to come.
const PATIENCE: Duration = Duration::from_secs(60);
const LISTEN: Duration = Duration::from_millis(300);

fn peer() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(localhost()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Who sent what comes next within this time, and its first byte.
async fn next(socket: &Arc<dyn AsyncUdpSocket>, within: Duration) -> Option<(SocketAddr, u8)> {
    let (mut room, mut meta) = (vec![0; 65_536], [RecvMeta::default()]);
    let next = poll_fn(|context| socket.poll_recv(context, &mut [IoSliceMut::new(&mut room)], &mut meta));
    let filled = timeout(within, next).await.ok()?.unwrap();
    assert_eq!(filled, 1);
    Some((meta[0].addr, room[0]))
}

async fn send(socket: &Arc<dyn AsyncUdpSocket>, to: SocketAddr, byte: u8) {
    let mut poller = Arc::clone(socket).create_io_poller();
    poll_fn(|context| poller.as_mut().poll_writable(context)).await.unwrap();
    let transmit =
        Transmit { destination: to, ecn: None, contents: &[byte], segment_size: None, src_ip: None };
    socket.try_send(&transmit).unwrap();
}

#[tokio::test]
async fn only_peers_are_heard_and_spoken_to_and_a_busy_one_keeps_nobody_waiting() {
    let ((busy, from_busy), (quiet, from_quiet), (stranger, from_stranger)) = (peer(), peer(), peer());
    let socket = open_to(localhost(), None, &[from_busy, from_quiet, from_busy]).unwrap();
    let ours = socket.local_addr().unwrap();
    stranger.send_to(&[9], ours).unwrap();
    for byte in 0..50 {
        busy.send_to(&[byte], ours).unwrap();
    }
    quiet.send_to(&[7], ours).unwrap();
    let mut heard = Vec::new();
    while heard.len() < 51 {
        heard.push(next(&socket, PATIENCE).await.expect("all that peers sent"));
    }
    assert_eq!(next(&socket, LISTEN).await, None);
    let at = heard.iter().position(|(from, _)| *from == from_quiet).expect("the quiet one");
    assert!(at < 2, "the quiet one waited for {at} others");
    for (to, byte) in [(from_busy, 1), (from_quiet, 2), (from_stranger, 3)] {
        send(&socket, to, byte).await;
    }
    let heard = |socket: &UdpSocket| {
        let mut byte = [0];
        socket.recv(&mut byte).map(|_| byte[0])
    };
    assert_eq!((heard(&busy).unwrap(), heard(&quiet).unwrap()), (1, 2));
    stranger.set_read_timeout(Some(LISTEN)).unwrap();
    assert!(heard(&stranger).is_err(), "nothing is sent to who is no peer");
    // The port is closed to it, and the kernel says so.
    stranger.set_read_timeout(Some(PATIENCE)).unwrap();
    stranger.connect(ours).unwrap();
    stranger.send(&[9]).unwrap();
    assert_eq!(heard(&stranger).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn any_port_of_an_address_is_one_peer() {
    let ((one, from_one), (other, from_other)) = (peer(), peer());
    let socket = open_to(localhost(), None, &[localhost()]).unwrap();
    let ours = socket.local_addr().unwrap();
    for peer in [&one, &other] {
        peer.send_to(&[1], ours).unwrap();
    }
    assert_eq!(next(&socket, PATIENCE).await, Some((from_one, 1)));
    assert_eq!(next(&socket, PATIENCE).await, Some((from_other, 1)));
}

#[tokio::test]
async fn what_cannot_be_had_is_named_in_one_line() {
    let (_taken, taken) = peer();
    let told = |result: io::Result<Arc<dyn AsyncUdpSocket>>| {
        let error = result.expect_err("an error");
        assert_eq!(error.to_string().lines().count(), 1);
        (error.kind(), error.to_string())
    };
    // Sockets that share a port must not share it with anybody else.
    let first = open_to(localhost(), None, &[taken]).unwrap();
    for port in [taken, first.local_addr().unwrap()] {
        for result in [open(port, None), open_to(port, None, &[localhost()])] {
            let (kind, line) = told(result);
            assert!(kind == ErrorKind::AddrInUse && line.contains(&port.to_string()), "{line}");
        }
    }
    let (_, line) = told(open_to(localhost(), None, &["[::1]:7".parse().unwrap()]));
    assert!(line.contains("one is IPv4, the other IPv6"), "{line}");
    let crowd: Vec<_> =
        (1..).map(|port| SocketAddr::from(([127, 0, 0, 1], port))).take(MAX_PEERS + 1).collect();
    let (_, line) = told(open_to(localhost(), None, &crowd));
    assert!(line.contains("at most 64"), "{line}");
    let (_, line) = told(open(localhost(), Some("gone0")));
    assert!(line.contains("the interface gone0"), "{line}");
}
