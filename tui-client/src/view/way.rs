//! An order's way, newest first: what the settlement signed is marked, all else is the shop's word.

use kessai_shared::storefront::{OrderView, ShipmentView, Step, StepKind};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{dates, look::Look, sheet::Sheet, text};
use crate::app::model::Detail;
use crate::app::model::standing::{self, Standing};
use crate::shop::Ending;

/// Columns that what belongs to a step stands behind it.
const INDENT: usize = 2;

/// Draws the way from the row `detail.top` on, as far as there is room.
pub fn draw(detail: &Detail, look: Look, sheet: &mut Sheet<'_>) {
    let head = look.tell("way-head", &[("sign", look.signs.good.into())]);
    sheet.wrap(&head, look.dim());
    let rows = rows(detail, look, sheet.text_columns());
    let room = sheet.rows_left();
    let top = detail.top.min(rows.len().saturating_sub(room));
    put(&rows[top..], sheet);
}

/// The newest of the way, in the rows that something else has left.
pub fn newest(detail: &Detail, look: Look, sheet: &mut Sheet<'_>) {
    put(&rows(detail, look, sheet.text_columns()), sheet);
}

struct Row {
    text: String,
    style: Style,
}

fn put(rows: &[Row], sheet: &mut Sheet<'_>) {
    for row in rows.iter().take(sheet.rows_left()) {
        sheet.put(&Line::from(vec![Span::raw(" "), Span::styled(row.text.clone(), row.style)]));
    }
}

fn rows(detail: &Detail, look: Look, columns: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(next) = next(&detail.view) {
        rows.push(Row { text: format!("{} {}", look.signs.down, look.say(next)), style: look.strong() });
    }
    if detail.view.history.is_empty() {
        rows.push(Row { text: look.say("way-none"), style: look.dim() });
    }
    for step in detail.view.history.iter().rev() {
        of_step(detail, step, look, columns, &mut rows);
    }
    rows
}

fn of_step(detail: &Detail, step: &Step, look: Look, columns: usize, rows: &mut Vec<Row>) {
    let proved = is_proved(detail, step.what);
    let sign = if proved { look.signs.good } else { look.signs.dot };
    let at = dates::short_instant(look, step.at);
    let what = words(&detail.view, step.what, look);
    let what = if proved { format!("{what} ({})", look.say("way-proved")) } else { what };
    let style = if proved { look.good() } else { look.plain() };
    let head = format!("{sign} {at}  ");
    let indent = text::width(&head);
    if indent + text::width(&what) <= columns || columns < indent + 16 {
        rows.push(Row { text: text::cut(&format!("{head}{what}"), columns), style });
    } else {
        for (at, part) in text::wrap(&what, columns - indent).into_iter().enumerate() {
            let head = if at == 0 { head.clone() } else { " ".repeat(indent) };
            rows.push(Row { text: format!("{head}{part}"), style });
        }
    }
    if let StepKind::Shipped { nth } = step.what
        && let Some(shipment) = detail.view.shipments.iter().find(|shipment| shipment.nth == nth)
    {
        of_shipment(&detail.view, shipment, look, columns, rows);
    }
}

fn of_shipment(view: &OrderView, shipment: &ShipmentView, look: Look, columns: usize, rows: &mut Vec<Row>) {
    let indent = " ".repeat(INDENT);
    let mut row = |words: &str, style| {
        rows.push(Row { text: text::cut(&format!("{indent}{words}"), columns), style });
    };
    if let Some(tracking) = &shipment.tracking {
        let (carrier, number) = (tracking.carrier.to_string(), tracking.reference.to_string());
        let words = look.tell("way-tracking", &[("carrier", carrier.into()), ("number", number.into())]);
        row(&words, look.strong());
    }
    for (line, pieces) in &shipment.lines {
        let at = usize::from(*line);
        let sku = view.quote.quote.lines.get(at).map_or("?", |line| line.sku.as_str());
        let product = view.names.get(at).map_or(sku, String::as_str);
        row(
            &look.tell("way-piece", &[("pieces", (*pieces).into()), ("product", product.into())]),
            look.dim(),
        );
    }
}

/// Whether this terminal has proof of a step: of a decision that the settlement signed, and of nothing else.
pub fn is_proved(detail: &Detail, what: StepKind) -> bool {
    match (&detail.ending, what) {
        (Ending::Accepted { .. }, StepKind::Approved) | (Ending::Declined { .. }, StepKind::Declined) => true,
        (
            Ending::Accepted { .. }
            | Ending::Declined { .. }
            | Ending::OutOfStock { .. }
            | Ending::Interrupted
            | Ending::HoldExpired
            | Ending::Cancelled { .. }
            | Ending::Unknown,
            _its_word,
        ) => false,
    }
}

/// What is waited for.
pub fn next(view: &OrderView) -> Option<&'static str> {
    match Standing::of(view) {
        Standing::Placing => Some("way-next-placing"),
        Standing::Preparing | Standing::PartSent => Some("way-next-preparing"),
        Standing::Cancelling => Some("way-next-cancelling"),
        _ if standing::refund_is_due(view) => Some("way-next-refund"),
        Standing::OnItsWay => Some("way-next-on-its-way"),
        Standing::Delivered
        | Standing::PartReturned
        | Standing::Returned
        | Standing::Declined
        | Standing::SoldOut
        | Standing::Interrupted
        | Standing::HoldExpired
        | Standing::Cancelled => None,
    }
}

pub fn words(view: &OrderView, what: StepKind, look: Look) -> String {
    look.say(match what {
        StepKind::Shipped { nth } => {
            let number = ("nth", u64::from(nth).into());
            let Some(shipment) = view.shipments.iter().find(|shipment| shipment.nth == nth) else {
                return look.tell("step-shipped-bare", &[number]);
            };
            let pieces = look.tell("count-pieces", &[("count", shipment.pieces.into())]);
            let amount = (shipment.amount, view.quote.quote.currency);
            return look
                .tell("step-shipped", &[number, ("pieces", pieces.into()), ("amount", amount.into())]);
        }
        StepKind::Placed => "step-placed",
        StepKind::TurnedAway => "step-turned-away",
        StepKind::Approved => "step-approved",
        StepKind::Declined => "step-declined",
        StepKind::Doubted => "step-doubted",
        StepKind::Reversed => "step-reversed",
        StepKind::Preparing => "step-preparing",
        StepKind::HoldExpired => "step-hold-expired",
        StepKind::Delivered => "step-delivered",
        StepKind::CancelAsked => "step-cancel-asked",
        StepKind::Cancelled => "step-cancelled",
        StepKind::RestCancelled => "step-rest-cancelled",
        StepKind::CancelTooLate => "step-cancel-too-late",
        StepKind::ReturnAsked => "step-return-asked",
        StepKind::Released => "step-released",
        StepKind::Refunded => "step-refunded",
    })
}
