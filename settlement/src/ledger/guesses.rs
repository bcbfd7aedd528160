//! Wrong cards and particulars that came through each seller, and whom each seller has sold to.

use std::collections::{HashMap, HashSet, VecDeque};

use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;

use super::account::AccountId;

/// Wrong guesses that are remembered of one seller; no policy allows more.
const MAX_GUESSES_KEPT: usize = 1_000;

/// When wrong cards and particulars came through a seller, oldest first.
pub type Guessed = VecDeque<Timestamp>;

#[derive(Default)]
pub(super) struct Guesses {
    /// When wrong cards and particulars came through each seller, oldest first.
    of: HashMap<Pin, Guessed>,
    /// The accounts that something was approved for through a seller; made from the charges.
    customers: HashSet<(Pin, AccountId)>,
}

impl Guesses {
    /// How many came through a seller since then.
    pub fn since(&self, seller: Pin, since: Timestamp) -> u64 {
        let guesses = self.of.get(&seller).into_iter().flatten();
        guesses.filter(|at| **at > since).count() as u64
    }

    pub fn note(&mut self, seller: Pin, at: Timestamp) {
        let guesses = self.of.entry(seller).or_default();
        if guesses.len() >= MAX_GUESSES_KEPT {
            guesses.pop_front();
        }
        guesses.push_back(at);
    }

    pub fn is_customer(&self, seller: Pin, id: AccountId) -> bool {
        self.customers.contains(&(seller, id))
    }

    pub fn bought(&mut self, seller: Pin, id: AccountId) {
        self.customers.insert((seller, id));
    }

    pub fn all(&self) -> impl Iterator<Item = (&Pin, &Guessed)> {
        self.of.iter()
    }

    pub fn row(&self, seller: Pin) -> Option<Guessed> {
        self.of.get(&seller).cloned()
    }

    pub fn load(&mut self, seller: Pin, guesses: Guessed) {
        self.of.insert(seller, guesses);
    }
}

/// Whether whoever asked had the card or its particulars wrong.
pub(super) fn is_guess(reason: Reason) -> bool {
    matches!(reason, Reason::UnknownCard | Reason::IdentityMismatch)
}
