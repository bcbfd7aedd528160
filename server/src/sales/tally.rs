//! What the changes of a shop count as, for whoever watches it.

use kessai_shared::measure::Count;

use super::books::Books;
use super::change::Change;
use super::recovered::RecoveredStep;
use super::work::approves;

impl Books {
    /// Names what a change counts as that is about to be taken in.
    pub fn tally(&self, change: &Change, each: &mut dyn FnMut(Count)) {
        match change {
            Change::Placed { .. } => each(Count::Placed),
            Change::TurnedAway { .. } => each(Count::TurnedAway),
            Change::Decided { decision, .. } => {
                each(if approves(decision) { Count::Approved } else { Count::Declined });
            }
            Change::Doubted { .. } => each(Count::Doubted),
            Change::Reversed { .. } => each(Count::Reversed),
            // Batches are counted from 1, and what cost nothing is in none: the settlement never heard of it.
            Change::Shipped { batch: 1.., .. } => each(Count::Captured),
            Change::Refunded { batch: 1.., .. } => each(Count::Refunded),
            Change::RecoveredStep { step: RecoveredStep::Repaid(_), .. } => each(Count::Refunded),
            // A hold of which nothing was charged is reversed, and what is left of another released.
            Change::RecoveredStep { order, step: RecoveredStep::Released } => {
                let charged = self.recovered(*order).is_some_and(|row| !row.captures.is_empty())
                    || self.order(*order).is_some_and(|order| order.captured.is_positive());
                each(if charged { Count::Released } else { Count::Reversed });
            }
            Change::Released { amount, .. } if amount.is_positive() => each(Count::Released),
            // All of an order is cancelled by a reversal, and the rest of one by a release.
            Change::Cancelled { order } => {
                let order = self.order(*order);
                let (captured, rest) =
                    order.map_or((false, false), |o| (o.captured.is_positive(), o.rest().is_positive()));
                match (captured, rest) {
                    (false, _) => each(Count::Reversed),
                    (true, true) => each(Count::Released),
                    (true, false) => {}
                }
            }
            Change::RecoveredStep { step: RecoveredStep::Refused(_) | RecoveredStep::Explained, .. } => {}
            Change::Shipped { .. }
            | Change::Refunded { .. }
            | Change::Released { .. }
            | Change::Stocked { .. }
            | Change::Relisted { .. }
            | Change::CaptureStarted { .. }
            | Change::Lapsed { .. }
            | Change::Delivered { .. }
            | Change::CancelAsked { .. }
            | Change::GivenBack { .. }
            | Change::Refused { .. }
            | Change::Received { .. }
            | Change::Adjusted { .. }
            | Change::BatchCompared { .. }
            | Change::Described { .. }
            | Change::Granted(_)
            | Change::Operated { .. }
            | Change::Recovered { .. }
            | Change::RecoveredGivenUp { .. }
            | Change::CaughtUp => {}
        }
        if is_act(change) {
            each(Count::Acts);
        }
    }
}

/// Whether an operator had it done.
fn is_act(change: &Change) -> bool {
    match change {
        Change::Received { .. } | Change::Adjusted { .. } | Change::Operated { .. } => true,
        Change::CaptureStarted { by, .. } | Change::Delivered { by, .. } | Change::CancelAsked { by, .. } => {
            by.is_some()
        }
        Change::GivenBack { given, .. } => given.by.is_some(),
        Change::Granted(tenure) => tenure.by.is_some(),
        Change::Placed { .. }
        | Change::TurnedAway { .. }
        | Change::Decided { .. }
        | Change::Doubted { .. }
        | Change::Reversed { .. }
        | Change::Shipped { .. }
        | Change::Refunded { .. }
        | Change::Released { .. }
        | Change::Cancelled { .. }
        | Change::Stocked { .. }
        | Change::Relisted { .. }
        | Change::Lapsed { .. }
        | Change::Refused { .. }
        | Change::BatchCompared { .. }
        | Change::Described { .. }
        | Change::Recovered { .. }
        | Change::RecoveredGivenUp { .. }
        | Change::RecoveredStep { .. }
        | Change::CaughtUp => false,
    }
}
