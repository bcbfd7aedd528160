//! The tables of real trade: what the shop sells, and what its customers do, in order.

use std::fs::File;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use kessai_server::import::Listing;
use kessai_shared::ids::{Customer, Sku};
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;

pub struct Trade {
    pub products: Vec<Listing>,
    pub deeds: Vec<Deed>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Order,
    Return,
}

/// One order or one return.
pub struct Deed {
    pub sequence: u64,
    pub at: Timestamp,
    pub kind: Kind,
    pub customer: Customer,
    pub card: String,
    pub lines: Vec<Line>,
}

impl Trade {
    pub fn read(folder: &Path) -> Self {
        let products =
            kessai_server::import::products(&folder.join("products.csv")).expect("products").table.rows;
        let packed = File::open(folder.join("traffic.csv.gz")).expect("the traffic");
        let mut table = csv::Reader::from_reader(MultiGzDecoder::new(packed));
        let mut deeds: Vec<Deed> = Vec::new();
        for row in table.records() {
            let row = row.expect("a row");
            let sequence: u64 = row[0].parse().expect("a sequence");
            let line =
                Line { sku: Sku::new(&row[6]).expect("a SKU"), quantity: row[7].parse().expect("a count") };
            match deeds.last_mut().filter(|deed| deed.sequence == sequence) {
                Some(deed) => deed.lines.push(line),
                None => deeds.push(Deed {
                    sequence,
                    at: instant(&row[1]),
                    kind: if &row[2] == "order" { Kind::Order } else { Kind::Return },
                    customer: Customer::new(&row[4]).expect("a customer"),
                    card: row[5].to_owned(),
                    lines: vec![line],
                }),
            }
        }
        Self { products, deeds }
    }
}

/// An instant such as 2010-12-01T08:26:00Z.
fn instant(text: &str) -> Timestamp {
    let number = |at: std::ops::Range<usize>| text[at].parse::<u64>().expect("a number");
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    // Days since 1970 of the civil calendar, whose year is taken to begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + number(11..13) * 3_600 + number(14..16) * 60 + number(17..19);
    Timestamp(seconds * 1_000_000)
}
