//! After a payment: showing how it ended, and finding out when that is not known.

use kessai_shared::ids::OrderId;
use kessai_shared::storefront::{OrderView, Refusal};

use super::{checkout, go};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{Checkout, Model, Screen};
use crate::shop::{Ending, ShopError};

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Next | Action::Back => go(model, Screen::Browse),
        Action::TryAgain => try_again(model),
        Action::Refresh => {
            if let Some(purchase) = model.purchases.last_mut() {
                purchase.next_poll = model.now;
            }
            poll(model)
        }
        _without_meaning_here => Vec::new(),
    }
}

/// Asks about every order whose outcome is due to be asked for. It only ever asks: nothing here
/// can pay.
pub fn poll(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let due = model.purchases.iter_mut().filter(|purchase| purchase.is_due(now));
    due.map(|purchase| {
        let seq = model.counter.ask();
        purchase.polling = Some(seq);
        Effect::LoadOrder { seq, order: purchase.order }
    })
    .collect()
}

pub fn polled(model: &mut Model, seq: Seq, answer: Answer<Box<(OrderView, Ending)>>) -> Vec<Effect> {
    let now = model.now;
    let resent = model.order_being_paid();
    let Some(purchase) = model.purchases.iter_mut().find(|p| p.polling == Some(seq)) else {
        return Vec::new();
    };
    let order = purchase.order;
    purchase.polling = None;
    purchase.wait(now);
    purchase.unheard = matches!(answer, Err(ShopError::Refused(Refusal::UnknownOrder)));
    match answer {
        // While the order is being sent again, that answer decides, not an older one.
        Ok(_) if resent == Some(order) => {}
        Ok(found) if found.0.quote.quote.order == order => settle(model, order, found.1),
        Ok(_of_another_order) => purchase.why = Some("the shop answered about another order".into()),
        Err(why) => purchase.why = Some(why.to_string()),
    }
    Vec::new()
}

/// Writes down how an order ended and puts its goods where they belong.
pub fn settle(model: &mut Model, order: OrderId, ending: Ending) {
    let Some(purchase) = model.purchases.iter_mut().find(|purchase| purchase.order == order) else { return };
    purchase.ending = ending.clone();
    match ending {
        Ending::Unknown => return,
        Ending::Accepted { .. } => {}
        // Who took it back does not want it.
        Ending::Cancelled { by_shopper: true } => {}
        Ending::Declined { .. }
        | Ending::OutOfStock { .. }
        | Ending::Interrupted
        | Ending::HoldExpired
        | Ending::Cancelled { by_shopper: false } => model.cart.put_back(&purchase.goods),
    }
    // The outcome screen shows the newest purchase; of another one a line has to do.
    let newest = model.purchases.last().is_some_and(|purchase| purchase.order == order);
    let resuming = matches!(&model.screen, Screen::Checkout(checkout) if checkout.order == Some(order));
    let watching = matches!(model.screen, Screen::Outcome);
    if newest && resuming {
        model.screen = Screen::Outcome;
    } else if !(newest && watching) {
        model.say(format!("{}: order {order}", in_short(&ending)));
    }
}

fn try_again(model: &mut Model) -> Vec<Effect> {
    let Some(purchase) = model.purchases.last() else { return Vec::new() };
    match purchase.ending {
        // The shop never saw this order, so it may be sent again: under the same id, and only by
        // another `p`.
        Ending::Unknown if purchase.unheard => {
            let (goods, order, seq) = (purchase.goods.clone(), purchase.order, model.counter.ask());
            let checkout = Checkout::resume(goods, order, seq);
            let lines = checkout.lines();
            model.screen = Screen::Checkout(Box::new(checkout));
            vec![Effect::Quote { seq, order, lines }]
        }
        Ending::Unknown | Ending::Accepted { .. } | Ending::Cancelled { by_shopper: true } => Vec::new(),
        Ending::OutOfStock { .. } => go(model, Screen::Cart),
        Ending::Declined { .. }
        | Ending::Interrupted
        | Ending::HoldExpired
        | Ending::Cancelled { by_shopper: false } => checkout::open(model),
    }
}

fn in_short(ending: &Ending) -> String {
    match ending {
        Ending::Accepted { amount, currency } => format!("Accepted, {}", amount.show(*currency)),
        Ending::Declined { .. } => "Declined, goods back in the cart".into(),
        Ending::OutOfStock { .. } => "Out of stock, goods back in the cart".into(),
        Ending::Interrupted => "Interrupted, nothing charged".into(),
        Ending::HoldExpired => "The approval ran out, nothing charged".into(),
        Ending::Cancelled { by_shopper: true } => "Cancelled, nothing charged".into(),
        Ending::Cancelled { by_shopper: false } => "Cancelled by the shop, nothing charged".into(),
        Ending::Unknown => "Not known yet".into(),
    }
}
