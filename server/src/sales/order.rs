//! One order on its separate axes, and where each of its pieces is. How it moves stands in `life.rs`.

use kessai_shared::address::Address;
use kessai_shared::ids::{CaptureId, OrderId, ReturnId};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Quote};
use kessai_shared::settlement::Refusal;
use kessai_shared::storefront::{Cancelled, FulfilmentState, OrderState, PaymentState, Tracking};
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::history::{self, Deed, Leg};

/// Most returns of one order that wait for the settlement at a time.
const MAX_WAITING_RETURNS: usize = 64;
/// Most shipments of one order. The one after that has to be of all that is left.
pub const MAX_SHIPMENTS: usize = 100;

/// How many pieces of one line.
pub type LinePieces = (u16, u32);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub owner: Pin,
    pub quote: Quote,
    /// Where it goes. The first address that came with the order counts.
    pub deliver_to: Option<Box<Address>>,
    pub placed_at: Timestamp,
    pub order: OrderState,
    pub payment: PaymentState,
    pub fulfilment: FulfilmentState,
    /// Why it came to nothing, or its rest when a part was shipped.
    pub cancelled: Option<Cancelled>,
    /// Why what was not shipped yet is being cancelled, until that is acknowledged.
    pub cancelling: Option<Cancelled>,
    pub decision: Option<Decision>,
    /// Where in the journal it was confirmed: the order in which lots were bought.
    pub confirmed_position: u64,
    pub confirmed_at: Timestamp,
    /// Where the pieces of each line of the quote are.
    pub lines: Vec<Pieces>,
    /// What a capture that is under way asks for. No other money moves until it is answered.
    pub shipping: Option<Shipping>,
    pub shipments: Vec<Shipment>,
    /// What was charged for all shipments.
    pub captured: Minor,
    /// The worth of what was given back and already paid back, from the hold and from the charge.
    pub refunded: Minor,
    /// The part of `refunded` that was never charged.
    pub released: Minor,
    /// The returns that are not answered yet for this order, in the order they came.
    pub refunding: Vec<ReturnId>,
    /// The last thing that the settlement refused for good: an operator has to look at it.
    pub refused: Option<Refusal>,
    pub legs: Vec<Leg>,
}

/// Where the pieces of one line are. What is in none of these is still to be shipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieces {
    /// Ever shipped; what came back of it is counted in `back` too.
    pub shipped: u32,
    pub cancelled: u32,
    /// Given back before they were shipped, and not held any more.
    pub released: u32,
    /// Shipped and back again.
    pub back: u32,
    /// Ever given back, whether that is answered yet or not: `released`, `back` and those that wait.
    pub given: u32,
}

/// Goods that leave once their part of the hold is charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipping {
    /// 1 is an order's first.
    pub nth: u32,
    pub lines: Vec<LinePieces>,
    pub amount: Minor,
    /// Whether nothing is left to be shipped after it, so that nothing need be held any more.
    pub last: bool,
    /// Apart, since most shipments have none, and a shop has many.
    pub tracking: Option<Box<Tracking>>,
}

/// Goods that have left, and were charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    pub nth: u32,
    pub lines: Vec<LinePieces>,
    pub amount: Minor,
    /// The clearing batch of its capture; 0 when it cost nothing and there was none.
    pub batch: u32,
    pub at: Timestamp,
    pub tracking: Option<Box<Tracking>>,
}

impl Shipping {
    pub fn capture(&self, order: OrderId) -> CaptureId {
        CaptureId::of(order, self.nth)
    }
}

impl Pieces {
    /// Pieces that were given back and wait for the settlement's answer.
    pub fn waiting_back(&self) -> u32 {
        self.given - self.released - self.back
    }
}

impl Order {
    pub(super) fn placed(quote: Quote, owner: Pin, at: Timestamp) -> Self {
        let lines = vec![Pieces::default(); quote.lines.len()];
        let mut order = Self {
            owner,
            quote,
            deliver_to: None,
            placed_at: at,
            order: OrderState::Pending,
            payment: PaymentState::Pending,
            fulfilment: FulfilmentState::NotFulfilled,
            cancelled: None,
            cancelling: None,
            decision: None,
            confirmed_position: 0,
            confirmed_at: Timestamp::default(),
            lines,
            shipping: None,
            shipments: Vec::new(),
            captured: Minor::ZERO,
            refunded: Minor::ZERO,
            released: Minor::ZERO,
            refunding: Vec::new(),
            refused: None,
            legs: Vec::new(),
        };
        order.note(Deed::Placed, at, None);
        order
    }

    pub(super) fn note(&mut self, what: Deed, at: Timestamp, by: Option<Pin>) {
        history::note(&mut self.legs, what, at, by);
    }

