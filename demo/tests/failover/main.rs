//! The seller that is in charge is killed, stopped and cut off in the middle of a load of 64 terminals, over
//! and over, and its standby is promoted by itself: nothing that anybody was told may be lost, charged twice or
//! sold twice, and purchases go on under the same order ids.
//!
//! `KESSAI_ROUNDS=500` plays more rounds than the usual ones, `KESSAI_SEED=7` others.

mod checks;
mod epochs;
mod load;
mod person;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kessai_demo::lan;
use kessai_shared::console::FENCED;

use epochs::Epochs;
use load::{Load, TERMINALS, Told};
use stage::Stage;
use support::Dice;
use support::processes::Paused;

/// How many rounds of each kind are played usually.
const ROUNDS_ON_LOOPBACK: usize = 12;
const ROUNDS_ON_WIRES: usize = 8;
/// How long the terminals are left alone in a round before its blow, at most.
const LULL: Duration = Duration::from_millis(400);
/// How long purchases may be interrupted. What is wanted is three seconds; a machine that does much besides may
/// take longer.
const BACK: Duration = Duration::from_secs(60);
/// Every so many rounds both sides' books are verified as a whole.
const VERIFY_EVERY: usize = 5;
/// How many terminals look up after a round what they were told in it.
const LOOKED_UP: usize = 16;
/// How long a node that came back may take to find out that its time is over.
const FOUND_OUT: Duration = Duration::from_secs(120);

/// The load is all that the machine should do while a failover is measured.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What befalls the node in charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    /// It is gone without a warning.
    Killed,
    /// It stands still with its sockets open, and comes back to life when another one is in charge.
    Stopped,
    /// Nobody hears it and it hears nobody, and it is joined again when another one is in charge.
    CutOff,
}

#[test]
fn nothing_is_lost_when_the_node_in_charge_is_killed_or_stops() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    play(false, &[Blow::Killed, Blow::Stopped], ROUNDS_ON_LOOPBACK);
}

#[test]
fn nothing_is_lost_when_the_node_in_charge_is_cut_off() {
    if let Err(why) = lan::may() {
        println!("SKIPPED: a seller that is cut off: {why}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    play(true, &[Blow::CutOff, Blow::Stopped, Blow::Killed], ROUNDS_ON_WIRES);
}

#[test]
fn somebody_kills_the_seller_and_the_purchase_goes_on() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    person::kills_the_seller();
}

fn play(on_wires: bool, blows: &[Blow], usual: usize) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let rounds = number("KESSAI_ROUNDS").map_or(usual, |rounds| usize::try_from(rounds).unwrap_or(usual));
    let mut dice = Dice::new(number("KESSAI_SEED").unwrap_or(20_260_808));
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = Stage::open(folder.path(), on_wires);
    let homes = folder.path().join("terminals");
    let before = checks::exposure(&stage.folders()[1]);
    let load = Load::start(stage.shoppers(), stage.shop.clone(), homes.clone());
    support::until("a first purchase", || load.accepted() > 0);
    let (mut took, mut checked) = (Vec::with_capacity(rounds), 0);
    for round in 0..rounds {
        let blow = blows[usize::try_from(dice.below(blows.len() as u64)).expect("a blow")];
        let begun = Instant::now();
        stage.until_in_step();
        let in_step = begun.elapsed();
        std::thread::sleep(LULL * u32::try_from(dice.below(100)).expect("a number") / 100);
        let after = fail_over(&mut stage, &load, blow);
        println!(
            "round {round}: {blow:?}, the first new acknowledgement after {} ms; in step after {} ms, the whole \
             of it {} ms",
            after.as_millis(),
            in_step.as_millis(),
            begun.elapsed().as_millis()
        );
        took.push(after);
        let told: Vec<Told> = load.told().clone();
        check(&stage, &homes, &told[checked..], some(round));
        checked = told.len();
        if round % VERIFY_EVERY == VERIFY_EVERY - 1 {
            let [seller, settlement] = stage.folders();
            checks::sound("kessai-server", &seller);
            checks::sound("kessai-settlement", &settlement);
        }
    }
    let told = load.stop();
    check(&stage, &homes, &told, 0..TERMINALS);
    checks::agree(&stage.folders(), before, &told);
    let epochs = Epochs::read(&stage.folders()[0]);
    epochs.hold(&told);
    // In a long run the first of them are in a checkpoint only.
    let all = epochs.begins > 1 || epochs.grants.len() > rounds;
    assert!(all, "each promotion is a new epoch: {:?}", epochs.grants);
    report(&mut took, &told);
}

/// Strikes the node in charge, waits until its standby has taken over, and lets the old one find that out. It
/// follows the new one afterwards. How long nobody was told of a new order.
fn fail_over(stage: &mut Stage, load: &Load, blow: Blow) -> Duration {
    let [_, standby] = stage.addresses();
    let old = stage.in_charge();
    let struck = Instant::now();
    let paused: Option<Paused> = match blow {
        Blow::Killed => {
            stage.kill();
            None
        }
        Blow::Stopped => Some(stage.pause()),
        Blow::CutOff => {
            stage.plug(old, false);
            None
        }
    };
    let mut first = None;
    support::until("an order that the standby accepts", || {
        first = load.first_by(standby, struck);
        first.is_some()
    });
    let first = first.expect("an order");
    assert!(first < BACK, "{blow:?}: the first new acknowledgement only after {first:?}");
    stage.turns();
    drop(paused);
    if blow == Blow::CutOff {
        stage.plug(old, true);
    }
    if blow != Blow::Killed {
        let back = Instant::now();
        let ended = stage.end_of(old, FOUND_OUT);
        assert_eq!(ended.code, Some(i32::from(FENCED)), "{ended:?}");
        println!("the old node ended {} ms after it came back", back.elapsed().as_millis());
    }
    stage.follow(old);
    first
}

/// The terminals whose orders are looked up after a round: others after each, and all of them in the end.
fn some(round: usize) -> Range<usize> {
    let at = round % (TERMINALS / LOOKED_UP) * LOOKED_UP;
    at..at + LOOKED_UP
}

/// What these terminals were told still stands on the node that is in charge now.
fn check(stage: &Stage, homes: &Path, told: &[Told], of: Range<usize>) {
    let [in_charge, _] = stage.addresses();
    let mut file = stage.shop.clone();
    file.addresses = vec![in_charge];
    stage.among_shoppers(|| checks::none_is_lost(&file, homes, told, of));
}

fn report(took: &mut [Duration], told: &[Told]) {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() as f64 * share).ceil() as usize).clamp(1, took.len()) - 1];
    let accepted = told.iter().filter(|told| told.accepted).count();
    println!(
        "{} rounds, {accepted} orders accepted of {}: from the blow to the first new acknowledgement p50 {} ms, \
         p99 {} ms, longest {} ms",
        took.len(),
        told.len(),
        at(0.5).as_millis(),
        at(0.99).as_millis(),
        at(1.0).as_millis()
    );
}
