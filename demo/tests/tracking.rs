//! An order's way as its buyer sees it, on real processes: shipments with their tracking, told live and after the
//! seller was killed; what a stranger does not see; the proof of it step by step; and a return that is kept
//! until it is answered.

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::books::verify;
use support::command::{Ended, run, start};
use support::processes::pause;
use support::shop::Shop;
use support::terminal::Terminal;
use support::until;

fn keep(folder: &Path, args: &[&str]) -> Ended {
    let data = folder.join("seller").display().to_string();
    run([&["kessai-server"], args, &["--data", &data]].concat())
}

fn keep_json(folder: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&keep(folder, &[args, &["--json"]].concat()).with(0)).expect("JSON")
}

fn bought(terminal: &Terminal, lines: &[&str]) -> String {
    let said = terminal.buy_json("Approved", lines, 0);
    said["order"].as_str().expect("an order").to_owned()
}

/// The order as its buyer's terminal tells it.
fn told(terminal: &Terminal, order: &str) -> Value {
    let out = run(terminal.args("order", &[order, "--json"])).with(0);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn steps(order: &Value) -> Vec<&str> {
    order["history"].as_array().expect("steps").iter().filter_map(|step| step["what"].as_str()).collect()
}

/// Waits until so many shipments have left.
fn shipped(terminal: &Terminal, order: &str, shipments: usize) -> Value {
    let mut seen = Value::Null;
    until("the shipment", || {
        seen = told(terminal, order);
        seen["shipments"].as_array().is_some_and(|all| all.len() == shipments)
    });
    seen
}

#[test]
fn an_orders_way_is_told_with_its_parcels_and_survives_the_seller() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shop = Shop::open(folder);
    let before = verify(folder).owed("exposure_pence");
    let terminal = shop.terminal();
    let order = bought(&terminal, &["TEA-MUGI=3", "NOTE-A5"]);
    let fresh = told(&terminal, &order);
    assert_eq!((steps(&fresh), &fresh["settled"]), (vec!["placed", "approved"], &false.into()), "{fresh:#}");
    let follower = start(terminal.args("order", &[&order, "--follow"]));
    // What is wrong with a parcel's name is found out before anything is shipped.
    let ship = |more: &[&str]| keep(folder, &[&["orders", "ship", &order], more].concat());
    assert_eq!(ship(&["--carrier", "Royal Mail"]).code, Some(2));
    assert_eq!(ship(&["--tracking", "AB1"]).code, Some(2));
    for (carrier, number) in
        [("", "AB1"), ("Royal\nMail", "AB1"), ("Royal Mail", "http://x?y"), ("x", "\u{1b}[2J")]
    {
        assert_eq!(ship(&["--carrier", carrier, "--tracking", number]).code, Some(2), "{carrier} {number}");
    }
    assert_eq!(steps(&told(&terminal, &order)).len(), 2);
    ship(&["--line", "1=2", "--carrier", "ヤマト運輸", "--tracking", "4711-0815"]).with(0);
    let part = shipped(&terminal, &order, 1);
    assert_eq!(steps(&part), ["placed", "approved", "preparing", "shipped"]);
    assert_eq!(part["history"][3]["shipment"], 1);
    let parcel = &part["shipments"][0];
    assert_eq!((&parcel["carrier"], &parcel["tracking"]), (&"ヤマト運輸".into(), &"4711-0815".into()));
    assert_eq!((&parcel["pieces"], &parcel["amount_pence"]), (&2.into(), &1280.into()), "{parcel:#}");
    assert_eq!(parcel["lines"], serde_json::json!([{ "line": 1, "pieces": 2 }]));
    assert_eq!(part["contradicts_itself"], false);
    let shown = keep_json(folder, &["orders", "show", &order]);
    assert_eq!(shown["shipments"][0]["tracking"], "4711-0815", "the shop sees it, too");
    assert!(keep(folder, &["orders", "show", &order]).with(0).contains("ヤマト運輸 4711-0815"));
    // The journal tells the same again.
    shop.kill_daemon("kessai-server");
    let mut after = Value::Null;
    until("the seller", || {
        let ended = run(terminal.args("order", &[&order, "--json"]));
        ended.code == Some(0) && serde_json::from_str(&ended.out).map(|found| after = found).is_ok()
    });
    assert_eq!(after, part);
    until("its operators' address", || ship(&[]).code == Some(0));
    shipped(&terminal, &order, 2);
    keep(folder, &["orders", "deliver", &order]).with(0);
    let ended = follower.end();
    let (code, out) = (ended.code, ended.out.as_str());
    assert_eq!(code, Some(0), "{ended:?}");
    for words in ["Ordered", "Payment approved", "ヤマト運輸 4711-0815", "Shipment 2 left", "Delivered"]
    {
        assert_eq!(out.matches(words).count(), 1, "{words}: {out}");
    }
    let done = told(&terminal, &order);
    assert_eq!(
        (&done["settled"], &done["shipments"][1]["tracking"]),
        (&true.into(), &Value::Null),
        "{done:#}"
    );
    let listed = terminal.orders();
    assert_eq!((&listed[0]["shipments"], &listed[0]["history"]), (&done["shipments"], &done["history"]));
    assert!(!done.to_string().contains("\"by\""), "who of the shop did it is its own business");
    let stranger = Terminal::of(folder, "stranger");
    assert!(run(stranger.args("order", &[&order])).one_line(1).contains("no such order"));
    verify(folder).agree_since(before);
    assert_eq!(shop.stop("TERM"), Some(0));
}

