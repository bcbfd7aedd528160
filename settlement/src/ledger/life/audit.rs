//! Counts the lives of the accounts a second time, from the double entries alone: what moved in each
//! month by the account on its other side, and what each statement says of it.

use std::collections::{HashMap, HashSet};

use kessai_shared::ids::RepaymentId;
use kessai_shared::outcome::Reason;
use kessai_shared::time::YearMonth;

use super::{AccountChange, Event, Moved, Statement, Status};
use crate::ledger::account::AccountId;
use crate::ledger::books::{Books, Change};
use crate::ledger::entry::{Entry, LedgerAccount};

/// The months of one account, as its entries tell them.
#[derive(Default)]
struct Count {
    opening: i128,
    /// Purchases, refunds, repayments, fees, written off.
    moved: [i128; 5],
    last: Option<Statement>,
    /// The last month that was closed, with a statement or without.
    closed: Option<YearMonth>,
    written_off: i128,
}

#[derive(Default)]
pub(in crate::ledger) struct LifeAudit {
    counts: HashMap<AccountId, Count>,
    repaid: HashSet<RepaymentId>,
    problems: Vec<String>,
}

impl LifeAudit {
    /// Begins with books that were loaded: what stood before them cannot be seen.
    pub(in crate::ledger) fn begin(&mut self, books: &Books) {
        for (id, account) in books.accounts() {
            let billing = &account.life.billing;
            let last = books.statements_of(*id).next_back().copied();
            let count = Count {
                opening: billing.opening.0.into(),
                moved: sums(&billing.moved),
                last,
                closed: last.map(|last| last.month),
                written_off: account.life.written_off.0.into(),
            };
            self.counts.insert(*id, count);
        }
        self.repaid.extend(books.repayments().map(|(id, _)| *id));
    }

    /// Takes in one change; `books` are as they are after it.
    pub(in crate::ledger) fn see(&mut self, change: &Change, books: &Books) {
        change.entries().iter().for_each(|entry| self.post(entry));
        match change {
            Change::Account(change) => self.life(change),
            Change::Decided(decided) if decided.reason == Reason::Approved => {
                let account = decided.account.and_then(|id| books.account(id));
                if account.is_none_or(|account| account.status != Status::Normal) {
                    let order = decided.purchase.order;
                    self.problems.push(format!("order {order} is approved on an account that is blocked"));
                }
            }
            _ => {}
        }
    }

    /// Everything that is wrong, one sentence each, after the last change.
    pub(in crate::ledger) fn finish(mut self, books: &Books) -> Vec<String> {
        for (id, account) in books.accounts() {
            let count = self.counts.remove(id).unwrap_or_default();
            let (billing, last) = (&account.life.billing, books.statements_of(*id).next_back());
            let open = (i128::from(billing.opening.0), sums(&billing.moved));
            if open != (count.opening, count.moved) {
                let text = format!(
                    "account {id}: its open month has {open:?}, its entries say {:?}",
                    (count.opening, count.moved)
                );
                self.problems.push(text);
            }
            if last != count.last.as_ref() {
                self.problems.push(format!("account {id}: its last statement is not the one that was made"));
            }
            if i128::from(account.life.written_off.0) != count.written_off {
                self.problems.push(format!("account {id}: what was written off is not what its entries say"));
            }
            let past_due = billing.past_due();
            if past_due.0 > account.balance.0.max(0) || billing.dues.iter().any(|due| due.left.0 <= 0) {
                self.problems.push(format!("account {id}: more is past due than is owed"));
            }
        }
        let nobodys = self.counts.keys().map(|id| format!("account {id}: has entries and is not there"));
        self.problems.extend(nobodys);
        let there: HashSet<_> = books.repayments().map(|(id, _)| *id).collect();
        if there != self.repaid {
            self.problems.push("the repayments kept are not those that were booked".to_owned());
        }
        self.problems
    }

