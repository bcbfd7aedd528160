//! What a settlement has of a seller's orders, for a seller whose own books are older than that (F18).

use serde::{Deserialize, Serialize};

use super::Standing;
use crate::ids::{CaptureId, OrderId, RefundId};
use crate::money::Minor;
use crate::receipt::Purchase;

/// Most orders of one page.
pub const MAX_APPROVED: usize = 200;
/// Most captures and refunds of one page together: with [`MAX_APPROVED`] orders around them they fill less
/// than half a frame. An order that has more of them than that is told with its first ones.
pub const MAX_MOVEMENTS: usize = 4_000;

/// A page of the orders of one seller that were approved, in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedOrders {
    pub orders: Vec<Approved>,
    /// Where the next page begins; none when this is the last. A page may have no order and not be the last.
    pub next: Option<OrderId>,
}

/// An order that was approved once, and what became of its money since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    pub purchase: Purchase,
    pub standing: Standing,
    /// What is still held.
    pub held: Minor,
    pub captures: Vec<Captured>,
    /// What was given back of the captures; not what was released of the hold.
    pub refunds: Vec<Refunded>,
    /// What its cardholder was given back against the seller's will.
    pub charged_back: Minor,
}

/// One capture of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    pub id: CaptureId,
    pub amount: Minor,
    /// The clearing batch that it is booked under.
    pub batch: u32,
}

/// One refund of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunded {
    pub id: RefundId,
    pub amount: Minor,
    /// The clearing batch that it is kept back from.
    pub batch: u32,
}
