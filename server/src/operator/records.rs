//! One record of the shop's journal, as lines for whoever looks it up.

use kessai_shared::journal::Record;
use kessai_shared::operator::trail::{MAX_LINES, RecordRow};
use kessai_shared::receipt::Quote;

use crate::sales::{Change, LinePieces};

pub fn row(record: &Record, change: &Change) -> RecordRow {
    let mut lines = lines(change);
    lines.truncate(MAX_LINES);
    RecordRow {
        position: record.position,
        at: record.time,
        what: change.name().to_owned(),
        on: change.subject(),
        by: change.by(),
        lines,
    }
}

fn lines(change: &Change) -> Vec<String> {
    match change {
        Change::Stocked { name, unit_price, received, .. } => {
            vec![name.clone(), format!("{unit_price} a piece"), format!("{received} pieces")]
        }
        Change::Relisted { name, unit_price, .. } => vec![name.clone(), format!("{unit_price} a piece")],
        Change::Described { about, .. } => vec![about.description.clone()],
        Change::Placed { quote, owner, .. } => quoted(quote, format!("terminal {owner}")),
        Change::TurnedAway { quote, sku, available, .. } => {
            quoted(quote, format!("{available} pieces of {sku} were available"))
        }
        Change::Decided { decision, .. } => {
            let statement = &decision.statement;
            vec![
                format!("{:?}", statement.verdict).to_lowercase(),
                format!("position {} of the settlement's journal", statement.position),
            ]
        }
        Change::CaptureStarted { shipping, .. } => {
            let mut lines = vec![format!("shipment {}, {} to be charged", shipping.nth, shipping.amount)];
            lines.extend(shipping.lines.iter().map(line));
            lines
        }
        Change::Shipped { batch, .. } => vec![format!("clearing batch {batch}")],
        Change::CancelAsked { why, .. } => vec![format!("{why:?}")],
        Change::GivenBack { id, given } => {
            let goods = if given.restock { "back on the shelf" } else { "written off" };
            let mut lines = vec![format!("return {id}"), goods.to_owned()];
            let part = |part: &crate::sales::Part| {
                format!("{} of {} of order {}", part.quantity, part.sku, part.order)
            };
            lines.extend(given.parts.iter().map(part));
            lines
        }
        Change::Released { id, amount, .. } => {
            vec![format!("return {id}"), format!("{amount} held no longer")]
        }
        Change::Refunded { id, amount, batch, .. } => {
            vec![format!("return {id}"), format!("{amount} paid back in clearing batch {batch}")]
        }
        Change::Refused { refusal, .. } => vec![format!("{refusal:?}")],
        Change::Received { pieces, note, .. } => vec![format!("{pieces} pieces"), note.clone()],
        Change::Adjusted { pieces, reason, .. } => vec![format!("{pieces:+} pieces: {}", reason.word())],
        Change::BatchCompared { batch, compared } => {
            let word = if compared.agrees { "agrees" } else { "differs" };
            vec![format!("clearing batch {batch} {word}")]
        }
        Change::Granted(tenure) => vec![format!("epoch {}", tenure.epoch), format!("node {}", tenure.node)],
        Change::Operated { reason, .. } => vec![reason.clone()],
        Change::Doubted { .. }
        | Change::Recovered { .. }
        | Change::RecoveredGivenUp { .. }
        | Change::RecoveredStep { .. }
        | Change::CaughtUp
        | Change::Reversed { .. }
        | Change::Lapsed { .. }
        | Change::Delivered { .. }
        | Change::Cancelled { .. } => Vec::new(),
    }
}

fn quoted(quote: &Quote, first: String) -> Vec<String> {
    let total = format!("customer {}, {}", quote.customer, quote.total.show(quote.currency));
    let each = quote.lines.iter().map(|line| format!("{} of {}", line.quantity, line.sku));
    [first, total].into_iter().chain(each).collect()
}

fn line((place, pieces): &LinePieces) -> String {
    format!("{pieces} of line {}", place + 1)
}
