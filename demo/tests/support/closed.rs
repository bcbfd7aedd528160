//! A seller's place on the closed side, in the hands of a test.

use std::net::SocketAddr;
use std::path::Path;

use kessai_demo::voice::Voice;
use kessai_shared::exchange::Link;
use kessai_shared::identity::Identity;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::node_file;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::ALPN;
use kessai_shared::tls::{Peers, client_config};

/// A link to the settlement of a shop with the keys of its seller, and the seller's pin.
pub fn link(folder: &Path, settlement: SocketAddr) -> (Link, Pin) {
    let key = |name: &str| Identity::load_or_create(folder.join(name)).expect("a key");
    let (seller, pin) = (key("seller/keys/seller.key"), key("settlement/keys/settlement.key").pin());
    let gate = Gate::of_seller(&KnockKey::read(&folder.join("seller/keys/knock.key")).expect("a knock key"));
    let config = client_config(&seller, Peers::pins([pin]), ALPN).expect("a configuration");
    let any = Side::at("127.0.0.1:0".parse().expect("an address"));
    let endpoint = RealNet::default().closed(&any, &gate, None).expect("a socket");
    (Link::new(endpoint, settlement, gate.client_config(config)), seller.pin())
}

/// The same, asking as the node that the seller's data folder is.
pub async fn voice(folder: &Path, settlement: SocketAddr) -> (Voice, Pin) {
    let (link, pin) = link(folder, settlement);
    let node = node_file::load_or_create(&folder.join("seller")).expect("a node");
    (Voice::of(link, node).await.expect("an epoch"), pin)
}

/// Has the settlement write the key that a seller with this pin knocks with, and gives the seller it.
pub fn hand_over_knock_key(settlement: &Path, seller: &Path, pin: &str) {
    let (out, data) = (seller.join("keys/knock.key"), settlement.display().to_string());
    let out = out.display().to_string();
    super::command::run(["kessai-settlement", "knock-key", pin, "--out", &out, "--data", &data]).with(0);
}
