//! What the changes of a ledger count as, for whoever watches it.

use kessai_shared::measure::Count;

use super::books::Change;

impl Change {
    /// Names what it counts as.
    pub fn tally(&self, each: &mut dyn FnMut(Count)) {
        match self {
            Change::Decided(decided) => each(Count::Decided(decided.reason)),
            Change::Reversed { .. } => each(Count::Reversed),
            Change::Captured { .. } => each(Count::Captured),
            Change::Released { .. } => each(Count::Released),
            Change::Refunded { .. } => each(Count::Refunded),
            Change::Expired { .. } => each(Count::HoldExpired),
            Change::Opened { .. }
            | Change::Restated { .. }
            | Change::ChargedBack { .. }
            | Change::PresentedLate { .. }
            | Change::Batch(_)
            | Change::Rekeyed { .. }
            | Change::Issued { .. }
            | Change::Account(_)
            | Change::PolicyAdopted(_)
            | Change::Operated { .. }
            | Change::Granted(_) => {}
        }
        if self.by().is_some() {
            each(Count::Acts);
        }
    }
}
