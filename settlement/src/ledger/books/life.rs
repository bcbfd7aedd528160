//! The lives of the accounts in the books: their months, and what moves in them.

use kessai_shared::ids::RepaymentId;
use kessai_shared::time::{Timestamp, YearMonth};

use super::{Books, Change, Inconsistent};
use crate::ledger::account::AccountId;
use crate::ledger::entry::LedgerAccount;
use crate::ledger::life::{AccountChange, Repayment, Statement};

impl Books {
    /// The accounts whose open month is this one or an earlier one, the earliest month first. Accounts
    /// that are asleep are not among them.
    pub fn to_close(&self, month: YearMonth) -> impl Iterator<Item = AccountId> {
        self.lives.to_close(month)
    }

    /// How many of those there are; this takes as long as they are many.
    pub fn count_to_close(&self, month: YearMonth) -> usize {
        self.lives.to_close(month).count()
    }

    /// The statements that are kept of an account, the oldest first.
    pub fn statements_of(&self, id: AccountId) -> impl DoubleEndedIterator<Item = &Statement> {
        self.lives.statements(id)
    }

    pub fn statements(&self) -> impl Iterator<Item = (&(AccountId, YearMonth), &Statement)> {
        self.lives.all_statements()
    }

    pub fn repayment(&self, id: RepaymentId) -> Option<&Repayment> {
        self.lives.repayment(id)
    }

    pub fn repayments(&self) -> impl Iterator<Item = (&RepaymentId, &Repayment)> {
        self.lives.repayments()
    }

    pub(super) fn live(&mut self, change: &AccountChange, at: Timestamp) -> Result<(), Inconsistent> {
        let account = self.accounts.get_mut(&change.id);
        let account = account.ok_or(Inconsistent("something happens to an unknown account"))?;
        self.lives.apply(account, change, at)
    }

    /// Begins the months of an account that was opened.
    pub(super) fn begin(&mut self, id: AccountId, at: Timestamp) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.begin(at.month());
            self.lives.put(id, account);
        }
    }

    /// Adds what a change has moved to the open months of its accounts. The entries say it, whatever the
    /// change is; those of an account's own change are seen to with it.
    pub(super) fn note_moves(&mut self, change: &Change, at: Timestamp) {
        if matches!(change, Change::Opened { .. } | Change::Account(_)) {
            return;
        }
        for entry in change.entries() {
            for side in [entry.debit, entry.credit] {
                let LedgerAccount::Receivable(id) = side else { continue };
                if let Some(account) = self.accounts.get_mut(&id) {
                    self.lives.moved(id, account, entry, at);
                }
            }
        }
    }
}
