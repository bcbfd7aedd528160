//! F18: a seller that was put back from an older copy finds what it lacks at the settlement, and everybody has
//! goods or money in the end. Real daemons.

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::books::verify;
use support::command::run;
use support::shop::Shop;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().expect("a kind").is_dir() {
            copy(&from, &to);
        } else if entry.file_type().expect("a kind").is_file() {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}

fn at(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn buy(shop: &Shop, lines: &[&str]) -> String {
    let bought = shop.terminal().buy_json("Approved", lines, 0);
    bought["order"].as_str().expect("an order").to_owned()
}

fn seller(folder: &Path, args: &[&str]) -> Value {
    let data = at(folder, "seller");
    let all = ["kessai-server"].iter().chain(args).copied().chain(["--json", "--data", &data]);
    let said = run(all.map(str::to_owned).collect::<Vec<_>>()).with(0);
    serde_json::from_str(&said).expect("JSON")
}

/// How an order stands among those that were recovered.
fn recovered(folder: &Path, order: &str) -> Value {
    let list = seller(folder, &["orders", "recovered"]);
    let rows = list["orders"].as_array().expect("a list");
    rows.iter().find(|row| row["order"] == order).cloned().unwrap_or(Value::Null)
}

/// Both books side by side: how many exceptions there are.
fn exceptions(folder: &Path) -> usize {
    let (seller, settlement) = (at(folder, "seller"), at(folder, "settlement"));
    let sides = ["kessai", "reconcile", "--json", "--seller-data", &seller, "--settlement-data", &settlement];
    let out = run(sides.map(str::to_owned)).out;
    let report: Value = serde_json::from_str(&out).expect("JSON");
    report["exceptions"].as_array().expect("a list").len()
}

#[test]
fn f18_what_a_seller_lacks_after_a_restore_is_brought_forward_or_given_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shop = Shop::open(folder);
    let before = [buy(&shop, &["TEA-MUGI"]), buy(&shop, &["TEA-MUGI"]), buy(&shop, &["TEA-MUGI"])];
    let [shipped, cancelled, parted] = &before;
    assert_eq!(shop.stop("TERM"), Some(0));
    let (data, old) = (folder.join("seller"), folder.join("old"));
    copy(&data, &old);

    let shop = Shop::open(folder);
    let held = buy(&shop, &["TEA-MUGI"]);
    let charged = buy(&shop, &["TEA-MUGI"]);
    for order in [shipped, &charged] {
        seller(folder, &["orders", "ship", order]);
        support::until("goods that leave", || seller(folder, &["orders", "show", order])["captured"] != 0);
    }
    seller(folder, &["orders", "cancel", cancelled]);
    seller(folder, &["orders", "return", parted, "TEA-MUGI"]);
    assert_eq!(shop.stop("TERM"), Some(0));
    fs::remove_dir_all(&data).expect("a folder");
    fs::rename(&old, &data).expect("the old copy");
    let settings = fs::read_to_string(data.join("server.toml")).unwrap_or_default();
    let settings = format!("{settings}recovered_for_seconds = 20\n");
    fs::write(data.join("server.toml"), settings).expect("settings");

    let shop = Shop::open(folder);
    shop.until_said("this data folder is an older copy");
    seller(folder, &["promote", "--force"]);
    support::until("books that are caught up", || seller(folder, &["status"])["behind"] == false);
    let (waits, owed) = (recovered(folder, &held), recovered(folder, &charged));
    assert_eq!((&waits["state"], &waits["held"]), (&"waiting".into(), &waits["total"]), "{waits}");
    assert_eq!((&owed["state"], &owed["charged"]), (&"waiting".into(), &owed["total"]), "{owed}");
    assert_eq!(seller(folder, &["status"])["disputed_batch"], Value::Null);
    // What is known here goes on from where it was.
    let is = |order: &str, what: &str| seller(folder, &["orders", "show", order])[what].clone();
    support::until("goods that had left", || is(shipped, "state") == "completed");
    support::until("orders that had come to nothing", || {
        is(cancelled, "state") == "cancelled" && is(parted, "state") == "cancelled"
    });
    // Whoever does not ask again has the money back.
    support::until("money that is given back", || seller(folder, &["status"])["recovered"] == 0);
    let (over, paid) = (recovered(folder, &held), recovered(folder, &charged));
    assert_eq!((&over["state"], &over["held"]), (&"ended".into(), &0.into()), "{over}");
    assert_eq!((&paid["state"], &paid["given_back"]), (&"ended".into(), &paid["charged"]), "{paid}");
    buy(&shop, &["TEA-MUGI"]);
    assert_eq!(exceptions(folder), 0);
    assert_eq!(shop.stop("TERM"), Some(0));
    let books = verify(folder);
    assert_eq!(books.sold("accepted_orders"), 4, "{books:#?}");
    assert_eq!(books.owed("live_holds"), 1, "{books:#?}");
}
