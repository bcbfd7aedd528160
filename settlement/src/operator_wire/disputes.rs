//! Chargebacks, and captures that came too late, for operators.

use std::ops::Bound::{Excluded, Unbounded};

use kessai_shared::ids::ChargebackId;
use kessai_shared::money::Currency;
use kessai_shared::operator::disputes::{ChargebackRow, LateRow, Reply};
use kessai_shared::operator::settlement::Charged;
use kessai_shared::operator::{Page, rows};

use super::views;
use crate::ledger::{Books, Key};

/// The chargebacks behind one, or from the first.
pub fn chargebacks(books: &Books, after: Option<ChargebackId>, limit: u16) -> Reply {
    let from = after.map_or(Unbounded, Excluded);
    let found = books.chargebacks_in((from, Unbounded)).filter_map(|(id, chargeback)| {
        Some(ChargebackRow {
            id: *id,
            of: views::charged(chargeback.key),
            currency: currency(books, &chargeback.key)?,
            amount: chargeback.amount,
            reason: chargeback.reason,
            by: chargeback.by,
            batch: chargeback.batch,
        })
    });
    Reply::Chargebacks(page(found, rows(limit), |row| row.id))
}

/// The late captures behind one, or from the first.
pub fn late_captures(books: &Books, after: Option<Charged>, limit: u16) -> Reply {
    let from = after.map(views::key).map_or(Unbounded, Excluded);
    let found = books.late_in((from, Unbounded)).filter_map(|(key, late)| {
        Some(LateRow {
            of: views::charged(*key),
            currency: currency(books, key)?,
            capture: late.capture,
            amount: late.amount,
            at: late.at,
        })
    });
    Reply::LateCaptures(page(found, rows(limit), |row| row.of))
}

fn currency(books: &Books, key: &Key) -> Option<Currency> {
    books.charge(key)?.payer().map(|(_, currency)| currency)
}

fn page<T, C>(found: impl Iterator<Item = T>, limit: usize, cursor: impl Fn(&T) -> C) -> Page<T, C> {
    let mut rows: Vec<T> = found.take(limit + 1).collect();
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    Page { rows, next }
}
