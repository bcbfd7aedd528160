//! Real accounts and what became of them, from a table.

use std::path::Path;

use kessai_shared::money::{Currency, MAX_AMOUNT, Minor};
use kessai_shared::table::{self, Row, Table, TableError};
use kessai_shared::time::YearMonth;

use crate::import::{late_history, status};
use crate::ledger::{Account, AtRest};

/// Who an account belongs to is no matter here: card numbers and names are not looked at.
const COLUMNS: [&str; 7] = [
    "expiry",
    "limit_pence",
    "balance_pence",
    "months_late",
    "late_history",
    "defaulted_next_month",
    "status?",
];
/// Columns of the table that are known, and mean nothing to a decision.
const PASSED_OVER: [&str; 4] = ["card_number", "name", "birth_date", "paid_pence"];

/// An account as it stood, and what it did next.
#[derive(Clone, Debug)]
pub struct Past {
    pub account: Account,
    /// Whether it defaulted in the month after. It is held against decisions and is never an input of one.
    pub defaulted: bool,
}

/// Reads the accounts of a file.
///
/// # Errors
/// [`TableError`] with every bad row; then nothing of the file counts.
pub fn read(path: &Path) -> Result<Table<Past>, TableError> {
    let mut table = table::read(path, &COLUMNS, past)?;
    table.ignored.retain(|column| !PASSED_OVER.contains(&column.as_str()));
    Ok(table)
}

fn past(row: &mut Row<'_>) -> Option<Past> {
    // Every field is looked at before the first bad one ends the row, so that all are reported.
    let expiry = row.get::<YearMonth>("expiry", "a month as YYYY-MM");
    let amount = |least: i64| move |value: &i64| (least..=MAX_AMOUNT).contains(value);
    let limit = row.get_where("limit_pence", "a whole number of pence, 0 or more", amount(0));
    let balance = row.get_where("balance_pence", "a whole number of pence", amount(-MAX_AMOUNT));
    let months_late = row.get::<u8>("months_late", "a number of months from 0 to 255");
    let late_history = late_history(row);
    let status = status(row);
    let defaulted = row.get_where::<u8>("defaulted_next_month", "0 or 1", |value| *value <= 1);
    let account = Account {
        status: status?,
        balance: Minor(balance?),
        months_late: months_late?,
        late_history: late_history?,
        ..Account::new(no_card(), expiry?, Currency::Gbp, Minor(limit?))
    };
    Some(Past { account, defaulted: defaulted? == 1 })
}

/// The card of an account whose card is no matter.
pub(super) fn no_card() -> AtRest {
    AtRest { generation: 1, index: [0; 16], sealed: Vec::new(), particulars: [0; 32] }
}
