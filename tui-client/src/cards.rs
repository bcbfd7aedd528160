//! The cards a shopper keeps in a file: one a row, with a label to tell them apart.

use std::path::Path;
use std::sync::Arc;

use kessai_shared::card::{CardNumber, HolderName, Particulars};
use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::seal::EnrolmentCode;
use kessai_shared::table::{self, TableError};
use kessai_shared::time::{Day, YearMonth};

const COLUMNS: [&str; 5] = ["card_number", "name", "birth_date", "expiry", "label?"];

/// A card as it is paid with.
#[derive(Clone)]
pub struct PayingCard {
    pub card: Particulars,
    /// The root of its issuer, where the card came with one.
    pub issuer: Option<Pin>,
    /// The key that was, or is to be, enrolled for it.
    pub holder: Option<Arc<HolderKey>>,
}

/// A card's own key, and the code to enrol it with.
pub struct HolderKey {
    pub key: Identity,
    pub enrolment: Option<EnrolmentCode>,
}

/// A card, and what its holder calls it.
#[derive(Clone)]
pub struct LabelledCard {
    pub label: String,
    pub card: Particulars,
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
        Some(LabelledCard { label, card })
    })?;
    Ok(table.rows)
}

/// The card that goes by this label, or by these last digits of its number.
pub fn find<'a>(cards: &'a [LabelledCard], wanted: &str) -> Option<&'a LabelledCard> {
    let labelled = |card: &&LabelledCard| card.label.eq_ignore_ascii_case(wanted);
    let numbered = |card: &&LabelledCard| wanted.len() >= 4 && card.card.number.digits().ends_with(wanted);
    cards.iter().find(labelled).or_else(|| cards.iter().find(numbered))
}
