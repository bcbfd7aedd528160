//! Figures over time: one row of bars, and how often what was measured, as shades.
//!
//! What is drawn does not move by one column each second, because all of it would have to be written to the
//! terminal each time: a row fills up to its end and then moves on by some columns at once.

use kessai_shared::measure::{Buckets, Count, Gauge, Spread};

use crate::dashboard::feed::Sight;
use crate::dashboard::hour;

/// The share of a row's columns that is free after it has moved on.
const FREE_SHARE: usize = 6;

const BARS: [&str; 9] = ["▁", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII_BARS: [&str; 9] = ["_", ".", ":", "-", "=", "+", "*", "%", "@"];
const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
const ASCII_SHADES: [&str; 5] = [" ", ".", ":", "*", "#"];

/// The seconds of each column, the oldest first, as the first and the last place of each. The last columns may
/// be yet to come.
pub fn columns(sight: Sight<'_>, width: usize) -> impl Iterator<Item = (i64, i64)> {
    let width = i64::try_from(width.max(1)).unwrap_or(1);
    let stride = (width / FREE_SHARE as i64).max(1);
    let unit = sight.step.max(1).saturating_mul(stride);
    // The first place after the row.
    let past = sight.end.div_euclid(unit).saturating_add(1).saturating_mul(unit);
    let first = past.saturating_sub(width.saturating_mul(sight.step));
    (0..width).map(move |at| {
        let from = first.saturating_add(at.saturating_mul(sight.step));
        (from, from.saturating_add(sight.step - 1).min(sight.end))
    })
}

/// How often something happened a second in each column, in tenths; `None` where nothing is known.
pub fn counts(sight: Sight<'_>, what: &[Count], width: usize) -> Vec<Option<u64>> {
    columns(sight, width)
        .map(|(from, to)| {
            let (mut seconds, mut sum) = (0_u64, 0_u64);
            for second in sight.hour.range(from, to) {
                (seconds, sum) = (seconds + 1, sum.saturating_add(hour::counts(second, what)));
            }
            sum.saturating_mul(10).checked_div(seconds)
        })
        .collect()
}

/// The most that a gauge was in each column.
pub fn gauges(sight: Sight<'_>, what: Gauge, width: usize) -> Vec<Option<u64>> {
    columns(sight, width)
        .map(|(from, to)| {
            let values = sight.hour.range(from, to).filter_map(|second| hour::gauge(second, what));
            values.max().map(|value| u64::try_from(value).unwrap_or(0))
        })
        .collect()
}

/// A quantile of each column, in thousandths of all that was measured in it.
pub fn quantiles(sight: Sight<'_>, what: Spread, thousandths: u64, width: usize) -> Vec<Option<u64>> {
    columns(sight, width).map(|(from, to)| merged(sight, what, from, to).quantile(thousandths)).collect()
}

fn merged(sight: Sight<'_>, what: Spread, from: i64, to: i64) -> Buckets {
    Buckets::all_of(sight.hour.range(from, to).filter_map(|second| hour::spread(second, what)))
}

/// One row of bars, as high as the values are to the largest of them.
pub fn bars(values: &[Option<u64>], ascii: bool) -> String {
    let signs = if ascii { &ASCII_BARS } else { &BARS };
    let most = values.iter().flatten().copied().max().unwrap_or(0).max(1);
    let sign = |value: &Option<u64>| match value {
        None => " ",
        Some(0) => signs[0],
        Some(value) => {
            let eighth = (u128::from(*value) * 8).div_ceil(u128::from(most));
            signs[usize::try_from(eighth).unwrap_or(8).clamp(1, 8)]
        }
    };
    values.iter().map(sign).collect()
}

/// A share of a whole as a bar of so many columns.
pub fn share(part: u64, whole: u64, width: usize, ascii: bool) -> String {
    let full = u128::from(part) * width as u128 / u128::from(whole.max(1));
    let full = usize::try_from(full).unwrap_or(width).clamp(usize::from(part > 0), width);
    let (on, off) = if ascii { ("#", ".") } else { ("█", "░") };
    format!("{}{}", on.repeat(full), off.repeat(width - full))
}

/// A heat map: a row for each range of values, the largest first, and how dark each column of it is.
pub struct Heat {
    /// What the least value of each row is.
    pub rows: Vec<(u64, String)>,
}

/// How often values of each range were measured in each column, in so many rows.
pub fn heat(sight: Sight<'_>, what: Spread, width: usize, rows: usize, ascii: bool) -> Heat {
    let columns: Vec<Buckets> =
        columns(sight, width).map(|(from, to)| merged(sight, what, from, to)).collect();
    let filled = || columns.iter().flat_map(|column| column.filled().iter().map(|(bucket, _)| *bucket));
    let (low, high) = (filled().min().unwrap_or(0), filled().max().unwrap_or(0));
    let rows = rows.max(1);
    // Rounded, so that one value more does not move all that is drawn.
    let mut each = 1;
    while (usize::from(high) / each + 1).saturating_sub(usize::from(low) / each) > rows {
        each *= 2;
    }
    let low = usize::from(low) / each * each;
    let row_of = |bucket: u8| (usize::from(bucket) - low) / each;
    let mut cells = vec![vec![0_u64; columns.len()]; rows];
    for (x, column) in columns.iter().enumerate() {
        for (bucket, times) in column.filled() {
            if let Some(cell) = cells.get_mut(row_of(*bucket)).and_then(|row| row.get_mut(x)) {
                *cell = cell.saturating_add(u64::from(*times));
            }
        }
    }
    let most = cells.iter().flatten().copied().max().unwrap_or(0);
    let signs = if ascii { &ASCII_SHADES } else { &SHADES };
    let shade = |cell: &u64| signs[shade_of(*cell, most)];
    let told = cells.iter().enumerate().rev().map(|(at, row)| {
        let bucket = u8::try_from(low + at * each).unwrap_or(u8::MAX);
        (Buckets::least(bucket), row.iter().map(shade).collect())
    });
    Heat { rows: told.collect() }
}

/// How dark a cell is: by the root of its size, so that what is rare is seen beside what is frequent.
fn shade_of(cell: u64, most: u64) -> usize {
    if cell == 0 {
        return 0;
    }
    let fits = |shade: &usize| u128::from(cell) * 16 <= u128::from(most) * (shade * shade) as u128;
    (1..4).find(fits).unwrap_or(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::hour::Hour;

    #[test]
    fn bars_are_as_high_as_values_are_large() {
        assert_eq!(bars(&[None, Some(0), Some(1), Some(4), Some(8)], false), " ▁▁▄█");
        assert_eq!(bars(&[None, Some(0), Some(1), Some(4), Some(8)], true), " _.=@");
        assert_eq!(bars(&[Some(u64::MAX), Some(1)], true), "@.");
        assert_eq!(bars(&[], true), "");
        assert_eq!(share(1, 4, 8, true), "##......");
        assert_eq!(share(1, 1_000, 4, true), "#...");
        assert_eq!(share(0, 0, 4, true), "....");
    }

    #[test]
    fn a_row_stands_still_until_it_is_full() {
        let hour = Hour::default();
        let firsts: Vec<i64> = (0..24)
            .map(|end| {
                let sight = Sight { hour: &hour, end, step: 1 };
                columns(sight, 24).next().map_or(0, |(from, _)| from)
            })
            .collect();
        assert!(firsts[..4].iter().all(|first| *first == firsts[0]), "{firsts:?}");
        assert_eq!(firsts[4], firsts[0] + 4);
        for end in 0..100 {
            let sight = Sight { hour: &hour, end, step: 5 };
            let all: Vec<_> = columns(sight, 20).collect();
            assert!(
                all.iter().any(|(from, to)| (*from..=*to).contains(&end)),
                "{end} is in no column: {all:?}"
            );
            assert_eq!(all.len(), 20);
        }
    }

    #[test]
    fn what_is_rare_is_seen_beside_what_is_frequent() {
        assert_eq!([0, 1, 250, 500, 1_000].map(|cell| shade_of(cell, 1_000)), [0, 1, 2, 3, 4]);
        assert_eq!(shade_of(1, 1), 4);
    }
}
