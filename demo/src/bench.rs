//! Purchases a second, and how long each takes: the real daemons as processes, the real protocol, and
//! a load in a process of its own. Everything that a purchase has is on: real key exchange, sealed
//! cards, signed decisions, journals on the disk; the run fails unless the books are sound after it.

pub mod load;
pub mod tables;
pub mod till;

mod alone;
mod closed_loop;
mod compare;
mod counted_net;
mod dashboards;
mod disk;
mod floor;
mod growth;
mod handshakes;
mod histogram;
mod inquiries;
mod journals;
mod open_loop;
mod options;
pub mod place;
mod plot;
mod process;
mod report;
mod stage;
mod tally;
mod verdict;

use std::path::{Path, PathBuf};
use std::time::Duration;

use kessai_shared::console::{self, Failure, OK};
use kessai_shared::journal::group_bytes;
use serde::Serialize;

use compare::Peer;
use load::{Found, Pace, Task};
pub use options::Bench;
use place::Place;
use report::{AgainstFloor, Level, PerPurchase, Report};
use stage::{Closed, Run, Stage};

/// Rounds that the floor is measured in.
const FLOOR_ROUNDS: u32 = 1_000;

/// Runs the bench on `data`, or on a fresh folder that is removed at the end.
///
/// # Errors
/// [`Failure`] when the command line is not as it should be, when anything fails, or when the books
/// are not sound afterwards.
pub async fn run(data: Option<PathBuf>, bench: Bench) -> Result<u8, Failure> {
    bench.check()?;
    let peer = bench.compare.as_deref().map(Peer::of).transpose()?;
    let stop = console::stop_request(false)?;
    let place = Place::of(data)?;
    let told = tokio::select! {
        biased;
        () = stop => Err(Failure::failed("stopped before the end")),
        told = measure(&bench, peer, place.path()) => told,
    };
    match told {
        Ok(told) => print!("{told}"),
        Err(failure) => return Err(place.keep(failure)),
    }
    Ok(OK)
}

/// Measures what was asked for, and tells it as text or JSON.
async fn measure(bench: &Bench, peer: Option<Peer>, data: &Path) -> Result<String, Failure> {
    if bench.handshakes {
        let found = handshakes::measure(bench.rounds, Duration::from_secs_f64(bench.seconds)).await?;
        return told(bench, &found, found.text());
    }
    if bench.settlement_alone {
        let report = alone::measure(bench, data).await?;
        return told(bench, &report, report.text());
    }
    if let Some(grown) = bench.grow {
        let report = growth::measure(bench, grown, data).await?;
        return told(bench, &report, report.text());
    }
    if let Some(count) = bench.dashboards {
        let report = dashboards::measure(bench, count, data).await?;
        return told(bench, &report, report.text());
    }
    let report = purchases(bench, peer, data).await?;
    if let Some(file) = &bench.plot {
        let (points, what) = report.points();
        let failed = |error| Failure::failed(format!("{}: cannot be written: {error}", file.display()));
        std::fs::write(file, plot::svg(&points, what)).map_err(failed)?;
    }
    told(bench, &report, report.text())
}

fn told(bench: &Bench, report: &impl Serialize, text: String) -> Result<String, Failure> {
    if bench.json { Ok(serde_json::to_string_pretty(report)? + "\n") } else { Ok(text) }
}

/// Opens the shop, runs every load on it, closes it, and holds the books against the loads.
async fn purchases(bench: &Bench, peer: Option<Peer>, data: &Path) -> Result<Report, Failure> {
    eprintln!("{} accounts and {} products are taken in …", bench.accounts, bench.products);
    let mut stage = Stage::open(data, bench.accounts, bench.products).await?;
    let (mut runs, mut ratios, mut floor) = (Vec::new(), Vec::new(), None);
    let rounds = if peer.is_some() { bench.rounds } else { 1 };
    for pace in bench.paces() {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            let plan = bench.plan(data, pace, (bench.accounts, bench.products));
            eprintln!("{pace}, {} connections, {} s, round {round} …", plan.connections, bench.seconds);
            let run: Run<Found> = stage.run(&Task::Buy(plan.clone())).await?;
            let counts = &run.found.counts;
            ours.push(counts.purchases as f64 / counts.seconds);
            if let Some(peer) = &peer {
                eprintln!("the peer, round {round} …");
                theirs.push(peer.run(bench.seconds, pace.most()).await?);
            }
            runs.push((plan, run));
        }
        ratios.extend(compare::ratios(pace.most(), &ours, &theirs));
        let one = pace == Pace::Closed { outstanding: 1 };
        if !runs.is_empty() && (one || bench.floor) {
            eprintln!("the floor of one at a time …");
            let at = runs.len() - 1;
            floor = Some((at, stage.ask(&Task::Floor(floor_plan(data))).await?));
        }
    }
    let Closed { journals: [seller, settlement], closed_wire } = stage.close().await?;
    eprintln!("the books are verified …");
    let verdict = verdict::verify(data).await?;
    let told = runs.iter().map(|(_, run)| run.found.counts.all_purchases).sum();
    verdict.judge(told, told)?;
    let spans: Vec<_> = runs.iter().map(|(_, run)| run.span).collect();
    let groups = seller.groups(&spans)?.into_iter().zip(settlement.groups(&spans)?);
    let levels = runs.iter().zip(groups);
    let levels = levels.map(|((plan, run), (one, other))| Level::of(plan, run, [one, other])).collect();
    let mut report = Report::of(levels, verdict);
    report.closed_wire_bytes_per_purchase = PerPurchase::of(closed_wire, told);
    report.floor = floor.and_then(|(at, floor)| Some(AgainstFloor::of(floor, report.levels.get(at)?)));
    report.compare = ratios;
    Ok(report)
}

/// The floor of one at a time: writes as long as a journal's own are then, a group of one record.
fn floor_plan(data: &Path) -> floor::Plan {
    floor::Plan {
        shop: data.join("shop.toml"),
        home: data.join("terminals").join("terminal-0"),
        file: data.join("floor"),
        write_bytes: [group_bytes(1, 0); 2],
        rounds: FLOOR_ROUNDS,
    }
}
