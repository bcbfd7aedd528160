//! What the settlement would hold and charge for each order, as far as the shop can tell.

use std::collections::HashMap;

use kessai_server::sales::Books;
use kessai_shared::ids::OrderId;
use kessai_shared::money::Minor;
use kessai_shared::receipt::Purchase;
use kessai_shared::storefront::OrderState;

#[derive(Clone, Copy)]
enum Charge {
    Declined,
    Held(i64),
    /// What was charged and not paid back.
    Captured(i64),
    Gone,
}

#[derive(Default)]
pub struct Till {
    charges: HashMap<OrderId, Charge>,
}

impl Till {
    /// Whether the purchase is approved; nothing at all is never approved.
    pub fn inquire(&mut self, purchase: &Purchase, willing: bool) -> bool {
        let approves = willing && purchase.amount.is_positive();
        let charge = if approves { Charge::Held(purchase.amount.0) } else { Charge::Declined };
        let before = self.charges.insert(purchase.order, charge);
        assert!(before.is_none(), "I8: an order is asked about after it was decided");
        approves
    }

    pub fn reverse(&mut self, order: OrderId) {
        assert!(!matches!(self.charges.get(&order), Some(Charge::Captured(_))), "a charge is reversed");
        self.charges.insert(order, Charge::Gone);
    }

    /// The hold runs out, if it is one.
    pub fn expire(&mut self, order: OrderId) {
        if let Some(charge @ Charge::Held(_)) = self.charges.get_mut(&order) {
            *charge = Charge::Gone;
        }
    }

    /// Whether the goods may go: charges all that is held, or finds the hold gone.
    pub fn capture(&mut self, order: OrderId, amount: Minor, asked: bool) -> bool {
        if !asked {
            assert_eq!(amount, Minor(0), "money moves only when the settlement is asked");
            return true;
        }
        match self.charges.get(&order).copied() {
            Some(Charge::Held(held)) => {
                assert!(amount.0 > 0 && amount.0 == held, "I7: {amount} is charged of {held} held");
                self.charges.insert(order, Charge::Captured(held));
                true
            }
            Some(Charge::Gone) => false,
            Some(Charge::Captured(_)) => panic!("I1: {order} is captured twice"),
            Some(Charge::Declined) | None => panic!("I12: {order} is captured without an approval"),
        }
    }

    pub fn refund(&mut self, order: OrderId, amount: Minor, asked: bool) {
        if !asked {
            assert_eq!(amount, Minor(0), "money moves only when the settlement is asked");
            return;
        }
        let charge = match self.charges.get(&order).copied() {
            // A hold that is paid back to the last penny is gone.
            Some(Charge::Held(left)) if left == amount.0 => Charge::Gone,
            Some(Charge::Held(left)) => Charge::Held(left - amount.0),
            Some(Charge::Captured(left)) => Charge::Captured(left - amount.0),
            Some(Charge::Gone) => Charge::Gone,
            Some(Charge::Declined) | None => panic!("I12: {order} is refunded without an approval"),
        };
        let left = match charge {
            Charge::Held(left) | Charge::Captured(left) => left,
            Charge::Declined | Charge::Gone => 0,
        };
        assert!(amount.0 > 0 && left >= 0, "I1: {amount} is refunded of {order}, {left} is left");
        self.charges.insert(order, charge);
    }

    /// An order is confirmed only with an approval (I2), and what it kept is what was charged (I7).
    pub fn compare(&self, books: &Books) {
        for (id, order) in books.orders() {
            let charge = self.charges.get(id).copied();
            match order.order {
                OrderState::Confirmed | OrderState::Completed => {
                    let approved =
                        matches!(charge, Some(Charge::Held(_) | Charge::Captured(_) | Charge::Gone));
                    assert!(approved, "I2: {id} is confirmed without an approval");
                }
                OrderState::Pending => {
                    assert!(charge.is_none_or(|charge| matches!(charge, Charge::Gone)));
                }
                OrderState::Cancelled => {
                    let free = matches!(charge, None | Some(Charge::Declined | Charge::Gone));
                    assert!(free, "I12: {id} is cancelled and money is held");
                }
                OrderState::Expired => assert!(matches!(charge, Some(Charge::Gone))),
            }
            if let Some(Charge::Captured(left)) = charge
                && order.refunding.is_empty()
            {
                assert_eq!(order.kept().0, left, "I7: {id} keeps what it paid for");
                assert_eq!(order.captured.0 - left, order.refunded.0 - voided(order), "I1: {id}");
            }
        }
    }
}

/// What was given back before the charge, so that it was never charged.
fn voided(order: &kessai_server::sales::Order) -> i64 {
    order.quote.total.0 - order.captured.0
}
