//! What operators read: the same for people and for programs, in pages that are never long, and while
//! the shop trades.

use std::collections::BTreeSet;

use kessai_shared::operator::client::{Operator, Place};
use kessai_shared::operator::{MAX_ROWS, seller, settlement};
use serde_json::Value;

use super::support::books::verify;
use super::support::shop::Shop;
use super::trade::{expected, made_up, outcomes};
use super::{SELLER, SETTLEMENT};

/// The keys of a JSON object, in their order of letters.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn rows<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("{name}: {value:#}"))
}

#[test]
fn an_order_is_found_on_both_sides_in_text_and_in_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let bought = shop.terminal().buy_json("Approved", &["TEA-MUGI=2"], 0);
    let order = bought["order"].as_str().expect("an order").to_owned();
    let list = SELLER.json(folder.path(), &["orders", "list"]);
    assert_eq!(keys(&list), ["next", "orders"]);
    let row = &rows(&list, "orders")[0];
    assert_eq!(
        keys(row),
        ["currency", "fulfilment", "lines", "order", "payment", "placed_at", "state", "total"]
    );
    assert_eq!(
        (&row["order"], &row["state"], &row["total"]),
        (&order.clone().into(), &"confirmed".into(), &1280.into())
    );
    let text = SELLER.ask(folder.path(), &["orders", "list"]).with(0);
    let heading = text.lines().next().expect("a heading");
    assert!(heading.starts_with("ORDER  ") && heading.ends_with("TOTAL"), "{heading}");
    assert!(text.contains(&order) && text.contains("£12.80"), "{text}");
    let shown = SELLER.json(folder.path(), &["orders", "show", &order]);
    let four = ["state", "payment", "fulfilment"].map(|axis| shown[axis].as_str().expect("a word"));
    assert_eq!(four, ["confirmed", "authorized", "not_fulfilled"]);
    assert_eq!((&shown["lines"][0]["sku"], &shown["lines"][0]["quantity"]), (&"TEA-MUGI".into(), &2.into()));
    let history = SELLER.json(folder.path(), &["orders", "history", &order]);
    let kinds: Vec<&str> = rows(&history, "legs").iter().filter_map(|leg| leg["kind"].as_str()).collect();
    assert!(kinds.first() == Some(&"placed") && kinds.len() >= 2, "{kinds:?}");
    let stock = SELLER.json(folder.path(), &["stock", "show", "TEA-MUGI"]);
    let there = ["available", "reserved", "allocated"].map(|name| stock[name].as_u64().expect("a count"));
    assert_eq!(
        (there.iter().sum::<u64>(), there[1] + there[2]),
        (stock["on_hand"].as_u64().expect("a count"), 2)
    );
    // The settlement knows the same order by its seller, and why it decided as it did.
    let (_, seller) = SELLER.listens(folder.path());
    let charge = SETTLEMENT.json(folder.path(), &["orders", "show", &seller.to_string(), &order]);
    assert_eq!((&charge["state"], &charge["decision"]["code"]), (&"held".into(), &"00".into()));
    assert_eq!((&charge["held"], &charge["authorized"]), (&1280.into(), &1280.into()));
    let holds = SETTLEMENT.json(folder.path(), &["holds", "list", "--seller", &seller.to_string()]);
    assert_eq!(rows(&holds, "holds")[0]["order"], order.as_str());
    let account = charge["account"].as_str().expect("an account");
    for of in [["--account", account], ["--order", &order]] {
        let entries = SETTLEMENT.json(folder.path(), &["entries", "list", of[0], of[1]]);
        let held = rows(&entries, "entries").last().expect("an entry");
        assert_eq!((&held["amount"], &held["order"]), (&1280.into(), &order.clone().into()), "{entries:#}");
        assert_eq!(held["debit"], format!("held {account}"));
    }
    let unknown = "0190b5c0-7f4a-7000-8000-0123456789ab";
    assert!(SELLER.ask(folder.path(), &["orders", "show", unknown]).one_line(1).contains("no such order"));
    assert!(SELLER.ask(folder.path(), &["stock", "show", "NONE"]).one_line(1).contains("no such product"));
    let ended = SETTLEMENT.ask(folder.path(), &["orders", "show", &seller.to_string(), unknown]);
    assert!(ended.one_line(1).contains("no inquiry for this order"), "{ended:?}");
    let ended = SETTLEMENT.ask(folder.path(), &["accounts", "list", "--after", &"0".repeat(32)]);
    assert!(ended.one_line(1).contains("there is no such account"), "{ended:?}");
    assert_eq!(SELLER.ask(folder.path(), &["orders", "list", "--state", "odd"]).code, Some(2));
    assert_eq!(SELLER.ask(folder.path(), &["orders", "list", "--limit", "0"]).code, Some(2));
}

const ACCOUNTS: u64 = 230;
const ORDERS: u64 = 650;

