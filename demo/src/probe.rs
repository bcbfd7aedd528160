//! The proof of silence: the stranger's probes against a settlement at work, and the same probes against an
//! endpoint without a gate, which answers them.

mod control;
mod neighbour;
mod report;
mod site;
mod trade;

use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kessai_shared::console::{self, Failure, OK};
use serde::Serialize;

use crate::stranger::{Attacker, Force, Found, Kind, Recorded, Recorder, Target, attack};
use control::Unfiltered;
pub use neighbour::Compared;
pub use report::{Report, Row};
use site::{CLOSED, CONTROL, Place, SELLER, SETTLEMENT, STRANGER, Site};
use trade::Trade;

/// The most probes of one run; a million take less than a minute.
const MAX_PROBES: u64 = 1_000_000_000;
/// Tries of each kind of client from each host.
const CLIENTS: u32 = 16;
/// Probes of the control: enough that each kind has some turns, with a rest after each of them. A server that
/// disowns unknown connections does so every 20 ms at most.
const CONTROL_PROBES: u64 = 15 * 4 * crate::stranger::BURST;
const CONTROL_REST: Duration = Duration::from_millis(25);
/// Purchases that were made before the stranger comes, and between what he writes down again.
const PURCHASES_HEARD: u64 = 10;
/// What makes the probes differ from each other is the same in every run.
const SEED: u64 = 0x6b65_7373_6169;

/// Proves that the settlement answers nobody without the key, in networks of its own.
#[derive(Args, Clone, Debug)]
pub struct Probe {
    /// Probes: half of them from a stranger's host, half from the seller's own.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    count: u64,
    /// Instead of that: let the settlement hear the seller's address alone, and compare its port with the one
    /// next to it, where nobody is.
    #[arg(long, conflicts_with = "count")]
    neighbour: bool,
    #[arg(long)]
    json: bool,
}

/// Makes the networks, probes, and tells what came back.
///
/// # Errors
/// [`Failure`] when there can be no networks, when a daemon or a purchase fails, or when anything was answered.
pub async fn run(probe: Probe) -> Result<u8, Failure> {
    if !(1..=MAX_PROBES).contains(&probe.count) {
        return Err(Failure::usage(format!("--count: expected 1 to {MAX_PROBES}")));
    }
    let stop = console::stop_request(false)?;
    let folder = tempfile::Builder::new().prefix("kessai-probe-").tempdir()?;
    let proving = async {
        if probe.neighbour {
            let compared = neighbour::compare(folder.path()).await?;
            tell(&probe, &compared, compared.text())?;
            return compared.judge();
        }
        let report = prove(&probe, folder.path()).await?;
        tell(&probe, &report, report.text())?;
        report.judge()
    };
    tokio::select! {
        biased;
        () = stop => Err(Failure::failed("stopped before the end")),
        proved = proving => proved.map(|()| OK),
    }
}

fn tell(probe: &Probe, report: &impl Serialize, text: String) -> Result<(), Failure> {
    if probe.json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{text}");
    }
    Ok(())
}

async fn prove(probe: &Probe, folder: &Path) -> Result<Report, Failure> {
    let place = Place::new()?;
    let recorder = place.stranger.inside(|| Recorder::open(CLOSED, SETTLEMENT))??;
    let site = Site::open(&place, folder, &[]).await?;
    let trade = Trade::start(&place.terminal, site.shop.clone(), &folder.join("terminal")).await?;
    let visits = async || {
        let any = SocketAddr::new(SELLER.ip(), 0);
        let (host, data) = (&place.seller, folder.join("seller"));
        let one = trade::visit(host, &data, site.settlement_pin, any).await?;
        let other = trade::visit(host, &data, site.settlement_pin, any).await?;
        Ok::<_, Failure>(vec![(Kind::HeardId, one), (Kind::Replay, other)])
    };
    visits().await?;
    trade.until(PURCHASES_HEARD).await;
    let target = Target {
        host: place.settlement.clone(),
        interface: CLOSED.to_owned(),
        address: SETTLEMENT,
        may_answer: SELLER,
    };
    let bar = bar(probe);
    let (begun, half) = (Instant::now(), probe.count.div_ceil(2));
    let force = |probes, dice| Force { probes, clients: CLIENTS, rest: Duration::ZERO, dice };
    let told = || {
        let bar = bar.clone();
        move |burst| bar.inc(burst)
    };
    let mut heard = recorder.so_far();
    drop(recorder);
    let stranger = Attacker { host: place.stranger.clone(), from: IpAddr::V4(STRANGER), knocked: Vec::new() };
    let first = attack(&target, &stranger, heard.clone(), force(half, SEED), told()).await?;
    // What the one at the seller's own address has in hand is fresh, and he sends from where it came.
    let recorder = place.stranger.inside(|| Recorder::open(CLOSED, SETTLEMENT))??;
    let knocked = visits().await?;
    trade.until(trade.purchases() + PURCHASES_HEARD).await;
    heard = recorder.so_far().and(heard);
    drop(recorder);
    let taken = Attacker { host: place.seller.clone(), from: SELLER.ip(), knocked };
    let rest = probe.count - half;
    let second = attack(&target, &taken, heard.clone(), force(rest, SEED + 1), told()).await?;
    bar.finish_and_clear();
    let seconds = begun.elapsed().as_secs_f64();
    let (purchases, failed) = trade.end().await;
    let control = unfiltered(&place, &site, heard.clone()).await?;
    site.close().await?;
    Ok(Report::of([&first, &second], &control, seconds, (purchases, failed), heard.len()))
}

/// The same probes against an endpoint without a gate.
async fn unfiltered(place: &Place, site: &Site, heard: Recorded) -> Result<Found, Failure> {
    let open = Unfiltered::start(&place.control, CONTROL, site.shop.seller_pins[0])?;
    let target = Target {
        host: place.control.clone(),
        interface: CLOSED.to_owned(),
        address: CONTROL,
        may_answer: SELLER,
    };
    let attacker = Attacker { host: place.stranger.clone(), from: IpAddr::V4(STRANGER), knocked: Vec::new() };
    let force = Force { probes: CONTROL_PROBES, clients: 1, rest: CONTROL_REST, dice: SEED };
    let found = attack(&target, &attacker, heard, force, |_| {}).await;
    open.stop().await;
    found
}

fn bar(probe: &Probe) -> ProgressBar {
    let target = if !probe.json && std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(probe.count), target);
    match ProgressStyle::with_template("{wide_bar} {pos}/{len} probes  {per_sec}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
