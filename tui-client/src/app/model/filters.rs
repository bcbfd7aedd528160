//! What narrows the list besides words: the form in which it is chosen.

use kessai_shared::money::{Currency, MAX_AMOUNT, Minor};
use kessai_shared::storefront::{PriceRange, Search, Sort};

use crate::app::TextField;

/// Longest price that can be typed, in bytes: the largest amount there is, with its point.
const MAX_PRICE_BYTES: usize = 14;

pub struct FilterForm {
    pub row: FilterRow,
    pub least: TextField,
    pub most: TextField,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterRow {
    InStock,
    Least,
    Most,
    Sort,
}

impl FilterRow {
    pub const ALL: [FilterRow; 4] = [FilterRow::InStock, FilterRow::Least, FilterRow::Most, FilterRow::Sort];
}

impl FilterForm {
    /// The form as it stands for `search`.
    pub fn of(search: &Search, currency: Currency) -> Self {
        let field = |price: Option<Minor>| {
            let text = price.map(|price| written(price, currency)).unwrap_or_default();
            TextField::with(MAX_PRICE_BYTES, &text)
        };
        let PriceRange { least, most } = search.price;
        Self { row: FilterRow::InStock, least: field(least), most: field(most) }
    }

    /// The field that is typed into on this row, if it is one with a field.
    pub fn field(&mut self) -> Option<&mut TextField> {
        match self.row {
            FilterRow::Least => Some(&mut self.least),
            FilterRow::Most => Some(&mut self.most),
            FilterRow::InStock | FilterRow::Sort => None,
        }
    }

    /// The prices as typed; what is no price yet counts for nothing.
    pub fn price(&self, currency: Currency) -> PriceRange {
        let read = |field: &TextField| read(field.text(), currency).unwrap_or_default();
        PriceRange { least: read(&self.least), most: read(&self.most) }
    }

    /// Whether each price is one, and the first is not above the second.
    pub fn is_sound(&self, currency: Currency) -> bool {
        let (least, most) = (read(self.least.text(), currency), read(self.most.text(), currency));
        match (least, most) {
            (Some(Some(least)), Some(Some(most))) => least <= most,
            (Some(_), Some(_)) => true,
            (None, _) | (_, None) => false,
        }
    }
}

/// The order after this one, or before it, as a wheel.
pub fn turned(sort: Sort, by: isize) -> Sort {
    let at = Sort::ALL.iter().position(|one| *one == sort).unwrap_or(0);
    let to = at.checked_add_signed(by).unwrap_or(Sort::ALL.len() - 1) % Sort::ALL.len();
    Sort::ALL[to]
}

/// Reads a price as it is typed: whole units, and perhaps a point and the minor ones. No text is no price;
/// `None` means that the text is none.
fn read(text: &str, currency: Currency) -> Option<Option<Minor>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    let (units, minors) = text.split_once('.').unwrap_or((text, ""));
    let places = currency.minor_digits() as usize;
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if units.is_empty() || !all_digits(units) || !all_digits(minors) || minors.len() > places {
        return None;
    }
    let amount: i64 = format!("{units}{minors:0<places$}").parse().ok()?;
    (amount <= MAX_AMOUNT).then_some(Some(Minor(amount)))
}

/// The price as it would be typed.
fn written(price: Minor, currency: Currency) -> String {
    let places = currency.minor_digits();
    let unit = 10_u64.pow(places);
    let (units, minors) = (price.0.unsigned_abs() / unit, price.0.unsigned_abs() % unit);
    match minors {
        0 => units.to_string(),
        _ => format!("{units}.{minors:0width$}", width = places as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_as_people_write_it() {
        let gbp = |text| read(text, Currency::Gbp);
        assert_eq!(gbp(""), Some(None));
        assert_eq!(gbp(" 5 "), Some(Some(Minor(500))));
        assert_eq!(gbp("5."), Some(Some(Minor(500))));
        assert_eq!(gbp("12.5"), Some(Some(Minor(1_250))));
        assert_eq!(gbp("0.05"), Some(Some(Minor(5))));
        assert_eq!(read("1200", Currency::Jpy), Some(Some(Minor(1_200))));
        assert_eq!(gbp("10000000000.00"), Some(Some(Minor(MAX_AMOUNT))));
        for wrong in [".", ".5", "1.234", "1,5", "-1", "1e3", "10000000000.01", "99999999999999", "١"] {
            assert_eq!(gbp(wrong), None, "{wrong}");
        }
        assert_eq!(read("1.0", Currency::Jpy), None);
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for currency in Currency::ALL {
            for amount in [0, 5, 50, 100, 1_234, MAX_AMOUNT] {
                let text = written(Minor(amount), currency);
                assert!(text.len() <= MAX_PRICE_BYTES);
                assert_eq!(read(&text, currency), Some(Some(Minor(amount))), "{text}");
            }
        }
    }

    #[test]
    fn the_orders_are_a_wheel() {
        let mut sort = Sort::Best;
        for _ in 0..Sort::ALL.len() {
            assert_eq!(turned(turned(sort, 1), -1), sort);
            sort = turned(sort, 1);
        }
        assert_eq!(sort, Sort::Best);
        assert_eq!(turned(Sort::Best, -1), Sort::Stock);
    }
}
