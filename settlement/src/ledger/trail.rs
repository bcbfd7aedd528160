//! What operators had done, as the changes of the ledger say it.

use kessai_shared::operator::settlement::{AccountRef, Charged};
use kessai_shared::operator::trail::Subject;
use kessai_shared::trail::Act;

use super::account::AccountId;
use super::books::{Change, Key};
use super::closed::BatchChange;
use super::life::Event;

impl Change {
    /// What it is about.
    pub fn subject(&self) -> Option<Subject> {
        match self {
            Change::Opened { id, .. }
            | Change::Restated { id, .. }
            | Change::Rekeyed { id, .. }
            | Change::Issued { id, .. } => Some(account(*id)),
            Change::Account(change) => Some(account(change.id)),
            Change::Decided(decided) => Some(charge((decided.purchase.seller, decided.purchase.order))),
            Change::Reversed { key, .. }
            | Change::Captured { key, .. }
            | Change::Released { key, .. }
            | Change::Refunded { key, .. }
            | Change::PresentedLate { key, .. }
            | Change::Expired { key, .. } => Some(charge(*key)),
            Change::ChargedBack { chargeback, .. } => Some(charge(chargeback.key)),
            Change::Batch(
                BatchChange::Closed { seller, batch, .. }
                | BatchChange::Reconciled { seller, batch, .. }
                | BatchChange::Accepted { seller, batch, .. },
            ) => Some(Subject::Batch(*seller, *batch)),
            Change::Granted(grant) => Some(Subject::Key(grant.seller)),
            Change::Operated { what, .. } => what.subject(),
            Change::PolicyAdopted(_) => None,
        }
    }

    /// The act of an operator that it is, if it is one's.
    pub fn act(&self) -> Option<Act> {
        let by = self.by()?;
        let (reason, bulk) = match self {
            // Tables of accounts come in by thousands, and so are months closed.
            Change::Opened { .. } | Change::Restated { .. } => (String::new(), true),
            Change::Account(change) => match &change.event {
                Event::Stated { .. } | Event::Passed { .. } => (String::new(), true),
                Event::Repaid { amount, .. } | Event::WrittenOff { amount, .. } => {
                    (format!("{amount}"), false)
                }
                Event::Blocked { status, why, .. } => (format!("{status:?}: {why}").to_lowercase(), false),
                Event::Limited { limit, .. } => (format!("{limit}"), false),
                Event::Unblocked { .. } | Event::Closed { .. } => (String::new(), false),
            },
            Change::ChargedBack { chargeback, .. } => {
                (format!("{} {:?}", chargeback.amount, chargeback.reason).to_lowercase(), false)
            }
            Change::Batch(BatchChange::Accepted { reason, .. }) => (reason.clone(), false),
            Change::Batch(BatchChange::Closed { .. } | BatchChange::Reconciled { .. }) => {
                (String::new(), false)
            }
            Change::PolicyAdopted(adoption) => (format!("version {}", adoption.version), false),
            Change::Operated { reason, .. } => (reason.clone(), false),
            Change::Issued { .. } => (String::new(), false),
            // Nothing of these is an operator's.
            Change::Decided(_)
            | Change::Reversed { .. }
            | Change::Captured { .. }
            | Change::Released { .. }
            | Change::Refunded { .. }
            | Change::PresentedLate { .. }
            | Change::Expired { .. }
            | Change::Rekeyed { .. }
            | Change::Granted(_) => return None,
        };
        Some(Act { by, what: self.name(), on: self.subject(), reason, bulk })
    }
}

fn account(AccountId(id): AccountId) -> Subject {
    Subject::Account(AccountRef(id))
}

fn charge((seller, order): Key) -> Subject {
    Subject::Charge(Charged { seller, order })
}
