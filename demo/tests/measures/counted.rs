//! Known traffic: every figure is what was done, what the books say, and what the page for programs says.

use std::collections::BTreeMap;
use std::path::Path;

use kessai_server::sales::{Books as Shelves, Change as Sale};
use kessai_settlement::ledger::{Books as Ledger, Change as Entry};
use kessai_shared::measure::{Count, Gauge, Spread};
use kessai_shared::operator::live::Second;
use kessai_shared::operator::{Endpoint, seller, settlement};
use kessai_shared::outcome::Reason;
use kessai_shared::receipt::Verdict;
use kessai_shared::store;
use serde_json::Value;

use super::support::books::verify;
use super::support::command::run;
use super::support::shop::Shop;
use super::support::until;
use super::{SELLER, SETTLEMENT, all_of, fetched, gauges, shop_with, spread, sums};

const METRICS: &str = "metrics = \"127.0.0.1:0\"\n";
const TRIES: usize = 3;

fn keep(folder: &Path, args: &[&str]) -> String {
    let data = folder.join(SELLER).display().to_string();
    run([&["kessai-server"], args, &["--data", &data]].concat()).with(0)
}

fn captured(folder: &Path, order: &str, shipments: usize) {
    until("the shipment", || {
        let shown: Value =
            serde_json::from_str(&keep(folder, &["orders", "show", order, "--json"])).expect("JSON");
        shown["shipments"].as_array().is_some_and(|all| all.len() == shipments)
    });
}

fn buy(shop: &Shop, lines: &[&str]) -> String {
    let bought = shop.terminal().buy_json("Approved", lines, 0);
    bought["order"].as_str().expect("an order").to_owned()
}

/// So many of each, which is all that happens.
fn traffic(folder: &Path, shop: &Shop) {
    let cards = ["Over the limit", "Expired", "Delinquent", "Poor history", "Wrong particulars"];
    for card in cards {
        shop.terminal().buy(card, &["TEA-SENCHA"]).with(10);
    }
    shop.terminal().buy("Over the limit", &["TEA-SENCHA"]).with(10);
    shop.terminal().buy("Approved", &["ZABUTON=2"]).with(11);
    let in_parts = buy(shop, &["TEA-MUGI=3"]);
    keep(folder, &["orders", "ship", &in_parts, "--line", "1=2"]);
    captured(folder, &in_parts, 1);
    keep(folder, &["orders", "ship", &in_parts]);
    captured(folder, &in_parts, 2);
    shop.terminal().give_back(&in_parts, &["TEA-MUGI=1"]).with(0);
    let cancelled = buy(shop, &["NOTE-A5"]);
    keep(folder, &["orders", "cancel", &cancelled]);
    // The last one of its kind.
    let id = buy(shop, &["ZABUTON"]);
    // Asked again, it is the same order.
    shop.terminal().buy("Approved", &["ZABUTON", "--order-id", &id]).with(0);
    keep(folder, &["stock", "receive", "NOTE-A5", "3"]);
}

#[test]
fn every_count_is_what_was_done_what_the_books_say_and_what_programs_are_told() {
    // A machine that stands still for seconds makes a seller ask again, and then it is not what was done that counts.
    let is_seen = (0..TRIES).any(|_| {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let shop = shop_with(folder, METRICS);
        traffic(folder, &shop);
        let at_seller = all_of::<seller::Status>(folder, SELLER);
        let asks_once =
            [Count::Doubted, Count::SentAgain].iter().all(|of| !sums(&at_seller).contains_key(of));
        if asks_once {
            held_against_the_books(folder, shop, &at_seller);
        }
        asks_once
    });
    assert!(is_seen, "a seller asks again when there is no need");
}

