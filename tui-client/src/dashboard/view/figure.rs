//! Figures as people read them: three digits that matter, and a unit.

use kessai_shared::money::grouped;
use kessai_shared::time::Timestamp;

/// A number of things.
pub fn count(value: u64) -> String {
    grouped(value)
}

/// A gauge, which may be below nothing.
pub fn signed(value: i64) -> String {
    let size = grouped(value.unsigned_abs());
    if value < 0 { format!("-{size}") } else { size }
}

/// Tenths, as a number a second.
pub fn rate(tenths: u64) -> String {
    if tenths >= 1_000 { format!("{}/s", grouped(tenths / 10)) } else { format!("{}/s", tenth(tenths)) }
}

/// A time in microseconds.
pub fn micros(value: u64) -> String {
    match value {
        0..1_000 => format!("{value} µs"),
        1_000..1_000_000 => format!("{} ms", three(value, 1_000)),
        1_000_000..120_000_000 => format!("{} s", three(value, 1_000_000)),
        _long => span(value / 1_000_000),
    }
}

/// A time in seconds, in the largest unit that leaves two digits.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _days => format!("{} d", grouped(seconds / 86_400)),
    }
}

/// A number of bytes, in units of a thousand.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut unit, mut size) = (0, 1_u64);
    while unit + 1 < UNITS.len() && value / size >= 1_000 {
        (unit, size) = (unit + 1, size * 1_000);
    }
    if unit == 0 { format!("{value} B") } else { format!("{} {}", three(value, size), UNITS[unit]) }
}

/// The time of day of an instant, to the second.
pub fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.split_once(' ').map_or_else(|| text.clone(), |(_, time)| time.to_owned())
}

/// Three digits of `value / unit`.
fn three(value: u64, unit: u64) -> String {
    let whole = value / unit;
    match whole {
        0..10 => {
            let hundredths = value.saturating_mul(100) / unit;
            format!("{}.{:02}", hundredths / 100, hundredths % 100)
        }
        10..100 => tenth(value.saturating_mul(10) / unit),
        _large => grouped(whole),
    }
}

fn tenth(tenths: u64) -> String {
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_enough() {
        assert_eq!(
            [micros(999), micros(1_234), micros(12_345), micros(123_456)],
            ["999 µs", "1.23 ms", "12.3 ms", "123 ms"]
        );
        assert_eq!([micros(1_500_000), micros(600_000_000)], ["1.50 s", "10 min"]);
        assert_eq!(
            [bytes(999), bytes(1_000), bytes(12_345_678), bytes(u64::MAX)],
            ["999 B", "1.00 kB", "12.3 MB", "18,446 PB"]
        );
        assert_eq!([rate(0), rate(15), rate(12_345)], ["0.0/s", "1.5/s", "1,234/s"]);
        assert_eq!([span(119), span(120), span(7_200), span(172_800)], ["119 s", "2 min", "2 h", "2 d"]);
        assert_eq!([signed(-1_234), signed(5)], ["-1,234", "5"]);
        assert_eq!(clock(Timestamp(1_700_000_000_000_000)), "22:13:20");
    }
}
