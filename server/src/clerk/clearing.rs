//! The clerk's part in clearing: it hears which batch is open at the settlement, waits until all that was
//! sent before is answered, and has the settlement told what the books say of each batch that is closed.

use kessai_shared::clearing::Shown;
use kessai_shared::ids::OrderId;
use kessai_shared::settlement::{BatchTotals, Payout};
use kessai_shared::store::Fault;
use tokio::sync::mpsc;

use super::Desk;
use crate::reconciler::{Heard, Told};
use crate::sales::{Books, Change, Closing, Compared, MAX_BATCHES_BEHIND};

/// What is under way about clearing. Not stored: the settlement says it again.
#[derive(Default)]
pub struct Clearing {
    closing: Closing,
    /// None for books whose daemon does not run.
    reconciler: Option<mpsc::Sender<Told>>,
    /// A batch that the settlement is being told of; one at a time.
    telling: bool,
    /// The last answer was none: nothing more is told before the settlement is heard of again.
    resting: bool,
    /// The batch behind which the disputed ones are told again in this round, if a round is under way.
    round: Option<u32>,
    /// Whether it was said that the settlement names a batch that cannot be.
    complained: bool,
}

impl Clearing {
    pub fn new(reconciler: mpsc::Sender<Told>) -> Self {
        Self { reconciler: Some(reconciler), ..Self::default() }
    }

    /// The settlement was heard of: this batch is open there, while money of these orders is under way.
    pub fn heard_of(&mut self, open: u32, under_way: Vec<OrderId>, desk: &mut Desk<'_>) {
        self.note(open, under_way, desk.books());
        self.resting = false;
        self.round = self.round.or(Some(0));
        self.tell_next(desk);
    }

    /// Whether an answer that was booked under this batch says that those before it are closed.
    pub fn is_news(&self, batch: u32) -> bool {
        batch > self.closing.open()
    }

    /// What was under way for an order is answered. An answer that is news names the batch that is open now
    /// and comes with the orders whose money is under way.
    pub fn answered(&mut self, order: OrderId, news: Option<(u32, Vec<OrderId>)>, desk: &mut Desk<'_>) {
        self.closing.answered(order);
        if let Some((batch, under_way)) = news {
            self.note(batch, under_way, desk.books());
        }
        self.tell_next(desk);
    }

    /// What became of telling the settlement of a batch.
    ///
    /// # Errors
    /// [`Fault`] as the books give it.
    pub fn told(&mut self, told: Told, heard: Heard, desk: &mut Desk<'_>) -> Result<(), Fault> {
        self.telling = false;
        let (agrees, payouts) = match heard {
            Heard::NotNow => {
                self.resting = true;
                return Ok(());
            }
            Heard::Answered(reconciled) => (reconciled.agrees, reconciled.payouts),
            Heard::Duplicate => (false, Vec::new()),
        };
        let Told { batch, totals } = told;
        let compared = Compared { told: totals, agrees, payouts };
        let before = desk.books().clearing().batch(batch).and_then(|batch| batch.compared.as_ref());
        if before != Some(&compared) {
            say(batch, &compared, before.map(|before| before.agrees));
            desk.change(&Change::BatchCompared { batch, compared })?;
        }
        self.tell_next(desk);
        Ok(())
    }

    /// A settlement whose books were put back by a copy, or that is not the one it was, is not followed.
    fn note(&mut self, open: u32, under_way: Vec<OrderId>, books: &Books) {
        let settled = books.clearing().next_to_settle(u32::MAX).unwrap_or(u32::MAX);
        if open.saturating_sub(settled) > MAX_BATCHES_BEHIND {
            if !std::mem::replace(&mut self.complained, true) {
                tracing::error!(
                    "the settlement says that clearing batch {open} is open, and {settled} is the next that \
                     these books know; nothing is reconciled"
                );
            }
            return;
        }
        self.closing.heard(open, under_way.into_iter());
    }

    /// Has the settlement told of the next batch, when there is one and none is being told.
    fn tell_next(&mut self, desk: &mut Desk<'_>) {
        let Some(reconciler) = self.reconciler.as_ref().filter(|_| !self.telling && !self.resting) else {
            return;
        };
        let clearing = desk.books().clearing();
        let again = self.round.and_then(|behind| clearing.to_tell_again(behind));
        self.round = again;
        let Some(batch) = again.or_else(|| clearing.next_to_settle(self.closing.complete_before())) else {
            return;
        };
        self.telling = true;
        let (told, to) = (Told { batch, totals: clearing.totals(batch) }, reconciler.clone());
        // It is told only of what is durable. The one who tells is gone only when the daemon stops.
        desk.after(move |_| drop(to.try_send(told)));
    }
}

/// One line when a batch is settled, and one that says what to do when it is not.
fn say(batch: u32, compared: &Compared, before: Option<bool>) {
    let paid: Vec<String> = compared.payouts.iter().map(paid).collect();
    let paid = if paid.is_empty() { "nothing".to_owned() } else { paid.join(", ") };
    match (compared.agrees, before) {
        (true, Some(false)) => {
            tracing::info!("clearing batch {batch} is settled: {paid}; orders are taken again")
        }
        (true, Some(true) | None) => tracing::info!("clearing batch {batch} agrees: {paid}"),
        (false, Some(_) | None) if compared.payouts.is_empty() => tracing::error!(
            "ALARM: clearing batch {batch} was settled with other totals than our books have now, {}; they may \
             be an older copy. No new order is taken: find what is missing with `kessai reconcile`, and start \
             from the newest copy of this data folder",
            Shown(&compared.told)
        ),
        (false, Some(_) | None) => {
            let theirs: Vec<BatchTotals> = compared.payouts.iter().map(|line| line.totals).collect();
            let (ours, theirs) = (Shown(&compared.told), Shown(&theirs));
            tracing::error!(
                "ALARM: clearing batch {batch} differs: our books say {ours}, the settlement's {theirs}; no \
                 new order is taken. Find the difference with `kessai reconcile`, then have the settlement's \
                 operator run `kessai-settlement clearing accept`"
            );
        }
    }
}

fn paid(line: &Payout) -> String {
    let currency = line.totals.currency;
    format!("{} of {}", line.payout.show(currency), line.totals.captured.show(currency))
}
