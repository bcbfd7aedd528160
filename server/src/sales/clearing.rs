//! What the shop's own books say of each clearing batch, to be held against the settlement's (0500, 0510).
//!
//! The settlement says with every capture and refund which batch it was booked under, so both sides add up
//! the same movements on their own. A batch is settled in the order of the numbers, which have no gaps: one
//! in which nothing moved here is settled too, with no totals.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use kessai_shared::money::{Currency, Minor};
use kessai_shared::settlement::{BatchTotals, Payout};
use serde::{Deserialize, Serialize};

use super::inconsistent::Inconsistent;

/// Most batches that one answer may say are closed and that this shop has not settled yet: three years of
/// days. A settlement that names more is not the one these books know.
pub const MAX_BATCHES_BEHIND: u32 = 1_100;

/// One clearing batch in the shop's books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// One line a currency, in the order of [`Currency`].
    pub totals: Vec<BatchTotals>,
    /// What the settlement said when it was told the totals; `None` until then.
    pub compared: Option<Compared>,
}

/// The settlement's word on a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The totals that it was told.
    pub told: Vec<BatchTotals>,
    /// Whether both books say the same, or an operator of the settlement has settled the difference.
    pub agrees: bool,
    pub payouts: Vec<Payout>,
}

/// All clearing batches that this shop has heard of.
#[derive(Default)]
pub struct Clearing {
    batches: BTreeMap<u32, Batch>,
    /// The batches that the settlement's books differ about.
    disputed: BTreeSet<u32>,
    /// The batches that the settlement is to be told of again.
    again: BTreeSet<u32>,
}

impl Clearing {
    pub fn batch(&self, number: u32) -> Option<&Batch> {
        self.batches.get(&number)
    }

    /// Every batch there is, by number.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = (u32, &Batch)> {
        self.batches.iter().map(|(number, batch)| (*number, batch))
    }

    /// What the books say of a batch.
    pub fn totals(&self, number: u32) -> Vec<BatchTotals> {
        self.batches.get(&number).map(|batch| batch.totals.clone()).unwrap_or_default()
    }

    /// The batches that are disputed, the first of them first. While there is one, no new order is taken:
    /// whoever sells on with books that are known to be wrong makes the difference harder to find.
    pub fn disputed(&self) -> impl Iterator<Item = u32> {
        self.disputed.iter().copied()
    }

    /// The batches that the settlement is to be told of again, beginning behind this one: they are disputed,
    /// or something was acknowledged under their number after they were settled, which must not be.
    pub fn to_tell_again(&self, behind: u32) -> Option<u32> {
        self.again.range((Bound::Excluded(behind), Bound::Unbounded)).next().copied()
    }

    /// The next batch that the settlement has to be told of when all before `open` are closed.
    pub fn next_to_settle(&self, open: u32) -> Option<u32> {
        // Only the end of the list is looked at: what was settled is settled in order.
        let last = self.batches.iter().rev().find(|(_, batch)| batch.compared.is_some());
        let next = last.map_or(1, |(number, _)| number.saturating_add(1));
        (next < open).then_some(next)
    }

    /// Adds a capture that was acknowledged. Goods that cost nothing are captured without the settlement,
    /// under batch 0, and stand in no batch.
    pub(super) fn captured(
        &mut self,
        number: u32,
        currency: Currency,
        amount: Minor,
    ) -> Result<(), Inconsistent> {
        let Some(line) = self.line(number, currency)? else { return Ok(()) };
        line.captures += 1;
        line.captured = line.captured.checked_add(amount).ok_or(OVERFLOW)?;
        self.file(number);
        Ok(())
    }

    /// Adds a refund that was acknowledged, as [`Clearing::captured`].
    pub(super) fn refunded(
        &mut self,
        number: u32,
        currency: Currency,
        amount: Minor,
    ) -> Result<(), Inconsistent> {
        let Some(line) = self.line(number, currency)? else { return Ok(()) };
        line.refunds += 1;
        line.refunded = line.refunded.checked_add(amount).ok_or(OVERFLOW)?;
        self.file(number);
        Ok(())
    }

    /// Takes the settlement's word on a batch in. One that agreed is told
    /// again only when something was added to it since.
    pub(super) fn compare(&mut self, number: u32, compared: &Compared) -> Result<(), Inconsistent> {
        let known = self.batches.get(&number).and_then(|batch| batch.compared.as_ref());
        match known {
            Some(_) if !self.again.contains(&number) => {
                return Err(Inconsistent("a batch is settled twice"));
            }
            None if self.next_to_settle(u32::MAX) != Some(number) => {
                return Err(Inconsistent("a batch is settled out of its order"));
            }
            Some(_) | None => {}
        }
        self.batches.entry(number).or_default().compared = Some(compared.clone());
        self.file(number);
        Ok(())
    }

    pub(super) fn load(&mut self, number: u32, batch: Batch) {
        self.batches.insert(number, batch);
        self.file(number);
    }

    fn line(&mut self, number: u32, currency: Currency) -> Result<Option<&mut BatchTotals>, Inconsistent> {
        if number == 0 {
            return Ok(None);
        }
        let batch = self.batches.entry(number).or_default();
        let at = match batch.totals.binary_search_by_key(&currency, |line| line.currency) {
            Ok(at) => at,
            Err(at) => {
                let none = Minor::ZERO;
                let line = BatchTotals { currency, captures: 0, captured: none, refunds: 0, refunded: none };
                batch.totals.insert(at, line);
                at
            }
        };
        Ok(batch.totals.get_mut(at))
    }

    fn file(&mut self, number: u32) {
        let batch = self.batches.get(&number);
        let settled = batch.and_then(|batch| Some((batch, batch.compared.as_ref()?)));
        let disputed = settled.is_some_and(|(_, settled)| !settled.agrees);
        let changed = settled.is_some_and(|(batch, settled)| batch.totals != settled.told);
        keep(&mut self.disputed, number, disputed);
        keep(&mut self.again, number, disputed || changed);
    }
}

fn keep(set: &mut BTreeSet<u32>, number: u32, inside: bool) {
    if inside {
        set.insert(number);
    } else {
        set.remove(&number);
    }
}

const OVERFLOW: Inconsistent = Inconsistent("a clearing batch comes to more than can be counted");
