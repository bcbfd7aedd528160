//! The figures of a run, for people and for programs.

use std::fmt::Write;

use serde::Serialize;

use super::compare::Ratio;
use super::counted_net::WireBytes;
use super::floor::Floor;
use super::histogram::Percentiles;
use super::journals::Groups;
use super::load::{Found, Pace, Plan};
use super::plot::{self, Point};
use super::stage::Run;
use super::verdict::Verdict;

/// Everything that a run measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The figures of the load that got most through; a run has one load unless several were asked for.
    #[serde(flatten)]
    pub headline: Headline,
    pub levels: Vec<Level>,
    /// Bytes a purchase between seller and settlement, over all loads and as long as the shop was open:
    /// UDP payload as the settlement's own connections count it.
    pub closed_wire_bytes_per_purchase: PerPurchase,
    /// What one purchase at a time could not go below in the same run, where it was measured.
    pub floor: Option<AgainstFloor>,
    /// How we compare with each row of a peer that ran in turn with us.
    pub compare: Vec<Ratio>,
    pub verify: Verdict,
}

/// Bytes over a wire, a purchase: from the side of the terminals to the settlement's, and back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PerPurchase {
    pub sent: f64,
    pub received: f64,
}

impl PerPurchase {
    pub fn of(bytes: WireBytes, purchases: u64) -> Self {
        let each = |sum: u64| sum as f64 / purchases.max(1) as f64;
        Self { sent: each(bytes.sent), received: each(bytes.received) }
    }

    fn text(self) -> String {
        format!("{:.0} there, {:.0} back", self.sent, self.received)
    }
}

/// One purchase at a time against the floor of the same run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AgainstFloor {
    #[serde(flatten)]
    pub floor: Floor,
    /// The median of a payment over the median of the floor.
    pub ratio: f64,
}

/// What is quoted of a load.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Headline {
    pub purchases_per_second: f64,
    /// From asking for payment to the verified outcome; at a set rate, from when the purchase was due
    /// to its verified outcome, its quote included.
    pub p50_us: f64,
    pub p99_us: f64,
    pub p999_us: f64,
}

/// One load.
#[derive(Debug, Serialize)]
pub struct Level {
    pub outstanding: u32,
    /// Arrivals a second, where they were on a schedule.
    pub rate: Option<f64>,
    pub connections: u32,
    pub seconds: f64,
    pub purchases: u64,
    #[serde(flatten)]
    pub headline: Headline,
    pub quote: Percentiles,
    pub pay: Percentiles,
    pub whole: Percentiles,
    pub late_starts: u64,
    pub never_started: u64,
    /// Microseconds of CPU time a purchase.
    pub cpu_us_per_purchase: Cpu,
    /// Bytes a purchase. Those of the wire are UDP payload as the load sees it, handshakes included.
    pub bytes_per_purchase: Bytes,
    pub seller_journal: Writes,
    pub settlement_journal: Writes,
}

