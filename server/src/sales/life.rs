//! How an order moves on its axes, and the way out of every state that is not final.
//!
//! | order | payment | fulfilment | waits for | deadline | way out |
//! | --- | --- | --- | --- | --- | --- |
//! | pending | pending | not fulfilled | the decision (0110) | the courier's patience, seconds | confirmed; cancelled (declined); unknown |
//! | pending | unknown | not fulfilled | the reversal's acknowledgement (0410); its goods are free | none: it is asked for until it is answered | cancelled, reversed |
//! | confirmed | authorized | not fulfilled | being shipped | `ship_within_seconds` after it was confirmed | captures under way; cancelled by itself |
//! | confirmed, `shipping` | authorized | not fulfilled | the capture (0230) | none; the hold has its own | more to ship; completed; expired with the hold; cancelling, when it is refused |
//! | confirmed, `refunding` | authorized | not fulfilled | the release or refund | none: it is asked for until it is answered | as before it; completed, when nothing is left |
//! | confirmed, `cancelling` | authorized | not fulfilled | the reversal, or the release of the rest | none: it is asked for until it is answered | cancelled, voided; completed, when a part was shipped |
//! | completed | captured | shipped | arriving | `deliver_after_seconds` after it was shipped | delivered |
//! | completed, `refunding` | captured | any | the refund | none: it is asked for until it is answered | refunded in part or in full, or refused for good |
//! | completed | captured, partially refunded, refunded, voided | delivered, returned | nothing | – | final, but for goods that come back |
//! | cancelled | declined, reversed, voided | not fulfilled | nothing | – | final |
//! | cancelled | captured | not fulfilled | nothing: the settlement says that it charged what these books never asked for | – | final, and an alarm: `kessai reconcile` |
//! | expired | expired | not fulfilled | nothing; open returns are answered | – | final |
//!
//! One movement of money at a time, in this order: a capture that is under way wins, then come the
//! returns, then the cancellation of what is left. A return that is asked for while a cancellation is
//! under way has to wait, so what an order waits for never changes before it is answered; but an
//! inquiry is given up for its reversal.

use kessai_shared::ids::ReturnId;
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Verdict};
use kessai_shared::settlement::Refusal;
use kessai_shared::storefront::{Cancelled, FulfilmentState, OrderState, PaymentState};
use kessai_shared::time::Timestamp;

use super::history::Deed;
use super::inconsistent::Inconsistent;
use super::order::{LinePieces, MAX_SHIPMENTS, Order, Shipment, Shipping};

/// How long the shop takes, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// After its confirmation an order is shipped by itself; never, when an operator ships.
    pub ship_after: Option<u64>,
    /// What was not shipped so long after its confirmation is cancelled. Less than the hold lives.
    pub ship_within: u64,
    /// What was shipped so long ago has arrived.
    pub deliver_after: u64,
    /// What was recovered from the settlement's books waits so long for its terminal to ask again.
    pub recovered_for: u64,
}

/// What ends a state that is not final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// An answer of the settlement, which is asked again until it comes.
    Answer,
    /// It is shipped, or cancelled by itself at this time.
    Ship { until: Timestamp },
    /// Somebody reports its delivery, or it counts as delivered at this time.
    Deliver { until: Timestamp },
}

/// The way out of an order's state, or that it is final.
pub fn way_out(order: &Order, terms: &Terms) -> Option<WayOut> {
    if order.is_owed_an_answer() {
        return Some(WayOut::Answer);
    }
    match order.order {
        OrderState::Pending => Some(WayOut::Answer),
        OrderState::Confirmed => {
            Some(WayOut::Ship { until: order.confirmed_at.plus_seconds(terms.ship_within) })
        }
        OrderState::Completed => match order.fulfilment {
            FulfilmentState::Shipped => {
                let shipped = order.shipped_at().unwrap_or(order.confirmed_at);
                Some(WayOut::Deliver { until: shipped.plus_seconds(terms.deliver_after) })
            }
            FulfilmentState::NotFulfilled | FulfilmentState::Delivered | FulfilmentState::Returned => None,
        },
        OrderState::Cancelled | OrderState::Expired => None,
    }
}

impl Order {
    pub(super) fn decide(
        &mut self,
        decision: &Decision,
        position: u64,
        at: Timestamp,
    ) -> Result<(), Inconsistent> {
        self.expect(OrderState::Pending, PaymentState::Pending)?;
        if decision.statement.purchase != self.quote.purchase() {
            return Err(Inconsistent("a decision about another purchase"));
        }
        self.decision = Some(decision.clone());
        match decision.statement.verdict {
            Verdict::Approved => {
                self.order = OrderState::Confirmed;
                self.payment = PaymentState::Authorized;
                self.confirmed_position = position;
                self.confirmed_at = at;
                self.note(Deed::Approved, at, None);
            }
            Verdict::Declined => {
                self.order = OrderState::Cancelled;
                self.payment = PaymentState::Declined;
                self.cancelled = Some(Cancelled::Declined);
                self.note(Deed::Declined, at, None);
            }
        }
        Ok(())
    }

