//! A shop of several nodes, as a terminal goes about it: endpoints that really listen, with one key, which say
//! what they are told to say of themselves, keep silent or are not there.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kessai_shared::exchange::{self, Limits};
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Epoch, OrderId, ReturnId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{
    ALPN, Answered, Line, Page, Refusal, Reply, Request, ReturnState, ReturnView, Search, Standing, Welcome,
};
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{self, Migration, Peers};
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::{Shop, ShopError, Shown};
use kessai_tui_client::shop_file::ShopFile;

const STANDBY: Standing = Standing::Standby { behind_ms: Some(2_000) };
/// How long a change is tried for, and how long where it is tried in vain.
const PATIENCE: Duration = Duration::from_secs(60);
const IN_VAIN: Duration = Duration::from_secs(4);
/// How long a slow node takes to answer.
const SLOW: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
struct Mood {
    standing: Standing,
    /// How long it takes to answer; for ever when there is nothing here.
    takes: Option<Duration>,
}

/// One node, which gives its own number as the number of its products.
struct Node {
    number: u32,
    seller: Pin,
    mood: Mutex<Mood>,
    changes: AtomicU32,
}

impl exchange::Service for Node {
    type Request = Request;
    type Reply = Answered;

    async fn call(self: Arc<Self>, _: Pin, request: Request) -> Answered {
        let Mood { standing, takes } = *self.mood.lock().expect("a mood");
        match takes {
            Some(takes) => tokio::time::sleep(takes).await,
            None => std::future::pending().await,
        }
        let in_charge = matches!(standing, Standing::InCharge { .. });
        let reply = match request {
            Request::Return { id, .. } if in_charge => {
                self.changes.fetch_add(1, Ordering::Relaxed);
                let (state, refunded) = (ReturnState::Refunded, Minor(i64::from(self.number)));
                Reply::Returned(ReturnView {
                    id,
                    state,
                    refunded,
                    currency: Currency::Gbp,
                    lines: Vec::new(),
                })
            }
            request if request.needs_charge() => Reply::Refused(Refusal::NotInCharge),
            Request::Browse { .. } => Reply::Page(Page { items: Vec::new(), total: self.number }),
            Request::Order { .. } if in_charge => Reply::Refused(Refusal::UnknownOrder),
            Request::Order { .. } => Reply::Refused(Refusal::NotInCharge),
            _ => Reply::Welcome(Welcome {
                shop: "Two".into(),
                seller: self.seller,
                currency: Currency::Gbp,
                categories: Vec::new(),
                issuer_keys: Vec::new(),
                settlement_up: true,
            }),
        };
        Answered { standing, reply }
    }
}

struct Site {
    key: Identity,
    nodes: Vec<Arc<Node>>,
    addresses: Vec<SocketAddr>,
    homes: tempfile::TempDir,
}

impl Site {
    /// Nodes that say this of themselves.
    fn of(standings: &[Standing]) -> Self {
        let key = Identity::generate().expect("a key");
        let homes = tempfile::tempdir().expect("a folder");
        let mut site = Self { key, nodes: Vec::new(), addresses: Vec::new(), homes };
        for (number, standing) in (1..).zip(standings) {
            let tls = tls::server_config(&site.key, Peers::Any, ALPN, Migration::Allowed).expect("a key");
            let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
            let endpoint = RealNet::default().endpoint(any, Some(tls)).expect("an endpoint");
            site.addresses.push(endpoint.local_addr().expect("an address"));
            let mood = Mutex::new(Mood { standing: *standing, takes: Some(Duration::ZERO) });
            let seller = site.key.pin();
            let node = Arc::new(Node { number, seller, mood, changes: AtomicU32::new(0) });
            let (service, never) = (Arc::clone(&node), std::future::pending());
            tokio::spawn(exchange::serve(endpoint, Peers::Any, service, Limits::default(), never));
            site.nodes.push(node);
        }
        site
    }

    fn shop(&self) -> Shop {
        let seller_pins = vec![self.key.pin()];
        let (addresses, issuer_roots) = (self.addresses.clone(), vec![self.key.pin()]);
        let file = ShopFile { addresses, seller_pins, issuer_roots };
        let home = Home::new(self.homes.path().join("terminal"));
        let clock = Arc::new(Timestamp::from_system_clock);
        Shop::new(file, home, &RealNet::default(), clock).expect("a shop")
    }

    fn turn(&self, node: usize, standing: Standing, takes: Option<Duration>) {
        *self.nodes[node].mood.lock().expect("a mood") = Mood { standing, takes };
    }

    fn changes(&self) -> Vec<u32> {
        self.nodes.iter().map(|node| node.changes.load(Ordering::Relaxed)).collect()
    }
}

fn in_charge(epoch: u64) -> Standing {
    Standing::InCharge { epoch: Epoch(epoch) }
}

async fn read(shop: &Shop) -> Result<u32, ShopError> {
    shop.browse(Search::default(), 0, 1).await.map(|page| page.total)
}

/// Which node carried a change out.
async fn change(shop: &Shop) -> Result<i64, ShopError> {
    change_within(shop, PATIENCE).await
}

