//! The orders, one order, its way, and the return of goods from it.

use kessai_shared::storefront::{OrderView, StepKind};

use super::receipt;
use super::teller::{Teller, window};
use crate::app::keymap::Action;
use crate::app::model::standing::{self, Group, Standing};
use crate::app::model::{Detail, Giving, Part};
use crate::view::{dates, order as page, states, way};

/// Most steps of an order's way that are told at a time. The list of goods is what is read row by row.
const MOST_STEPS: usize = 40;

pub fn list(teller: &mut Teller<'_>) {
    let orders = &teller.model.orders;
    teller.say("title-orders");
    if orders.filter.typing {
        teller.say("plain-search-orders-for-what");
        return;
    }
    teller.tell("plain-group", &[("group", teller.look.say(group(orders.filter.group)).into())]);
    if !orders.filter.text.is_empty() {
        teller.tell("orders-search", &[("text", orders.filter.text.text().into())]);
    }
    if let Some(why) = &orders.problem {
        teller.tell("orders-cannot-be-listed", &[("why", why.clone().into())]);
        let refresh = teller.look.key(teller.model, Action::Refresh);
        teller.tell("orders-ask-again", &[("key", refresh.into())]);
    }
    if orders.shown.is_empty() {
        match (orders.asked, &orders.problem) {
            (Some(_), _) => teller.say("plain-asking"),
            (None, None) if orders.filter.is_empty() => teller.say("orders-none"),
            (None, None) => teller.say("orders-none-match"),
            (None, Some(_)) => {}
        }
        return;
    }
    teller.tell("orders-count", &[("count", orders.shown.len().into())]);
    for at in window(orders.cursor, orders.shown.len()) {
        let Some((view, _)) = orders.shown.get(at).and_then(|place| orders.list.get(*place)) else {
            continue;
        };
        let row = row(teller, at, view);
        teller.row(&row, at == orders.cursor);
    }
}

fn row(teller: &Teller<'_>, at: usize, view: &OrderView) -> String {
    let (quote, look) = (&view.quote.quote, teller.look);
    let first = view.names.first().map_or("", String::as_str);
    let what = match quote.lines.len().saturating_sub(1) {
        0 => first.to_owned(),
        more => look.tell("plain-and-more", &[("first", first.into()), ("more", more.into())]),
    };
    let args = [
        ("row", (at + 1).into()),
        ("day", dates::day(look, view.placed_at).into()),
        ("what", what.into()),
        ("state", look.say(states::standing(Standing::of(view))).into()),
        ("total", (quote.total, quote.currency).into()),
    ];
    look.tell("plain-row-order", &args)
}

pub fn one(teller: &mut Teller<'_>, detail: &Detail) {
    teller.about(detail.order());
    if let Some(paper) = &detail.paper {
        return receipt::tell(teller, detail, paper);
    }
    if let Some(giving) = &detail.giving {
        return returning(teller, detail, giving);
    }
    teller.tell("plain-order-id", &[("order", detail.order().to_string().into())]);
    // A question stands before what it is about, so that nothing has to be heard first.
    for words in page::stop_words(teller.model, detail, teller.look) {
        teller.words(&words);
    }
    match detail.part {
        Part::Goods => goods(teller, detail),
        Part::Way => steps(teller, detail),
    }
}

fn goods(teller: &mut Teller<'_>, detail: &Detail) {
    let (view, look) = (&detail.view, teller.look);
    let quote = &view.quote.quote;
    teller.standing("plain-placed", &[("placed", dates::instant(look, view.placed_at).into())]);
    let state = look.say(states::standing(Standing::of(view)));
    teller.tell("plain-order-is", &[("state", state.into())]);
    let payment = look.say(states::payment(view.payment));
    teller.tell(
        "plain-payment-is",
        &[("state", payment.into()), ("proved", page::proved(detail, look).into())],
    );
    teller.tell("plain-total", &[("total", (quote.total, quote.currency).into())]);
    if view.refunded.is_positive() {
        teller.tell("plain-refunded", &[("amount", (view.refunded, quote.currency).into())]);
    }
    if standing::refund_is_due(view) {
        teller.say("order-refund-due");
    }
    if let Some(sent) = page::sent(detail, look) {
        teller.tell("plain-sent", &[("sent", sent.into())]);
    }
    for words in page::why(detail, look).into_iter().chain(page::doubt(detail, look)) {
        teller.words(words.trim_start_matches("! "));
    }
    for at in window(detail.cursor, detail.lines()) {
        let row = line(teller, detail, at);
        teller.row(&row, at == detail.cursor);
    }
    teller.standing("plain-way-is-next", &[("word", look.key(teller.model, Action::Right).into())]);
}

