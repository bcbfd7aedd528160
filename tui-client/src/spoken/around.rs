//! What is told beside every screen: the connection, a notice, and what can be said here.

use super::teller::Teller;
use super::vocabulary;
use crate::app::keymap::{Action, Context};
use crate::app::model::Link;
use crate::app::palette;
use crate::view::frame;
use kessai_shared::time::Timestamp;

pub fn help(teller: &mut Teller<'_>) {
    teller.say("plain-help");
    let context = teller.model.context_below();
    let words = vocabulary::here(teller.model, context);
    for word in &words {
        let (said, keys, does) = (word.said.clone(), word.keys.clone(), teller.look.say(word.help));
        teller.tell("plain-help-row", &[("word", said.into()), ("keys", keys.into()), ("does", does.into())]);
    }
    if vocabulary::chooses_rows(context) {
        teller.say("plain-help-number");
    }
    teller.say("plain-help-repeat");
}

/// A part of what is told here is enough to choose it.
pub fn palette(teller: &mut Teller<'_>) {
    teller.say("title-palette");
    for offer in palette::found(teller.model) {
        teller.say(offer.text);
    }
}

pub fn leave(teller: &mut Teller<'_>) {
    teller.say("leave-under-way");
    teller.say("leave-is-safe");
    if let Some(order) = teller.model.order_being_paid() {
        teller.tell("plain-order-id", &[("order", order.to_string().into())]);
    }
    teller.say("plain-leave-question");
}

/// What is said wherever the shopper is: how the connection stands, and the last notice.
pub fn said_aloud(teller: &mut Teller<'_>) {
    match teller.model.link {
        Link::Up if teller.model.shop.as_ref().is_some_and(|shop| !shop.settlement_up) => {
            teller.say("payments-down");
        }
        Link::Up => {
            if let Some(standby) = teller.model.standby {
                teller.say("standby-only-shows");
                let words = frame::standby_words(standby, teller.model, teller.look);
                teller.standing_words(&words);
            }
        }
        Link::Connecting => teller.standing("link-connecting", &[]),
        Link::Down { retry_at } => {
            teller.say("link-down");
            offline(teller);
            if let Some(left) = teller.look.left_until(retry_at, teller.model.now) {
                teller.standing("link-down-again", &[("left", left.into())]);
            }
        }
    }
    // Of the newest purchase its own screen tells.
    if teller.model.context() != Context::Outcome && teller.model.unknown_purchases() > 0 {
        teller.tell("unknown-payments", &[("count", teller.model.unknown_purchases().into())]);
    }
    if let Some(notice) = &teller.model.notice {
        teller.message(&notice.message);
    }
}

/// What went wrong, what works without a connection, and how old what is told is.
fn offline(teller: &mut Teller<'_>) {
    let (model, look) = (teller.model, teller.look);
    let since = |then: Timestamp| look.rough(model.now.0.saturating_sub(then.0) / 1_000_000);
    if let Some(outage) = &model.outage {
        teller.message(&outage.why);
        teller.standing("offline", &[("lasting", since(outage.since).into())]);
    }
    if let Some((id, then)) = model.shown_since() {
        teller.standing(id, &[("age", since(then).into())]);
    }
    teller.say("offline-still-works");
}

/// The line that tells what can be said here, the most needed first.
pub fn what_can_be_said(teller: &mut Teller<'_>) {
    let (model, look) = (teller.model, teller.look);
    let context = model.context();
    if context.takes_text() {
        teller.standing("plain-say-in-a-field", &[]);
        return;
    }
    let mut can = Vec::new();
    if vocabulary::chooses_rows(context) {
        can.push(look.say("plain-can-number"));
    }
    if context == Context::Product {
        can.push(look.say("plain-can-count"));
    }
    for word in vocabulary::here(model, context).into_iter().filter(|word| word.offered) {
        can.push(match word.action {
            Action::Search => look.tell("plain-can-search", &[("word", word.said.into())]),
            _other => word.said,
        });
    }
    let between = look.say("plain-between");
    // Fluent trims the end of a text, so the space after a comma stands in a pair of quotes.
    teller.standing("plain-say", &[("words", can.join(&between).into())]);
}
