//! All accounts and charges, and the changes that they go through. What stands here can be made
//! anew from the changes alone, in their order.

mod charges;
mod life;
mod lists;
mod totals;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use kessai_shared::ids::{CaptureId, ChargebackId, OrderId, RefundId, RepaymentId};
use kessai_shared::money::Minor;
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::time::{Timestamp, YearMonth};
use serde::{Deserialize, Serialize};

use super::account::{Account, AccountId, Status};
use super::at_rest::{AtRest, Candidate};
use super::clearing::{Batches, Clearing};
use super::closed::BatchChange;
use super::entry::Entry;
use super::given::{Capture, Chargeback, Late, Refund};
use super::group::{Group, Groups};
use super::guesses::{Guessed, Guesses, is_guess};
use super::hold::{Charge, ChargeState, Decided};
use super::index::{Index, Place};
use super::life::{AccountChange, Lives, Repayment, Statement};
use super::policies::{Adopted, Adoption, Policies};

pub use totals::{Money, Totals};

/// What a charge goes by: the seller that asked, and the order it asked for.
pub type Key = (Pin, OrderId);

/// One change of the books; one journal record each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    Opened {
        id: AccountId,
        account: Account,
        entry: Entry,
        /// The operator's key.
        by: Pin,
    },
    /// The terms of a known account as the card company now states them; its money stays.
    Restated {
        id: AccountId,
        terms: Account,
        by: Pin,
    },
    Decided(Box<DecidedChange>),
    Reversed {
        key: Key,
        entries: Vec<Entry>,
    },
    Captured {
        key: Key,
        capture: Capture,
        entries: Vec<Entry>,
    },
    /// A part of a hold was given back.
    Released {
        key: Key,
        release: RefundId,
        amount: Minor,
        entries: Vec<Entry>,
    },
    /// A part of a charge was given back.
    Refunded {
        key: Key,
        refund: RefundId,
        amount: Minor,
        /// The seller's clearing batch that it is kept back from.
        batch: u32,
        entries: Vec<Entry>,
    },
    /// An operator gave a part of a charge back against the seller's will.
    ChargedBack {
        id: ChargebackId,
        chargeback: Chargeback,
        entries: Vec<Entry>,
    },
    /// A capture came after its hold had expired. It was refused; this moves no money.
    PresentedLate {
        key: Key,
        capture: CaptureId,
        amount: Minor,
    },
    Expired {
        key: Key,
        entries: Vec<Entry>,
    },
    /// A clearing batch was closed, compared or settled.
    Batch(BatchChange),
    /// The card of an account as it is kept under a newer key of the vault; nothing else changes.
    Rekeyed {
        id: AccountId,
        card: AtRest,
    },
    /// A card file was made for an account: the key of its last holder is void, and the code in the
    /// file, of which this is the hash, enrols the next.
    Issued {
        id: AccountId,
        enrolment: [u8; 32],
        by: Pin,
    },
    Account(Box<AccountChange>),
    /// Another credit policy is in force from here on.
    PolicyAdopted(Box<Adoption>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedChange {
    pub purchase: Purchase,
    pub reason: Reason,
    pub sealed_reason: Vec<u8>,
    /// The account that was asked for, when there is one.
    pub account: Option<AccountId>,
    pub expires: Timestamp,
    pub entries: Vec<Entry>,
    /// The holder's key that this purchase enrolled, with the code of its account.
    pub enrolled: Option<[u8; 32]>,
    /// The policy it was made under, by the sequence of its adoption.
    pub policy: u32,
}

/// A change that cannot follow from the books as they are: the journal is not this ledger's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inconsistent(pub &'static str);

/// What a row of the books goes by in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RowKey {
    Account(AccountId),
    Charge(Pin, OrderId),
    Refund(Pin, RefundId),
    /// The wrong guesses that came through a seller.
    Guesses(Pin),
    /// A group of the journal that holds decisions, by the position of its first record.
    Group(u64),
    Chargeback(ChargebackId),
    /// The capture that came too late for an order.
    Late(Pin, OrderId),
    /// The clearing batches of a seller.
    Batches(Pin),
    /// A month of an account.
    Statement(AccountId, YearMonth),
    Repayment(RepaymentId),
    /// A policy, by the sequence of its adoption.
    Policy(u32),
}

