//! One card account: the credit information that decisions are made from.

use std::fmt;
use std::str::FromStr;

use kessai_shared::hex;
use kessai_shared::ids::BadId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::time::{Timestamp, YearMonth};
use serde::{Deserialize, Serialize};

use super::at_rest::AtRest;
use super::life::Life;

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
    /// Nothing is bought with it any more, for ever. To whoever presents its card there is none.
    Closed,
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
    /// Its months, its block, and what was written off.
    pub life: Life,
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
            life: Life::default(),
        }
    }

    /// Limit − balance − live holds. Negative for an account that is over its limit.
    pub fn open_to_buy(&self) -> Minor {
        Minor(self.limit.0.saturating_sub(self.balance.0).saturating_sub(self.held.0))
    }

    /// The account as a card company's table states it anew, in this month. Its money, its holder's key
    /// and what was noted of it stay, and so does what the books know better than a table that may be
    /// old: how late it is, once that was counted here, and that it is blocked or closed, which only an
    /// operator's own act undoes.
    pub fn restated(&self, terms: &Account, month: YearMonth) -> Account {
        let mut account = Account {
            status: if self.status == Status::Normal { terms.status } else { self.status },
            months_late: self.months_late,
            late_history: self.late_history.clone(),
            balance: self.balance,
            held: self.held,
            wrong_tries: self.wrong_tries.clone(),
            recent: self.recent.clone(),
            holder_key: self.holder_key,
            holder_required: self.holder_required,
            enrolment: self.enrolment,
            life: self.life.clone(),
            ..terms.clone()
        };
        account.state_late(terms, month);
        account
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

/// As operators name an account: 32 hexadecimal digits.
impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for AccountId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let mut id = [0; 16];
        hex::fill(text, &mut id).ok_or(BadId("not an account id: expected 32 hexadecimal digits"))?;
        Ok(Self(id))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}
