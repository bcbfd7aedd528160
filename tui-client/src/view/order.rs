//! One order on its separate axes, its lines, and the return of them.

use kessai_shared::receipt::QuotedLine;
use kessai_shared::storefront::Cancelled;
use ratatui::text::Line;

use super::list::{Column, column, money_columns, row, window};
use super::{sheet::Sheet, theme::Theme, words};
use crate::app::model::{Detail, Giving, Sending, Stopping};
use crate::shop::Ending;

const QUANTITY_COLUMNS: usize = 9;
/// From this width on the axes stand on one line.
const WIDE: usize = 70;

pub fn draw(detail: &Detail, theme: Theme, sheet: &mut Sheet<'_>) {
    let quote = &detail.view.quote.quote;
    sheet.order_id(&quote.order.to_string(), theme.strong());
    // In a small window the choice of what to give back needs the rows more than the rest does.
    if detail.giving.is_none() || sheet.is_roomy() {
        standing(detail, theme, sheet);
    }
    sheet.gap();
    let stop = usize::from(detail.stopping != Stopping::No || detail.view.cancelling);
    let foot = stop + if detail.giving.is_some() { 2 } else { 0 };
    lines(detail, foot, theme, sheet);
    stop_words(detail, theme, sheet);
    if let Some(giving) = &detail.giving {
        return_words(detail, giving, theme, sheet);
    }
}

fn standing(detail: &Detail, theme: Theme, sheet: &mut Sheet<'_>) {
    let (quote, refunded) = (&detail.view.quote.quote, detail.view.refunded);
    axes(detail, theme, sheet);
    sheet.field("Total", &quote.total.show(quote.currency), theme.strong());
    if refunded.is_positive() {
        sheet.field("Refunded", &refunded.show(quote.currency), theme.plain());
    }
    if let Some(sent) = sent(detail) {
        sheet.field("Sent", &sent, theme.plain());
    }
    if let Some(why) = why(detail) {
        sheet.wrap(&why, theme.careful());
    }
}

/// How many pieces are on their way or never will be, once that is not the same for all of them.
fn sent(detail: &Detail) -> Option<String> {
    let sum = |pieces: &[u32]| pieces.iter().map(|pieces| u64::from(*pieces)).sum::<u64>();
    let bought: u64 = detail.view.quote.quote.lines.iter().map(|line| u64::from(line.quantity)).sum();
    let (shipped, cancelled) = (sum(&detail.view.shipped), sum(&detail.view.cancelled));
    let whole = shipped == bought || shipped == 0 && (cancelled == 0 || cancelled == bought);
    (!whole).then(|| {
        let cancelled = if cancelled > 0 { format!(", {cancelled} cancelled") } else { String::new() };
        format!("{shipped} of {} sent{cancelled}", words::count(bought, "piece", "pieces"))
    })
}

fn stop_words(detail: &Detail, theme: Theme, sheet: &mut Sheet<'_>) {
    match detail.stopping {
        Stopping::No if detail.view.cancelling => sheet.say("It is being cancelled…", theme.careful()),
        Stopping::No => {}
        Stopping::Asked => {
            sheet.say("x again cancels what was not sent; Esc keeps it", theme.careful());
        }
        Stopping::Sent(_) => sheet.say("Cancelling…", theme.strong()),
    }
}

fn axes(detail: &Detail, theme: Theme, sheet: &mut Sheet<'_>) {
    let view = &detail.view;
    let (order, payment) = (words::order(view.order), words::payment(view.payment));
    let goods = words::fulfilment(view.fulfilment);
    if sheet.columns() >= WIDE && sheet.is_roomy() {
        sheet.field("Placed", &format!("{} UTC", view.placed_at), theme.plain());
        sheet.field("Order is", order, theme.plain());
        sheet.field("Payment is", payment, theme.plain());
        sheet.field("Goods are", goods, theme.plain());
    } else {
        sheet.say(&format!("{order} · {payment} · {goods}"), theme.plain());
    }
}

