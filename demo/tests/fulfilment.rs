//! An order after its approval, on real processes: shipped in parts, delivered, cancelled by the shopper
//! and by the shop, taken back with and without restocking; and stock that comes in and is put right.

mod support;

use std::path::Path;

use serde_json::Value;
use support::books::verify;
use support::command::{Ended, run};
use support::shop::Shop;
use support::terminal::Terminal;

/// A command of whoever keeps the shop.
fn keep(folder: &Path, args: &[&str]) -> Ended {
    let data = folder.join("seller").display().to_string();
    run([&["kessai-server"], args, &["--data", &data]].concat())
}

fn keep_json(folder: &Path, args: &[&str]) -> Value {
    let out = keep(folder, &[args, &["--json"]].concat()).with(0);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn buy(terminal: &Terminal, lines: &[&str]) -> String {
    let bought = terminal.buy_json("Approved", lines, 0);
    bought["order"].as_str().expect("an order").to_owned()
}

/// What the settlement holds and has charged for an order.
fn charge(folder: &Path, order: &str) -> Value {
    let seller = std::fs::read_to_string(folder.join("seller/operator.address")).expect("an address");
    let seller = seller.trim().rsplit(' ').next().expect("a pin").to_owned();
    let data = folder.join("settlement").display().to_string();
    let args = ["kessai-settlement", "orders", "show", &seller, order, "--json", "--data", &data];
    serde_json::from_str(&run(args).with(0)).expect("JSON")
}

fn shipped(folder: &Path, order: &str, shipments: usize) -> Value {
    let mut seen = Value::Null;
    support::until("the shipment", || {
        seen = keep_json(folder, &["orders", "show", order]);
        seen["shipments"].as_array().is_some_and(|all| all.len() == shipments)
    });
    seen
}

#[test]
fn an_order_leaves_in_parts_arrives_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shop = Shop::open(folder);
    let before = verify(folder).owed("exposure_pence");
    let order = buy(&shop.terminal(), &["TEA-MUGI=3"]);
    keep(folder, &["orders", "ship", &order, "--line", "1=2"]).with(0);
    let part = shipped(folder, &order, 1);
    assert_eq!((&part["state"], &part["captured"]), (&"confirmed".into(), &1280.into()), "{part:#}");
    let at_settlement = charge(folder, &order);
    assert_eq!((&at_settlement["captured"], &at_settlement["held"]), (&1280.into(), &640.into()));
    assert!(
        keep(folder, &["orders", "ship", &order, "--line", "1=2"]).one_line(1).contains("1 pieces are left")
    );
    assert!(keep(folder, &["orders", "deliver", &order]).one_line(1).contains("not on its way"));
    keep(folder, &["orders", "ship", &order]).with(0);
    let all = shipped(folder, &order, 2);
    assert_eq!((&all["state"], &all["fulfilment"]), (&"completed".into(), &"shipped".into()), "{all:#}");
    assert_eq!(keep_json(folder, &["orders", "deliver", &order])["fulfilment"], "delivered");
    let back = keep_json(folder, &["orders", "return", &order, "TEA-MUGI=1", "--no-restock"]);
    assert_eq!((&back["outcome"], &back["refunded"]), (&"refunded".into(), &640.into()), "{back:#}");
    let stock = keep_json(folder, &["stock", "show", "TEA-MUGI"]);
    assert_eq!((&stock["written_off"], &stock["returned"]), (&1.into(), &1.into()));
    let history = keep_json(folder, &["orders", "history", &order]);
    let legs = history["legs"].as_array().expect("legs");
    let by_operator = legs.iter().filter(|leg| leg["by"].is_string()).count();
    let kinds: Vec<&str> = legs.iter().filter_map(|leg| leg["kind"].as_str()).collect();
    let twice = ["capture started", "shipped", "capture started", "shipped"];
    assert_eq!(kinds[..2], ["placed", "approved"]);
    assert_eq!(kinds[2..6], twice);
    assert_eq!(kinds[6..], ["delivered", "return asked", "refunded"]);
    assert_eq!(by_operator, 4, "both shipments, the delivery and the return name their operator");
    verify(folder).agree_since(before);
    assert_eq!(shop.stop("TERM"), Some(0));
}

