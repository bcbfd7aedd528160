//! An independent count over the changes, to hold against the books: I1, I2, I4, I7, I8, I9, I10, I12.
//!
//! It follows pieces, money and decisions by itself and shares no arithmetic with [`Books::apply`], so
//! that a mistake in one shows in the other.

mod batches;
mod recovered;
mod stories;

use std::collections::HashMap;

use kessai_shared::ids::{Epoch, OrderId, ReturnId, Sku};
use kessai_shared::receipt::Verdict;
use kessai_shared::storefront::OrderState;

use super::books::Books;
use super::change::Change;
use super::give_back::GiveBack;
use super::order::Order;
use super::stock::Stock;
use kessai_shared::trail::TrailAudit;
use recovered::Found;
use stories::{Back, Phase, Story};

/// Where the pieces of one product are, as the changes tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shelf {
    received: i128,
    found: i128,
    written_off: i128,
    reserved: i128,
    allocated: i128,
    shipped: i128,
    returned: i128,
}

impl Shelf {
    /// What no change has taken from the shelf (I4).
    fn available(&self) -> i128 {
        let out = self.reserved + self.allocated + self.shipped - self.returned;
        self.received + self.found - self.written_off - out
    }

    fn adjust(&mut self, pieces: i64) {
        self.found += i128::from(pieces.max(0));
        self.written_off -= i128::from(pieces.min(0));
    }

    fn says(&self, stock: &Stock) -> bool {
        let columns = [
            (self.received, stock.received),
            (self.found, stock.found),
            (self.written_off, stock.written_off),
            (self.reserved, stock.reserved),
            (self.allocated, stock.allocated),
            (self.shipped, stock.shipped),
            (self.returned, stock.returned),
            (self.available(), stock.available),
        ];
        columns.iter().all(|(counted, booked)| *counted == i128::from(*booked) && *counted >= 0)
    }
}

#[derive(Default)]
pub struct Audit {
    shelves: HashMap<Sku, Shelf>,
    stories: HashMap<OrderId, Story>,
    /// What came back and waits for its answer; whether it goes on the shelf.
    given: HashMap<(ReturnId, OrderId), (Vec<Back>, bool)>,
    /// The newest epoch, and whether it began with books that are behind the settlement's.
    epoch: Epoch,
    trail: TrailAudit,
    behind: bool,
    recovered: HashMap<OrderId, Found>,
    problems: Vec<String>,
}

impl Audit {
    /// Begins with books that were loaded from a checkpoint, instead of with none. Pieces that are with
    /// orders are counted from the orders, and so held against the products in the end; what came in,
    /// what left the shelf for good and what ever came back is taken as it is, as nothing before it can
    /// be seen.
    pub fn begin(&mut self, books: &Books) {
        for product in books.products() {
            let shelf = self.shelves.entry(product.sku).or_default();
            shelf.received = i128::from(product.stock.received);
            shelf.found = i128::from(product.stock.found);
            shelf.written_off = i128::from(product.stock.written_off);
        }
        for (id, order) in books.orders() {
            let story = Story::of(order);
            for line in &story.lines {
                let shelf = self.shelves.entry(line.sku).or_default();
                match story.phase {
                    Phase::Asked => shelf.reserved += line.ordered,
                    Phase::TurnedAway | Phase::InDoubt | Phase::Over => {}
                    Phase::Sold | Phase::Gone => shelf.allocated += line.waiting(),
                }
                shelf.shipped += line.left;
                shelf.returned += line.came_back;
            }
            self.stories.insert(*id, story);
        }
        for (id, given) in books.returns() {
            self.open(*id, given);
        }
        self.trail.begin(books.trail());
        self.epoch = books.tenure().map_or(Epoch::NONE, |tenure| tenure.epoch);
        self.begin_recovered(books);
    }

