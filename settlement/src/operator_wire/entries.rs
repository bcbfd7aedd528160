//! The double entries of the journal, read beside the writer and without it.

use std::ops::ControlFlow;
use std::path::Path;

use kessai_shared::journal::{self, FileDisk, Record};
use kessai_shared::operator::settlement::{EntriesOf, EntryRow, Owner, Refusal, Reply};
use kessai_shared::operator::{Page, rows};
use kessai_shared::store::Books as _;

use super::views;
use crate::ledger::{Books, Change, Entry};
use crate::settings::JOURNAL;

/// The entries from a position on, as far as `durable`: those of one file of the journal at most.
///
/// # Errors
/// [`Refusal::Unreadable`] when the journal is not as it should be.
pub fn read(data: &Path, of: EntriesOf, (from, durable): (u64, u64), limit: u16) -> Result<Reply, Refusal> {
    let unreadable = |why: String| Refusal::Unreadable(why);
    let disk = FileDisk::read_only(&data.join("journal")).map_err(|error| unreadable(error.to_string()))?;
    let (mut found, mut wrong, limit) = (Vec::new(), None, rows(limit));
    let browsed = journal::browse(&disk, JOURNAL, (from, durable), &mut |record| {
        match Books::decode(&record.payload) {
            Ok(change) => found.extend(rows_of(&record, &change, of)),
            Err(why) => wrong = Some(format!("position {}: {why}", record.position)),
        }
        if found.len() >= limit || wrong.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let browsed = browsed.map_err(|error| unreadable(error.to_string()))?;
    match wrong {
        Some(why) => Err(unreadable(why)),
        None => Ok(Reply::Entries { page: Page { rows: found, next: browsed.next }, begins: browsed.begins }),
    }
}

pub(super) fn rows_of(record: &Record, change: &Change, of: EntriesOf) -> Vec<EntryRow> {
    let order = change.order().map(views::charged);
    let row = |entry: &Entry| EntryRow {
        position: record.position,
        at: record.time,
        change: change.name().to_owned(),
        order,
        by: change.by(),
        debit: views::side(entry.debit),
        credit: views::side(entry.credit),
        currency: entry.currency,
        amount: entry.amount,
    };
    let fits = |row: &EntryRow| {
        let is_of = |owner| row.debit.of == Some(owner) || row.credit.of == Some(owner);
        match of {
            EntriesOf::All => true,
            EntriesOf::Account(account) => is_of(Owner::Account(account)),
            EntriesOf::Seller(seller) => is_of(Owner::Seller(seller)),
            EntriesOf::Order(id) => order.is_some_and(|order| order.order == id),
        }
    };
    change.entries().iter().map(row).filter(fits).collect()
}
