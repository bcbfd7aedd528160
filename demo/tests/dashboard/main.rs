//! The dashboard beside real daemons: what it tells is what happened, and a daemon that does not answer is said
//! not to.

#[allow(dead_code, reason = "the windows of the terminal's own tests can do more")]
#[path = "../../../tui-client/tests/lifecycle/pty.rs"]
mod pty;
mod screen;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use support::command::{Running, start};
use support::processes::pause;
use support::shop::Shop;
use support::until;

/// Watches both daemons of a shop, by lines.
fn watch(folder: &Path, how: &str) -> Running {
    let data = |name: &str| folder.join(name).display().to_string();
    let (seller, settlement) = (data("seller"), data("settlement"));
    let places = ["--seller-data", &seller, "--settlement-data", &settlement];
    let watching = start([&["kessai", "dashboard", how, "--lang", "en"][..], &places].concat());
    let both = ["seller", "settlement"];
    let live = |daemon: &str, said: &str| {
        said.contains(&format!("{daemon} live")) || said.lines().any(|line| is_live(daemon, line))
    };
    until("both daemons", || both.iter().all(|daemon| live(daemon, &watching.said())));
    watching
}

fn is_live(daemon: &str, line: &str) -> bool {
    let told: Value = serde_json::from_str(line).unwrap_or_default();
    told["daemon"] == daemon && told["live"] == true
}

/// How often each thing was counted at a daemon, each of its seconds once.
fn counted(daemon: &str, said: &str) -> BTreeMap<String, u64> {
    let (mut sums, mut ticks) = (BTreeMap::new(), Vec::new());
    // The last line may still be on its way.
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    for line in whole.lines() {
        let told: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let Some(tick) =
            told["tick"].as_u64().filter(|tick| told["daemon"] == daemon && !ticks.contains(tick))
        else {
            continue;
        };
        ticks.push(tick);
        for (name, times) in told["counts"].as_object().into_iter().flatten() {
            *sums.entry(name.clone()).or_default() += times.as_u64().expect("a count");
        }
    }
    sums
}

#[test]
fn what_is_bought_is_what_is_told_of_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let watching = watch(folder.path(), "--json");
    let terminal = shop.terminal();
    let mut bought = 0;
    for _ in 0..3 {
        assert_eq!(terminal.buy_json("Approved", &["TEA-MUGI"], 0)["outcome"], "00");
        bought += 1;
    }
    until("every purchase in the figures", || {
        let seller = counted("seller", &watching.said());
        let settlement = counted("settlement", &watching.said());
        let of = |sums: &BTreeMap<String, u64>, name: &str| sums.get(name).copied().unwrap_or(0);
        let placed = of(&seller, "orders_placed");
        assert!(placed <= bought, "more is told than was bought: {seller:?}");
        let approved = |name: &String| name.ends_with(".approved");
        let decided: u64 = settlement.iter().filter(|(name, _)| approved(name)).map(|(_, sum)| sum).sum();
        [placed, of(&seller, "decisions_approved"), decided] == [bought; 3]
    });
    drop(watching);
    assert_eq!(shop.stop("TERM"), Some(0));
}

/// What is said after what was said before.
fn since(watching: &Running, before: usize) -> String {
    watching.said().get(before..).unwrap_or_default().to_owned()
}

#[test]
fn a_daemon_that_stands_still_or_is_gone_is_said_to_be_and_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let watching = watch(folder.path(), "--plain");
    // Paused, as when its machine hangs: the connection is there, and nothing comes.
    let paused = pause(shop.daemon("kessai-server"));
    let before = watching.said().len();
    until("a seller that is silent", || since(&watching, before).contains("seller no word for"));
    let silent = watching.said().len();
    until("a settlement that goes on", || since(&watching, silent).contains("settlement live"));
    drop(paused);
    until("a seller that goes on", || since(&watching, silent).contains("seller live"));
    // Gone, and started again: the dashboard finds its successor by itself.
    let before = watching.said().len();
    shop.kill_daemon("kessai-settlement");
    until("a settlement that is gone", || {
        let said = since(&watching, before);
        said.contains("settlement no word for") || said.contains("settlement connection lost")
    });
    let gone = watching.said().len();
    until("its successor", || since(&watching, gone).contains("settlement live"));
    drop(watching);
    assert_eq!(shop.stop("TERM"), Some(0));
}

#[test]
fn a_link_that_is_cut_is_told_by_the_seller_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let watching = watch(folder.path(), "--plain");
    until("a link that is up", || watching.said().contains("settlement up"));
    let paused = pause(shop.daemon("kessai-settlement"));
    let before = watching.said().len();
    until("a settlement that is silent", || since(&watching, before).contains("settlement no word for"));
    until("a seller that says so", || since(&watching, before).contains("settlement down"));
    drop(paused);
    let after = watching.said().len();
    until("a link that is up again", || since(&watching, after).contains("settlement up"));
    drop(watching);
    assert_eq!(shop.stop("TERM"), Some(0));
}
