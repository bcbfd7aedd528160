//! The rules that there are. Each has one row: what it is called in the configuration, what it reads, and
//! its threshold where the configuration says nothing.

use super::Seen;
use crate::measure::{Count, Gauge, Spread};
use crate::outcome::Reason;

/// A rule as it comes.
pub struct Row {
    /// Its key in the table `alarms` of the configuration. It ends with the unit of its threshold.
    pub key: &'static str,
    pub side: Side,
    /// Where its threshold is unless the configuration says otherwise; `None` is off.
    pub usual: Option<u64>,
    pub way: Way,
    /// For how many seconds it has to be broken before there is an alarm.
    pub for_seconds: u64,
    /// Whether somebody should come at once.
    pub urgent: bool,
    /// What the figure is, for people, and its unit behind the figure.
    pub what: &'static str,
    pub unit: &'static str,
    /// The figure; `None` while it is not known.
    pub read: fn(&Seen) -> Option<u64>,
}

/// Which daemon has a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Seller,
    Settlement,
    Both,
}

/// On which side of its threshold a figure should not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    AtLeast,
    AtMost,
}

impl Side {
    /// Whether a daemon of this side has the rules of another.
    pub fn has(self, rule: Side) -> bool {
        rule == Side::Both || rule == self
    }
}

/// Least measurements that a percentile is made of, and least decisions of a share: of fewer, one slow or
/// declined purchase would be a hundredth or a half.
const FEW: u64 = 20;
/// Over how many seconds percentiles of the disk, and floods, are looked at.
const SHORT: u64 = 10;
/// Over how many seconds what happens seldom is.
const LONG: u64 = 60;

const MICROS_A_MILLI: u64 = 1_000;
const HOUR_SECONDS: u64 = 3_600;
const MB: u64 = 1_000_000;

/// What a row is unless it says otherwise: of both, from a threshold on, at once, not urgent.
const fn row(
    key: &'static str,
    what: &'static str,
    unit: &'static str,
    read: fn(&Seen) -> Option<u64>,
) -> Row {
    Row {
        key,
        side: Side::Both,
        usual: None,
        way: Way::AtLeast,
        for_seconds: 0,
        urgent: false,
        what,
        unit,
        read,
    }
}

