//! The open month of an account, and what earlier statements asked for and is not paid yet.
//!
//! Most accounts of a card company do nothing in most months. One that owes nothing, has not moved since
//! its last statement and was never late in the months that are kept is *asleep*: another month would
//! change nothing that a decision could see, so none is written for it, and no round looks at it. When
//! it moves again, it gets the months it has slept through in its history, each of them not late. One
//! that owes nothing but was late stays awake and gets its months, without statements, until the last
//! late one has gone out of its history.

use kessai_shared::money::Minor;
use kessai_shared::time::{Day, YearMonth};
use serde::{Deserialize, Serialize};

use super::statement::{Moved, Statement, Terms};
use crate::ledger::account::{Account, MAX_LATE_MONTHS_KEPT};

/// Unpaid minimum payments that are kept one by one; older ones are counted as one.
const MAX_DUES_KEPT: usize = 24;

/// What one statement asked for and is not paid in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The month of the statement.
    pub month: YearMonth,
    pub day: Day,
    /// Always positive.
    pub left: Minor,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// Whether the open month is to be closed when it is over.
    pub awake: bool,
    /// The month that is open. An account that has not moved yet has none.
    pub month: Option<YearMonth>,
    /// The balance at its beginning.
    pub opening: Minor,
    pub moved: Moved,
    /// The unpaid minimum payments, the oldest first.
    pub dues: Vec<Due>,
    /// Whether the minimum payment of the last statement came after its day.
    pub paid_late: bool,
    /// How late the last close found it. It goes into the history when the next month is over, whatever
    /// was made good meanwhile: that payments are late no more does not undo that they were.
    pub found_late: u8,
    /// Whether a month was ever closed here, or a repayment booked. From then on lateness is counted here
    /// alone.
    pub counted: bool,
}

/// What becomes of a month that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Month {
    Stated(Statement),
    /// Nothing is owed and nothing moved: no statement, only one month more of history.
    Passed(YearMonth),
}

impl Billing {
    pub fn past_due(&self) -> Minor {
        Minor(self.dues.iter().fold(0, |sum, due| due.left.0.saturating_add(sum)))
    }

    /// By how many months the oldest unpaid minimum payment is late once `month` is closed. One that is
    /// asked for by the statement of `month` itself is not late yet.
    fn late_after(&self, month: YearMonth) -> u8 {
        let oldest = self.dues.first().map_or(0, |due| month.months_since(due.month));
        u8::try_from(oldest).unwrap_or(u8::MAX)
    }

    /// Puts what came in on the oldest minimum payments. The day is that on which it came.
    fn pay(&mut self, mut amount: Minor, day: Option<Day>) {
        while let Some(due) = self.dues.first_mut().filter(|_| amount.is_positive()) {
            let part = due.left.min(amount);
            (due.left.0, amount.0) = (due.left.0 - part.0, amount.0 - part.0);
            if due.left.is_positive() {
                break;
            }
            let newest = self.month.is_some_and(|open| open.previous() == due.month);
            self.paid_late |= newest && day.is_some_and(|day| day > due.day);
            self.dues.remove(0);
        }
    }

    fn ask(&mut self, due: Due) {
        if due.left.is_positive() {
            self.dues.push(due);
        }
        if self.dues.len() > MAX_DUES_KEPT {
            let merged = self.dues.remove(1).left;
            self.dues[0].left.0 = self.dues[0].left.0.saturating_add(merged.0);
        }
    }
}

impl Account {
    /// The month that has to be closed next, unless the account is asleep.
    pub fn open_month(&self) -> Option<YearMonth> {
        self.life.billing.month.filter(|_| self.life.billing.awake)
    }

    /// What becomes of the open month when it is over. Changes nothing.
    pub fn close_month(&self, terms: &Terms) -> Option<Month> {
        let (billing, month) = (&self.life.billing, self.open_month()?);
        let quiet = self.balance == Minor::ZERO && billing.opening == Minor::ZERO;
        if quiet && billing.moved.is_nothing() && billing.dues.is_empty() {
            return Some(Month::Passed(month));
        }
        let past_due = billing.past_due();
        let late = past_due.is_positive() || billing.paid_late;
        let fee = if late { terms.late_fee } else { Minor::ZERO };
        // A balance at the end of all numbers is charged nothing more.
        let (fee, closing) =
            self.balance.checked_add(fee).map_or((Minor::ZERO, self.balance), |closing| (fee, closing));
        let fees = Minor(billing.moved.fees.0.saturating_add(fee.0));
        let fresh = terms.minimum(closing).min(Minor(closing.0.saturating_sub(past_due.0).max(0)));
        Some(Month::Stated(Statement {
            month,
            opening: billing.opening,
            moved: Moved { fees, ..billing.moved },
            closing,
            past_due,
            minimum_due: Minor(past_due.0.saturating_add(fresh.0)),
            due: month.next().day(terms.due_days),
            months_late: billing.late_after(month),
        }))
    }

    /// What the statement charges for being late.
    pub fn late_fee(&self, statement: &Statement) -> Minor {
        Minor(statement.moved.fees.0.saturating_sub(self.life.billing.moved.fees.0))
    }

