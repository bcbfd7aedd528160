//! A good terminal: it buys without a pause on one connection, and now and then a new one comes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kessai_demo::bench::tables::Counter;
use kessai_demo::bench::till::Till;
use kessai_shared::net::RealNet;
use kessai_tui_client::shop_file::ShopFile;
use tokio::runtime::Runtime;

use crate::support::PATIENCE;

pub const ACCOUNTS: u64 = 500;
pub const PRODUCTS: u64 = 2_000;
/// How often a new terminal comes.
const NEWCOMER: Duration = Duration::from_millis(700);

pub struct Buyer {
    runtime: Runtime,
    file: ShopFile,
    homes: PathBuf,
    counter: Counter,
    till: Till,
    bought: AtomicU64,
    newcomers: AtomicU64,
}

/// How it went.
pub struct Figures {
    pub purchases: usize,
    pub newcomers: usize,
    times: Vec<Duration>,
    connects: Vec<Duration>,
}

impl Buyer {
    pub fn new(file: ShopFile, folder: &Path) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let homes = folder.join("terminals");
        let till = runtime.block_on(async {
            Till::open(file.clone(), &homes.join("first"), &RealNet::default()).await.expect("a connection")
        });
        let counter = Counter::new(ACCOUNTS, PRODUCTS).expect("tables");
        let (bought, newcomers) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { runtime, file, homes, counter, till, bought, newcomers }
    }

    /// Its connections, while no newcomer is there.
    pub fn connections(&self) -> u64 {
        1
    }

    /// Buys for so long.
    pub fn buy_for(&self, time: Duration) -> Figures {
        let until = Instant::now() + time;
        self.buy_while(|| Instant::now() < until)
    }

    /// Buys as long as something is so. Every purchase has to be approved, and every newcomer let in.
    pub fn buy_while(&self, goes_on: impl Fn() -> bool) -> Figures {
        self.runtime.block_on(async {
            let buying = async {
                let mut times = Vec::new();
                while goes_on() {
                    let nth = self.bought.fetch_add(1, Ordering::Relaxed);
                    let begun = Instant::now();
                    self.till.buy(&self.counter, nth).await.expect("a purchase");
                    times.push(begun.elapsed());
                }
                times
            };
            let coming = async {
                let mut connects = Vec::new();
                while goes_on() {
                    let nth = self.newcomers.fetch_add(1, Ordering::Relaxed);
                    let home = self.homes.join(format!("newcomer-{nth}"));
                    let begun = Instant::now();
                    let till = loop {
                        let till = Till::open(self.file.clone(), &home, &RealNet::default()).await;
                        match till {
                            Ok(till) => break till,
                            // One that was passed over tries again, as a shopper would.
                            Err(error) => assert!(begun.elapsed() < PATIENCE, "a newcomer: {error}"),
                        }
                    };
                    connects.push(begun.elapsed());
                    till.leave().await;
                    tokio::time::sleep(NEWCOMER).await;
                }
                connects
            };
            let (mut times, mut connects) = tokio::join!(buying, coming);
            times.sort_unstable();
            connects.sort_unstable();
            Figures { purchases: times.len(), newcomers: connects.len(), times, connects }
        })
    }

    /// How many purchases it made.
    pub fn leave(self) -> i64 {
        self.runtime.block_on(self.till.leave());
        self.bought.into_inner() as i64
    }
}

impl Figures {
    pub fn p50(&self) -> Duration {
        quantile(&self.times, 0.5)
    }

    pub fn p99(&self) -> Duration {
        quantile(&self.times, 0.99)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |times: &[Duration], part: f64| quantile(times, part).as_secs_f64() * 1_000.0;
        write!(
            f,
            "{} purchases, p50 {:.1} ms, p99 {:.1} ms; {} newcomers, p50 {:.1} ms, longest {:.1} ms",
            self.purchases,
            ms(&self.times, 0.5),
            ms(&self.times, 0.99),
            self.newcomers,
            ms(&self.connects, 0.5),
            ms(&self.connects, 1.0),
        )
    }
}

fn quantile(sorted: &[Duration], part: f64) -> Duration {
    let at = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}
