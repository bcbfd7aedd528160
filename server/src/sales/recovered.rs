//! What the settlement has of this shop's orders that our own records do not explain (F18): books that were
//! put back from an older copy lack what was sold since, and its money is there all the same.
//!
//! | row | what it says | way out |
//! | --- | --- | --- |
//! | waiting | no order of ours is known for it | its terminal asks again with the quote that we signed; given back at `until` |
//! | forward | our order is known, and behind the settlement | the outbox brings it forward, or it is given back |
//! | giving back | what is held is released, and what was charged is refunded | the settlement's answers |
//! | ended | nothing is open | – |
//!
//! What stands here is booked in the clearing batches like captures and refunds of our own. When one of our
//! own orders is acknowledged the same capture or refund, it leaves this table.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use kessai_shared::ids::{CaptureId, OrderId, RefundId};
use kessai_shared::money::Minor;
use kessai_shared::receipt::Purchase;
use kessai_shared::settlement::{Captured, Refunded, Refusal};
use kessai_shared::storefront::{Cancelled, OrderState};
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::Books;
use super::inconsistent::Inconsistent;
use super::order::Order;
use super::stock::Stock;
use super::work::Work;

/// One order's money at the settlement, as far as our own records do not explain it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    pub purchase: Purchase,
    pub state: RecoveredState,
    /// What the settlement held for it when it was asked; nothing once that was released.
    pub held: Minor,
    pub captures: Vec<Captured>,
    pub refunds: Vec<Refunded>,
    /// What the cardholder was given back against our will.
    pub charged_back: Minor,
    /// When it is given back, unless its terminal asks again before.
    pub until: Timestamp,
    /// What the settlement will not do of it: an operator has to look.
    pub refused: Option<Refusal>,
}

/// How far a recovered order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecoveredState {
    Waiting,
    Forward,
    GivingBack,
    Ended,
}

/// What came of one step of a recovered order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecoveredStep {
    /// Nothing is held for it any more.
    Released,
    /// What was charged is paid back.
    Repaid(Refunded),
    /// The settlement will never do what is asked for it.
    Refused(Refusal),
    /// Our own order has all that the settlement has, or goes on by itself.
    Explained,
}

impl Recovered {
    /// What was charged, and is neither explained by our own order of it nor given back. Refunds that nobody
    /// here asked for may be of goods that our own order says were charged: they count against those first,
    /// so that a shipment that was lost with its record is not taken for paid back because others were.
    #[must_use]
    pub fn owed(&self, own: Option<&Order>) -> Minor {
        let sum = |amounts: &mut dyn Iterator<Item = Minor>| amounts.map(|amount| amount.0).sum::<i64>();
        let charged = sum(&mut self.captures.iter().map(|capture| capture.amount));
        let repaid = sum(&mut self.repayments().map(|refund| refund.amount));
        let unknown = sum(&mut self.refunds.iter().map(|refund| refund.amount)) - repaid;
        let kept = own.map_or(0, |order| order.captured.0 - (order.refunded.0 - order.released.0));
        Minor((charged - repaid - self.charged_back.0 - (unknown - kept).max(0)).max(0))
    }

    /// The refunds that were asked for because a record was lost.
    fn repayments(&self) -> impl Iterator<Item = &Refunded> {
        let refund = |nth| RefundId::of_recovered(self.purchase.order, nth);
        (0..=u32::MAX).map_while(move |nth| self.refunds.iter().find(|known| known.id == refund(nth)))
    }

    /// Whether nothing is to be released or owed for it.
    #[must_use]
    pub fn is_even(&self, own: Option<&Order>) -> bool {
        !self.is_to_be_released() && self.owed(own) == Minor::ZERO
    }

    /// Whether something is held for it. What the settlement will not release runs out by itself.
    fn is_to_be_released(&self) -> bool {
        self.held.is_positive() && self.refused.is_none()
    }

