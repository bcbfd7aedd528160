//! A card as its holder knows it. Nothing here derives Debug, and everything is wiped when dropped.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::time::{Day, YearMonth};

/// Fewest and most digits of a primary account number (ISO/IEC 7812-1).
pub const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;
/// Longest name on a card, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// A primary account number: digits only. Whether it passes Luhn is for the decision to say.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct CardNumber(String);

/// The name on a card.
#[derive(Clone, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct HolderName(String);

/// What the holder of a card can tell about it; all of it together is what a purchase seals.
#[derive(Clone, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct Particulars {
    pub number: CardNumber,
    pub name: HolderName,
    pub birth_date: Day,
    pub expiry: YearMonth,
}

/// Why a text is not a card number or name. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCard(pub &'static str);

impl CardNumber {
    /// The number that begins so and ends with the check digit of these digits.
    ///
    /// # Errors
    /// [`BadCard`] when that is not 12 to 19 digits.
    pub fn with_check_digit(start: &str) -> Result<Self, BadCard> {
        let ended = |check: u32| Self::try_from(format!("{start}{check}"));
        // Of ten digits one is right, whatever stands before it.
        (1..10).map(ended).find(|number| number.as_ref().is_ok_and(Self::passes_luhn)).unwrap_or(ended(0))
    }

    /// Whether the last digit is the check digit of the others (ISO/IEC 7812-1 annex B).
    pub fn passes_luhn(&self) -> bool {
        let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
        let digits = self.0.bytes().rev().map(|b| u32::from(b - b'0'));
        let sum: u32 = digits.enumerate().map(|(at, d)| if at % 2 == 1 { doubled(d) } else { d }).sum();
        sum.is_multiple_of(10)
    }

    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The number as screens show it: the last four digits only.
    pub fn masked(&self) -> String {
        format!("•••• {}", &self.0[self.0.len() - 4..])
    }
}

impl HolderName {
    /// The form that names are compared in: upper case, one space between words.
    pub fn canonical(&self) -> Zeroizing<String> {
        // A letter takes at most three times its room in upper case, and text that outgrows its room
        // leaves a copy of itself behind.
        let mut name = Zeroizing::new(String::with_capacity(3 * self.0.len()));
        for word in self.0.split_whitespace() {
            if !name.is_empty() {
                name.push(' ');
            }
            name.extend(word.chars().flat_map(char::to_uppercase));
        }
        name
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CardNumber {
    type Err = BadCard;

    /// Digits, with single spaces or hyphens between groups as people type them.
    fn from_str(text: &str) -> Result<Self, BadCard> {
        // With room from the start: text that outgrows its room leaves a copy of itself behind.
        let mut digits = String::with_capacity(text.len());
        digits.extend(text.trim().chars().filter(|c| !matches!(c, ' ' | '-')));
        Self::try_from(digits)
    }
}

impl FromStr for HolderName {
    type Err = BadCard;

    fn from_str(text: &str) -> Result<Self, BadCard> {
        Self::try_from(text.trim().to_owned())
    }
}

impl TryFrom<String> for CardNumber {
    type Error = BadCard;

    fn try_from(digits: String) -> Result<Self, BadCard> {
        let digits = Zeroizing::new(digits);
        let well_formed = NUMBER_DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !well_formed {
            return Err(BadCard("a card number has 12 to 19 digits"));
        }
        Ok(Self(digits.as_str().to_owned()))
    }
}

impl TryFrom<String> for HolderName {
    type Error = BadCard;

    fn try_from(name: String) -> Result<Self, BadCard> {
        let name = Zeroizing::new(name);
        let shown = !name.trim().is_empty() && name.len() <= MAX_NAME_BYTES;
        if !shown || name.chars().any(char::is_control) {
            return Err(BadCard("a name on a card has 1 to 64 bytes and no control characters"));
        }
        Ok(Self(name.as_str().to_owned()))
    }
}

impl fmt::Display for BadCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadCard {}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> CardNumber {
        text.parse().expect("a card number")
    }

    #[test]
    fn luhn_finds_every_single_wrong_digit() {
        let right = "9999990000000014";
        assert!(number(right).passes_luhn());
        for at in 0..right.len() {
            for digit in b'0'..=b'9' {
                let mut bytes = right.as_bytes().to_vec();
                if bytes[at] != digit {
                    bytes[at] = digit;
                    assert!(!number(std::str::from_utf8(&bytes).expect("digits")).passes_luhn());
                }
            }
        }
    }

    #[test]
    fn every_start_has_its_check_digit() {
        for at in 0..1_000 {
            let start = format!("999999{at:09}");
            let ended = CardNumber::with_check_digit(&start).expect("a number");
            assert!(ended.passes_luhn() && ended.digits().starts_with(&start));
        }
        for bad in ["", "9999990000", "9999990000000000000", "99999900000000x"] {
            assert!(CardNumber::with_check_digit(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_taken_as_people_write_them() {
        assert!(number("9999 9900 0000 0014") == number("9999-9900-0000-0014"));
        for bad in ["", "99999900000", "99999900000000140000", "9999 9900 0000 001x"] {
            assert!(bad.parse::<CardNumber>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_compared_without_case_and_spacing() {
        let name: HolderName = " Ada   lovelace ".parse().expect("a name");
        assert_eq!(name.canonical().as_str(), "ADA LOVELACE");
        let long = |c: char| c.to_uppercase().map(char::len_utf8).sum::<usize>();
        assert!(('\0'..=char::MAX).all(|c| long(c) <= 3 * c.len_utf8()), "a name outgrows its room");
        assert!("\u{7}".parse::<HolderName>().is_err() && " ".parse::<HolderName>().is_err());
    }
}
