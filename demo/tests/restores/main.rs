//! Backups of either daemon are put back when they are stale, in the middle of a load of 64 terminals: whoever
//! was put back serves nothing of the shop until it has caught up, from its standby or from the other side's
//! books, and in the end both books say the same.
//!
//! `KESSAI_ROUNDS=100` plays more rounds than the usual ones, `KESSAI_SEED=7` others.

#[path = "../failover/epochs.rs"]
#[allow(dead_code, reason = "it has more than is of use here")]
mod epochs;
#[path = "../failover/load.rs"]
#[allow(dead_code, reason = "it has more than is of use here")]
mod load;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use kessai_shared::ids::OrderId;
use serde_json::Value;

use load::{Load, Told};
use stage::{Role, Stage};
use support::command::run;
use support::{Dice, until};

/// How many rounds are played usually: one of each kind.
const ROUNDS: usize = 3;
/// How long the load goes on between the steps of a round, at most.
const LULL: Duration = Duration::from_millis(300);

/// What is lost, and from where it is caught up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// The seller in charge; its standby takes over, and the one that was put back follows it.
    Seller,
    /// Both nodes of the seller; the one that was put back catches up from the settlement's books (F18).
    WholeSeller,
    /// The settlement in charge; the one that was put back changes nothing (F19), and follows the standby that
    /// was promoted.
    Settlement,
}

const LOSSES: [Loss; 3] = [Loss::WholeSeller, Loss::Settlement, Loss::Seller];

#[test]
fn whoever_is_put_back_from_a_stale_backup_is_fenced_and_catches_up() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let rounds = number("KESSAI_ROUNDS").map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap_or(ROUNDS));
    let mut dice = Dice::new(number("KESSAI_SEED").unwrap_or(20_260_808));
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = Stage::open(folder.path());
    let before = report(Role::Settlement, &stage.folders()[1])["exposure_pence"].as_i64().expect("a number");
    let load = Load::start(None, stage.shop.clone(), folder.path().join("terminals"));
    until("a first purchase", || load.accepted() > 0);
    for round in 0..rounds {
        let loss = LOSSES[round % LOSSES.len()];
        let begun = Instant::now();
        lose(&mut stage, &load, (loss, round), &mut dice);
        println!("round {round}: {loss:?}, {} ms, {} accepted", begun.elapsed().as_millis(), load.accepted());
    }
    let told = load.stop();
    agree(&stage, before, &told);
}

fn lull(dice: &mut Dice) {
    std::thread::sleep(LULL * u32::try_from(dice.below(100)).expect("a number") / 100);
}

/// Waits until terminals are told of new orders again.
fn goes_on(load: &Load, what: &str) {
    let before = load.accepted();
    until(what, || load.accepted() > before);
}

fn lose(stage: &mut Stage, load: &Load, (loss, round): (Loss, usize), dice: &mut Dice) {
    let role = match loss {
        Loss::Seller | Loss::WholeSeller => Role::Seller,
        Loss::Settlement => Role::Settlement,
    };
    lull(dice);
    let full = dice.below(2) == 0;
    let backup = stage.back_up(role, full, round);
    lull(dice);
    goes_on(load, "more of a load than the backup has");
    match loss {
        Loss::Seller => seller(stage, load, &backup),
        Loss::WholeSeller => whole_seller(stage, load, &backup),
        Loss::Settlement => settlement(stage, load, &backup),
    }
    goes_on(load, "a load that goes on");
}

fn seller(stage: &mut Stage, load: &Load, backup: &Path) {
    let lost = stage.in_charge(Role::Seller);
    stage.until_in_step(Role::Seller);
    stage.kill(Role::Seller, lost);
    stage.turns(Role::Seller);
    goes_on(load, "a standby that took over");
    stage.restore(Role::Seller, lost, backup);
    // It is the same shop with the same key, and not the node that anybody put in charge.
    stage.serve(Role::Seller, lost);
    is_fenced(stage, lost);
    stage.kill(Role::Seller, lost);
    stage.follow(Role::Seller, lost, false);
    stage.until_in_step(Role::Seller);
}

fn whole_seller(stage: &mut Stage, load: &Load, backup: &Path) {
    let (lost, other) = (stage.in_charge(Role::Seller), 1 - stage.in_charge(Role::Seller));
    stage.kill(Role::Seller, other);
    stage.kill(Role::Seller, lost);
    stage.restore(Role::Seller, lost, backup);
    stage.serve(Role::Seller, lost);
    is_fenced(stage, lost);
    stage.command(Role::Seller, lost, &["promote", "--force"]).with(0);
    until("a seller that has caught up", || stage.json(Role::Seller, lost, &["status"])["behind"] == false);
    goes_on(load, "a seller that goes on from the settlement's books");
    let before = stage.node_id(Role::Seller, other);
    stage.follow(Role::Seller, other, true);
    // What is said of a node that had everything is not true of the empty folder that it begins with.
    assert_ne!(stage.node_id(Role::Seller, other), before, "a folder that begins anew is another node");
    stage.until_in_step(Role::Seller);
}