    /// Whether it waits for the settlement, so that no other money of its order may move.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        match self.state {
            RecoveredState::Forward | RecoveredState::GivingBack => true,
            RecoveredState::Waiting | RecoveredState::Ended => false,
        }
    }

    /// The next message that giving it back takes; `own` is our own order of it, if there is one.
    pub(super) fn work(&self, own: Option<&Order>) -> Option<Work> {
        let order = self.purchase.order;
        if self.state != RecoveredState::GivingBack {
            return None;
        }
        if self.is_to_be_released() {
            let nothing_charged = own.is_none_or(|own| own.captured == Minor::ZERO);
            // A reversal gives back all there is, and is refused once anything was charged.
            return Some(if self.captures.is_empty() && nothing_charged {
                Work::Reverse { order }
            } else {
                Work::Release { given: None, order, amount: self.held }
            });
        }
        // Counted by its own repayments: others may turn out to be our orders' own, and leave the row.
        let is_new = |refund: &RefundId| !self.refunds.iter().any(|known| known.id == *refund);
        let refund = (0..=u32::MAX).map(|nth| RefundId::of_recovered(order, nth)).find(is_new)?;
        let amount = self.owed(own);
        amount.is_positive().then_some(Work::Repay { order, refund, amount })
    }
}

/// Every recovered order, and what it is found by.
#[derive(Default)]
pub(super) struct Table {
    rows: BTreeMap<OrderId, Recovered>,
    waiting: BTreeSet<(Timestamp, OrderId)>,
    forward: BTreeSet<OrderId>,
    giving_back: BTreeSet<OrderId>,
}

impl Table {
    pub(super) fn put(&mut self, id: OrderId, row: Recovered) {
        let old = self.rows.get(&id);
        if let Some(old) = old {
            self.waiting.remove(&(old.until, id));
        }
        self.forward.remove(&id);
        self.giving_back.remove(&id);
        match row.state {
            RecoveredState::Waiting => {
                self.waiting.insert((row.until, id));
            }
            RecoveredState::Forward => {
                self.forward.insert(id);
            }
            RecoveredState::GivingBack => {
                self.giving_back.insert(id);
            }
            RecoveredState::Ended => {}
        }
        self.rows.insert(id, row);
    }

    /// Those that wait for the settlement, between two of them.
    pub(super) fn giving_back(&self, between: impl RangeBounds<OrderId>) -> impl Iterator<Item = OrderId> {
        self.giving_back.range(between).copied()
    }
}

impl Books {
    pub fn recovered(&self, id: OrderId) -> Option<&Recovered> {
        self.recovered.rows.get(&id)
    }

    /// Every recovered order, the oldest first.
    pub fn all_recovered(&self) -> impl DoubleEndedIterator<Item = (&OrderId, &Recovered)> {
        self.recovered.rows.iter()
    }

    /// How many recovered orders are not ended.
    pub fn open_recovered(&self) -> u64 {
        let table = &self.recovered;
        (table.waiting.len() + table.forward.len() + table.giving_back.len()) as u64
    }

    /// Recovered orders whose terminals have not asked again until now.
    pub fn unclaimed(&self, now: Timestamp) -> impl Iterator<Item = OrderId> {
        let due = self.recovered.waiting.iter().take_while(move |(until, _)| *until <= now);
        due.map(|(_, id)| *id)
    }

    /// Recovered orders that are known, and behind the settlement.
    pub fn behind_settlement(&self) -> impl Iterator<Item = OrderId> {
        self.recovered.forward.iter().copied()
    }

    /// Whether these books have to be caught up from the settlement before anything new is taken.
    pub fn is_behind(&self) -> bool {
        self.tenure().is_some_and(|tenure| tenure.behind)
    }

    pub(super) fn recover(&mut self, id: OrderId, row: &Recovered) -> Result<(), Inconsistent> {
        let old = self.recovered(id).cloned();
        let known = self.order(id).is_some();
        let fits = match row.state {
            RecoveredState::Waiting => !known && old.as_ref().is_none_or(|old| old.state == row.state),
            RecoveredState::Forward => known,
            RecoveredState::GivingBack | RecoveredState::Ended => true,
        };
        if !fits || row.purchase.order != id {
            return Err(Inconsistent("a recovered order is another than it is said to be"));
        }
        let currency = row.purchase.currency;
        let (had, back): (Vec<CaptureId>, Vec<RefundId>) =
            old.as_ref().map_or_else(Default::default, |old| {
                (old.captures.iter().map(|c| c.id).collect(), old.refunds.iter().map(|r| r.id).collect())
            });
        let kept = |had: usize, now: usize| had == now;
        let still = row.captures.iter().filter(|capture| had.contains(&capture.id)).count();
        let still_back = row.refunds.iter().filter(|refund| back.contains(&refund.id)).count();
        if !kept(had.len(), still) || !kept(back.len(), still_back) {
            return Err(Inconsistent("a recovered order loses what it had"));
        }
        for capture in row.captures.iter().filter(|capture| !had.contains(&capture.id)) {
            self.clearing.captured(capture.batch, currency, capture.amount)?;
        }
        for refund in row.refunds.iter().filter(|refund| !back.contains(&refund.id)) {
            self.clearing.refunded(refund.batch, currency, refund.amount)?;
        }
        self.recovered.put(id, row.clone());
        Ok(())
    }

