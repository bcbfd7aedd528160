//! Endpoints in the turmoil simulator: its sockets, and its clock.
//!
//! The file stands alone, so that the tests of another crate can take it in by its path.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use kessai_shared::net::Net;
use kessai_shared::net::knock::Gate;
use kessai_shared::net::side::Side;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncTimer, AsyncUdpSocket, Endpoint, EndpointConfig, Runtime, UdpPoller};
use turmoil::net::UdpSocket;

/// Opens endpoints on the simulated host it is used on. The address must be unspecified
/// (`0.0.0.0`) or loopback; turmoil binds no other.
#[derive(Clone)]
pub struct SimNet {
    dice: Arc<Mutex<u64>>,
    /// The chance of a datagram to get lost when it is sent, in parts of 256.
    loss: u8,
    /// The chance of a datagram to be sent twice, in parts of 256.
    twice: u8,
    config: Option<EndpointConfig>,
}

impl SimNet {
    /// A net that loses datagrams only where turmoil does.
    #[allow(dead_code, reason = "each crate that takes this file in uses some of it")]
    pub fn new(seed: u64) -> Self {
        Self::losing(seed, 0)
    }

    /// A net that loses so many datagrams of 256. Turmoil's own failures cut a link and with it
    /// everything under way, which is another thing.
    pub fn losing(seed: u64, loss: u8) -> Self {
        Self {
            // The generator below stands still at zero.
            dice: Arc::new(Mutex::new(seed | 1)),
            loss,
            twice: 0,
            config: None,
        }
    }

    /// The same net, which also sends so many datagrams of 256 twice.
    #[allow(dead_code, reason = "each crate that takes this file in uses some of it")]
    pub fn doubling(mut self, twice: u8) -> Self {
        self.twice = twice;
        self
    }

    /// Endpoints with this configuration, such as one that survives a crash of the host.
    pub fn with_config(mut self, config: EndpointConfig) -> Self {
        self.config = Some(config);
        self
    }

    fn socket(&self, addr: SocketAddr) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(SimSocket { socket: bind(addr)?, net: self.clone() }))
    }

    fn open(
        &self,
        socket: Arc<dyn AsyncUdpSocket>,
        mut config: EndpointConfig,
        server: Option<quinn::ServerConfig>,
    ) -> io::Result<Endpoint> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.throw().to_le_bytes());
        config.rng_seed(Some(seed));
        Endpoint::new_with_abstract_socket(config, server, socket, Arc::new(SimRuntime))
    }

    fn throw(&self) -> u64 {
        let mut dice = self.dice.lock().unwrap();
        *dice ^= *dice << 13;
        *dice ^= *dice >> 7;
        *dice ^= *dice << 17;
        *dice
    }
}

impl Net for SimNet {
    fn endpoint(&self, addr: SocketAddr, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint> {
        let config = self.config.clone().unwrap_or_default();
        self.open(self.socket(addr)?, config, server)
    }

    /// On the simulated network, every line is a network.
    fn closed(&self, side: &Side, gate: &Gate, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint> {
        let Side::Network { bind, .. } = side else {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        };
        self.open(gate.before(self.socket(*bind)?), gate.endpoint_config(), server)
    }
}

/// Turmoil binds without waiting, so its future is done at the first poll.
fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(UdpSocket::bind(addr)).poll(&mut context) {
        Poll::Ready(bound) => bound,
        Poll::Pending => Err(io::Error::other("the simulator does not bind at once")),
    }
}

struct SimSocket {
    socket: UdpSocket,
    net: SimNet,
}

impl fmt::Debug for SimSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

impl AsyncUdpSocket for SimSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if self.net.throw() >> 32 & 0xff < u64::from(self.net.loss) {
            return Ok(());
        }
        let copies = if self.net.throw() >> 32 & 0xff < u64::from(self.net.twice) { 2 } else { 1 };
        for _ in 0..copies {
            // A datagram that cannot be delivered is lost without a word, as on a real network.
            let _ = self.socket.try_send_to(transmit.contents, transmit.destination);
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let ([buf, ..], [meta, ..]) = (bufs, meta) else {
            return Poll::Ready(Ok(0));
        };
        // The future is dropped when nothing is there; the queue beneath keeps the waker.
        match pin!(self.socket.recv_from(buf)).poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok((len, addr))) => {
                *meta = RecvMeta { addr, len, stride: len, ecn: None, dst_ip: None };
                Poll::Ready(Ok(1))
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Tokio's clock and timers, which turmoil moves on.
#[derive(Debug)]
struct SimRuntime;

impl Runtime for SimRuntime {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        Box::pin(tokio::time::sleep_until(at.into()))
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(future);
    }

    fn wrap_udp_socket(&self, _: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Err(io::Error::other("a simulated host has no real sockets"))
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}
