//! What comes back from the last time: the cart, the addresses, and orders whose end was not seen.

use super::outcome;
use crate::app::effect::Effect;
use crate::app::event::Seq;
use crate::app::model::{Goods, Kept, KeptCart, Model, Purchase, Screen};
use crate::shop::Ending;
use crate::words::Message;

/// Asks for what was kept.
pub fn ask(model: &mut Model) -> Effect {
    let seq = model.counter.ask();
    model.keeping.asked = Some(seq);
    Effect::Restore { seq }
}

/// Takes in what was kept. What the shopper has done meanwhile stays.
pub fn restored(model: &mut Model, seq: Seq, what: Kept) -> Vec<Effect> {
    if model.keeping.asked != Some(seq) {
        return Vec::new();
    }
    model.keeping.asked = None;
    model.keeping.is_read = true;
    model.keeping.writes_addresses = what.addresses_fine;
    model.addresses = what.addresses;
    let mut aside = what.cart.aside;
    let mut take = |order| -> Vec<Goods> {
        let at = aside.iter().position(|(of, _)| *of == order);
        at.map(|at| aside.swap_remove(at).1).unwrap_or_default()
    };
    let mut not_bought = Vec::new();
    for (order, bought) in what.ended {
        let goods = take(order);
        if !bought {
            not_bought.extend(goods);
        }
    }
    let open = what.open.len();
    // The newest purchase of this time is the last one, and stays it.
    let earlier = what.open.into_iter().map(|open| Purchase::restored(open, take(open.order)));
    model.purchases.splice(0..0, earlier);
    // What was set aside for an order that was never sent was never to be bought under it.
    not_bought.extend(aside.into_iter().flat_map(|(_, goods)| goods));
    let kept_meanwhile = model.cart.revision();
    model.cart.put_back(&what.cart.goods);
    model.cart.put_back(&not_bought);
    if kept_meanwhile == 0 && not_bought.is_empty() {
        model.keeping.cart = model.cart.revision();
    }
    match what.problem {
        Some(problem) => model.warn(problem),
        None if open > 0 => model.say(Message::new("earlier-asked").with("count", open)),
        None => {}
    }
    outcome::poll(model)
}

/// Hands the cart out to be kept, when it is another one than was kept last: with a payment before that is
/// sent, and otherwise by itself.
pub fn keep_cart_with(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(keep) = keep_cart(model) else { return };
    let paying = effects.iter_mut().find_map(|effect| match effect {
        Effect::Pay { kept, .. } => Some(kept),
        _another => None,
    });
    match (paying, keep) {
        (Some(kept), Effect::KeepCart { revision, cart }) => *kept = Some((revision, cart)),
        (_, keep) => effects.push(keep),
    }
}

/// Hands the cart out to be kept, when it is another one than was kept last.
fn keep_cart(model: &mut Model) -> Option<Effect> {
    let revision = model.cart.revision();
    if !model.keeping.is_read || model.keeping.cart == revision {
        return None;
    }
    model.keeping.cart = revision;
    let unknown = model.purchases.iter().filter(|purchase| purchase.ending == Ending::Unknown);
    let mut aside: Vec<_> = unknown.map(|purchase| (purchase.order, purchase.goods.clone())).collect();
    let mut goods = model.cart.goods.clone();
    // What is being paid for is no longer to be bought, whatever becomes of this terminal.
    if let Screen::Checkout(checkout) = &model.screen
        && let (true, Some(order)) = (checkout.is_paying(), checkout.order)
    {
        aside.retain(|(other, _)| *other != order);
        aside.push((order, checkout.goods.clone()));
        if !checkout.resumed {
            goods.clear();
        }
    }
    Some(Effect::KeepCart { revision, cart: Box::new(KeptCart { goods, aside }) })
}