    /// The terminal of a recovered order has asked again, so it is an order like any other from here on.
    pub(super) fn recovered_placed(&mut self, id: OrderId, sold: bool) {
        let Some(mut row) = self.recovered(id).cloned() else { return };
        row.state = if sold { RecoveredState::Forward } else { RecoveredState::GivingBack };
        self.recovered.put(id, row);
    }

    /// A recovered order is to be given back. Of an order that is known, what was not shipped is sold to
    /// nobody any more.
    pub(super) fn give_up(&mut self, id: OrderId, at: Timestamp) -> Result<(), Inconsistent> {
        let mut row = self.recovered(id).cloned().ok_or(Inconsistent("an order that was not recovered"))?;
        match row.state {
            RecoveredState::Waiting | RecoveredState::Forward => {}
            RecoveredState::GivingBack | RecoveredState::Ended => {
                return Err(Inconsistent("a recovered order is given up twice"));
            }
        }
        row.state =
            if row.is_even(self.order(id)) { RecoveredState::Ended } else { RecoveredState::GivingBack };
        self.recovered.put(id, row);
        if self.order(id).is_none_or(|order| order.order != OrderState::Confirmed) {
            return Ok(());
        }
        let pieces = self.step(id, |order| {
            order.cancelling.get_or_insert(Cancelled::Interrupted);
            order.cancelled(at)
        })?;
        self.move_pieces(id, &pieces, Stock::keep)
    }

    pub(super) fn recovered_step(&mut self, id: OrderId, step: &RecoveredStep) -> Result<(), Inconsistent> {
        let mut row = self.recovered(id).cloned().ok_or(Inconsistent("an order that was not recovered"))?;
        let expected = match step {
            RecoveredStep::Explained => RecoveredState::Forward,
            RecoveredStep::Released | RecoveredStep::Repaid(_) | RecoveredStep::Refused(_) => {
                RecoveredState::GivingBack
            }
        };
        if row.state != expected {
            return Err(Inconsistent("a recovered order moves in a way that its state does not allow"));
        }
        match step {
            RecoveredStep::Explained => row.state = RecoveredState::Ended,
            RecoveredStep::Released => row.held = Minor::ZERO,
            RecoveredStep::Repaid(refund) => {
                if refund.amount > row.owed(self.order(id)) {
                    return Err(Inconsistent("more is paid back than was charged"));
                }
                self.clearing.refunded(refund.batch, row.purchase.currency, refund.amount)?;
                row.refunds.push(*refund);
            }
            RecoveredStep::Refused(refusal) => {
                // A refused release stands in no repayment's way.
                if !row.is_to_be_released() {
                    row.state = RecoveredState::Ended;
                }
                row.refused = Some(*refusal);
            }
        }
        if row.is_even(self.order(id)) {
            row.state = RecoveredState::Ended;
        }
        self.recovered.put(id, row);
        Ok(())
    }

    /// Whether a capture that is acknowledged to one of our own orders stood here, which it does no longer.
    pub(super) fn explains_capture(&mut self, order: OrderId, id: CaptureId) -> bool {
        let Some(mut row) = self.recovered(order).cloned() else { return false };
        let before = row.captures.len();
        row.captures.retain(|capture| capture.id != id);
        let explained = row.captures.len() < before;
        if explained {
            self.recovered.put(order, row);
        }
        explained
    }

    /// As [`Books::explains_capture`], for a refund.
    pub(super) fn explains_refund(&mut self, order: OrderId, id: RefundId) -> bool {
        let Some(mut row) = self.recovered(order).cloned() else { return false };
        let before = row.refunds.len();
        row.refunds.retain(|refund| refund.id != id);
        let explained = row.refunds.len() < before;
        if explained {
            // What it seemed to give back was for other goods, so it is owed still.
            if row.state == RecoveredState::Ended && row.refused.is_none() && !row.is_even(self.order(order))
            {
                row.state = RecoveredState::GivingBack;
            }
            self.recovered.put(order, row);
        }
        explained
    }
}
