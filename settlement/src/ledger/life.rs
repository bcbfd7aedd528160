//! The life of a card account: its months and statements, repayments, blocks, limit, close and write-off.

pub mod acts;
mod audit;
mod billing;
mod statement;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kessai_shared::ids::RepaymentId;
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::time::{Timestamp, YearMonth};
use serde::{Deserialize, Serialize};

use super::account::{Account, AccountId, Status};
use super::books::Inconsistent;
use super::entry::{Entry, LedgerAccount};

pub(super) use audit::LifeAudit;
pub use billing::{Billing, Due, Month};
pub use statement::{MAX_STATEMENTS_KEPT, Moved, Statement, Terms};

/// Longest reason that an operator may give for a block, in bytes.
pub const MAX_WHY_BYTES: usize = 120;

/// What an account has of its own life, besides what decisions are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    pub billing: Billing,
    /// Why it is blocked, where an operator has done it here.
    pub block: Option<Block>,
    /// Whether a card file with a code was made since it was blocked: then the card of before, and
    /// whoever has it, gets nothing approved even when the block is taken away.
    pub reissued: bool,
    /// What was written off and has not come in after all.
    pub written_off: Minor,
}

/// Who blocked an account, when, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// At most [`MAX_WHY_BYTES`].
    pub why: String,
    pub by: Pin,
    pub at: Timestamp,
}

/// A repayment that was booked, kept so that booking it again does nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repayment {
    pub account: AccountId,
    pub amount: Minor,
    pub received: Timestamp,
    pub by: Pin,
}

/// Something that happened to one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChange {
    pub id: AccountId,
    pub event: Event,
    /// What moved: nothing, for most events.
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A month was closed; by an operator, or by the settlement itself when it was over.
    Stated {
        statement: Statement,
        by: Option<Pin>,
    },
    /// A month in which nothing was owed and nothing moved.
    Passed {
        month: YearMonth,
        by: Option<Pin>,
    },
    /// The cardholder has paid; `received` is when the money came.
    Repaid {
        repayment: RepaymentId,
        amount: Minor,
        received: Timestamp,
        by: Pin,
    },
    /// Never to [`Status::Normal`] or [`Status::Closed`].
    Blocked {
        status: Status,
        why: String,
        by: Pin,
    },
    Unblocked {
        by: Pin,
    },
    Limited {
        limit: Minor,
        by: Pin,
    },
    Closed {
        by: Pin,
    },
    /// The whole balance is given up.
    WrittenOff {
        amount: Minor,
        by: Pin,
    },
}

/// What the books keep of the lives of their accounts besides the accounts themselves.
#[derive(Default)]
pub(super) struct Lives {
    /// The accounts that are awake, by the month that is to be closed next.
    open: BTreeSet<(YearMonth, AccountId)>,
    statements: BTreeMap<(AccountId, YearMonth), Statement>,
    repayments: HashMap<RepaymentId, Repayment>,
}

impl Lives {
    /// The accounts whose open month is this one or an earlier one, the earliest month first.
    pub(super) fn to_close(&self, month: YearMonth) -> impl Iterator<Item = AccountId> {
        self.open.iter().take_while(move |(open, _)| *open <= month).map(|(_, id)| *id)
    }

    /// The statements of an account, the oldest first.
    pub(super) fn statements(&self, id: AccountId) -> impl DoubleEndedIterator<Item = &Statement> {
        let months = (id, YearMonth::FIRST)..=(id, YearMonth::LAST);
        self.statements.range(months).map(|(_, statement)| statement)
    }

    pub(super) fn all_statements(&self) -> impl Iterator<Item = (&(AccountId, YearMonth), &Statement)> {
        self.statements.iter()
    }

    pub(super) fn statement(&self, id: AccountId, month: YearMonth) -> Option<&Statement> {
        self.statements.get(&(id, month))
    }

    pub(super) fn repayment(&self, id: RepaymentId) -> Option<&Repayment> {
        self.repayments.get(&id)
    }

    pub(super) fn repayments(&self) -> impl Iterator<Item = (&RepaymentId, &Repayment)> {
        self.repayments.iter()
    }

    pub(super) fn load_statement(
        &mut self,
        id: AccountId,
        month: YearMonth,
        statement: Statement,
    ) -> Result<(), Inconsistent> {
        if statement.month != month || !statement.adds_up() {
            return Err(Inconsistent("a statement does not hold what its key says"));
        }
        self.statements.insert((id, month), statement);
        Ok(())
    }

    pub(super) fn load_repayment(&mut self, id: RepaymentId, repayment: Repayment) {
        self.repayments.insert(id, repayment);
    }

    /// Puts an account where its next close is looked for, where it was not there before.
    pub(super) fn put(&mut self, id: AccountId, account: &Account) {
        self.open.extend(account.open_month().map(|month| (month, id)));
    }

    /// Keeps the place of an account whose terms were stated anew.
    pub(super) fn restated(&mut self, id: AccountId, before: &Account, after: &Account) {
        if let Some(month) = before.open_month() {
            self.open.remove(&(month, id));
        }
        self.put(id, after);
    }