#[test]
fn a_return_is_kept_until_it_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shop = Shop::open(folder);
    let terminal = shop.terminal();
    let order = bought(&terminal, &["TEA-MUGI=3"]);
    keep(folder, &["orders", "ship", &order]).with(0);
    shipped(&terminal, &order, 1);
    // While one is written it has another name.
    let whole = |entry: &fs::DirEntry| entry.path().extension().is_none_or(|end| end != "new");
    let returns =
        || fs::read_dir(terminal.data.join("returns")).into_iter().flatten().flatten().filter(whole);
    let kept = || returns().count();
    terminal.give_back(&order, &["TEA-MUGI=1"]).with(0);
    assert_eq!(kept(), 0, "what is answered is forgotten");
    // The settlement sleeps, so the refund stays open; then the terminal is killed while it waits.
    let asleep = pause(shop.daemon("kessai-settlement"));
    let waiting = start(terminal.args("return", &[&order, "TEA-MUGI=1"]));
    until("the return is kept", || kept() == 1);
    waiting.kill();
    drop(asleep);
    assert_eq!(kept(), 1, "it outlives the terminal");
    let file = returns().next().expect("a file");
    let id = file.file_name().to_string_lossy().trim_end_matches(".json").to_owned();
    for _ in 0..2 {
        let said = terminal.give_back(&order, &["TEA-MUGI=1", "--return-id", &id, "--json"]).with(0);
        let said: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!((&said["outcome"], &said["amount_pence"]), (&"refunded".into(), &640.into()));
        assert_eq!(kept(), 0);
    }
    let done = told(&terminal, &order);
    assert_eq!(
        (&done["lines"][0]["returned"], &done["refunded_pence"]),
        (&2.into(), &1280.into()),
        "{done:#}"
    );
    assert_eq!(shop.stop("TERM"), Some(0));
}

#[test]
fn a_receipt_is_shown_step_by_step_and_named_by_its_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shop = Shop::open(folder);
    let terminal = shop.terminal();
    let (file, other) = (folder.join("receipt"), folder.join("other"));
    for file in [&file, &other] {
        terminal.buy_json("Approved", &["NOTE-A5", "--receipt", &file.display().to_string()], 0);
    }
    assert_eq!(shop.stop("TERM"), Some(0));
    let with = |act: &str, file: &Path, more: &[&str]| {
        let (file, shop) = (file.display().to_string(), terminal.shop.display().to_string());
        run([&["kessai", "receipt", act, &file, "--shop", &shop], more].concat())
    };
    let said: Value = serde_json::from_str(&with("show", &file, &["--json"]).with(0)).expect("JSON");
    assert_eq!(said["proved"], true, "{said:#}");
    let found = said["steps"].as_array().expect("steps").iter().filter(|step| step["found"] == "holds");
    assert_eq!(found.count(), 8, "{said:#}");
    let code = said["code"].as_str().expect("a code");
    let shown = with("show", &file, &[]).with(0);
    assert_eq!(shown.matches('✓').count(), 1 + 3 + 8, "{shown}");
    with("verify", &file, &["--code", &code.to_lowercase()]).with(0);
    assert!(with("verify", &other, &["--code", code]).one_line(1).contains("not the receipt of that code"));
    // To somebody who knows none of them it proves nothing yet, and says which step it is.
    let home = folder.join("nobody").display().to_string();
    let args = ["kessai", "receipt", "show", &file.display().to_string(), "--data", &home].map(str::to_owned);
    let ended = run(args);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("? That issuer") && !ended.out.contains("Proved"), "{ended:?}");
    let text = fs::read_to_string(&file).expect("a receipt").replace("NOTE-A5", "NOTE-A6");
    fs::write(&file, text).expect("written");
    assert!(with("show", &file, &[]).one_line(1).contains("not as it was written"));
}
