//! What becomes of a clearing batch once it is closed: it waits for the seller's own totals, is paid out
//! when both books agree, and disputed when they do not.

use kessai_shared::clearing::comparable;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{BatchTotals, Payout};
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::Inconsistent;
use super::clearing::{Batches, Clearing};
use super::entry::Entry;

/// A batch that nothing is booked under any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    pub at: Timestamp,
    /// The operator who closed it; none when the day was over.
    pub by: Option<Pin>,
    /// What it comes to, one line a currency, in the order of the currencies.
    pub payouts: Vec<Payout>,
    pub state: BatchState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BatchState {
    /// The seller has not said yet what its own books have.
    Waiting,
    /// The seller's totals are others: nothing is paid out.
    Disputed { theirs: Vec<BatchTotals> },
    /// Both books agreed, and it was paid out.
    Paid { theirs: Vec<BatchTotals> },
    /// An operator settled the dispute: it was paid out as these books have it.
    Accepted { theirs: Vec<BatchTotals>, by: Pin, reason: String },
}

/// What happens to a batch. Each goes with its balanced entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BatchChange {
    /// At the end of its day, or by an operator; the fees are charged with it.
    Closed { seller: Pin, batch: u32, payouts: Vec<Payout>, by: Option<Pin>, entries: Vec<Entry> },
    /// The seller said what its own books have. A batch that agrees is paid out with it.
    Reconciled { seller: Pin, batch: u32, agrees: bool, theirs: Vec<BatchTotals>, entries: Vec<Entry> },
    /// An operator settled a dispute, and it is paid out.
    Accepted { seller: Pin, batch: u32, by: Pin, reason: String, entries: Vec<Entry> },
}

impl BatchChange {
    /// The balanced entries of everything that it moves.
    pub fn entries(&self) -> &[Entry] {
        match self {
            BatchChange::Closed { entries, .. }
            | BatchChange::Reconciled { entries, .. }
            | BatchChange::Accepted { entries, .. } => entries,
        }
    }

    /// The operator whose act it was, if it was one's.
    pub const fn by(&self) -> Option<Pin> {
        match self {
            BatchChange::Closed { by, .. } => *by,
            BatchChange::Reconciled { .. } => None,
            BatchChange::Accepted { by, .. } => Some(*by),
        }
    }

    /// What has happened, in a word or two.
    pub const fn name(&self) -> &'static str {
        match self {
            BatchChange::Closed { .. } => "batch closed",
            BatchChange::Reconciled { .. } => "batch reconciled",
            BatchChange::Accepted { .. } => "batch accepted",
        }
    }
}

impl Clearing {
    /// Takes in what happens to a batch.
    ///
    /// # Errors
    /// [`Inconsistent`] when it does not follow from the books; they are unchanged then.
    pub(super) fn take(&mut self, change: &BatchChange, at: Timestamp) -> Result<(), Inconsistent> {
        let (seller, batch) = match change {
            BatchChange::Closed { seller, batch, payouts, by, .. } => {
                self.known(*seller)?.close(*batch, payouts, *by, at)?;
                (*seller, *batch)
            }
            BatchChange::Reconciled { seller, batch, agrees, theirs, .. } => {
                self.known(*seller)?.reconcile(*batch, *agrees, theirs)?;
                (*seller, *batch)
            }
            BatchChange::Accepted { seller, batch, by, reason, .. } => {
                self.known(*seller)?.accept(*batch, *by, reason)?;
                (*seller, *batch)
            }
        };
        self.refile(seller, batch);
        Ok(())
    }
}

impl Closed {
    /// What these books have to say of it, as it is compared.
    pub fn ours(&self) -> Vec<BatchTotals> {
        let totals: Vec<_> = self.payouts.iter().map(|line| line.totals).collect();
        // No currency is named twice: they are the keys of a map.
        comparable(&totals).unwrap_or_default()
    }

    pub fn is_disputed(&self) -> bool {
        match self.state {
            BatchState::Disputed { .. } => true,
            BatchState::Waiting | BatchState::Paid { .. } | BatchState::Accepted { .. } => false,
        }
    }

    pub fn is_settled(&self) -> bool {
        match self.state {
            BatchState::Paid { .. } | BatchState::Accepted { .. } => true,
            BatchState::Waiting | BatchState::Disputed { .. } => false,
        }
    }
}

impl Batches {
    /// What was booked under the open batch, one line a currency: its totals and what was charged back.
    pub fn open_lines(&self) -> impl Iterator<Item = (BatchTotals, Minor)> {
        self.lines(self.open)
    }

