//! Clearing between real daemons: batches close and agree while shoppers buy, and a seller whose books were
//! put back by an old copy is stopped, told why, and goes on once an operator has said how.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::books::verify;
use support::command::{Ended, run};
use support::shop::Shop;

/// A day that does not end while a test runs, so that batches are closed by hand alone.
const MONTH: &str = "clearing_seconds = 2678400\n";
const ORDER: &str = "01960000-0000-7000-8000-000000000001";

/// A shop that ships at once, cleared as these lines of the settlement's settings say.
fn shop(folder: &Path, clearing: &str) -> (Shop, String) {
    assert_eq!(Shop::open(folder).stop("TERM"), Some(0));
    add(&folder.join("settlement/settlement.toml"), clearing);
    add(&folder.join("seller/server.toml"), "ship_after_seconds = 0\n");
    let seller = run(["kessai-server", "keys", "--data", &at(folder, "seller")]).with(0);
    let pin = seller.trim().strip_prefix("seller ").expect("a pin").to_owned();
    (Shop::open(folder), pin)
}

fn add(file: &Path, lines: &str) {
    let before = fs::read_to_string(file).unwrap_or_default();
    fs::write(file, format!("{before}{lines}")).expect("settings");
}

fn at(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// A clearing command of the settlement.
fn clearing(folder: &Path, args: &[&str]) -> Ended {
    let data = at(folder, "settlement");
    let all = ["kessai-settlement", "clearing"].iter().chain(args).copied().chain(["--data", &data]);
    run(all.map(str::to_owned).collect::<Vec<_>>())
}

fn batches(folder: &Path, seller: &str) -> Vec<Value> {
    let out = clearing(folder, &["list", seller, "--json"]).with(0);
    serde_json::from_str(&out).expect("a list")
}

/// All three books side by side; the kinds of exceptions there are, with the order or batch they are about.
fn reconcile(folder: &Path, more: &[&str], code: i32) -> Vec<(String, String)> {
    let (seller, settlement, home) = (at(folder, "seller"), at(folder, "settlement"), at(folder, "terminal"));
    let sides = ["kessai", "reconcile", "--json", "--seller-data", &seller, "--settlement-data", &settlement];
    let args = sides.into_iter().chain(["--data", &home]).chain(more.iter().copied());
    let out = run(args.map(str::to_owned).collect::<Vec<_>>()).with(code);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    let rows = report["exceptions"].as_array().expect("a list").iter();
    let of = |row: &Value| row["order"].as_str().map_or_else(|| row["batch"].to_string(), str::to_owned);
    rows.map(|row| (row["kind"].as_str().unwrap_or_default().to_owned(), of(row))).collect()
}

fn captured(shop: &Shop) -> usize {
    let paid =
        |row: &&Value| ["captured", "partiallyrefunded"].iter().any(|word| row["payment_state"] == *word);
    shop.terminal().orders().iter().filter(paid).count()
}

/// A copy of a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let target: PathBuf = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).expect("a file");
        }
    }
}

#[test]
fn batches_close_and_agree_while_shoppers_buy() {
    let folder = tempfile::tempdir().expect("a folder");
    let (shop, seller) = shop(folder.path(), "clearing_seconds = 2\n");
    let terminal = shop.terminal();
    for nth in 1..=10 {
        let order = format!("01960000-0000-7000-8000-0000000000{nth:02}");
        terminal.buy("Approved", &["TEA-MUGI=2", "--order-id", &order]).with(0);
        support::until("goods that have left", || captured(&shop) == nth);
        if nth % 3 == 0 {
            terminal.give_back(&order, &["TEA-MUGI=1"]).with(0);
        }
    }
    let all_paid = || {
        let batches = batches(folder.path(), &seller);
        let closed = || batches.iter().filter(|batch| batch["standing"] != "open");
        // What is still in the open batch is paid with the next.
        let rest =
            batches.iter().any(|batch| batch["standing"] == "open" && batch["lines"] != Value::Array(vec![]));
        closed().count() >= 2 && closed().all(|batch| batch["standing"] == "paid") && !rest
    };
    support::until("batches that are paid", all_paid);
    let sum = |name: &str| -> i64 {
        let lines = |batch: &Value| batch["lines"].as_array().cloned().unwrap_or_default();
        let all = batches(folder.path(), &seller).iter().flat_map(lines).collect::<Vec<_>>();
        all.iter().map(|line| line[name].as_i64().expect("an amount")).sum()
    };
    let books = verify(folder.path());
    assert_eq!((sum("captures"), sum("captured")), (10, books.sold("accepted_pence")));
    assert_eq!((sum("refunds"), sum("refunded")), (3, books.sold("refunded_pence")));
    assert_eq!(sum("payout"), sum("captured") - sum("refunded") - sum("fees"));
    assert!(sum("fees") > 0, "the settlement earns something");
    assert_eq!(reconcile(folder.path(), &[], 0), Vec::new());
    assert!(!shop.complaints().contains("ALARM:"), "{}", shop.complaints());
    assert_eq!(shop.stop("TERM"), Some(0));
    verify(folder.path());
}

