//! The settlement's decision, and the proof that it stands in the settlement's journal.
//!
//! The settlement signs once for each group of its journal: a head with the root of a Merkle tree over
//! the group's decisions. A decision carries the signed head and its path in that tree, so it can be
//! checked by anybody, without asking, for as long as the decision key is known.

use serde::{Deserialize, Serialize};

use super::{Afresh, Checks, Forged, Purchase, Signature, Verdict};
use crate::codec;
use crate::digest::sha256;
use crate::identity::Identity;
use crate::merkle::{self, Node};
use crate::time::Timestamp;

/// What the settlement decided about one purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub purchase: Purchase,
    pub verdict: Verdict,
    /// Where in the settlement's journal the decision stands, and when it was written there.
    pub position: u64,
    pub decided_at: Timestamp,
}

/// What the settlement puts its name to: one group of its journal, with all decisions in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupHead {
    /// The positions of the group's first and last record in the journal.
    pub first: u64,
    pub last: u64,
    /// When the last record was written.
    pub at: Timestamp,
    /// How many of the records are decisions: the size of the tree.
    pub decisions: u32,
    /// The root of the tree over the decisions, in the journal's order.
    pub root: Node,
    /// The hash of the journal's chain after the group, which stands for all that came before too.
    pub journal: [u8; 32],
}

/// Where in which group a decision stands, proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    pub head: GroupHead,
    pub signature: Signature,
    /// Which of the group's decisions it is, from 0.
    pub index: u32,
    /// At most [`merkle::MAX_PATH`] hashes.
    pub path: Vec<Node>,
}

/// A decision as it travels: the reason is readable only by the terminal that sealed the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub statement: Statement,
    /// Empty when the seal did not open, because then there is no key to seal a reason with.
    #[serde(with = "serde_bytes")]
    pub sealed_reason: Vec<u8>,
    pub proof: Inclusion,
}

impl Statement {
    /// What stands for a decision with this reason in the tree of its group.
    pub fn leaf(&self, sealed_reason: &[u8]) -> Node {
        merkle::leaf(&sha256(&[b"kessai decision leaf v1", &codec::encode(self), sealed_reason]))
    }
}

impl GroupHead {
    /// The signature on the head. The same key always gives the same one.
    pub fn sign(&self, decision_key: &Identity) -> Signature {
        decision_key.sign(&self.digest()).into()
    }

    fn digest(&self) -> [u8; 32] {
        sha256(&[b"kessai group head v1", &codec::encode(self)])
    }
}

impl Decision {
    /// Whether the settlement decided this about exactly this purchase, and it stands in its journal.
    ///
    /// # Errors
    /// [`Forged`] when it speaks of another purchase, does not stand in the group whose head it
    /// carries, or the head is not signed with this key.
    pub fn verify(&self, about: &Purchase, decision_key: &[u8; 32]) -> Result<Verdict, Forged> {
        self.verify_by(about, decision_key, &Afresh)
    }

    /// As [`Decision::verify`], the head's signature checked by somebody who may remember it.
    ///
    /// # Errors
    /// As [`Decision::verify`].
    pub fn verify_by(
        &self,
        about: &Purchase,
        decision_key: &[u8; 32],
        checks: &impl Checks,
    ) -> Result<Verdict, Forged> {
        let Inclusion { head, signature, index, path } = &self.proof;
        if self.statement.purchase != *about {
            return Err(Forged::OtherPurchase);
        }
        if !(head.first..=head.last).contains(&self.statement.position) {
            return Err(Forged::OtherGroup);
        }
        let leaf = self.statement.leaf(&self.sealed_reason);
        if !merkle::verify(&head.root, &leaf, *index, head.decisions, path) {
            return Err(Forged::NotInGroup);
        }
        checks.check(signature, decision_key, &head.digest())?;
        Ok(self.statement.verdict)
    }
}
