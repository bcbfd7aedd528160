//! Shoppers who buy one thing after another, whatever happens, and note what they were told.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kessai_demo::lan::Host;
use kessai_shared::card::{CardNumber, Particulars};
use kessai_shared::ids::Sku;
use kessai_shared::net::RealNet;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::{Ending, Shop};
use kessai_tui_client::shop_file::ShopFile;
use tokio::task::JoinSet;

const SHOPPERS: u64 = 8;
const CARDS: u64 = 200;
/// One purchase of so many is of the scarce product.
const SCARCE_EVERY: u64 = 8;

/// What a shopper was told in the end.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub at: Instant,
    pub accepted: bool,
    pub scarce: bool,
    pub pence: i64,
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
    /// Begins to buy, on the host of the shop.
    pub fn start(host: &Host, file: ShopFile, home: PathBuf) -> Self {
        let notes = Arc::new(Notes::default());
        let (host, shared) = (host.clone(), Arc::clone(&notes));
        let shopping = std::thread::spawn(move || {
            let shop = || tokio::runtime::Builder::new_current_thread().enable_all().build();
            host.inside(|| shop().expect("a runtime").block_on(shop_till_over(file, home, shared)))
                .expect("a host");
        });
        Self { notes, shopping }
    }

    pub fn accepted(&self) -> usize {
        self.notes.told.lock().unwrap().iter().filter(|told| told.accepted).count()
    }

    /// How many purchases were answered between two moments.
    pub fn between(&self, from: Instant, to: Instant) -> usize {
        self.notes.told.lock().unwrap().iter().filter(|told| (from..to).contains(&told.at)).count()
    }

    /// How long after this moment the first purchase was answered.
    pub fn first_after(&self, moment: Instant) -> Option<Duration> {
        let told = self.notes.told.lock().unwrap();
        told.iter().map(|told| told.at).filter(|at| *at >= moment).min().map(|at| at - moment)
    }

    /// The longest time from this moment on in which no purchase was answered.
    pub fn longest_gap(&self, from: Instant) -> Duration {
        let mut moments: Vec<_> = self.notes.told.lock().unwrap().iter().map(|told| told.at).collect();
        moments.retain(|at| *at >= from);
        moments.extend([from, Instant::now()]);
        moments.sort_unstable();
        moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// Lets every shopper come to the end of what he has begun.
    pub fn stop(self) -> Vec<Told> {
        self.notes.over.store(true, Ordering::Relaxed);
        self.shopping.join().expect("shoppers without a panic");
        self.notes.told.lock().unwrap().clone()
    }
}

/// What became of each try, and how long it took.
pub type Tries = Mutex<Vec<(Duration, String)>>;
/// What a try that was accepted says.
pub const ACCEPTED: &str = "accepted";

/// Tries to buy again and again, a new order each time, until one is accepted.
pub fn till_accepted(host: &Host, file: ShopFile, home: PathBuf) -> Arc<Tries> {
    let tries = Arc::new(Tries::default());
    let (host, noted) = (host.clone(), Arc::clone(&tries));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let trying = || runtime.expect("a runtime").block_on(try_till_accepted(file, home, noted));
        host.inside(trying).expect("a host");
    });
    tries
}

async fn try_till_accepted(file: ShopFile, home: PathBuf, tries: Arc<Tries>) {
    let clock = Arc::new(Timestamp::from_system_clock);
    let shop = Shop::new(file, Home::new(home), &RealNet::default(), clock).expect("a shop");
    let shop = shop.patient_for(Duration::from_secs(2));
    let lines = [Line { sku: Sku::new("COMMON").expect("a SKU"), quantity: 1 }];
    loop {
        let order = shop.open_checkout().expect("an order id");
        let begun = Instant::now();
        let ending = match shop.quote(order, &lines).await {
            Ok(quote) => shop.pay(&quote, &card(0).into()).await,
            Err(error) => Err(error),
        };
        let said = match &ending {
            Ok(Ending::Accepted { .. }) => ACCEPTED.to_owned(),
            Ok(ending) => ending.word(),
            Err(error) => error.to_string(),
        };
        tries.lock().unwrap().push((begun.elapsed(), said));
        if matches!(ending, Ok(Ending::Accepted { .. })) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
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

fn number(at: u64) -> String {
    let number = CardNumber::with_check_digit(&format!("999999300{at:06}")).expect("a card number");
    number.digits().to_owned()
}

async fn shop_till_over(file: ShopFile, home: PathBuf, notes: Arc<Notes>) {
    let clock = Arc::new(Timestamp::from_system_clock);
    let shop = Shop::new(file, Home::new(home), &RealNet::default(), clock).expect("a shop");
    let mut shoppers = JoinSet::new();
    for _ in 0..SHOPPERS {
        let (shop, notes) = (shop.clone(), Arc::clone(&notes));
        shoppers.spawn(async move {
            while !notes.over.load(Ordering::Relaxed) {
                let nth = notes.next.fetch_add(1, Ordering::Relaxed);
                let told = buy(&shop, nth).await;
                notes.told.lock().unwrap().push(told);
            }
        });
    }
    while let Some(ended) = shoppers.join_next().await {
        ended.expect("a shopper without a panic");
    }
    shop.leave().await;
}

/// One purchase under one order id, however often it has to be asked for.
async fn buy(shop: &Shop, nth: u64) -> Told {
    let scarce = nth.is_multiple_of(SCARCE_EVERY);
    let sku = Sku::new(if scarce { "SCARCE" } else { "COMMON" }).expect("a SKU");
    let lines = [Line { sku, quantity: 1 }];
    let (order, card) = (shop.open_checkout().expect("an order id"), card(nth % CARDS).into());
    let begun = Instant::now();
    loop {
        let ending = match shop.quote(order, &lines).await {
            Ok(quote) => shop.pay(&quote, &card).await,
            Err(error) => Err(error),
        };
        let (accepted, pence) = match ending {
            Ok(Ending::Accepted { amount, .. }) => (true, amount.0),
            Ok(Ending::OutOfStock { .. } | Ending::Interrupted) => (false, 0),
            other => {
                assert!(begun.elapsed() < crate::support::PATIENCE, "{order}: {other:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        return Told { at: Instant::now(), accepted, scarce, pence };
    }
}
