//! The one place where money is spent: `p` on the confirm step, once.

use kessai_shared::card::Particulars;
use kessai_shared::storefront::Refusal;

use super::{addresses, answers, checkout, outcome};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{AfterAddress, Checkout, ChosenCard, Legs, Model, Purchase, Quoting, Screen, Step};
use crate::cards::{LabelledCard, PayingCard};
use crate::shop::{Ending, Leg, ShopError};
use crate::words::Message;

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Pay => pay(model),
        Action::Addresses => addresses::open(model, AfterAddress::Confirm),
        Action::Back => {
            if let Screen::Checkout(checkout) = &mut model.screen {
                checkout.step = match checkout.card {
                    Some(ChosenCard::Typed(_)) => Step::Form,
                    Some(ChosenCard::Listed(_)) | None => Step::Cards,
                };
            }
            Vec::new()
        }
        _without_meaning_here => Vec::new(),
    }
}

// The lock is the step itself: it changes in the same breath in which the effect is made, and in
// the step it changes to no key makes another.
fn pay(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    match checkout.quoting {
        Quoting::Opening(_) | Quoting::Asked(_) => Vec::new(),
        Quoting::Ready(_) if checkout.live_quote(now).is_some() => {
            let (Some(quote), Some(card)) = (checkout.quote(), paying_card(checkout, &model.cards)) else {
                return Vec::new();
            };
            let (seq, quote) = (model.counter.ask(), Box::new(quote.clone()));
            checkout.step = Step::Paying { seq, since: now };
            checkout.legs = Legs::begin(now);
            checkout.problem = None;
            let chosen = checkout.delivery.chosen.and_then(|at| model.addresses.entries().get(at));
            let deliver_to = chosen.map(|entry| Box::new(entry.address.clone()));
            // What is kept of the cart says from now on that these goods are being paid for.
            model.cart.touch();
            vec![Effect::Pay { seq, quote, card: Box::new(card), deliver_to, kept: None }]
        }
        Quoting::Ready(_) | Quoting::Failed => {
            // The new price has to be seen before it is paid, so this press only asks for it.
            checkout.step = Step::Review;
            let effects = checkout::ask(checkout, &mut model.counter);
            model.say(Message::new("new-price-asked"));
            effects
        }
    }
}

/// Notes how far the payment under way has come.
pub fn came_to(model: &mut Model, seq: Seq, leg: Leg) -> Vec<Effect> {
    let now = model.now;
    if let Screen::Checkout(checkout) = &mut model.screen
        && matches!(checkout.step, Step::Paying { seq: asked, .. } if asked == seq)
    {
        checkout.legs.note(leg, now);
    }
    Vec::new()
}

pub fn paid(model: &mut Model, seq: Seq, answer: Answer<Ending>) -> Vec<Effect> {
    answers::heard(model, &answer);
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    if !matches!(checkout.step, Step::Paying { seq: asked, .. } if asked == seq) {
        return Vec::new();
    }
    match answer {
        Ok(ending) => end(model, ending, None),
        Err(why @ (ShopError::Refused(_) | ShopError::Unreachable(_) | ShopError::NotKept(_))) => {
            // Nothing has happened; the shopper may press `p` again, for the same order.
            checkout.step = Step::Confirm;
            model.cart.touch();
            if why == ShopError::Refused(Refusal::QuoteExpired) {
                checkout.step = Step::Review;
                let effects = checkout::ask(checkout, &mut model.counter);
                model.say(Message::new("new-price-asked"));
                return effects;
            }
            checkout.problem = Some(Message::new("nothing-was-paid").with("why", why.message()));
            Vec::new()
        }
        // All of these may have happened after the order was sent, so it counts as sent.
        Err(
            why @ (ShopError::NoAnswer | ShopError::Untrusted(_) | ShopError::Local(_) | ShopError::Broke),
        ) => end(model, Ending::Unknown, Some(why.message())),
    }
}

fn end(model: &mut Model, ending: Ending, why: Option<Message>) -> Vec<Effect> {
    let screen = std::mem::replace(&mut model.screen, Screen::Outcome);
    let Screen::Checkout(checkout) = screen else { return Vec::new() };
    let Checkout { goods, quoting, resumed, legs, .. } = *checkout;
    let Quoting::Ready(quote) = quoting else { return Vec::new() };
    let mut purchase = Purchase::new(quote, goods, Ending::Unknown, legs, model.now);
    purchase.why = why;
    // The goods leave the cart until the outcome is known, so that they are not bought twice. A
    // resumed order's goods left it the first time.
    if !resumed {
        model.cart.clear();
    }
    let order = purchase.order;
    model.purchases.retain(|other| other.ending == Ending::Unknown && other.order != order);
    model.purchases.push(purchase);
    model.cart.touch();
    outcome::settle(model, order, ending)
}

fn paying_card(checkout: &Checkout, cards: &[LabelledCard]) -> Option<PayingCard> {
    match checkout.card.as_ref()? {
        ChosenCard::Listed(at) => cards.get(*at).map(|labelled| labelled.paying.clone()),
        ChosenCard::Typed(card) => Some(Particulars::clone(card).into()),
    }
}
