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
/// How many places in their order the two may be apart.
const ASIDE: usize = 2;

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
            let told = told.quantile(thousandths).expect("a value");
            // A processor that is taken away between the two clocks makes one of them another place in the order.
            let [least, most] =
                [rank.saturating_sub(ASIDE), rank + ASIDE].map(|rank| real[rank.clamp(1, real.len()) - 1]);
            println!("{leg}: p{thousandths} {least} to {most} us, told as {told} us");
            let within = Buckets::of(least).saturating_sub(1)..=Buckets::of(most) + 1;
            assert!(
                within.contains(&Buckets::of(told)),
                "{leg}: p{thousandths} is {least} to {most} us, and is told as {told} us"
            );
        }
    }
}
