//! What a shopper pays with, and the plain file that cards may come in: one a row, with a label to
//! tell them apart.

use std::path::Path;
use std::sync::Arc;

use kessai_shared::card::{CardNumber, HolderName, Particulars};
use kessai_shared::card_file::EnrolmentCode;
use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::table::{self, TableError};
use kessai_shared::time::{Day, YearMonth};

const COLUMNS: [&str; 5] = ["card_number", "name", "birth_date", "expiry", "label?"];

/// A card with all that a payment with it needs. It has no `Debug`.
#[derive(Clone)]
pub struct PayingCard {
    pub card: Particulars,
    /// The root of the one issuer that this card may be sealed for, when it is known.
    pub issuer: Option<Pin>,
    /// The key that the issuer has enrolled for this card, or is to enrol with the next purchase.
    pub holder: Option<HolderKey>,
}

/// The key of a card's holder. It has no `Debug`.
#[derive(Clone)]
pub struct HolderKey {
    pub key: Arc<Identity>,
    /// With this the issuer enrols the key; it is of use once.
    pub enrolment: Option<EnrolmentCode>,
}

/// A card, and what its holder calls it.
#[derive(Clone)]
pub struct LabelledCard {
    pub label: String,
    pub paying: PayingCard,
}

/// A card that nothing is known of but what stands on it.
impl From<Particulars> for PayingCard {
    fn from(card: Particulars) -> Self {
        Self { card, issuer: None, holder: None }
    }
}

/// Reads the cards in a file. A card without a label goes by its last digits.
///
/// # Errors
/// [`TableError`] with every bad row.
pub fn load(path: &Path) -> Result<Vec<LabelledCard>, TableError> {
    let table = table::read(path, &COLUMNS, |row| {
        let number = row.get::<CardNumber>("card_number", "12 to 19 digits");
        let name = row.get::<HolderName>("name", "1 to 64 bytes");
        let birth_date = row.get::<Day>("birth_date", "a day as YYYY-MM-DD");
        let expiry = row.get::<YearMonth>("expiry", "a month as YYYY-MM");
        let label = row.text("label").to_owned();
        let card = Particulars { number: number?, name: name?, birth_date: birth_date?, expiry: expiry? };
        let label = if label.is_empty() { card.number.masked() } else { label };
        Some(LabelledCard { label, paying: card.into() })
    })?;
    Ok(table.rows)
}

/// The card that goes by this label, or by these last digits of its number.
pub fn find<'a>(cards: &'a [LabelledCard], wanted: &str) -> Option<&'a LabelledCard> {
    let labelled = |card: &&LabelledCard| card.label.eq_ignore_ascii_case(wanted);
    let numbered =
        |card: &&LabelledCard| wanted.len() >= 4 && card.paying.card.number.digits().ends_with(wanted);
    cards.iter().find(labelled).or_else(|| cards.iter().find(numbered))
}
