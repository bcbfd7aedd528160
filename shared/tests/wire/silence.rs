//! The gate before real endpoints: what goes through it, and what a stranger hears, beside an ordinary
//! endpoint that answers the same datagrams.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use kessai_shared::exchange::{Limits, serve};
use kessai_shared::identity::Identity;
use kessai_shared::net::knock::{Counts, Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, RealNet, bind};
use kessai_shared::pin_set::PinSet;
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{Migration, Peers, SERVER_NAME, client_config, server_config};
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Connection, ConnectionId, Endpoint, TokioRuntime, UdpPoller, VarInt};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::lasting::lasting;
use crate::service::{ALPN, SOON, Teller, identity, localhost};

/// How long is listened for what is not to come; answers that come take a few milliseconds.
const LISTEN: Duration = Duration::from_millis(400);
/// How long somebody tries to connect who is not to be let in.
const IN_VAIN: Duration = Duration::from_secs(2);
/// Most bytes that are sent there and back.
const MOST_BYTES: usize = 16 << 20;

/// A settlement and a seller on its list.
struct Site {
    settlement: Identity,
    seller: Identity,
    list: Arc<PinSet>,
}

/// An endpoint that takes in whoever QUIC lets in.
struct Server {
    endpoint: Endpoint,
    addr: SocketAddr,
}

impl Site {
    fn new() -> Self {
        let (settlement, seller) = (identity(), identity());
        let list = Arc::new(PinSet::of([seller.pin()]));
        Self { settlement, seller, list }
    }

    fn config(&self) -> quinn::ServerConfig {
        let peers = Peers::Pins(Arc::clone(&self.list));
        server_config(&self.settlement, peers, ALPN, Migration::Refused).unwrap()
    }

    fn gate(&self) -> Gate {
        Gate::of_settlement(&self.settlement, &self.list)
    }

    fn closed(&self, addr: SocketAddr, gate: &Gate) -> Server {
        Server::of(RealNet::default().closed(&Side::at(addr), gate, Some(self.config())).unwrap())
    }

    /// As the seller, who is to be let in.
    async fn connect(&self, to: SocketAddr) -> Connection {
        self.try_to_connect(to, 0, SOON).await.expect("the seller gets in")
    }

    /// As the seller; by its clock, which is so many seconds ahead.
    async fn try_to_connect(&self, to: SocketAddr, ahead: i64, patience: Duration) -> Option<Connection> {
        let clock =
            move || Timestamp(Timestamp::from_system_clock().0.saturating_add_signed(ahead * 1_000_000));
        let key = KnockKey::of_seller(&self.settlement, &self.seller.pin());
        let gate = Gate::of_seller(&key).with_clock(Arc::new(clock));
        let peers = Peers::pins([self.settlement.pin()]);
        let config = gate.client_config(client_config(&self.seller, peers, ALPN).unwrap());
        let endpoint = RealNet::default().closed(&Side::at(localhost()), &gate, None).unwrap();
        let connecting = endpoint.connect_with(config, to, SERVER_NAME).unwrap();
        timeout(patience, connecting).await.ok()?.ok()
    }
}

impl Server {
    fn of(endpoint: Endpoint) -> Self {
        let addr = endpoint.local_addr().unwrap();
        let incoming = endpoint.clone();
        tokio::spawn(async move {
            while let Some(incoming) = incoming.accept().await {
                // Whoever comes is asked to prove its address first, as a crowded server asks.
                if incoming.may_retry() {
                    incoming.retry().unwrap();
                } else {
                    tokio::spawn(async move {
                        let connection = incoming.await?;
                        let (mut send, mut recv) = connection.accept_bi().await?;
                        let sent = recv.read_to_end(MOST_BYTES).await.unwrap();
                        send.write_all(&sent).await.unwrap();
                        send.finish().unwrap();
                        connection.closed().await;
                        Ok::<_, quinn::ConnectionError>(())
                    });
                }
            }
        });
        Self { endpoint, addr }
    }

