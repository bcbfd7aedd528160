//! What the seller still owes the settlement: the outbox. It is derived from the books, so it is as
//! durable as they are, and a restart finds it whole.

use kessai_shared::ids::{OrderId, RefundId, ReturnId};
use kessai_shared::money::Minor;
use kessai_shared::receipt::{Decision, Purchase, Verdict};
use kessai_shared::settlement::{Refunded, Refusal};
use kessai_shared::storefront::PaymentState;

use super::books::Books;
use super::change::Change;
use super::order::Order;
use super::recovered::RecoveredStep;

/// One message that is sent again until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Ask for a decision.
    Inquire { purchase: Purchase },
    /// Take back whatever may be held.
    Reverse { order: OrderId },
    /// Charge a part of the hold for the shipment of this number, and give the rest back with the last.
    Capture { order: OrderId, nth: u32, amount: Minor, last: bool },
    /// Hold no more for goods that were given back before they left, or, when no return is named, for
    /// the rest of an order that was shipped in part.
    Release { given: Option<ReturnId>, order: OrderId, amount: Minor },
    /// Pay back for goods that came back.
    Refund { given: ReturnId, order: OrderId, amount: Minor },
    /// Pay back what was charged for an order that our records do not have.
    Repay { order: OrderId, refund: RefundId, amount: Minor },
}

impl Work {
    /// What is asked for, in a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Work::Inquire { .. } => "inquiry",
            Work::Reverse { .. } => "reversal",
            Work::Capture { .. } => "capture",
            Work::Release { .. } => "release",
            Work::Refund { .. } | Work::Repay { .. } => "refund",
        }
    }
}

/// What comes back of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Decided(Box<Decision>),
    /// It cannot be found out in time whether it was approved.
    Doubt,
    Reversed,
    /// Charged, in this clearing batch.
    Captured {
        batch: u32,
    },
    /// There is nothing left to capture.
    Lapsed,
    Released,
    /// Paid back, in this clearing batch.
    Refunded {
        batch: u32,
    },
    /// It will never be done.
    Refused(Refusal),
}

impl Answer {
    /// The clearing batch that it was booked under, when money was.
    pub fn batch(&self) -> Option<u32> {
        match self {
            Answer::Captured { batch } | Answer::Refunded { batch } => {
                Some(*batch).filter(|batch| *batch > 0)
            }
            Answer::Decided(_)
            | Answer::Doubt
            | Answer::Reversed
            | Answer::Lapsed
            | Answer::Released
            | Answer::Refused(_) => None,
        }
    }
}

impl Work {
    pub fn order(&self) -> OrderId {
        match self {
            Work::Inquire { purchase } => purchase.order,
            Work::Reverse { order }
            | Work::Capture { order, .. }
            | Work::Release { order, .. }
            | Work::Refund { order, .. }
            | Work::Repay { order, .. } => *order,
        }
    }

    /// The return that it is done for.
    pub fn given(&self) -> Option<ReturnId> {
        match self {
            Work::Refund { given, .. } => Some(*given),
            Work::Release { given, .. } => *given,
            Work::Inquire { .. } | Work::Reverse { .. } | Work::Capture { .. } | Work::Repay { .. } => None,
        }
    }

    /// Whether the settlement has to be asked at all: goods that cost nothing are shipped and given
    /// back without it, because it neither charges nor refunds nothing.
    pub fn moves_money(&self) -> bool {
        match self {
            Work::Inquire { .. } | Work::Reverse { .. } => true,
            Work::Capture { amount, .. }
            | Work::Release { amount, .. }
            | Work::Refund { amount, .. }
            | Work::Repay { amount, .. } => amount.is_positive(),
        }
    }

    /// The id that a release or refund goes by.
    pub fn refund_id(given: Option<ReturnId>, order: OrderId) -> RefundId {
        given.map_or_else(|| RefundId::of_rest(order), |given| RefundId::of_release(given, order))
    }

    /// The next message that this order waits for. One at a time: money of one order never moves
    /// in two ways at once, so a capture and a refund cannot overtake each other.
    pub fn next(books: &Books, id: OrderId) -> Option<Work> {
        Self::of_order(books, id).or_else(|| Self::of_recovered(books, id))
    }

    fn of_recovered(books: &Books, id: OrderId) -> Option<Work> {
        books.recovered(id)?.work(books.order(id))
    }