/// A row of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    Account(Account),
    Charge(Charge),
    Refund(Refund),
    Guesses(Guessed),
    Group(Group),
    Chargeback(Chargeback),
    Late(Late),
    Batches(Batches),
    Statement(Statement),
    Repayment(Repayment),
    Policy(Adopted),
}

#[derive(Default)]
pub struct Books {
    accounts: HashMap<AccountId, Account>,
    charges: HashMap<Key, Charge>,
    /// The same charges in the order of their sellers and orders, so that they are listed page by page.
    by_order: BTreeSet<Key>,
    /// Releases and refunds; a seller's ids are of one kind for both.
    refunds: HashMap<(Pin, RefundId), Refund>,
    chargebacks: BTreeMap<ChargebackId, Chargeback>,
    late: BTreeMap<Key, Late>,
    clearing: Clearing,
    /// The live holds by the time they run out.
    expiring: BTreeSet<(Timestamp, Key)>,
    index: Index,
    guesses: Guesses,
    groups: Groups,
    lives: Lives,
    policies: Policies,
}

impl Books {
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// The account that a presented card is kept in. All candidates are looked for whatever is found,
    /// so that a known card takes as long as an unknown one.
    pub fn find(&self, candidates: &[Candidate]) -> Option<AccountId> {
        candidates.iter().fold(None, |found, candidate| {
            let here = self.at(&(candidate.generation, candidate.index));
            found.or(here)
        })
    }

    /// The account at a place.
    pub fn at(&self, place: &Place) -> Option<AccountId> {
        self.index.get(place)
    }

    /// The accounts behind a place, or from the beginning: those of the oldest generation first.
    pub fn after(&self, place: Option<Place>) -> impl Iterator<Item = (AccountId, &Account)> {
        self.index.after(place).filter_map(|(_, id)| Some((id, self.accounts.get(&id)?)))
    }

    /// The generations of the vault's key that some account is kept under, the oldest first.
    pub fn generations(&self) -> impl Iterator<Item = u32> {
        self.index.generations()
    }

    /// How many accounts are kept under a generation before this one.
    pub fn older_than(&self, generation: u32) -> usize {
        self.index.older_than(generation)
    }

    /// How many wrong cards and particulars came through a seller since then.
    pub fn guesses(&self, seller: Pin, since: Timestamp) -> u64 {
        self.guesses.since(seller, since)
    }

    /// Whether something was ever approved for this account through this seller.
    pub fn is_customer(&self, seller: Pin, id: AccountId) -> bool {
        self.guesses.is_customer(seller, id)
    }

    pub fn charge(&self, key: &Key) -> Option<&Charge> {
        self.charges.get(key)
    }

    pub fn refund(&self, seller: Pin, refund: RefundId) -> Option<&Refund> {
        self.refunds.get(&(seller, refund))
    }

    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (&AccountId, &Account)> {
        self.accounts.iter()
    }

    pub fn charges(&self) -> impl Iterator<Item = (&Key, &Charge)> {
        self.charges.iter()
    }

    pub fn refunds(&self) -> impl Iterator<Item = (&(Pin, RefundId), &Refund)> {
        self.refunds.iter()
    }

    pub fn chargeback(&self, id: ChargebackId) -> Option<&Chargeback> {
        self.chargebacks.get(&id)
    }

    pub fn chargebacks(&self) -> impl Iterator<Item = (&ChargebackId, &Chargeback)> {
        self.chargebacks.iter()
    }

    /// The capture that came too late for an order.
    pub fn late(&self, key: &Key) -> Option<&Late> {
        self.late.get(key)
    }

    /// The first capture of each order for which one came too late.
    pub fn late_presentments(&self) -> impl Iterator<Item = (&Key, &Late)> {
        self.late.iter()
    }

    /// The clearing batch that a seller's captures, refunds and chargebacks are booked under now.
    pub fn open_batch(&self, seller: Pin) -> u32 {
        self.clearing.open(seller)
    }

    /// The clearing batches of a seller that something was booked for.
    pub fn batches_of(&self, seller: Pin) -> Option<&Batches> {
        self.clearing.of(seller)
    }