fn lines(detail: &Detail, foot: usize, theme: Theme, sheet: &mut Sheet<'_>) {
    let width = sheet.columns();
    let head = columns(width, detail, ["Bought", "Returned", "Give back", "Sum"].map(str::to_owned));
    sheet.put(&Line::styled(row(width, false, "Product", &head), theme.dim()));
    let quote = &detail.view.quote.quote;
    for at in window(detail.cursor, detail.lines(), sheet.rows_left().saturating_sub(foot)) {
        let selected = at == detail.cursor;
        let style = if selected { theme.selected() } else { theme.plain() };
        let name = detail.view.names.get(at).map_or(quote.lines[at].sku.as_str(), String::as_str);
        let cells = line_cells(detail, at, &quote.lines[at]);
        sheet.bar(&row(width, selected, name, &columns(width, detail, cells)), style);
    }
}

fn line_cells(detail: &Detail, at: usize, line: &QuotedLine) -> [String; 4] {
    let returned = detail.view.returned.get(at).copied().unwrap_or(0);
    let chosen = detail.giving.as_ref().and_then(|giving| giving.counts.get(at)).copied().unwrap_or(0);
    let sum = line.unit_price.times(line.quantity).map(|sum| sum.show(detail.view.quote.quote.currency));
    let count = |count: u32| words::grouped(u64::from(count));
    [count(line.quantity), count(returned), format!("‹{}›", count(chosen)), sum.unwrap_or_default()]
}

fn columns(width: usize, detail: &Detail, [bought, returned, give, sum]: [String; 4]) -> Vec<Column> {
    let mut columns = vec![];
    let giving = detail.giving.is_some();
    if width >= WIDE || !giving {
        columns.push(column(if width < WIDE { 6 } else { QUANTITY_COLUMNS }, bought));
    }
    if width >= WIDE {
        columns.push(column(QUANTITY_COLUMNS, returned));
    }
    if giving {
        columns.push(column(11, give));
    }
    if width >= WIDE || !giving {
        columns.push(column(money_columns(width), sum));
    }
    columns
}

fn return_words(detail: &Detail, giving: &Giving, theme: Theme, sheet: &mut Sheet<'_>) {
    let pieces: u64 = giving.counts.iter().map(|count| u64::from(*count)).sum();
    let pieces = words::count(pieces, "piece", "pieces");
    if let Some(problem) = &giving.problem {
        sheet.say(&format!("! {problem}"), theme.careful());
    }
    match giving.sending {
        Sending::No => {
            let lines = detail.given().len() as u64;
            let on = words::count(lines, "line", "lines");
            sheet.say(&format!("r gives back {pieces} of {on}"), theme.strong());
        }
        Sending::Minting(_) | Sending::Sent { .. } => {
            sheet.say(&format!("Giving back {pieces}…"), theme.strong());
        }
        Sending::Unanswered { .. } => {
            sheet.say("r sends the same return again, safely; Esc leaves", theme.strong());
        }
    }
}

fn why(detail: &Detail) -> Option<String> {
    if let Ending::Declined { reason: Some(reason) } = &detail.ending {
        return Some(format!("Declined (code {}): {}", reason.code(), reason.sentence()));
    }
    detail.view.cancelled_for.as_ref().map(|why| match why {
        Cancelled::OutOfStock { sku, available } => format!("Out of stock: {sku}, {available} left."),
        Cancelled::Declined => "Declined.".to_owned(),
        Cancelled::Interrupted => "Interrupted; nothing was charged.".to_owned(),
        Cancelled::HoldExpired => "The approval ran out; what was not sent is not charged.".to_owned(),
        Cancelled::ByShopper => "Cancelled by you; what was not sent is not charged.".to_owned(),
        Cancelled::ByShop => "Cancelled by the shop; what was not sent is not charged.".to_owned(),
        Cancelled::NotShippedInTime => "Not sent in time; what was not sent is not charged.".to_owned(),
    })
}
