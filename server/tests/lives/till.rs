//! A settlement for the lives: what it holds and charges for each order, by messages that may come
//! twice, late, or never, and by what happens to a card without the shop.

use std::collections::HashMap;

use kessai_server::sales::{Answer, Books, Order, Work};
use kessai_shared::ids::{CaptureId, OrderId, RefundId};
use kessai_shared::money::Minor;
use kessai_shared::receipt::Purchase;
use kessai_shared::settlement::{Approved, Captured, Refunded, Refusal, Standing};
use kessai_shared::storefront::OrderState;

/// The batch that the till says it books under.
pub const BATCH: u32 = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gone {
    Reversed,
    Expired,
}

#[derive(Clone, Debug, Default)]
struct Charge {
    approved: bool,
    purchase: Option<Purchase>,
    gone: Option<Gone>,
    held: i64,
    captured: i64,
    refunded: i64,
    /// Something happened to it that the shop had no part in, so its books need not agree any more.
    meddled: bool,
}

/// What happens to a charge without the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meddling {
    ChargedBack,
    HoldShrinks,
    ChargedByNobody,
}

#[derive(Default)]
pub struct Till {
    charges: HashMap<OrderId, Charge>,
    captures: HashMap<CaptureId, (OrderId, Minor)>,
    refunds: HashMap<RefundId, (OrderId, Minor)>,
    /// The refunds of charges among them, in their order.
    given_back: Vec<(RefundId, OrderId, Minor)>,
    /// How many refunds of charges there were, and their sum.
    paid_back: (u64, i64),
    /// The shop was put back to an older copy, so it may ask for more than there is, and hears that it cannot.
    pub forgetful: bool,
}

impl Till {
    /// Whether the purchase is approved; nothing at all is never approved. None when the approval there
    /// was is worth nothing any more.
    pub fn inquire(&mut self, purchase: &Purchase, willing: bool) -> Option<bool> {
        if let Some(charge) = self.charges.get(&purchase.order) {
            return if charge.approved && charge.gone.is_some() { None } else { Some(charge.approved) };
        }
        let approved = willing && purchase.amount.is_positive();
        let held = if approved { purchase.amount.0 } else { 0 };
        let purchase_of = Some(*purchase);
        let charge = Charge { approved, held, purchase: purchase_of, ..Charge::default() };
        self.charges.insert(purchase.order, charge);
        Some(approved)
    }

    /// Does what an errand asks for, as often as it is asked, and says what the courier makes of it.
    pub fn ask(&mut self, work: &Work) -> Answer {
        match work {
            Work::Inquire { .. } => panic!("an inquiry is decided by itself"),
            Work::Reverse { order } => match self.charges.entry(*order).or_default() {
                charge if charge.captured > 0 => Answer::Refused(Refusal::Captured),
                charge => {
                    charge.held = 0;
                    charge.gone.get_or_insert(Gone::Reversed);
                    Answer::Reversed
                }
            },
            Work::Capture { .. } | Work::Refund { .. } | Work::Release { .. } if !work.moves_money() => {
                free(work)
            }
            Work::Capture { order, nth, amount, last } => self.capture(*order, *nth, *amount, *last),
            Work::Repay { order, refund, amount } => self.refund(*refund, *order, *amount),
            Work::Release { given, order, amount } => {
                self.release(Work::refund_id(*given, *order), *order, *amount)
            }
            Work::Refund { given, order, amount } => {
                self.refund(RefundId::of(*given, *order), *order, *amount)
            }
        }
    }

    fn capture(&mut self, order: OrderId, nth: u32, amount: Minor, last: bool) -> Answer {
        let id = CaptureId::of(order, nth);
        if let Some(known) = self.captures.get(&id) {
            assert_eq!(*known, (order, amount), "a capture id has one content");
            return Answer::Captured { batch: BATCH };
        }
        let charge = self.charges.get_mut(&order).expect("I12: captured without an inquiry");
        assert!(charge.approved, "I12: captured without an approval");
        if charge.gone.is_some() {
            return Answer::Lapsed;
        }
        if amount.0 > charge.held {
            assert!(
                charge.meddled || self.forgetful,
                "I1: {amount} is charged of {} held for {order}",
                charge.held
            );
            return Answer::Refused(Refusal::Amount);
        }
        charge.held = if last { 0 } else { charge.held - amount.0 };
        charge.captured += amount.0;
        self.captures.insert(id, (order, amount));
        Answer::Captured { batch: BATCH }
    }

    fn release(&mut self, id: RefundId, order: OrderId, amount: Minor) -> Answer {
        if let Some(known) = self.refunds.get(&id) {
            assert_eq!(*known, (order, amount), "a release id has one content");
            return Answer::Released;
        }
        let charge = self.charges.get_mut(&order).expect("released without an inquiry");
        if charge.gone.is_some() {
            return Answer::Released;
        }
        if amount.0 > charge.held {
            assert!(
                charge.meddled || self.forgetful,
                "I1: {amount} is released of {} held for {order}",
                charge.held
            );
            return Answer::Refused(Refusal::Amount);
        }
        charge.held -= amount.0;
        if charge.held == 0 && charge.captured == 0 {
            charge.gone = Some(Gone::Reversed);
        }
        self.refunds.insert(id, (order, amount));
        Answer::Released
    }

