//! Handshakes that are begun and left: real first packets of a real client, whose answers are never read
//! but for the one that says to come again.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::ALPN;
use kessai_shared::tls::{self, Peers};
use quinn_proto::{ClientConfig, Connection, ConnectionHandle, DatagramEvent, Endpoint, EndpointConfig};

/// The longest datagram of a client that has not heard of a longer one, in bytes.
const DATAGRAM: usize = 1_500;
/// Handshakes that are begun without a pause.
const AT_ONCE: usize = 10;
/// In QUIC version 1 a Retry packet begins with these four bits.
const RETRY: u8 = 0b1111;
/// A packet with a long header has this bit in its first byte.
const LONG: u8 = 0b1000_0000;
/// The ids that these clients give themselves have so many bytes.
const ID_BYTES: usize = 8;

/// Clients at several addresses.
pub struct HalfOpen {
    seller: SocketAddr,
    config: ClientConfig,
    endpoint: Endpoint,
    sockets: Vec<UdpSocket>,
    /// Those that have not begun yet, each with what it will say first.
    prepared: Vec<Prepared>,
    /// Those that wait to be told to come again, and at which socket.
    waiting: HashMap<ConnectionHandle, (usize, Connection)>,
    /// The ids of those that came back: their address is proved, and what is sent to them may be more.
    proved: HashSet<Vec<u8>>,
    seen: Seen,
}

/// A client whose keys are made and whose first datagrams are written.
struct Prepared {
    handle: ConnectionHandle,
    connection: Connection,
    datagrams: Vec<Vec<u8>>,
}

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Bytes of UDP payload that were sent before the address was proved, and what came for them.
    pub sent: u64,
    pub received: u64,
    pub begun: usize,
    /// Came again with what the server gave them, and then stalled.
    pub came_back: usize,
    /// Answers other than a Retry that reached an address before it was proved.
    pub other_answers: usize,
}

impl HalfOpen {
    pub fn new(seller: SocketAddr, pin: Pin, sources: Vec<IpAddr>) -> Self {
        let identity = Identity::generate().expect("a key");
        let config = tls::client_config(&identity, Peers::pins([pin]), ALPN).expect("a configuration");
        let bind = |source: IpAddr| {
            let socket = UdpSocket::bind((source, 0)).expect("a socket");
            socket.set_nonblocking(true).expect("a socket that never waits");
            socket
        };
        let endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), None, false, None);
        let sockets = sources.into_iter().map(bind).collect();
        Self {
            seller,
            config,
            endpoint,
            sockets,
            prepared: Vec::new(),
            waiting: HashMap::new(),
            proved: HashSet::new(),
            seen: Seen::default(),
        }
    }

    /// Makes the keys and the first datagrams of so many handshakes, so that to begin them costs this machine
    /// little more than to send them: a flood has processors of its own anywhere but in a test.
    pub fn prepare(&mut self, count: usize) {
        for _ in 0..count {
            let connecting =
                self.endpoint.connect(Instant::now(), self.config.clone(), self.seller, tls::SERVER_NAME);
            let (handle, mut connection) = connecting.expect("a first packet");
            let datagrams = all_of(&mut connection);
            self.prepared.push(Prepared { handle, connection, datagrams });
        }
    }

    /// Begins all handshakes that are prepared, each at the next address, and at most so many a second.
    pub fn begin(&mut self, per_second: u32) {
        for (nth, prepared) in std::mem::take(&mut self.prepared).into_iter().enumerate() {
            if nth % AT_ONCE == 0 {
                // Who is late does not hurry, or a busy machine would make a flood of its own.
                std::thread::sleep(Duration::from_secs(AT_ONCE as u64) / per_second);
            }
            let at = nth % self.sockets.len();
            self.begin_one(at, prepared);
            // Those who wrote half a round ago have their answers.
            self.hear((at + self.sockets.len() / 2) % self.sockets.len());
        }
        std::thread::sleep(Duration::from_millis(200));
        self.hear_all();
    }

    /// Hears what has come by now, and answers it.
    pub fn hear_all(&mut self) {
        (0..self.sockets.len()).for_each(|at| self.hear(at));
    }

    pub fn seen(&self) -> Seen {
        self.seen
    }

    fn begin_one(&mut self, at: usize, Prepared { handle, connection, datagrams }: Prepared) {
        self.seen.begun += 1;
        self.seen.sent += send_all(&datagrams, &self.sockets[at], self.seller);
        self.waiting.insert(handle, (at, connection));
    }

    fn hear(&mut self, at: usize) {
        let mut datagram = [0; 9_000];
        while let Ok(length) = self.sockets[at].recv(&mut datagram) {
            let bytes = &datagram[..length];
            // Counted before QUIC looks at it, because QUIC passes over what it does not understand, and
            // an address that is flooded gets that too.
            let id = destination(bytes);
            if !id.is_some_and(|id| self.proved.contains(id)) {
                self.seen.received += length as u64;
                self.seen.other_answers += usize::from(!is_retry(bytes));
            }
            let now = Instant::now();
            let event =
                self.endpoint.handle(now, self.seller, None, None, BytesMut::from(bytes), &mut Vec::new());
            let Some(DatagramEvent::ConnectionEvent(handle, event)) = event else { continue };
            // One that came back hears nothing any more.
            let Some((socket, connection)) = self.waiting.get_mut(&handle) else { continue };
            if !is_retry(bytes) {
                continue;
            }
            connection.handle_event(event);
            if send_all(&all_of(connection), &self.sockets[*socket], self.seller) > 0 {
                self.seen.came_back += 1;
                self.proved.extend(id.map(<[u8]>::to_vec));
            }
            self.waiting.remove(&handle);
        }
    }
}

fn is_retry(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| first >> 4 == RETRY)
}

/// To which id a datagram is (RFC 9000, section 17).
fn destination(datagram: &[u8]) -> Option<&[u8]> {
    if datagram.first()? & LONG == 0 {
        return datagram.get(1..1 + ID_BYTES);
    }
    // The first byte, the version, and the length of the id.
    let length = usize::from(*datagram.get(5)?);
    datagram.get(6..6 + length)
}

/// What a connection has to say now.
fn all_of(connection: &mut Connection) -> Vec<Vec<u8>> {
    let mut datagrams = Vec::new();
    loop {
        let mut datagram = Vec::with_capacity(DATAGRAM);
        let Some(transmit) = connection.poll_transmit(Instant::now(), 1, &mut datagram) else {
            return datagrams;
        };
        datagram.truncate(transmit.size);
        datagrams.push(datagram);
    }
}

/// Sends datagrams; how many bytes that was.
fn send_all(datagrams: &[Vec<u8>], socket: &UdpSocket, to: SocketAddr) -> u64 {
    // What the machine has no room for is lost, as it may be anywhere.
    let sent = datagrams.iter().filter(|datagram| socket.send_to(datagram, to).is_ok());
    sent.map(|datagram| datagram.len() as u64).sum()
}
