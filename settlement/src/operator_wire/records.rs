//! One record of the ledger's journal, as lines for whoever looks it up. None says anything of a card.

use kessai_shared::journal::Record;
use kessai_shared::operator::settlement::EntriesOf;
use kessai_shared::operator::trail::{MAX_LINES, RecordRow};

use super::entries::rows_of;
use crate::ledger::Change;

pub fn row(record: &Record, change: &Change) -> RecordRow {
    let mut lines = lines(change);
    // Currency and amount stand once in each, whoever reads on has the account.
    lines.extend(rows_of(record, change, EntriesOf::All).iter().map(|entry| {
        format!("debit {}, credit {}: {}", entry.debit, entry.credit, entry.amount.show(entry.currency))
    }));
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
        Change::Decided(decided) => vec![
            format!("{} ({})", decided.reason.name(), decided.reason.code()),
            decided.purchase.amount.show(decided.purchase.currency),
        ],
        Change::Captured { capture, .. } => vec![format!("clearing batch {}", capture.batch)],
        Change::Refunded { batch, .. } => vec![format!("clearing batch {batch}")],
        Change::PolicyAdopted(adoption) => vec![format!("policy version {}", adoption.version)],
        Change::Granted(grant) => vec![format!("epoch {} for node {}", grant.epoch, grant.node)],
        Change::Operated { .. }
        | Change::Account(_)
        | Change::ChargedBack { .. }
        | Change::Batch(_)
        | Change::Issued { .. } => {
            let reason = change.act().map(|act| act.reason).filter(|reason| !reason.is_empty());
            reason.into_iter().collect()
        }
        Change::Opened { .. }
        | Change::Restated { .. }
        | Change::Reversed { .. }
        | Change::Released { .. }
        | Change::PresentedLate { .. }
        | Change::Expired { .. }
        | Change::Rekeyed { .. } => Vec::new(),
    }
}
