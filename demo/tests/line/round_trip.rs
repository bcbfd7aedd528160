//! What a round trip costs on each kind of link, measured side by side: QUIC with the gate in front, between
//! two endpoints of this process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_demo::lan::{Host, Lan};
use kessai_shared::identity::Identity;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::{End, SETTLEMENT_END, Side};
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin_set::PinSet;
use kessai_shared::settlement::ALPN;
use kessai_shared::tls::{self, Migration, Peers, SERVER_NAME};
use quinn::Endpoint;

use super::may_have_hosts;

/// How many round trips, after some that are not counted.
const ROUNDS: usize = 2_000;
const WARM_UP: usize = 200;
/// How often both are measured at most.
const TRIES: usize = 6;
/// As much as an inquiry with its sealed card has, and as a decision has.
const MESSAGE: [u8; 1_500] = [7; 1_500];

/// Two endpoints that know each other, each opened where `at` says.
fn endpoints(
    settlement: &Side,
    seller: &Side,
    at: impl Fn(End, &(dyn Fn() -> Endpoint + Sync)) -> Endpoint,
) -> (Endpoint, Endpoint, quinn::ClientConfig) {
    let identity = || Identity::generate().expect("a key");
    let (bank, shop) = (identity(), identity());
    let sellers = Arc::new(PinSet::of([shop.pin()]));
    let server = tls::server_config(&bank, Peers::Pins(Arc::clone(&sellers)), ALPN, Migration::Refused);
    let server = server.expect("a configuration");
    let client = tls::client_config(&shop, Peers::pins([bank.pin()]), ALPN).expect("a configuration");
    let gate = Gate::of_settlement(&bank, &sellers);
    let knocking = Gate::of_seller(&KnockKey::of_seller(&bank, &shop.pin()));
    let open =
        |side: &Side, gate: &Gate, server| RealNet::default().closed(side, gate, server).expect("an end");
    let answering = at(End::Settlement, &|| open(settlement, &gate, Some(server.clone())));
    let asking = at(End::Seller, &|| open(seller, &knocking, None));
    (answering, asking, knocking.client_config(client))
}

/// The median of the round trips, and the ninety-ninth of a hundred.
async fn round_trip(ends: (Endpoint, Endpoint, quinn::ClientConfig), to: SocketAddr) -> (Duration, Duration) {
    let (answering, asking, config) = ends;
    let echo = tokio::spawn(async move {
        let connection = answering.accept().await.expect("a caller").await.expect("a connection");
        let (mut send, mut receive) = connection.accept_bi().await.expect("a stream");
        let mut message = MESSAGE;
        while receive.read_exact(&mut message).await.is_ok() && send.write_all(&message).await.is_ok() {}
    });
    let connection = asking.connect_with(config, to, SERVER_NAME).expect("a call").await.expect("an answer");
    let (mut send, mut receive) = connection.open_bi().await.expect("a stream");
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..WARM_UP + ROUNDS {
        let (begun, mut message) = (Instant::now(), MESSAGE);
        send.write_all(&message).await.expect("sent");
        receive.read_exact(&mut message).await.expect("an answer");
        assert_eq!(message, MESSAGE);
        if round >= WARM_UP {
            times.push(begun.elapsed());
        }
    }
    connection.close(0_u8.into(), b"");
    echo.await.expect("an echo to its end");
    times.sort();
    (times[ROUNDS / 2], times[ROUNDS * 99 / 100])
}

async fn over_loopback() -> (Duration, Duration) {
    let any = Side::at(SocketAddr::from(([127, 0, 0, 1], 0)));
    let ends = endpoints(&any, &any, |_, open| open());
    let to = ends.0.local_addr().expect("an address");
    round_trip(ends, to).await
}

async fn over_unix(folder: &Path) -> (Duration, Duration) {
    let side = |end| Side::Unix { end, path: folder.to_owned() };
    round_trip(endpoints(&side(End::Settlement), &side(End::Seller), |_, open| open()), SETTLEMENT_END).await
}

async fn over_ethernet(bank: &Host, shop: &Host) -> (Duration, Duration) {
    let side = |end| Side::Ethernet { end, interface: "cable".to_owned(), peer: None };
    let here = tokio::runtime::Handle::current();
    let at = |end, open: &(dyn Fn() -> Endpoint + Sync)| {
        let host = match end {
            End::Settlement => bank,
            End::Seller => shop,
        };
        let inside = || {
            let _entered = here.enter();
            open()
        };
        host.inside(inside).expect("a host")
    };
    round_trip(endpoints(&side(End::Settlement), &side(End::Seller), at), SETTLEMENT_END).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_trip_on_each_kind_of_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut udp, mut udp_99) = over_loopback().await;
    let (mut unix, mut unix_99) = over_unix(folder.path()).await;
    // A machine that has much else to do for a moment is measured once more; a link that waits for a timer does so
    // every time.
    for _ in 1..TRIES {
        if !waits_for_a_timer(unix, udp) {
            break;
        }
        (udp, udp_99) = over_loopback().await;
        (unix, unix_99) = over_unix(folder.path()).await;
    }
    let ratio = |time: Duration| time.as_secs_f64() / udp.as_secs_f64();
    println!("round trip of 1,500 bytes each way, p50 and p99, and p50 to that of UDP:");
    println!("  UDP on loopback  {udp:>9.1?} {udp_99:>9.1?}");
    println!("  Unix line        {unix:>9.1?} {unix_99:>9.1?} {:.2}", ratio(unix));
    if may_have_hosts("the round trip of an Ethernet line") {
        let lan = Lan::new("trip").expect("a place for networks");
        let [bank, shop] = ["bank", "shop"].map(|name| lan.host(name).expect("a host"));
        lan.wire("cable", &[(&bank, None), (&shop, None)]).expect("a wire");
        let (ethernet, ethernet_99) = over_ethernet(&bank, &shop).await;
        println!("  Ethernet line    {ethernet:>9.1?} {ethernet_99:>9.1?} {:.2}", ratio(ethernet));
    }
    assert!(!waits_for_a_timer(unix, udp), "{unix:?} and {udp:?}");
}

/// What a link costs depends on the machine; one that had to wait for a timer would take longer than this.
fn waits_for_a_timer(unix: Duration, udp: Duration) -> bool {
    unix >= udp * 10 + Duration::from_millis(5)
}
