//! The shopper's addresses, and the form that one is written in.

use kessai_shared::address::{
    Address, AddressParts, BadAddress, MAX_PHONE_BYTES, MAX_POSTCODE_BYTES, MAX_RECIPIENT_BYTES,
    MAX_STREET_BYTES, MAX_TOWN_BYTES,
};

use crate::app::text_field::{Edit, TextField};

/// Most addresses of one shopper.
pub const MAX_ADDRESSES: usize = 100;
/// Longest label of an address, in bytes.
pub const MAX_LABEL_BYTES: usize = 40;
/// Letters of a country's code.
const COUNTRY_BYTES: usize = 2;

/// An address, and what the shopper calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    pub label: String,
    pub address: Address,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressBook {
    entries: Vec<Addressed>,
    default: Option<usize>,
    /// Nobody is made the default without being named.
    asks: bool,
}

/// Why an address does not go into the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfiled {
    /// No label, or one that is too long or holds control characters.
    Label,
    /// Another address has this label.
    Taken,
    Full,
}

impl AddressBook {
    /// An empty book, whose first address is not the default until it is made so.
    pub fn none_preferred() -> Self {
        Self { asks: true, ..Self::default() }
    }

    pub fn entries(&self) -> &[Addressed] {
        &self.entries
    }

    /// The one that is taken when nobody chooses.
    pub fn default_at(&self) -> Option<usize> {
        self.default
    }

    pub fn find(&self, label: &str) -> Option<&Addressed> {
        self.entries.iter().find(|entry| entry.label.eq_ignore_ascii_case(label))
    }

    /// Puts an address in: in the place of the one at `at`, or behind the last. The first one becomes the
    /// default.
    ///
    /// # Errors
    /// [`Unfiled`], and the book stays as it is.
    pub fn put(&mut self, at: Option<usize>, entry: Addressed) -> Result<usize, Unfiled> {
        let label = &entry.label;
        if label.trim().is_empty() || label.len() > MAX_LABEL_BYTES || label.chars().any(char::is_control) {
            return Err(Unfiled::Label);
        }
        let same =
            |(n, other): (usize, &Addressed)| Some(n) != at && other.label.eq_ignore_ascii_case(&entry.label);
        if self.entries.iter().enumerate().any(same) {
            return Err(Unfiled::Taken);
        }
        match at.filter(|at| *at < self.entries.len()) {
            Some(at) => {
                self.entries[at] = entry;
                Ok(at)
            }
            None if self.entries.len() >= MAX_ADDRESSES => Err(Unfiled::Full),
            None => {
                self.entries.push(entry);
                let first = (self.entries.len() == 1 && !self.asks).then_some(0);
                self.default = self.default.or(first);
                Ok(self.entries.len() - 1)
            }
        }
    }

    pub fn remove(&mut self, at: usize) -> Option<Addressed> {
        if at >= self.entries.len() {
            return None;
        }
        self.default = match self.default {
            Some(default) if default > at => Some(default - 1),
            Some(default) if default == at => None,
            default => default,
        };
        Some(self.entries.remove(at))
    }

