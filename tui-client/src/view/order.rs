//! One order: where it stands, its goods, its way, and the return of goods.

use kessai_shared::money::grouped;
use kessai_shared::receipt::QuotedLine;
use kessai_shared::storefront::Cancelled;
use ratatui::text::Line;

use super::list::{Column, column, money_columns, row, window};
use super::{dates, look::Look, outcome, receipt, sheet::Sheet, states, tabs, text, way};
use crate::app::keymap::Action;
use crate::app::model::standing::{self, Doubt, Standing};
use crate::app::model::{Detail, Giving, Model, Part, Sending, Stopping};
use crate::shop::Ending;

const QUANTITY_COLUMNS: usize = 9;
/// From this width on every number has a column of its own.
const WIDE: usize = 70;
/// Rows below the goods from which on the newest of the way is shown there.
const ROWS_FOR_WAY: usize = 4;

pub fn draw(model: &Model, detail: &Detail, look: Look, sheet: &mut Sheet<'_>) {
    if let Some(paper) = &detail.paper {
        return receipt::draw(model, detail, paper, look, sheet);
    }
    let choosing = detail.giving.is_some();
    if !choosing || sheet.is_roomy() {
        sheet.order_id(&detail.order().to_string(), look.strong());
        let names = [look.say("order-goods"), look.say("order-way")];
        tabs::draw(&names, usize::from(detail.part == Part::Way), look, sheet);
    }
    match detail.part {
        Part::Way => {
            sheet.gap();
            let foot = stop_words(model, detail, look);
            let standing = doubt(detail, look);
            standing.iter().for_each(|line| sheet.wrap(line, look.careful()));
            if foot.is_empty() {
                return way::draw(detail, look, sheet);
            }
            // A question stands above what it is about, where it is seen however long the way is.
            foot.iter().for_each(|line| sheet.wrap(line, look.careful()));
            way::draw(detail, look, sheet);
        }
        Part::Goods => goods(model, detail, look, sheet),
    }
}

fn goods(model: &Model, detail: &Detail, look: Look, sheet: &mut Sheet<'_>) {
    // In a small window the choice of what to give back needs the rows more than the rest does.
    if detail.giving.is_none() || sheet.is_roomy() {
        sheet.gap();
        standing_words(detail, look, sheet);
        sheet.gap();
    }
    let mut foot = stop_words(model, detail, look);
    let giving = detail.giving.as_ref().map(|giving| return_words(model, detail, giving, look));
    foot.extend(giving.into_iter().flatten());
    let columns = sheet.text_columns();
    let foot: Vec<String> = foot.iter().flat_map(|line| text::wrap(line, columns)).collect();
    lines(detail, foot.len(), look, sheet);
    foot.iter().for_each(|line| sheet.say(line, look.careful()));
    let spare = sheet.rows_left() >= ROWS_FOR_WAY && detail.giving.is_none() && sheet.is_roomy();
    if spare {
        sheet.rule(look.dim());
        way::newest(detail, look, sheet);
    }
}

fn standing_words(detail: &Detail, look: Look, sheet: &mut Sheet<'_>) {
    let (view, quote) = (&detail.view, &detail.view.quote.quote);
    let state = look.say(states::standing(Standing::of(view)));
    let total = quote.total.show(quote.currency);
    if sheet.is_roomy() {
        let placed = format!("{} UTC", dates::instant(look, view.placed_at));
        sheet.field(&look.say("order-placed-label"), &placed, look.plain());
        let payment = look.say(states::payment(view.payment));
        let state = format!("{state} {} {payment}", look.signs.dot);
        sheet.field(&look.say("order-state-label"), &state, look.plain());
        sheet.field(&look.say("order-payment-label"), &proved(detail, look), look.plain());
        sheet.field(&look.say("order-total-label"), &total, look.strong());
    } else {
        let day = dates::short_day(look, view.placed_at);
        let dot = look.signs.dot;
        sheet.say(&format!("{day} {dot} {state} {dot} {total}"), look.strong());
    }
    if view.refunded.is_positive() || standing::refund_is_due(view) {
        let refunded = view.refunded.show(quote.currency);
        let due = if standing::refund_is_due(view) {
            format!(" {} {}", look.signs.dot, look.say("order-refund-due"))
        } else {
            String::new()
        };
        sheet.field(&look.say("order-refunded-label"), &format!("{refunded}{due}"), look.plain());
    }
    if let Some(sent) = sent(detail, look).filter(|_| sheet.is_roomy()) {
        sheet.field(&look.say("order-sent-label"), &sent, look.plain());
    }
    // Where there is room, a reason that is proved stands with the payment already.
    let told = sheet.is_roomy() && matches!(detail.ending, Ending::Declined { reason: Some(_) });
    why(detail, look).iter().filter(|_| !told).for_each(|why| sheet.wrap(why, look.careful()));
    doubt(detail, look).iter().for_each(|why| sheet.wrap(why, look.careful()));
}

