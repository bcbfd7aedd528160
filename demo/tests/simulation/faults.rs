//! What goes wrong, and when, from a seed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kessai_shared::journal::Dice;

use crate::plan::{TERMINALS, millis};
use crate::site::{DiskAfter, ShelfAfter};
use crate::stage::{Stage, terminal};
use crate::world::{SELLER, SETTLEMENT};

/// How long things go wrong.
const CHAOS: Duration = Duration::from_secs(25);
const HOUR: i64 = 3_600;
const TEN_YEARS: i64 = 10 * 365 * 24 * HOUR;
/// Every kind of fault; a run over many seeds has to have had each of them.
pub const KINDS: [&str; 17] = [
    "network: partition",
    "network: one-way partition",
    "network: hold",
    "network: loss",
    "network: duplication",
    "network: late inquiry",
    "crash: seller",
    "crash: settlement",
    "crash: terminal",
    "disk: power cut",
    "disk: process death",
    "disk: failed operation",
    "shelf: deleted",
    "shelf: older copy",
    "clock: an hour ahead",
    "clock: an hour behind",
    "clock: ten years ahead",
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Partition(usize, usize),
    OneWay(usize, usize),
    Hold(usize, usize),
    Crash(&'static str),
    Fuse(&'static str, u64),
    Jump(&'static str, i64),
    Terminal(usize),
}

#[derive(Clone, Copy, Debug)]
struct Fault {
    at: Duration,
    /// Whether it waits for a purchase that is under way, and how long into it.
    within_purchase: Option<Duration>,
    lasts: Duration,
    kind: Kind,
}

/// Where a fault of a seed stands.
enum Phase {
    Waiting,
    /// A purchase has begun, and this is when the fault sets in.
    Aimed(Duration),
    Lasting(Duration),
    Over,
}

/// Lets everything go wrong that the dice say, and ends all of it.
pub fn run(stage: &mut Stage, dice: &mut Dice) {
    let mut faults: Vec<_> = (0..4 + dice.below(5)).map(|_| (fault(dice), Phase::Waiting)).collect();
    let mut down: Vec<&'static str> = Vec::new();
    while stage.sim.elapsed() < CHAOS {
        for (fault, phase) in &mut faults {
            let now = stage.sim.elapsed();
            *phase = match phase {
                Phase::Waiting if now < fault.at => continue,
                Phase::Waiting => match fault.within_purchase {
                    Some(_) if stage.world.paying.load(Ordering::Relaxed) == 0 => continue,
                    Some(after) => Phase::Aimed(now + after),
                    None => Phase::Aimed(now),
                },
                Phase::Aimed(at) if now < *at => continue,
                Phase::Aimed(_) => {
                    begin(stage, fault.kind, &mut down);
                    Phase::Lasting(now + fault.lasts)
                }
                Phase::Lasting(until) if now < *until && !has_failed(stage, fault.kind) => continue,
                Phase::Lasting(_) => {
                    end(stage, fault.kind, &mut down, dice);
                    Phase::Over
                }
                Phase::Over => continue,
            };
        }
        stage.step();
        for name in [SELLER, SETTLEMENT] {
            if !down.contains(&name) {
                stage.unexpected_death(name);
            }
        }
        if !stage.problems.is_empty() {
            return;
        }
    }
    for (fault, phase) in &faults {
        if matches!(phase, Phase::Lasting(_)) {
            end(stage, fault.kind, &mut down, dice);
        }
    }
    stage.heal();
}

fn fault(dice: &mut Dice) -> Fault {
    let site = if dice.percent(50) { SELLER } else { SETTLEMENT };
    let pair = match dice.below(10) {
        0..6 => (0, 1),
        6..9 => (1, 2 + dice.below(TERMINALS)),
        _ => (0, 2 + dice.below(TERMINALS)),
    };
    let (a, b) = if dice.percent(50) { pair } else { (pair.1, pair.0) };
    let kind = match dice.below(100) {
        0..14 => Kind::Partition(a, b),
        14..22 => Kind::OneWay(a, b),
        22..32 => Kind::Hold(a, b),
        32..60 => Kind::Crash(site),
        60..74 => Kind::Fuse(site, dice.below(9) as u64),
        74..86 => Kind::Jump(site, [HOUR, -HOUR, TEN_YEARS][dice.below(3)]),
        _ => Kind::Terminal(dice.below(TERMINALS)),
    };
    let within_purchase = dice.percent(60).then(|| millis(dice, 250));
    let longest = if dice.percent(70) { 3_000 } else { 15_000 };
    let mut lasts = millis(dice, longest);
    if matches!(kind, Kind::Fuse(..)) {
        // Long enough for a few groups, and for the daemon to find out and stop.
        lasts += Duration::from_secs(12);
    }
    Fault { at: millis(dice, 20_000), within_purchase, lasts, kind }
}

fn begin(stage: &mut Stage, kind: Kind, down: &mut Vec<&'static str>) {
    let hosts = stage.hosts();
    match kind {
        Kind::Partition(a, b) => {
            stage.tally.note("network: partition");
            stage.sim.partition(hosts[a].as_str(), hosts[b].as_str());
        }
        Kind::OneWay(a, b) => {
            stage.tally.note("network: one-way partition");
            stage.sim.partition_oneway(hosts[a].as_str(), hosts[b].as_str());
        }
        Kind::Hold(a, b) => {
            stage.tally.note("network: hold");
            stage.sim.hold(hosts[a].as_str(), hosts[b].as_str());
        }
        Kind::Crash(name) if !down.contains(&name) => {
            stage.tally.note(&format!("crash: {name}"));
            stage.crash(name);
            down.push(name);
        }
        Kind::Fuse(name, operations) if !down.contains(&name) => {
            // From here on only what is on the disk now is sure to have been acknowledged.
            stage.witness(name);
            stage.world.site(name).disk().fail_after(operations);
            down.push(name);
        }
        Kind::Crash(_) | Kind::Fuse(..) => {}
        Kind::Jump(name, seconds) => {
            let which = match seconds {
                HOUR => "clock: an hour ahead",
                TEN_YEARS => "clock: ten years ahead",
                _ => "clock: an hour behind",
            };
            stage.tally.note(which);
            stage.jump(name, seconds);
        }
        Kind::Terminal(number) => {
            stage.tally.note("crash: terminal");
            stage.sim.crash(terminal(number));
        }
    }
}

fn end(stage: &mut Stage, kind: Kind, down: &mut Vec<&'static str>, dice: &mut Dice) {
    let hosts = stage.hosts();
    match kind {
        Kind::Partition(a, b) => stage.sim.repair(hosts[a].as_str(), hosts[b].as_str()),
        Kind::OneWay(a, b) => stage.sim.repair_oneway(hosts[a].as_str(), hosts[b].as_str()),
        Kind::Hold(a, b) => stage.sim.release(hosts[a].as_str(), hosts[b].as_str()),
        Kind::Crash(name) | Kind::Fuse(name, _) if down.contains(&name) => {
            if matches!(kind, Kind::Fuse(..)) {
                let failed = has_failed(stage, kind);
                stage.tally.note(if failed { "disk: failed operation" } else { "disk: held after all" });
                stage.sim.crash(name);
            }
            down.retain(|other| *other != name);
            let disk = match dice.percent(60) {
                true => DiskAfter::PowerCut(dice.roll()),
                false => DiskAfter::ProcessDeath,
            };
            let shelf = match dice.below(10) {
                0..6 => ShelfAfter::Kept,
                6..8 => ShelfAfter::Deleted,
                _ => ShelfAfter::Older,
            };
            stage.tally.note(match disk {
                DiskAfter::PowerCut(_) => "disk: power cut",
                DiskAfter::ProcessDeath => "disk: process death",
            });
            match shelf {
                ShelfAfter::Kept => {}
                ShelfAfter::Deleted => stage.tally.note("shelf: deleted"),
                ShelfAfter::Older => stage.tally.note("shelf: older copy"),
            }
            stage.restart(name, disk, shelf);
        }
        Kind::Crash(_) | Kind::Fuse(..) => {}
        Kind::Jump(name, _) => stage.jump(name, 0),
        Kind::Terminal(number) => stage.sim.bounce(terminal(number)),
    }
}

/// Whether the daemon has found out that its disk fails.
fn has_failed(stage: &Stage, kind: Kind) -> bool {
    matches!(kind, Kind::Fuse(name, _) if stage.world.site(name).death().is_some())
}
