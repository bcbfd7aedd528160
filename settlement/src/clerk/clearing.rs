//! The clerk's part in clearing: closes batches when their day is over, compares them with what sellers say
//! of theirs, and carries an operator's acts on them out.

use kessai_shared::clearing::Shown;
use kessai_shared::operator::rows::NotDone;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{BatchTotals, Reconciled, Refusal, Sender};
use kessai_shared::store::Fault;
use kessai_shared::time::Timestamp;

use super::fence::Fencing;
use super::{Desk, Tell, answer};
use crate::ledger::closing::{self, Days};
use crate::ledger::{BatchChange, Change, ClearingTerms};

/// Most batches that one round closes; the rest is for the next round, a moment later.
const MAX_CLOSES_A_ROUND: usize = 100;

/// What the writer is asked to do about clearing.
pub enum Command {
    /// 0500.
    Reconcile {
        seller: Pin,
        by: Sender,
        batch: u32,
        totals: Vec<BatchTotals>,
        tell: Tell<Result<Reconciled, Refusal>>,
    },
    /// An operator closes the open batch of a seller; tells which it was.
    Close { seller: Pin, by: Pin, tell: Tell<Result<u32, NotDone>> },
    /// An operator settles a dispute.
    Accept { seller: Pin, batch: u32, by: Pin, reason: String, tell: Tell<Result<(), NotDone>> },
}

/// What clearing goes by, and when each open batch began.
pub struct Clearing {
    terms: ClearingTerms,
    days: Days,
}

impl Clearing {
    pub fn new(terms: ClearingTerms) -> Self {
        Self { terms, days: Days::default() }
    }

    pub fn handle(&self, command: Command, fencing: &mut Fencing, desk: &mut Desk<'_>) -> Result<(), Fault> {
        match command {
            Command::Reconcile { seller, by, batch, totals, tell } => {
                let done = match fencing.admit(seller, &by, desk) {
                    Ok(()) => reconcile(seller, batch, &totals, desk)?,
                    Err(refusal) => Err(refusal),
                };
                answer(desk, tell, done);
            }
            Command::Close { seller, by, tell } => {
                let done = match closing::close(desk.books(), seller, Some(by), &self.terms) {
                    Ok(change) => close(&change, desk).map(Ok)?,
                    Err(why) => Err(why),
                };
                answer(desk, tell, done);
            }
            Command::Accept { seller, batch, by, reason, tell } => {
                let done = match closing::accept(desk.books(), seller, batch, by, &reason) {
                    Ok(change) => {
                        desk.change(&change)?;
                        tracing::warn!("clearing batch {batch} of seller {seller} was accepted by {by}");
                        Ok(())
                    }
                    Err(why) => Err(why),
                };
                answer(desk, tell, done);
            }
        }
        Ok(())
    }

    /// Closes the batches whose day is over.
    ///
    /// # Errors
    /// [`Fault`] as the books give it.
    pub fn tick(&mut self, now: Timestamp, desk: &mut Desk<'_>) -> Result<(), Fault> {
        for seller in self.days.over(desk.books(), now, &self.terms, MAX_CLOSES_A_ROUND) {
            if let Ok(change) = closing::close(desk.books(), seller, None, &self.terms) {
                close(&change, desk)?;
            }
        }
        Ok(())
    }
}

/// Takes a close in; the number of the batch.
fn close(change: &Change, desk: &mut Desk<'_>) -> Result<u32, Fault> {
    desk.change(change)?;
    let Change::Batch(BatchChange::Closed { seller, batch, payouts, by, .. }) = change else { return Ok(0) };
    let totals: Vec<_> = payouts.iter().map(|line| line.totals).collect();
    let by = by.map_or_else(|| "the day is over".to_owned(), |by| format!("by operator {by}"));
    tracing::info!("clearing batch {batch} of seller {seller} is closed, {by}: {}", Shown(&totals));
    Ok(*batch)
}

fn reconcile(
    seller: Pin,
    batch: u32,
    totals: &[BatchTotals],
    desk: &mut Desk<'_>,
) -> Result<Result<Reconciled, Refusal>, Fault> {
    let (change, reconciled) = match closing::reconcile(desk.books(), seller, batch, totals) {
        Ok(done) => done,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(change) = change {
        desk.change(&change)?;
        if reconciled.agrees {
            tracing::info!("clearing batch {batch} of seller {seller} agrees and is paid out");
        } else {
            let ours: Vec<_> = reconciled.payouts.iter().map(|line| line.totals).collect();
            tracing::error!(
                "ALARM: clearing batch {batch} of seller {seller} differs: our books say {}, the seller's {}; \
                 nothing is paid. Find the difference with `kessai reconcile`, then run `kessai-settlement \
                 clearing accept {seller} {batch} --reason TEXT`",
                Shown(&ours),
                Shown(totals)
            );
        }
    }
    Ok(Ok(reconciled))
}