    /// Takes in one change.
    pub fn see(&mut self, change: &Change) {
        self.trail.see(change.by());
        match change {
            Change::Stocked { sku, received, .. } => self.shelf(sku).received += i128::from(*received),
            Change::Received { sku, pieces, .. } => self.shelf(sku).received += i128::from(*pieces),
            Change::Adjusted { sku, pieces, .. } => self.shelf(sku).adjust(*pieces),
            Change::Relisted { .. }
            | Change::Described { .. }
            | Change::Delivered { .. }
            | Change::Operated { .. }
            | Change::BatchCompared { .. } => {}
            Change::Placed { quote, .. } => {
                self.recovered_placed(quote.order);
                if self.stories.insert(quote.order, Story::placed(quote, Phase::Asked)).is_some() {
                    self.problem("I8", quote.order, "was placed twice");
                }
                self.all_pieces(quote.order, |shelf, pieces| shelf.reserved += pieces);
            }
            Change::TurnedAway { quote, .. } => {
                if self.stories.insert(quote.order, Story::placed(quote, Phase::TurnedAway)).is_some() {
                    self.problem("I8", quote.order, "was placed twice");
                }
            }
            Change::Decided { order, decision } => self.decide(*order, decision.statement.verdict),
            Change::Doubted { order } => self.doubt(*order),
            Change::CancelAsked { order, .. } => {
                if self.story(*order).phase == Phase::Asked {
                    self.doubt(*order);
                }
            }
            Change::Reversed { order } => self.moves(*order, "is reversed", &[Phase::InDoubt], Phase::Over),
            Change::CaptureStarted { order, shipping, .. } => {
                self.approved(*order, "is captured");
                let story = self.story(*order);
                story.capturing = Some(shipping.lines.clone());
                let worth = story.worth(&shipping.lines);
                if worth != i128::from(shipping.amount.0) {
                    self.problem("I7", *order, "is charged for other than the worth of what leaves");
                }
            }
            Change::Shipped { order, batch } => self.shipped(*order, *batch),
            Change::Lapsed { order } | Change::Cancelled { order } => self.give_up(*order),
            Change::GivenBack { id, given } => {
                given.parts.iter().for_each(|part| self.story(part.order).ask(*id, part));
                self.open(*id, given);
            }
            Change::Released { id, order, amount } => self.back(*id, *order, false, Some(amount.0)),
            Change::Refunded { id, order, amount, .. } => {
                self.recovered_refunded(*id, *order);
                self.back(*id, *order, true, Some(amount.0));
            }
            Change::Recovered { order, row } => self.recover(*order, row),
            Change::RecoveredGivenUp { order } => self.recovered_given_up(*order),
            Change::RecoveredStep { order, step } => self.recovered_step(*order, step),
            Change::CaughtUp => self.caught_up(),
            Change::Refused { order, .. } => self.refuse(*order),
            Change::Granted(tenure) => {
                self.behind |= tenure.behind;
                let before = std::mem::replace(&mut self.epoch, tenure.epoch);
                if tenure.epoch <= before {
                    let epoch = tenure.epoch;
                    self.problems.push(format!("I10: epoch {epoch} follows on epoch {before}"));
                }
            }
        }
    }

    /// Everything that is wrong, one sentence each, after the last change.
    pub fn finish(mut self, books: &Books) -> Vec<String> {
        self.problems.extend(batches::problems(books));
        self.problems.extend(std::mem::take(&mut self.trail).finish(books.trail()));
        self.compare_recovered(books);
        let kept = books.tenure().map_or(Epoch::NONE, |tenure| tenure.epoch);
        if kept != self.epoch {
            self.problems
                .push(format!("I10: the books are of epoch {kept}, their changes of {}", self.epoch));
        }
        for product in books.products() {
            let counted = self.shelves.get(&product.sku).copied().unwrap_or_default();
            if !product.stock.balances() || !counted.says(&product.stock) {
                self.problems.push(format!(
                    "I4: product {} has {} available of {} on hand, its movements say {}: {:?}",
                    product.sku,
                    product.stock.available,
                    product.stock.on_hand(),
                    counted.available(),
                    counted
                ));
            }
        }
        let approved = self.stories.values().filter(|story| story.verdict == Some(Verdict::Approved));
        let accepted: i128 = approved.map(Story::total).sum();
        let refunded: i128 = self.stories.values().map(|story| story.released + story.refunded).sum();
        let sold = self.stories.values().filter(|story| story.verdict == Some(Verdict::Approved));
        let cancelled: i128 = sold.filter(|story| story.phase.is_sold()).map(Story::given_up).sum();
        let totals = books.totals();
        if i128::from(totals.cancelled.0) != cancelled {
            self.problems.push(format!(
                "I2: the orders say that {} was cancelled, their changes {cancelled}",
                totals.cancelled
            ));
        }
        if i128::from(totals.accepted.0) != accepted || i128::from(totals.refunded.0) != refunded {
            self.problems.push(format!(
                "I2: the orders say {} accepted and {} refunded, their changes {accepted} and {refunded}",
                totals.accepted, totals.refunded
            ));
        }
        let stories = std::mem::take(&mut self.stories);
        for (id, order) in books.orders() {
            match stories.get(id) {
                Some(story) => self.compare(*id, order, story),
                None => self.problem("I8", *id, "was never placed"),
            }
        }
        self.problems
    }

    fn compare(&mut self, id: OrderId, order: &Order, story: &Story) {
        if order.is_confirmed() && story.verdict != Some(Verdict::Approved) {
            self.problem("I2", id, "is confirmed without an approval");
        }
        if i128::from(order.captured.0) != story.captured {
            self.problem("I1", id, "was charged otherwise than its shipments say");
        }
        let refunds = i128::from(order.refunded.0 - order.released.0);
        if refunds != story.refunded || i128::from(order.released.0) != story.released {
            self.problem("I1", id, "was refunded otherwise than its returns say");
        }
        // I7: at rest, what was charged and not paid back is the worth of what was kept.
        let at_rest = order.order == OrderState::Completed && order.refunding.is_empty();
        if at_rest && !story.refused && story.captured - story.refunded != story.kept() {
            self.problem("I7", id, "has paid for other than it kept");
        }
    }

    fn open(&mut self, id: ReturnId, given: &GiveBack) {
        for part in &given.parts {
            let Some(back) = Back::of(part) else { continue };
            let open = self.given.entry((id, part.order)).or_default();
            open.1 = given.restock;
            open.0.push(back);
        }
    }

    fn shelf(&mut self, sku: &Sku) -> &mut Shelf {
        self.shelves.entry(*sku).or_default()
    }

    fn problem(&mut self, invariant: &str, order: OrderId, what: &str) {
        self.problems.push(format!("{invariant}: order {order} {what}"));
    }
}
