//! What became of each order, as its changes tell it.

use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::receipt::{Quote, Verdict};
use kessai_shared::storefront::{Cancelled, OrderState, PaymentState};

use super::{Audit, Shelf};
use crate::sales::give_back::Part;
use crate::sales::order::{LinePieces, Order};

/// How far an order has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    TurnedAway,
    #[default]
    Asked,
    /// Only a reversal ends it.
    InDoubt,
    Sold,
    /// Its hold is gone; returns may still wait.
    Gone,
    /// Nothing was sold.
    Over,
}

#[derive(Default)]
pub(super) struct Story {
    pub(super) phase: Phase,
    pub(super) verdict: Option<Verdict>,
    pub(super) lines: Vec<StoryLine>,
    pub(super) capturing: Option<Vec<LinePieces>>,
    pub(super) captured: i128,
    pub(super) released: i128,
    pub(super) refunded: i128,
    pub(super) refused: bool,
    /// The returns that wait for an answer, in their order.
    pub(super) returns: Vec<ReturnId>,
}

pub(super) struct StoryLine {
    pub(super) sku: Sku,
    price: i128,
    pub(super) ordered: i128,
    /// Ever shipped, and come back of that.
    pub(super) left: i128,
    pub(super) came_back: i128,
    /// Never to be shipped: given up, or given back.
    dropped: i128,
    /// Given back, and not answered yet.
    asked: i128,
}

/// Pieces of a line that were given back and wait for their answer.
pub(super) struct Back {
    line: usize,
    pieces: i128,
}

impl Back {
    /// What of a part waits, if anything does.
    pub(super) fn of(part: &Part) -> Option<Self> {
        let open = part.quantity - part.released - part.back;
        (open > 0).then(|| Self { line: usize::from(part.line), pieces: i128::from(open) })
    }
}

impl Phase {
    /// Whether it was ever sold.
    pub(super) fn is_sold(self) -> bool {
        match self {
            Phase::Sold | Phase::Gone => true,
            Phase::TurnedAway | Phase::Asked | Phase::InDoubt | Phase::Over => false,
        }
    }
}

impl StoryLine {
    /// Pieces that are sold and still here.
    pub(super) fn waiting(&self) -> i128 {
        self.ordered - self.left - self.dropped
    }
}

impl Story {
    pub(super) fn placed(quote: &Quote, phase: Phase) -> Self {
        let lines = quote.lines.iter().map(|line| {
            let (sku, price, ordered) = (line.sku, i128::from(line.unit_price.0), line.quantity.into());
            StoryLine { sku, price, ordered, left: 0, came_back: 0, dropped: 0, asked: 0 }
        });
        Self { phase, lines: lines.collect(), ..Self::default() }
    }

    /// The story of an order that was loaded, as far as its row tells it.
    pub(super) fn of(order: &Order) -> Self {
        let phase = match (order.order, order.payment) {
            (OrderState::Pending, PaymentState::Pending) => Phase::Asked,
            (OrderState::Pending, _) => Phase::InDoubt,
            (OrderState::Confirmed | OrderState::Completed, _) => Phase::Sold,
            (OrderState::Expired, _) => Phase::Gone,
            (OrderState::Cancelled, _) if order.confirmed_position > 0 => Phase::Gone,
            (OrderState::Cancelled, _) => match order.cancelled {
                Some(Cancelled::OutOfStock { .. }) => Phase::TurnedAway,
                _ => Phase::Over,
            },
        };
        let mut story = Self::placed(&order.quote, phase);
        for (line, pieces) in story.lines.iter_mut().zip(&order.lines) {
            line.left = pieces.shipped.into();
            line.came_back = pieces.back.into();
            line.dropped = i128::from(pieces.cancelled) + i128::from(pieces.released);
            line.asked = i128::from(pieces.given) - i128::from(pieces.released) - line.came_back;
        }
        story.verdict = order.decision.as_ref().map(|decision| decision.statement.verdict);
        story.capturing = order.shipping.as_ref().map(|shipping| shipping.lines.clone());
        story.captured = order.shipments.iter().map(|shipment| i128::from(shipment.amount.0)).sum();
        story.released = order.released.0.into();
        story.refunded = i128::from(order.refunded.0) - story.released;
        story.refused = order.refused.is_some();
        story.returns.clone_from(&order.refunding);
        story
    }