/// Every rule, those first that somebody has to come for.
pub static ROWS: [Row; 23] = [
    Row {
        side: Side::Seller,
        usual: Some(5),
        urgent: true,
        ..row("link_down_seconds", "the settlement cannot be spoken to", " s", Seen::link_down)
    },
    Row {
        usual: Some(5),
        urgent: true,
        ..row("writer_silent_seconds", "the one writer does not answer in time", " s", Seen::writer_silent)
    },
    Row {
        usual: Some(5),
        way: Way::AtMost,
        ..row("free_disk_percent", "free on the disk of the journal", " %", |seen| {
            seen.share(Gauge::FreeBytes, Gauge::DiskBytes)
        })
    },
    Row {
        usual: Some(512),
        way: Way::AtMost,
        urgent: true,
        ..row("free_disk_mb", "free on the disk of the journal", " MB", |seen| {
            seen.gauge(Gauge::FreeBytes).map(|bytes| bytes / MB)
        })
    },
    Row {
        usual: Some(80),
        for_seconds: 2,
        urgent: true,
        ..row("queue_percent", "of the writer's queue is full", " %", |seen| {
            seen.share(Gauge::Queue, Gauge::QueueRoom)
        })
    },
    Row {
        usual: Some(1),
        urgent: true,
        ..row("disputed", "clearing batches differ from the other side's books", "", |seen| {
            seen.gauge(Gauge::Disputed)
        })
    },
    Row {
        usual: Some(26),
        urgent: true,
        ..row("backup_age_hours", "the newest backup is old", " h", |seen| {
            seen.gauge(Gauge::BackupSeconds).map(|seconds| seconds / HOUR_SECONDS)
        })
    },
    Row {
        usual: Some(1),
        ..row("failed_backups", "backups failed since the last one that was made", "", |seen| {
            Some(seen.backups_failed())
        })
    },
    Row {
        usual: Some(192),
        ..row("verified_age_hours", "the last verified backup is old", " h", |seen| {
            seen.gauge(Gauge::VerifiedSeconds).map(|seconds| seconds / HOUR_SECONDS)
        })
    },
    Row {
        usual: Some(2_000),
        for_seconds: 3,
        ..row("standby_lag_ms", "a standby is behind", " ms", |seen| seen.gauge(Gauge::LagMillis))
    },
    Row {
        way: Way::AtMost,
        for_seconds: 5,
        urgent: true,
        ..row("few_standbys", "standbys are connected", "", |seen| seen.gauge(Gauge::Standbys))
    },
    Row {
        usual: Some(50),
        for_seconds: 5,
        ..row("fsync_p99_ms", "one sync of the journal takes, at the 99th percentile", " ms", |seen| {
            seen.p99(Spread::Sync, SHORT, FEW).map(|micros| micros / MICROS_A_MILLI)
        })
    },
    Row {
        side: Side::Seller,
        usual: Some(1),
        for_seconds: 10,
        ..row("unknown_orders", "nobody knows whether these orders were approved", "", |seen| {
            seen.gauge(Gauge::Unknown)
        })
    },
    Row {
        side: Side::Seller,
        usual: Some(1_000),
        for_seconds: 5,
        ..row("errands", "orders wait for the settlement", "", |seen| seen.gauge(Gauge::Errands))
    },
    Row {
        side: Side::Seller,
        usual: Some(250),
        for_seconds: 5,
        ..row("link_round_trip_ms", "a round trip to the settlement takes", " ms", |seen| {
            seen.gauge(Gauge::LinkRoundTripMicros).map(|micros| micros / MICROS_A_MILLI)
        })
    },
    Row {
        side: Side::Seller,
        usual: Some(2_000),
        for_seconds: 5,
        ..row("purchase_p99_ms", "a purchase takes, at the 99th percentile", " ms", |seen| {
            seen.p99(Spread::Purchase, SHORT, FEW).map(|micros| micros / MICROS_A_MILLI)
        })
    },
    Row {
        side: Side::Settlement,
        usual: Some(500),
        for_seconds: 5,
        ..row("inquiry_p99_ms", "an inquiry takes, at the 99th percentile", " ms", |seen| {
            seen.p99(Spread::Inquiry, SHORT, FEW).map(|micros| micros / MICROS_A_MILLI)
        })
    },
    Row {
        usual: Some(50),
        for_seconds: 10,
        ..row("decline_percent", "of the decisions of a minute were declined", " %", declined)
    },
    Row {
        side: Side::Seller,
        usual: Some(10),
        ..row("sold_out_percent", "of all products are sold out", " %", |seen| {
            seen.share(Gauge::SoldOut, Gauge::Products)
        })
    },
    Row {
        side: Side::Seller,
        ..row("sold_out", "products are sold out", "", |seen| seen.gauge(Gauge::SoldOut))
    },
    Row {
        usual: Some(100),
        for_seconds: 3,
        ..row("flooded_per_second", "connections or packets a second were not taken on", "", |seen| {
            let flooded = seen.counted(SHORT, |count| matches!(count, Count::Flooded(_)));
            Some(flooded / SHORT)
        })
    },
    Row {
        usual: Some(60),
        ..row("refused_per_minute", "connections were refused for their key within a minute", "", |seen| {
            Some(seen.counted(LONG, |count| matches!(count, Count::Refused(_))))
        })
    },
    Row {
        usual: Some(5),
        ..row("clock_jump_seconds", "the clock jumped within the last minute, by", " s", |seen| {
            Some(seen.clock_jump())
        })
    },
];

/// What part of the decisions of the last minute were not approvals. The seller and the settlement count
/// them under other names, and neither has the other's.
fn declined(seen: &Seen) -> Option<u64> {
    let is_approved = |count: Count| matches!(count, Count::Approved | Count::Decided(Reason::Approved));
    let is_decision = |count: Count| matches!(count, Count::Approved | Count::Declined | Count::Decided(_));
    let all = seen.counted(LONG, is_decision);
    let approved = seen.counted(LONG, is_approved);
    Some(if all < FEW { 0 } else { (all - approved) * 100 / all })
}
