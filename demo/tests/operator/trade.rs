//! Made-up trade of which it is known beforehand how each purchase ends, in whatever order they come.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use kessai_shared::card::CardNumber;

use super::support::trade::Trade;

const PRODUCTS: u64 = 20;

/// So many accounts and orders, written into files of this folder.
pub fn made_up(folder: &Path, accounts: u64, orders: u64) -> Trade {
    let mut products = "sku,name,unit_price_pence,stock\n".to_owned();
    for at in 0..PRODUCTS {
        writeln!(products, "P{at:02},Product {at},{},1000000", 50 + at).expect("text");
    }
    let mut cards =
        "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history\n".to_owned();
    for at in 0..accounts {
        let (number, name) = (number(at), name(at));
        let (year, late) = match fate(at) {
            "54" => (2019, 0),
            "05:delinquent" => (2090, 3),
            _ => (2090, 0),
        };
        writeln!(cards, "{number},{name},1980-01-02,{year}-06,1000000000,0,{late},0;0").expect("text");
    }
    let mut traffic = "sequence,kind,reference,customer,card_number,sku,quantity\n".to_owned();
    for sequence in 1..=orders {
        let (card, sku) = (buyer(sequence, accounts), sequence % PRODUCTS);
        writeln!(traffic, "{sequence},order,R{sequence},C{card},{},P{sku:02},1", number(card)).expect("text");
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

/// How every order of the trade has to end, by its sequence number.
pub fn expected(accounts: u64, orders: u64) -> BTreeMap<u64, &'static str> {
    (1..=orders).map(|sequence| (sequence, fate(buyer(sequence, accounts)))).collect()
}

/// How the orders did end.
pub fn outcomes(trade: &Trade) -> BTreeMap<u64, String> {
    let mut rows = csv::Reader::from_path(&trade.decisions).expect("decisions");
    let rows = rows.records().map(|row| row.expect("a row"));
    rows.map(|row| (row[0].parse().expect("a number"), row[3].to_owned())).collect()
}

fn buyer(sequence: u64, accounts: u64) -> u64 {
    sequence * 7 % accounts
}

/// The response code of whatever this card buys.
fn fate(card: u64) -> &'static str {
    match card {
        card if card % 17 == 3 => "54",
        card if card % 11 == 5 => "05:delinquent",
        _ => "00",
    }
}

pub fn name(at: u64) -> String {
    format!("MARGUERITE OFTHEVAULT {at}")
}

/// A card number with its check digit.
pub fn number(at: u64) -> String {
    let body = format!("999999400{at:06}");
    CardNumber::with_check_digit(&body).expect("a card number").digits().to_owned()
}
