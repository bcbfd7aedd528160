//! Card accounts from a table: one account a row. The columns of money are in minor units of the row's
//! currency: pence and cents, and whole yen, because yen have none smaller.

use std::collections::HashMap;
use std::path::Path;

use kessai_shared::card::{CardNumber, HolderName, Particulars};
use kessai_shared::money::{Currency, MAX_AMOUNT, Minor};
use kessai_shared::table::{self, Row, Table, TableError};
use kessai_shared::time::{Day, YearMonth};

use crate::ledger::{Account, MAX_LATE_MONTHS_KEPT, Place, Stated, Status};
use crate::vault::Vault;

const COLUMNS: [&str; 10] = [
    "card_number",
    "name",
    "birth_date",
    "expiry",
    "limit_pence",
    "balance_pence",
    "months_late",
    "late_history",
    "status?",
    "currency?",
];

/// Columns of the table that are known, and mean nothing to an account.
const PASSED_OVER: [&str; 2] = ["paid_pence", "defaulted_next_month"];

/// Reads the accounts of a file.
///
/// # Errors
/// [`TableError`] with every bad row; then nothing of the file counts.
pub fn accounts(path: &Path, vault: &Vault) -> Result<Table<Stated>, TableError> {
    let mut lines: HashMap<Place, u64> = HashMap::new();
    let mut table = table::read(path, &COLUMNS, |row| {
        let stated = stated(row, vault)?;
        if let Some(first) = lines.insert(stated.account.place(), row.line()) {
            row.bad("card_number", &format!("every number once, but line {first} has it too"));
        }
        Some(stated)
    })?;
    table.ignored.retain(|column| !PASSED_OVER.contains(&column.as_str()));
    Ok(table)
}

fn stated(row: &mut Row<'_>, vault: &Vault) -> Option<Stated> {
    // Every field is looked at before the first bad one ends the row, so that all are reported.
    let number =
        row.get_where("card_number", "12 to 19 digits with a right check digit", CardNumber::passes_luhn);
    let name = row.get::<HolderName>("name", "1 to 64 bytes");
    let birth_date = row.get::<Day>("birth_date", "a day as YYYY-MM-DD");
    let expiry = row.get::<YearMonth>("expiry", "a month as YYYY-MM");
    let amount = |least: i64| move |value: &i64| (least..=MAX_AMOUNT).contains(value);
    let limit = row.get_where("limit_pence", "a whole number of pence, 0 or more", amount(0));
    let balance = row.get_where("balance_pence", "a whole number of pence", amount(-MAX_AMOUNT));
    let months_late = row.get::<u8>("months_late", "a number of months from 0 to 255");
    let late_history = late_history(row);
    let status = status(row);
    let currency = currency(row);
    let card = Particulars { number: number?, name: name?, birth_date: birth_date?, expiry: expiry? };
    let mut kept = vault.keep(&card).into_iter();
    let account = Account {
        status: status?,
        balance: Minor(balance?),
        months_late: months_late?,
        late_history: late_history?,
        ..Account::new(kept.next()?, card.expiry, currency?, Minor(limit?))
    };
    Some(Stated { account, older: kept.next() })
}

pub(crate) fn late_history(row: &mut Row<'_>) -> Option<Vec<u8>> {
    let text = row.text("late_history").to_owned();
    let months: Option<Vec<u8>> = match text.as_str() {
        "" => Some(Vec::new()),
        months => months.split(';').map(|month| month.parse().ok()).collect(),
    };
    let months = months.filter(|months| months.len() <= MAX_LATE_MONTHS_KEPT);
    if months.is_none() {
        row.bad("late_history", "at most 24 numbers of months with ';' between them");
    }
    months
}

/// A table without the column is in pounds.
fn currency(row: &mut Row<'_>) -> Option<Currency> {
    let currency = match row.text("currency") {
        "" => Some(Currency::Gbp),
        code => Currency::of_code(code),
    };
    if currency.is_none() {
        row.bad("currency", "GBP, EUR, USD or JPY");
    }
    currency
}

pub(crate) fn status(row: &mut Row<'_>) -> Option<Status> {
    let status = match row.text("status") {
        "" | "normal" => Some(Status::Normal),
        "lost" => Some(Status::Lost),
        "stolen" => Some(Status::Stolen),
        "restricted" => Some(Status::Restricted),
        _ => None,
    };
    if status.is_none() {
        row.bad("status", "normal, lost, stolen or restricted");
    }
    status
}