/// What is proved of the payment. The shop's own word for it stands with the state.
pub fn proved(detail: &Detail, look: Look) -> String {
    match &detail.ending {
        Ending::Accepted { amount, currency } => {
            look.tell("order-proved-approved", &[("amount", (*amount, *currency).into())])
        }
        Ending::Declined { reason: Some(reason) } => {
            let (code, why) = (reason.code().to_string(), look.say(outcome::reason_id(*reason)));
            look.tell("order-proved-declined", &[("code", code.into()), ("why", why.into())])
        }
        Ending::Declined { reason: None } => look.say("payment-declined"),
        Ending::OutOfStock { .. } | Ending::Interrupted | Ending::HoldExpired | Ending::Cancelled { .. } => {
            look.say("order-as-the-shop-says")
        }
        Ending::Unknown => look.say("order-not-proved"),
    }
}

/// How many pieces are on their way or never will be, once that is not the same for all of them.
pub fn sent(detail: &Detail, look: Look) -> Option<String> {
    let sum = |pieces: &[u32]| pieces.iter().map(|pieces| u64::from(*pieces)).sum::<u64>();
    let bought: u64 = detail.view.quote.quote.lines.iter().map(|line| u64::from(line.quantity)).sum();
    let (shipped, cancelled) = (sum(&detail.view.shipped), sum(&detail.view.cancelled));
    let whole = shipped == bought || shipped == 0 && (cancelled == 0 || cancelled == bought);
    let pieces = look.tell("count-pieces", &[("count", bought.into())]);
    let (shipped, pieces) = (("shipped", shipped.into()), ("pieces", pieces.into()));
    (!whole).then(|| match cancelled {
        0 => look.tell("order-sent", &[shipped, pieces]),
        some => look.tell("order-sent-cancelled", &[shipped, pieces, ("cancelled", some.into())]),
    })
}

pub fn doubt(detail: &Detail, look: Look) -> Option<String> {
    let words = look.say(match standing::doubt(&detail.view)? {
        Doubt::Pieces => "doubt-pieces",
        Doubt::Shipments => "doubt-shipments",
        Doubt::Times => "doubt-times",
        Doubt::State => "doubt-state",
        Doubt::Amounts => "doubt-amounts",
    });
    Some(format!("! {words}"))
}

// What will be cancelled, what is too late, and which key does it.
pub fn stop_words(model: &Model, detail: &Detail, look: Look) -> Vec<String> {
    let key = |action| look.key(model, action);
    let pieces = |count: u64| look.tell("count-pieces", &[("count", count.into())]);
    match detail.stopping {
        Stopping::No if detail.view.cancelling => vec![look.say("cancel-being")],
        Stopping::No => Vec::new(),
        Stopping::Sent(_) => vec![look.say("cancel-sending")],
        Stopping::Asked => {
            let (open, left) = detail.cancellable();
            let keys = [("key", key(Action::Cancel).into()), ("back", key(Action::Back).into())];
            let mut words = match left {
                0 => vec![look.tell("cancel-ask-pending", &keys)],
                _some => {
                    let [one, other] = keys;
                    vec![look.tell("cancel-ask", &[one, other, ("pieces", pieces(open).into())])]
                }
            };
            if left > 0 {
                words.push(look.tell("cancel-too-late", &[("pieces", pieces(left).into())]));
            }
            words
        }
    }
}

fn lines(detail: &Detail, foot: usize, look: Look, sheet: &mut Sheet<'_>) {
    let width = sheet.columns();
    let heads =
        ["order-bought", "order-left", "order-returned-column", "order-give-back-column", "order-sum"];
    let head = columns(width, detail, heads.map(|id| look.say(id)));
    sheet.put(&Line::styled(row(width, false, &look.say("order-product"), &head), look.dim()));
    let quote = &detail.view.quote.quote;
    for at in window(detail.cursor, detail.lines(), sheet.rows_left().saturating_sub(foot)) {
        let selected = at == detail.cursor;
        let style = if selected { look.selected() } else { look.plain() };
        let name = detail.view.names.get(at).map_or(quote.lines[at].sku.as_str(), String::as_str);
        let cells = line_cells(detail, at, &quote.lines[at], look);
        sheet.row(at, &row(width, selected, name, &columns(width, detail, cells)), style);
    }
}

