//! What a daemon says each second, and every figure in it.

use kessai_shared::measure::{Buckets, Count, Gauge, Spread};
use kessai_shared::operator::live::{Alarm, Beat, Second, Watching};
use kessai_shared::operator::{Endpoint, seller, settlement};
use kessai_shared::outcome::Reason;
use kessai_shared::time::Timestamp;

use crate::golden::Sample;
use crate::samples;

const AT: Timestamp = Timestamp(1_700_000_000_123_456);

pub fn seller_requests() -> Vec<seller::Request> {
    let past = seller::Request::Past { before: Some(3_000), limit: 60 };
    [samples::seller_requests(), vec![seller::Request::Watch, past]].concat()
}

pub fn settlement_requests() -> Vec<settlement::Request> {
    let past = settlement::Request::Past { before: None, limit: 60 };
    [samples::settlement_requests(), vec![settlement::Request::Watch, past]].concat()
}

pub fn seller_replies() -> Vec<seller::Reply> {
    use seller::Reply;
    [samples::seller_replies(), vec![Reply::Watching(watching()), Reply::Past(vec![second()])]].concat()
}

pub fn settlement_replies() -> Vec<settlement::Reply> {
    use settlement::Reply;
    [samples::settlement_replies(), vec![Reply::Watching(watching()), Reply::Past(vec![second()])]].concat()
}

fn watching() -> Watching {
    Watching { tick: 3_000, remembered: 2_999, now: AT }
}

fn second() -> Second {
    let mut buckets = Buckets::default();
    [3, 180, 181, 40_000].into_iter().for_each(|value| buckets.add(value));
    Second {
        tick: 2_999,
        at: AT,
        counts: vec![(Count::Placed, 3), (Count::Decided(Reason::OverLimit), 300)],
        spreads: vec![(Spread::Purchase, buckets)],
        gauges: vec![(Gauge::Position, 90_000), (Gauge::Peers(Endpoint::Open), 300), (Gauge::LinkUp, -1)],
    }
}

fn alarms() -> Vec<Alarm> {
    let line = "fsync took 90 ms, and 50 ms are allowed".to_owned();
    vec![Alarm { rule: "slow_disk".to_owned(), since: AT, tick: 2_000, line, urgent: true }]
}

pub fn seller_beat() -> Beat<seller::Status> {
    let status = samples::seller_replies().into_iter().find_map(|reply| match reply {
        seller::Reply::Status(status) => Some(status),
        _ => None,
    });
    Beat { second: second(), status, alarms: alarms() }
}

pub fn settlement_beat() -> Beat<settlement::Status> {
    Beat { second: second(), status: None, alarms: Vec::new() }
}

/// Every figure there is, by its name.
pub fn figures() -> Vec<Sample> {
    let counts = Count::all().map(|count| Sample::equal(&format!("Count.{count:?}"), count));
    let gauges = Gauge::all().map(|gauge| Sample::equal(&format!("Gauge.{gauge:?}"), gauge));
    let spreads = Spread::all().map(|spread| Sample::equal(&format!("Spread.{spread:?}"), spread));
    counts.chain(gauges).chain(spreads).collect()
}
