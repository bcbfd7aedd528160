//! What the books answer to each request, and the change that goes with it. An act only proposes;
//! the one writer makes the change durable before anybody hears the answer.

mod fence;
mod money;

use kessai_shared::ids::Epoch;
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::settlement::Refusal;
use kessai_shared::time::Timestamp;

use super::account::{Account, AccountId};
use super::books::{Books, Change, DecidedChange};
use super::decision::{Presented, decide, enrols};
use super::entry::Entry;
use super::hold::ChargeState;
use super::policy::Policy;

pub use fence::{LastHeard, admit, claim};
pub use money::{Booked, capture, charge_back, expire, overdue, presented_late, refund, release, reverse};
mod operate;
mod policy;

pub use operate::{NotAReason, operate, take_over};
pub use policy::{PolicyRefused, adopt};

/// How an inquiry is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inquired {
    /// It was decided before, and that answer stands.
    Known,
    /// The order was decided before with other content (94).
    Duplicate,
    /// It was approved before, and that approval is worth nothing any more.
    Over(Refusal),
    /// It is decided now, about this account if there is one.
    Fresh(Fresh),
}

/// A decision that is not in the books yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    pub reason: Reason,
    pub account: Option<AccountId>,
    /// The holder's key that is enrolled with it.
    pub enrolled: Option<[u8; 32]>,
    /// The policy that is in force, by the sequence of its adoption.
    pub policy: u32,
    /// The epoch of the seller that it is made under.
    pub epoch: Epoch,
    /// How far the journal of the node that asked has come; 0 where nobody says.
    pub at: u64,
}

/// An act that either changes the books, or finds that all is done already.
pub type Act = Result<Option<Change>, Refusal>;

impl Fresh {
    fn without_account(reason: Reason, seller: Pin, books: &Books) -> Self {
        let (policy, epoch) = (books.policies().sequence(), books.fences().epoch(seller));
        Self { reason, account: None, enrolled: None, policy, epoch, at: 0 }
    }
}

/// Decides about a purchase, or finds the decision there is. `policy` is the one of the books: the
/// decision names it, and the audit decides once more under what it names.
pub fn inquire(
    books: &Books,
    purchase: &Purchase,
    presented: Option<&Presented>,
    policy: &Policy,
    now: Timestamp,
) -> Inquired {
    let charge = books.charge(&(purchase.seller, purchase.order));
    match charge.map(|charge| (charge.state, &charge.decided)) {
        Some((state, Some(decided))) if decided.purchase == *purchase => match state {
            // Saying "approved" again would let goods go for which nothing is held.
            ChargeState::Expired => Inquired::Over(Refusal::Expired),
            ChargeState::Reversed if decided.reason == Reason::Approved => Inquired::Over(Refusal::Reversed),
            ChargeState::Reversed
            | ChargeState::Tombstone
            | ChargeState::Declined
            | ChargeState::Held
            | ChargeState::Captured => Inquired::Known,
        },
        Some((_, Some(_))) => Inquired::Duplicate,
        Some((_, None)) => Inquired::Fresh(Fresh::without_account(Reason::Reversed, purchase.seller, books)),
        None if purchase.deadline <= now => {
            Inquired::Fresh(Fresh::without_account(Reason::TooLate, purchase.seller, books))
        }
        None => {
            let account = presented.filter(|p| p.passes_luhn).and_then(|p| books.find(&p.candidates));
            let known = account.and_then(|id| books.account(id));
            let since = now.minus_seconds(policy.seller_tries.seconds);
            let known_there = account.is_some_and(|id| books.is_customer(purchase.seller, id));
            let guesses = if known_there { 0 } else { books.guesses(purchase.seller, since) };
            let money = (purchase.amount, purchase.currency);
            let reason = decide(presented, known, guesses, money, policy, now);
            let enrolled = presented.zip(known).and_then(|(card, known)| enrols(card, known, reason));
            let fresh = Fresh::without_account(reason, purchase.seller, books);
            Inquired::Fresh(Fresh { account, enrolled, ..fresh })
        }
    }
}

/// The change that makes a fresh decision.
pub fn decided(
    purchase: Purchase,
    Fresh { reason, account, enrolled, policy: under, epoch, at }: Fresh,
    sealed_reason: Vec<u8>,
    policy: &Policy,
    now: Timestamp,
) -> Change {
    let hold = account.filter(|_| reason == Reason::Approved);
    let entries = hold.map(|id| Entry::hold(purchase.currency, id, purchase.seller, purchase.amount));
    Change::Decided(Box::new(DecidedChange {
        purchase,
        reason,
        sealed_reason,
        account,
        expires: now.plus_seconds(policy.hold_seconds),
        entries: entries.into_iter().collect(),
        enrolled,
        policy: under,
        epoch,
        at,
    }))
}

/// The change that opens an account, which the operator with this key did. It is known from then on by what it is found by now.
pub fn open(account: Account, by: Pin) -> Change {
    let id = AccountId(account.index);
    let entry = Entry::opening(account.currency, id, account.balance);
    Change::Opened { id, account, entry, by }
}
