//! An independent count over the changes, to hold against the books: I1, I2, I4, I8, I12.
//!
//! It follows pieces and decisions by itself and shares no arithmetic with [`Books::apply`], so that
//! a mistake in one shows in the other.

use std::collections::HashMap;

use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::receipt::Verdict;
use kessai_shared::storefront::{Cancelled, FulfilmentState, OrderState};

use super::books::{Books, Change};
use super::order::Order;

/// Pieces of a product that came back, and what they are worth.
type Back = (Sku, i128, i128);

#[derive(Default)]
pub struct Audit {
    received: HashMap<Sku, i128>,
    /// Pieces that are neither available nor back: reserved, allocated or shipped.
    out: HashMap<Sku, i128>,
    lines: HashMap<OrderId, Vec<(Sku, i128)>>,
    verdicts: HashMap<OrderId, Verdict>,
    accepted: i128,
    refunded: HashMap<OrderId, i128>,
    totals: HashMap<OrderId, i128>,
    captured: HashMap<OrderId, u32>,
    /// What came back and waits for its refund.
    given: HashMap<(ReturnId, OrderId), Vec<Back>>,
    answered: HashMap<OrderId, Vec<Back>>,
    problems: Vec<String>,
}

impl Audit {
    /// Begins with books that were loaded from a checkpoint, instead of with none. Pieces that are out
    /// are counted from the orders, and so held against the products in the end; what was received is
    /// taken as it is, as nothing before it can be seen.
    pub fn begin(&mut self, books: &Books) {
        for product in books.products() {
            self.received.insert(product.sku, i128::from(product.stock.received));
        }
        for (id, given) in books.returns() {
            for part in &given.parts {
                let worth = i128::from(part.worth().0);
                let piece = (part.sku, i128::from(part.quantity), worth);
                if given.refunded.contains(&part.order) {
                    *self.refunded.entry(part.order).or_default() += worth;
                    self.answered.entry(part.order).or_default().push(piece);
                } else {
                    self.given.entry((*id, part.order)).or_default().push(piece);
                }
            }
        }
        let mut open: HashMap<OrderId, Vec<Back>> = HashMap::new();
        for ((_, order), parts) in &self.given {
            open.entry(*order).or_default().extend(parts.iter().cloned());
        }
        for (id, order) in books.orders() {
            if matches!(order.cancelled, Some(Cancelled::OutOfStock { .. })) {
                continue;
            }
            let lines = order.quote.lines.iter();
            self.lines.insert(*id, lines.map(|l| (l.sku, i128::from(l.quantity))).collect());
            self.totals.insert(*id, i128::from(order.quote.total.0));
            if let Some(decision) = &order.decision {
                let verdict = decision.statement.verdict;
                self.verdicts.insert(*id, verdict);
                let approved = verdict == Verdict::Approved;
                self.accepted += if approved { i128::from(order.quote.total.0) } else { 0 };
            }
            if order.fulfilment != FulfilmentState::NotFulfilled && order.captured.is_positive() {
                self.captured.insert(*id, 1);
            }
            self.begin_pieces(*id, order, open.get(id).map_or(&[], Vec::as_slice));
        }
    }

    /// Counts the pieces of an order that are out: all that were sold and did not come back, or, once
    /// all of it was freed, only what its open refunds still bring back.
    fn begin_pieces(&mut self, id: OrderId, order: &Order, open: &[Back]) {
        let mut out = |sku: &Sku, pieces: i128| *self.out.entry(*sku).or_default() += pieces;
        match order.order {
            OrderState::Cancelled => {}
            OrderState::Expired => open.iter().for_each(|(sku, pieces, _)| out(sku, *pieces)),
            OrderState::Pending | OrderState::Confirmed | OrderState::Completed => {
                let lines = self.lines.get(&id).into_iter().flatten();
                lines.for_each(|(sku, pieces)| out(sku, *pieces));
                let answered = self.answered.get(&id).into_iter().flatten();
                answered.for_each(|(sku, pieces, _)| out(sku, -pieces));
            }
        }
    }

