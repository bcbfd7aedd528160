//! Buying and giving back at the sample shop, as a shopper would, with every process real.

mod support;

use std::fs;

use serde_json::{Value, json};
use support::books::verify;
use support::command::run;
use support::processes;
use support::shop::Shop;
use support::terminal::Terminal;

/// The exposure of the sample's six accounts before anybody has bought anything.
const SAMPLE_EXPOSURE: i64 = 12_000 + 1_400 + 90_000 + 40_000;
/// An order id that a terminal may have minted.
const ORDER: &str = "01960000-0000-7000-8000-000000000001";

#[test]
fn each_card_of_the_sample_ends_in_its_own_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let endings = [
        ("Approved", 0, "00", "approved", "00"),
        ("Over the limit", 10, "51", "over_limit", "51"),
        ("Expired", 10, "54", "expired", "54"),
        ("Delinquent", 10, "05", "delinquent", "05:delinquent"),
        ("Poor history", 10, "05", "repayment_history", "05:repayment_history"),
        ("Wrong particulars", 10, "05", "identity_mismatch", "05:identity_mismatch"),
    ];
    for (card, exit, code, reason, word) in endings {
        let text = terminal.buy(card, &["TEA-SENCHA=2", "NOTE-A5"]).with(exit);
        assert_eq!(text.lines().count(), 1, "{text}");
        let begins = if exit == 0 { "accepted: order ".to_owned() } else { format!("declined ({word}): ") };
        assert!(text.starts_with(&begins), "{card}: {text}");
        let said = terminal.buy_json(card, &["TEA-SENCHA=2", "NOTE-A5"], exit);
        let told = json!([said["outcome"], said["code"], said["reason"], said["amount_pence"]]);
        assert_eq!(told, json!([word, code, reason, 2 * 1450 + 1250]), "{card}");
    }
    let rows = terminal.orders();
    let words: Vec<&Value> = rows.iter().rev().step_by(2).map(|row| &row["outcome"]).collect();
    assert_eq!(json!(words), json!(endings.map(|ending| ending.4)));
    assert_eq!(terminal.orders_text().lines().count(), 12);
    assert_eq!(shop.stop("TERM"), Some(0));
    let books = verify(folder.path());
    assert_eq!((books.sold("accepted_orders"), books.sold("accepted_pence")), (2, 2 * 4150));
    assert_eq!((books.owed("decisions"), books.owed("approved")), (12, 2));
    books.agree_since(SAMPLE_EXPOSURE);
}

#[test]
fn what_is_not_in_stock_is_not_sold_and_nobody_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let text = shop.terminal().buy("Approved", &["ZABUTON=2", "NOTE-A5"]).with(11);
    assert!(text.starts_with("out of stock: ZABUTON, 1 left; "), "{text}");
    let said = shop.terminal().buy_json("Approved", &["ZABUTON=2"], 11);
    assert_eq!(json!([said["outcome"], said["code"]]), json!(["out_of_stock", null]));
    // The last one can still be had, and only once.
    shop.terminal().buy("Approved", &["ZABUTON"]).with(0);
    shop.terminal().buy("Approved", &["ZABUTON"]).with(11);
    let books = verify(folder.path());
    assert_eq!((books.owed("decisions"), books.sold("accepted_pence")), (1, 4900));
}

#[test]
fn an_order_id_has_one_outcome_and_charges_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let first = terminal.buy_json("Approved", &["TEA-SENCHA", "--order-id", ORDER], 0);
    assert_eq!(first["order"], ORDER);
    let stock = verify(folder.path()).sold("stock_left");
    assert_eq!(terminal.buy_json("Approved", &["TEA-SENCHA", "--order-id", ORDER], 0), first);
    // Another card with the same id: the order is decided, and nobody is asked again.
    assert_eq!(terminal.buy_json("Delinquent", &["TEA-SENCHA", "--order-id", ORDER], 0), first);
    for other in [&["TEA-SENCHA=2"][..], &["NOTE-A5"], &["TEA-SENCHA", "NOTE-A5"]] {
        let ended = terminal.buy("Approved", &[other, &["--order-id", ORDER]].concat());
        assert!(ended.one_line(1).contains("94: "), "{ended:?}");
    }
    // A stranger with the same id does not learn whose it is, and gets nothing.
    let stranger = Terminal::of(folder.path(), "stranger");
    assert!(stranger.buy("Approved", &["TEA-SENCHA", "--order-id", ORDER]).one_line(1).contains("94: "));
    assert!(stranger.give_back(ORDER, &[]).one_line(1).contains("no such order"));
    assert_eq!(stranger.orders(), Vec::<Value>::new());
    assert_eq!(terminal.orders().len(), 1);
    let books = verify(folder.path());
    assert_eq!((books.owed("decisions"), books.sold("accepted_pence")), (1, 1450));
    assert_eq!(books.sold("stock_left"), stock);
    books.agree_since(SAMPLE_EXPOSURE);
}

