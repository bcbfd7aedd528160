//! What operators had done, as the changes of a shop say it.

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

    /// The operator whose act it was, and what that act is called, if it was one's.
    fn operated(&self) -> Option<(Pin, &'static str)> {
        let (by, what) = match self {
            Change::CaptureStarted { by, .. } => (*by, "ship"),
            Change::Delivered { by, .. } => (*by, "deliver"),
            Change::CancelAsked { by, .. } => (*by, "cancel"),
            Change::GivenBack { given, .. } => (given.by, "return"),
            Change::Received { by, .. } => (Some(*by), "receive"),
            Change::Adjusted { by, .. } => (Some(*by), "adjust"),
            Change::Granted(tenure) => (tenure.by, "promote"),
            Change::Operated { what, by, .. } => (Some(*by), what.name()),
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
        by.map(|by| (by, what))
    }

    /// The operator whose act it was, if it was one's.
    pub fn by(&self) -> Option<Pin> {
        self.operated().map(|(by, _)| by)
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
        let (by, what) = self.operated()?;
        Some(Act { by, what, on: self.subject(), reason: self.reason(), bulk: false })
    }

    /// What an operator gave as the reason, or what else there is to say of the act.
    fn reason(&self) -> String {
        match self {
            Change::CaptureStarted { shipping, .. } => pieces(shipping.lines.iter().map(|line| line.1)),
            Change::GivenBack { given, .. } => {
                (if given.restock { "restocked" } else { "written off" }).to_owned()
            }
            Change::Received { pieces, note, .. } if note.is_empty() => format!("{pieces} pieces"),
            Change::Received { pieces, note, .. } => format!("{pieces} pieces: {note}"),
            Change::Adjusted { pieces, reason, .. } => format!("{pieces:+} pieces: {}", reason.word()),
            Change::Granted(tenure) => format!("epoch {}", tenure.epoch),
            Change::Operated { reason, .. } => reason.clone(),
            // What the others are called says it all.
            _ => String::new(),
        }
    }
}

fn pieces(all: impl Iterator<Item = u32>) -> String {
    format!("{} pieces", all.map(u64::from).sum::<u64>())
}
