//! From the cart to the payment that is under way.

use kessai_shared::receipt::{Quote, SignedQuote};

use super::teller::{Teller, window};
use crate::app::model::{Checkout, ChosenCard, Field, Legs, Model, Quoting, Screen, Step};
use crate::cards::LabelledCard;
use crate::shop::Leg;
use crate::view::Look;
use crate::view::checkout::legs as page;
use crate::words::Message;

pub fn cart(teller: &mut Teller<'_>) {
    let (cart, currency) = (&teller.model.cart, teller.model.currency());
    teller.say("title-cart");
    if cart.goods.is_empty() {
        teller.say("plain-cart-empty");
        return;
    }
    for at in window(cart.cursor, cart.goods.len()) {
        let goods = &cart.goods[at];
        let sum = match goods.sum() {
            Some(sum) => sum.show(currency),
            None => teller.look.say("plain-too-much"),
        };
        let mut row = teller.look.tell(
            "plain-row-cart",
            &[
                ("row", (at + 1).into()),
                ("total", cart.goods.len().into()),
                ("name", goods.item.name.as_str().into()),
                ("count", goods.quantity.get().into()),
                ("price", (goods.item.unit_price, currency).into()),
                ("sum", sum.into()),
            ],
        );
        if goods.is_short() {
            let left = ("count", goods.item.available.into());
            row = teller.look.tell("plain-row-short", &[("row", row.into()), left]);
        }
        teller.row(&row, at == cart.cursor);
    }
    match cart.total() {
        Some(total) => teller.tell("plain-total-listed", &[("total", (total, currency).into())]),
        None => teller.say("plain-sum-too-much"),
    }
    teller.standing("plain-quote-comes", &[]);
}

pub fn checkout(teller: &mut Teller<'_>, checkout: &Checkout) {
    if let Some(order) = checkout.order {
        teller.about(order);
    }
    match checkout.step {
        Step::Review => review(teller, checkout),
        Step::Addresses => addresses(teller, checkout),
        Step::AddressForm => address_form(teller, checkout),
        Step::Cards => cards(teller, checkout),
        Step::Form => form(teller, checkout),
        Step::Confirm => confirm(teller, checkout),
        Step::Paying { .. } => paying(teller, checkout),
    }
}

/// Whether the field that is open is the one for the card's number.
pub fn asks_for_the_number(model: &Model) -> bool {
    matches!(&model.screen, Screen::Checkout(checkout) if checkout.form.field == Field::Number)
}

fn review(teller: &mut Teller<'_>, checkout: &Checkout) {
    teller.say("title-checkout");
    if checkout.short() > 0 {
        teller.tell("plain-short", &[("count", checkout.short().into())]);
    }
    match &checkout.quoting {
        Quoting::Opening(_) | Quoting::Asked(_) => teller.say("plain-asking-price"),
        Quoting::Failed => {
            if let Some(why) = &checkout.problem {
                teller.message(why);
            }
            teller.say("plain-no-price");
        }
        Quoting::Ready(signed) => {
            lines(teller, checkout, &signed.quote);
            total(teller, checkout);
            deliver_to(teller, checkout);
            deadline(teller, signed);
        }
    }
    order(teller, checkout);
}

fn lines(teller: &mut Teller<'_>, checkout: &Checkout, quote: &Quote) {
    for at in window(checkout.top, quote.lines.len()) {
        let line = &quote.lines[at];
        let name = checkout.goods.iter().find(|goods| goods.item.sku == line.sku);
        let name = name.map_or(line.sku.as_str(), |goods| goods.item.name.as_str());
        let sum = line.unit_price.times(line.quantity).unwrap_or_default();
        let row = teller.look.tell(
            "plain-row-cart",
            &[
                ("row", (at + 1).into()),
                ("total", quote.lines.len().into()),
                ("name", name.into()),
                ("count", line.quantity.into()),
                ("price", (line.unit_price, quote.currency).into()),
                ("sum", (sum, quote.currency).into()),
            ],
        );
        teller.row(&row, false);
    }
}

fn addresses(teller: &mut Teller<'_>, checkout: &Checkout) {
    teller.say("addresses-which");
    let (book, row) = (&teller.model.addresses, checkout.delivery.row);
    for at in window(row, book.entries().len() + 1) {
        let what = match book.entries().get(at) {
            Some(entry) if book.default_at() == Some(at) => {
                let default = teller.look.say("address-default");
                format!("{}, {default}: {}", entry.label, entry.address.in_one_line())
            }
            Some(entry) => format!("{}: {}", entry.label, entry.address.in_one_line()),
            None => teller.look.say("addresses-another"),
        };
        let told = teller.look.tell("plain-row", &[("row", (at + 1).into()), ("what", what.into())]);
        teller.row(&told, at == row);
    }
    teller.standing("plain-spends-nothing", &[]);
}

fn address_form(teller: &mut Teller<'_>, checkout: &Checkout) {
    let form = &checkout.delivery.form;
    teller.standing("address-is-private", &[]);
    if let Some(problem) = form.problem {
        teller.tell("plain-field-wrong", &[("why", Message::new(problem).into())]);
    }
    let (field, hint) = (teller.look.say(form.field.label()), teller.look.say(form.field.hint()));
    teller.tell("field-wanted", &[("field", field.into()), ("hint", hint.into())]);
}

