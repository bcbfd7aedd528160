//! Money as whole minor units. There is no floating point here and no silent overflow.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest amount that one order may come to, in minor units: a trillion, far under overflow.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// An amount in minor units (pence, cents; yen have none smaller). May be negative in the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Minor(pub i64);

/// The currencies of ISO 4217 that a shop may trade in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Currency {
    Gbp,
    Eur,
    Usd,
    Jpy,
}

impl Minor {
    pub const ZERO: Minor = Minor(0);

    pub fn checked_add(self, other: Minor) -> Option<Minor> {
        self.0.checked_add(other.0).map(Minor)
    }

    pub fn checked_sub(self, other: Minor) -> Option<Minor> {
        self.0.checked_sub(other.0).map(Minor)
    }

    /// `quantity` pieces at this price, or nothing when that is beyond [`MAX_AMOUNT`].
    pub fn times(self, quantity: u32) -> Option<Minor> {
        self.0.checked_mul(i64::from(quantity)).filter(|sum| sum.abs() <= MAX_AMOUNT).map(Minor)
    }

    /// The sum of the amounts, or nothing when it is beyond [`MAX_AMOUNT`].
    pub fn sum(amounts: impl IntoIterator<Item = Minor>) -> Option<Minor> {
        let total = amounts.into_iter().try_fold(Minor::ZERO, Minor::checked_add)?;
        (total.0.abs() <= MAX_AMOUNT).then_some(total)
    }

    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// For people: `£1,234.50`, or `¥1,234` for a currency without a minor unit.
    pub fn show(self, currency: Currency) -> String {
        let digits = currency.minor_digits();
        let unit = 10_u64.pow(digits);
        let (whole, rest) = (self.0.unsigned_abs() / unit, self.0.unsigned_abs() % unit);
        let sign = if self.0 < 0 { "-" } else { "" };
        let whole = grouped(whole);
        let symbol = currency.symbol();
        match digits {
            0 => format!("{sign}{symbol}{whole}"),
            n => format!("{sign}{symbol}{whole}.{rest:0width$}", width = n as usize),
        }
    }
}

impl Currency {
    pub const ALL: [Currency; 4] = [Currency::Gbp, Currency::Eur, Currency::Usd, Currency::Jpy];

    /// The currency of these three letters, in capitals.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code() == code)
    }

    /// The three letters of ISO 4217.
    pub const fn code(self) -> &'static str {
        match self {
            Currency::Gbp => "GBP",
            Currency::Eur => "EUR",
            Currency::Usd => "USD",
            Currency::Jpy => "JPY",
        }
    }

    pub const fn minor_digits(self) -> u32 {
        match self {
            Currency::Gbp | Currency::Eur | Currency::Usd => 2,
            Currency::Jpy => 0,
        }
    }

    const fn symbol(self) -> &'static str {
        match self {
            Currency::Gbp => "£",
            Currency::Eur => "€",
            Currency::Usd => "$",
            Currency::Jpy => "¥",
        }
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number with a comma before each three digits.
#[must_use]
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_in_their_currency() {
        assert_eq!(Minor(123_450).show(Currency::Gbp), "£1,234.50");
        assert_eq!(Minor(-5).show(Currency::Usd), "-$0.05");
        assert_eq!(Minor(1_234_567).show(Currency::Jpy), "¥1,234,567");
    }

    #[test]
    fn a_currency_is_found_by_its_code_alone() {
        for currency in Currency::ALL {
            assert_eq!(Currency::of_code(currency.code()), Some(currency));
        }
        assert!(["", "gbp", "GBP ", "XXX"].iter().all(|code| Currency::of_code(code).is_none()));
    }

    #[test]
    fn sums_stop_at_the_limit() {
        assert_eq!(Minor(MAX_AMOUNT).times(1), Some(Minor(MAX_AMOUNT)));
        assert_eq!(Minor(MAX_AMOUNT).times(2), None);
        assert_eq!(Minor(i64::MAX).times(u32::MAX), None);
        assert_eq!(Minor::sum([Minor(i64::MAX), Minor(1)]), None);
        assert_eq!(Minor::sum([Minor(2), Minor(-3)]), Some(Minor(-1)));
    }
}