#[test]
fn long_lists_come_in_pages_while_the_shop_trades_and_nothing_of_them_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let trade = made_up(folder.path(), ACCOUNTS, ORDERS);
    let shop = trade.open(folder.path());
    let mut replay = trade.start(&shop.terminal(), 8);
    let mut looks = 0;
    while replay.is_running() {
        let orders = SELLER.json(folder.path(), &["orders", "list", "--limit", "300"]);
        assert!(rows(&orders, "orders").len() <= 300);
        SELLER.json(folder.path(), &["status"]);
        SETTLEMENT.json(folder.path(), &["entries", "list", "--limit", "100000"]);
        looks += 1;
    }
    trade.end(replay);
    assert!(looks > 0, "nobody looked while the shop traded");
    let outcomes = outcomes(&trade);
    assert!(expected(ACCOUNTS, ORDERS).into_iter().all(|(sequence, code)| outcomes[&sequence] == code));
    let books = verify(folder.path());
    let ids = |list: &Value, name: &str, key: &str| -> Vec<String> {
        rows(list, name).iter().map(|row| row[key].as_str().expect("an id").to_owned()).collect()
    };
    let all = ids(&SELLER.json(folder.path(), &["orders", "list", "--limit", "100000"]), "orders", "order");
    let mut newest_first = all.clone();
    newest_first.sort_by(|one, other| other.cmp(one));
    newest_first.dedup();
    assert_eq!((newest_first.len() as u64, all.len() as u64), (ORDERS, ORDERS));
    assert!(all == newest_first, "the newest comes first, and each comes once");
    // The same again in small pages, each asked on from the one before.
    let (mut paged, mut before) = (Vec::new(), None::<String>);
    loop {
        let mut args = vec!["orders", "list", "--limit", "217"];
        args.extend(before.iter().flat_map(|before| ["--before", before.as_str()]));
        let page = SELLER.json(folder.path(), &args);
        paged.extend(ids(&page, "orders", "order"));
        match page["next"].as_str() {
            Some(next) => before = Some(next.to_owned()),
            None => break,
        }
    }
    assert!(paged == all, "{} orders in pages, {} at once", paged.len(), all.len());
    let cancelled =
        SELLER.json(folder.path(), &["orders", "list", "--state", "cancelled", "--limit", "9999"]);
    assert_eq!(rows(&cancelled, "orders").len() as i64, ORDERS as i64 - books.sold("accepted_orders"));
    let accounts = SETTLEMENT.json(folder.path(), &["accounts", "list", "--limit", "9999"]);
    let accounts: BTreeSet<String> = ids(&accounts, "accounts", "account").into_iter().collect();
    assert_eq!(accounts.len() as u64, ACCOUNTS);
    let holds = SETTLEMENT.json(folder.path(), &["holds", "list", "--limit", "9999"]);
    let held: i64 = rows(&holds, "holds").iter().map(|hold| hold["held"].as_i64().expect("pence")).sum();
    assert_eq!(rows(&holds, "holds").len() as i64, books.owed("live_holds"));
    assert_eq!(held, books.owed("held_pence"));
}

#[test]
fn no_request_is_given_more_rows_than_a_page_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let trade = made_up(folder.path(), ACCOUNTS, 250);
    let shop = trade.open(folder.path());
    trade.replay(&shop.terminal(), 8);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (most, limit) = (usize::from(MAX_ROWS), u16::MAX);
    runtime.block_on(async {
        let place = Place::Here(SELLER.data(folder.path()));
        let operator = Operator::reach(kessai_server::operator::SELLER, &place).await.expect("connected");
        let request = seller::Request::Orders { state: None, before: None, limit };
        match operator.ask(&request).await.expect("an answer") {
            seller::Reply::Orders(page) => assert!(page.rows.len() == most && page.next.is_some()),
            reply => panic!("{reply:?}"),
        }
        let place = Place::Here(SETTLEMENT.data(folder.path()));
        let daemon = kessai_settlement::operator_wire::SETTLEMENT;
        let operator = Operator::reach(daemon, &place).await.expect("connected");
        let request = settlement::Request::Accounts { after: None, limit };
        match operator.ask(&request).await.expect("an answer") {
            settlement::Reply::Accounts(page) => assert!(page.rows.len() == most && page.next.is_some()),
            reply => panic!("{reply:?}"),
        }
        let request = settlement::Request::Entries { of: settlement::EntriesOf::All, from: 0, limit };
        match operator.ask(&request).await.expect("an answer") {
            settlement::Reply::Entries { page, begins } => {
                // A change is not torn apart, so the last one may bring a few more.
                assert!(page.rows.len() >= most && page.rows.len() < most + 4 && page.next.is_some());
                assert_eq!(begins, 1);
            }
            reply => panic!("{reply:?}"),
        }
    });
}