    /// Takes in one change.
    pub fn see(&mut self, change: &Change) {
        match change {
            Change::Stocked { sku, received, .. } => {
                *self.received.entry(*sku).or_default() += i128::from(*received);
            }
            Change::Relisted { .. } | Change::TurnedAway { .. } | Change::Doubted { .. } => {}
            Change::Placed { quote, .. } => {
                let lines = quote.lines.iter().map(|l| (l.sku, i128::from(l.quantity))).collect();
                if self.lines.insert(quote.order, lines).is_some() {
                    self.problem("I8", quote.order, "was placed twice");
                }
                self.totals.insert(quote.order, i128::from(quote.total.0));
                self.take_lines(quote.order, 1);
            }
            Change::Decided { order, decision } => {
                let verdict = decision.statement.verdict;
                if self.verdicts.insert(*order, verdict).is_some() {
                    self.problem("I8", *order, "has two decisions");
                }
                match verdict {
                    Verdict::Approved => self.accepted += self.totals.get(order).copied().unwrap_or(0),
                    Verdict::Declined => self.take_lines(*order, -1),
                }
            }
            Change::Reversed { order } => self.take_lines(*order, -1),
            Change::CaptureStarted { order } => self.approved(*order, "is captured"),
            Change::Shipped { order } => {
                let times = self.captured.entry(*order).or_default();
                *times += 1;
                if *times > 1 {
                    self.problem("I1", *order, "is captured twice");
                }
            }
            Change::Lapsed { order } => self.lapse(*order),
            Change::GivenBack { id, given } => {
                for part in &given.parts {
                    let worth = i128::from(part.worth().0);
                    let piece = (part.sku, i128::from(part.quantity), worth);
                    self.given.entry((*id, part.order)).or_default().push(piece);
                }
            }
            Change::Refunded { id, order } => self.refund(*id, *order),
        }
    }

    /// Everything that is wrong, one sentence each, after the last change.
    pub fn finish(mut self, books: &Books) -> Vec<String> {
        for product in books.products() {
            let stock = product.stock;
            let received = self.received.get(&product.sku).copied().unwrap_or(0);
            let out = self.out.get(&product.sku).copied().unwrap_or(0);
            let balanced = stock.balances() && i128::from(stock.received) == received;
            if !balanced || i128::from(stock.available) != received - out || out < 0 {
                self.problems.push(format!(
                    "I4: product {} has {} available, its movements say {}",
                    product.sku,
                    stock.available,
                    received - out
                ));
            }
        }
        let totals = books.totals();
        let refunded: i128 = self.refunded.values().sum();
        if i128::from(totals.accepted.0) != self.accepted || i128::from(totals.refunded.0) != refunded {
            self.problems.push(format!(
                "I2: the orders say {} accepted and {} refunded, their changes {} and {refunded}",
                totals.accepted, totals.refunded, self.accepted
            ));
        }
        for (id, order) in books.orders() {
            let approved = self.verdicts.get(id) == Some(&Verdict::Approved);
            if order.is_confirmed() && !approved {
                self.problem("I2", *id, "is confirmed without an approval");
            }
        }
        self.problems
    }

    fn refund(&mut self, id: ReturnId, order: OrderId) {
        self.approved(order, "is refunded");
        let parts = self.given.remove(&(id, order)).unwrap_or_default();
        if parts.is_empty() {
            self.problem("I1", order, "is refunded for nothing that came back");
        }
        for (sku, pieces, worth) in parts {
            *self.out.entry(sku).or_default() -= pieces;
            *self.refunded.entry(order).or_default() += worth;
            self.answered.entry(order).or_default().push((sku, pieces, worth));
        }
        if self.refunded.get(&order) > self.totals.get(&order) {
            self.problem("I1", order, "is refunded for more than it cost");
        }
    }

    /// All that is out for a lapsed order comes back, but for what already came back and what its
    /// open refunds bring back.
    fn lapse(&mut self, order: OrderId) {
        self.take_lines(order, -1);
        let open = self.given.iter().filter(|((_, of), _)| *of == order).flat_map(|(_, parts)| parts);
        let answered = self.answered.get(&order).into_iter().flatten();
        for (sku, pieces, _) in open.chain(answered) {
            *self.out.entry(*sku).or_default() += pieces;
        }
    }

    fn take_lines(&mut self, order: OrderId, sign: i128) {
        let Some(lines) = self.lines.get(&order) else {
            return self.problem("I8", order, "was never placed");
        };
        for (sku, pieces) in lines {
            *self.out.entry(*sku).or_default() += sign * pieces;
        }
    }

    fn approved(&mut self, order: OrderId, what: &str) {
        if self.verdicts.get(&order) != Some(&Verdict::Approved) {
            self.problem("I12", order, &format!("{what} without an approval"));
        }
    }

    fn problem(&mut self, invariant: &str, order: OrderId, what: &str) {
        self.problems.push(format!("{invariant}: order {order} {what}"));
    }
}