    pub fn make_default(&mut self, at: usize) {
        if at < self.entries.len() {
            self.default = Some(at);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressField {
    Label,
    Name,
    Street,
    Street2,
    Town,
    Postcode,
    Country,
    Phone,
}

/// An address as it is being written.
pub struct AddressForm {
    /// The one that is changed; a new one when there is none.
    pub at: Option<usize>,
    pub field: AddressField,
    /// The id of what is wrong with the field.
    pub problem: Option<&'static str>,
    texts: [TextField; AddressField::ALL.len()],
}

impl Default for AddressForm {
    fn default() -> Self {
        let texts = AddressField::ALL.map(|field| TextField::new(field.max_bytes()));
        Self { at: None, field: AddressField::Label, problem: None, texts }
    }
}

impl AddressForm {
    pub fn of(at: usize, entry: &Addressed) -> Self {
        let AddressParts { name, lines, town, postcode, country, phone } = entry.address.parts().clone();
        let mut lines = lines.into_iter();
        let street = lines.next().unwrap_or_default();
        // A third line, which only a file can have brought, joins the second.
        let street2 = lines.collect::<Vec<_>>().join(", ");
        let texts = [entry.label.clone(), name, street, street2, town, postcode, country, phone];
        let mut form = Self { at: Some(at), ..Self::default() };
        for (field, text) in form.texts.iter_mut().zip(texts) {
            field.insert(&text);
        }
        form
    }

    pub fn text(&self, field: AddressField) -> &str {
        self.texts[field as usize].text()
    }

    pub fn line(&self, field: AddressField) -> &TextField {
        &self.texts[field as usize]
    }

    pub fn type_in(&mut self, text: &str) {
        self.texts[self.field as usize].insert(text);
        self.problem = None;
    }

    pub fn edit(&mut self, edit: Edit) {
        self.texts[self.field as usize].edit(edit);
        self.problem = None;
    }

    /// Whether the field the cursor is in is right by itself.
    pub fn check_field(&mut self) -> bool {
        let wrong = self.wrong().filter(|field| *field == self.field);
        self.problem = wrong.map(AddressField::problem);
        wrong.is_none()
    }

    /// The address, when every field is right; otherwise the cursor goes to the first that is not.
    pub fn read(&mut self) -> Option<Addressed> {
        if let Some(field) = self.wrong() {
            self.field = field;
            self.problem = Some(field.problem());
            return None;
        }
        let address = Address::new(self.parts()).ok()?;
        Some(Addressed { label: self.text(AddressField::Label).trim().to_owned(), address })
    }

    fn wrong(&self) -> Option<AddressField> {
        if self.text(AddressField::Label).trim().is_empty() {
            return Some(AddressField::Label);
        }
        Address::new(self.parts()).err().map(|bad| match bad {
            BadAddress::Name => AddressField::Name,
            BadAddress::Lines => AddressField::Street,
            BadAddress::Town => AddressField::Town,
            BadAddress::Postcode => AddressField::Postcode,
            BadAddress::Country => AddressField::Country,
            BadAddress::Phone => AddressField::Phone,
        })
    }

    fn parts(&self) -> AddressParts {
        let text = |field| self.text(field).to_owned();
        AddressParts {
            name: text(AddressField::Name),
            lines: vec![text(AddressField::Street), text(AddressField::Street2)],
            town: text(AddressField::Town),
            postcode: text(AddressField::Postcode),
            country: text(AddressField::Country),
            phone: text(AddressField::Phone),
        }
    }
}

impl AddressField {
    pub const ALL: [AddressField; 8] = [
        AddressField::Label,
        AddressField::Name,
        AddressField::Street,
        AddressField::Street2,
        AddressField::Town,
        AddressField::Postcode,
        AddressField::Country,
        AddressField::Phone,
    ];

    /// The id of what the field is called.
    pub const fn label(self) -> &'static str {
        match self {
            AddressField::Label => "address-label",
            AddressField::Name => "address-name",
            AddressField::Street => "address-street",
            AddressField::Street2 => "address-street2",
            AddressField::Town => "address-town",
            AddressField::Postcode => "address-postcode",
            AddressField::Country => "address-country",
            AddressField::Phone => "address-phone",
        }
    }

    /// The id of what to type, shown while the field is empty.
    pub const fn hint(self) -> &'static str {
        match self {
            AddressField::Label => "address-label-hint",
            AddressField::Name => "address-name-hint",
            AddressField::Street => "address-street-hint",
            AddressField::Street2 | AddressField::Postcode | AddressField::Phone => "address-optional-hint",
            AddressField::Town => "address-town-hint",
            AddressField::Country => "address-country-hint",
        }
    }

    /// The id of what is said when it is wrong.
    pub const fn problem(self) -> &'static str {
        match self {
            AddressField::Label => "address-label-wrong",
            AddressField::Name
            | AddressField::Street
            | AddressField::Street2
            | AddressField::Town
            | AddressField::Postcode => "address-text-wrong",
            AddressField::Country => "address-country-wrong",
            AddressField::Phone => "address-phone-wrong",
        }
    }

    pub fn next(self) -> Option<AddressField> {
        Self::ALL.get(self as usize + 1).copied()
    }

    pub fn before(self) -> Option<AddressField> {
        (self as usize).checked_sub(1).and_then(|at| Self::ALL.get(at)).copied()
    }

    const fn max_bytes(self) -> usize {
        match self {
            AddressField::Label => MAX_LABEL_BYTES,
            AddressField::Name => MAX_RECIPIENT_BYTES,
            AddressField::Street | AddressField::Street2 => MAX_STREET_BYTES,
            AddressField::Town => MAX_TOWN_BYTES,
            AddressField::Postcode => MAX_POSTCODE_BYTES,
            AddressField::Country => COUNTRY_BYTES,
            AddressField::Phone => MAX_PHONE_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(label: &str) -> Addressed {
        let mut form = AddressForm::default();
        for text in [label, "Ada", "1 Quay", "", "Leith", "", "gb", ""] {
            form.type_in(text);
            form.field = form.field.next().unwrap_or(form.field);
        }
        form.read().expect("an address")
    }

    #[test]
    fn the_default_follows_its_address() {
        let mut book = AddressBook::default();
        for label in ["Home", "Work", "Parents"] {
            book.put(None, entry(label)).expect("room");
        }
        assert_eq!(book.default_at(), Some(0), "the first one is the default");
        book.make_default(2);
        book.remove(0);
        assert_eq!(book.default_at(), Some(1));
        book.remove(1);
        assert_eq!((book.default_at(), book.entries().len()), (None, 1));
        assert_eq!(book.remove(9), None);
    }

    #[test]
    fn two_addresses_never_have_one_label() {
        let mut book = AddressBook::default();
        book.put(None, entry("Home")).expect("room");
        assert_eq!(book.put(None, entry("HOME")), Err(Unfiled::Taken));
        assert_eq!(book.put(Some(0), entry("home")), Ok(0), "itself it may be called as before");
        assert_eq!(book.find("hOME").map(|entry| entry.label.as_str()), Some("home"));
    }

    #[test]
    fn the_cursor_goes_to_the_first_wrong_field() {
        let mut form = AddressForm::of(0, &entry("Home"));
        form.field = AddressField::Country;
        form.edit(Edit::Backspace);
        assert!(!form.check_field());
        form.field = AddressField::Label;
        assert!(form.check_field() && form.read().is_none());
        assert_eq!((form.field, form.problem), (AddressField::Country, Some("address-country-wrong")));
        form.type_in("b\u{7}");
        assert_eq!(form.text(AddressField::Country), "Gb");
    }
}
