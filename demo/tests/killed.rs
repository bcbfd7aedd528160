//! Daemons and a replay that are killed without a warning, over and over, while they trade.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use kessai_shared::card::CardNumber;
use support::Dice;
use support::books::{Books, verify};
use support::shop::Shop;
use support::terminal::Terminal;
use support::trade::Trade;

const PRODUCTS: u64 = 60;
const CARDHOLDERS: u64 = 100;
/// Enough that most of the blows fall before all is decided for the first time.
const TRADES: u64 = 12_000;
const CONNECTIONS: u16 = 4;
const ROUNDS: usize = 20;
const VICTIMS: [&str; 3] = ["kessai-server", "kessai-settlement", "kessai"];
/// Longer than the two seconds within which a daemon must not die, or its supervisor takes it for one that cannot
/// live: it counts them from when the daemon is ready, which may be a while after it listens.
const SETTLED: Duration = Duration::from_secs(4);
const ORDER: &str = "01960000-0000-7000-8000-0000000000";

#[test]
fn nothing_is_lost_or_charged_twice_however_often_anything_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let trade = made_up(folder.path());
    let shop = trade.open(folder.path());
    let before = verify(folder.path()).owed("exposure_pence");
    let mut accepted: BTreeMap<u64, i64> = BTreeMap::new();
    let mut started = VICTIMS.map(|_| Instant::now());
    let mut dice = Dice::new(20_260_101);
    let mut replay = trade.start(&shop.terminal(), CONNECTIONS);
    let (mut killed_at_work, journal) = (0, folder.path().join("seller").join("journal"));
    for round in 0..ROUNDS {
        // Only at work is there something to lose, so the blow waits until the books grow again.
        let size = size_of(&journal);
        support::until("work to interrupt", || size_of(&journal) > size || !replay.is_running());
        std::thread::sleep(Duration::from_millis(dice.below(250)));
        if replay.is_running() {
            killed_at_work += 1;
        } else {
            trade.end(replay);
            remember(&mut accepted, trade.accepted());
            replay = trade.start(&shop.terminal(), CONNECTIONS);
        }
        let victim = round % VICTIMS.len();
        if VICTIMS[victim] == "kessai" {
            replay.kill();
            replay = trade.start(&shop.terminal(), CONNECTIONS);
        } else {
            std::thread::sleep(SETTLED.saturating_sub(started[victim].elapsed()));
            shop.kill_daemon(VICTIMS[victim]);
        }
        started[victim] = Instant::now();
        // What was shown as accepted at any time must hold through all that follows.
        remember(&mut accepted, accepted_orders(&shop.terminal()));
    }
    assert!(killed_at_work >= ROUNDS / 2, "hardly anything was killed at work");
    trade.end(replay);
    remember(&mut accepted, trade.accepted());
    trade.replay(&shop.terminal(), CONNECTIONS);
    let decisions = fs::read(&trade.decisions).expect("decisions");
    let done = verify(folder.path());
    done.agree_since(before);
    in_the_books(&shop.terminal(), &accepted, &done);
    trade.replay(&shop.terminal(), CONNECTIONS);
    assert_eq!(fs::read(&trade.decisions).expect("decisions"), decisions);
    assert_eq!(verify(folder.path()).totals(), done.totals());
    assert_eq!(shop.stop("TERM"), Some(0));
    assert_eq!(verify(folder.path()).totals(), done.totals());
}

#[test]
fn a_terminal_that_vanishes_finds_its_one_outcome_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let whole = Instant::now();
    terminal.buy("Approved", &["TEA-MUGI", "--order-id", &format!("{ORDER}ff")]).with(0);
    // Killed anywhere between its first instruction and its last, on this machine as it is now.
    let span = u64::try_from(whole.elapsed().as_micros()).expect("a short while");
    let mut dice = Dice::new(7);
    let rounds = 20;
    for round in 0..rounds {
        let order = format!("{ORDER}{round:02}");
        let args = ["TEA-MUGI", "--order-id", order.as_str()];
        let running = terminal.start_to_buy("Approved", &args);
        std::thread::sleep(Duration::from_micros(dice.below(span)));
        running.kill();
        let said = terminal.buy_json("Approved", &args, 0);
        assert_eq!((&said["order"], &said["outcome"]), (&order.as_str().into(), &"00".into()));
        assert_eq!(terminal.buy_json("Approved", &args, 0), said);
    }
    assert_eq!(terminal.orders().len(), rounds + 1);
    let books = verify(folder.path());
    assert_eq!(books.sold("accepted_pence"), 640 * (rounds as i64 + 1));
    assert_eq!((books.owed("decisions"), books.owed("live_holds")), (rounds as i64 + 1, rounds as i64 + 1));
}