    /// The worth of all that was bought, and neither given back nor cancelled.
    pub fn kept(&self) -> Minor {
        self.worth(|quantity, pieces| quantity - pieces.given - pieces.cancelled)
    }

    /// The worth of some pieces of each line.
    fn worth(&self, of: impl Fn(u32, &Pieces) -> u32) -> Minor {
        let lines = self.quote.lines.iter().zip(&self.lines);
        Minor(lines.map(|(line, pieces)| i64::from(of(line.quantity, pieces)) * line.unit_price.0).sum())
    }

    /// The worth of all that is still to be shipped.
    pub fn rest(&self) -> Minor {
        self.worth(|quantity, pieces| quantity - pieces.shipped - pieces.cancelled - pieces.released)
    }

    /// The worth of all that was cancelled.
    pub fn cancelled_worth(&self) -> Minor {
        self.worth(|_, pieces| pieces.cancelled)
    }

    /// The worth of these pieces at the price that was quoted.
    pub fn worth_of(&self, lines: &[LinePieces]) -> Minor {
        let price = |line: u16| self.quote.lines.get(usize::from(line)).map_or(0, |l| l.unit_price.0);
        Minor(lines.iter().map(|(line, pieces)| i64::from(*pieces) * price(*line)).sum())
    }

    /// How many pieces of a line are still to be shipped.
    pub fn unshipped_of(&self, line: usize) -> u32 {
        let quantity = self.quote.lines.get(line).map_or(0, |line| line.quantity);
        self.lines.get(line).map_or(0, |p| quantity - p.shipped - p.cancelled - p.released)
    }

    /// All pieces that are still to be shipped, line by line.
    pub fn unshipped(&self) -> Vec<LinePieces> {
        // An order has far fewer lines than a u16 counts.
        let lines = (0_u16..).take(self.lines.len());
        lines.map(|at| (at, self.unshipped_of(usize::from(at)))).filter(|(_, pieces)| *pieces > 0).collect()
    }

    pub fn has_unshipped(&self) -> bool {
        (0..self.lines.len()).any(|line| self.unshipped_of(line) > 0)
    }

    pub fn has_shipped(&self) -> bool {
        self.lines.iter().any(|pieces| pieces.shipped > 0)
    }

    /// Whether some pieces are still the buyer's, be it only such as cost nothing.
    pub(super) fn keeps_pieces(&self) -> bool {
        let mut lines = self.quote.lines.iter().zip(&self.lines);
        lines.any(|(line, pieces)| pieces.given + pieces.cancelled < line.quantity)
    }

    /// Whether what can be given back is known later only: while a cancellation decides what is left, and
    /// while as many returns wait for the settlement as are waited for.
    pub fn takes_nothing_back(&self) -> bool {
        self.cancelling.is_some() || self.refunding.len() >= MAX_WAITING_RETURNS
    }

    /// How many pieces of a line can be given back now.
    pub fn returnable(&self, line: usize) -> u32 {
        let quantity = self.quote.lines.get(line).map_or(0, |line| line.quantity);
        self.lines
            .get(line)
            .filter(|_| !self.takes_nothing_back())
            .map_or(0, |pieces| quantity - pieces.given - pieces.cancelled)
    }

    /// How many pieces of each line were given back.
    pub fn returned(&self) -> Vec<u32> {
        self.lines.iter().map(|pieces| pieces.given).collect()
    }

    pub fn is_confirmed(&self) -> bool {
        match self.order {
            OrderState::Confirmed | OrderState::Completed => true,
            OrderState::Pending | OrderState::Cancelled | OrderState::Expired => false,
        }
    }

    /// Whether goods wait to be shipped and no money of this order is moving.
    pub fn is_shippable(&self) -> bool {
        self.order == OrderState::Confirmed
            && self.shipping.is_none()
            && self.refunding.is_empty()
            && self.cancelling.is_none()
            && self.has_unshipped()
    }

    /// Whether the settlement owes this order an answer.
    pub fn is_owed_an_answer(&self) -> bool {
        match self.payment {
            PaymentState::Pending | PaymentState::Unknown => true,
            PaymentState::Declined | PaymentState::Reversed => false,
            PaymentState::Authorized
            | PaymentState::Captured
            | PaymentState::PartiallyRefunded
            | PaymentState::Refunded
            | PaymentState::Voided
            | PaymentState::Expired => {
                self.shipping.is_some() || !self.refunding.is_empty() || self.cancelling.is_some()
            }
        }
    }

    /// When the last of it was shipped.
    pub fn shipped_at(&self) -> Option<Timestamp> {
        self.shipments.last().map(|shipment| shipment.at)
    }
}
