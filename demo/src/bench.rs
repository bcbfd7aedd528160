//! Purchases a second, and how long each takes: the real daemons as processes, the real protocol, and
//! a load in a process of its own. Everything that a purchase has is on: real key exchange, sealed
//! cards, signed decisions, journals on the disk; the run fails unless the books are sound after it.

pub mod load;

mod closed_loop;
mod counted_net;
mod histogram;
mod journals;
mod open_loop;
mod process;
mod report;
mod stage;
mod tables;
mod tally;
mod till;
mod verdict;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use kessai_shared::console::{self, Failure, OK};

use load::Pace;
use report::{Level, Report};
use stage::Stage;

/// Most purchases that may be outstanding at once.
const MAX_OUTSTANDING: u32 = 16_384;
/// Purchases outstanding on one connection; the seller answers up to 256 at once on each.
const MAX_PER_CONNECTION: u32 = 256;
/// Terminals of a load, unless more are asked for or needed.
const CONNECTIONS: u32 = 8;
const MAX_CONNECTIONS: u32 = 1_024;
/// Purchases outstanding at most at a set rate, unless another number is given.
const MOST_AT_A_RATE: u32 = 4_096;
/// Arrivals a second at most.
const MAX_RATE: f64 = 1e6;
/// A run takes at most an hour.
const MAX_SECONDS: f64 = 3_600.0;

/// Measures purchases a second on this machine.
#[derive(Args, Clone)]
pub struct Bench {
    /// Purchases outstanding at all times, or with --rate at most [default: 64, with --rate 4096].
    #[arg(long, value_name = "N", value_delimiter = ',')]
    outstanding: Vec<u32>,
    /// Purchases that arrive a second, whatever is outstanding; times then count from the arrival.
    #[arg(long, value_name = "R")]
    rate: Option<f64>,
    /// How long the clock runs, in seconds.
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    seconds: f64,
    /// How long the load runs before the clock starts, in seconds.
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    warm_up: f64,
    /// Terminals, each with a key and a connection of its own [default: 8, or more where N needs it].
    #[arg(long, value_name = "C")]
    connections: Option<u32>,
    /// Card accounts.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    accounts: u64,
    /// Products.
    #[arg(long, value_name = "N", default_value_t = 4_000)]
    products: u64,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the bench on `data`, or on a fresh folder that is removed at the end.
///
/// # Errors
/// [`Failure`] when the command line is not as it should be, when anything fails, or when the books
/// are not sound afterwards.
pub async fn run(data: Option<PathBuf>, bench: Bench) -> Result<u8, Failure> {
    bench.check()?;
    let stop = console::stop_request(false)?;
    let place = Place::of(data)?;
    let report = tokio::select! {
        biased;
        () = stop => Err(Failure::failed("stopped before the end")),
        report = bench.measure(place.path()) => report,
    };
    let report = match report {
        Ok(report) => report,
        Err(failure) => return Err(place.keep(failure)),
    };
    if bench.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.text());
    }
    Ok(OK)
}

/// The folder that a run takes place in.
enum Place {
    Named(PathBuf),
    Fresh(tempfile::TempDir),
}

impl Place {
    fn of(named: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = named else {
            return Ok(Self::Fresh(tempfile::Builder::new().prefix("kessai-bench-").tempdir()?));
        };
        let failed = |error| Failure::failed(format!("{}: cannot be made: {error}", path.display()));
        std::fs::create_dir_all(&path).map_err(failed)?;
        if std::fs::read_dir(&path)?.next().is_some() {
            let line = format!("{}: is not empty; a bench needs an empty folder", path.display());
            return Err(Failure::usage(line));
        }
        Ok(Self::Named(path))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Fresh(folder) => folder.path(),
        }
    }

    /// What a run that failed wrote is kept, because it may show why.
    fn keep(self, mut failure: Failure) -> Failure {
        let path = match self {
            Self::Named(path) => path,
            Self::Fresh(folder) => folder.keep(),
        };
        if !failure.line.is_empty() {
            failure.line.push('\n');
        }
        failure.line.push_str(&format!("the bench failed; its folder is kept in {}", path.display()));
        failure
    }
}

