//! From the cart to the confirm step. Nothing in this file can spend: the payment is in `pay`.

use kessai_shared::ids::{OrderId, Sku};
use kessai_shared::receipt::SignedQuote;

use super::{addresses, answers, cart, go, moved, page_step};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{AfterAddress, Checkout, ChosenCard, Counter, Model, Quoting, Screen, Step};
use crate::words::Message;

/// Opens a checkout for what is in the cart, under an order id of its own.
pub fn open(model: &mut Model) -> Vec<Effect> {
    if model.cart.goods.is_empty() {
        model.say(Message::new("cart-is-empty"));
        return Vec::new();
    }
    let seq = model.counter.ask();
    let mut checkout = Checkout::new(model.cart.goods.clone(), seq);
    (checkout.delivery.chosen, checkout.row) = (model.addresses.default_at(), 0);
    model.screen = Screen::Checkout(Box::new(checkout));
    let mut effects = vec![Effect::OpenCheckout { seq }];
    effects.extend(cart::check_stock(model));
    effects
}

pub fn opened(model: &mut Model, seq: Seq, answer: Answer<OrderId>) -> Vec<Effect> {
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    if !matches!(checkout.quoting, Quoting::Opening(asked) if asked == seq) {
        return Vec::new();
    }
    match answer {
        Ok(order) => {
            checkout.order = Some(order);
            ask(checkout, &mut model.counter)
        }
        Err(why) => {
            checkout.quoting = Quoting::Failed;
            checkout.problem = Some(why.message());
            Vec::new()
        }
    }
}

pub fn quoted(model: &mut Model, seq: Seq, answer: Answer<Box<SignedQuote>>) -> Vec<Effect> {
    answers::heard(model, &answer);
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    if !matches!(checkout.quoting, Quoting::Asked(asked) if asked == seq) {
        return Vec::new();
    }
    match answer {
        Ok(quote) if Some(quote.quote.order) != checkout.order => {
            fail(checkout, Message::new("quote-of-another-order"));
        }
        Ok(quote) if !is_for(&quote, checkout) => {
            fail(checkout, Message::new("quote-of-other-goods"));
        }
        Ok(quote) => {
            checkout.quoting = Quoting::Ready(quote);
            checkout.problem = None;
        }
        Err(why) => fail(checkout, why.message()),
    }
    Vec::new()
}

/// Asks for the price again, or opens again when there is no order id yet. The order id, once
/// there, stays the same.
pub fn ask(checkout: &mut Checkout, counter: &mut Counter) -> Vec<Effect> {
    let seq = counter.ask();
    checkout.problem = None;
    match checkout.order {
        Some(order) => {
            checkout.quoting = Quoting::Asked(seq);
            vec![Effect::Quote { seq, order, lines: checkout.lines() }]
        }
        None => {
            checkout.quoting = Quoting::Opening(seq);
            vec![Effect::OpenCheckout { seq }]
        }
    }
}

pub fn act_in_review(model: &mut Model, action: Action) -> Vec<Effect> {
    let (now, page) = (model.now, page_step(model));
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    match action {
        Action::Back => leave(model),
        Action::Next => match checkout.quoting {
            Quoting::Opening(_) | Quoting::Asked(_) => Vec::new(),
            Quoting::Ready(_) if checkout.live_quote(now).is_some() => {
                // Whoever has addresses and no default among them is asked; nobody else is held up.
                let known = checkout.delivery.chosen.is_some() || model.addresses.entries().is_empty();
                checkout.delivery.after = AfterAddress::Cards;
                checkout.step = if known { Step::Cards } else { Step::Addresses };
                Vec::new()
            }
            Quoting::Ready(_) | Quoting::Failed => ask(checkout, &mut model.counter),
        },
        Action::Refresh => match checkout.quoting {
            Quoting::Opening(_) | Quoting::Asked(_) => Vec::new(),
            Quoting::Ready(_) | Quoting::Failed => ask(checkout, &mut model.counter),
        },
        Action::Addresses => addresses::open(model, AfterAddress::Review),
        moving => {
            checkout.top = moved(moving, checkout.top, checkout.goods.len(), page).unwrap_or(checkout.top);
            Vec::new()
        }
    }
}

pub fn act_in_cards(model: &mut Model, action: Action) -> Vec<Effect> {
    let (cards, page) = (model.cards.len(), page_step(model));
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    match action {
        Action::Back => checkout.step = Step::Review,
        Action::Next if checkout.row < cards => {
            checkout.card = Some(ChosenCard::Listed(checkout.row));
            checkout.step = Step::Confirm;
        }
        Action::Next => checkout.step = Step::Form,
        Action::Addresses => return addresses::open(model, AfterAddress::Cards),
        moving => checkout.row = moved(moving, checkout.row, cards + 1, page).unwrap_or(checkout.row),
    }
    Vec::new()
}

// Leaving a checkout that goes on with a sent order leads back to where that order is watched.
fn leave(model: &mut Model) -> Vec<Effect> {
    let resumed = matches!(&model.screen, Screen::Checkout(checkout) if checkout.resumed);
    go(model, if resumed { Screen::Outcome } else { Screen::Cart })
}

// A signature only tells who quoted, not that the quote is for what was asked.
fn is_for(signed: &SignedQuote, checkout: &Checkout) -> bool {
    let mut asked: Vec<(&Sku, u32)> =
        checkout.goods.iter().map(|goods| (&goods.item.sku, goods.quantity.get())).collect();
    let mut quoted: Vec<(&Sku, u32)> =
        signed.quote.lines.iter().map(|line| (&line.sku, line.quantity)).collect();
    asked.sort_unstable();
    quoted.sort_unstable();
    asked == quoted
}

fn fail(checkout: &mut Checkout, why: Message) {
    checkout.quoting = Quoting::Failed;
    checkout.problem = Some(why);
}