fn line(teller: &Teller<'_>, detail: &Detail, at: usize) -> String {
    let (view, look) = (&detail.view, teller.look);
    let line = &view.quote.quote.lines[at];
    let sum = line.unit_price.times(line.quantity).unwrap_or_default();
    let mut row = look.tell(
        "plain-row-line",
        &[
            ("row", (at + 1).into()),
            ("total", detail.lines().into()),
            ("name", name(view, at).into()),
            ("count", line.quantity.into()),
            ("sum", (sum, view.quote.quote.currency).into()),
        ],
    );
    let of = |pieces: &[u32]| pieces.get(at).copied().unwrap_or(0);
    for (id, count) in [
        ("plain-row-shipped", of(&view.shipped)),
        ("plain-row-returned", of(&view.returned)),
        ("plain-row-cancelled", of(&view.cancelled)),
    ] {
        if count > 0 {
            row = look.tell(id, &[("row", row.into()), ("count", count.into())]);
        }
    }
    row
}

/// The way of an order, newest first: what is proved is told as proved, and all else is the shop's word.
fn steps(teller: &mut Teller<'_>, detail: &Detail) {
    let (view, look) = (&detail.view, teller.look);
    teller.say("plain-way");
    if let Some(words) = page::doubt(detail, look) {
        teller.words(words.trim_start_matches("! "));
    }
    if let Some(next) = way::next(view) {
        teller.say(next);
    }
    if view.history.is_empty() {
        teller.say("way-none");
    }
    for step in view.history.iter().rev().take(MOST_STEPS) {
        let id = if way::is_proved(detail, step.what) { "plain-step-proved" } else { "plain-step" };
        let what = way::words(view, step.what, look);
        teller.tell(id, &[("at", dates::instant(look, step.at).into()), ("what", what.into())]);
        if let StepKind::Shipped { nth } = step.what {
            shipment(teller, view, nth);
        }
    }
}

fn shipment(teller: &mut Teller<'_>, view: &OrderView, nth: u32) {
    let Some(shipment) = view.shipments.iter().find(|shipment| shipment.nth == nth) else { return };
    for (line, pieces) in &shipment.lines {
        let product = name(view, usize::from(*line));
        teller.tell("plain-way-piece", &[("pieces", (*pieces).into()), ("product", product.into())]);
    }
    if let Some(tracking) = &shipment.tracking {
        let (carrier, number) = (tracking.carrier.to_string(), tracking.reference.to_string());
        teller.tell("plain-tracking", &[("carrier", carrier.into()), ("number", number.into())]);
    }
}

fn returning(teller: &mut Teller<'_>, detail: &Detail, giving: &Giving) {
    teller.say("plain-return");
    let lines = detail.lines();
    for at in window(detail.cursor, lines) {
        let chosen = giving.counts.get(at).copied().unwrap_or(0);
        let row = teller.look.tell(
            "plain-row-return",
            &[
                ("row", (at + 1).into()),
                ("total", lines.into()),
                ("name", name(&detail.view, at).into()),
                ("count", chosen.into()),
                ("most", detail.remaining(at).into()),
            ],
        );
        teller.row(&row, at == detail.cursor);
    }
    for words in page::return_words(teller.model, detail, giving, teller.look) {
        teller.words(words.trim_start_matches("! "));
    }
}

fn name(view: &OrderView, at: usize) -> &str {
    let sku = view.quote.quote.lines.get(at).map_or("?", |line| line.sku.as_str());
    view.names.get(at).map_or(sku, String::as_str)
}

const fn group(group: Group) -> &'static str {
    match group {
        Group::All => "orders-all",
        Group::Open => "orders-open",
        Group::Shipped => "orders-shipped",
        Group::Returned => "orders-returned",
        Group::Cancelled => "orders-cancelled",
    }
}