#[derive(Debug, Serialize)]
pub struct Cpu {
    pub load: f64,
    pub seller: f64,
    pub settlement: f64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bytes {
    pub open_wire: PerPurchase,
    pub seller_journal: f64,
    pub settlement_journal: f64,
}

/// What was written into a journal while the clock ran. One group is one write and one fsync.
#[derive(Debug, Serialize)]
pub struct Writes {
    #[serde(flatten)]
    pub groups: Groups,
    pub fsyncs_per_second: f64,
    pub records_per_group: f64,
    pub purchases_per_group: f64,
}

impl Level {
    /// The figures of a load, and of the groups that were written meanwhile, the seller's first.
    pub fn of(plan: &Plan, run: &Run<Found>, groups: [Groups; 2]) -> Self {
        let counts = &run.found.counts;
        let each = |sum: f64| sum / counts.purchases.max(1) as f64;
        let writes = |groups: Groups| Writes {
            groups,
            fsyncs_per_second: groups.groups as f64 / (counts.seconds * groups.seen),
            records_per_group: groups.mean(),
            purchases_per_group: counts.purchases as f64 * groups.seen / groups.groups as f64,
        };
        let rate = match plan.pace {
            Pace::Closed { .. } => None,
            Pace::Open { rate, .. } => Some(rate),
        };
        let shown = if rate.is_some() { counts.whole } else { counts.pay };
        let [seller, settlement] = groups;
        Self {
            outstanding: plan.pace.most(),
            rate,
            connections: plan.connections,
            seconds: counts.seconds,
            purchases: counts.purchases,
            headline: Headline {
                purchases_per_second: counts.purchases as f64 / counts.seconds,
                p50_us: shown.p50_us,
                p99_us: shown.p99_us,
                p999_us: shown.p999_us,
            },
            quote: counts.quote,
            pay: counts.pay,
            whole: counts.whole,
            late_starts: counts.late_starts,
            never_started: counts.never_started,
            cpu_us_per_purchase: Cpu {
                load: each(run.cpu.load),
                seller: each(run.cpu.seller),
                settlement: each(run.cpu.settlement),
            },
            bytes_per_purchase: Bytes {
                open_wire: PerPurchase::of(run.found.wire, counts.all_purchases),
                seller_journal: each(seller.disk_bytes as f64 / seller.seen),
                settlement_journal: each(settlement.disk_bytes as f64 / settlement.seen),
            },
            seller_journal: writes(seller),
            settlement_journal: writes(settlement),
        }
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let pace = self.rate.map_or(String::new(), |rate| format!("{rate} a second, at most "));
        let (outstanding, connections) = (self.outstanding, self.connections);
        let title = format!("{pace}{outstanding} outstanding on {connections} connections");
        writeln!(text, "{title}, {} s\n", self.seconds)?;
        let per_second = self.headline.purchases_per_second;
        writeln!(text, "  purchases a second  {:>10.0}   ({} in all)", per_second, self.purchases)?;
        if self.rate.is_some() {
            writeln!(text, "  late starts         {:>10}", self.late_starts)?;
            writeln!(text, "  never started       {:>10}", self.never_started)?;
        }
        let names = ["p50", "p90", "p99", "p99.9", "most"].map(|name| format!("{name:>9}"));
        writeln!(text, "\n  {:<20}{}", "µs", names.concat())?;
        for (name, p) in [("payment", &self.pay), ("quote", &self.quote), ("whole purchase", &self.whole)] {
            let times = [p.p50_us, p.p90_us, p.p99_us, p.p999_us, p.most_us].map(|t| format!("{t:>9.0}"));
            writeln!(text, "  {name:<20}{}", times.concat())?;
        }
        let Cpu { load, seller, settlement } = self.cpu_us_per_purchase;
        writeln!(text, "\n  {:<20}{:>9}{:>9}{:>11}", "a purchase", "load", "seller", "settlement")?;
        writeln!(text, "  {:<20}{load:>9.1}{seller:>9.1}{settlement:>11.1}", "CPU, µs")?;
        let Bytes { open_wire, seller_journal, settlement_journal } = self.bytes_per_purchase;
        // What a checkpoint has taken whole cannot be counted any more.
        let shown = |value: f64, places: usize| {
            if value.is_finite() { format!("{value:.places$}") } else { "gone".to_owned() }
        };
        let [one, other] = [seller_journal, settlement_journal].map(|bytes| shown(bytes, 0));
        writeln!(text, "  {:<20}{:>9}{one:>9}{other:>11}", "journal, bytes", "")?;
        let wire = open_wire.text();
        writeln!(text, "  {:<20}   {wire}", "open wire, bytes")?;
        let [one, other] = [&self.seller_journal, &self.settlement_journal];
        writeln!(text, "\n  {:<20}{:>9}{:>9}{:>11}", "journal", "", "seller", "settlement")?;
        let mut row = |name: &str, one: f64, other: f64| {
            writeln!(text, "  {name:<20}{:>9}{:>9}{:>11}", "", shown(one, 1), shown(other, 1))
        };
        row("fsyncs a second", one.fsyncs_per_second, other.fsyncs_per_second)?;
        row("records a group", one.records_per_group, other.records_per_group)?;
        row("largest group", one.groups.largest as f64, other.groups.largest as f64)?;
        row("purchases a group", one.purchases_per_group, other.purchases_per_group)
    }
}

impl AgainstFloor {
    pub fn of(floor: Floor, level: &Level) -> Self {
        Self { floor, ratio: level.headline.p50_us / floor.floor.p50_us }
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let Floor { floor, write, round_trip } = self.floor;
        let (floor, write, trip) = (floor.p50_us, write.p50_us, round_trip.p50_us);
        writeln!(
            text,
            "  floor, p50          {floor:>10.0} µs (two writes of {write:.0}, two round trips of {trip:.0})"
        )?;
        writeln!(text, "  payment over floor  {:>10.2}\n", self.ratio)
    }
}

impl Report {
    pub fn of(levels: Vec<Level>, verify: Verdict) -> Self {
        let by_most = |one: &Headline, other: &Headline| {
            one.purchases_per_second.total_cmp(&other.purchases_per_second)
        };
        let headline = levels.iter().map(|level| level.headline).max_by(by_most).unwrap_or_default();
        Self {
            headline,
            levels,
            closed_wire_bytes_per_purchase: PerPurchase::default(),
            floor: None,
            compare: Vec::new(),
            verify,
        }
    }

    /// The loads as points of a plot, and what tells them apart.
    pub fn points(&self) -> (Vec<Point>, &'static str) {
        let rated = self.levels.iter().any(|level| level.rate.is_some());
        let point = |level: &Level| Point {
            label: level.rate.map_or(level.outstanding.to_string(), |rate| rate.to_string()),
            per_second: level.headline.purchases_per_second,
            p50_us: level.headline.p50_us,
            p99_us: level.headline.p99_us,
        };
        let what = if rated { "arrivals a second" } else { "purchases outstanding" };
        (self.levels.iter().map(point).collect(), what)
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for level in &self.levels {
            // Writing into a string does not fail.
            let _ = level.write(&mut text);
            text.push('\n');
        }
        let _ = writeln!(
            text,
            "  closed wire, bytes     {} a purchase\n",
            self.closed_wire_bytes_per_purchase.text()
        );
        if let Some(floor) = &self.floor {
            let _ = floor.write(&mut text);
        }
        for Ratio { peer, outstanding, rounds, ours_per_second, peer_per_second, ratio } in &self.compare {
            let rates = format!("{ours_per_second:.0} a second against {peer_per_second:.0}");
            let _ = writeln!(
                text,
                "  {outstanding:>5} outstanding, {ratio:>6.2} × the peer's {peer}: {rates}, medians of {rounds}"
            );
        }
        if self.levels.len() > 1 && self.compare.is_empty() {
            let (points, what) = self.points();
            text.push_str(&plot::text(&points, what));
        }
        text.push_str("\nverify: both sides are sound, and hold what was told\n");
        text
    }
}