    /// The decision is in doubt; from here on only a reversal ends it.
    pub(super) fn doubt(&mut self, at: Timestamp) -> Result<(), Inconsistent> {
        self.expect(OrderState::Pending, PaymentState::Pending)?;
        self.payment = PaymentState::Unknown;
        self.note(Deed::Doubted, at, None);
        Ok(())
    }

    pub(super) fn reversed(&mut self, at: Timestamp) -> Result<(), Inconsistent> {
        self.expect(OrderState::Pending, PaymentState::Unknown)?;
        self.order = OrderState::Cancelled;
        self.payment = PaymentState::Reversed;
        self.cancelled = Some(self.cancelling.take().unwrap_or(Cancelled::Interrupted));
        self.note(Deed::Reversed, at, None);
        Ok(())
    }

    /// Whether a cancellation can still change anything.
    pub fn is_cancellable(&self) -> bool {
        self.cancelling.is_none()
            && match self.order {
                OrderState::Pending => self.payment == PaymentState::Pending,
                OrderState::Confirmed => {
                    self.has_unshipped() && !self.shipping.as_ref().is_some_and(|shipping| shipping.last)
                }
                OrderState::Completed | OrderState::Cancelled | OrderState::Expired => false,
            }
    }

    pub(super) fn ask_cancel(
        &mut self,
        why: &Cancelled,
        at: Timestamp,
        by: Option<Pin>,
    ) -> Result<(), Inconsistent> {
        if !self.is_cancellable() {
            return Err(Inconsistent("a cancellation of what cannot be cancelled"));
        }
        if self.order == OrderState::Pending {
            // The decision may be made already, so only a reversal makes sure.
            self.payment = PaymentState::Unknown;
        }
        self.cancelling = Some(why.clone());
        self.note(Deed::CancelAsked, at, by);
        Ok(())
    }

    /// Nothing is held any more for what was to be cancelled: gives its pieces.
    pub(super) fn cancelled(&mut self, at: Timestamp) -> Result<Vec<LinePieces>, Inconsistent> {
        let idle = self.shipping.is_none() && self.refunding.is_empty();
        if self.order != OrderState::Confirmed || !idle {
            return Err(Inconsistent("a cancellation overtakes other money of its order"));
        }
        let why = self.cancelling.take().ok_or(Inconsistent("cancelled without being asked"))?;
        let rest = self.drop_rest();
        self.cancelled = Some(why);
        if self.has_shipped() {
            self.note(Deed::RestCancelled, at, None);
            self.settle(at);
        } else {
            self.order = OrderState::Cancelled;
            self.payment = PaymentState::Voided;
            self.note(Deed::Cancelled, at, None);
        }
        Ok(rest)
    }

    pub(super) fn start_shipping(
        &mut self,
        shipping: &Shipping,
        at: Timestamp,
        by: Option<Pin>,
    ) -> Result<(), Inconsistent> {
        let rest = self.unshipped();
        let rising = shipping.lines.is_sorted_by(|one, other| one.0 < other.0);
        let there =
            |(line, pieces): &LinePieces| *pieces > 0 && *pieces <= self.unshipped_of(usize::from(*line));
        let sound = self.is_shippable()
            && usize::try_from(shipping.nth).is_ok_and(|nth| nth == self.shipments.len() + 1)
            && (shipping.last || self.shipments.len() + 1 < MAX_SHIPMENTS)
            && !shipping.lines.is_empty()
            && rising
            && shipping.lines.iter().all(there)
            && shipping.last == (shipping.lines == rest)
            && shipping.amount == self.worth_of(&shipping.lines);
        if !sound {
            return Err(Inconsistent("a shipment of what cannot be shipped"));
        }
        self.shipping = Some(shipping.clone());
        self.note(Deed::CaptureStarted, at, by);
        Ok(())
    }

    /// The shipment under way was charged: gives its pieces.
    pub(super) fn shipped(&mut self, batch: u32, at: Timestamp) -> Result<Vec<LinePieces>, Inconsistent> {
        self.expect(OrderState::Confirmed, PaymentState::Authorized)?;
        let Shipping { nth, lines, amount, last: _, tracking } =
            self.shipping.take().ok_or(Inconsistent("shipped without a capture"))?;
        for (line, pieces) in &lines {
            self.lines[usize::from(*line)].shipped += pieces;
        }
        self.captured.0 += amount.0;
        self.shipments.push(Shipment { nth, lines: lines.clone(), amount, batch, at, tracking });
        self.note(Deed::Shipped, at, None);
        self.settle(at);
        Ok(lines)
    }