impl Bench {
    fn check(&self) -> Result<(), Failure> {
        let need = |holds: bool, what: &str| if holds { Ok(()) } else { Err(Failure::usage(what)) };
        let within = |n: &u32| (1..=MAX_OUTSTANDING).contains(n);
        need(self.outstanding.iter().all(within), "--outstanding: expected 1 to 16384")?;
        let seconds = |s: f64| s.is_finite() && s <= MAX_SECONDS;
        need(seconds(self.seconds) && self.seconds >= 0.1, "--seconds: expected 0.1 to 3600")?;
        need(seconds(self.warm_up) && self.warm_up >= 0.0, "--warm-up: expected 0 to 3600")?;
        let rate = self.rate.is_none_or(|rate| rate.is_finite() && rate > 0.0 && rate <= MAX_RATE);
        need(rate, "--rate: expected more than 0 and at most 1000000 a second")?;
        need((1..=tables::MAX_ROWS).contains(&self.accounts), "--accounts: expected 1 to 5000000")?;
        let products = tables::LINES..=tables::MAX_ROWS;
        need(products.contains(&self.products), "--products: expected 3 to 5000000")?;
        let connections = self.connections.is_none_or(|count| (1..=MAX_CONNECTIONS).contains(&count));
        need(connections, "--connections: expected 1 to 1024")?;
        let most = self.paces().into_iter().map(|pace| pace.most()).max().unwrap_or(1);
        let room = self.connections.is_none_or(|count| count * MAX_PER_CONNECTION >= most);
        need(room, "--connections: a connection carries at most 256 purchases at once; more are needed")
    }

    /// The loads of this run, one after the other.
    fn paces(&self) -> Vec<Pace> {
        let default = if self.rate.is_some() { MOST_AT_A_RATE } else { 64 };
        let outstanding = if self.outstanding.is_empty() { vec![default] } else { self.outstanding.clone() };
        let pace = |most: u32| match self.rate {
            Some(rate) => Pace::Open { rate, most },
            None => Pace::Closed { outstanding: most },
        };
        outstanding.into_iter().map(pace).collect()
    }

    fn plan(&self, data: &Path, pace: Pace) -> load::Plan {
        let needed = pace.most().div_ceil(MAX_PER_CONNECTION);
        load::Plan {
            shop: data.join("shop.toml"),
            homes: data.join("terminals"),
            // A terminal without work would only be a connection that is dropped for asking nothing.
            connections: self.connections.unwrap_or_else(|| needed.max(CONNECTIONS)).min(pace.most()),
            accounts: self.accounts,
            products: self.products,
            warm_up: Duration::from_secs_f64(self.warm_up),
            length: Duration::from_secs_f64(self.seconds),
            pace,
        }
    }

    /// Opens the shop, runs every load on it, closes it, and holds the books against the loads.
    async fn measure(&self, data: &Path) -> Result<Report, Failure> {
        eprintln!("{} accounts and {} products are taken in …", self.accounts, self.products);
        let mut stage = Stage::open(data, self.accounts, self.products).await?;
        let mut runs = Vec::new();
        for pace in self.paces() {
            let plan = self.plan(stage.data(), pace);
            eprintln!("{pace}, {} connections, {} s …", plan.connections, self.seconds);
            runs.push((plan.clone(), stage.run(&plan).await?));
        }
        let [seller, settlement] = stage.close().await;
        eprintln!("the books are verified …");
        let verdict = verdict::verify(data).await?;
        verdict.judge(runs.iter().map(|(_, run)| run.found.counts.all_purchases).sum())?;
        let spans: Vec<_> = runs.iter().map(|(_, run)| run.span).collect();
        let groups = seller.groups(&spans)?.into_iter().zip(settlement.groups(&spans)?);
        let levels = runs
            .iter()
            .zip(groups)
            .map(|((plan, run), (seller, settlement))| Level::of(plan, run, [seller, settlement]));
        Ok(Report::of(levels.collect(), verdict))
    }
}

impl Pace {
    /// How many purchases may be outstanding.
    pub fn most(self) -> u32 {
        match self {
            Pace::Closed { outstanding } => outstanding,
            Pace::Open { most, .. } => most,
        }
    }
}

impl std::fmt::Display for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pace::Closed { outstanding } => write!(f, "{outstanding} outstanding"),
            Pace::Open { rate, most } => write!(f, "{rate} a second, at most {most} outstanding"),
        }
    }
}
