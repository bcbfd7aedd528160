//! Monthly statements: what moved on an account in one calendar month, what it owes now, and how much
//! of that is asked for by when.

use kessai_shared::money::{MAX_AMOUNT, Minor};
use kessai_shared::time::{Day, YearMonth};
use serde::{Deserialize, Serialize};

/// Statements that are kept of an account, one a month; older ones are in nobody's way any more.
pub const MAX_STATEMENTS_KEPT: usize = 24;
/// The whole of an amount, in basis points.
const WHOLE: u16 = 10_000;
/// The last day of a month that every month has.
const LAST_COMMON_DAY: u8 = 28;

/// What cardholders have agreed to. A missing key has the default that is given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// Which part of the balance a statement asks for, in basis points: 500 are 5 %.
    pub minimum_basis_points: u16,
    /// What it asks for at least, in minor units; the whole balance, where that is less.
    pub minimum_floor: Minor,
    /// By which day of the month after the statement's it is to be paid, that day included: 1 to 28, so
    /// that every month has it and a due day is always over when the next statement is made.
    pub due_days: u8,
    /// What is charged with a statement when the one before it was not paid in time, in minor units.
    pub late_fee: Minor,
}

/// The sums of what moved in one month, in minor units, none of them negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// What sellers have captured.
    pub purchases: Minor,
    /// What sellers have given back, and what was charged back.
    pub refunds: Minor,
    pub repayments: Minor,
    /// What the card company charged the cardholder.
    pub fees: Minor,
    pub written_off: Minor,
}

/// One month of one account. `closing` = `opening` + purchases − refunds − repayments + fees − written
/// off. A negative balance is what the cardholder has paid too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub month: YearMonth,
    pub opening: Minor,
    pub moved: Moved,
    pub closing: Minor,
    /// What earlier statements asked for and was not paid.
    pub past_due: Minor,
    /// What is to be paid by the due day, what is past due included.
    pub minimum_due: Minor,
    /// The last day on which a repayment is in time.
    pub due: Day,
    /// For how many months something that was asked for is unpaid.
    pub months_late: u8,
}

impl Default for Terms {
    fn default() -> Self {
        Self { minimum_basis_points: 500, minimum_floor: Minor(500), due_days: 21, late_fee: Minor::ZERO }
    }
}

impl Terms {
    /// Everything that is wrong with the numbers, one sentence each.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut need = |holds: bool, what: &str| {
            if !holds {
                found.push(what.to_owned());
            }
        };
        need(self.minimum_basis_points <= WHOLE, "minimum_basis_points is from 0 to 10000");
        need((0..=MAX_AMOUNT).contains(&self.minimum_floor.0), "minimum_floor is not negative");
        need((1..=LAST_COMMON_DAY).contains(&self.due_days), "due_days is from 1 to 28");
        need((0..=MAX_AMOUNT).contains(&self.late_fee.0), "late_fee is not negative");
        found
    }

    /// What a statement with this balance asks for, in minor units, rounded up: nothing where nothing
    /// is owed.
    pub fn minimum(&self, balance: Minor) -> Minor {
        let owed = i128::from(balance.0.max(0));
        let whole = i128::from(WHOLE);
        let part = (owed * i128::from(self.minimum_basis_points) + whole - 1) / whole;
        let asked = part.max(i128::from(self.minimum_floor.0)).min(owed);
        // Never more than the balance, which has room for it.
        Minor(i64::try_from(asked).unwrap_or(balance.0))
    }
}

impl Moved {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// By how much all of it has raised the balance. Beyond every amount that there is, it stays there.
    pub fn net(&self) -> Minor {
        let out = [self.refunds, self.repayments, self.written_off];
        let up = self.purchases.0.saturating_add(self.fees.0);
        Minor(out.iter().fold(up, |sum, part| sum.saturating_sub(part.0)))
    }
}

impl Statement {
    /// Whether its own sums agree.
    pub fn adds_up(&self) -> bool {
        let asks = (0..=self.minimum_due.0).contains(&self.past_due.0);
        self.opening.checked_add(self.moved.net()) == Some(self.closing) && asks
    }
}
