//! What the gate of the closed side costs a datagram: `cargo bench -p kessai-shared --bench knock`.
//!
//! A batch is what the kernel hands over at once: 32 datagrams of 1,200 bytes, joined by fours. `none` is
//! the batch without a gate, which is what reading it from memory costs; the others have one before it. A
//! packet of a connection is heard; a stranger's is dropped: another version, a short packet with a made-up
//! id, a first packet with a made-up id, for which the keys of so many sellers are tried, and a knock that
//! somebody has recorded.

mod support;

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use divan::Bencher;
use divan::counter::ItemsCount;
use kessai_shared::identity::Identity;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin as KeyPin;
use kessai_shared::pin_set::PinSet;
use kessai_shared::tls::{Migration, Peers, SERVER_NAME, client_config, server_config};
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::net::UdpSocket;

const ALPN: &[u8] = b"kessai-bench/1";
const LENGTH: usize = 1_200;
/// Datagrams in a buffer, and buffers in a batch.
const JOINED: usize = 4;
const BUFFERS: usize = 8;
/// Batches that the gate asks for in one go when it drops all of them.
const DROPPED_BATCHES: usize = 16;

fn main() {
    support::run();
}

/// Gives the same datagrams again and again.
#[derive(Debug)]
struct Again {
    datagram: Vec<u8>,
    from: SocketAddr,
}

impl AsyncUdpSocket for Again {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        unreachable!("nothing is sent")
    }

    fn try_send(&self, _: &Transmit<'_>) -> io::Result<()> {
        Ok(())
    }

    fn poll_recv(
        &self,
        _: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        for (buffer, meta) in buffers.iter_mut().zip(meta.iter_mut()) {
            for segment in buffer.chunks_exact_mut(LENGTH) {
                segment.copy_from_slice(&self.datagram);
            }
            *meta = RecvMeta { addr: self.from, len: JOINED * LENGTH, stride: LENGTH, ..RecvMeta::default() };
        }
        Poll::Ready(Ok(buffers.len()))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.from)
    }
}

/// A gate with one connection behind it, and what its client has sent.
struct Site {
    gate: Gate,
    from: SocketAddr,
    knock: Vec<u8>,
    short: Vec<u8>,
}

impl Site {
    fn new(sellers: usize) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(Self::connect(sellers))
    }

    async fn connect(sellers: usize) -> Self {
        let key = || Identity::generate().expect("a key");
        let (settlement, seller) = (key(), key());
        let others = (1..sellers).map(|nth| {
            let mut pin = [7; 32];
            pin[..8].copy_from_slice(&nth.to_le_bytes());
            KeyPin(pin)
        });
        let list = Arc::new(PinSet::of(others.chain([seller.pin()])));
        let gate = Gate::of_settlement(&settlement, &list);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = server_config(&settlement, Peers::Pins(list), ALPN, Migration::Refused);
        let config = config.expect("a configuration");
        let server = RealNet::default().closed(&Side::at(any), &gate, Some(config)).expect("an endpoint");
        let to = server.local_addr().expect("an address");
        tokio::spawn(async move { server.accept().await.expect("a client").await });

        let middle = UdpSocket::bind(any).await.expect("a socket");
        let from = middle.local_addr().expect("an address");
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        tokio::spawn(async move {
            let (mut room, mut client) = (vec![0; 65_536], any);
            loop {
                let (length, sender) = middle.recv_from(&mut room).await.expect("a datagram");
                if sender != to {
                    client = sender;
                    keep.lock().expect("nobody fails").push(room[..length].to_vec());
                }
                let next = if sender == to { client } else { to };
                middle.send_to(&room[..length], next).await.expect("sent");
            }
        });
        let mine = Gate::of_seller(&KnockKey::of_seller(&settlement, &seller.pin()));
        let peers = Peers::pins([settlement.pin()]);
        let config = mine.client_config(client_config(&seller, peers, ALPN).expect("a configuration"));
        let endpoint = RealNet::default().closed(&Side::at(any), &mine, None).expect("an endpoint");
        let connection = endpoint.connect_with(config, from, SERVER_NAME).expect("an address").await;
        connection.expect("a connection").close(0_u32.into(), b"");
        endpoint.wait_idle().await;
        let kept = kept.lock().expect("nobody fails");
        let of_length = |datagram: &Vec<u8>| {
            let mut datagram = datagram.clone();
            datagram.resize(LENGTH, 0);
            datagram
        };
        let short = kept.iter().find(|datagram| datagram[0] & 0x80 == 0).expect("a short packet");
        Self { gate, from, knock: of_length(&kept[0]), short: of_length(short) }
    }

    /// A batch of one datagram, from where the client was or from somewhere else, through the gate.
    fn hears(&self, bencher: Bencher, datagram: Vec<u8>, is_heard: bool) {
        let from = if is_heard { self.from } else { SocketAddr::from(([127, 0, 0, 9], 9)) };
        let socket = self.gate.before(Arc::new(Again { datagram, from }));
        receive(bencher, &socket, if is_heard { 1 } else { DROPPED_BATCHES });
    }
}

fn receive(bencher: Bencher, socket: &Arc<dyn AsyncUdpSocket>, batches: usize) {
    bencher
        .counter(ItemsCount::new(batches * JOINED * BUFFERS))
        .with_inputs(|| vec![[0_u8; JOINED * LENGTH]; BUFFERS])
        .bench_local_refs(|rooms| {
            let mut buffers: Vec<_> = rooms.iter_mut().map(|room| IoSliceMut::new(room)).collect();
            let mut meta = [RecvMeta::default(); BUFFERS];
            socket.poll_recv(&mut Context::from_waker(Waker::noop()), &mut buffers, &mut meta)
        });
}

#[divan::bench]
fn none(bencher: Bencher) {
    let from = SocketAddr::from(([127, 0, 0, 9], 9));
    let socket: Arc<dyn AsyncUdpSocket> = Arc::new(Again { datagram: vec![0; LENGTH], from });
    receive(bencher, &socket, 1);
}

#[divan::bench]
fn of_a_connection(bencher: Bencher) {
    let site = Site::new(1);
    site.hears(bencher, site.short.clone(), true);
}

#[divan::bench]
fn dropped_another_version(bencher: Bencher) {
    let site = Site::new(1);
    let mut datagram = site.knock.clone();
    datagram[4] ^= 2;
    site.hears(bencher, datagram, false);
}

#[divan::bench]
fn dropped_short(bencher: Bencher) {
    let site = Site::new(1);
    let mut datagram = site.short.clone();
    datagram[16] ^= 2;
    site.hears(bencher, datagram, false);
}

#[divan::bench(args = [1, 16, 256])]
fn dropped_first(bencher: Bencher, sellers: usize) {
    let site = Site::new(sellers);
    let mut datagram = site.knock.clone();
    datagram[20] ^= 2;
    site.hears(bencher, datagram, false);
}

#[divan::bench]
fn dropped_replayed(bencher: Bencher) {
    let site = Site::new(1);
    site.hears(bencher, site.knock.clone(), false);
}