    /// What leaves the bank when a batch is settled: its payouts, less what the seller owes from batches
    /// before it. What is not positive leaves nothing, and is carried on.
    pub fn to_pay(&self, closed: &Closed) -> Vec<(Currency, Minor)> {
        let paid = closed.payouts.iter().map(|line| {
            let currency = line.totals.currency;
            (currency, Minor(line.payout.0.saturating_add(self.owed_in(currency).0)))
        });
        paid.collect()
    }

    /// What the seller owes from settled batches that came to less than nothing: zero or negative.
    pub fn owed_in(&self, currency: Currency) -> Minor {
        self.owed.get(&currency).copied().unwrap_or_default()
    }

    /// Closes the open batch, and opens the next.
    pub(super) fn close(
        &mut self,
        number: u32,
        payouts: &[Payout],
        by: Option<Pin>,
        at: Timestamp,
    ) -> Result<(), Inconsistent> {
        if number != self.open {
            return Err(Inconsistent("a batch is closed that is not open"));
        }
        let booked: Vec<_> = self.open_lines().collect();
        let said: Vec<_> = payouts.iter().map(|line| (line.totals, line.charged_back)).collect();
        if booked != said || booked.is_empty() {
            return Err(Inconsistent("a batch is closed with other sums than were booked"));
        }
        if !payouts.iter().all(adds_up) {
            return Err(Inconsistent("a payout is not what was captured less all that is kept back"));
        }
        let next = self.open.checked_add(1).ok_or(Inconsistent("more batches than there are numbers"))?;
        let closed = Closed { at, by, payouts: payouts.to_vec(), state: BatchState::Waiting };
        self.closed.insert(number, closed);
        self.open = next;
        self.begun = None;
        Ok(())
    }

    /// Takes the seller's totals in, and pays the batch out when they agree.
    pub(super) fn reconcile(
        &mut self,
        number: u32,
        agrees: bool,
        theirs: &[BatchTotals],
    ) -> Result<(), Inconsistent> {
        let theirs = theirs.to_vec();
        let closed = self.unsettled(number)?;
        if agrees != (theirs == closed.ours()) {
            return Err(Inconsistent("a batch agrees that does not, or the other way round"));
        }
        if agrees {
            return self.settle(number, BatchState::Paid { theirs });
        }
        closed.state = BatchState::Disputed { theirs };
        Ok(())
    }

    /// Takes in that an operator has settled a dispute, and pays the batch out.
    pub(super) fn accept(&mut self, number: u32, by: Pin, reason: &str) -> Result<(), Inconsistent> {
        let theirs = match &self.unsettled(number)?.state {
            BatchState::Disputed { theirs } => theirs.clone(),
            BatchState::Waiting | BatchState::Paid { .. } | BatchState::Accepted { .. } => {
                return Err(Inconsistent("a batch is accepted that is not disputed"));
            }
        };
        self.settle(number, BatchState::Accepted { theirs, by, reason: reason.to_owned() })
    }

    fn unsettled(&mut self, number: u32) -> Result<&mut Closed, Inconsistent> {
        let closed = self.closed.get_mut(&number).filter(|closed| !closed.is_settled());
        closed.ok_or(Inconsistent("a batch is settled that is open, or settled already"))
    }

    fn settle(&mut self, number: u32, state: BatchState) -> Result<(), Inconsistent> {
        let unknown = Inconsistent("an unknown batch is settled");
        let paid = self.to_pay(self.closed.get(&number).ok_or(unknown)?);
        for (currency, amount) in paid {
            if amount.0 < 0 {
                self.owed.insert(currency, amount);
            } else {
                self.owed.remove(&currency);
            }
        }
        if let Some(closed) = self.closed.get_mut(&number) {
            closed.state = state;
        }
        Ok(())
    }

    fn lines(&self, number: u32) -> impl Iterator<Item = (BatchTotals, Minor)> {
        self.totals.get(&number).into_iter().flatten().map(|(currency, cleared)| {
            let totals = BatchTotals {
                currency: *currency,
                captures: cleared.captures,
                captured: cleared.captured,
                refunds: cleared.refunds,
                refunded: cleared.refunded,
            };
            (totals, cleared.charged_back)
        })
    }
}

fn adds_up(line: &Payout) -> bool {
    let Payout { totals, charged_back, fees, payout } = line;
    let kept = [totals.refunded, *charged_back, *fees].iter().map(|kept| i128::from(kept.0)).sum::<i128>();
    i128::from(payout.0) == i128::from(totals.captured.0) - kept && (0..=totals.captured.0).contains(&fees.0)
}
