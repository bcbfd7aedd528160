//! How often a value was seen, to within an eighth of it.

use serde::{Deserialize, Serialize};

/// Buckets an octave.
const PARTS: u64 = 8;
/// How many buckets there are: values from [`Buckets::MOST`] on are in the last.
pub const COUNT: usize = 208;

/// Values in buckets whose width is at most an eighth of what they hold, and those below 8 by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    /// Buckets that are not empty, in their order, with how many values each has.
    filled: Vec<(u8, u32)>,
    /// The sum of the values, and the largest of them.
    sum: u64,
    most: u64,
}

impl Buckets {
    /// The bucket of a value.
    pub fn of(value: u64) -> u8 {
        if value < PARTS {
            return value as u8;
        }
        let octave = u64::from(value.ilog2()) - 3;
        let part = (value >> octave) - PARTS;
        ((octave + 1) * PARTS + part).min(COUNT as u64 - 1) as u8
    }

    /// The least value of a bucket; the next bucket's is one more than its largest.
    pub fn least(bucket: u8) -> u64 {
        let (octave, part) = (u64::from(bucket) / PARTS, u64::from(bucket) % PARTS);
        if octave == 0 { part } else { (PARTS + part) << (octave - 1) }
    }

    /// Values that were counted elsewhere: buckets in their order, none of them empty.
    pub(super) fn of_parts(filled: Vec<(u8, u32)>, sum: u64, most: u64) -> Self {
        Self { filled, sum, most }
    }

    /// What all of these have together. Each place is added to where it lies, which is a tenth of the work of
    /// finding it among those that are filled: heat maps are made of thousands of such sums a second.
    pub fn all_of<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut counts, mut sum, mut most) = ([0_u32; COUNT], 0_u64, 0_u64);
        for part in parts {
            for (bucket, count) in &part.filled {
                let at = usize::from(*bucket).min(COUNT - 1);
                counts[at] = counts[at].saturating_add(*count);
            }
            sum = sum.saturating_add(part.sum);
            most = most.max(part.most);
        }
        let filled = (0_u8..).zip(counts).filter(|(_, count)| *count > 0).collect();
        Self { filled, sum, most }
    }

    /// Takes one value in.
    pub fn add(&mut self, value: u64) {
        self.add_many(Self::of(value), 1);
        self.sum = self.sum.saturating_add(value);
        self.most = self.most.max(value);
    }

    /// How many values there are.
    pub fn len(&self) -> u64 {
        self.filled.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The largest value; 0 when there is none.
    pub fn most(&self) -> u64 {
        self.most
    }

    pub fn filled(&self) -> &[(u8, u32)] {
        &self.filled
    }

    /// The value that so many thousandths of all are not above, as the largest of its bucket and never more
    /// than the largest there was, where that is known; `None` when there is none.
    pub fn quantile(&self, thousandths: u64) -> Option<u64> {
        let all = self.len();
        let rank = (all * thousandths.min(1_000)).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.filled {
            seen += u64::from(*count);
            if seen >= rank {
                let end = Self::least(bucket.saturating_add(1)).saturating_sub(1);
                // What is counted while others look may have its bucket a moment before it is the largest.
                let is_known = self.most >= Self::least(*bucket);
                return Some(if is_known { end.min(self.most) } else { end });
            }
        }
        None
    }

    fn add_many(&mut self, bucket: u8, count: u32) {
        match self.filled.binary_search_by_key(&bucket, |(at, _)| *at) {
            Ok(at) => self.filled[at].1 = self.filled[at].1.saturating_add(count),
            Err(at) => self.filled.insert(at, (bucket, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_begins_where_the_one_before_ends_and_is_narrow() {
        for bucket in 0..(COUNT - 1) as u8 {
            let (least, next) = (Buckets::least(bucket), Buckets::least(bucket + 1));
            assert_eq!(Buckets::of(least), bucket);
            assert_eq!(Buckets::of(next - 1), bucket);
            assert!(next - least <= 1.max(least / 8), "bucket {bucket} goes from {least} to {next}");
        }
        assert_eq!(Buckets::of(u64::MAX), (COUNT - 1) as u8);
    }

    #[test]
    fn a_quantile_is_within_a_bucket_of_the_real_one() {
        let mut values: Vec<u64> = (0..5_000u64).map(|n| n * n % 90_007).collect();
        let mut buckets = Buckets::default();
        values.iter().for_each(|value| buckets.add(*value));
        values.sort_unstable();
        for thousandths in [1, 10, 500, 900, 990, 999, 1_000] {
            let rank = (values.len() as u64 * thousandths).div_ceil(1_000).max(1);
            let real = values[rank as usize - 1];
            let told = buckets.quantile(thousandths).expect("a value");
            assert!(told >= real && Buckets::of(told) == Buckets::of(real), "{thousandths}: {told}, {real}");
        }
        assert_eq!((buckets.len(), buckets.most()), (5_000, *values.last().expect("values")));
        assert_eq!(Buckets::default().quantile(500), None);
        let late = Buckets { filled: vec![(Buckets::of(900), 1)], sum: 0, most: 0 };
        assert!(late.quantile(990).is_some_and(|told| told >= 900), "{late:?}");
    }

    #[test]
    fn parts_come_to_the_whole() {
        let [mut one, mut two, mut all] = [(); 3].map(|()| Buckets::default());
        for value in 0..1_000u64 {
            if value % 3 == 0 {
                one.add(value * 7)
            } else {
                two.add(value * 7)
            }
            all.add(value * 7);
        }
        assert_eq!(Buckets::all_of([&one, &two, &Buckets::default()]), all);
        assert_eq!(Buckets::all_of([]), Buckets::default());
    }
}
