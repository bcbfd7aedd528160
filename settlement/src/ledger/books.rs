//! All accounts and charges, and the changes that they go through. What stands here can be made
//! anew from the changes alone, in their order.

mod charges;
mod life;
mod lists;
mod rows;
mod totals;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use kessai_shared::ids::{CaptureId, ChargebackId, Epoch, OrderId, RefundId};
use kessai_shared::money::Minor;
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::time::Timestamp;
use kessai_shared::trail::{Operated, Trail};
use serde::{Deserialize, Serialize};

use super::account::{Account, AccountId, Status};
use super::at_rest::{AtRest, Candidate};
use super::clearing::{Batches, Clearing};
use super::closed::BatchChange;
use super::entry::Entry;
use super::fence::{Fences, Grant};
use super::given::{Capture, Chargeback, Late, Refund};
use super::group::{End, Ends, Group, Groups};
use super::guesses::{Guessed, Guesses, is_guess};
use super::hold::{Charge, ChargeState, Decided};
use super::index::{Index, Place};
use super::life::{AccountChange, Lives};
use super::policies::{Adoption, Policies};

pub use rows::{Row, RowKey};
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
        epoch: Epoch,
        entries: Vec<Entry>,
    },
    Captured {
        key: Key,
        capture: Capture,
        epoch: Epoch,
        entries: Vec<Entry>,
    },
    /// A part of a hold was given back.
    Released {
        key: Key,
        release: RefundId,
        amount: Minor,
        epoch: Epoch,
        entries: Vec<Entry>,
    },
    /// A part of a charge was given back.
    Refunded {
        key: Key,
        refund: RefundId,
        amount: Minor,
        /// The seller's clearing batch that it is kept back from.
        batch: u32,
        epoch: Epoch,
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
    /// A node of a seller was put in charge.
    Granted(Box<Grant>),
    /// An operator had something done that moves no money.
    Operated {
        by: Pin,
        what: Operated,
        /// A line of at most [`MAX_REASON_BYTES`](kessai_shared::operator::trail::MAX_REASON_BYTES).
        reason: String,
    },
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
    /// The epoch of the seller that it was made under.
    pub epoch: Epoch,
    /// How far the journal of the node that asked had come.
    pub at: u64,
}

/// A change that cannot follow from the books as they are: the journal is not this ledger's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inconsistent(pub &'static str);

#[derive(Default)]
pub struct Books {
    accounts: HashMap<AccountId, Account>,
    /// Apart, so that the table stays small: it is copied whenever it grows.
    charges: HashMap<Key, Box<Charge>>,
    /// The same charges in the order of their sellers and orders, so that they are listed page by page.
    by_order: BTreeSet<Key>,
    /// Releases and refunds; a seller's ids are of one kind for both.
    refunds: HashMap<(Pin, RefundId), Refund>,
    /// Which refunds of its charge an order has, in the order in which they were booked.
    refunded: HashMap<Key, Vec<RefundId>>,
    chargebacks: BTreeMap<ChargebackId, Chargeback>,
    late: BTreeMap<Key, Late>,
    clearing: Clearing,
    /// The live holds by the time they run out.
    expiring: BTreeSet<(Timestamp, Key)>,
    index: Index,
    guesses: Guesses,
    groups: Groups,
    ends: Ends,
    lives: Lives,
    policies: Policies,
    fences: Fences,
    trail: Trail,
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
        self.charges.get(key).map(AsRef::as_ref)
    }

    pub fn refund(&self, seller: Pin, refund: RefundId) -> Option<&Refund> {
        self.refunds.get(&(seller, refund))
    }

    /// The refunds of what was captured of an order.
    pub fn refunds_of(&self, key: &Key) -> impl Iterator<Item = (RefundId, &Refund)> {
        let ids = self.refunded.get(key).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.refund(key.0, *id)?)))
    }

    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (&AccountId, &Account)> {
        self.accounts.iter()
    }

    pub fn charges(&self) -> impl Iterator<Item = (&Key, &Charge)> {
        self.charges.iter().map(|(key, charge)| (key, charge.as_ref()))
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

    /// The clearing batches that both books say something else of, by seller and number.
    pub fn disputed_batches(&self) -> &BTreeSet<(Pin, u32)> {
        self.clearing.disputed()
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

    /// The end of the last group of the journal; `None` in books that were loaded and had no group since.
    pub fn end(&self) -> Option<End> {
        self.ends.last()
    }

    /// The chain's hash after a position, when a group ends there that is not forgotten: one of the last
    /// ones, or one that holds decisions.
    pub fn hash_at(&self, position: u64) -> Option<[u8; 32]> {
        let group = || self.groups.around(position).filter(|group| group.last == position);
        self.ends.hash_at(position).or_else(|| group().map(|group| group.journal))
    }

    /// The credit policy in force, and those that were before it.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Which node of each seller is in charge.
    pub fn fences(&self) -> &Fences {
        &self.fences
    }

    /// What operators had done.
    pub fn trail(&self) -> &Trail {
        &self.trail
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
        if let Some((seller, epoch)) = change.under() {
            self.fences.expect(seller, epoch)?;
        }
        self.take_in(change, position, at)?;
        self.note_moves(change, at);
        if let Some(act) = change.act() {
            self.trail.note(act, position, at);
        }
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
            Change::Granted(grant) => self.fences.grant(grant, at),
            Change::Operated { what, .. } => {
                self.trail.operate(*what);
                Ok(())
            }
        }
    }

    /// Ends a group of the journal, of which these are the first and last position, the time of the
    /// last record and the chain's hash after it.
    pub fn end_group(&mut self, first: u64, last: u64, at: Timestamp, journal: [u8; 32]) {
        self.groups.end(first, last, at, journal);
        self.ends.put(End { position: last, hash: journal });
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
            Change::PolicyAdopted(_) | Change::Granted(_) | Change::Operated { .. } => return,
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
        self.fences.reached(purchase.seller, change.at);
        self.groups.decided(position, leaf);
        self.by_order.insert(key);
        self.charges.insert(key, Box::new(charge));
        Ok(())
    }
}

impl fmt::Display for Inconsistent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Inconsistent {}