    fn refund(&mut self, id: RefundId, order: OrderId, amount: Minor) -> Answer {
        if let Some(known) = self.refunds.get(&id) {
            assert_eq!(*known, (order, amount), "a refund id has one content");
            return Answer::Refunded { batch: BATCH };
        }
        let charge = self.charges.get_mut(&order).expect("refunded without an inquiry");
        if amount.0 > charge.captured - charge.refunded {
            assert!(
                charge.meddled || self.forgetful,
                "I1: {amount} is refunded of {order}, more than was charged"
            );
            return Answer::Refused(Refusal::Amount);
        }
        charge.refunded += amount.0;
        self.given_back.push((id, order, amount));
        self.paid_back.0 += 1;
        self.paid_back.1 += amount.0;
        self.refunds.insert(id, (order, amount));
        Answer::Refunded { batch: BATCH }
    }

    /// The hold runs out, if anything is held.
    pub fn expire(&mut self, order: OrderId) {
        if let Some(charge) = self.charges.get_mut(&order).filter(|charge| charge.held > 0) {
            charge.held = 0;
            charge.gone = Some(Gone::Expired);
        }
    }

    /// Every approved order with all that became of its money, as a settlement tells it.
    pub fn approved(&self) -> Vec<Approved> {
        let approved = self.charges.iter().filter(|(_, charge)| charge.approved);
        let told = approved.filter_map(|(id, charge)| {
            let captures = self.captures.iter().filter(|(_, (order, _))| order == id);
            let refunds = self.given_back.iter().filter(|(_, order, _)| order == id);
            Some(Approved {
                purchase: charge.purchase?,
                standing: match charge.gone {
                    _ if charge.held > 0 => Standing::Held,
                    _ if charge.captured > 0 => Standing::Captured,
                    Some(Gone::Expired) => Standing::Expired,
                    Some(Gone::Reversed) | None => Standing::Reversed,
                },
                held: Minor(charge.held),
                captures: captures
                    .map(|(id, (_, amount))| Captured { id: *id, amount: *amount, batch: BATCH })
                    .collect(),
                refunds: refunds
                    .map(|(id, _, amount)| Refunded { id: *id, amount: *amount, batch: BATCH })
                    .collect(),
                charged_back: Minor(0),
            })
        });
        told.collect()
    }

    pub fn meddle(&mut self, order: OrderId, how: Meddling) {
        let Some(charge) = self.charges.get_mut(&order).filter(|charge| charge.approved) else { return };
        match how {
            Meddling::ChargedBack => charge.refunded = charge.captured,
            Meddling::HoldShrinks => charge.held /= 2,
            Meddling::ChargedByNobody if charge.gone.is_none() => {
                charge.captured += charge.held;
                charge.held = 0;
            }
            Meddling::ChargedByNobody => return,
        }
        charge.meddled = true;
    }

    /// Once all is answered, the clearing batch is what was charged and paid back, to the penny.
    pub fn compare_batch(&self, books: &Books) {
        let totals = books.clearing().totals(BATCH);
        let sums = totals.iter().map(|of| (of.captures, of.captured.0, of.refunds, of.refunded.0));
        let sums = sums.reduce(|a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2, a.3 + b.3)).unwrap_or_default();
        let captured: i64 = self.captures.values().map(|(_, amount)| amount.0).sum();
        assert_eq!(sums, (self.captures.len() as u64, captured, self.paid_back.0, self.paid_back.1));
    }

    /// An order is confirmed only with an approval (I2), nothing is held or charged for one that came to
    /// nothing (I12), and at rest what an order kept is what was held and charged (I7).
    pub fn compare(&self, books: &Books) {
        for (id, order) in books.orders() {
            let charge = self.charges.get(id);
            if order.is_confirmed() {
                assert!(charge.is_some_and(|charge| charge.approved), "I2: {id} has no approval");
            }
            let Some(charge) = charge.filter(|charge| !charge.meddled) else { continue };
            assert!(order.refused.is_none(), "{id} was refused although nobody meddled: {order:?}");
            assert!(charge.refunded <= charge.captured, "I1: {id} {charge:?}");
            let money = charge.held + charge.captured - charge.refunded;
            match order.order {
                OrderState::Cancelled | OrderState::Expired => {
                    assert_eq!(money, 0, "I12: {id} came to nothing and money is there: {charge:?}");
                }
                OrderState::Pending => {}
                OrderState::Confirmed | OrderState::Completed if at_rest(order) => {
                    let gone = charge.gone.is_some() && money == 0 && order.captured == Minor(0);
                    let held_for_rest = charge.gone.is_none() || !order.has_unshipped();
                    if held_for_rest && !gone {
                        assert_eq!(order.kept().0, money, "I7: {id} keeps what it paid for: {charge:?}");
                    }
                    assert_eq!(order.captured.0, charge.captured, "I1: {id}");
                    let refunds = order.refunded.0 - order.released.0;
                    assert_eq!(refunds, charge.refunded, "I1: {id}");
                }
                OrderState::Confirmed | OrderState::Completed => {}
            }
        }
    }
}

/// What costs nothing is done without asking anybody.
fn free(work: &Work) -> Answer {
    match work {
        Work::Capture { .. } => Answer::Captured { batch: 0 },
        Work::Release { .. } => Answer::Released,
        Work::Refund { .. } => Answer::Refunded { batch: 0 },
        Work::Inquire { .. } | Work::Reverse { .. } | Work::Repay { .. } => panic!("these always move money"),
    }
}

fn at_rest(order: &Order) -> bool {
    order.refunding.is_empty() && order.shipping.is_none() && order.cancelling.is_none()
}