/// A node that was put back is not in charge, and is not made so by anybody who does not take the loss.
fn is_fenced(stage: &Stage, nth: usize) {
    until("a node that was found to be behind", || {
        let said = stage.complaints(Role::Seller, nth);
        said.contains("another node is in charge") || said.contains("is an older copy")
    });
    let promoted = stage.command(Role::Seller, nth, &["promote"]);
    assert_ne!(promoted.code, Some(0), "it lacks what was sold since: {promoted:?}");
    assert_eq!(stage.nodes(Role::Seller, nth)["in_charge"], false);
}

fn settlement(stage: &mut Stage, load: &Load, backup: &Path) {
    let lost = stage.in_charge(Role::Settlement);
    let standby = 1 - lost;
    // A settlement's standby follows when it can, so nothing is decided while it comes to the end.
    let hushed = stage.hush();
    stage.until_in_step(Role::Settlement);
    stage.kill(Role::Settlement, lost);
    drop(hushed);
    stage.restore(Role::Settlement, lost, backup);
    // The standby reaches a copy with less than it has itself at the address that it follows, and waits.
    let mut stale = stage.try_to_serve(Role::Settlement, lost);
    until("a settlement that knows what it is", || {
        stale.complaints().contains("older copy") || !stale.is_running()
    });
    until("a standby that tells of an older copy", || {
        stage.complaints(Role::Settlement, standby).contains("older copy of the journal here")
            || !stale.is_running()
    });
    let said = stale.kill().err;
    assert!(said.contains("older copy") || said.contains("is in charge under epoch"), "{said}");
    stage.command(Role::Settlement, standby, &["promote"]).with(0);
    stage.turns(Role::Settlement);
    goes_on(load, "a settlement that was promoted");
    // It was served, so by its own word it is in charge; what it has is of less.
    stage.follow(Role::Settlement, lost, true);
    stage.until_in_step(Role::Settlement);
}

/// What one side's own `verify` reports; it has to be sound.
fn report(role: Role, data: &Path) -> Value {
    support::books::report(role.program(), data)
}

/// Once nothing is open, both books say the same, and whoever was told of an order has it or its money.
fn agree(stage: &Stage, before: i64, told: &[Told]) {
    let in_charge = stage.in_charge(Role::Seller);
    let mut last = Value::Null;
    until("orders that are all settled", || {
        last = stage.json(Role::Seller, in_charge, &["status"]);
        last["recovered"] == 0 && last["pending"] == 0 && last["unknown"] == 0 && last["errands"] == 0
    });
    let [seller, settlement] = stage.folders();
    let (sold, owed) = (report(Role::Seller, &seller), report(Role::Settlement, &settlement));
    let number =
        |report: &Value, name: &str| report[name].as_i64().unwrap_or_else(|| panic!("{name}: {report:#}"));
    let kept =
        number(&sold, "accepted_pence") - number(&sold, "cancelled_pence") - number(&sold, "refunded_pence");
    assert_eq!(number(&owed, "exposure_pence") - before, kept, "{sold:#} {owed:#}");
    let (seller, settlement) = (seller.display().to_string(), settlement.display().to_string());
    let sides = ["kessai", "reconcile", "--json", "--seller-data", &seller, "--settlement-data", &settlement];
    let compared: Value = serde_json::from_str(&run(sides).out).expect("JSON");
    assert_eq!(compared["exceptions"], Value::Array(Vec::new()), "{compared:#}");
    let recovered = stage.json(Role::Seller, in_charge, &["orders", "recovered", "--limit", "100000"]);
    let given_back = |order: OrderId| {
        let mut rows = recovered["orders"].as_array().expect("a list").iter();
        rows.any(|row| row["order"] == order.to_string() && row["state"] == "ended")
    };
    let listed = stage.json(Role::Seller, in_charge, &["orders", "list", "--limit", "100000"]);
    let bought: std::collections::BTreeSet<&str> = listed["orders"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|row| row["state"] == "confirmed" || row["state"] == "completed")
        .filter_map(|row| row["order"].as_str())
        .collect();
    let accepted: Vec<&Told> = told.iter().filter(|told| told.accepted).collect();
    let lost = accepted.iter().filter(|told| !bought.contains(told.order.to_string().as_str()));
    let lost: Vec<OrderId> = lost.map(|told| told.order).collect();
    for order in &lost {
        assert!(given_back(*order), "{order} was told to be bought, and has neither goods nor money");
    }
    println!("{} orders told, {} given back, {} bought", accepted.len(), lost.len(), bought.len());
}