    /// The worth of what was given up: all that never left and was not given back.
    pub(super) fn given_up(&self) -> i128 {
        self.lines.iter().map(|line| line.dropped * line.price).sum::<i128>() - self.released
    }

    pub(super) fn total(&self) -> i128 {
        self.lines.iter().map(|line| line.ordered * line.price).sum()
    }

    /// The worth of what the buyer keeps.
    pub(super) fn kept(&self) -> i128 {
        let kept = |line: &StoryLine| line.ordered - line.dropped - line.came_back - line.asked;
        self.lines.iter().map(|line| kept(line) * line.price).sum()
    }

    /// Takes in that pieces are given back.
    pub(super) fn ask(&mut self, id: ReturnId, part: &Part) {
        if let Some(line) = self.lines.get_mut(usize::from(part.line)) {
            line.asked += i128::from(part.quantity);
        }
        if !self.returns.contains(&id) {
            self.returns.push(id);
        }
    }

    pub(super) fn worth(&self, pieces: &[LinePieces]) -> i128 {
        let price = |line: u16| self.lines.get(usize::from(line)).map_or(0, |line| line.price);
        pieces.iter().map(|(line, pieces)| i128::from(*pieces) * price(*line)).sum()
    }
}

impl Audit {
    /// An order that was never placed gets an empty story, which is a problem of its own.
    pub(super) fn story(&mut self, id: OrderId) -> &mut Story {
        if !self.stories.contains_key(&id) {
            self.problem("I8", id, "was never placed");
        }
        self.stories.entry(id).or_default()
    }

    pub(super) fn approved(&mut self, id: OrderId, what: &str) {
        let story = self.story(id);
        let (verdict, phase) = (story.verdict, story.phase);
        if verdict != Some(Verdict::Approved) {
            self.problem("I12", id, &format!("{what} without an approval"));
        } else if phase != Phase::Sold {
            self.problem("I9", id, &format!("{what} after its hold was given back"));
        }
    }

    pub(super) fn moves(&mut self, id: OrderId, what: &str, from: &[Phase], to: Phase) {
        let before = std::mem::replace(&mut self.story(id).phase, to);
        if !from.contains(&before) {
            self.problem("I8", id, &format!("{what} although it is {before:?}"));
        }
    }

    /// Counts all pieces of an order that was not sold yet.
    pub(super) fn all_pieces(&mut self, id: OrderId, count: fn(&mut Shelf, i128)) {
        let lines: Vec<_> = self.story(id).lines.iter().map(|line| (line.sku, line.ordered)).collect();
        lines.into_iter().for_each(|(sku, pieces)| count(self.shelf(&sku), pieces));
    }

    pub(super) fn decide(&mut self, id: OrderId, verdict: Verdict) {
        if self.story(id).verdict.replace(verdict).is_some() {
            self.problem("I8", id, "has two decisions");
        }
        self.all_pieces(id, |shelf, pieces| shelf.reserved -= pieces);
        match verdict {
            Verdict::Approved => {
                self.moves(id, "is approved", &[Phase::Asked], Phase::Sold);
                self.all_pieces(id, |shelf, pieces| shelf.allocated += pieces);
            }
            Verdict::Declined => self.moves(id, "is declined", &[Phase::Asked], Phase::Over),
        }
    }

    pub(super) fn doubt(&mut self, id: OrderId) {
        self.moves(id, "is in doubt", &[Phase::Asked], Phase::InDoubt);
        self.all_pieces(id, |shelf, pieces| shelf.reserved -= pieces);
    }

    pub(super) fn ship(&mut self, id: OrderId) {
        self.approved(id, "is shipped");
        let Some(lines) = self.story(id).capturing.take() else {
            return self.problem("I1", id, "is captured twice");
        };
        let worth = self.story(id).worth(&lines);
        self.story(id).captured += worth;
        for (line, pieces) in lines {
            let pieces = i128::from(pieces);
            let Some(of) = self.story(id).lines.get_mut(usize::from(line)) else {
                return self.problem("I4", id, "ships a line that it does not have");
            };
            of.left += pieces;
            let (sku, over) = (of.sku, of.waiting() < 0);
            let shelf = self.shelf(&sku);
            shelf.allocated -= pieces;
            shelf.shipped += pieces;
            if over {
                self.problem("I4", id, "ships more than was ordered");
            }
        }
        let story = self.story(id);
        if story.captured + story.released > story.total() {
            self.problem("I1", id, "is charged for more than was held");
        }
    }

