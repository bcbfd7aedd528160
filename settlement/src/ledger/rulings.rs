//! Holds every decision against the policy it names, as part of the audit: that policy was in force
//! there, and under it the account gets the same answer once more.

use kessai_shared::outcome::Reason;

use super::account::{Account, MAX_RECENT_KEPT};
use super::at_rest::Candidate;
use super::books::{Books, DecidedChange};
use super::decision::{Presented, about_money, decide};
use super::policies::{Adopted, Adoption};
use super::policy::Policy;

/// The policies as the changes tell them.
#[derive(Default)]
pub(super) struct Rulings {
    /// Each with the position it was adopted at, in their order.
    adopted: Vec<(u64, Adoption)>,
    before: Policy,
}

impl Rulings {
    /// Takes in a policy whose change is not there any more.
    pub(super) fn load(&mut self, adopted: &Adopted) {
        self.adopted.push((adopted.position, adopted.adoption.clone()));
    }

    /// Takes in an adoption; a sentence when it is not one that may follow.
    pub(super) fn adopt(&mut self, adoption: &Adoption, position: u64) -> Option<String> {
        let last = self.adopted.last().map_or((0, 0), |(_, last)| (last.sequence, last.version));
        self.adopted.push((position, adoption.clone()));
        let Adoption { sequence, version, .. } = *adoption;
        if last.0.checked_add(1) != Some(sequence) || version <= last.1 {
            return Some(format!("policy: version {version} at {position} does not rise above those before"));
        }
        let mistakes = adoption.policy.mistakes();
        (!mistakes.is_empty()).then(|| format!("policy: version {version}: {}", mistakes.join("; ")))
    }

    /// The policy that a decision at this position names.
    ///
    /// # Errors
    /// What is wrong when it was not in force there.
    pub(super) fn in_force_at(&self, position: u64, sequence: u32) -> Result<&Policy, String> {
        let behind = self.adopted.partition_point(|(adopted, _)| *adopted < position);
        let in_force = behind.checked_sub(1).and_then(|index| self.adopted.get(index));
        let there = in_force.map_or(0, |(_, adoption)| adoption.sequence);
        if there != sequence {
            return Err(format!("is decided under policy {sequence} where policy {there} was in force"));
        }
        Ok(in_force.map_or(&self.before, |(_, adoption)| &adoption.policy))
    }

    /// Decides once more under the policy that was in force; `books` are as they are after it. What
    /// spoke against the card or its holder cannot be seen again, what the account and the policy
    /// alone decided can.
    ///
    /// # Errors
    /// What is wrong with the decision.
    pub(super) fn judge(&self, change: &DecidedChange, position: u64, books: &Books) -> Result<(), String> {
        let policy = self.in_force_at(position, change.policy)?;
        let account = change.account.and_then(|id| books.account(id));
        let Some(account) = account.filter(|_| about_money(change.reason)) else { return Ok(()) };
        let mut before = account.clone();
        if change.reason == Reason::Approved {
            // The oldest approval stands for those before it, and which they were is not known again.
            if before.recent.len() >= MAX_RECENT_KEPT && (policy.amount.or(policy.frequency)).is_some() {
                return Ok(());
            }
            before.held.0 -= change.purchase.amount.0;
            before.recent.pop();
        }
        // The hold's end tells what the clock said.
        let now = change.expires.minus_seconds(policy.hold_seconds);
        let money = (change.purchase.amount, change.purchase.currency);
        let again = decide(Some(&as_its_holder(&before)), Some(&before), 0, money, policy, now);
        if again == change.reason {
            return Ok(());
        }
        let (said, says) = (change.reason.name(), again.name());
        Err(format!("is {said}, and policy {} says {says}", change.policy))
    }
}

/// What comes out of a sealed card when its own holder pays with it.
fn as_its_holder(account: &Account) -> Presented {
    let Account { generation, index, particulars, .. } = *account;
    Presented {
        passes_luhn: true,
        candidates: vec![Candidate { generation, index, particulars }],
        expiry: account.expiry,
        holder: account.holder_key,
        enrolment: None,
    }
}