/// Adds what was accepted to what was accepted before; no amount may ever change.
fn remember(accepted: &mut BTreeMap<u64, i64>, more: BTreeMap<u64, i64>) {
    for (sequence, amount) in more {
        let before = accepted.insert(sequence, amount);
        assert!(before.is_none_or(|before| before == amount), "{sequence}: {before:?}, now {amount}");
    }
}

/// How much there is in a folder, in bytes.
/// How much is written in the files of a folder, in bytes: zeros at their ends are room for more.
fn size_of(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let written = |bytes: Vec<u8>| bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    entries.filter_map(|entry| fs::read(entry.path()).ok()).map(written).sum()
}

/// Every order that was ever said to be accepted is there, and nothing else was charged.
fn in_the_books(terminal: &Terminal, accepted: &BTreeMap<u64, i64>, done: &Books) {
    let listed = accepted_orders(terminal);
    assert!(!accepted.is_empty());
    assert_eq!(&listed, accepted);
    assert_eq!(done.sold("accepted_pence"), listed.values().sum::<i64>());
    assert_eq!(done.sold("accepted_orders"), i64::try_from(listed.len()).expect("a count"));
    assert_eq!(done.sold("pending_orders"), 0);
}

/// The accepted orders of a terminal by their sequence numbers, with their amounts.
fn accepted_orders(terminal: &Terminal) -> BTreeMap<u64, i64> {
    let mut listed = BTreeMap::new();
    for row in terminal.orders() {
        if row["outcome"] == "00" {
            let amount = row["amount_pence"].as_i64().expect("an amount");
            // A replayed order has its sequence number where others have their time.
            let time: String =
                row["order"].as_str().unwrap_or_default().chars().filter(|c| *c != '-').take(12).collect();
            let sequence = u64::from_str_radix(&time, 16).expect("an order id");
            assert_eq!(listed.insert(sequence, amount), None, "charged twice: {row:#}");
        }
    }
    listed
}

/// Made-up trade, the same in every run.
fn made_up(folder: &Path) -> Trade {
    let mut dice = Dice::new(1);
    let mut products = "sku,name,unit_price_pence,stock\n".to_owned();
    for at in 0..PRODUCTS {
        let (price, stock) = (50 + dice.below(3_000), dice.below(1_500));
        writeln!(products, "P{at:02},Product {at},{price},{stock}").expect("text");
    }
    let mut cards =
        "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history\n".to_owned();
    for at in 0..CARDHOLDERS {
        let (number, year) = (card(at), if at % 17 == 0 { 2019 } else { 2090 });
        let (limit, late) = (20_000 + dice.below(400_000), if at % 11 == 0 { 3 } else { 0 });
        writeln!(cards, "{number},HOLDER {at},1980-01-02,{year}-06,{limit},{},{late},0;0", dice.below(9_000))
            .expect("text");
    }
    let mut traffic = "sequence,kind,reference,customer,card_number,sku,quantity\n".to_owned();
    for sequence in 1..=TRADES {
        let (customer, kind) = (dice.below(CARDHOLDERS), if dice.below(6) == 0 { "return" } else { "order" });
        for _ in 0..=dice.below(4) {
            let (sku, quantity) = (dice.below(PRODUCTS), 1 + dice.below(6));
            let card = card(customer);
            writeln!(traffic, "{sequence},{kind},R{sequence},C{customer},{card},P{sku:02},{quantity}")
                .expect("text");
        }
    }
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).expect("a table");
        path
    };
    Trade {
        products: file("products.csv", &products),
        cardholders: file("cardholders.csv", &cards),
        traffic: file("traffic.csv", &traffic),
        decisions: folder.join("decisions.csv"),
    }
}

/// A card number of the range that no issuer has, with its check digit.
fn card(at: u64) -> String {
    let body = format!("999999200{at:06}");
    CardNumber::with_check_digit(&body).expect("a card number").digits().to_owned()
}
