//! How an account's card is kept: what it is found by, and what of it is encrypted, under one
//! generation of the vault's key. A rekey replaces all of it and leaves the account what it is.

use serde::{Deserialize, Serialize};

use super::account::Account;

/// A card as the books keep it. Nothing in it can be read or guessed without the key of its generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtRest {
    /// Which key of the vault the rest was made with; the first is 1.
    pub generation: u32,
    /// The keyed hash of the card number.
    pub index: [u8; 16],
    /// Number, name, birth date and expiry, encrypted for the card company alone.
    pub sealed: Vec<u8>,
    /// The keyed hash of name and birth date, which a purchase has to match.
    pub particulars: [u8; 32],
}

/// What a presented card would be kept as under one generation, if it were an account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub generation: u32,
    pub index: [u8; 16],
    pub particulars: [u8; 32],
}

/// An account as the card company states it: its card under the newest generation, and under the one
/// before it while a rekey is under way, because its account may not have been reached yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    pub account: Account,
    pub older: Option<AtRest>,
}

impl Stated {
    /// What the account may be found by, the newest first.
    pub fn places(&self) -> impl Iterator<Item = (u32, [u8; 16])> {
        let older = self.older.iter().map(|card| (card.generation, card.index));
        std::iter::once(self.account.place()).chain(older)
    }

    /// The account with its card kept under the generation that is asked for, where it is stated so.
    pub fn under(&self, generation: u32) -> Account {
        let mut account = self.account.clone();
        if let Some(card) = self.older.as_ref().filter(|card| card.generation == generation) {
            account.keep(card.clone());
        }
        account
    }
}

impl Account {
    /// What the account is found by: the generation and the keyed hash under it.
    pub fn place(&self) -> (u32, [u8; 16]) {
        (self.generation, self.index)
    }

    pub fn at_rest(&self) -> AtRest {
        let (generation, index) = self.place();
        AtRest { generation, index, sealed: self.sealed.clone(), particulars: self.particulars }
    }

    /// Keeps the card under another generation.
    pub fn keep(&mut self, card: AtRest) {
        let AtRest { generation, index, sealed, particulars } = card;
        (self.generation, self.index) = (generation, index);
        (self.sealed, self.particulars) = (sealed, particulars);
    }
}
