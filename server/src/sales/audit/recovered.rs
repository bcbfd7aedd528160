//! What became of orders that were recovered, as the changes tell it (F18): nothing that the settlement was
//! seen to have is lost again, and nobody is left charged without goods or their money.

use std::collections::BTreeMap;

use kessai_shared::ids::{CaptureId, OrderId, RefundId, ReturnId};
use kessai_shared::money::Minor;

use super::Audit;
use super::stories::{Phase, Story};
use crate::sales::books::Books;
use crate::sales::recovered::{Recovered, RecoveredState, RecoveredStep};

/// What was seen of one recovered order.
#[derive(Default)]
pub(super) struct Found {
    captures: BTreeMap<CaptureId, (u32, i128)>,
    refunds: BTreeMap<RefundId, i128>,
    /// How much of the refunds was paid because a record was lost.
    repaid: i128,
    /// Whether it was given up.
    over: bool,
}

impl Found {
    fn of(row: &Recovered) -> Self {
        let captures = row.captures.iter();
        let over = matches!(row.state, RecoveredState::GivingBack | RecoveredState::Ended);
        let refunds: BTreeMap<_, _> = row.refunds.iter().map(|of| (of.id, i128::from(of.amount.0))).collect();
        let repayments = (0_u32..).take(refunds.len());
        let repaid =
            repayments.filter_map(|nth| refunds.get(&RefundId::of_recovered(row.purchase.order, nth))).sum();
        Self {
            captures: captures.map(|of| (of.id, (of.batch, i128::from(of.amount.0)))).collect(),
            refunds,
            repaid,
            over,
        }
    }

    fn sums(&self) -> (i128, i128) {
        (self.captures.values().map(|(_, amount)| amount).sum(), self.refunds.values().sum())
    }
}

impl Audit {
    pub(super) fn begin_recovered(&mut self, books: &Books) {
        self.recovered.extend(books.all_recovered().map(|(id, row)| (*id, Found::of(row))));
        self.behind = books.is_behind();
    }

    pub(super) fn recover(&mut self, order: OrderId, row: &Recovered) {
        let found = Found::of(row);
        let (charged, back) = found.sums();
        let unknown = !self.stories.contains_key(&order);
        if charged > i128::from(row.purchase.amount.0) || unknown && back > charged {
            self.problem("I1", order, "was recovered with more than it cost");
        }
        let lost = self.recovered.get(&order).is_some_and(|before| {
            !before.captures.keys().all(|id| found.captures.contains_key(id))
                || !before.refunds.keys().all(|id| found.refunds.contains_key(id))
        });
        if lost {
            self.problem("F18", order, "was recovered anew with less than before");
        }
        self.recovered.insert(order, found);
    }

    pub(super) fn recovered_given_up(&mut self, order: OrderId) {
        match self.recovered.get_mut(&order) {
            Some(found) => found.over = true,
            None => self.problem("F18", order, "is given up and was never recovered"),
        }
        let story = self.stories.get(&order).filter(|story| story.phase == Phase::Sold);
        if story.is_some_and(|story| story.lines.iter().any(|line| line.waiting() > 0)) {
            self.give_up(order);
        }
    }

    pub(super) fn recovered_step(&mut self, order: OrderId, step: &RecoveredStep) {
        let RecoveredStep::Repaid(refund) = step else { return };
        let own = self.own_charge(order);
        let found = self.recovered.entry(order).or_default();
        let again = found.refunds.insert(refund.id, refund.amount.0.into()).is_some();
        found.repaid += i128::from(refund.amount.0);
        let (charged, back) = found.sums();
        if again || found.repaid > charged || back > charged + own {
            self.problem("I1", order, "is paid back more than it was charged");
        }
    }

    /// A shipment of our own is acknowledged: it explains a capture that was recovered, when that is of the
    /// same amount and batch.
    pub(super) fn shipped(&mut self, order: OrderId, batch: u32) {
        self.recovered_shipped(order, batch);
        self.ship(order);
    }

    fn recovered_shipped(&mut self, order: OrderId, batch: u32) {
        let worth = |story: &Story| Some(story.worth(story.capturing.as_deref()?));
        let Some(worth) = self.stories.get(&order).and_then(worth) else { return };
        if let Some(found) = self.recovered.get_mut(&order) {
            let same = found.captures.iter().find(|(_, of)| **of == (batch, worth)).map(|(id, _)| *id);
            same.and_then(|id| found.captures.remove(&id));
        }
    }

    pub(super) fn recovered_refunded(&mut self, id: ReturnId, order: OrderId) {
        if let Some(found) = self.recovered.get_mut(&order) {
            found.refunds.remove(&RefundId::of(id, order));
        }
    }

    pub(super) fn recovered_placed(&mut self, order: OrderId) {
        if self.recovered.get(&order).is_some_and(|found| found.over) {
            self.problem("F18", order, "is sold although it is given back");
        }
    }

    pub(super) fn caught_up(&mut self) {
        if !std::mem::take(&mut self.behind) {
            self.problems.push("F18: books are caught up that were not behind".to_owned());
        }
    }

    /// What the order's own shipments came to, without what came back of them.
    fn own_charge(&self, id: OrderId) -> i128 {
        self.stories.get(&id).map_or(0, |story| story.captured - story.refunded)
    }

    /// What was found to be charged for an order and was not repaid since. A refund that was found counts for
    /// it only as far as it is of more than the order's own shipments came to.
    fn still_charged(&self, id: OrderId) -> i128 {
        let (Some(found), own) = (self.recovered.get(&id), self.own_charge(id)) else { return 0 };
        let (charged, back) = found.sums();
        charged - found.repaid - (back - found.repaid - own).max(0)
    }

    pub(super) fn compare_recovered(&mut self, books: &Books) {
        if books.is_behind() != self.behind {
            self.problems.push("F18: the books and their changes differ about being behind".to_owned());
        }
        let known: Vec<OrderId> = self.recovered.keys().copied().collect();
        for id in known {
            let (counted, row) = (self.recovered[&id].sums(), books.recovered(id));
            let sum = |amounts: Vec<Minor>| amounts.iter().map(|amount| i128::from(amount.0)).sum::<i128>();
            let booked = row.map(|row| {
                let captures = row.captures.iter().map(|of| of.amount).collect();
                (sum(captures), sum(row.refunds.iter().map(|of| of.amount).collect()))
            });
            if booked != Some(counted) {
                self.problem("F18", id, "was recovered otherwise than its changes say");
            }
        }
        for (id, row) in books.all_recovered() {
            if !self.recovered.contains_key(id) {
                self.problem("F18", *id, "was never recovered");
            }
            let over = row.state == RecoveredState::Ended && row.refused.is_none();
            if over && self.still_charged(*id) > i128::from(row.charged_back.0) {
                self.problem("I7", *id, "was charged, and neither sent nor paid back");
            }
        }
    }
}
