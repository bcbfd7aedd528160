//! Daemons that are not there, not yet there, or not where they should be.

use std::fs;

use super::support::command::run;
use super::support::shop::Shop;
use super::support::until;
use super::{SELLER, SETTLEMENT};

#[test]
fn a_daemon_that_does_not_run_is_one_line_and_an_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    assert_eq!(shop.stop("TERM"), Some(0));
    let seller: [&[&str]; 6] = [
        &["status"],
        &["peers"],
        &["orders", "list"],
        &["orders", "show", "0190b5c0-7f4a-7000-8000-0123456789ab"],
        &["stock", "list"],
        &["stock", "show", "TEA-MUGI"],
    ];
    let settlement: [&[&str]; 4] =
        [&["peers"], &["accounts", "list"], &["holds", "list"], &["entries", "list"]];
    let all = seller.map(|args| (SELLER, args)).into_iter().chain(settlement.map(|args| (SETTLEMENT, args)));
    for (side, args) in all {
        assert!(!side.data(folder.path()).join("operator.address").exists(), "it is put away at the end");
        let ended = side.ask(folder.path(), args);
        let cure = format!("the {} is not running; start it with: {} serve --data", side.word, side.program);
        assert!(ended.one_line(1).contains(&cure), "{args:?}: {ended:?}");
    }
    // The settlement's own status needs nobody who runs.
    assert!(SETTLEMENT.ask(folder.path(), &["status"]).with(0).contains("not running"));
    let other =
        run(["kessai-server", "status", "--data", &SETTLEMENT.data(folder.path()).display().to_string()]);
    assert!(other.one_line(1).contains("is a 'kessai-settlement"), "{other:?}");
    let none = run(["kessai-server", "status", "--data", &folder.path().join("none").display().to_string()]);
    assert!(none.one_line(1).contains("there is no data folder here"), "{none:?}");
}

#[test]
fn a_killed_daemon_leaves_an_address_behind_that_its_successor_replaces() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    for side in [SELLER, SETTLEMENT] {
        let before = fs::read(side.data(folder.path()).join("operator.address")).expect("an address");
        shop.kill_daemon(side.program);
        until("a successor that answers", || side.ask(folder.path(), &["peers"]).code == Some(0));
        let after = fs::read(side.data(folder.path()).join("operator.address")).expect("an address");
        // The port may be the same by chance; the pin is the same, because the key is.
        assert_eq!(before[before.len() - 65..], after[after.len() - 65..]);
    }
}

#[test]
fn a_settlement_does_not_take_operators_from_every_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("settlement").display().to_string();
    let ended = run(["kessai-settlement", "serve", "--data", &data, "--operator-listen", "0.0.0.0:0"]);
    assert!(
        ended.one_line(2).contains("--operator-listen: expected one address of this machine"),
        "{ended:?}"
    );
    fs::create_dir_all(&data).expect("a folder");
    let file = folder.path().join("settlement").join("settlement.toml");
    fs::write(&file, "operator_listen = \"[::]:7101\"\n").expect("settings");
    let ended = run(["kessai-settlement", "serve", "--data", &data]);
    assert!(
        ended.one_line(2).contains("settlement.toml: operator_listen: expected one address"),
        "{ended:?}"
    );
    fs::write(&file, "operator_listen = 7101\n").expect("settings");
    let ended = run(["kessai-settlement", "serve", "--data", &data]);
    assert!(ended.one_line(2).contains("an address such as \"127.0.0.1:7101\""), "{ended:?}");
}
