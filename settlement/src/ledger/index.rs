//! Where each account is found: made anew from the accounts whenever books are, and stored nowhere.

use std::collections::BTreeMap;

use super::account::AccountId;

/// What an account is found by: a generation of the vault's key, and the keyed hash of the number.
pub type Place = (u32, [u8; 16]);

/// The accounts by their places, so that those of an old generation are found first.
#[derive(Default)]
pub struct Index(BTreeMap<Place, AccountId>);

impl Index {
    pub fn get(&self, place: &Place) -> Option<AccountId> {
        self.0.get(place).copied()
    }

    /// Whether an account could have this place: nobody has it, or that account itself.
    pub fn is_free(&self, place: &Place, id: AccountId) -> bool {
        self.get(place).is_none_or(|there| there == id)
    }

    pub fn put(&mut self, place: Place, id: AccountId) {
        self.0.insert(place, id);
    }

    pub fn remove(&mut self, place: &Place) {
        self.0.remove(place);
    }

    /// Places and accounts behind a place, or from the beginning.
    pub fn after(&self, place: Option<Place>) -> impl Iterator<Item = (Place, AccountId)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = place.map_or(Unbounded, Excluded);
        self.0.range((from, Unbounded)).map(|(place, id)| (*place, *id))
    }

    /// The generations that some account is kept under, the oldest first.
    pub fn generations(&self) -> impl Iterator<Item = u32> {
        let first = self.0.keys().next().map(|(generation, _)| *generation);
        std::iter::successors(first, |generation| {
            let next = generation.checked_add(1)?;
            self.0.range((next, [0; 16])..).next().map(|((generation, _), _)| *generation)
        })
    }

    /// How many accounts are kept under a generation before this one.
    pub fn older_than(&self, generation: u32) -> usize {
        self.0.range(..(generation, [0; 16])).count()
    }
}
