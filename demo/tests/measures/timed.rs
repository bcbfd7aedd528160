//! How long things take: each percentile is within a bucket of the same one over times that were measured
//! beside, by whoever writes the log line of each leg.

use std::fs;
use std::path::Path;

use kessai_shared::measure::{Buckets, Spread};
use kessai_shared::operator::{seller, settlement};

use super::support::shop::Shop;
use super::trade::made_up;
use super::{SELLER, SETTLEMENT, all_of, spread};

/// Purchases that are made, four at a time.
const ORDERS: u64 = 200;
const AT_ONCE: u16 = 4;

/// The times of a leg, in microseconds, as the log of a shop has them.
fn logged(log: &Path, leg: &str) -> Vec<u64> {
    let text = fs::read_to_string(log).expect("a log");
    let lines = text.lines().filter(|line| line.contains(&format!("leg=\"{leg}\"")));
    let micros = lines.map(|line| {
        let rest = line.split("micros=").nth(1).expect("a time");
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a number")
    });
    let mut all: Vec<u64> = micros.collect();
    all.sort_unstable();
    all
}

#[test]
fn percentiles_are_within_a_bucket_of_what_others_measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let (folder, log) = (folder.path(), folder.path().join("log"));
    let trade = made_up(folder, 50, ORDERS);
    let (products, cards) = (trade.products.display().to_string(), trade.cardholders.display().to_string());
    let more = ["--products", &products, "--cardholders", &cards];
    let shop = Shop::open_verbose(folder, &more, &log);
    trade.replay(&shop.terminal(), AT_ONCE);
    let at_seller = all_of::<seller::Status>(folder, SELLER);
    let at_settlement = all_of::<settlement::Status>(folder, SETTLEMENT);
    assert_eq!(shop.stop("TERM"), Some(0));
    for (leg, seconds, of) in [
        ("order", &at_seller, Spread::Purchase),
        ("inquiry", &at_seller, Spread::DecidedIn),
        ("decision", &at_settlement, Spread::Inquiry),
        ("opening", &at_settlement, Spread::Opened),
    ] {
        let (real, told) = (logged(&log, leg), spread(seconds, of));
        assert_eq!((real.len() as u64, told.len()), (ORDERS, ORDERS), "{leg}");
        for thousandths in [500, 900, 990] {
            let rank = (ORDERS * thousandths).div_ceil(1_000) as usize;
            let (real, told) = (real[rank - 1], told.quantile(thousandths).expect("a value"));
            let apart = Buckets::of(real).abs_diff(Buckets::of(told));
            println!("{leg}: p{thousandths} {real} us, told as {told} us");
            assert!(apart <= 1, "{leg}: p{thousandths} is {real} us, and is told as {told} us");
        }
    }
}
