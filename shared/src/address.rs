//! Where goods are sent. It is the shopper's and the seller's business alone: neither the quote nor
//! anything else that the settlement sees, or that a receipt shows, holds an address or a trace of one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name of whoever gets the goods, in bytes.
pub const MAX_RECIPIENT_BYTES: usize = 100;
/// Most lines between the name and the town.
pub const MAX_STREET_LINES: usize = 3;
/// Longest of these lines, in bytes.
pub const MAX_STREET_BYTES: usize = 100;
/// Longest name of a town, in bytes.
pub const MAX_TOWN_BYTES: usize = 60;
/// Longest postcode, in bytes.
pub const MAX_POSTCODE_BYTES: usize = 16;
/// Longest telephone number, in bytes.
pub const MAX_PHONE_BYTES: usize = 24;

/// An address whose every part has been checked. It prints nowhere by itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AddressParts", into = "AddressParts")]
pub struct Address(AddressParts);

/// An address as it is written down, before anybody has checked it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressParts {
    pub name: String,
    /// Street, house, floor; at least one.
    pub lines: Vec<String>,
    pub town: String,
    /// Empty where there are none.
    pub postcode: String,
    /// Two letters (ISO 3166-1 alpha-2).
    pub country: String,
    /// Empty when there is none.
    pub phone: String,
}

/// Which part of an address is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAddress {
    Name,
    Lines,
    Town,
    Postcode,
    Country,
    Phone,
}

impl Address {
    /// An address of these parts, each without blanks around it, and without lines that are empty.
    ///
    /// # Errors
    /// The first part that is missing, too long, or holds what a label cannot: control characters and marks
    /// that turn the reading direction.
    pub fn new(parts: AddressParts) -> Result<Self, BadAddress> {
        let lines = parts.lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
        let parts = AddressParts {
            name: parts.name.trim().to_owned(),
            lines: lines.collect(),
            town: parts.town.trim().to_owned(),
            postcode: parts.postcode.trim().to_owned(),
            country: parts.country.trim().to_ascii_uppercase(),
            phone: parts.phone.trim().to_owned(),
        };
        let filled = |text: &str, most| !text.is_empty() && may_stand(text, most);
        let is_phone = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')' | '.' | '/');
        if !filled(&parts.name, MAX_RECIPIENT_BYTES) {
            return Err(BadAddress::Name);
        }
        let count = parts.lines.len();
        if count == 0 || count > MAX_STREET_LINES || !parts.lines.iter().all(|l| filled(l, MAX_STREET_BYTES))
        {
            return Err(BadAddress::Lines);
        }
        if !filled(&parts.town, MAX_TOWN_BYTES) {
            return Err(BadAddress::Town);
        }
        if !may_stand(&parts.postcode, MAX_POSTCODE_BYTES) {
            return Err(BadAddress::Postcode);
        }
        if parts.country.len() != 2 || !parts.country.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(BadAddress::Country);
        }
        if parts.phone.len() > MAX_PHONE_BYTES || !parts.phone.chars().all(is_phone) {
            return Err(BadAddress::Phone);
        }
        Ok(Self(parts))
    }

    pub fn parts(&self) -> &AddressParts {
        &self.0
    }

    /// The address on one line.
    pub fn in_one_line(&self) -> String {
        let AddressParts { name, lines, town, postcode, country, phone: _ } = &self.0;
        let mut parts = vec![name.as_str()];
        parts.extend(lines.iter().map(String::as_str));
        parts.extend([town.as_str(), postcode, country].into_iter().filter(|part| !part.is_empty()));
        parts.join(", ")
    }
}

/// Whether a text can stand on a label, and on a screen, without changing what is around it.
fn may_stand(text: &str, most: usize) -> bool {
    let turns = |c: char| {
        matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    text.len() <= most && !text.chars().any(|c| c.is_control() || turns(c))
}

impl TryFrom<AddressParts> for Address {
    type Error = BadAddress;

    fn try_from(parts: AddressParts) -> Result<Self, BadAddress> {
        Self::new(parts)
    }
}

impl From<Address> for AddressParts {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadAddress::Name => {
                write!(f, "name: 1 to {MAX_RECIPIENT_BYTES} bytes without control characters")
            }
            BadAddress::Lines => write!(
                f,
                "lines: 1 to {MAX_STREET_LINES}, each of 1 to {MAX_STREET_BYTES} bytes without control characters"
            ),
            BadAddress::Town => write!(f, "town: 1 to {MAX_TOWN_BYTES} bytes without control characters"),
            BadAddress::Postcode => {
                write!(f, "postcode: at most {MAX_POSTCODE_BYTES} bytes without control characters")
            }
            BadAddress::Country => f.write_str("country: two letters, as GB or JP (ISO 3166-1)"),
            BadAddress::Phone => {
                write!(f, "phone: at most {MAX_PHONE_BYTES} bytes of digits, blanks and + - ( ) . /")
            }
        }
    }
}

impl std::error::Error for BadAddress {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    fn parts() -> AddressParts {
        AddressParts {
            name: " Ada Lovelace ".into(),
            lines: vec!["12 St James's Square".into(), String::new()],
            town: "London".into(),
            postcode: "SW1Y 4JH".into(),
            country: "gb".into(),
            phone: String::new(),
        }
    }

    #[test]
    fn an_address_is_put_in_order() {
        let address = Address::new(parts()).unwrap();
        assert_eq!(address.in_one_line(), "Ada Lovelace, 12 St James's Square, London, SW1Y 4JH, GB");
        assert_eq!(format!("{address:?}"), "Address(..)");
        let again: Address = codec::decode(&codec::encode(&address)).unwrap();
        assert!(again == address);
    }

    #[test]
    fn what_no_label_can_hold_is_refused_by_its_part() {
        let with = |change: fn(&mut AddressParts)| {
            let mut parts = parts();
            change(&mut parts);
            // A peer's bytes go the same way.
            let read: Result<Address, _> = codec::decode(&codec::encode(&parts));
            assert!(read.is_err());
            Address::new(parts).unwrap_err()
        };
        assert_eq!(with(|p| p.name = "A\u{1b}[2J".into()), BadAddress::Name);
        assert_eq!(with(|p| p.name = "x".repeat(101)), BadAddress::Name);
        assert_eq!(with(|p| p.lines = vec![" ".into()]), BadAddress::Lines);
        assert_eq!(with(|p| p.lines = vec!["x".into(); 4]), BadAddress::Lines);
        assert_eq!(with(|p| p.lines[0] = "a\nb".into()), BadAddress::Lines);
        assert_eq!(with(|p| p.town = "\u{202e}nodnoL".into()), BadAddress::Town);
        assert_eq!(with(|p| p.postcode = "1".repeat(17)), BadAddress::Postcode);
        assert_eq!(with(|p| p.country = "England".into()), BadAddress::Country);
        assert_eq!(with(|p| p.country = "éa".into()), BadAddress::Country);
        assert_eq!(with(|p| p.phone = "call me".into()), BadAddress::Phone);
    }
}