fn deliver_to(teller: &mut Teller<'_>, checkout: &Checkout) {
    let chosen = checkout.delivery.chosen.and_then(|at| teller.model.addresses.entries().get(at));
    if let Some(entry) = chosen {
        let (label, line) = (entry.label.as_str(), entry.address.in_one_line());
        let args = [("label", label.into()), ("address", line.into())];
        teller.standing("delivers-to", &args);
    }
}

fn cards(teller: &mut Teller<'_>, checkout: &Checkout) {
    teller.say("plain-which-card");
    total(teller, checkout);
    let cards = &teller.model.cards;
    for at in window(checkout.row, cards.len() + 1) {
        let what = match cards.get(at) {
            Some(card) => listed(teller.look, card),
            None => teller.look.say("plain-another-card"),
        };
        let row = teller.look.tell("plain-row", &[("row", (at + 1).into()), ("what", what.into())]);
        teller.row(&row, at == checkout.row);
    }
    teller.standing("plain-spends-nothing", &[]);
}

fn form(teller: &mut Teller<'_>, checkout: &Checkout) {
    let form = &checkout.form;
    teller.standing("plain-form", &[]);
    if let Some(problem) = form.problem {
        teller.tell("plain-field-wrong", &[("why", Message::new(problem).into())]);
    }
    teller.say(match form.field {
        Field::Number => "plain-field-number",
        Field::Name => "plain-field-name",
        Field::BirthDate => "plain-field-birth-date",
        Field::Expiry => "plain-field-expiry",
    });
}

fn confirm(teller: &mut Teller<'_>, checkout: &Checkout) {
    teller.say("plain-confirm");
    if let Some(problem) = &checkout.problem {
        teller.message(problem);
    }
    what_is_paid(teller, checkout);
    match checkout.live_quote(teller.model.now) {
        Some(signed) => {
            deadline(teller, signed);
            teller.say("plain-type-pay");
        }
        None => teller.say("plain-price-ran-out"),
    }
    order(teller, checkout);
}

fn paying(teller: &mut Teller<'_>, checkout: &Checkout) {
    teller.say("plain-paying");
    legs(teller, &checkout.legs);
    let awaited = teller.look.say(page::awaited(&checkout.legs));
    teller.standing("plain-leg-awaited", &[("what", awaited.into())]);
    what_is_paid(teller, checkout);
    order(teller, checkout);
}

/// How far a payment has come: each leg is news once, with the time since the word that pays.
pub fn legs(teller: &mut Teller<'_>, legs: &Legs) {
    for (leg, at) in legs.seen() {
        let what = match leg {
            Leg::Sent | Leg::SentAgain | Leg::Elsewhere => "leg-sent",
            Leg::Held { .. } => "leg-held",
            Leg::Decided { .. } => "leg-decided",
            Leg::Verified => "leg-verified",
        };
        let (what, after) = (teller.look.say(what), page::after(legs, *at, teller.look));
        teller.tell("plain-leg", &[("what", what.into()), ("after", after.into())]);
    }
    if legs.again > 0 {
        teller.tell("leg-again", &[("count", legs.again.into())]);
    }
    if legs.elsewhere {
        teller.say("leg-elsewhere");
    }
}

fn what_is_paid(teller: &mut Teller<'_>, checkout: &Checkout) {
    total(teller, checkout);
    if let Some(shop) = &teller.model.shop {
        teller.tell("plain-to-shop", &[("shop", shop.name.as_str().into())]);
    }
    let card = match &checkout.card {
        Some(ChosenCard::Listed(at)) => teller.model.cards.get(*at).map(|card| listed(teller.look, card)),
        Some(ChosenCard::Typed(card)) => Some(ending_in(teller.look, &card.number.masked())),
        None => None,
    };
    if let Some(card) = card {
        teller.tell("plain-with-card", &[("card", card.into())]);
    }
    deliver_to(teller, checkout);
}

fn total(teller: &mut Teller<'_>, checkout: &Checkout) {
    if let Some(signed) = checkout.quote() {
        let total = (signed.quote.total, signed.quote.currency);
        teller.tell("plain-total", &[("total", total.into())]);
    }
}

fn order(teller: &mut Teller<'_>, checkout: &Checkout) {
    if let Some(order) = checkout.order {
        teller.standing("plain-order-id", &[("order", order.to_string().into())]);
    }
}

// How long a price holds is told on arriving; that it does no longer is news.
fn deadline(teller: &mut Teller<'_>, signed: &SignedQuote) {
    match teller.look.left_until(signed.quote.deadline, teller.model.now) {
        Some(left) => teller.standing("plain-price-holds", &[("left", left.into())]),
        None => teller.say("plain-price-ran-out"),
    }
}

fn listed(look: Look, card: &LabelledCard) -> String {
    let card_words = ending_in(look, &card.paying.card.number.masked());
    let args = [("label", card.label.as_str().into()), ("card", card_words.into())];
    match card.paying.holder {
        Some(_) => look.tell("plain-card-with-key", &args),
        None => look.tell("plain-card", &args),
    }
}

// Dots before the digits would be read out one by one.
fn ending_in(look: Look, masked: &str) -> String {
    let digits: String = masked.chars().filter(char::is_ascii_digit).collect();
    look.tell("plain-card-ending", &[("digits", digits.into())])
}