    /// The hold is gone: gives the pieces that are nobody's now. What is on its way back is freed by its
    /// return.
    pub(super) fn lapsed(&mut self, at: Timestamp) -> Result<Vec<LinePieces>, Inconsistent> {
        self.expect(OrderState::Confirmed, PaymentState::Authorized)?;
        if self.shipping.take().is_none() {
            return Err(Inconsistent("a hold runs out that nobody asked for"));
        }
        self.cancelling = None;
        let rest = self.drop_rest();
        self.cancelled = Some(Cancelled::HoldExpired);
        self.note(Deed::Lapsed, at, None);
        if !self.has_shipped() {
            self.order = OrderState::Expired;
            self.payment = PaymentState::Expired;
        }
        self.settle(at);
        Ok(rest)
    }

    pub(super) fn delivered(&mut self, at: Timestamp, by: Option<Pin>) -> Result<(), Inconsistent> {
        if self.fulfilment != FulfilmentState::Shipped {
            return Err(Inconsistent("a delivery of what is not on its way"));
        }
        self.fulfilment = FulfilmentState::Delivered;
        self.note(Deed::Delivered, at, by);
        Ok(())
    }

    /// Pieces that never left are held no longer. `ends` when the return has no more of this order.
    pub(super) fn released(
        &mut self,
        by: ReturnId,
        (pieces, amount): (&[LinePieces], Minor),
        ends: bool,
        at: Timestamp,
    ) -> Result<(), Inconsistent> {
        for (line, pieces) in pieces {
            self.lines[usize::from(*line)].released += pieces;
        }
        self.refunded.0 += amount.0;
        self.released.0 += amount.0;
        self.note(Deed::Released, at, None);
        self.end_return(by, ends, at)
    }

    /// Pieces that had left are back; `amount` of it was paid back.
    pub(super) fn refunded(
        &mut self,
        by: ReturnId,
        (pieces, amount): (&[LinePieces], Minor),
        at: Timestamp,
    ) -> Result<(), Inconsistent> {
        for (line, pieces) in pieces {
            self.lines[usize::from(*line)].back += pieces;
        }
        self.refunded.0 += amount.0;
        self.note(Deed::Refunded, at, None);
        self.end_return(by, true, at)
    }

    /// The settlement will not do what is asked of it.
    pub(super) fn refused(&mut self, refusal: Refusal, at: Timestamp) {
        self.refused = Some(refusal);
        self.note(Deed::Refused, at, None);
    }

    /// A capture is refused although the hold is not gone: the goods stay, and what is held is given back.
    pub(super) fn capture_refused(&mut self) {
        self.shipping = None;
        self.cancelling.get_or_insert(Cancelled::ByShop);
    }

    /// The settlement has charged what these books say is cancelled: they cannot put that right.
    pub(super) fn charged_though_cancelled(&mut self) {
        self.order = OrderState::Cancelled;
        self.payment = PaymentState::Captured;
        self.cancelled = Some(self.cancelling.take().unwrap_or(Cancelled::Interrupted));
    }

    fn end_return(&mut self, by: ReturnId, ends: bool, at: Timestamp) -> Result<(), Inconsistent> {
        let place = self.refunding.iter().position(|id| *id == by);
        let place = place.ok_or(Inconsistent("an answer to a return that was not asked for"))?;
        if ends {
            self.refunding.remove(place);
        }
        self.settle(at);
        Ok(())
    }

    /// Gives up all that is still to be shipped, but for what a return waits to have released.
    pub(super) fn drop_rest(&mut self) -> Vec<LinePieces> {
        let mut dropped = Vec::new();
        for (line, pieces) in self.unshipped() {
            let of = &mut self.lines[usize::from(line)];
            let pieces = pieces - of.waiting_back().min(pieces);
            of.cancelled += pieces;
            if pieces > 0 {
                dropped.push((line, pieces));
            }
        }
        dropped
    }

    /// Works out the axes of an approved order from where its pieces and its money are.
    fn settle(&mut self, at: Timestamp) {
        if self.order == OrderState::Confirmed && self.shipping.is_none() && !self.has_unshipped() {
            self.order = OrderState::Completed;
            if self.cancelling.take().is_some() {
                self.note(Deed::CancelTooLate, at, None);
            }
        }
        if self.order != OrderState::Completed {
            return;
        }
        let refunds = self.refunded.0 - self.released.0;
        self.payment = match refunds {
            // Nothing was charged when only goods that cost nothing were left: all else was given back.
            _ if !self.captured.is_positive() => PaymentState::Voided,
            0 => PaymentState::Captured,
            refunds if refunds >= self.captured.0 => PaymentState::Refunded,
            _ => PaymentState::PartiallyRefunded,
        };
        if !self.keeps_pieces() && self.refunding.is_empty() {
            self.fulfilment = FulfilmentState::Returned;
        } else if self.fulfilment == FulfilmentState::NotFulfilled && self.has_shipped() {
            self.fulfilment = FulfilmentState::Shipped;
        }
    }

    fn expect(&self, order: OrderState, payment: PaymentState) -> Result<(), Inconsistent> {
        if self.order == order && self.payment == payment {
            return Ok(());
        }
        Err(Inconsistent("an order moves in a way that its state does not allow"))
    }
}
