//! What operators and the calendar do to accounts: each act finds the change that goes with it, or why
//! there is none. Nothing is changed here.

use std::fmt;

use kessai_shared::ids::RepaymentId;
use kessai_shared::money::{Currency, MAX_AMOUNT, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::time::{Timestamp, YearMonth};

use super::{AccountChange, Event, MAX_WHY_BYTES, Month, Terms};
use crate::ledger::account::{Account, AccountId, Status};
use crate::ledger::books::{Books, Change};
use crate::ledger::entry::{Entry, LedgerAccount};

/// What an operator does to one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountAct {
    Repay {
        repayment: RepaymentId,
        amount: Minor,
    },
    Block {
        status: Blocked,
        why: String,
    },
    Unblock {
        /// Whether a card that was lost or stolen is good again, though no new card file was made.
        same_card: bool,
    },
    Limit {
        limit: Minor,
    },
    Close,
    WriteOff,
}

/// Why a card is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    Lost,
    Stolen,
    Restricted,
}

/// Why an act was not carried out. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    Unknown,
    /// The repayment's id was booked before, with another account or amount.
    Duplicate,
    Amount,
    Limit,
    Why,
    /// A closed account stays closed.
    Closed,
    /// What is still open on an account that was to be closed.
    Open {
        balance: Minor,
        held: Minor,
        currency: Currency,
    },
    NotBlocked,
    /// The card is lost or stolen, which is more than restricted.
    Weaker,
    /// The card was lost or stolen, and no card file was made since.
    SameCard,
    WrittenOff {
        left: Minor,
        currency: Currency,
    },
    NothingOwed,
}

impl Blocked {
    pub fn status(self) -> Status {
        match self {
            Blocked::Lost => Status::Lost,
            Blocked::Stolen => Status::Stolen,
            Blocked::Restricted => Status::Restricted,
        }
    }
}

/// An operator's act at this time. `Ok(None)` when it is done already.
///
/// # Errors
/// [`NotDone`] says why not.
pub fn act(
    books: &Books,
    id: AccountId,
    act: &AccountAct,
    (by, now): (Pin, Timestamp),
) -> Result<Option<Change>, NotDone> {
    let account = books.account(id).ok_or(NotDone::Unknown)?;
    let event = match act {
        AccountAct::Repay { repayment, amount } => {
            return repay(books, id, account, (*repayment, *amount, now), by);
        }
        AccountAct::Block { status, why } => {
            if why.trim().is_empty() || why.len() > MAX_WHY_BYTES || why.chars().any(char::is_control) {
                return Err(NotDone::Why);
            }
            living(account)?;
            // A weaker block in the place of a stronger would let the card be good again without a new one.
            let out_of_hand = matches!(account.status, Status::Lost | Status::Stolen);
            if out_of_hand && *status == Blocked::Restricted {
                return Err(NotDone::Weaker);
            }
            let same = account.life.block.as_ref().is_some_and(|block| block.why == *why);
            if account.status == status.status() && same {
                return Ok(None);
            }
            Event::Blocked { status: status.status(), why: why.clone(), by }
        }
        AccountAct::Unblock { same_card } => {
            living(account)?;
            may_be_unblocked(account, *same_card)?;
            Event::Unblocked { by }
        }
        AccountAct::Limit { limit } => {
            living(account)?;
            if !(0..=MAX_AMOUNT).contains(&limit.0) {
                return Err(NotDone::Limit);
            }
            if account.limit == *limit {
                return Ok(None);
            }
            Event::Limited { limit: *limit, by }
        }
        AccountAct::Close => {
            if account.status == Status::Closed {
                return Ok(None);
            }
            let Account { balance, held, currency, .. } = *account;
            if balance != Minor::ZERO || held != Minor::ZERO {
                return Err(NotDone::Open { balance, held, currency });
            }
            Event::Closed { by }
        }
        AccountAct::WriteOff => {
            let amount = account.balance;
            if !amount.is_positive() {
                return Err(NotDone::NothingOwed);
            }
            let entry = receivable(account, id, LedgerAccount::WriteOffs, amount).turned();
            return Ok(Some(change(id, Event::WrittenOff { amount, by }, vec![entry])));
        }
    };
    Ok(Some(change(id, event, Vec::new())))
}

