//! The cards that are planted: numbers that exist nowhere else, and the tables they stand in.

use std::fs;
use std::path::{Path, PathBuf};

use kessai_shared::card::CardNumber;
use kessai_shared::console::Failure;
use kessai_shared::digest::sha256;
use kessai_shared::money::Minor;

use crate::search::encodings::OF_NUMBERS;
use crate::search::scanner::{Needles, Scanner};

/// What is sold, one piece a purchase.
pub const SKU: &str = "TEA";
pub const PRICE: Minor = Minor(450);
/// The month that every card is good for.
pub const EXPIRY: &str = "2090-06";
/// Separates these numbers from any others.
const LABEL: &[u8] = b"kessai figures card v1";
/// What a number begins with: a range that no issuer has.
const NUMBER_START: &str = "999999";

/// How a purchase with a card is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Approved,
    OverLimit,
    Expired,
    UnknownCard,
    WrongName,
}

impl Fate {
    /// Three of five are approved.
    fn of(nth: usize) -> Self {
        match (nth % 5, nth / 5 % 4) {
            (2, 0) => Self::OverLimit,
            (2, 1) => Self::Expired,
            (2, 2) => Self::UnknownCard,
            (2, _) => Self::WrongName,
            (4, 0) => Self::Expired,
            (4, 1) => Self::UnknownCard,
            (4, 2) => Self::WrongName,
            (4, _) => Self::OverLimit,
            _ => Self::Approved,
        }
    }

    /// The response code that it has to have.
    pub fn code(self) -> &'static str {
        match self {
            Self::Approved => "00",
            Self::OverLimit => "51",
            Self::Expired => "54",
            Self::UnknownCard => "14",
            Self::WrongName => "05",
        }
    }
}

/// One planted card.
#[derive(Clone, Debug)]
pub struct Planted {
    pub number: String,
    pub name: String,
    pub birth_date: String,
    pub fate: Fate,
}

impl Planted {
    /// The columns that a shopper knows.
    fn given(&self) -> String {
        let name = if self.fate == Fate::WrongName { "SOMEBODY ELSE" } else { &self.name };
        let expiry = if self.fate == Fate::Expired { "2011-12" } else { EXPIRY };
        format!("{},{name},{},{expiry}", self.number, self.birth_date)
    }

    /// The columns that the card company has.
    fn account(&self) -> String {
        let expiry = if self.fate == Fate::Expired { "2011-12" } else { EXPIRY };
        let limit = if self.fate == Fate::OverLimit { PRICE.0 - 1 } else { 1_000_000 };
        format!("{},{},{},{expiry},{limit},0,0,0;0;0;0;0", self.number, self.name, self.birth_date)
    }
}

/// So many cards, the same in every run. The last is for the purchase that is stopped on its way, and is
/// approved in the end.
///
/// # Errors
/// [`Failure`] never for any count; the text only says what could not be made.
pub fn planted(purchases: usize) -> Result<Vec<Planted>, Failure> {
    let planted = (0..purchases).map(|nth| card(nth, Fate::of(nth)));
    planted.chain([card(purchases, Fate::Approved)]).collect()
}

/// A number of no account at all, for controls and guesses.
///
/// # Errors
/// As [`planted`].
pub fn stranger_number(nth: usize) -> Result<String, Failure> {
    Ok(card(nth + 1_000_000, Fate::UnknownCard)?.number)
}

fn card(nth: usize, fate: Fate) -> Result<Planted, Failure> {
    let digest = sha256(&[LABEL, &nth.to_le_bytes()]);
    let digits: String = digest.iter().take(9).map(|byte| char::from(b'0' + byte % 10)).collect();
    let number = CardNumber::with_check_digit(&format!("{NUMBER_START}{digits}"));
    let number = number.map_err(Failure::failed)?.digits().to_owned();
    let birth_date =
        format!("19{}-{:02}-{:02}", 30 + digest[10] % 50, 1 + digest[11] % 12, 1 + digest[12] % 28);
    Ok(Planted { number, name: format!("PLANTED HOLDER {nth}"), birth_date, fate })
}

/// The files of a shop.
pub struct Tables {
    pub products: PathBuf,
    pub accounts: PathBuf,
    /// The shopper's own.
    pub cards: PathBuf,
}

/// Writes them.
///
/// # Errors
/// [`Failure`] when the folder cannot be written.
pub fn write(cards: &[Planted], folder: &Path) -> Result<Tables, Failure> {
    fs::create_dir_all(folder)?;
    let write = |name: &str, head: &str, rows: Vec<String>| -> Result<PathBuf, Failure> {
        let path = folder.join(name);
        fs::write(&path, format!("{head}\n{}\n", rows.join("\n")))?;
        Ok(path)
    };
    let product = format!("{SKU},Sencha,{},1000000", PRICE.0);
    let known = cards.iter().filter(|card| card.fate != Fate::UnknownCard);
    let columns = "card_number,name,birth_date,expiry";
    let accounts = format!("{columns},limit_pence,balance_pence,months_late,late_history");
    Ok(Tables {
        products: write("products.csv", "sku,name,unit_price_pence,stock", vec![product])?,
        accounts: write("accounts.csv", &accounts, known.map(Planted::account).collect())?,
        cards: write("cards.csv", columns, cards.iter().map(Planted::given).collect())?,
    })
}

/// The search for these numbers in every encoding.
pub fn scanner(cards: &[Planted]) -> Scanner {
    let mut needles = Needles::default();
    cards.iter().for_each(|card| needles.plant(&card.number, &OF_NUMBERS));
    needles.scanner()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_is_another_and_some_are_declined() {
        let cards = planted(40).unwrap();
        let numbers: BTreeSet<_> = cards.iter().map(|card| card.number.clone()).collect();
        assert_eq!(numbers.len(), 41);
        assert!(!numbers.contains(&stranger_number(0).unwrap()));
        let codes: BTreeSet<_> = cards.iter().map(|card| card.fate.code()).collect();
        assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["00", "05", "14", "51", "54"]);
        let approved = cards.iter().filter(|card| card.fate == Fate::Approved).count();
        assert_eq!((approved, cards[40].fate), (25, Fate::Approved));
    }
}
