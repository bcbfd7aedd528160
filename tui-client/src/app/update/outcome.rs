//! After a payment: showing how it ended, and finding out when that is not known.

use kessai_shared::ids::OrderId;
use kessai_shared::storefront::{OrderView, Refusal};
use kessai_shared::time::Timestamp;

use super::{cart, checkout, go};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{Checkout, Model, Purchase, Screen};
use crate::shop::{Ending, Leg, ShopError};
use crate::words::Message;

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
        Ok(found) if found.0.quote.quote.order == order => {
            let (view, ending) = *found;
            take_in(purchase, &view, ending.is_proved(), now);
            return settle(model, order, ending);
        }
        Ok(_of_another_order) => purchase.why = Some(Message::new("answer-about-another-order")),
        Err(_) if purchase.can_never_be(now) && resent != Some(order) => return forget(model, order),
        Err(why) => purchase.why = Some(why.message()),
    }
    Vec::new()
}

/// What an answer tells of an order besides its end. Only an approval or a decline has had its signature
/// checked before it came here: of any other end the decision beside it proves nothing.
fn take_in(purchase: &mut Purchase, view: &OrderView, proved: bool, now: Timestamp) {
    purchase.quote = Some(Box::new(view.quote.clone()));
    purchase.why = None;
    purchase.legs.note(Leg::Held { placed_at: view.placed_at }, now);
    if let Some(decision) = view.decision.as_ref().filter(|_| proved) {
        purchase.legs.note(Leg::Decided { at: decision.statement.decided_at }, now);
        purchase.legs.note(Leg::Verified, now);
    }
}

/// An order that the shop never had, and by now never takes: it came to nothing, and its goods come back.
fn forget(model: &mut Model, order: OrderId) -> Vec<Effect> {
    let Some(at) = model.purchases.iter().position(|purchase| purchase.order == order) else {
        return Vec::new();
    };
    let purchase = model.purchases.remove(at);
    model.cart.put_back(&purchase.goods);
    let resumed = matches!(&model.screen, Screen::Checkout(checkout) if checkout.order == Some(order));
    if resumed || (matches!(model.screen, Screen::Outcome) && at == model.purchases.len()) {
        model.screen = Screen::Cart;
    }
    model.say(Message::new("ended-never-placed").with("order", order.to_string()));
    vec![Effect::NoteEnd { order, bought: false }]
}

/// Writes down how an order ended and puts its goods where they belong.
pub fn settle(model: &mut Model, order: OrderId, ending: Ending) -> Vec<Effect> {
    let Some(purchase) = model.purchases.iter_mut().find(|purchase| purchase.order == order) else {
        return Vec::new();
    };
    purchase.ending = ending.clone();
    let bought = match ending {
        Ending::Unknown => return Vec::new(),
        Ending::Accepted { .. } => true,
        // Who took it back does not want it.
        Ending::Cancelled { by_shopper: true } => true,
        Ending::Declined { .. }
        | Ending::OutOfStock { .. }
        | Ending::Interrupted
        | Ending::HoldExpired
        | Ending::Cancelled { by_shopper: false } => false,
    };
    let restored = purchase.restored;
    if !bought {
        model.cart.put_back(&purchase.goods);
    }
    // What was set aside for it is no longer kept.
    model.cart.touch();
    // The outcome screen shows the newest purchase; of another one a line has to do.
    let newest = model.purchases.last().is_some_and(|purchase| purchase.order == order);
    let resuming = matches!(&model.screen, Screen::Checkout(checkout) if checkout.order == Some(order));
    let watching = matches!(model.screen, Screen::Outcome);
    if newest && resuming {
        model.screen = Screen::Outcome;
    } else if restored && !(newest && watching) {
        tell_of_earlier(model, order, &ending);
    } else if !(newest && watching) {
        model.say(Message::new("ended").with("how", in_short(&ending)).with("order", order.to_string()));
    }
    vec![Effect::NoteEnd { order, bought }]
}

/// One line for all orders of an earlier time, however many there were.
fn tell_of_earlier(model: &mut Model, order: OrderId, ending: &Ending) {
    let (all, accepted) = &mut model.keeping.news;
    *all += 1;
    *accepted += usize::from(matches!(ending, Ending::Accepted { .. }));
    let (all, accepted) = (*all, *accepted);
    model.say(match all {
        1 => Message::new("earlier-ended").with("how", in_short(ending)).with("order", order.to_string()),
        _several => Message::new("earlier-ended-all").with("count", all).with("accepted", accepted),
    });
}

fn try_again(model: &mut Model) -> Vec<Effect> {
    let Some(purchase) = model.purchases.last() else { return Vec::new() };
    match purchase.ending {
        // The shop never saw this order, so it may be sent again: under the same id, and only by
        // another `p`.
        Ending::Unknown if purchase.unheard && !purchase.goods.is_empty() => {
            let (goods, order, seq) = (purchase.goods.clone(), purchase.order, model.counter.ask());
            let mut checkout = Checkout::resume(goods, order, seq);
            checkout.delivery.chosen = model.addresses.default_at();
            let lines = checkout.lines();
            model.screen = Screen::Checkout(Box::new(checkout));
            vec![Effect::Quote { seq, order, lines }]
        }
        Ending::Unknown | Ending::Accepted { .. } | Ending::Cancelled { by_shopper: true } => Vec::new(),
        Ending::OutOfStock { .. } => cart::show(model),
        Ending::Declined { .. }
        | Ending::Interrupted
        | Ending::HoldExpired
        | Ending::Cancelled { by_shopper: false } => checkout::open(model),
    }
}

fn in_short(ending: &Ending) -> Message {
    match ending {
        Ending::Accepted { amount, currency } => {
            Message::new("ended-accepted").with("amount", (*amount, *currency))
        }
        Ending::Declined { .. } => Message::new("ended-declined"),
        Ending::OutOfStock { .. } => Message::new("ended-out-of-stock"),
        Ending::Interrupted => Message::new("ended-interrupted"),
        Ending::HoldExpired => Message::new("ended-hold-expired"),
        Ending::Cancelled { by_shopper: true } => Message::new("ended-cancelled"),
        Ending::Cancelled { by_shopper: false } => Message::new("ended-cancelled-by-shop"),
        Ending::Unknown => Message::new("ended-unknown"),
    }
}
