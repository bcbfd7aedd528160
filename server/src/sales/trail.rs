//! What operators had done, as the changes of a shop say it.

use std::fmt::Write as _;

use kessai_shared::operator::trail::Subject;
use kessai_shared::pin::Pin;
use kessai_shared::trail::Act;

use super::change::Change;

impl Change {
    /// What has happened, in a word or two.
    pub const fn name(&self) -> &'static str {
        match self {
            Change::Stocked { .. } => "stocked",
            Change::Relisted { .. } => "relisted",
            Change::Placed { .. } => "placed",
            Change::TurnedAway { .. } => "turned away",
            Change::Decided { .. } => "decided",
            Change::Doubted { .. } => "doubted",
            Change::Reversed { .. } => "reversed",
            Change::CaptureStarted { .. } => "capture started",
            Change::Shipped { .. } => "shipped",
            Change::Lapsed { .. } => "lapsed",
            Change::Delivered { .. } => "delivered",
            Change::CancelAsked { .. } => "cancel asked",
            Change::Cancelled { .. } => "cancelled",
            Change::GivenBack { .. } => "given back",
            Change::Released { .. } => "released",
            Change::Refunded { .. } => "refunded",
            Change::Refused { .. } => "refused",
            Change::Received { .. } => "received",
            Change::Adjusted { .. } => "adjusted",
            Change::BatchCompared { .. } => "batch compared",
            Change::Described { .. } => "described",
            Change::Granted(_) => "granted",
            Change::Operated { what, .. } => what.name(),
            Change::Recovered { .. } => "recovered",
            Change::RecoveredGivenUp { .. } => "recovered, given up",
            Change::RecoveredStep { .. } => "recovered, a step",
            Change::CaughtUp => "caught up",
        }
    }

    /// The operator whose act it was, if it was one's.
    pub const fn by(&self) -> Option<Pin> {
        match self {
            Change::CaptureStarted { by, .. }
            | Change::Delivered { by, .. }
            | Change::CancelAsked { by, .. } => *by,
            Change::GivenBack { given, .. } => given.by,
            Change::Received { by, .. } | Change::Adjusted { by, .. } | Change::Operated { by, .. } => {
                Some(*by)
            }
            Change::Granted(tenure) => tenure.by,
            Change::Stocked { .. }
            | Change::Relisted { .. }
            | Change::Placed { .. }
            | Change::TurnedAway { .. }
            | Change::Decided { .. }
            | Change::Doubted { .. }
            | Change::Reversed { .. }
            | Change::Shipped { .. }
            | Change::Lapsed { .. }
            | Change::Cancelled { .. }
            | Change::Released { .. }
            | Change::Refunded { .. }
            | Change::Refused { .. }
            | Change::BatchCompared { .. }
            | Change::Recovered { .. }
            | Change::RecoveredGivenUp { .. }
            | Change::RecoveredStep { .. }
            | Change::CaughtUp
            | Change::Described { .. } => None,
        }
    }

    /// What it is about.
    pub fn subject(&self) -> Option<Subject> {
        match self {
            Change::Stocked { sku, .. }
            | Change::Relisted { sku, .. }
            | Change::Received { sku, .. }
            | Change::Adjusted { sku, .. }
            | Change::Described { sku, .. } => Some(Subject::Product(*sku)),
            Change::Placed { quote, .. } | Change::TurnedAway { quote, .. } => {
                Some(Subject::Order(quote.order))
            }
            Change::Decided { order, .. }
            | Change::Doubted { order }
            | Change::Reversed { order }
            | Change::CaptureStarted { order, .. }
            | Change::Shipped { order, .. }
            | Change::Lapsed { order }
            | Change::Delivered { order, .. }
            | Change::CancelAsked { order, .. }
            | Change::Cancelled { order }
            | Change::Released { order, .. }
            | Change::Refunded { order, .. }
            | Change::Recovered { order, .. }
            | Change::RecoveredGivenUp { order }
            | Change::RecoveredStep { order, .. }
            | Change::Refused { order, .. } => Some(Subject::Order(*order)),
            Change::GivenBack { given, .. } => {
                given.from.or(given.parts.first().map(|part| part.order)).map(Subject::Order)
            }
            Change::Operated { what, .. } => what.subject(),
            Change::BatchCompared { .. } | Change::Granted(_) | Change::CaughtUp => None,
        }
    }

    /// The act of an operator that it is, if it is one's.
    pub fn act(&self) -> Option<Act> {
        let by = self.by()?;
        let (what, reason) = match self {
            Change::CaptureStarted { shipping, .. } => {
                ("ship", pieces(shipping.lines.iter().map(|line| line.1)))
            }
            Change::Delivered { .. } => ("deliver", String::new()),
            Change::CancelAsked { .. } => ("cancel", String::new()),
            Change::GivenBack { given, .. } => {
                ("return", (if given.restock { "restocked" } else { "written off" }).to_owned())
            }
            Change::Received { pieces, note, .. } => {
                let mut reason = format!("{pieces} pieces");
                if !note.is_empty() {
                    // Writing to a text does not fail.
                    let _ = write!(reason, ": {note}");
                }
                ("receive", reason)
            }
            Change::Adjusted { pieces, reason, .. } => {
                ("adjust", format!("{pieces:+} pieces: {}", reason.word()))
            }
            Change::Granted(tenure) => ("promote", format!("epoch {}", tenure.epoch)),
            Change::Operated { what, reason, .. } => (what.name(), reason.clone()),
            // Nothing of these is an operator's.
            Change::Stocked { .. }
            | Change::Relisted { .. }
            | Change::Placed { .. }
            | Change::TurnedAway { .. }
            | Change::Decided { .. }
            | Change::Doubted { .. }
            | Change::Reversed { .. }
            | Change::Shipped { .. }
            | Change::Lapsed { .. }
            | Change::Cancelled { .. }
            | Change::Released { .. }
            | Change::Refunded { .. }
            | Change::Refused { .. }
            | Change::BatchCompared { .. }
            | Change::Recovered { .. }
            | Change::RecoveredGivenUp { .. }
            | Change::RecoveredStep { .. }
            | Change::CaughtUp
            | Change::Described { .. } => return None,
        };
        Some(Act { by, what, on: self.subject(), reason, bulk: false })
    }
}

fn pieces(all: impl Iterator<Item = u32>) -> String {
    format!("{} pieces", all.map(u64::from).sum::<u64>())
}