#[test]
fn goods_come_back_line_by_line_until_nothing_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let stock = verify(folder.path()).sold("stock_left");
    terminal.buy("Approved", &["TEA-SENCHA=3", "NOTE-A5=2", "--order-id", ORDER]).with(0);
    let id = "01960000-0000-7000-8000-00000000000a";
    let one = terminal.give_back(ORDER, &["TEA-SENCHA=1", "--return-id", id, "--json"]).with(0);
    let said: Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(said, json!({ "return": id, "outcome": "refunded", "amount_pence": 1450 }));
    // The same return again is the same return.
    assert_eq!(terminal.give_back(ORDER, &["TEA-SENCHA=1", "--return-id", id, "--json"]).with(0), one);
    let row = terminal.orders().remove(0);
    assert_eq!(json!([row["payment_state"], row["refunded_pence"]]), json!(["authorized", 1450]));
    let other = terminal.give_back(ORDER, &["NOTE-A5=1", "--return-id", id]);
    assert!(other.one_line(1).contains("94: "), "{other:?}");
    let rest = terminal.give_back(ORDER, &[]).with(0);
    assert!(rest.starts_with("refunded £54.00: return "), "{rest}");
    let nothing = terminal.give_back(ORDER, &[]);
    assert!(nothing.one_line(10).contains("nothing left to return"), "{nothing:?}");
    let nothing = terminal.give_back(ORDER, &["TEA-SENCHA=1"]).with(10);
    assert!(nothing.starts_with("nothing of that can be returned"), "{nothing}");
    let row = terminal.orders().remove(0);
    assert_eq!(json!([row["payment_state"], row["refunded_pence"]]), json!(["voided", 6850]));
    let books = verify(folder.path());
    assert_eq!((books.sold("accepted_pence"), books.sold("refunded_pence")), (6850, 6850));
    assert_eq!(books.sold("stock_left"), stock);
    books.agree_since(SAMPLE_EXPOSURE);
}

#[test]
fn both_signals_stop_everything_and_the_next_start_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let (address, file) = (shop.address("kessai-server"), fs::read(shop.file()).expect("shop.toml"));
    let bought = shop.terminal().buy_json("Approved", &["TEA-MATCHA"], 0);
    assert_eq!(shop.stop("TERM"), Some(0));
    let at_rest = verify(folder.path());
    assert_eq!(
        (&at_rest.seller["store_checked"], &at_rest.settlement["store_checked"]),
        (&json!(true), &json!(true))
    );
    let shop = Shop::open(folder.path());
    // Somebody else may have taken the port meanwhile; only then does the address change.
    if shop.address("kessai-server") == address {
        assert_eq!(fs::read(shop.file()).expect("shop.toml"), file);
    }
    let rows = shop.terminal().orders();
    assert_eq!((rows.len(), &rows[0]["order"]), (1, &bought["order"]));
    assert_eq!(shop.stop("INT"), Some(0));
    assert_eq!(verify(folder.path()).totals(), at_rest.totals());
}

#[test]
fn a_port_that_was_taken_meanwhile_is_left_to_its_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let address = shop.address("kessai-server");
    assert_eq!(shop.stop("TERM"), Some(0));
    let Ok(_taken) = std::net::UdpSocket::bind(address) else { return };
    let shop = Shop::open(folder.path());
    assert_ne!(shop.address("kessai-server"), address);
    shop.terminal().buy("Approved", &["TEA-MATCHA"]).with(0);
}

#[test]
fn a_killed_shop_leaves_no_daemon_behind_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MATCHA", "--order-id", ORDER]).with(0);
    assert_eq!(processes::on_folder(folder.path()).len(), 3);
    shop.kill();
    verify(folder.path()).agree_since(SAMPLE_EXPOSURE);
    let shop = Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MATCHA", "--order-id", ORDER]).with(0);
    assert_eq!(verify(folder.path()).sold("accepted_pence"), 2450);
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let file = fs::read(shop.file()).expect("shop.toml");
    let second = Shop::try_open(folder.path(), &[]).err().expect("a second shop");
    let line = second.one_line(1);
    assert!(line.contains("another process uses this data folder"), "{line}");
    let data = folder.path().join("seller").display().to_string();
    let third = run(["kessai-server", "serve", "--data", &data, "--settlement", "127.0.0.1:9"]);
    assert!(third.one_line(2).contains("settlement_pins"), "{third:?}");
    assert_eq!(fs::read(shop.file()).expect("shop.toml"), file);
    shop.terminal().buy("Approved", &["TEA-MATCHA"]).with(0);
}
