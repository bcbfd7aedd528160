//! Terminals that buy one thing after another, whatever becomes of the shop's nodes, and note what each was
//! told in the end.

use std::fmt::Write;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kessai_demo::lan::Host;
use kessai_shared::card::{CardNumber, Particulars};
use kessai_shared::ids::{Epoch, OrderId, Sku};
use kessai_shared::net::RealNet;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::{Ending, Shop};
use kessai_tui_client::shop_file::ShopFile;
use tokio::task::JoinSet;

/// Each with a key, a socket and files of its own.
pub const TERMINALS: usize = 64;
const CARDS: u64 = 200;
/// One purchase of so many is of the scarce product.
const SCARCE_EVERY: u64 = 8;
/// Pieces of the scarce product: fewer than are wanted.
pub const SCARCE_STOCK: u64 = 60;
/// How long a terminal rests after a purchase, so that the machine is not all they measure.
const REST: Duration = Duration::from_millis(250);
/// How long one purchase may take before the test gives up. None is expected to take this long.
const PATIENCE: Duration = Duration::from_secs(240);

/// What a terminal was told in the end of one order.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub at: Instant,
    pub terminal: usize,
    pub order: OrderId,
    pub accepted: bool,
    pub scarce: bool,
    pub pence: i64,
    /// The node that it was asking then.
    pub node: SocketAddr,
    /// Under which epoch it was told so.
    pub epoch: Option<Epoch>,
}

#[derive(Default)]
struct Notes {
    told: Mutex<Vec<Told>>,
    over: AtomicBool,
    next: AtomicU64,
}

pub struct Load {
    notes: Arc<Notes>,
    shopping: JoinHandle<()>,
}

impl Load {
    /// Begins to buy, on a host of its own if there is one.
    pub fn start(host: Option<Host>, file: ShopFile, homes: PathBuf) -> Self {
        let notes = Arc::new(Notes::default());
        let shared = Arc::clone(&notes);
        let shopping = std::thread::spawn(move || {
            // One thread, so that it opens its sockets where it is.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let shop = || runtime.expect("a runtime").block_on(shop_till_over(&file, &homes, shared));
            match host {
                Some(host) => host.inside(shop).expect("a host"),
                None => shop(),
            }
        });
        Self { notes, shopping }
    }

    pub fn told(&self) -> MutexGuard<'_, Vec<Told>> {
        self.notes.told.lock().expect("no terminal has panicked")
    }

    pub fn accepted(&self) -> usize {
        self.told().iter().filter(|told| told.accepted).count()
    }

    /// How long after this moment the first order was accepted that this node was asked for.
    pub fn first_by(&self, node: SocketAddr, since: Instant) -> Option<Duration> {
        let told = self.told();
        let by = told.iter().filter(|told| told.accepted && told.node == node && told.at >= since);
        by.map(|told| told.at - since).min()
    }

    /// Lets every terminal come to the end of what it has begun.
    pub fn stop(self) -> Vec<Told> {
        self.notes.over.store(true, Ordering::Relaxed);
        self.shopping.join().expect("terminals without a panic");
        self.notes.told.lock().expect("no terminal has panicked").clone()
    }
}

/// Terminals of a load once more, to look up what they bought. They ask only the addresses of this file.
pub fn terminals(file: &ShopFile, homes: &Path, which: Range<usize>) -> Vec<(usize, Shop)> {
    let open = |nth: usize| {
        let home = Home::new(homes.join(format!("terminal-{nth}")));
        let clock = Arc::new(Timestamp::from_system_clock);
        (nth, Shop::new(file.clone(), home, &RealNet::default(), clock).expect("a shop"))
    };
    which.map(open).collect()
}

/// The cards as the settlement reads them.
pub fn cards() -> String {
    let mut table =
        "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history\n".to_owned();
    for at in 0..CARDS {
        let number = number(at);
        writeln!(table, "{number},HOLDER {at},1980-01-02,2090-06,900000000,0,0,0;0").expect("text");
    }
    table
}

async fn shop_till_over(file: &ShopFile, homes: &Path, notes: Arc<Notes>) {
    let mut shoppers = JoinSet::new();
    for (nth, shop) in terminals(file, homes, 0..TERMINALS) {
        let notes = Arc::clone(&notes);
        shoppers.spawn(async move {
            while !notes.over.load(Ordering::Relaxed) {
                let purchase = notes.next.fetch_add(1, Ordering::Relaxed);
                let told = buy(&shop, nth, purchase).await;
                notes.told.lock().expect("no terminal has panicked").push(told);
                tokio::time::sleep(REST).await;
            }
            shop.leave().await;
        });
    }
    while let Some(ended) = shoppers.join_next().await {
        ended.expect("a terminal without a panic");
    }
}

/// One purchase under one order id and, once there is one, one quote, however often it has to be asked for.
async fn buy(shop: &Shop, terminal: usize, nth: u64) -> Told {
    let scarce = nth.is_multiple_of(SCARCE_EVERY);
    let sku = Sku::new(if scarce { "SCARCE" } else { "COMMON" }).expect("a SKU");
    let lines = [Line { sku, quantity: 1 }];
    let (order, card) = (shop.open_checkout().expect("an order id"), card(nth % CARDS).into());
    let (begun, mut quote) = (Instant::now(), None);
    loop {
        let ending = match &quote {
            None => shop.quote(order, &lines).await.map(|signed| {
                quote = Some(signed);
                None
            }),
            Some(signed) => shop.pay(signed, &card).await.map(Some),
        };
        let (accepted, pence) = match ending {
            Ok(None) => continue,
            Ok(Some(Ending::Accepted { amount, .. })) => (true, amount.0),
            Ok(Some(Ending::OutOfStock { .. } | Ending::Interrupted)) => (false, 0),
            other => {
                assert!(begun.elapsed() < PATIENCE, "{order}: {other:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (at, node, epoch) = (Instant::now(), shop.asks(), shop.told_under());
        return Told { at, terminal, order, accepted, scarce, pence, node, epoch };
    }
}

fn card(at: u64) -> Particulars {
    Particulars {
        number: CardNumber::try_from(number(at)).expect("a number"),
        name: format!("HOLDER {at}").parse().expect("a name"),
        birth_date: "1980-01-02".parse().expect("a day"),
        expiry: "2090-06".parse().expect("a month"),
    }
}

fn number(at: u64) -> String {
    let number = CardNumber::with_check_digit(&format!("999999400{at:06}")).expect("a card number");
    number.digits().to_owned()
}
