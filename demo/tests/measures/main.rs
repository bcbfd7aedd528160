//! What daemons say of themselves, each second and all in all, held against the books and against counts
//! that others made.

#[path = "../support/mod.rs"]
mod support;

// The same trade as beside the operator's socket.
#[path = "../operator/trade.rs"]
#[allow(dead_code, reason = "how each purchase ends is another test's question")]
mod trade;

mod counted;
mod fetched;
mod timed;
mod watched;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use kessai_shared::measure::{Buckets, Count, Gauge, Spread};
use kessai_shared::operator::client::{Daemon, Operator, Place, Watch};
use kessai_shared::operator::live::{Beat, Second, Watched};
use kessai_shared::operator::{seller, settlement};
use support::shop::Shop;
use tokio::runtime::Runtime;

const SELLER: &str = "seller";
const SETTLEMENT: &str = "settlement";

/// Opens the sample shop with these lines in both daemons' settings.
fn shop_with(folder: &Path, lines: &str) -> Shop {
    for (side, file) in [(SELLER, "server.toml"), (SETTLEMENT, "settlement.toml")] {
        fs::create_dir_all(folder.join(side)).expect("a folder");
        fs::write(folder.join(side).join(file), lines).expect("settings");
    }
    Shop::open(folder)
}

/// A daemon of a shop in this folder.
fn place(folder: &Path, side: &str) -> (Daemon, Place) {
    let daemon = if side == SELLER { seller::DAEMON } else { settlement::DAEMON };
    (daemon, Place::Here(folder.join(side)))
}

/// The same as somebody sees it who has a key of his own.
fn from_elsewhere(folder: &Path, side: &str, key: PathBuf) -> Place {
    let text = fs::read_to_string(folder.join(side).join("operator.address")).expect("an address file");
    let (address, pin) = text.trim().split_once(' ').expect("an address and a pin");
    let (address, pin): (SocketAddr, _) = (address.parse().expect("one"), pin.parse().expect("a pin"));
    Place::There { address, pin, key, knock_key: None }
}

async fn reach((daemon, place): (Daemon, Place)) -> Operator {
    Operator::reach(daemon, &place).await.unwrap_or_else(|failure| panic!("{}", failure.line))
}

async fn watch<S: Watched>(operator: &Operator) -> Watch<Beat<S>> {
    operator.watch::<S>().await.unwrap_or_else(|failure| panic!("{}", failure.line)).1
}

async fn next<S: Watched>(watch: &mut Watch<Beat<S>>) -> Beat<S> {
    let next = tokio::time::timeout(support::PATIENCE, watch.next()).await.expect("a second");
    next.unwrap_or_else(|failure| panic!("{}", failure.line))
}

/// Every second of a daemon since its start, the oldest first: once two have passed in which nothing
/// happens any more, but for what an operator's own questions do.
fn all_of<S: Watched>(folder: &Path, side: &str) -> Vec<Second> {
    Runtime::new().expect("a runtime").block_on(async {
        let operator = reach(place(folder, side)).await;
        let mut live = watch::<S>(&operator).await;
        let mut quiet = 0;
        while quiet < 2 {
            let second = next(&mut live).await.second;
            quiet = if second.counts.iter().any(|(count, _)| is_of_trade(*count)) { 0 } else { quiet + 1 };
        }
        let mut all = Vec::new();
        loop {
            let before = all.last().map(|second: &Second| second.tick);
            let part =
                operator.past::<S>(before, 60).await.unwrap_or_else(|failure| panic!("{}", failure.line));
            if part.is_empty() {
                break;
            }
            all.extend(part);
        }
        all.reverse();
        assert!(
            all.iter().enumerate().all(|(at, second)| second.tick == at as u64 + 1),
            "no second is missing"
        );
        operator.leave().await;
        all
    })
}

fn is_of_trade(count: Count) -> bool {
    !matches!(count, Count::Connected(_) | Count::LinkPackets | Count::Refused(_))
}

/// What all of the seconds come to.
fn sums(seconds: &[Second]) -> BTreeMap<Count, u64> {
    let mut sums = BTreeMap::new();
    for (count, more) in seconds.iter().flat_map(|second| &second.counts) {
        *sums.entry(*count).or_default() += more;
    }
    sums
}

fn spread(seconds: &[Second], of: Spread) -> Buckets {
    let parts = seconds.iter().flat_map(|second| &second.spreads);
    Buckets::all_of(parts.filter(|(spread, _)| *spread == of).map(|(_, part)| part))
}

/// How things are at the end of the last second.
fn gauges(seconds: &[Second]) -> BTreeMap<Gauge, i64> {
    seconds.last().expect("a second").gauges.iter().copied().collect()
}