#[test]
fn a_seller_put_back_by_an_old_copy_agrees_again_and_reconcile_names_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (shop, seller) = shop(folder.path(), MONTH);
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    support::until("goods that have left", || captured(&shop) == 1);
    assert_eq!(shop.stop("TERM"), Some(0));
    let (data, old) = (folder.path().join("seller"), folder.path().join("old-copy"));
    copy(&data, &old);
    let shop = Shop::open(folder.path());
    let receipt = at(folder.path(), "receipt");
    shop.terminal().buy("Approved", &["TEA-MUGI=3", "--order-id", ORDER, "--receipt", &receipt]).with(0);
    support::until("goods that have left", || captured(&shop) == 2);
    assert_eq!(reconcile(folder.path(), &["--receipts", &receipt], 0), Vec::new());
    assert_eq!(shop.stop("TERM"), Some(0));
    fs::remove_dir_all(&data).expect("the seller's folder");
    fs::rename(&old, &data).expect("the old copy");

    let shop = Shop::open(folder.path());
    // An older copy is not in charge, until an operator takes the loss.
    support::until("a line", || shop.complaints().contains("this data folder is an older copy"));
    let old = data.display().to_string();
    run(["kessai-server", "promote", "--force", "--data", &old]).with(0);
    // What it lacks it has from the settlement, so that both books come to the same again.
    let status = || -> Value {
        let told = run(["kessai-server", "status", "--json", "--data", &old]).with(0);
        serde_json::from_str(&told).expect("JSON")
    };
    support::until("books that are caught up", || status()["recovered"] == 1 && status()["behind"] == false);
    let said = clearing(folder.path(), &["close", &seller]).with(0);
    assert_eq!(said, "clearing batch 1 is closed\n");
    let standing = |word: &str| batches(folder.path(), &seller).iter().any(|batch| batch["standing"] == word);
    support::until("a batch that agrees", || standing("paid"));
    assert_eq!(shop.complaints().matches("ALARM: clearing batch").count(), 0);
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    // Until its terminal asks again, or the money goes back, the order is missing here.
    let mut found = reconcile(folder.path(), &["--receipts", &receipt], 1);
    found.sort();
    let order = |kind: &str| (kind.to_owned(), ORDER.to_owned());
    assert_eq!(found, [order("charged_without_order"), order("receipt_without_order")]);
    let settled = clearing(folder.path(), &["accept", &seller, "1", "--reason", "once more"]);
    assert!(settled.one_line(1).contains("settled already"));
    assert_eq!(shop.stop("TERM"), Some(0));
    verify(folder.path());
}

#[test]
fn reconcile_says_what_it_needs() {
    let few = run(["kessai", "reconcile", "--seller-data", "/nowhere"]);
    assert!(few.one_line(2).contains("at least two sides are needed"), "{few:?}");
    let none = run(["kessai", "reconcile", "--seller-data", "/nowhere", "--settlement-data", "/nowhere"]);
    assert!(none.one_line(1).contains("/nowhere"), "{none:?}");
}
