//! What a bench is asked for on the command line, and whether it makes sense.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use kessai_shared::console::Failure;
use kessai_shared::exchange::WATCHERS_PER_KEY;

use super::load::{Pace, Plan};
use super::tables;

/// Most purchases that may be outstanding at once.
const MAX_OUTSTANDING: u32 = 16_384;
/// Purchases outstanding on one connection; the seller answers up to 256 at once on each.
const MAX_PER_CONNECTION: u32 = 256;
/// Terminals of a load, unless more are asked for or needed.
const CONNECTIONS: u32 = 8;
const MAX_CONNECTIONS: u32 = 1_024;
/// Connections that the settlement takes from one seller.
const MAX_SELLER_CONNECTIONS: u32 = 64;
/// Purchases outstanding, unless another number is given.
const OUTSTANDING: u32 = 64;
/// Purchases outstanding at most at a set rate, unless another number is given.
const MOST_AT_A_RATE: u32 = 4_096;
/// Inquiries outstanding at the settlement, unless another number is given.
const INQUIRIES_AT_ONCE: u32 = 4_096;
/// What a plot is made of, unless other loads are given.
const PLOTTED: [u32; 6] = [1, 4, 16, 64, 256, 1_024];
/// Arrivals a second at most.
const MAX_RATE: f64 = 1e6;
/// A load takes at most an hour.
const MAX_SECONDS: f64 = 3_600.0;
/// Inquiries are kept in memory until they are sent, some 500 bytes each.
const MAX_INQUIRIES: u64 = 10_000_000;
const MAX_ROUNDS: u32 = 100;

/// Measures purchases a second on this machine.
#[derive(Args, Clone, Debug)]
pub struct Bench {
    /// Purchases outstanding at all times, or with --rate at most; several are several loads
    /// [default: 64, with --rate 4096].
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    outstanding: Vec<u32>,
    /// Purchases that arrive a second, whatever is outstanding; times then count from the arrival.
    #[arg(long, value_name = "R,…", value_delimiter = ',')]
    rate: Vec<f64>,
    /// How long the clock of each load runs, in seconds.
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    pub seconds: f64,
    /// How long each load runs before its clock starts, in seconds.
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    warm_up: f64,
    /// Terminals, each with a key and a connection of its own [default: 8, or more where N needs it].
    #[arg(long, value_name = "C")]
    connections: Option<u32>,
    /// Card accounts.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub accounts: u64,
    /// Products.
    #[arg(long, value_name = "N", default_value_t = 4_000)]
    pub products: u64,
    /// Print the figures as JSON.
    #[arg(long)]
    pub json: bool,
    /// Draw throughput against latency of all loads [default loads: 1,4,16,64,256,1024].
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Measure the floor of one purchase at a time too, as is always done with one outstanding.
    #[arg(long)]
    pub floor: bool,
    /// Run a peer in turn with ours: a folder whose run.sh takes SECONDS 1 OUTSTANDING and prints lines
    /// with purchases/s=….
    #[arg(long, value_name = "DIR")]
    pub compare: Option<PathBuf>,
    /// How often each is measured where two are compared; what counts is the median.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub rounds: u32,
    /// Measure the settlement by itself: decisions a second.
    #[arg(long, conflicts_with_all = ["rate", "compare", "plot", "floor", "handshakes", "grow"])]
    pub settlement_alone: bool,
    /// Inquiries that the settlement by itself is asked, all sealed before the clock starts.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub inquiries: u64,
    /// Measure handshakes a second against plain quinn with the same suite.
    #[arg(long, conflicts_with_all = ["rate", "compare", "plot", "floor", "grow"])]
    pub handshakes: bool,
    /// Measure the same load with N accounts, and with N products, against the smaller tables; then how
    /// long a restart takes, and the disk that the data takes.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1000000",
          conflicts_with_all = ["rate", "compare", "plot", "floor"])]
    pub grow: Option<u64>,
    /// Measure the first load with N dashboards that watch both daemons, and without, in turn.
    #[arg(long, value_name = "N",
          conflicts_with_all = ["compare", "plot", "floor", "settlement_alone", "handshakes", "grow"])]
    pub dashboards: Option<u32>,
    /// With --grow: orders that are placed before a restart is timed.
    #[arg(long, value_name = "N", requires = "grow")]
    pub orders: Option<u64>,
}