    fn of_order(books: &Books, id: OrderId) -> Option<Work> {
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

    /// The change that an answer to this makes. None when nobody waits for it any more: it came twice,
    /// or late, after what it answers was given up.
    pub fn answered(&self, books: &Books, answer: Answer) -> Option<Change> {
        let order = self.order();
        let waits = match self {
            // An order has one purchase for ever, and to name it again means to hash its whole quote.
            Work::Inquire { .. } => books.order(order).is_some_and(|o| o.payment == PaymentState::Pending),
            Work::Reverse { .. }
            | Work::Capture { .. }
            | Work::Release { .. }
            | Work::Refund { .. }
            | Work::Repay { .. } => Work::next(books, order).as_ref() == Some(self),
        };
        if !waits {
            return None;
        }
        if Self::of_order(books, order).is_none() {
            return self.recovered_answered(answer);
        }
        match (self, answer) {
            (Work::Inquire { purchase }, Answer::Decided(decision)) => {
                let theirs = decision.statement.purchase == *purchase;
                Some(if theirs {
                    Change::Decided { order, decision: *decision }
                } else {
                    Change::Doubted { order }
                })
            }
            (Work::Inquire { .. }, Answer::Doubt | Answer::Refused(_)) => Some(Change::Doubted { order }),
            (Work::Reverse { .. }, Answer::Reversed) => {
                let pending = books.order(order).is_some_and(|o| o.payment == PaymentState::Unknown);
                Some(if pending { Change::Reversed { order } } else { Change::Cancelled { order } })
            }
            (Work::Capture { .. }, Answer::Captured { batch }) => Some(Change::Shipped { order, batch }),
            (Work::Capture { .. }, Answer::Lapsed) => Some(Change::Lapsed { order }),
            (Work::Release { given: Some(id), amount, .. }, Answer::Released) => {
                Some(Change::Released { id: *id, order, amount: *amount })
            }
            (Work::Release { given: None, .. }, Answer::Released) => Some(Change::Cancelled { order }),
            (Work::Refund { given, amount, .. }, Answer::Refunded { batch }) => {
                Some(Change::Refunded { id: *given, order, amount: *amount, batch })
            }
            (_, Answer::Refused(refusal)) => Some(Change::Refused { order, refusal }),
            // No answer to what was asked: whoever asked goes on asking.
            (
                _,
                Answer::Decided(_)
                | Answer::Doubt
                | Answer::Reversed
                | Answer::Captured { .. }
                | Answer::Lapsed
                | Answer::Released
                | Answer::Refunded { .. },
            ) => None,
        }
    }

    /// The change that an answer makes of a recovered order, where our own order waits for nothing.
    fn recovered_answered(&self, answer: Answer) -> Option<Change> {
        let order = self.order();
        let step = match (self, answer) {
            (Work::Reverse { .. }, Answer::Reversed) | (Work::Release { .. }, Answer::Released) => {
                RecoveredStep::Released
            }
            (Work::Repay { refund, amount, .. }, Answer::Refunded { batch }) => {
                RecoveredStep::Repaid(Refunded { id: *refund, amount: *amount, batch })
            }
            (_, Answer::Refused(refusal)) => RecoveredStep::Refused(refusal),
            (
                _,
                Answer::Decided(_)
                | Answer::Doubt
                | Answer::Reversed
                | Answer::Captured { .. }
                | Answer::Lapsed
                | Answer::Released
                | Answer::Refunded { .. },
            ) => return None,
        };
        Some(Change::RecoveredStep { order, step })
    }
}

/// Whether a decision lets goods go.
pub fn approves(decision: &Decision) -> bool {
    match decision.statement.verdict {
        Verdict::Approved => true,
        Verdict::Declined => false,
    }
}

fn money(books: &Books, id: OrderId, order: &Order) -> Option<Work> {
    if let Some(shipping) = &order.shipping {
        let (nth, amount, last) = (shipping.nth, shipping.amount, shipping.last);
        return Some(Work::Capture { order: id, nth, amount, last });
    }
    if let Some(given) = order.refunding.first() {
        let split = books.given(*given)?.split(id, order);
        return Some(if split.release.is_empty() {
            Work::Refund { given: *given, order: id, amount: order.worth_of(&split.refund) }
        } else {
            Work::Release { given: Some(*given), order: id, amount: order.worth_of(&split.release) }
        });
    }
    order.cancelling.as_ref()?;
    // A reversal gives back all there is, and is refused once anything was charged.
    Some(if order.captured.is_positive() {
        Work::Release { given: None, order: id, amount: order.rest() }
    } else {
        Work::Reverse { order: id }
    })
}