    async fn stop(self) {
        self.endpoint.close(VarInt::from_u32(0), b"");
        timeout(SOON, self.endpoint.wait_idle()).await.expect("an end");
        drop(self.endpoint);
        // The task that drives it lets go of the port in its own time.
        while std::net::UdpSocket::bind(self.addr).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Stands between a client and a server, and keeps what the client sends.
struct Middle {
    addr: SocketAddr,
    socket: Arc<UdpSocket>,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
    /// How many datagrams the server sent.
    answered: Arc<Mutex<usize>>,
}

impl Middle {
    async fn before(server: SocketAddr) -> Self {
        let socket = Arc::new(UdpSocket::bind(localhost()).await.unwrap());
        let (addr, kept) = (socket.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let (relay, keep) = (Arc::clone(&socket), Arc::clone(&kept));
        let answered = Arc::new(Mutex::new(0));
        let answers = Arc::clone(&answered);
        tokio::spawn(async move {
            let (mut room, mut client) = (vec![0; 65_536], None);
            loop {
                let (length, from) = relay.recv_from(&mut room).await.unwrap();
                if from != server {
                    client = Some(from);
                    keep.lock().unwrap().push(room[..length].to_vec());
                }
                let to = if from == server { client.unwrap() } else { server };
                *answers.lock().unwrap() += usize::from(from == server);
                relay.send_to(&room[..length], to).await.unwrap();
            }
        });
        Self { addr, socket, kept, answered }
    }
}

/// Sends so many bytes, and sees them come back as they were.
async fn there_and_back(connection: &Connection, bytes: usize) {
    let blob: Vec<u8> = (0..bytes).map(|byte| (byte / 7) as u8).collect();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(&blob).await.unwrap();
    send.finish().unwrap();
    assert!(recv.read_to_end(MOST_BYTES).await.unwrap() == blob, "{bytes} bytes");
}

/// How many datagrams come back for these, one by one, sent from a place nobody knows. Whoever expects one waits
/// for it, however long it takes.
async fn answers(to: SocketAddr, datagrams: &[Vec<u8>], least: usize) -> usize {
    let stranger = UdpSocket::bind(localhost()).await.unwrap();
    let mut answers = 0;
    for datagram in datagrams {
        stranger.send_to(datagram, to).await.unwrap();
        // Resets come at most once in 20 ms.
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let patience = |answers| if answers < least { SOON } else { LISTEN };
    while timeout(patience(answers), stranger.recv(&mut [0; 65_536])).await.is_ok() {
        answers += 1;
    }
    answers
}

/// Waits until a gate has counted something.
async fn until(gate: &Gate, holds: impl Fn(&Counts) -> bool) {
    let counted = async {
        while !holds(&gate.counts()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, counted).await.unwrap_or_else(|_| panic!("{:?}", gate.counts()));
}

/// A datagram of a version that nobody speaks, which QUIC answers with those it does.
fn version_trigger() -> Vec<u8> {
    let mut datagram = [&[0xc0][..], &0x1a2a_3a4a_u32.to_be_bytes(), &[8], &[1; 8], &[8], &[2; 8]].concat();
    datagram.resize(1_200, 0);
    datagram
}

#[tokio::test]
async fn what_a_seller_sent_is_worth_nothing_to_who_has_recorded_it() {
    let site = Site::new();
    let gate = site.gate();
    let server = site.closed(lasting(), &gate);
    let middle = Middle::before(server.addr).await;
    // After a retry.
    let connection = site.connect(middle.addr).await;
    // Little enough for the buffer of the one in the middle, which has no room for bursts.
    timeout(SOON, there_and_back(&connection, 20_000)).await.expect("an answer");
    assert_eq!(gate.counts().held_back, 0);

    // While the connection lives and when it is gone, from another address nothing is heard.
    let kept: Vec<_> = middle.kept.lock().unwrap().iter().take(40).cloned().collect();
    assert_eq!(answers(server.addr, &kept, 0).await, 0);
    until(&gate, |counts| counts.replayed >= 1 && counts.elsewhere >= 1).await;
    connection.close(VarInt::from_u32(0), b"");
    let addr = server.addr;
    server.stop().await;
    drop(middle.socket);

    // The next process hears none of it, not even from where it came.
    let gate = site.gate();
    let server = site.closed(addr, &gate);
    assert_eq!(answers(server.addr, &kept, 0).await, 0);
    until(&gate, |counts| counts.old >= 1).await;
    assert_eq!(gate.counts().heard, 0, "{:?}", gate.counts());

    // An endpoint without the gate answers: the same datagrams make a handshake begin.
    let control = Server::of(RealNet::default().endpoint(localhost(), Some(site.config())).unwrap());
    assert!(answers(control.addr, &kept, 1).await > 0, "the control is silent, too");
}

/// The keys of a first datagram follow from the id in it, so whoever heard one of the settlement's own ids
/// could make up a first datagram for it, and send it from where the gate still hears a seller.
#[tokio::test]
async fn an_id_that_was_heard_begins_no_connection_when_its_own_is_over() {
    let site = Site::new();
    let gate = site.gate();
    let endpoint = RealNet::default().closed(&Side::at(localhost()), &gate, Some(site.config())).unwrap();
    let addr = endpoint.local_addr().unwrap();
    let peers = Peers::Pins(Arc::clone(&site.list));
    let teller = Arc::new(Teller::default());
    tokio::spawn(serve(endpoint.clone(), peers, teller, Limits::default(), std::future::pending()));
    let middle = Middle::before(addr).await;
    let connection = site.connect(middle.addr).await;
    connection.close(VarInt::from_u32(0), b"");
    timeout(SOON, endpoint.wait_idle()).await.expect("an end of it");
    // A long header of version 1 whose id has the length of the settlement's own.
    let own = |datagram: &Vec<u8>| {
        let is_own = datagram.len() > 22 && datagram[0] & 0x80 != 0 && datagram[5] == 16;
        is_own.then(|| ConnectionId::new(&datagram[6..22]))
    };
    let id = middle.kept.lock().unwrap().iter().find_map(own).expect("an id of the settlement's");
    let mut config =
        client_config(&identity(), Peers::pins([site.settlement.pin()]), ALPN).expect("a configuration");
    config.initial_dst_cid_provider(Arc::new(move || id));
    let nobody = UdpSocket::bind(localhost()).await.unwrap();
    let stranger = RealNet::default().endpoint(localhost(), None).unwrap();
    let _connecting =
        stranger.connect_with(config, nobody.local_addr().unwrap(), SERVER_NAME).expect("a first datagram");
    let mut first = vec![0; 65_536];
    let length = timeout(SOON, nobody.recv(&mut first)).await.expect("in time").unwrap();
    let (heard, before) = (gate.counts().heard, *middle.answered.lock().unwrap());
    middle.socket.send_to(&first[..length], addr).await.unwrap();
    until(&gate, |counts| counts.heard > heard).await;
    tokio::time::sleep(LISTEN).await;
    assert_eq!(gate.counts().heard, heard + 1, "the gate cannot tell it from a seller's");
    assert_eq!(*middle.answered.lock().unwrap(), before, "it was answered");
}

/// Bursts come joined, and each of their datagrams is looked at.
#[tokio::test]
async fn bursts_of_long_datagrams_go_through_whole() {
    let site = Site::new();
    let gate = site.gate();
    let server = site.closed(localhost(), &gate);
    let connection = site.connect(server.addr).await;
    timeout(SOON, there_and_back(&connection, 8 << 20)).await.expect("an answer");
    let counts = gate.counts();
    assert!(counts.heard > 500, "{counts:?}");
    let dropped = counts.malformed + counts.unmarked + counts.elsewhere + counts.held_back;
    // A first packet that is answered late is sent again, with its knock.
    assert!((1..=9).contains(&counts.knocks) && dropped == 0, "{counts:?}");
}

#[tokio::test]
async fn a_client_without_the_key_hears_nothing_whatever_it_says() {
    let site = Site::new();
    let gate = site.gate();
    let server = site.closed(localhost(), &gate);
    let control = Server::of(RealNet::default().endpoint(localhost(), Some(site.config())).unwrap());
    // The certificate of the seller on the list, and no knock.
    let peers = Peers::pins([site.settlement.pin()]);
    let config = client_config(&site.seller, peers, ALPN).unwrap();
    let endpoint = RealNet::default().endpoint(localhost(), None).unwrap();
    let connecting = endpoint.connect_with(config.clone(), server.addr, SERVER_NAME).unwrap();
    assert!(timeout(Duration::from_secs(1), connecting).await.is_err(), "no answer at all, not a refusal");
    let connecting = endpoint.connect_with(config, control.addr, SERVER_NAME).unwrap();
    assert!(timeout(SOON, connecting).await.unwrap().is_ok(), "the control lets it in");
    let trigger = [version_trigger()];
    assert_eq!((answers(server.addr, &trigger, 0).await, answers(control.addr, &trigger, 1).await), (0, 1));
    until(&gate, |counts| counts.version == 1).await;
    let counts = gate.counts();
    assert_eq!((counts.heard, counts.knocks, counts.held_back, counts.version), (0, 0, 0, 1), "{counts:?}");
    assert!(counts.malformed + counts.unmarked > 0, "{counts:?}");
}

#[tokio::test]
async fn a_seller_whose_clock_is_off_is_not_heard_and_one_that_is_taken_off_the_list_neither() {
    let site = Site::new();
    let gate = site.gate();
    let server = site.closed(localhost(), &gate);
    // A clock behind makes knocks from before this process.
    for (ahead, is_heard) in [(0, true), (28, true), (40, false), (-40, false)] {
        let patience = if is_heard { SOON } else { IN_VAIN };
        let gets_in = site.try_to_connect(server.addr, ahead, patience).await.is_some();
        assert_eq!(gets_in, is_heard, "{ahead} s");
    }
    assert!(gate.counts().clock >= 2, "{:?}", gate.counts());
    let knocks = gate.counts().knocks;
    site.list.replace([]);
    assert!(site.try_to_connect(server.addr, 0, IN_VAIN).await.is_none());
    assert_eq!(gate.counts().knocks, knocks);
    site.list.replace([site.seller.pin()]);
    site.connect(server.addr).await;
}

/// A socket that lets everything in, and out only what the gate does: as if all else had failed.
#[derive(Debug)]
struct OnlyGuarded {
    open: Arc<dyn AsyncUdpSocket>,
    guarded: Arc<dyn AsyncUdpSocket>,
    tried: Mutex<usize>,
}

impl AsyncUdpSocket for OnlyGuarded {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.open).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        *self.tried.lock().unwrap() += 1;
        self.guarded.try_send(transmit)
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.open.poll_recv(context, buffers, meta)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.open.local_addr()
    }
}

#[tokio::test]
async fn what_quic_would_say_to_a_stranger_does_not_leave() {
    let site = Site::new();
    // What an ordinary server hears of an ordinary client, to be sent again.
    let control = Server::of(RealNet::default().endpoint(localhost(), Some(site.config())).unwrap());
    let middle = Middle::before(control.addr).await;
    let peers = Peers::pins([site.settlement.pin()]);
    let config = client_config(&site.seller, peers, ALPN).unwrap();
    let endpoint = RealNet::default().endpoint(localhost(), None).unwrap();
    let connecting = endpoint.connect_with(config, middle.addr, SERVER_NAME).unwrap();
    assert!(timeout(SOON, connecting).await.unwrap().is_ok());
    let mut datagrams = middle.kept.lock().unwrap().clone();
    datagrams.push(version_trigger());
    // A short packet for a connection that it has forgotten, which QUIC answers with a reset.
    datagrams.push([&[0x40][..], &[3; 80]].concat());

    let gate = site.gate();
    let open = bind(localhost()).unwrap();
    let guarded = gate.before(Arc::clone(&open));
    let socket = Arc::new(OnlyGuarded { open, guarded, tried: Mutex::new(0) });
    let runtime = Arc::new(TokioRuntime);
    let config = gate.endpoint_config();
    let abstracted: Arc<dyn AsyncUdpSocket> = socket.clone();
    let endpoint = Endpoint::new_with_abstract_socket(config, Some(site.config()), abstracted, runtime);
    let server = Server::of(endpoint.unwrap());
    assert_eq!(answers(server.addr, &datagrams, 0).await, 0);
    let tried = *socket.tried.lock().unwrap();
    assert!(tried >= 3, "QUIC wanted to answer {tried} times: a retry, the versions, a reset");
    assert_eq!(gate.counts().held_back, tried as u64, "and each was held back");
}
