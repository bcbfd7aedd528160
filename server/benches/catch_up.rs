//! How fast a standby catches up: a journal of orders that were placed, doubted and reversed, pulled over QUIC
//! on this machine, proved, taken into the seller's real books and made durable. Both nodes share the
//! machine's processors, as no two nodes of a shop would.
//!
//! `KESSAI_ORDERS` says how many orders there are, three records each; a hundred thousand otherwise.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_server::sales::{Books, Change};
use kessai_server::settings::JOURNAL;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Customer, NodeId, OrderId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine};
use kessai_shared::replica::seed::{self, Seeded, Wanted};
use kessai_shared::replica::{Dial, Feed, Follower, Ground, WAITING, wire};
use kessai_shared::store::{Fault, Keep, Options, Store};
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{Migration, Peers, client_config, server_config};
use kessai_shared::writer::{self, Clerk, Desk, Gate, Standing};
use tokio::sync::mpsc;

#[global_allocator]
static ALLOCATOR: kessai_shared::Allocator = kessai_shared::Allocator;

const SKUS: u64 = 1_000;
/// Records of one group, as of a shop that is busy.
const GROUP: u64 = 60;
const ORDERS: u64 = 100_000;

/// A clerk that is asked nothing.
struct Idle;

impl Clerk for Idle {
    type Books = Books;
    type Command = ();

    fn handle(&mut self, (): (), _: &mut Desk<'_, Books>) -> Result<(), Fault> {
        Ok(())
    }

    fn tick(&mut self, _: &mut Desk<'_, Books>) -> Result<(), Fault> {
        Ok(())
    }
}

fn main() {
    let orders = std::env::var("KESSAI_ORDERS").ok().and_then(|text| text.parse().ok()).unwrap_or(ORDERS);
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    fill(&one, orders);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(catch_up(&one, &two));
}

fn fill(folder: &Path, orders: u64) {
    std::fs::create_dir_all(folder).expect("a folder");
    let options = Options { checkpoint_after: u64::MAX, ..Options::default() };
    let (mut store, _) = Store::<Books>::open_with(folder, JOURNAL, options).expect("a store");
    let sku = |nth: u64| Sku::new(&format!("SKU{:06}", nth % SKUS)).expect("a SKU");
    store.begin(Timestamp(1));
    for nth in 0..SKUS {
        let (name, category) = (format!("Product {nth}"), "Ware".to_owned());
        let unit_price = Minor(100);
        let stocked = Change::Stocked { sku: sku(nth), name, category, unit_price, received: 1_000_000 };
        store.change(&stocked).expect("a change");
    }
    store.commit().expect("a disk that works");
    for nth in 0..orders {
        if nth % (GROUP / 3) == 0 {
            store.commit().expect("a disk that works");
            store.begin(Timestamp(1_795_420_800_000_000 + nth * 1_000));
        }
        let order = OrderId::mint(Timestamp(nth * 1_000), [(nth % 251) as u8; 10]);
        let line = QuotedLine { sku: sku(nth * 7), quantity: 1, unit_price: Minor(100) };
        let quote = Quote {
            seller: Pin([1; 32]),
            order,
            customer: Customer::default(),
            lines: vec![line],
            total: Minor(100),
            currency: Currency::Gbp,
            deadline: Timestamp(u64::MAX / 2),
        };
        let owner = Pin([(nth % 200) as u8; 32]);
        for change in [
            Change::Placed { quote, owner, deliver_to: None },
            Change::Doubted { order },
            Change::Reversed { order },
        ] {
            store.change(&change).expect("a change");
        }
    }
    store.commit().expect("a disk that works");
    store.close().expect("a shelf");
}

async fn catch_up(one: &Path, two: &Path) {
    let key = Identity::from_seed(&[7; 32]).expect("a key");
    let (mut store, _) = Store::<Books>::open(one, JOURNAL).expect("a store");
    let until = store.head().position;
    let node = |byte| NodeId::from_bytes([byte; 16]);
    let feed = Arc::new(Feed::new(node(1), store.source(), Gate::default()));
    let (peers, any) = (Peers::pins([key.pin()]), SocketAddr::from(([127, 0, 0, 1], 0)));
    let tls = server_config(&key, peers.clone(), wire::ALPN, Migration::Refused).expect("a configuration");
    let endpoint = RealNet::default().endpoint(any, Some(tls)).expect("an endpoint");
    let address = endpoint.local_addr().expect("an address");
    let _feeding = feed.serve(endpoint, peers.clone());
    let config = client_config(&key, peers, wire::ALPN).expect("a configuration");
    let dial =
        Dial { endpoint: RealNet::default().endpoint(any, None).expect("an endpoint"), address, config };
    std::fs::create_dir_all(two).expect("a folder");
    let begun = Instant::now();
    let wanted =
        Wanted { data: two, kind: JOURNAL, node: node(2), dial: &dial, rejoin: false, keep: Keep::ALL };
    let Seeded { store: mut copy, mark, .. } = seed::open::<Books>(&wanted).await.expect("it follows");
    let source = Arc::new(copy.source());
    let ring = source.ring().clone();
    let ground = Ground { dial, node: node(2), source, seeding: mark };
    let (groups, copied) = mpsc::channel(WAITING);
    let (_writer, queue) = mpsc::channel(1);
    let standing = Standing { copied: Some(copied), ..Standing::alone() };
    let clock = Arc::new(Timestamp::from_system_clock);
    let _ended = writer::spawn(copy, Idle, queue, clock, standing).expect("a thread");
    let _follower = Follower::start::<Books>(ground, groups);
    let mut head = ring.head();
    head.wait_for(|head| head.position >= until).await.expect("a writer");
    let took = begun.elapsed();
    let bytes: u64 = std::fs::read_dir(one.join("journal"))
        .expect("a folder")
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .map(|meta| meta.len())
        .sum();
    println!(
        "{until} records in {took:.2?}: {:.0} records a second, {:.0} MiB of journal a second",
        until as f64 / took.as_secs_f64(),
        bytes as f64 / took.as_secs_f64() / f64::from(1 << 20)
    );
    tokio::time::sleep(Duration::from_millis(10)).await;
}