impl Bench {
    /// # Errors
    /// [`Failure`] with one line on the first thing that makes no sense.
    pub fn check(&self) -> Result<(), Failure> {
        let need = |holds: bool, what: &str| if holds { Ok(()) } else { Err(Failure::usage(what)) };
        let within = |n: &u32| (1..=MAX_OUTSTANDING).contains(n);
        need(self.outstanding.iter().all(within), "--outstanding: expected 1 to 16384")?;
        let seconds = |s: f64| s.is_finite() && s <= MAX_SECONDS;
        need(seconds(self.seconds) && self.seconds >= 0.1, "--seconds: expected 0.1 to 3600")?;
        need(seconds(self.warm_up) && self.warm_up >= 0.0, "--warm-up: expected 0 to 3600")?;
        let rate = |rate: &f64| rate.is_finite() && *rate > 0.0 && *rate <= MAX_RATE;
        need(self.rate.iter().all(rate), "--rate: expected more than 0 and at most 1000000 a second")?;
        let one = self.rate.is_empty() || self.outstanding.len() <= 1;
        need(one, "--outstanding: with --rate one number, the most that may be outstanding")?;
        need((1..=tables::MAX_ROWS).contains(&self.accounts), "--accounts: expected 1 to 5000000")?;
        let products = tables::LINES..=tables::MAX_ROWS;
        need(products.contains(&self.products), "--products: expected 3 to 5000000")?;
        let grown = |n: u64| products.contains(&n) && n >= self.accounts && n >= self.products;
        let what = "--grow: expected no less than --accounts and --products, and at most 5000000";
        need(self.grow.is_none_or(grown), what)?;
        let most = 1..=WATCHERS_PER_KEY as u32;
        need(self.dashboards.is_none_or(|n| most.contains(&n)), "--dashboards: expected 1 to 12")?;
        need((1..=MAX_ROUNDS).contains(&self.rounds), "--rounds: expected 1 to 100")?;
        need((100..=MAX_INQUIRIES).contains(&self.inquiries), "--inquiries: expected 100 to 10000000")?;
        need(
            self.orders.is_none_or(|n| (1..=MAX_INQUIRIES).contains(&n)),
            "--orders: expected 1 to 10000000",
        )?;
        let most = if self.settlement_alone { MAX_SELLER_CONNECTIONS } else { MAX_CONNECTIONS };
        let connections = self.connections.is_none_or(|count| (1..=most).contains(&count));
        need(connections, &format!("--connections: expected 1 to {most}"))?;
        let most = self.paces().into_iter().map(Pace::most).max().unwrap_or(1);
        let room = self.connections.is_none_or(|count| count.saturating_mul(MAX_PER_CONNECTION) >= most);
        let what = "--connections: more are needed, one carries at most 256 purchases at once";
        need(self.settlement_alone || room, what)
    }

    /// The loads of this run, one after the other.
    pub fn paces(&self) -> Vec<Pace> {
        let one = self.outstanding.first().copied();
        if !self.rate.is_empty() {
            let most = one.unwrap_or(MOST_AT_A_RATE);
            return self.rate.iter().map(|rate| Pace::Open { rate: *rate, most }).collect();
        }
        let outstanding = match (self.outstanding.as_slice(), &self.plot) {
            ([], Some(_)) => PLOTTED.to_vec(),
            ([], None) => vec![OUTSTANDING],
            (given, _) => given.to_vec(),
        };
        outstanding.into_iter().map(|outstanding| Pace::Closed { outstanding }).collect()
    }

    /// One load on the shop in this folder, whose tables have so many rows.
    pub fn plan(&self, data: &Path, pace: Pace, (accounts, products): (u64, u64)) -> Plan {
        let needed = pace.most().div_ceil(MAX_PER_CONNECTION);
        Plan {
            shop: data.join("shop.toml"),
            homes: data.join("terminals"),
            // A terminal without work would only be a connection that is dropped for asking nothing.
            connections: self.connections.unwrap_or_else(|| needed.max(CONNECTIONS)).min(pace.most()),
            accounts,
            products,
            warm_up: Duration::from_secs_f64(self.warm_up),
            length: Duration::from_secs_f64(self.seconds),
            pace,
        }
    }

    /// Connections to the settlement, and inquiries outstanding on all of them.
    pub fn inquiries_at_once(&self) -> (u32, u32) {
        let outstanding = self.outstanding.first().copied().unwrap_or(INQUIRIES_AT_ONCE);
        (self.connections.unwrap_or(CONNECTIONS).min(outstanding), outstanding)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        bench: Bench,
    }

    fn bench(line: &str) -> Result<Bench, String> {
        let words = std::iter::once("bench").chain(line.split_whitespace());
        let bench = Line::try_parse_from(words).map_err(|error| error.to_string())?.bench;
        bench.check().map_err(|failure| failure.line)?;
        Ok(bench)
    }

    #[test]
    fn what_makes_no_sense_is_told_in_one_line() {
        for bad in [
            "--outstanding 0",
            "--outstanding 16385",
            "--rate 0",
            "--rate nan",
            "--rate 5 --outstanding 1,2",
            "--seconds 0",
            "--seconds inf",
            "--warm-up -1",
            "--accounts 0",
            "--products 2",
            "--rounds 0",
            "--dashboards 13",
            "--inquiries 5",
            "--connections 0",
            "--connections 1 --outstanding 257",
            "--settlement-alone --connections 65",
            "--grow 100",
        ] {
            let bad = bad.replace("-1", "=-1");
            let line = bench(&bad).expect_err(&bad);
            assert!(
                line.lines().count() == 1 && line.contains("--") || line.contains("invalid"),
                "{bad}: {line}"
            );
        }
        for odd in ["--orders 5", "--grow --rate 5", "--settlement-alone --handshakes"] {
            assert!(bench(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn loads_are_those_that_were_asked_for() {
        let paces = |line: &str| bench(line).expect(line).paces();
        let closed = |outstanding| Pace::Closed { outstanding };
        assert_eq!(paces(""), [closed(64)]);
        assert_eq!(paces("--outstanding 1,64"), [closed(1), closed(64)]);
        assert_eq!(paces("--plot x.svg").len(), PLOTTED.len());
        let open = Pace::Open { rate: 10.0, most: 5 };
        assert_eq!(paces("--rate 10 --outstanding 5"), [open]);
        let plan = |line: &str| {
            let bench = bench(line).expect(line);
            bench.plan(Path::new("."), bench.paces()[0], (1, 3)).connections
        };
        let connections = ["--outstanding 1", "", "--outstanding 4096", "--connections 3"].map(plan);
        assert_eq!(connections, [1, 8, 16, 3]);
    }
}