#[test]
fn a_cancelled_order_holds_nothing_and_can_never_be_charged() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shop = Shop::open(folder);
    let before = verify(folder).owed("exposure_pence");
    let terminal = shop.terminal();
    let order = buy(&terminal, &["TEA-MUGI=3"]);
    let told = run(terminal.args("cancel", &[&order])).with(0);
    assert!(told.starts_with("cancelled: order"), "{told}");
    assert_eq!(charge(folder, &order)["state"], "reversed");
    assert!(keep(folder, &["orders", "ship", &order]).one_line(1).contains("came to nothing"));
    run(terminal.args("cancel", &[&order])).with(0);
    let stranger = Terminal::of(folder, "stranger");
    assert!(run(stranger.args("cancel", &[&order])).one_line(1).contains("no such order"));
    // The rest of one that was shipped in part.
    let part = buy(&terminal, &["TEA-MUGI=3"]);
    keep(folder, &["orders", "ship", &part, "--line", "1=1"]).with(0);
    shipped(folder, &part, 1);
    let told = run(terminal.args("cancel", &[&part, "--json"])).with(0);
    assert!(told.contains("\"rest_cancelled\"") && told.contains("\"pieces\":2"), "{told}");
    let at_settlement = charge(folder, &part);
    assert_eq!((&at_settlement["captured"], &at_settlement["held"]), (&640.into(), &0.into()));
    // One that has left altogether, and one that the shop cancels.
    let gone = buy(&terminal, &["TEA-MUGI=1"]);
    keep(folder, &["orders", "ship", &gone]).with(0);
    shipped(folder, &gone, 1);
    assert!(run(terminal.args("cancel", &[&gone])).one_line(10).contains("has left already"));
    let dropped = buy(&terminal, &["TEA-MUGI=1"]);
    let told = keep_json(folder, &["orders", "cancel", &dropped]);
    assert_eq!((&told["state"], &told["cancelled"]), (&"cancelled".into(), &"by_shop".into()), "{told:#}");
    verify(folder).agree_since(before);
    assert_eq!(shop.stop("TERM"), Some(0));
}

#[test]
fn stock_comes_in_and_is_put_right_and_what_is_sold_stays_sold() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shop = Shop::open(folder);
    let first = keep_json(folder, &["stock", "show", "TEA-MUGI"])["available"].as_i64().expect("a count");
    buy(&shop.terminal(), &["TEA-MUGI=2"]);
    let more = keep_json(folder, &["stock", "receive", "TEA-MUGI", "5", "--note", "by sea"]);
    assert_eq!((more["available"].as_i64(), &more["allocated"]), (Some(first + 3), &2.into()));
    let all = format!("-{}", first + 4);
    let refused = keep(folder, &["stock", "adjust", "TEA-MUGI", &all, "--reason", "lost"]);
    assert!(refused.one_line(1).contains("are nobody's"), "{refused:?}");
    let refused = keep(folder, &["stock", "adjust", "TEA-MUGI", "+1", "--reason", "damaged"]);
    assert!(refused.one_line(1).contains("fewer pieces"), "{refused:?}");
    assert_eq!(keep(folder, &["stock", "adjust", "TEA-MUGI", "1", "--reason", "bored"]).code, Some(2));
    let counted = keep_json(folder, &["stock", "adjust", "TEA-MUGI", "-3", "--reason", "counted"]);
    assert_eq!((counted["available"].as_i64(), &counted["written_off"]), (Some(first), &3.into()));
    assert!(keep(folder, &["stock", "receive", "NONE", "5"]).one_line(1).contains("no such product"));
    verify(folder);
    assert_eq!(shop.stop("TERM"), Some(0));
}