async fn change_within(shop: &Shop, patience: Duration) -> Result<i64, ShopError> {
    let lines = [Line { sku: Sku::new("TEA").expect("a SKU"), quantity: 1 }];
    let shop = shop.patient_for(patience);
    shop.give_back_from(ReturnId::from_bytes([7; 16]), None, &lines).await.map(|view| view.refunded.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_in_charge_is_found_wherever_it_stands_in_the_file() {
    let mut site = Site::of(&[STANDBY, in_charge(3)]);
    let shop = site.shop();
    assert_eq!(change(&shop).await, Ok(2));
    assert_eq!(read(&shop).await, Ok(2), "the node that is in charge is asked for what is read, too");
    assert_eq!((shop.shown(), shop.asks()), (Some(Shown::Fresh), site.addresses[1]));
    assert_eq!(site.changes(), [0, 1]);
    // Nobody is at the first address at all, or somebody who never says anything.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket").local_addr().expect("an address");
    for nobody in [gone, silent.local_addr().expect("an address")] {
        site.addresses[0] = nobody;
        for asks in [true, false] {
            let (shop, begun) = (site.shop(), Instant::now());
            let answer = if asks { read(&shop).await.map(i64::from) } else { change(&shop).await };
            assert_eq!(answer, Ok(2));
            println!("with nobody at {nobody}: {} ms", begun.elapsed().as_millis());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_goes_on_at_the_node_that_was_promoted_while_the_old_one_hung() {
    let site = Site::of(&[in_charge(3), STANDBY]);
    let shop = site.shop();
    assert_eq!(change(&shop).await, Ok(1));
    site.turn(0, in_charge(3), None);
    let asking = {
        let shop = shop.clone();
        tokio::spawn(async move { change(&shop).await })
    };
    tokio::time::sleep(SLOW).await;
    assert!(!asking.is_finished(), "a standby changes nothing");
    let promoted = Instant::now();
    site.turn(1, in_charge(4), Some(Duration::ZERO));
    assert_eq!(asking.await.expect("an answer"), Ok(2));
    println!("promoted, and answered {} ms later", promoted.elapsed().as_millis());
    assert_eq!(shop.asks(), site.addresses[1]);
    // The old one comes back and takes itself to be in charge still, and is quicker than the new one.
    site.turn(0, in_charge(3), Some(Duration::ZERO));
    site.turn(1, in_charge(4), Some(SLOW));
    assert_eq!(read(&shop).await, Ok(2));
    assert_eq!(change(&shop).await, Ok(2));
    assert_eq!(site.changes(), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_node_in_charge_a_standby_shows_and_nothing_is_changed() {
    let site = Site::of(&[in_charge(3), STANDBY]);
    let shop = site.shop();
    assert_eq!(read(&shop).await, Ok(1));
    site.turn(0, in_charge(3), None);
    assert_eq!(read(&shop).await, Ok(2));
    let Some(Shown::Standby { behind_ms: Some(behind) }) = shop.shown() else {
        panic!("what a standby shows is marked")
    };
    assert!((2_000..60_000).contains(&behind), "{behind}");
    // What is not there is not denied: the node in charge may have it.
    let order = OrderId::from_bytes([1; 16]);
    site.turn(0, STANDBY, Some(Duration::ZERO));
    let refused = Err(ShopError::Refused(Refusal::NotInCharge));
    // On a busy machine the last answer may come too late, and then nobody claims to know.
    let mut told = change_within(&shop, IN_VAIN).await;
    for _ in 0..4 {
        if told == Err(ShopError::NoAnswer) {
            told = change_within(&shop, IN_VAIN).await;
        }
    }
    assert_eq!(told, refused, "nothing has happened, and that is known");
    site.turn(1, in_charge(4), Some(Duration::ZERO));
    let kept = shop.open_return(order, vec![Line { sku: Sku::new("TEA").expect("a SKU"), quantity: 1 }]);
    let answer = shop.give_back_from(kept.expect("kept"), Some(order), &[]).await;
    assert_eq!(answer.map(|view| view.refunded), Ok(Minor(2)));
    assert_eq!(site.changes(), [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_at_one_node_is_known_at_every_other() {
    let site = Site::of(&[in_charge(3), STANDBY]);
    let shop = site.shop();
    let (order, now) = (OrderId::from_bytes([2; 16]), shop.now());
    shop.home().note_sent(shop.seller(), order, now, now.plus_seconds(60)).expect("noted");
    let lines = vec![Line { sku: Sku::new("TEA").expect("a SKU"), quantity: 1 }];
    let id = shop.open_return(order, lines).expect("kept");
    // The next session has a file with the other address alone.
    let file = ShopFile {
        addresses: vec![site.addresses[1]],
        seller_pins: vec![site.key.pin()],
        issuer_roots: vec![site.key.pin()],
    };
    let home = Home::new(site.homes.path().join("terminal"));
    let clock = Arc::new(Timestamp::from_system_clock);
    let later = Shop::new(file, home, &RealNet::default(), clock).expect("a shop");
    let sent = later.home().sent(later.seller(), |_| true).expect("a file");
    assert_eq!(sent.open.iter().map(|open| open.order).collect::<Vec<_>>(), [order]);
    assert_eq!(later.kept_returns().expect("a folder").iter().map(|kept| kept.id).collect::<Vec<_>>(), [id]);
    site.turn(1, in_charge(4), Some(Duration::ZERO));
    let answer = later.give_back(id, order, &[]).await;
    assert!(later.close_return(id, answer).is_ok());
    assert_eq!(shop.kept_returns().expect("a folder"), []);
}
