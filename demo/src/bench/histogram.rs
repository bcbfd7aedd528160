//! Times, counted so that no sample is left out: a table of buckets that grow with the time, so that
//! any percentile is known to within one part in [`PARTS`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Buckets between a power of two and the next; the width of one is what a percentile is unsure of.
pub const PARTS: u64 = 256;
const PART_BITS: u32 = PARTS.trailing_zeros();
/// Times from here on are all counted in the last bucket: 2^40 ns, over 18 minutes.
const MOST_NANOS: u64 = (1 << 40) - 1;

/// How often each time was measured.
#[derive(Clone)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    sum: u128,
    most: u64,
}

/// What people ask of times, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    pub samples: u64,
    pub mean_us: f64,
    pub p50_us: f64,
    pub p90_us: f64,
    pub p99_us: f64,
    pub p999_us: f64,
    pub most_us: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; bucket_of(MOST_NANOS) + 1], count: 0, sum: 0, most: 0 }
    }
}

impl Histogram {
    pub fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket_of(nanos.min(MOST_NANOS))] += 1;
        self.count += 1;
        self.sum += u128::from(nanos);
        self.most = self.most.max(nanos);
    }

    /// The time that this share of the samples, from 0 to 1, does not exceed; zero when there are none.
    pub fn at(&self, share: f64) -> Duration {
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        let found = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        // The longest time is known exactly, and no bucket reaches beyond it.
        Duration::from_nanos(found.map_or(0, |bucket| end_of(bucket).min(self.most)))
    }

    pub fn percentiles(&self) -> Percentiles {
        let micros = |time: Duration| time.as_nanos() as f64 / 1e3;
        let mean = self.sum as f64 / self.count.max(1) as f64 / 1e3;
        Percentiles {
            samples: self.count,
            mean_us: mean,
            p50_us: micros(self.at(0.5)),
            p90_us: micros(self.at(0.9)),
            p99_us: micros(self.at(0.99)),
            p999_us: micros(self.at(0.999)),
            most_us: self.most as f64 / 1e3,
        }
    }
}

/// Up to twice [`PARTS`] every nanosecond has a bucket of its own; each doubling has [`PARTS`] more.
fn bucket_of(nanos: u64) -> usize {
    let doublings = (u64::BITS - nanos.leading_zeros()).saturating_sub(PART_BITS + 1);
    (u64::from(doublings) * PARTS + (nanos >> doublings)) as usize
}

/// The longest time that falls into a bucket, in nanoseconds.
fn end_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let doublings = (bucket / PARTS).saturating_sub(1);
    ((bucket - doublings * PARTS + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_bucket_that_is_hardly_wider_than_itself() {
        let mut last = 0;
        for nanos in (0..4_096).chain((12..40).flat_map(|bits| (1 << bits) - 2..(1 << bits) + 2)) {
            let bucket = bucket_of(nanos);
            assert!(bucket >= last && end_of(bucket) >= nanos, "{nanos}");
            assert!(end_of(bucket) - nanos <= nanos / PARTS, "{nanos} counts as {}", end_of(bucket));
            assert!(bucket == 0 || end_of(bucket - 1) < nanos, "{nanos}");
            last = bucket;
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_samples() {
        let mut histogram = Histogram::default();
        for micros in 1..=1_000_u64 {
            histogram.add(Duration::from_micros(micros));
        }
        let found = histogram.percentiles();
        for (found, true_one) in [
            (found.p50_us, 500.0),
            (found.p90_us, 900.0),
            (found.p99_us, 990.0),
            (found.p999_us, 999.0),
            (found.mean_us, 500.5),
        ] {
            let wrong = (found - true_one) / true_one;
            assert!((0.0..=1.0 / PARTS as f64).contains(&wrong), "{found} for {true_one}");
        }
        assert_eq!((found.samples, found.most_us), (1_000, 1_000.0));
    }

    #[test]
    fn a_time_beyond_all_measure_is_counted() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.at(0.5), Duration::ZERO);
        histogram.add(Duration::MAX);
        assert_eq!(histogram.percentiles().samples, 1);
    }
}
