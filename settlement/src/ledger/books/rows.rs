//! The rows that the books are put away in, and made of again.

use kessai_shared::ids::{ChargebackId, OrderId, RefundId, RepaymentId};
use kessai_shared::pin::Pin;
use kessai_shared::time::YearMonth;
use kessai_shared::trail::{Listed, Noted};
use serde::{Deserialize, Serialize};

use super::{Books, Inconsistent, Key};
use crate::ledger::account::{Account, AccountId};
use crate::ledger::clearing::Batches;
use crate::ledger::fence::Fence;
use crate::ledger::given::{Chargeback, Late, Refund};
use crate::ledger::group::Group;
use crate::ledger::guesses::Guessed;
use crate::ledger::hold::{Charge, ChargeState};
use crate::ledger::life::{Repayment, Statement};
use crate::ledger::policies::Adopted;

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
    /// Which node of a seller is in charge.
    Fence(Pin),
    /// What an operator had done, by the position of its record.
    Act(u64),
    /// Whose keys are on which list; there is one such row.
    Listed,
}

/// A row of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    Account(Box<Account>),
    Charge(Box<Charge>),
    Refund(Refund),
    Guesses(Guessed),
    Group(Group),
    Chargeback(Chargeback),
    Late(Late),
    Batches(Batches),
    Statement(Statement),
    Repayment(Repayment),
    Policy(Adopted),
    Fence(Fence),
    Act(Noted),
    Listed(Listed),
}

impl Books {
    pub fn row(&self, key: &RowKey) -> Option<Row> {
        match key {
            RowKey::Account(id) => self.accounts.get(id).cloned().map(Box::new).map(Row::Account),
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
            RowKey::Fence(seller) => self.fences.of(*seller).copied().map(Row::Fence),
            RowKey::Act(position) => self.trail.act(*position).cloned().map(Row::Act),
            RowKey::Listed => Some(Row::Listed(self.trail.listed().clone())),
        }
    }

    /// Makes room: most of so many rows are charges.
    pub fn expect_rows(&mut self, rows: usize) {
        self.charges.reserve(rows);
    }

    /// Puts a charge back that was stored before.
    pub fn load_charge(&mut self, key: Key, charge: Box<Charge>) {
        if charge.state == ChargeState::Held {
            self.expiring.insert((charge.expires, key));
        }
        charge.account.iter().for_each(|id| self.guesses.bought(key.0, *id));
        self.by_order.insert(key);
        self.charges.insert(key, charge);
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
                self.accounts.insert(id, *account);
            }
            (RowKey::Charge(seller, order), Row::Charge(charge)) => self.load_charge((seller, order), charge),
            (RowKey::Refund(seller, id), Row::Refund(refund)) => {
                self.put_refund(seller, id, refund);
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
            (RowKey::Fence(seller), Row::Fence(fence)) => self.fences.load(seller, fence),
            (RowKey::Act(position), Row::Act(noted)) => self.trail.load_act(position, noted),
            (RowKey::Listed, Row::Listed(listed)) => self.trail.load_listed(listed),
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
                | RowKey::Policy(_)
                | RowKey::Fence(_)
                | RowKey::Act(_)
                | RowKey::Listed,
                _,
            ) => {
                return Err(Inconsistent("a row is not of the kind its key says"));
            }
        }
        Ok(())
    }
}
