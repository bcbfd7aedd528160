//! Strangers on the open port who do not speak as a terminal does.

mod support;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use kessai_shared::codec;
use kessai_shared::exchange::{MAX_FRAME_BYTES, close};
use kessai_shared::identity::Identity;
use kessai_shared::storefront::{ALPN, Request, Search};
use kessai_shared::tls::{self, Peers};
use quinn::{Connection, ConnectionError, Endpoint};
use support::Dice;
use support::books::verify;
use support::shop::Shop;

const DATAGRAMS: usize = 3_000;
const RANDOM_FRAMES: u64 = 60;

#[test]
fn datagrams_of_noise_do_not_keep_anybody_from_buying() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let (seller, address) = (shop.daemon("kessai-server"), shop.address("kessai-server"));
    let settlement = shop.address("kessai-settlement");
    let noise = std::thread::spawn(move || {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let mut dice = Dice::new(3);
        for _ in 0..DATAGRAMS {
            let datagram = noise(&mut dice);
            for to in [address, settlement] {
                // What the machine has no room for is lost, as noise may be.
                let _ = socket.send_to(&datagram, to);
            }
        }
    });
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    noise.join().expect("noise");
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    assert_eq!(shop.daemon("kessai-server"), seller);
    assert_eq!(verify(folder.path()).sold("accepted_pence"), 2 * 640);
}

#[test]
fn frames_that_break_the_rules_cost_only_their_sender_the_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let daemons = [shop.daemon("kessai-server"), shop.daemon("kessai-settlement")];
    let address = shop.address("kessai-server");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let held = runtime.block_on(async {
        let stranger = Stranger::of(address);
        for (what, bytes) in breaking_the_rules() {
            stranger.is_shown_the_door(what, &bytes).await;
        }
        stranger.opens_a_second_stream().await;
        stranger.sends_random_frames().await;
        // These stay as they are while others buy.
        (stranger.leaves_half_a_frame().await, stranger)
    });
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    drop(held);
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    assert_eq!([shop.daemon("kessai-server"), shop.daemon("kessai-settlement")], daemons);
    assert_eq!(verify(folder.path()).sold("accepted_pence"), 2 * 640);
}

#[test]
fn a_stranger_hears_nothing_from_the_settlement_and_harms_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let address = shop.address("kessai-settlement");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let stranger = Stranger::of(address);
        for alpn in [ALPN, kessai_shared::settlement::ALPN] {
            let connected = tokio::time::timeout(SILENCE, stranger.connect(alpn)).await;
            assert!(connected.is_err(), "a stranger is answered: {connected:?}");
        }
    });
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
}

/// How long a stranger waits in vain; a handshake that is answered takes a few milliseconds.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(2);
/// How often bytes are sent whose end only a reset told.
const TRIES: usize = 4;

/// Somebody with a good certificate and no manners.
struct Stranger {
    endpoint: Endpoint,
    identity: Identity,
    address: SocketAddr,
}

