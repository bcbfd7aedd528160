//! The form for a card that is not on the list. What is typed is wiped when the form goes.

use kessai_shared::card::{MAX_NAME_BYTES, NUMBER_DIGITS, Particulars};
use zeroize::Zeroizing;

/// Longest text of the number field: all digits with a separator after each.
pub const MAX_NUMBER_CHARS: usize = 2 * *NUMBER_DIGITS.end();
/// Most bytes a field ever holds. The buffers have this size from the start, because a buffer that
/// grows leaves an unwiped copy of itself behind.
const FIELD_BYTES: usize = if MAX_NAME_BYTES > MAX_NUMBER_CHARS { MAX_NAME_BYTES } else { MAX_NUMBER_CHARS };
const BIRTH_DATE_CHARS: usize = 10;
const EXPIRY_CHARS: usize = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Number,
    Name,
    BirthDate,
    Expiry,
}

pub struct CardForm {
    pub field: Field,
    /// The id of what is wrong with the field.
    pub problem: Option<&'static str>,
    texts: [Zeroizing<String>; 4],
}

impl Default for CardForm {
    fn default() -> Self {
        let texts = std::array::from_fn(|_| Zeroizing::new(String::with_capacity(FIELD_BYTES)));
        Self { field: Field::Number, problem: None, texts }
    }
}

impl CardForm {
    /// Adds to the field what it can hold, and leaves out what it cannot.
    pub fn type_in(&mut self, text: &str) {
        let field = self.field;
        let into = &mut self.texts[field as usize];
        for c in text.chars().filter(|c| field.takes(*c)) {
            let full = into.chars().count() >= field.max_chars() || into.len() + c.len_utf8() > FIELD_BYTES;
            if !full {
                into.push(c);
            }
        }
        self.problem = None;
    }

    pub fn erase(&mut self) {
        self.texts[self.field as usize].pop();
        self.problem = None;
    }

    /// What a screen may show of a field: of the number never more than its last four digits, and
    /// those only once it is long enough for them to be the last four of a card.
    pub fn shown(&self, field: Field) -> Zeroizing<String> {
        let text = &self.texts[field as usize];
        match field {
            Field::Number => masked(text),
            Field::Name | Field::BirthDate | Field::Expiry => text.clone(),
        }
    }

    /// The card, when every field is right; otherwise the cursor goes to the first that is not.
    pub fn read(&mut self) -> Option<Particulars> {
        let read = self.parse();
        match read {
            Ok(card) => Some(card),
            Err((field, problem)) => {
                self.field = field;
                self.problem = Some(problem);
                None
            }
        }
    }

    /// Whether the field the cursor is in is right by itself.
    pub fn check_field(&mut self) -> bool {
        let problem = match self.parse() {
            Err((field, problem)) if field == self.field => Some(problem),
            Ok(_) | Err(_) => None,
        };
        self.problem = problem;
        problem.is_none()
    }

    fn parse(&self) -> Result<Particulars, (Field, &'static str)> {
        let text = |field: Field| self.texts[field as usize].trim();
        Ok(Particulars {
            number: text(Field::Number).parse().map_err(|_| (Field::Number, "card-number-wrong"))?,
            name: text(Field::Name).parse().map_err(|_| (Field::Name, "card-name-wrong"))?,
            birth_date: text(Field::BirthDate)
                .parse()
                .map_err(|_| (Field::BirthDate, "card-birth-date-wrong"))?,
            expiry: text(Field::Expiry).parse().map_err(|_| (Field::Expiry, "card-expiry-wrong"))?,
        })
    }
}

impl Field {
    pub const ALL: [Field; 4] = [Field::Number, Field::Name, Field::BirthDate, Field::Expiry];

    /// The id of what the field is called.
    pub const fn label(self) -> &'static str {
        match self {
            Field::Number => "card-number",
            Field::Name => "card-name",
            Field::BirthDate => "card-birth-date",
            Field::Expiry => "card-expiry",
        }
    }

    /// The id of what to type, shown while the field is empty.
    pub const fn hint(self) -> &'static str {
        match self {
            Field::Number => "card-number-hint",
            Field::Name => "card-name-hint",
            Field::BirthDate => "card-birth-date-hint",
            Field::Expiry => "card-expiry-hint",
        }
    }

    pub const fn next(self) -> Option<Field> {
        match self {
            Field::Number => Some(Field::Name),
            Field::Name => Some(Field::BirthDate),
            Field::BirthDate => Some(Field::Expiry),
            Field::Expiry => None,
        }
    }

    pub const fn before(self) -> Option<Field> {
        match self {
            Field::Number => None,
            Field::Name => Some(Field::Number),
            Field::BirthDate => Some(Field::Name),
            Field::Expiry => Some(Field::BirthDate),
        }
    }

    fn takes(self, c: char) -> bool {
        match self {
            Field::Number => c.is_ascii_digit() || matches!(c, ' ' | '-'),
            Field::Name => !c.is_control(),
            Field::BirthDate | Field::Expiry => c.is_ascii_digit() || c == '-',
        }
    }

    const fn max_chars(self) -> usize {
        match self {
            Field::Number => MAX_NUMBER_CHARS,
            Field::Name => MAX_NAME_BYTES,
            Field::BirthDate => BIRTH_DATE_CHARS,
            Field::Expiry => EXPIRY_CHARS,
        }
    }
}

fn masked(text: &str) -> Zeroizing<String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let hidden = if digits < *NUMBER_DIGITS.start() { digits } else { digits - 4 };
    let mut shown = Zeroizing::new(String::with_capacity(4 * FIELD_BYTES));
    for (at, digit) in text.chars().filter(char::is_ascii_digit).enumerate() {
        if at > 0 && at % 4 == 0 {
            shown.push(' ');
        }
        shown.push(if at < hidden { '•' } else { digit });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_shows_its_last_four_digits_once_it_can_be_a_number() {
        let mut form = CardForm::default();
        form.type_in("1234 5678 901");
        assert_eq!(form.shown(Field::Number).as_str(), "•••• •••• •••");
        form.type_in("2-3456x");
        assert_eq!(form.shown(Field::Number).as_str(), "•••• •••• •••• 3456");
    }

    #[test]
    fn a_field_never_grows_its_buffer() {
        let mut form = CardForm::default();
        for field in Field::ALL {
            form.field = field;
            let before = form.texts[field as usize].as_ptr();
            form.type_in(&"1 é".repeat(200));
            assert_eq!(form.texts[field as usize].as_ptr(), before);
        }
    }

    #[test]
    fn the_cursor_goes_to_the_first_wrong_field() {
        let mut form = CardForm::default();
        form.type_in("9999990000000014");
        form.field = Field::Expiry;
        assert!(form.read().is_none());
        assert_eq!(form.field, Field::Name);
    }
}
