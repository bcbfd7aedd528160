//! What the seller still owes the settlement: the outbox. It is derived from the books, so it is as
//! durable as they are, and a restart finds it whole.

use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::money::Minor;
use kessai_shared::receipt::Purchase;
use kessai_shared::storefront::PaymentState;

use super::books::Books;
use super::order::Order;

/// One message that is sent again until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Ask for a decision.
    Inquire { purchase: Purchase },
    /// Take back whatever may be held.
    Reverse { order: OrderId },
    /// Charge the hold.
    Capture { order: OrderId, amount: Minor },
    /// Pay back for goods that came back.
    Refund { given: ReturnId, order: OrderId, amount: Minor },
}

impl Work {
    pub fn order(&self) -> OrderId {
        match self {
            Work::Inquire { purchase } => purchase.order,
            Work::Reverse { order } | Work::Capture { order, .. } | Work::Refund { order, .. } => *order,
        }
    }

    /// Whether the settlement has to be asked at all: goods that cost nothing are shipped and given
    /// back without it, because it neither charges nor refunds nothing.
    pub fn moves_money(&self) -> bool {
        match self {
            Work::Inquire { .. } | Work::Reverse { .. } => true,
            Work::Capture { amount, .. } | Work::Refund { amount, .. } => amount.is_positive(),
        }
    }

    /// The next message that this order waits for. One at a time: money of one order never moves
    /// in two ways at once, so a capture and a refund cannot overtake each other.
    pub fn next(books: &Books, id: OrderId) -> Option<Work> {
        let order = books.order(id)?;
        match order.payment {
            PaymentState::Pending => Some(Work::Inquire { purchase: order.quote.purchase() }),
            PaymentState::Unknown => Some(Work::Reverse { order: id }),
            PaymentState::Authorized
            | PaymentState::Captured
            | PaymentState::PartiallyRefunded
            | PaymentState::Refunded
            | PaymentState::Voided
            | PaymentState::Expired => money(books, id, order),
            PaymentState::Declined | PaymentState::Reversed => None,
        }
    }
}

fn money(books: &Books, id: OrderId, order: &Order) -> Option<Work> {
    if let Some(amount) = order.capturing {
        return Some(Work::Capture { order: id, amount });
    }
    let given = *order.refunding.first()?;
    let amount = *books.given(given)?.refunds().get(&id)?;
    Some(Work::Refund { given, order: id, amount })
}
