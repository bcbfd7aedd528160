//! The credit policies of the books: the one in force, and those that were before it. A policy comes
//! into force by a record of its own, so whoever reads the journal knows what each decision was made
//! under.

use std::collections::BTreeMap;

use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::Inconsistent;
use super::policy::Policy;

/// A policy as an operator states it, before it is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// Its version, if it is stated: one that was not in force yet and is higher than all before.
    pub version: Option<u32>,
    pub policy: Policy,
}

/// What makes a policy come into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// How many were adopted with this one; decisions name it by this.
    pub sequence: u32,
    /// What operators call it. It rises with every adoption, so no two policies ever have the same.
    pub version: u32,
    /// The digest of the policy, as [`Policy::digest`] gives it.
    pub digest: [u8; 32],
    pub policy: Policy,
    /// The key of the operator that put it in force.
    pub by: Pin,
}

/// A policy that came into force, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    pub adoption: Adoption,
    /// The position of its record. It is in force for every record behind it, until the next.
    pub position: u64,
    pub at: Timestamp,
}

/// All policies that ever came into force.
#[derive(Default)]
pub struct Policies {
    /// By the sequence of their adoption; the first is 1.
    adopted: BTreeMap<u32, Adopted>,
    /// What holds before the first adoption.
    before: Policy,
}

impl Policies {
    /// The policy that decisions are made under.
    pub fn policy(&self) -> &Policy {
        self.in_force().map_or(&self.before, |adopted| &adopted.adoption.policy)
    }

    /// What was adopted last; nothing in books that no daemon has opened yet.
    pub fn in_force(&self) -> Option<&Adopted> {
        self.adopted.last_key_value().map(|(_, adopted)| adopted)
    }

    /// The sequence of the policy in force; 0 when nothing was adopted yet.
    pub fn sequence(&self) -> u32 {
        self.in_force().map_or(0, |adopted| adopted.adoption.sequence)
    }

    pub fn get(&self, sequence: u32) -> Option<&Adopted> {
        self.adopted.get(&sequence)
    }

    /// Every policy that came into force, the oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Adopted> + ExactSizeIterator {
        self.adopted.values()
    }

    pub(super) fn adopt(
        &mut self,
        adoption: &Adoption,
        position: u64,
        at: Timestamp,
    ) -> Result<(), Inconsistent> {
        let version = self.in_force().map_or(0, |adopted| adopted.adoption.version);
        if self.sequence().checked_add(1) != Some(adoption.sequence) {
            return Err(Inconsistent("a policy is adopted out of its turn"));
        }
        if adoption.version <= version {
            return Err(Inconsistent("a policy is adopted under a version that is taken"));
        }
        if adoption.digest != adoption.policy.digest() {
            return Err(Inconsistent("a policy is not what its digest says"));
        }
        self.adopted.insert(adoption.sequence, Adopted { adoption: adoption.clone(), position, at });
        Ok(())
    }

    /// Puts a policy back that was stored; they may come in any order.
    pub(super) fn load(&mut self, sequence: u32, adopted: Adopted) -> Result<(), Inconsistent> {
        if adopted.adoption.sequence != sequence
            || adopted.adoption.digest != adopted.adoption.policy.digest()
        {
            return Err(Inconsistent("a policy is not what its key says"));
        }
        self.adopted.insert(sequence, adopted);
        Ok(())
    }
}