    /// Does something to an account and keeps its place among those that are to be closed.
    fn with<T>(&mut self, id: AccountId, account: &mut Account, act: impl FnOnce(&mut Account) -> T) -> T {
        let before = account.open_month();
        let done = act(account);
        let after = account.open_month();
        if before != after {
            if let Some(month) = before {
                self.open.remove(&(month, id));
            }
            self.put(id, account);
        }
        done
    }

    /// Takes the entries of a change of another kind in, whose sums the account has already.
    pub(super) fn moved(&mut self, id: AccountId, account: &mut Account, entry: &Entry, at: Timestamp) {
        self.with(id, account, |account| {
            account.wake(at.month());
            let up = entry.debit == LedgerAccount::Receivable(id);
            let moved = &mut account.life.billing.moved;
            let sum = if up { &mut moved.purchases } else { &mut moved.refunds };
            sum.0 = sum.0.saturating_add(entry.amount.0);
            if !up {
                account.credited(entry.amount, None);
            }
        });
    }

    /// Takes a change in.
    pub(super) fn apply(
        &mut self,
        account: &mut Account,
        change: &AccountChange,
        at: Timestamp,
    ) -> Result<(), Inconsistent> {
        let AccountChange { id, event, .. } = change;
        if let Event::Repaid { repayment, amount, received, by } = event {
            let booked = Repayment { account: *id, amount: *amount, received: *received, by: *by };
            if !amount.is_positive() || self.repayments.contains_key(repayment) {
                return Err(Inconsistent("a repayment is booked twice, or is none"));
            }
            self.repayments.insert(*repayment, booked);
        }
        self.with(*id, account, |account| happens(account, change, at))?;
        if let Event::Stated { statement, .. } = event {
            self.statements.insert((*id, statement.month), *statement);
            let over = self.statements(*id).count().saturating_sub(MAX_STATEMENTS_KEPT);
            let old: Vec<_> = self.statements(*id).take(over).map(|old| old.month).collect();
            for month in old {
                self.statements.remove(&(*id, month));
            }
        }
        Ok(())
    }
}

fn happens(account: &mut Account, change: &AccountChange, at: Timestamp) -> Result<(), Inconsistent> {
    let blocked = |account: &mut Account, status, why: &str, by| {
        account.status = status;
        account.life.block = Some(Block { why: why.to_owned(), by, at });
        account.life.reissued = false;
    };
    if account.status == Status::Closed && is_act_on_the_living(&change.event) {
        return Err(Inconsistent("something happens to an account that is closed"));
    }
    match &change.event {
        Event::Stated { statement, .. } => {
            let closed = account.closed(&Month::Stated(*statement));
            return closed.then_some(()).ok_or(Inconsistent("a statement is not what its account says"));
        }
        Event::Passed { month, .. } => {
            let closed = account.closed(&Month::Passed(*month));
            return closed.then_some(()).ok_or(Inconsistent("a month passes that is not open or not idle"));
        }
        Event::Repaid { amount, received, .. } => {
            account.wake(at.month());
            // What was given up once comes in first: the balance does not have it any more.
            let recovered = Minor(amount.0.min(account.life.written_off.0));
            let repaid = Minor(amount.0 - recovered.0);
            account.life.written_off.0 -= recovered.0;
            account.balance.0 = account.balance.0.saturating_sub(repaid.0);
            let moved = &mut account.life.billing.moved;
            moved.repayments.0 = moved.repayments.0.saturating_add(repaid.0);
            account.credited(repaid, Some(received.day()));
            account.life.billing.counted = true;
        }
        Event::Blocked { status, why, by } => blocked(account, *status, why, *by),
        Event::Unblocked { .. } => {
            account.status = Status::Normal;
            (account.life.block, account.life.reissued) = (None, false);
        }
        Event::Limited { limit, .. } => account.limit = *limit,
        Event::Closed { .. } => {
            if account.balance != Minor::ZERO || account.held != Minor::ZERO {
                return Err(Inconsistent("an account is closed that is not even"));
            }
            account.status = Status::Closed;
        }
        Event::WrittenOff { amount, by } => {
            if !amount.is_positive() || *amount != account.balance {
                return Err(Inconsistent("more or less than the balance is written off"));
            }
            // A card that was lost or stolen stays so, whatever becomes of its balance.
            if account.status == Status::Normal {
                blocked(account, Status::Restricted, "written off", *by);
            }
            account.balance = Minor::ZERO;
            account.life.written_off.0 = account.life.written_off.0.saturating_add(amount.0);
            let moved = &mut account.life.billing.moved;
            moved.written_off.0 = moved.written_off.0.saturating_add(amount.0);
            account.credited(*amount, None);
        }
    }
    Ok(())
}

/// What a closed account is not open to any more. Its last months are stated like others, and money that
/// comes for it has to be booked somewhere.
fn is_act_on_the_living(event: &Event) -> bool {
    match event {
        Event::Stated { .. } | Event::Passed { .. } | Event::Repaid { .. } | Event::WrittenOff { .. } => {
            false
        }
        Event::Blocked { .. } | Event::Unblocked { .. } | Event::Limited { .. } | Event::Closed { .. } => {
            true
        }
    }
}