fn line_cells(detail: &Detail, at: usize, line: &QuotedLine, look: Look) -> [String; 5] {
    let of = |pieces: &[u32]| grouped(u64::from(pieces.get(at).copied().unwrap_or(0)));
    let chosen = detail.giving.as_ref().map_or_else(String::new, |giving| of(&giving.counts));
    let give = format!("{}{chosen}{}", look.signs.before, look.signs.after);
    let sum = line.unit_price.times(line.quantity).map(|sum| sum.show(detail.view.quote.quote.currency));
    let (shipped, returned) = (of(&detail.view.shipped), of(&detail.view.returned));
    [grouped(u64::from(line.quantity)), shipped, returned, give, sum.unwrap_or_default()]
}

fn columns(width: usize, detail: &Detail, [bought, left, back, give, sum]: [String; 5]) -> Vec<Column> {
    let mut columns = vec![];
    let giving = detail.giving.is_some();
    if width >= WIDE || !giving {
        columns.push(column(if width < WIDE { 6 } else { QUANTITY_COLUMNS }, bought));
    }
    if width >= WIDE {
        columns.push(column(QUANTITY_COLUMNS, left));
        columns.push(column(QUANTITY_COLUMNS, back));
    }
    if giving {
        columns.push(column(11, give));
    }
    if width >= WIDE || !giving {
        columns.push(column(money_columns(width), sum));
    }
    columns
}

// What is given back, what comes back for it, and which key does it.
pub fn return_words(model: &Model, detail: &Detail, giving: &Giving, look: Look) -> Vec<String> {
    let key = |action| look.key(model, action);
    let count: u64 = giving.counts.iter().map(|count| u64::from(*count)).sum();
    let pieces = look.tell("count-pieces", &[("count", count.into())]);
    let mut words: Vec<String> = Vec::new();
    words.extend(giving.problem.as_ref().map(|problem| format!("! {}", look.message(problem))));
    match giving.sending {
        Sending::No if count == 0 => words.push(look.say("return-ask-nothing")),
        Sending::No => {
            let amount = detail
                .worth_of_given()
                .map_or_else(String::new, |worth| worth.show(detail.view.quote.quote.currency));
            let args =
                [("key", key(Action::Confirm).into()), ("pieces", pieces.into()), ("amount", amount.into())];
            words.push(look.tell("return-ask", &args));
            let whole = detail.cancellable().0 == 0;
            words.push(look.say(if whole { "return-to-card" } else { "return-partly-held" }));
        }
        Sending::Minting(_) | Sending::Sent { .. } => {
            words.push(look.tell("return-sending", &[("pieces", pieces.into())]));
        }
        Sending::Unanswered { .. } => {
            let args = [
                ("key", key(Action::Confirm).into()),
                ("back", key(Action::Back).into()),
                ("pieces", pieces.into()),
            ];
            words.push(look.tell("return-again", &args));
        }
    }
    words
}

pub fn why(detail: &Detail, look: Look) -> Option<String> {
    // A reason that is proved says more than the shop's word.
    if let Ending::Declined { reason: Some(reason) } = &detail.ending {
        let (code, why) = (reason.code().to_string(), look.say(outcome::reason_id(*reason)));
        return Some(look.tell("order-proved-declined", &[("code", code.into()), ("why", why.into())]));
    }
    detail.view.cancelled_for.as_ref().map(|why| match why {
        Cancelled::OutOfStock { sku, available } => look
            .tell("order-out-of-stock", &[("sku", sku.as_str().into()), ("available", (*available).into())]),
        Cancelled::Declined => look.say("order-declined"),
        Cancelled::Interrupted => look.say("order-interrupted"),
        Cancelled::HoldExpired => look.say("order-hold-expired"),
        Cancelled::ByShopper => look.say("order-cancelled-by-you"),
        Cancelled::ByShop => look.say("order-cancelled-by-shop"),
        Cancelled::NotShippedInTime => look.say("order-not-shipped-in-time"),
    })
}