impl Stranger {
    fn of(address: SocketAddr) -> Self {
        let endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).expect("an endpoint");
        Self { endpoint, identity: Identity::generate().expect("a key"), address }
    }

    async fn connect(&self, alpn: &[u8]) -> Option<Connection> {
        let config = tls::client_config(&self.identity, Peers::Any, alpn).expect("a configuration");
        self.endpoint.connect_with(config, self.address, tls::SERVER_NAME).expect("an address").await.ok()
    }

    async fn connected(&self) -> Connection {
        self.connect(ALPN).await.expect("a connection")
    }

    async fn is_shown_the_door(&self, what: &str, bytes: &[u8]) {
        // The datagram that says why may be lost, and then only a reset tells that the connection is
        // gone. Why it was has to be heard within a few tries.
        let mut end = self.end_of(what, bytes).await;
        for _ in 1..TRIES {
            if end != ConnectionError::Reset {
                break;
            }
            end = self.end_of(what, bytes).await;
        }
        assert!(is_for_a_fault(&end), "{what}: {end}");
    }

    /// How a connection ends that brings these bytes.
    async fn end_of(&self, what: &str, bytes: &[u8]) -> ConnectionError {
        let connection = self.connected().await;
        let (mut send, _recv) = connection.open_bi().await.expect("a stream");
        // The door may be shut before all of it is through.
        let _ = send.write_all(bytes).await;
        let _ = send.finish();
        let end = tokio::time::timeout(support::PATIENCE, connection.closed()).await;
        end.unwrap_or_else(|_| panic!("{what}: still connected"))
    }

    async fn opens_a_second_stream(&self) {
        let connection = self.connected().await;
        let mut streams = Vec::new();
        for _ in 0..2 {
            let mut stream = connection.open_bi().await.expect("a stream");
            let _ = stream.0.write_all(&frame(1, &codec::encode(&Request::Hello))).await;
            streams.push(stream);
        }
        let end = tokio::time::timeout(support::PATIENCE, connection.closed()).await.expect("an end");
        assert!(is_for_a_fault(&end), "{end}");
    }

    /// Frames of the right length whose messages are noise, or a real message with noise in it.
    async fn sends_random_frames(&self) {
        let mut dice = Dice::new(11);
        for id in 0..RANDOM_FRAMES {
            let connection = self.connected().await;
            let (mut send, _recv) = connection.open_bi().await.expect("a stream");
            let browse = Request::Browse {
                search: Search { query: "tea".into(), ..Search::default() },
                from: 0,
                limit: 10,
            };
            let mut body = codec::encode(&browse);
            if dice.below(2) == 0 {
                body = (0..dice.below(3_000)).map(|_| dice.below(256) as u8).collect();
            } else {
                let at = dice.below(body.len() as u64) as usize;
                body[at] = dice.below(256) as u8;
            }
            let _ = send.write_all(&frame(id, &body)).await;
            // Some of it may be answered, which is as good as being shown the door.
            let _ = if dice.below(2) == 0 { send.finish() } else { send.reset(7_u32.into()) };
            let _ = send.stopped().await;
        }
    }

    async fn leaves_half_a_frame(&self) -> Vec<(Connection, quinn::SendStream)> {
        let mut held = Vec::new();
        for length in [0, 1, 3, 4, 11, 12] {
            let connection = self.connected().await;
            let (mut send, _recv) = connection.open_bi().await.expect("a stream");
            let whole = frame(1, &codec::encode(&Request::Hello));
            send.write_all(&whole[..length]).await.expect("half a frame");
            held.push((connection, send));
        }
        held
    }
}

/// Whether the seller says that the rules were broken, and not only that it is done.
fn is_for_a_fault(end: &ConnectionError) -> bool {
    matches!(end, ConnectionError::ApplicationClosed(closed) if closed.error_code == close::FAULT)
}

fn breaking_the_rules() -> Vec<(&'static str, Vec<u8>)> {
    let hello = codec::encode(&Request::Hello);
    let length = |length: u32| [&length.to_le_bytes()[..], &[0; 64]].concat();
    let huge = u32::try_from(MAX_FRAME_BYTES).expect("a length") + 1;
    vec![
        ("the longest length", length(u32::MAX)),
        ("a length just too long", length(huge)),
        ("a frame without room for its id", length(7)),
        ("a frame of nothing", length(0)),
        ("half a header", frame(1, &hello)[..6].to_vec()),
        ("half a frame", frame(1, &[7; 100])[..50].to_vec()),
        ("no message", frame(1, &[])),
        ("an unknown message", frame(1, &[200])),
        ("a message and something behind it", frame(1, &[&hello[..], &[0]].concat())),
        ("a message that announces more than it has", frame(1, &[1, 0xff, 0xff, 0xff, 0xff, 0x0f])),
        ("many good messages and then a bad one", {
            let mut bytes: Vec<u8> = (0..50).flat_map(|id| frame(id, &hello)).collect();
            bytes.extend(frame(50, &[255; 40]));
            bytes
        }),
    ]
}

/// The bytes of a frame around any body.
fn frame(id: u64, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + body.len()).expect("a length");
    [&length.to_le_bytes()[..], &id.to_le_bytes(), body].concat()
}

/// A datagram that is random, or begins as one of the transport's own would.
fn noise(dice: &mut Dice) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=dice.below(1_400)).map(|_| dice.below(256) as u8).collect();
    let begins: &[u8] = match dice.below(4) {
        // A first packet of this version of QUIC, one of a version nobody knows, and a short one.
        0 => &[0xc3, 0, 0, 0, 1, 8],
        1 => &[0xc0, 0xba, 0xba, 0xba, 0xba, 20],
        2 => &[0x40],
        _ => &[],
    };
    let length = begins.len().min(bytes.len());
    bytes[..length].copy_from_slice(&begins[..length]);
    bytes
}