    /// What is still here and nobody wants back is on the shelf again.
    pub(super) fn give_up(&mut self, id: OrderId) {
        self.approved(id, "is given up");
        let story = self.story(id);
        story.capturing = None;
        if story.lines.iter().all(|line| line.left == 0) {
            story.phase = Phase::Gone;
        }
        let mut freed = Vec::new();
        for line in &mut story.lines {
            let pieces = (line.waiting() - line.asked).max(0);
            line.dropped += pieces;
            freed.push((line.sku, pieces));
        }
        freed.into_iter().for_each(|(sku, pieces)| self.shelf(&sku).allocated -= pieces);
    }

    /// A return was answered for one order: `had_left` tells the pieces that were shipped from those
    /// that were not.
    pub(super) fn back(&mut self, id: ReturnId, order: OrderId, had_left: bool, amount: Option<i64>) {
        let (mut open, restock) = self.given.remove(&(id, order)).unwrap_or_default();
        let (mut worth, mut count, mut too_many) = (0, 0, false);
        for back in &mut open {
            let Some(line) = self.story(order).lines.get_mut(back.line) else { continue };
            // What never left comes first, so a refund finds none of it any more.
            let there = if had_left { line.left - line.came_back } else { line.waiting() };
            let pieces = back.pieces.min(there);
            too_many |= had_left && line.waiting() > 0 && back.pieces > 0;
            line.asked -= pieces;
            if had_left {
                line.came_back += pieces
            } else {
                line.dropped += pieces
            }
            let (sku, price) = (line.sku, line.price);
            back.pieces -= pieces;
            worth += pieces * price;
            count += pieces;
            let shelf = self.shelf(&sku);
            if had_left {
                shelf.returned += pieces
            } else {
                shelf.allocated -= pieces
            }
            shelf.written_off += if restock { 0 } else { pieces };
        }
        let left_over = open.iter().any(|back| back.pieces > 0);
        if had_left && left_over || count == 0 {
            self.problem("I1", order, "is refunded for what did not come back");
        }
        if too_many {
            self.problem("I1", order, "is refunded for what was never charged");
        }
        if left_over {
            self.given.insert((id, order), (open, restock));
        }
        let story = self.story(order);
        if !left_over {
            story.returns.retain(|given| *given != id);
        }
        // Without an amount it was refused: what was never charged is free all the same.
        let paid = amount.map_or(if had_left { 0 } else { worth }, i128::from);
        if had_left {
            story.refunded += paid
        } else {
            story.released += paid
        }
        if story.verdict != Some(Verdict::Approved) {
            self.problem("I12", order, "is refunded without an approval");
        } else if story.refunded > story.captured || story.captured + story.released > story.total() {
            self.problem("I1", order, "is refunded for more than it cost");
        }
        if amount.is_some() && paid != worth {
            self.problem("I7", order, "is refunded for other than the worth of what came back");
        }
    }

    /// The settlement will not do what the order waits for; it ends all the same.
    pub(super) fn refuse(&mut self, id: OrderId) {
        self.story(id).refused = true;
        let phase = self.story(id).phase;
        if phase == Phase::Asked {
            return self.doubt(id);
        }
        if phase == Phase::InDoubt {
            return self.moves(id, "is refused", &[Phase::InDoubt], Phase::Over);
        }
        if self.story(id).capturing.take().is_some() {
            return;
        }
        let Some(given) = self.story(id).returns.first().copied() else { return self.give_up(id) };
        // A release that is refused is done all the same: what is not held cannot be charged.
        let story = self.stories.entry(id).or_default();
        let open = self.given.get(&(given, id)).map_or(&[][..], |(open, _)| open);
        let here =
            |back: &Back| back.pieces > 0 && story.lines.get(back.line).is_some_and(|l| l.waiting() > 0);
        let had_left = !open.iter().any(here);
        self.back(given, id, had_left, None);
    }
}
