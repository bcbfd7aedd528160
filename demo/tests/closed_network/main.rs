//! The closed network as the kernel shows it to others: what a port with connected sockets looks like, what
//! a host with two networks hears on the wrong one, and that it is no way between them.

mod host;
mod port;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_demo::lan::{self, Host};
use kessai_shared::identity::Identity;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin_set::PinSet;
use kessai_shared::settlement::ALPN;
use kessai_shared::tls::{Migration, Peers, SERVER_NAME, client_config, server_config};
use quinn::Endpoint;

/// How long is waited for what is to come, an answer or word that nobody is there, on a machine that does much
/// besides. Either takes a millisecond.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long is listened for what is not to come.
const LISTEN: Duration = Duration::from_millis(300);
/// How long somebody tries to connect who is not to get in.
const IN_VAIN: Duration = Duration::from_secs(3);

/// Whether there can be namespaces. On CI there must be.
fn may(what: &str) -> bool {
    let Err(why) = lan::may() else { return true };
    println!("SKIPPED: {what}: {why}");
    assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
    false
}

/// What comes of a datagram to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// The kernel says that nobody is there (ICMP port unreachable).
    NobodyThere,
    Silence,
    Answer,
}

/// Sends a datagram from a host and listens; the longer when something is to come.
fn ask(from: &Host, to: SocketAddr, datagram: &[u8], expected: Word) -> Word {
    let ask = || {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.set_read_timeout(Some(if expected == Word::Silence { LISTEN } else { PATIENCE }))?;
        socket.connect(to)?;
        socket.send(datagram)?;
        socket.recv(&mut [0; 65_536])
    };
    match from.inside(ask).expect("a host") {
        Ok(_) => Word::Answer,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Word::NobodyThere,
        Err(_) => Word::Silence,
    }
}

/// A settlement, a seller on its list, and a runtime for what they do on their hosts.
struct Site {
    settlement: Identity,
    seller: Identity,
    runtime: tokio::runtime::Runtime,
}

impl Site {
    fn new() -> Self {
        let key = || Identity::generate().expect("a key");
        Self { settlement: key(), seller: key(), runtime: tokio::runtime::Runtime::new().expect("a runtime") }
    }

    /// The settlement's endpoint on a host, with its gate.
    fn closed(&self, on: &Host, side: &Side) -> (Endpoint, Gate) {
        let list = Arc::new(PinSet::of([self.seller.pin()]));
        let gate = Gate::of_settlement(&self.settlement, &list);
        let config = server_config(&self.settlement, Peers::Pins(list), ALPN, Migration::Refused);
        let config = config.expect("a configuration");
        let endpoint = on.inside(|| {
            let _on = self.runtime.enter();
            RealNet::default().closed(side, &gate, Some(config))
        });
        let endpoint = endpoint.expect("a host").expect("an endpoint");
        let incoming = endpoint.clone();
        self.runtime.spawn(async move {
            while let Some(incoming) = incoming.accept().await {
                tokio::spawn(async move {
                    // Whoever got in may stay until it leaves.
                    if let Ok(connection) = incoming.await {
                        connection.closed().await;
                    }
                });
            }
        });
        (endpoint, gate)
    }

    /// Whether the seller gets in from a host; the longer it tries when it is to.
    fn gets_in(&self, from: &Host, side: &Side, to: SocketAddr, expected: bool) -> bool {
        let gate = Gate::of_seller(&KnockKey::of_seller(&self.settlement, &self.seller.pin()));
        let peers = Peers::pins([self.settlement.pin()]);
        let config = gate.client_config(client_config(&self.seller, peers, ALPN).expect("a configuration"));
        let endpoint = from.inside(|| {
            let _on = self.runtime.enter();
            RealNet::default().closed(side, &gate, None)
        });
        let endpoint = endpoint.expect("a host").expect("an endpoint");
        self.runtime.block_on(async {
            let connecting = endpoint.connect_with(config, to, SERVER_NAME).expect("an address");
            let patience = if expected { PATIENCE } else { IN_VAIN };
            matches!(tokio::time::timeout(patience, connecting).await, Ok(Ok(_)))
        })
    }
}

/// Waits until a gate has heard so many datagrams of versions that it does not speak; how many that were.
fn versions(gate: &Gate, least: u64) -> u64 {
    let begun = Instant::now();
    while gate.counts().version < least && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    gate.counts().version
}

/// A datagram of a version of QUIC that nobody speaks, which every open endpoint answers.
fn version_trigger() -> Vec<u8> {
    let mut datagram = [&[0xc0][..], &0x1a2a_3a4a_u32.to_be_bytes(), &[8], &[1; 8], &[8], &[2; 8]].concat();
    datagram.resize(1_200, 0);
    datagram
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}