/// Closes the open month of an account, unless it is later than `until` or the account is asleep. `by`
/// is the operator who asks for it; the settlement itself does when the month is over.
pub fn close_month(
    books: &Books,
    id: AccountId,
    until: YearMonth,
    terms: &Terms,
    by: Option<Pin>,
) -> Option<Change> {
    let account =
        books.account(id).filter(|account| account.open_month().is_some_and(|open| open <= until))?;
    match account.close_month(terms)? {
        Month::Passed(month) => Some(change(id, Event::Passed { month, by }, Vec::new())),
        Month::Stated(statement) => {
            let fee = account.late_fee(&statement);
            let fee = fee.is_positive().then(|| receivable(account, id, LedgerAccount::CardholderFees, fee));
            Some(change(id, Event::Stated { statement, by }, fee.into_iter().collect()))
        }
    }
}

/// A repayment goes to what was written off first: that is not in the balance any more.
fn repay(
    books: &Books,
    id: AccountId,
    account: &Account,
    (repayment, amount, received): (RepaymentId, Minor, Timestamp),
    by: Pin,
) -> Result<Option<Change>, NotDone> {
    if let Some(booked) = books.repayment(repayment) {
        let same = booked.account == id && booked.amount == amount;
        return if same { Ok(None) } else { Err(NotDone::Duplicate) };
    }
    if !(1..=MAX_AMOUNT).contains(&amount.0) {
        return Err(NotDone::Amount);
    }
    let recovered = account.life.written_off.min(amount);
    let repaid = Minor(amount.0 - recovered.0);
    let recovery = Entry {
        currency: account.currency,
        debit: LedgerAccount::Bank,
        credit: LedgerAccount::WriteOffs,
        amount: recovered,
    };
    let repayment_in = receivable(account, id, LedgerAccount::Bank, repaid).turned();
    let entries = [recovery, repayment_in].into_iter().filter(|entry| entry.amount.is_positive()).collect();
    Ok(Some(change(id, Event::Repaid { repayment, amount, received, by }, entries)))
}

/// A card that somebody else may have is not made good again by a word alone: its number would buy again
/// for whoever found it. A card file that was made since voids the key of before and asks for a new one,
/// so that the number alone is worth nothing; without one the operator has to say that it is the same
/// card that is back in its holder's hands.
fn may_be_unblocked(account: &Account, same_card: bool) -> Result<(), NotDone> {
    if account.life.written_off.is_positive() {
        let (left, currency) = (account.life.written_off, account.currency);
        return Err(NotDone::WrittenOff { left, currency });
    }
    match account.status {
        Status::Normal | Status::Closed => Err(NotDone::NotBlocked),
        Status::Lost | Status::Stolen if !account.life.reissued && !same_card => Err(NotDone::SameCard),
        Status::Lost | Status::Stolen | Status::Restricted => Ok(()),
    }
}

fn living(account: &Account) -> Result<(), NotDone> {
    if account.status == Status::Closed { Err(NotDone::Closed) } else { Ok(()) }
}

/// Raises what a cardholder owes.
fn receivable(account: &Account, id: AccountId, credit: LedgerAccount, amount: Minor) -> Entry {
    Entry { currency: account.currency, debit: LedgerAccount::Receivable(id), credit, amount }
}

fn change(id: AccountId, event: Event, entries: Vec<Entry>) -> Change {
    Change::Account(Box::new(AccountChange { id, event, entries }))
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotDone::Unknown => f.write_str("there is no such account"),
            NotDone::Duplicate => f.write_str(
                "this repayment id was booked before, for another account or amount; nothing was booked now",
            ),
            NotDone::Amount => write!(f, "an amount is from 1 to {MAX_AMOUNT} minor units"),
            NotDone::Limit => write!(f, "a limit is from 0 to {MAX_AMOUNT} minor units"),
            NotDone::Why => write!(f, "a block needs a reason, in one line of at most {MAX_WHY_BYTES} bytes"),
            NotDone::Closed => f.write_str("the account is closed, and stays so"),
            NotDone::Open { balance, held, currency } => write!(
                f,
                "the account is not even: it owes {} and {} is held for orders; have that settled first",
                balance.show(*currency),
                held.show(*currency)
            ),
            NotDone::Weaker => f.write_str(
                "the card is blocked as lost or stolen already, which restricted would weaken; it stays so",
            ),
            NotDone::NotBlocked => f.write_str("the account is not blocked"),
            NotDone::SameCard => f.write_str(
                "the card was lost or stolen, and no new card file was made since: run issue-card first, or say \
                 --same-card when it is back in its holder's hands",
            ),
            NotDone::WrittenOff { left, currency } => write!(
                f,
                "{} of it was written off; the account is good again when that is repaid",
                left.show(*currency)
            ),
            NotDone::NothingOwed => f.write_str("nothing is owed on the account, so nothing can be written off"),
        }
    }
}

impl std::error::Error for NotDone {}