    fn post(&mut self, entry: &Entry) {
        use LedgerAccount::{Bank, CardholderFees, Opening, Payable, Receivable, WriteOffs};
        let amount = i128::from(entry.amount.0);
        let (id, column, amount) = match (entry.debit, entry.credit) {
            (Receivable(id), Opening) => return self.counts.entry(id).or_default().opening += amount,
            (Receivable(id), Payable(_)) => (id, 0, amount),
            (Payable(_), Receivable(id)) => (id, 1, amount),
            (Bank, Receivable(id)) => (id, 2, amount),
            (Receivable(id), CardholderFees) => (id, 3, amount),
            (WriteOffs, Receivable(id)) => {
                let count = self.counts.entry(id).or_default();
                count.written_off += amount;
                (id, 4, amount)
            }
            (Receivable(id), other) | (other, Receivable(id)) => {
                let text = format!("account {id}: nothing moves between it and {other:?}");
                return self.problems.push(text);
            }
            _ => return,
        };
        self.counts.entry(id).or_default().moved[column] += amount;
    }

    fn life(&mut self, AccountChange { id, event, entries }: &AccountChange) {
        let count = self.counts.entry(*id).or_default();
        match event {
            Event::Stated { statement, .. } => {
                let (opening, moved) = (count.opening, std::mem::take(&mut count.moved));
                let said = (i128::from(statement.opening.0), sums(&statement.moved));
                let [bought, back, repaid, fees, lost] = moved;
                count.opening = opening + bought - back - repaid + fees - lost;
                let mut wrong = Vec::new();
                if said != (opening, moved) || i128::from(statement.closing.0) != count.opening {
                    wrong.push("says other sums than its entries");
                }
                if count.closed.is_some_and(|closed| closed >= statement.month) {
                    wrong.push("is of a month that was closed before");
                }
                let before = count.last.as_ref().map_or(u8::MAX, |last| last.months_late);
                let owed = statement.closing.0.max(0);
                let late = statement.months_late > 0;
                if late != (statement.past_due.0 > 0) || statement.months_late > before.saturating_add(1) {
                    wrong.push("is later than what is past due says");
                }
                if !(0..=owed).contains(&statement.minimum_due.0) {
                    wrong.push("asks for more than is owed");
                }
                (count.closed, count.last) = (Some(statement.month), Some(*statement));
                let tell = |what| format!("account {id}: the statement of {} {what}", statement.month);
                self.problems.extend(wrong.into_iter().map(tell));
            }
            Event::Passed { month, .. } => {
                let idle = count.opening == 0 && count.moved == [0; 5];
                if !idle || count.closed.is_some_and(|closed| closed >= *month) {
                    self.problems.push(format!("account {id}: {month} passed, and was not idle or not open"));
                }
                count.closed = Some(*month);
            }
            Event::Repaid { repayment, amount, .. } => {
                let booked: i64 = entries.iter().map(|entry| entry.amount.0).sum();
                let recovered: i128 = entries
                    .iter()
                    .filter(|e| e.credit == LedgerAccount::WriteOffs)
                    .map(|e| i128::from(e.amount.0))
                    .sum();
                count.written_off -= recovered;
                if !self.repaid.insert(*repayment) || booked != amount.0 {
                    self.problems
                        .push(format!("account {id}: repayment {repayment} is booked wrongly or twice"));
                }
            }
            // None of these moves money, and what is written off was posted.
            Event::Blocked { .. }
            | Event::Unblocked { .. }
            | Event::Limited { .. }
            | Event::WrittenOff { .. } => {}
            Event::Closed { .. } => {
                let [bought, back, repaid, fees, lost] = count.moved;
                if count.opening + bought - back - repaid + fees - lost != 0 {
                    self.problems.push(format!("account {id}: was closed while it was not even"));
                }
            }
        }
    }
}

fn sums(moved: &Moved) -> [i128; 5] {
    let Moved { purchases, refunds, repayments, fees, written_off } = *moved;
    [purchases, refunds, repayments, fees, written_off].map(|sum| i128::from(sum.0))
}
