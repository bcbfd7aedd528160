//! Whether more accounts or more products make a purchase dearer: three shops side by side, one with
//! the small tables, one with many accounts, one with many products, and the same load on each in turn.
//! Then, for each, how long a restart takes and how much disk the data takes.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use kessai_shared::console::Failure;
use serde::Serialize;

use super::compare::median;
use super::disk::{self, Disk};
use super::load::{Found, Pace, Task};
use super::options::Bench;
use super::stage::{Run, Stage};
use super::verdict;

/// What growing costs.
#[derive(Debug, Serialize)]
pub struct Report {
    pub rounds: u32,
    pub shops: Vec<Grown>,
}

/// One of the shops.
#[derive(Debug, Serialize)]
pub struct Grown {
    pub accounts: u64,
    pub products: u64,
    pub orders: u64,
    pub purchases_per_second: f64,
    /// Its throughput over that of the shop with the small tables.
    pub ratio: f64,
    /// From the start of each process to the line by which it says that it is ready, in seconds.
    pub restart_settlement_seconds: f64,
    pub restart_seller_seconds: f64,
    pub settlement_disk: Disk,
    pub seller_disk: Disk,
}

/// A shop while it is measured.
struct Shop {
    data: PathBuf,
    tables: (u64, u64),
    stage: Stage,
    rates: Vec<f64>,
    orders: u64,
}

/// Measures.
///
/// # Errors
/// [`Failure`] when anything fails, or the books of one are not sound.
pub async fn measure(bench: &Bench, grown: u64, data: &Path) -> Result<Report, Failure> {
    let small = (bench.accounts, bench.products);
    let mut shops = Vec::new();
    for (name, tables) in [("small", small), ("accounts", (grown, small.1)), ("products", (small.0, grown))] {
        eprintln!("{} accounts and {} products are taken in …", tables.0, tables.1);
        let data = data.join(name);
        std::fs::create_dir(&data)?;
        let stage = Stage::open(&data, tables.0, tables.1).await?;
        shops.push(Shop { data, tables, stage, rates: Vec::new(), orders: 0 });
    }
    let pace = bench.paces().into_iter().next().unwrap_or(Pace::Closed { outstanding: 64 });
    for round in 1..=bench.rounds {
        eprintln!("{pace} on each, round {round} of {} …", bench.rounds);
        for shop in &mut shops {
            let plan = bench.plan(&shop.data, pace, shop.tables);
            let run: Run<Found> = shop.stage.run(&Task::Buy(plan)).await?;
            let counts = run.found.counts;
            shop.rates.push(counts.purchases as f64 / counts.seconds);
            shop.orders += counts.all_purchases;
        }
    }
    let base = shops.first().map_or(1.0, |shop| median(&shop.rates));
    let mut report = Report { rounds: bench.rounds, shops: Vec::new() };
    for mut shop in shops {
        if report.shops.is_empty() {
            shop.fill(bench).await?;
        }
        report.shops.push(shop.finish(base).await?);
    }
    Ok(report)
}

impl Shop {
    /// Places orders until there are as many as were asked for.
    async fn fill(&mut self, bench: &Bench) -> Result<(), Failure> {
        let wanted = bench.orders.unwrap_or(0);
        while self.orders < wanted {
            eprintln!("{} of {wanted} orders …", self.orders);
            let plan = bench.plan(&self.data, Pace::Closed { outstanding: 1_024 }, self.tables);
            let run: Run<Found> = self.stage.run(&Task::Buy(plan)).await?;
            self.orders += run.found.counts.all_purchases;
        }
        Ok(())
    }

    async fn finish(self, base: f64) -> Result<Grown, Failure> {
        let journals = self.stage.close().await?.journals;
        eprintln!("the books are verified, and both daemons started again …");
        verdict::verify(&self.data).await?.judge(self.orders, self.orders)?;
        let [settlement, seller] = disk::restart(&self.data).await?;
        let purchases_per_second = median(&self.rates);
        let [seller_disk, settlement_disk] = journals.map(|journal| journal.disk());
        Ok(Grown {
            accounts: self.tables.0,
            products: self.tables.1,
            orders: self.orders,
            purchases_per_second,
            ratio: purchases_per_second / base,
            restart_settlement_seconds: settlement.as_secs_f64(),
            restart_seller_seconds: seller.as_secs_f64(),
            settlement_disk: settlement_disk?,
            seller_disk: seller_disk?,
        })
    }
}

impl Report {
    pub fn text(&self) -> String {
        let mut text = String::new();
        let names = ["accounts", "products", "orders", "a second", "ratio"].map(|name| format!("{name:>10}"));
        // Writing into a string does not fail.
        let _ = writeln!(text, "{}   restart, s            disk ÷ live", names.concat());
        let _ = writeln!(text, "{:50}   settlement  seller     settlement  seller", "");
        for shop in &self.shops {
            let Grown { accounts, products, orders, purchases_per_second, ratio, .. } = shop;
            let (one, other) = (shop.restart_settlement_seconds, shop.restart_seller_seconds);
            let (disk, seller_disk) = (shop.settlement_disk.ratio(), shop.seller_disk.ratio());
            let _ = write!(
                text,
                "{accounts:>10}{products:>10}{orders:>10}{purchases_per_second:>10.0}{ratio:>10.2}"
            );
            let _ = writeln!(text, "   {one:>10.2}{other:>8.2}     {disk:>10.1}{seller_disk:>8.1}");
        }
        let _ = writeln!(text, "\nmedians of {}; verify: both sides of each are sound", self.rounds);
        text
    }
}