fn held_against_the_books(folder: &Path, shop: Shop, at_seller: &[Second]) {
    let at_settlement = all_of::<settlement::Status>(folder, SETTLEMENT);
    let (sold, decided) = (sums(at_seller), sums(&at_settlement));
    let known = [
        (Count::Placed, 9),
        (Count::TurnedAway, 1),
        (Count::Approved, 3),
        (Count::Declined, 6),
        (Count::Captured, 2),
        (Count::Refunded, 1),
        (Count::Reversed, 1),
        // Two shipments, a cancellation, goods that came in.
        (Count::Acts, 4),
    ];
    known.iter().for_each(|(count, times)| assert_eq!(sold.get(count), Some(times), "{count:?}: {sold:?}"));
    let reasons = [
        (Reason::Approved, 3),
        (Reason::OverLimit, 2),
        (Reason::Expired, 1),
        (Reason::Delinquent, 1),
        (Reason::RepaymentHistory, 1),
        (Reason::IdentityMismatch, 1),
    ];
    for (reason, times) in reasons {
        assert_eq!(decided.get(&Count::Decided(reason)), Some(&times), "{reason:?}: {decided:?}");
    }
    for both in [Count::Captured, Count::Refunded, Count::Reversed] {
        assert_eq!(sold.get(&both), decided.get(&both), "{both:?}");
    }
    // Each purchase is measured once on each leg that it goes.
    let lengths = |seconds: &[_], spreads: &[Spread]| -> Vec<u64> {
        spreads.iter().map(|of| spread(seconds, *of).len()).collect()
    };
    let legs = [Spread::Purchase, Spread::PlacedIn, Spread::DecidedIn, Spread::ConfirmedIn];
    assert_eq!(lengths(at_seller, &legs), [11, 9, 9, 9]);
    let legs = [Spread::Inquiry, Spread::Opened, Spread::DecidedDurably];
    assert_eq!(lengths(&at_settlement, &legs), [9, 9, 9]);
    assert_eq!(sold[&Count::Sent], sold[&Count::Answered]);
    for (seconds, side) in [(at_seller, "seller"), (&at_settlement[..], "settlement")] {
        let group = spread(seconds, Spread::Group);
        let sums = sums(seconds);
        assert_eq!((group.sum(), group.len()), (sums[&Count::Records], sums[&Count::Groups]), "{side}");
        assert_eq!(spread(seconds, Spread::Sync).len(), sums[&Count::Groups], "{side}");
        fetched::agrees(folder, side, &sums);
    }
    of_the_books(folder, &gauges(at_seller), &gauges(&at_settlement));
    assert_eq!(shop.stop("TERM"), Some(0));
    let position = |seconds: &[_]| gauges(seconds)[&Gauge::Position] as u64;
    assert_eq!(of_seller(folder), (only(&sold), position(at_seller)));
    assert_eq!(of_settlement(folder), (only(&decided), position(&at_settlement)));
}

/// What is so at the end, as the commands of both daemons say it.
fn of_the_books(folder: &Path, shop: &BTreeMap<Gauge, i64>, ledger: &BTreeMap<Gauge, i64>) {
    let stock: Value = serde_json::from_str(&keep(folder, &["stock", "list", "--json"])).expect("JSON");
    let left: Vec<i64> =
        rows(&stock).iter().map(|row| row["available"].as_i64().expect("a number")).collect();
    let few = |range: std::ops::RangeInclusive<i64>| left.iter().filter(|n| range.contains(n)).count() as i64;
    assert_eq!((shop[&Gauge::SoldOut], shop[&Gauge::RunningOut]), (few(0..=0), few(1..=10)), "{left:?}");
    assert_eq!(shop[&Gauge::SoldOut], 1, "the last cushion is sold");
    assert_eq!(shop[&Gauge::Products], left.len() as i64);
    let books = verify(folder);
    assert_eq!(shop[&Gauge::Orders], books.sold("orders"));
    assert_eq!(ledger[&Gauge::Holds], books.owed("live_holds"));
    assert_eq!(ledger[&Gauge::Accounts], 6);
    assert_eq!((ledger[&Gauge::Sellers], ledger[&Gauge::Peers(Endpoint::Closed)]), (1, 1));
    for (gauges, name) in [(shop, "sold"), (ledger, "owed")] {
        assert_eq!((gauges[&Gauge::Queue], gauges[&Gauge::InCharge]), (0, 1), "{name}");
        for none in [Gauge::Disputed, Gauge::Standbys] {
            assert_eq!(gauges[&none], 0, "{name}: {none:?}");
        }
        assert!(gauges[&Gauge::JournalBytes] > 0 && gauges[&Gauge::FreeBytes] > 0, "{name}");
        assert!(gauges[&Gauge::FreeBytes] <= gauges[&Gauge::DiskBytes], "{name}");
    }
    for none in [Gauge::Pending, Gauge::Unknown, Gauge::Reversing, Gauge::Errands, Gauge::LinkWaiting] {
        assert_eq!(shop[&none], 0, "{none:?}");
    }
    assert_eq!(shop[&Gauge::LinkUp], 1);
}