    /// The clearing batches of each seller that something was booked for.
    pub fn batches(&self) -> impl Iterator<Item = (&Pin, &Batches)> {
        self.clearing.all()
    }

    /// The wrong guesses that came through each seller.
    pub fn guessed(&self) -> impl Iterator<Item = (&Pin, &Guessed)> {
        self.guesses.all()
    }

    /// The group that the decision at this position stands in, once it is durable.
    pub fn group_of(&self, position: u64) -> Option<&Arc<Group>> {
        self.groups.around(position)
    }

    /// Every group that holds decisions, in the journal's order.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.all()
    }

    /// The credit policy in force, and those that were before it.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The live holds that captures were certain of until `now` at most, the earliest first.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = Key> {
        self.expiring.iter().take_while(move |(at, _)| *at <= now).map(|(_, key)| *key)
    }

    /// Takes a change in. `position` and `at` are those of its journal record.
    ///
    /// # Errors
    /// [`Inconsistent`] when the change does not follow from the books; they are unchanged then.
    pub fn apply(&mut self, change: &Change, position: u64, at: Timestamp) -> Result<(), Inconsistent> {
        self.take_in(change, position, at)?;
        self.note_moves(change, at);
        Ok(())
    }

    fn take_in(&mut self, change: &Change, position: u64, at: Timestamp) -> Result<(), Inconsistent> {
        match change {
            Change::Opened { id, account, .. } => {
                if self.accounts.contains_key(id) {
                    return Err(Inconsistent("an account is opened twice"));
                }
                self.place(*id, account.place())?;
                self.accounts.insert(*id, account.clone());
                self.begin(*id, at);
                Ok(())
            }
            Change::Restated { id, terms, .. } => self.restate(*id, terms, at),
            Change::Decided(decided) => self.decided(decided, position, at),
            Change::Reversed { key, .. } => self.reverse(key),
            Change::Captured { key, capture, .. } => self.capture(key, *capture, at),
            Change::Released { key, release, amount, .. } => self.release(key, *release, *amount),
            Change::Refunded { key, refund, amount, batch, .. } => {
                self.give_back(key, *refund, *amount, (*batch, at))
            }
            Change::ChargedBack { id, chargeback, .. } => self.charge_back(*id, *chargeback, at),
            Change::PresentedLate { key, capture, amount } => {
                self.note_late(key, Late { capture: *capture, amount: *amount, at })
            }
            Change::Expired { key, .. } => self.expire(key),
            Change::Batch(batch) => self.clearing.take(batch, at),
            Change::Rekeyed { id, card } => self.rekey(*id, card),
            Change::Issued { id, enrolment, .. } => self.issue(*id, *enrolment),
            Change::Account(change) => self.live(change, at),
            Change::PolicyAdopted(adoption) => self.policies.adopt(adoption, position, at),
        }
    }

    /// Ends a group of the journal, of which these are the first and last position, the time of the
    /// last record and the chain's hash after it.
    pub fn end_group(&mut self, first: u64, last: u64, at: Timestamp, journal: [u8; 32]) {
        self.groups.end(first, last, at, journal);
    }

    /// Names the accounts and guesses whose rows a change has written.
    pub fn touched(&self, change: &Change, each: &mut dyn FnMut(&RowKey)) {
        let key = match change {
            Change::Opened { id, .. }
            | Change::Restated { id, .. }
            | Change::Rekeyed { id, .. }
            | Change::Issued { id, .. } => return each(&RowKey::Account(*id)),
            Change::Account(change) => return each(&RowKey::Account(change.id)),
            // What was in force when is no credit information, so it has no place on the shelf.
            Change::PolicyAdopted(_) => return,
            Change::Decided(decided) => {
                decided.account.iter().for_each(|id| each(&RowKey::Account(*id)));
                if is_guess(decided.reason) {
                    each(&RowKey::Guesses(decided.purchase.seller));
                }
                return;
            }
            Change::PresentedLate { .. } | Change::Batch(_) => return,
            Change::ChargedBack { chargeback, .. } => &chargeback.key,
            Change::Refunded { key, .. }
            | Change::Released { key, .. }
            | Change::Reversed { key, .. }
            | Change::Captured { key, .. }
            | Change::Expired { key, .. } => key,
        };
        let account = self.charges.get(key).and_then(|charge| charge.account);
        account.iter().for_each(|id| each(&RowKey::Account(*id)));
    }

    pub fn row(&self, key: &RowKey) -> Option<Row> {
        match key {
            RowKey::Account(id) => self.accounts.get(id).cloned().map(Row::Account),
            RowKey::Charge(seller, order) => self.charges.get(&(*seller, *order)).cloned().map(Row::Charge),
            RowKey::Refund(seller, id) => self.refunds.get(&(*seller, *id)).copied().map(Row::Refund),
            RowKey::Guesses(seller) => self.guesses.row(*seller).map(Row::Guesses),
            RowKey::Chargeback(id) => self.chargebacks.get(id).copied().map(Row::Chargeback),
            RowKey::Late(seller, order) => self.late.get(&(*seller, *order)).copied().map(Row::Late),
            RowKey::Batches(seller) => self.clearing.of(*seller).cloned().map(Row::Batches),
            RowKey::Group(first) => self.groups.begun_at(*first).map(|group| Row::Group(Group::clone(group))),
            RowKey::Statement(id, month) => self.lives.statement(*id, *month).copied().map(Row::Statement),
            RowKey::Repayment(id) => self.lives.repayment(*id).copied().map(Row::Repayment),
            RowKey::Policy(sequence) => self.policies.get(*sequence).cloned().map(Row::Policy),
        }
    }

    /// Puts a row back that was stored before.
    ///
    /// # Errors
    /// [`Inconsistent`] when the row is not of the kind its key says, or is found where another is.
    pub fn load(&mut self, key: RowKey, row: Row) -> Result<(), Inconsistent> {
        match (key, row) {
            (RowKey::Account(id), Row::Account(account)) => {
                self.place(id, account.place())?;
                self.lives.put(id, &account);
                self.accounts.insert(id, account);
            }
            (RowKey::Charge(seller, order), Row::Charge(charge)) => {
                if charge.state == ChargeState::Held {
                    self.expiring.insert((charge.expires, (seller, order)));
                }
                charge.account.iter().for_each(|id| self.guesses.bought(seller, *id));
                self.by_order.insert((seller, order));
                self.charges.insert((seller, order), charge);
            }
            (RowKey::Refund(seller, id), Row::Refund(refund)) => {
                self.refunds.insert((seller, id), refund);
            }
            (RowKey::Guesses(seller), Row::Guesses(guesses)) => self.guesses.load(seller, guesses),
            (RowKey::Group(first), Row::Group(group)) => self.groups.load(first, group)?,
            (RowKey::Chargeback(id), Row::Chargeback(chargeback)) => {
                self.chargebacks.insert(id, chargeback);
            }
            (RowKey::Late(seller, order), Row::Late(late)) => {
                self.late.insert((seller, order), late);
            }
            (RowKey::Batches(seller), Row::Batches(batches)) => self.clearing.load(seller, batches),
            (RowKey::Statement(id, month), Row::Statement(statement)) => {
                self.lives.load_statement(id, month, statement)?;
            }
            (RowKey::Repayment(id), Row::Repayment(repayment)) => self.lives.load_repayment(id, repayment),
            (RowKey::Policy(sequence), Row::Policy(adopted)) => self.policies.load(sequence, adopted)?,
            (
                RowKey::Account(_)
                | RowKey::Charge(..)
                | RowKey::Refund(..)
                | RowKey::Guesses(_)
                | RowKey::Group(_)
                | RowKey::Chargeback(_)
                | RowKey::Late(..)
                | RowKey::Batches(_)
                | RowKey::Statement(..)
                | RowKey::Repayment(_)
                | RowKey::Policy(_),
                _,
            ) => {
                return Err(Inconsistent("a row is not of the kind its key says"));
            }
        }
        Ok(())
    }

    fn restate(&mut self, id: AccountId, terms: &Account, at: Timestamp) -> Result<(), Inconsistent> {
        let known = self.accounts.get(&id).ok_or(Inconsistent("an unknown account is restated"))?.clone();
        if terms.currency != known.currency {
            return Err(Inconsistent("an account is restated in another currency"));
        }
        self.place(id, terms.place())?;
        let account = known.restated(terms, at.month());
        self.lives.restated(id, &known, &account);
        self.accounts.insert(id, account);
        Ok(())
    }

    fn rekey(&mut self, id: AccountId, card: &AtRest) -> Result<(), Inconsistent> {
        let known = self.accounts.get(&id).ok_or(Inconsistent("an unknown account is rekeyed"))?;
        if card.generation <= known.generation {
            return Err(Inconsistent("an account is rekeyed to a key that is not newer"));
        }
        self.place(id, (card.generation, card.index))?;
        if let Some(account) = self.accounts.get_mut(&id) {
            account.keep(card.clone());
        }
        Ok(())
    }

    fn issue(&mut self, id: AccountId, enrolment: [u8; 32]) -> Result<(), Inconsistent> {
        let account = self.accounts.get_mut(&id).ok_or(Inconsistent("a card of an unknown account"))?;
        account.enrolment = Some(enrolment);
        account.holder_key = None;
        // A card file that was made before a block says nothing of the card that is blocked.
        account.life.reissued |= account.status != Status::Normal;
        Ok(())
    }

    /// Makes an account be found at a place, and where it was found before no more.
    fn place(&mut self, id: AccountId, place: Place) -> Result<(), Inconsistent> {
        if !self.index.is_free(&place, id) {
            return Err(Inconsistent("two accounts are found by the same card"));
        }
        if let Some(before) = self.accounts.get(&id).map(Account::place) {
            self.index.remove(&before);
        }
        self.index.put(place, id);
        Ok(())
    }

    fn decided(&mut self, change: &DecidedChange, position: u64, at: Timestamp) -> Result<(), Inconsistent> {
        let purchase = change.purchase;
        let key = (purchase.seller, purchase.order);
        match self.charges.get(&key) {
            Some(charge) if charge.decided.is_some() => {
                return Err(Inconsistent("an order is decided twice"));
            }
            Some(_) if change.reason != Reason::Reversed => {
                return Err(Inconsistent("an order is approved after its reversal"));
            }
            Some(_) | None => {}
        }
        if change.policy != self.policies.sequence() {
            return Err(Inconsistent("a decision under a policy that is not in force"));
        }
        let mut account = match change.account {
            Some(id) => {
                Some(self.accounts.get_mut(&id).ok_or(Inconsistent("an unknown account is charged"))?)
            }
            None => None,
        };
        if let Some(key) = change.enrolled
            && !account.as_mut().is_some_and(|account| account.enrol(key))
        {
            return Err(Inconsistent("a key is enrolled without a code"));
        }
        let decided = Decided {
            purchase,
            reason: change.reason,
            sealed_reason: change.sealed_reason.clone(),
            position,
            at,
            policy: change.policy,
        };
        let leaf = decided.leaf();
        let mut charge = Charge {
            state: ChargeState::Declined,
            decided: Some(decided),
            expires: change.expires,
            ..Charge::tombstone()
        };
        // The windows of the credit rules go by the clock. Where the journal is ahead of it, because a
        // clock once was, the deadline is the nearer one: it had not passed at the decision.
        let when = at.min(purchase.deadline);
        if is_guess(change.reason) {
            self.guesses.note(purchase.seller, when);
        }
        match (change.reason, account) {
            (Reason::Approved, Some(account)) => {
                account.held.0 += purchase.amount.0;
                account.note_approval(when, purchase.amount);
                charge.state = ChargeState::Held;
                charge.account = change.account;
                change.account.iter().for_each(|id| self.guesses.bought(purchase.seller, *id));
                charge.authorized = purchase.amount;
                self.expiring.insert((charge.expires, key));
            }
            (Reason::Approved, None) => return Err(Inconsistent("an approval without an account")),
            (Reason::IdentityMismatch, Some(account)) => account.note_wrong_try(when),
            (Reason::Reversed, _) => charge.state = ChargeState::Reversed,
            // Every other reason leaves the account as it was.
            (_, Some(_) | None) => {}
        }
        self.groups.decided(position, leaf);
        self.by_order.insert(key);
        self.charges.insert(key, charge);
        Ok(())
    }
}

impl fmt::Display for Inconsistent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Inconsistent {}
