//! What it costs the shop that operators watch: the same load with dashboards and without, in turn.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kessai_shared::console::Failure;
use kessai_shared::operator::client::{Daemon, Operator, Place};
use kessai_shared::operator::live::Watched;
use kessai_shared::operator::{seller, settlement};
use serde::Serialize;
use tokio::task::JoinSet;

use super::compare::median;
use super::load::{Found, Task};
use super::options::Bench;
use super::stage::{Run, Stage};
use super::verdict::{self, Verdict};

/// Medians of all rounds. A shared machine's speed drifts by more than what is looked for, so shares are taken
/// within each round, of two runs one after the other, and told with how far they lie apart.
#[derive(Debug, Serialize)]
pub struct Report {
    pub dashboards: u32,
    pub rounds: u32,
    pub outstanding: u32,
    pub without_per_second: f64,
    pub with_per_second: f64,
    /// What was bought a second beside dashboards, as a share of what was without.
    pub ratio: f64,
    /// The same in the rounds at the lower and the upper quarter.
    pub ratio_quarters: [f64; 2],
    /// CPU time of both daemons, in microseconds a purchase.
    pub without_cpu_us: f64,
    pub with_cpu_us: f64,
    /// What of it was spent beside dashboards, as a share of what was without.
    pub cpu_ratio: f64,
    pub cpu_ratio_quarters: [f64; 2],
    /// Seconds that were told to all dashboards together.
    pub told: u64,
    pub verify: Verdict,
}

/// Opens a shop, runs each load twice a round, and holds the books against the loads.
///
/// # Errors
/// [`Failure`] when anything fails or the books are not sound.
pub async fn measure(bench: &Bench, dashboards: u32, data: &Path) -> Result<Report, Failure> {
    let mut stage = Stage::open(data, bench.accounts, bench.products).await?;
    let Some(pace) = bench.paces().first().copied() else { return Err(Failure::usage("no load")) };
    let (told, mut bought) = (Arc::new(AtomicU64::new(0)), 0);
    let (mut fast, mut cpu) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 1..=bench.rounds {
        // What comes first changes with each round, so that a machine that warms up favours neither.
        for watched in if round % 2 == 0 { [true, false] } else { [false, true] } {
            let count = if watched { dashboards } else { 0 };
            eprintln!("{pace}, {count} dashboards, {} s, round {round} …", bench.seconds);
            let watchers = open(data, count, &told).await?;
            let plan = bench.plan(data, pace, (bench.accounts, bench.products));
            let run: Run<Found> = stage.run(&Task::Buy(plan)).await?;
            drop(watchers);
            let counts = &run.found.counts;
            bought += counts.all_purchases;
            fast[usize::from(watched)].push(counts.purchases as f64 / counts.seconds);
            let spent = run.cpu.seller + run.cpu.settlement;
            cpu[usize::from(watched)].push(spent / counts.purchases.max(1) as f64);
        }
    }
    stage.close().await?;
    eprintln!("the books are verified …");
    let verify = verdict::verify(data).await?;
    verify.judge(bought, bought)?;
    let (ratios, cpu_ratios) = (shares(&fast), shares(&cpu));
    let [without_per_second, with_per_second] = fast.map(|values| median(&values));
    let [without_cpu_us, with_cpu_us] = cpu.map(|values| median(&values));
    Ok(Report {
        dashboards,
        rounds: bench.rounds,
        outstanding: pace.most(),
        without_per_second,
        with_per_second,
        ratio: median(&ratios),
        ratio_quarters: quarters(&ratios),
        without_cpu_us,
        with_cpu_us,
        cpu_ratio: median(&cpu_ratios),
        cpu_ratio_quarters: quarters(&cpu_ratios),
        told: told.load(Ordering::Relaxed),
        verify,
    })
}

/// What each round's run with dashboards came to, as a share of the one without.
fn shares([without, with]: &[Vec<f64>; 2]) -> Vec<f64> {
    with.iter().zip(without).map(|(with, without)| with / without).collect()
}

/// What stands at the lower and at the upper quarter.
fn quarters(values: &[f64]) -> [f64; 2] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    [at(sorted.len() / 4), at((sorted.len() * 3 / 4).min(sorted.len().saturating_sub(1)))]
}

/// Dashboards that watch both daemons until they are dropped.
async fn open(data: &Path, count: u32, told: &Arc<AtomicU64>) -> Result<JoinSet<()>, Failure> {
    let mut all = JoinSet::new();
    for _ in 0..count {
        watch::<seller::Status>(&mut all, (seller::DAEMON, data.join("seller")), told).await?;
        watch::<settlement::Status>(&mut all, (settlement::DAEMON, data.join("settlement")), told).await?;
    }
    Ok(all)
}

async fn watch<S: Watched + Send + 'static>(
    all: &mut JoinSet<()>,
    (daemon, data): (Daemon, std::path::PathBuf),
    told: &Arc<AtomicU64>,
) -> Result<(), Failure> {
    let operator = Operator::reach(daemon, &Place::Here(data)).await?;
    let (_, mut live) = operator.watch::<S>().await?;
    let told = Arc::clone(told);
    all.spawn(async move {
        while live.next().await.is_ok() {
            told.fetch_add(1, Ordering::Relaxed);
        }
        // It is watched for as long as this is there.
        drop(operator);
    });
    Ok(())
}

impl Report {
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ =
            writeln!(text, "  purchases a second       {:>10.0} without dashboards", self.without_per_second);
        let _ = writeln!(
            text,
            "                           {:>10.0} with {}",
            self.with_per_second, self.dashboards
        );
        let share = |ratio: f64, [low, high]: [f64; 2]| {
            format!("{ratio:>10.4} of a round's (middle half {low:.4} to {high:.4})")
        };
        let _ = writeln!(text, "  share                    {}", share(self.ratio, self.ratio_quarters));
        let _ =
            writeln!(text, "  daemons' CPU, µs         {:>10.1} a purchase, without", self.without_cpu_us);
        let _ = writeln!(text, "                           {:>10.1} with", self.with_cpu_us);
        let _ =
            writeln!(text, "  share                    {}", share(self.cpu_ratio, self.cpu_ratio_quarters));
        let _ = writeln!(text, "  seconds told             {:>10}", self.told);
        text.push_str("\nverify: both sides are sound, and hold what was told\n");
        text
    }
}