fn rows(list: &Value) -> &[Value] {
    list.as_array()
        .or_else(|| list["rows"].as_array())
        .or_else(|| list["products"].as_array())
        .expect("a list")
}

/// The counts that a journal shows.
fn only(sums: &BTreeMap<Count, u64>) -> BTreeMap<Count, u64> {
    let shown = |count: &Count| {
        matches!(
            count,
            Count::Placed
                | Count::TurnedAway
                | Count::Approved
                | Count::Declined
                | Count::Doubted
                | Count::Decided(_)
                | Count::Captured
                | Count::Refunded
                | Count::Reversed
                | Count::Released
                | Count::HoldExpired
        )
    };
    sums.iter().filter(|(count, _)| shown(count)).map(|(count, times)| (*count, *times)).collect()
}

/// Counted anew from the seller's journal, and where it ends.
fn of_seller(folder: &Path) -> (BTreeMap<Count, u64>, u64) {
    let (mut found, mut last) = (BTreeMap::new(), 0);
    let mut one = |count| *found.entry(count).or_default() += 1;
    let kind = kessai_server::settings::JOURNAL;
    store::walk::<Shelves>(&folder.join(SELLER), kind, |change, stamp, books| {
        last = stamp.position;
        match change {
            Sale::Placed { .. } => one(Count::Placed),
            Sale::TurnedAway { .. } => one(Count::TurnedAway),
            Sale::Decided { decision, .. } => match decision.statement.verdict {
                Verdict::Approved => one(Count::Approved),
                Verdict::Declined => one(Count::Declined),
            },
            Sale::Doubted { .. } => one(Count::Doubted),
            Sale::Shipped { .. } => one(Count::Captured),
            Sale::Refunded { .. } => one(Count::Refunded),
            Sale::Released { .. } => one(Count::Released),
            Sale::Reversed { .. } => one(Count::Reversed),
            Sale::Cancelled { order } => {
                // Nothing of it had left, so all of it was reversed.
                assert!(!books.order(*order).expect("an order").captured.is_positive());
                one(Count::Reversed);
            }
            _ => {}
        }
    })
    .expect("a sound journal");
    (found, last)
}

/// As [`of_seller`], at the settlement.
fn of_settlement(folder: &Path) -> (BTreeMap<Count, u64>, u64) {
    let (mut found, mut last) = (BTreeMap::new(), 0);
    let mut one = |count| *found.entry(count).or_default() += 1;
    let kind = kessai_settlement::settings::JOURNAL;
    store::walk::<Ledger>(&folder.join(SETTLEMENT), kind, |change, stamp, _| {
        last = stamp.position;
        match change {
            Entry::Decided(decided) => one(Count::Decided(decided.reason)),
            Entry::Captured { .. } => one(Count::Captured),
            Entry::Refunded { .. } => one(Count::Refunded),
            Entry::Released { .. } => one(Count::Released),
            Entry::Reversed { .. } => one(Count::Reversed),
            Entry::Expired { .. } => one(Count::HoldExpired),
            _ => {}
        }
    })
    .expect("a sound journal");
    (found, last)
}
