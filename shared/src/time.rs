//! Instants, days and months, all in UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime};
use zeroize::Zeroize;

/// Microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub u64);

/// A calendar month, as a card's expiry is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize, Serialize, Deserialize)]
pub struct YearMonth {
    year: u16,
    month: u8,
}

/// A calendar day, as a birth date is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize, Serialize, Deserialize)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is not the month or day it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadDate(pub &'static str);

impl Timestamp {
    /// What the machine's clock says. Only the outer rooms ask; the pure ones are told.
    pub fn from_system_clock() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self(since.map_or(0, |d| u64::try_from(d.as_micros()).unwrap_or(u64::MAX)))
    }

    pub const fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    pub const fn minus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds.saturating_mul(1_000_000)))
    }

    /// The month this instant lies in. Instants beyond the calendar count as its last month.
    pub fn month(self) -> YearMonth {
        let at = self.civil();
        YearMonth { year: u16::try_from(at.year()).unwrap_or(u16::MAX), month: u8::from(at.month()) }
    }

    /// The day this instant lies in.
    pub fn day(self) -> Day {
        let YearMonth { year, month } = self.month();
        Day { year, month, day: self.civil().day() }
    }

    fn civil(self) -> OffsetDateTime {
        let seconds = i64::try_from(self.0 / 1_000_000).unwrap_or(i64::MAX);
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(Date::MAX.midnight().assume_utc())
    }
}

impl YearMonth {
    /// Years after this are in no calendar here.
    const LAST_YEAR: u16 = 9_999;
    pub const FIRST: Self = Self { year: 0, month: 1 };
    pub const LAST: Self = Self { year: Self::LAST_YEAR, month: 12 };

    /// The month after this one; the last month of the calendar has none, and stays.
    #[must_use]
    pub fn next(self) -> Self {
        match (self.year, self.month) {
            (year, month @ 1..12) => Self { year, month: month + 1 },
            (Self::LAST_YEAR.., _) => self,
            (year, _) => Self { year: year + 1, month: 1 },
        }
    }

    /// The month before this one; the first of the calendar has none, and stays.
    #[must_use]
    pub fn previous(self) -> Self {
        match (self.year, self.month) {
            (year, month @ 2..) => Self { year, month: month - 1 },
            (0, _) => self,
            (year, _) => Self { year: year - 1, month: 12 },
        }
    }

    /// How many months this one is after another; none when it is before it.
    pub fn months_since(self, earlier: Self) -> u32 {
        let months = |at: Self| u32::from(at.year) * 12 + u32::from(at.month);
        months(self).saturating_sub(months(earlier))
    }

    /// The day of this month with this number. Every month has the days from 1 to 28, and no other
    /// number is taken for more than the nearest of them.
    pub fn day(self, number: u8) -> Day {
        Day { year: self.year, month: self.month, day: number.clamp(1, 28) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil();
        let (date, time) = (at.date(), at.time());
        write!(f, "{:04}-{:02}-{:02} ", date.year(), u8::from(date.month()), date.day())?;
        write!(f, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
    }
}

impl FromStr for YearMonth {
    type Err = BadDate;

    fn from_str(text: &str) -> Result<Self, BadDate> {
        let bad = BadDate("expected a month as YYYY-MM, such as 2029-08");
        let (year, month) = text.split_once('-').ok_or(bad)?;
        let month = fixed(month, 2).and_then(|m| u8::try_from(m).ok()).filter(|m| (1..=12).contains(m));
        Ok(Self { year: fixed(year, 4).ok_or(bad)?, month: month.ok_or(bad)? })
    }
}

impl FromStr for Day {
    type Err = BadDate;

    fn from_str(text: &str) -> Result<Self, BadDate> {
        let bad = BadDate("expected a day as YYYY-MM-DD, such as 1981-12-09");
        let mut parts = text.splitn(3, '-');
        let mut next = |digits| parts.next().and_then(|p| fixed(p, digits)).ok_or(bad);
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        let (month, day) = (u8::try_from(month).map_err(|_| bad)?, u8::try_from(day).map_err(|_| bad)?);
        let named = Month::try_from(month).map_err(|_| bad)?;
        Date::from_calendar_date(i32::from(year), named, day).map_err(|_| bad)?;
        Ok(Self { year, month, day })
    }
}

impl Day {
    /// The instant at which this day begins. Days before 1970 begin with the epoch.
    pub fn begins(self) -> Timestamp {
        let month = Month::try_from(self.month);
        let date = month.and_then(|month| Date::from_calendar_date(i32::from(self.year), month, self.day));
        let seconds = date.map_or(0, |date| date.midnight().assume_utc().unix_timestamp());
        Timestamp(u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000))
    }
}

fn fixed(text: &str, digits: usize) -> Option<u16> {
    let all_digits = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BadDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadDate {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days_are_taken_only_as_written() {
        assert_eq!("2029-08".parse::<YearMonth>().map(|m| m.to_string()), Ok("2029-08".into()));
        assert_eq!("1980-02-29".parse::<Day>().map(|d| d.to_string()), Ok("1980-02-29".into()));
        for bad in ["", "2029", "2029-13", "2029-00", "29-08", "2029-8", "+029-08", "2029-08-01"] {
            assert!(bad.parse::<YearMonth>().is_err(), "{bad}");
        }
        for bad in ["", "1981-02-29", "1981-2-9", "1981-12-00", "1981-12-09-1", "x"] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }

    #[test]
    fn months_follow_each_other_over_the_turn_of_the_year() {
        let month = |text: &str| text.parse::<YearMonth>().expect("a month");
        assert_eq!((month("2026-11").next(), month("2026-12").next()), (month("2026-12"), month("2027-01")));
        assert_eq!(
            (month("2027-01").previous(), month("2026-12").previous()),
            (month("2026-12"), month("2026-11"))
        );
        assert_eq!(
            (month("9999-12").next(), month("0000-01").previous()),
            (month("9999-12"), month("0000-01"))
        );
        assert_eq!(month("2027-02").months_since(month("2026-11")), 3);
        assert_eq!(month("2026-11").months_since(month("2027-02")), 0);
        assert_eq!(month("2027-02").day(21).to_string(), "2027-02-21");
        assert_eq!(month("2027-02").day(31).to_string(), "2027-02-28");
        assert_eq!(Timestamp(1_291_192_000_000_000).day().to_string(), "2010-12-01");
    }

    #[test]
    fn a_day_begins_at_its_first_instant() {
        let begins = |text: &str| text.parse::<Day>().expect("a day").begins();
        assert_eq!(begins("2010-12-01").to_string(), "2010-12-01 00:00:00");
        assert_eq!((begins("1970-01-02"), begins("1969-12-31")), (Timestamp(86_400_000_000), Timestamp(0)));
    }

    #[test]
    fn an_instant_knows_its_month() {
        let at = Timestamp(1_291_192_000_000_000);
        assert_eq!(at.to_string(), "2010-12-01 08:26:40");
        assert_eq!(at.month(), "2010-12".parse().expect("a month"));
        assert_eq!(Timestamp(u64::MAX).month(), Timestamp(u64::MAX - 1).month());
    }
}