    /// Takes the close of the open month in. `false`, and nothing changes, when it is not that month,
    /// or its sums are not those of the account.
    pub(super) fn closed(&mut self, month: &Month) -> bool {
        let Some(open) = self.open_month() else { return false };
        let (billing, late) = (&self.life.billing, self.life.billing.late_after(open));
        match month {
            Month::Passed(passed) => {
                if *passed != open || self.balance != Minor::ZERO || !billing.moved.is_nothing() {
                    return false;
                }
            }
            Month::Stated(stated) => {
                let fee = self.late_fee(stated);
                let theirs = (stated.month, stated.opening, stated.past_due, stated.months_late);
                let moved = Moved { fees: billing.moved.fees, ..stated.moved };
                if theirs != (open, billing.opening, billing.past_due(), late)
                    || moved != billing.moved
                    || fee < Minor::ZERO
                    || self.balance.checked_add(fee) != Some(stated.closing)
                    || !stated.adds_up()
                {
                    return false;
                }
                self.balance = stated.closing;
                let left = Minor(stated.minimum_due.0 - stated.past_due.0);
                self.life.billing.ask(Due { month: open, day: stated.due, left });
            }
        }
        self.pass(self.life.billing.found_late, 1);
        self.months_late = late;
        let billing = &mut self.life.billing;
        (billing.found_late, billing.counted, billing.paid_late) = (late, true, false);
        (billing.opening, billing.moved) = (self.balance, Moved::default());
        billing.month = Some(open.next());
        self.life.billing.awake = !self.sleeps();
        true
    }

    /// Begins the count of a new account, in the month in which it is opened.
    pub(in crate::ledger) fn begin(&mut self, month: YearMonth) {
        let billing = &mut self.life.billing;
        billing.month = Some(billing.month.unwrap_or(month));
        (billing.opening, billing.found_late) = (self.balance, self.months_late);
        self.life.billing.awake = !self.sleeps();
    }

    /// Takes over how late a card company's table says the account is, while nothing was counted here.
    pub(in crate::ledger) fn state_late(&mut self, terms: &Account, month: YearMonth) {
        if self.life.billing.counted {
            return;
        }
        self.late_history.clone_from(&terms.late_history);
        if self.months_late != terms.months_late {
            self.months_late = terms.months_late;
            self.life.billing.found_late = terms.months_late;
            self.life.billing.dues.clone_from(&terms.life.billing.dues);
        }
        if !self.life.billing.awake && !self.sleeps() {
            (self.life.billing.awake, self.life.billing.month) = (true, Some(month));
        }
    }

    /// Wakes the account up when something is about to move, in this month. Its balance may have moved
    /// already: while it slept there was none.
    pub(super) fn wake(&mut self, month: YearMonth) {
        let billing = &mut self.life.billing;
        if billing.awake {
            return;
        }
        billing.awake = true;
        let slept = billing.month.map_or(0, |asleep_since| month.months_since(asleep_since));
        billing.month = Some(billing.month.map_or(month, |since| since.max(month)));
        self.pass(0, usize::try_from(slept).unwrap_or(MAX_LATE_MONTHS_KEPT));
    }

    /// Takes note of money that came in and has lowered the balance already. `day` is that on which it
    /// came, if it is a repayment: what a seller gives back pays no minimum, but nothing more is asked
    /// for than is owed.
    pub(super) fn credited(&mut self, amount: Minor, day: Option<Day>) {
        let Some(open) = self.life.billing.month else { return };
        let billing = &mut self.life.billing;
        let owes = self.balance.is_positive();
        // An account that was late before its minimum payments were kept here is so until its first close.
        let known = !billing.dues.is_empty() || !owes;
        if day.is_some() {
            billing.pay(amount, day);
        }
        let over = billing.past_due().0.saturating_sub(self.balance.0.max(0));
        billing.pay(Minor(over), None);
        if known {
            self.months_late = self.months_late.min(billing.late_after(open.previous()));
        }
    }

    /// What is asked for by the statements that a card company's table tells only the number of: as many
    /// minimum payments as the account is months late, as far as the balance goes.
    pub fn owe_late_months(&mut self, month: YearMonth, terms: &Terms) {
        let minimum = terms.minimum(self.balance);
        let mut left = self.balance;
        let last = month.previous();
        let months = std::iter::successors(Some(last.previous()), |month| Some(month.previous()));
        let months: Vec<_> = months.take(usize::from(self.months_late)).collect();
        let oldest_first = months.into_iter().rev().map_while(|month| {
            let part = minimum.min(left);
            left.0 -= part.0;
            part.is_positive().then(|| Due { month, day: month.next().day(terms.due_days), left: part })
        });
        self.life.billing.dues = oldest_first.collect();
    }

    /// Puts months in front of the history.
    fn pass(&mut self, late: u8, months: usize) {
        let months = months.min(MAX_LATE_MONTHS_KEPT);
        self.late_history.splice(0..0, std::iter::repeat_n(late, months));
        self.late_history.truncate(MAX_LATE_MONTHS_KEPT);
    }

    /// Whether another month would change nothing.
    fn sleeps(&self) -> bool {
        let billing = &self.life.billing;
        let owes = self.balance != Minor::ZERO || billing.opening != Minor::ZERO || !billing.dues.is_empty();
        let late = self.months_late > 0 || billing.found_late > 0 || billing.paid_late;
        let was_late = self.late_history.iter().any(|months| *months > 0);
        !owes && billing.moved.is_nothing() && !late && !was_late
    }
}
