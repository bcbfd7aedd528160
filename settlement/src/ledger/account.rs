//! One card account: the credit information that decisions are made from.

use std::fmt;

use kessai_shared::money::{Currency, Minor};
use kessai_shared::time::{Timestamp, YearMonth};
use serde::{Deserialize, Serialize};

use super::at_rest::AtRest;

/// Months of repayment history that an account keeps, newest first.
pub const MAX_LATE_MONTHS_KEPT: usize = 24;
/// Wrong guesses that an account remembers; older ones no longer matter to any window.
pub const MAX_TRIES_KEPT: usize = 32;
/// Approved purchases that an account remembers for its frequency and amount windows.
pub(super) const MAX_RECENT_KEPT: usize = 64;

/// What the books know an account by, for ever. It was the keyed hash of the card number when the
/// account was opened, and says nothing of the card once that key is gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(pub [u8; 16]);

/// Whether a card was reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    #[default]
    Normal,
    Lost,
    Stolen,
    Restricted,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The generation of the vault's key that the next three were made with.
    pub generation: u32,
    /// The keyed hash of the card number: what a presented card is found by.
    pub index: [u8; 16],
    /// Number, name and birth date, encrypted for the card company alone.
    pub sealed: Vec<u8>,
    /// A keyed hash of name and birth date, which a purchase has to match.
    pub particulars: [u8; 32],
    pub expiry: YearMonth,
    pub status: Status,
    pub currency: Currency,
    pub limit: Minor,
    /// What was charged and not repaid.
    pub balance: Minor,
    /// What is held for approved purchases that were not captured yet.
    pub held: Minor,
    /// By how many months the current payment is late.
    pub months_late: u8,
    /// By how many months payments were late before, newest month first.
    pub late_history: Vec<u8>,
    /// When wrong particulars were given for this card, oldest first.
    pub wrong_tries: Vec<Timestamp>,
    /// The newest approvals, oldest first; the amount of the oldest includes what came before it.
    pub recent: Vec<(Timestamp, Minor)>,
    /// The key that purchases have to be signed with, once one was enrolled.
    pub holder_key: Option<[u8; 32]>,
    /// Whether a key was ever enrolled. It stays so when the key is lost, because a purchase without
    /// one would then be what the thief of the card makes.
    pub holder_required: bool,
    /// The hash of the code that enrols the next key, while it is not used up.
    pub enrolment: Option<[u8; 32]>,
}

impl Account {
    /// An account that owes nothing, was never late, and has no holder's key.
    pub fn new(card: AtRest, expiry: YearMonth, currency: Currency, limit: Minor) -> Self {
        let AtRest { generation, index, sealed, particulars } = card;
        Self {
            generation,
            index,
            sealed,
            particulars,
            expiry,
            status: Status::Normal,
            currency,
            limit,
            balance: Minor::ZERO,
            held: Minor::ZERO,
            months_late: 0,
            late_history: Vec::new(),
            wrong_tries: Vec::new(),
            recent: Vec::new(),
            holder_key: None,
            holder_required: false,
            enrolment: None,
        }
    }

    /// Limit − balance − live holds. Negative for an account that is over its limit.
    pub fn open_to_buy(&self) -> Minor {
        Minor(self.limit.0.saturating_sub(self.balance.0).saturating_sub(self.held.0))
    }

    /// Whether the card company states the same about this account; its money does not count.
    pub fn has_terms_of(&self, other: &Account) -> bool {
        self.sealed == other.sealed
            && self.particulars == other.particulars
            && self.expiry == other.expiry
            && self.status == other.status
            && self.currency == other.currency
            && self.limit == other.limit
            && self.months_late == other.months_late
            && self.late_history == other.late_history
    }

    /// Takes the holder's key in and uses the code up; `false`, and nothing changes, without a code.
    pub(super) fn enrol(&mut self, key: [u8; 32]) -> bool {
        if self.enrolment.take().is_none() {
            return false;
        }
        (self.holder_key, self.holder_required) = (Some(key), true);
        true
    }

    pub(super) fn note_wrong_try(&mut self, at: Timestamp) {
        if self.wrong_tries.len() >= MAX_TRIES_KEPT {
            self.wrong_tries.remove(0);
        }
        self.wrong_tries.push(at);
    }

    pub(super) fn note_approval(&mut self, at: Timestamp, amount: Minor) {
        let mut amount_before = Minor::ZERO;
        if self.recent.len() >= MAX_RECENT_KEPT {
            (_, amount_before) = self.recent.remove(0);
        }
        self.recent.push((at, amount));
        // The oldest that is kept stands for all before it too, so that the sum over a window is
        // never too small, however many purchases lie in it.
        self.recent[0].1.0 = self.recent[0].1.0.saturating_add(amount_before.0);
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}
