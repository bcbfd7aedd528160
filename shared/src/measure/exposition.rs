//! The figures of a daemon as Prometheus reads them: the text format 0.0.4, with base units and the suffixes
//! that go with them. It is written here because it is a page of text, and the figures have their own names,
//! help and buckets already; a library would want to keep them a second time.

use std::fmt::Write as _;

use super::hour::{Summed, Totals};
use super::{Buckets, Count, Row, Side, Spread, Unit};
use crate::operator::Endpoint;

/// What an answer says that it is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Buckets of times end at powers of two, of so many microseconds: from 64 µs to 34 s.
const TIMES: std::ops::RangeInclusive<u32> = 6..=25;
/// Buckets of numbers of things end one below a power of two: from 1 to 8191.
const NUMBERS: std::ops::RangeInclusive<u32> = 1..=13;

/// Everything that the daemon of this side has counted up to the end of its last second.
pub fn write(totals: &Totals, side: Side, version: &str) -> String {
    let mut page = Page { text: String::with_capacity(32 * 1024), side, last: String::new() };
    page.head("build_info", "The version that runs", "gauge");
    page.value("build_info", Some(("version", version)), "1");
    for (count, so_far) in totals.counts.iter().filter(|(count, _)| is_of_count(*count, side)) {
        let row = count.row();
        let name = format!("{}{}_total", row.name, suffix(row.unit));
        page.head(&name, row.help, "counter");
        page.value(&name, row.label, &so_far.to_string());
    }
    for (gauge, now) in totals.gauges.iter().filter(|(gauge, _)| gauge.row().side.is_of(side)) {
        let Row { name, unit, help, label, .. } = gauge.row();
        let name = format!("{name}{}", suffix(unit));
        page.head(&name, help, "gauge");
        page.value(&name, label, &scaled(*now as f64, unit));
    }
    for (spread, summed) in totals.spreads.iter().filter(|(spread, _)| spread.row().side.is_of(side)) {
        page.histogram(*spread, summed);
    }
    page.text
}

/// Whether a daemon has it: each stands on two networks of the three.
fn is_of_count(count: Count, side: Side) -> bool {
    let elsewhere = match side {
        Side::Seller => Some(Endpoint::Closed),
        Side::Settlement => Some(Endpoint::Open),
        Side::Both => None,
    };
    let endpoint = match count {
        Count::Connected(at) | Count::Refused(at) | Count::Revoked(at) | Count::Flooded(at) => Some(at),
        _ => None,
    };
    count.row().side.is_of(side) && (endpoint.is_none() || endpoint != elsewhere)
}

const fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "_bytes",
        Unit::Seconds | Unit::Millis | Unit::Micros => "_seconds",
        Unit::Things | Unit::Flag => "",
    }
}

/// A value in its base unit.
fn scaled(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Millis => value / 1e3,
        Unit::Micros => value / 1e6,
        Unit::Things | Unit::Bytes | Unit::Seconds | Unit::Flag => value,
    }
    .to_string()
}

struct Page {
    text: String,
    side: Side,
    /// The last name that was introduced: siblings follow one another and share that.
    last: String,
}

impl Page {
    fn name(&self, name: &str) -> String {
        format!("kessai_{}_{name}", self.side.word())
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let name = self.name(name);
        if self.last != name {
            // A text takes everything that is written to it.
            let _ = writeln!(self.text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
            self.last = name;
        }
    }

    fn value(&mut self, name: &str, label: Option<(&str, &str)>, value: &str) {
        let name = self.name(name);
        let _ = match label {
            None => writeln!(self.text, "{name} {value}"),
            Some((label, of)) => writeln!(self.text, "{name}{{{label}=\"{of}\"}} {value}"),
        };
    }

    fn histogram(&mut self, spread: Spread, summed: &Summed) {
        let Row { name, unit, help, .. } = spread.row();
        let name = format!("{name}{}", suffix(unit));
        self.head(&name, help, "histogram");
        let ends = match unit {
            Unit::Micros | Unit::Millis | Unit::Seconds => TIMES,
            Unit::Things | Unit::Bytes | Unit::Flag => NUMBERS,
        };
        let (mut below, mut bucket) = (0, 0);
        for power in ends {
            let end = usize::from(Buckets::of(1 << power));
            below += summed.buckets[bucket..end].iter().sum::<u64>();
            bucket = end;
            // Times were cut to whole microseconds, so one that is below the end is below it as it was.
            let end = match unit {
                Unit::Micros | Unit::Millis | Unit::Seconds => scaled((1_u64 << power) as f64, unit),
                Unit::Things | Unit::Bytes | Unit::Flag => ((1_u64 << power) - 1).to_string(),
            };
            self.value(&format!("{name}_bucket"), Some(("le", &end)), &below.to_string());
        }
        let all = summed.len().to_string();
        self.value(&format!("{name}_bucket"), Some(("le", "+Inf")), &all);
        self.value(&format!("{name}_sum"), None, &scaled(summed.sum as f64, unit));
        self.value(&format!("{name}_count"), None, &all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Gauge, Hour, Registry};
    use crate::time::Timestamp;

    #[test]
    fn a_value_is_in_the_first_bucket_that_ends_above_it() {
        let hour = Hour::new(Registry::default());
        for micros in [63, 64, 127, 128, 40_000_000] {
            hour.registry().measure(Spread::Purchase, micros);
        }
        [1, 2, 3, 4, 9_000].into_iter().for_each(|records| hour.registry().measure(Spread::Group, records));
        hour.close(Timestamp(1), vec![(Gauge::LinkRoundTripMicros, 250), (Gauge::LinkUp, 1)]);
        let text = write(&hour.totals(), Side::Seller, "0.1.0");
        for line in [
            "kessai_seller_purchase_seconds_bucket{le=\"0.000064\"} 1",
            "kessai_seller_purchase_seconds_bucket{le=\"0.000128\"} 3",
            "kessai_seller_purchase_seconds_bucket{le=\"0.000256\"} 4",
            "kessai_seller_purchase_seconds_bucket{le=\"33.554432\"} 4",
            "kessai_seller_purchase_seconds_bucket{le=\"+Inf\"} 5",
            "kessai_seller_purchase_seconds_sum 40.000382",
            "kessai_seller_journal_group_records_bucket{le=\"1\"} 1",
            "kessai_seller_journal_group_records_bucket{le=\"3\"} 3",
            "kessai_seller_journal_group_records_bucket{le=\"8191\"} 4",
            "kessai_seller_link_round_trip_seconds 0.00025",
            "kessai_seller_link_up 1",
            "kessai_seller_connections_total{endpoint=\"open\"} 0",
            "kessai_seller_build_info{version=\"0.1.0\"} 1",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("endpoint=\"closed\"") && !text.contains("kessai_seller_inquiry"), "{text}");
        let text = write(&hour.totals(), Side::Settlement, "0.1.0");
        assert!(
            text.contains("kessai_settlement_inquiries_decided_total{reason=\"over_limit\"} 0"),
            "{text}"
        );
    }
}
