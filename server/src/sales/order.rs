//! One order on its separate axes, and the moves that each of them allows.

use kessai_shared::ids::ReturnId;
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Quote, Verdict};
use kessai_shared::storefront::{Cancelled, FulfilmentState, OrderState, PaymentState};
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::inconsistent::Inconsistent;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub owner: Pin,
    pub quote: Quote,
    pub placed_at: Timestamp,
    pub order: OrderState,
    pub payment: PaymentState,
    pub fulfilment: FulfilmentState,
    pub cancelled: Option<Cancelled>,
    pub decision: Option<Decision>,
    /// Where in the journal it was confirmed: the order in which lots were bought.
    pub confirmed_position: u64,
    pub confirmed_at: Timestamp,
    /// How many pieces of each line of the quote were given back.
    pub returned: Vec<u32>,
    /// The worth of what was given back and already paid back.
    pub refunded: Minor,
    /// What a capture that is under way asks for. No other money moves until it is answered.
    pub capturing: Option<Minor>,
    pub captured: Minor,
    /// The returns whose refunds of this order are not answered yet, in the order they came.
    pub refunding: Vec<ReturnId>,
}

impl Order {
    pub(super) fn placed(quote: Quote, owner: Pin, at: Timestamp) -> Self {
        let returned = vec![0; quote.lines.len()];
        Self {
            owner,
            quote,
            placed_at: at,
            order: OrderState::Pending,
            payment: PaymentState::Pending,
            fulfilment: FulfilmentState::NotFulfilled,
            cancelled: None,
            decision: None,
            confirmed_position: 0,
            confirmed_at: Timestamp::default(),
            returned,
            refunded: Minor::ZERO,
            capturing: None,
            captured: Minor::ZERO,
            refunding: Vec::new(),
        }
    }

    /// The worth of all that was bought and not given back.
    pub fn kept(&self) -> Minor {
        let lines = self.quote.lines.iter().zip(&self.returned);
        Minor(lines.map(|(line, back)| i64::from(line.quantity - back) * line.unit_price.0).sum())
    }

    /// Whether some pieces are still the buyer's, be it only such as cost nothing.
    fn keeps_pieces(&self) -> bool {
        self.quote.lines.iter().zip(&self.returned).any(|(line, back)| *back < line.quantity)
    }

    pub fn is_confirmed(&self) -> bool {
        match self.order {
            OrderState::Confirmed | OrderState::Completed => true,
            OrderState::Pending | OrderState::Cancelled | OrderState::Expired => false,
        }
    }

    /// Whether the goods wait to be shipped and no money of this order is moving.
    pub fn is_shippable(&self) -> bool {
        self.order == OrderState::Confirmed
            && self.payment == PaymentState::Authorized
            && self.capturing.is_none()
            && self.refunding.is_empty()
            && self.keeps_pieces()
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
            | PaymentState::Expired => self.capturing.is_some() || !self.refunding.is_empty(),
        }
    }

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
            }
            Verdict::Declined => {
                self.order = OrderState::Cancelled;
                self.payment = PaymentState::Declined;
                self.cancelled = Some(Cancelled::Declined);
            }
        }
        Ok(())
    }

    /// The decision is in doubt; from here on only a reversal ends it.
    pub(super) fn doubt(&mut self) -> Result<(), Inconsistent> {
        self.expect(OrderState::Pending, PaymentState::Pending)?;
        self.payment = PaymentState::Unknown;
        Ok(())
    }

    pub(super) fn reversed(&mut self) -> Result<(), Inconsistent> {
        self.expect(OrderState::Pending, PaymentState::Unknown)?;
        self.order = OrderState::Cancelled;
        self.payment = PaymentState::Reversed;
        self.cancelled = Some(Cancelled::Interrupted);
        Ok(())
    }

    pub(super) fn start_capture(&mut self) -> Result<(), Inconsistent> {
        if !self.is_shippable() {
            return Err(Inconsistent("a capture of what cannot be shipped"));
        }
        self.capturing = Some(self.kept());
        Ok(())
    }

    pub(super) fn shipped(&mut self) -> Result<(), Inconsistent> {
        self.expect(OrderState::Confirmed, PaymentState::Authorized)?;
        self.captured = self.capturing.take().ok_or(Inconsistent("shipped without a capture"))?;
        self.order = OrderState::Completed;
        // Nothing was charged when only goods that cost nothing were left: all else was given back.
        let charged = self.captured.is_positive();
        self.payment = if charged { PaymentState::Captured } else { PaymentState::Voided };
        self.fulfilment = FulfilmentState::Shipped;
        Ok(())
    }

    pub(super) fn lapsed(&mut self) -> Result<(), Inconsistent> {
        self.expect(OrderState::Confirmed, PaymentState::Authorized)?;
        self.capturing = None;
        self.order = OrderState::Expired;
        self.payment = PaymentState::Expired;
        self.cancelled = Some(Cancelled::HoldExpired);
        Ok(())
    }

    /// A refund of `amount` was answered. Once all is given back, the order is at its end.
    pub(super) fn refunded(&mut self, by: ReturnId, amount: Minor) -> Result<(), Inconsistent> {
        let at = self.refunding.iter().position(|id| *id == by);
        self.refunding.remove(at.ok_or(Inconsistent("a refund that was not asked for"))?);
        self.refunded.0 += amount.0;
        // Goods that cost nothing may be kept when all money is back, so the two are told apart.
        let all_money = !self.kept().is_positive() && self.refunding.is_empty();
        let all = !self.keeps_pieces() && self.refunding.is_empty();
        let payment = match self.payment {
            PaymentState::Authorized if all => PaymentState::Voided,
            PaymentState::Captured | PaymentState::PartiallyRefunded if all_money => PaymentState::Refunded,
            PaymentState::Captured if amount.is_positive() => PaymentState::PartiallyRefunded,
            PaymentState::Authorized
            | PaymentState::Captured
            | PaymentState::PartiallyRefunded
            | PaymentState::Expired
            | PaymentState::Voided
            | PaymentState::Refunded => self.payment,
            PaymentState::Pending
            | PaymentState::Declined
            | PaymentState::Unknown
            | PaymentState::Reversed => return Err(Inconsistent("a refund of what was never paid")),
        };
        self.payment = payment;
        if all && self.order != OrderState::Expired {
            self.order = OrderState::Completed;
            self.fulfilment = FulfilmentState::Returned;
        }
        Ok(())
    }

    fn expect(&self, order: OrderState, payment: PaymentState) -> Result<(), Inconsistent> {
        if self.order == order && self.payment == payment {
            return Ok(());
        }
        Err(Inconsistent("an order moves in a way that its state does not allow"))
    }
}
