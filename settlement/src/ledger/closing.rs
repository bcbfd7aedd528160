//! How the settlement answers to what is asked about clearing batches, and the change that goes with it: a
//! batch is closed, compared with the seller's own books (0500, 0510), and paid out when both agree.

use std::collections::HashMap;

use kessai_shared::clearing::comparable;
use kessai_shared::operator::rows::{MAX_REASON_BYTES, NotDone};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{BatchTotals, Reconciled, Refusal};
use kessai_shared::time::Timestamp;

use super::books::{Books, Change};
use super::clearing::Batches;
use super::closed::{BatchChange, BatchState, Closed};
use super::entry::Entry;
use super::payout::ClearingTerms;

/// Closes the open batch of a seller: by itself at the end of the day, or `by` an operator.
///
/// # Errors
/// [`NotDone::UnknownBatch`] for a seller that nothing was booked for, [`NotDone::Empty`] when nothing is
/// in the batch: the numbers then still have no gaps, and a seller that sells nothing is not asked.
pub fn close(books: &Books, seller: Pin, by: Option<Pin>, terms: &ClearingTerms) -> Result<Change, NotDone> {
    let batches = books.batches_of(seller).ok_or(NotDone::UnknownBatch)?;
    let lines = batches.open_lines();
    let payouts: Vec<_> = lines.map(|(totals, charged_back)| terms.payout(totals, charged_back)).collect();
    if payouts.is_empty() {
        return Err(NotDone::Empty);
    }
    let fees = payouts.iter().filter(|line| line.fees.is_positive());
    let entries = fees.map(|line| Entry::merchant_fee(line.totals.currency, seller, line.fees)).collect();
    Ok(Change::Batch(BatchChange::Closed { seller, batch: batches.open, payouts, by, entries }))
}

/// When each open batch began, as the clock sees it. The time of its first record may be far ahead of the
/// clock, because a clock once was: such a batch began when it was first seen.
#[derive(Default)]
pub struct Days {
    seen: HashMap<Pin, (u32, Timestamp)>,
}

impl Days {
    /// The sellers whose open batch is of an earlier clearing day than `now`, at most `most` of them.
    pub fn over(&mut self, books: &Books, now: Timestamp, terms: &ClearingTerms, most: usize) -> Vec<Pin> {
        let mut over = Vec::new();
        for (seller, batches) in books.batches() {
            let Some(first) = batches.begun else { continue };
            let began = (batches.open, first.min(now));
            let seen = self.seen.entry(*seller).or_insert(began);
            if seen.0 != batches.open {
                *seen = began;
            }
            if terms.day(seen.1) < terms.day(now) && over.len() < most {
                over.push(*seller);
            }
        }
        over
    }
}

/// 0500: holds what the seller has in its own books against ours. A batch that agrees is paid out, what
/// the seller owes from earlier batches kept back; one that does not is disputed, and nothing is paid.
///
/// # Errors
/// [`Refusal::NotClosed`] for a batch that is open or was never there, [`Refusal::Duplicate`] for one that
/// is settled when it comes with other totals, [`Refusal::Amount`] when the totals are none at all.
pub fn reconcile(
    books: &Books,
    seller: Pin,
    number: u32,
    totals: &[BatchTotals],
) -> Result<(Option<Change>, Reconciled), Refusal> {
    let theirs = comparable(totals).ok_or(Refusal::Amount)?;
    let batches = books.batches_of(seller).ok_or(Refusal::NotClosed)?;
    let closed = batches.closed.get(&number).ok_or(Refusal::NotClosed)?;
    let answer = |agrees| Reconciled { batch: number, agrees, payouts: closed.payouts.clone() };
    let agrees = theirs == closed.ours();
    match &closed.state {
        BatchState::Waiting => {}
        BatchState::Disputed { theirs: before } if *before == theirs => return Ok((None, answer(false))),
        BatchState::Disputed { .. } => {}
        BatchState::Paid { theirs: before } | BatchState::Accepted { theirs: before, .. } => {
            // The seller may have mended its books since a dispute was accepted; then they are ours.
            let same = *before == theirs || agrees;
            return if same { Ok((None, answer(true))) } else { Err(Refusal::Duplicate) };
        }
    }
    let entries = if agrees { pay(batches, seller, closed) } else { Vec::new() };
    let change = BatchChange::Reconciled { seller, batch: number, agrees, theirs, entries };
    Ok((Some(Change::Batch(change)), answer(agrees)))
}

/// An operator settles a dispute: the batch is paid out as our books have it, and the seller hears so the
/// next time it asks.
///
/// # Errors
/// [`NotDone`], each for what it says.
pub fn accept(books: &Books, seller: Pin, number: u32, by: Pin, reason: &str) -> Result<Change, NotDone> {
    if reason.trim().is_empty() || reason.len() > MAX_REASON_BYTES || reason.chars().any(char::is_control) {
        return Err(NotDone::Reason);
    }
    let batches = books.batches_of(seller).ok_or(NotDone::UnknownBatch)?;
    if number == batches.open {
        return Err(NotDone::Open);
    }
    let closed = batches.closed.get(&number).ok_or(NotDone::UnknownBatch)?;
    match closed.state {
        BatchState::Waiting => Err(NotDone::NotCompared),
        BatchState::Paid { .. } | BatchState::Accepted { .. } => Err(NotDone::Settled),
        BatchState::Disputed { .. } => {
            let (reason, entries) = (reason.to_owned(), pay(batches, seller, closed));
            Ok(Change::Batch(BatchChange::Accepted { seller, batch: number, by, reason, entries }))
        }
    }
}

/// What leaves the bank when a batch is settled.
fn pay(batches: &Batches, seller: Pin, closed: &Closed) -> Vec<Entry> {
    let positive = batches.to_pay(closed).into_iter().filter(|(_, amount)| amount.is_positive());
    positive.map(|(currency, amount)| Entry::payout(currency, seller, amount)).collect()
}
