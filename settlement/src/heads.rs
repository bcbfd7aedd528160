//! Signs the head of each journal group, once for all decisions in it.
//!
//! The signature is made when the first decision of a group is asked for, outside the one writer. Any
//! later one over the same group is the same, byte for byte, after a restart too, so nothing of it has
//! to be kept: what is kept here saves work only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use kessai_shared::identity::Identity;
use kessai_shared::merkle::Tree;
use kessai_shared::receipt::{Decision, GroupHead, Inclusion, Signature};

use crate::ledger::{Decided, Group};

/// Most groups whose trees are kept at hand. A group of 4,096 decisions takes 256 KiB.
const MAX_KEPT: usize = 64;

/// The groups that were signed last, by their first position.
#[derive(Default)]
pub struct Heads {
    kept: Mutex<VecDeque<(u64, Arc<OnceLock<Signed>>)>>,
}

struct Signed {
    head: GroupHead,
    signature: Signature,
    tree: Tree,
}

impl Heads {
    /// The decision with its proof; `None` when the group does not hold it.
    pub fn prove(&self, decided: &Decided, group: &Group, key: &Identity) -> Option<Decision> {
        let index = group.index_of(decided.position)?;
        let place = self.place(group.first);
        // Whoever asks second waits for the first instead of signing again.
        let signed = place.get_or_init(|| Signed::new(group, key));
        let path = signed.tree.path(index)?;
        let (head, signature, index) = (signed.head, signed.signature, u32::try_from(index).ok()?);
        let proof = Inclusion { head, signature, index, path };
        Some(Decision { statement: decided.statement(), sealed_reason: decided.sealed_reason.clone(), proof })
    }

    fn place(&self, first: u64) -> Arc<OnceLock<Signed>> {
        // A place is put in whole, so a panic elsewhere spoils nothing.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = kept.iter().rev().find(|(known, _)| *known == first) {
            return Arc::clone(place);
        }
        if kept.len() >= MAX_KEPT {
            kept.pop_front();
        }
        let place = Arc::default();
        kept.push_back((first, Arc::clone(&place)));
        place
    }
}

impl Signed {
    fn new(group: &Group, key: &Identity) -> Self {
        let tree = Tree::new(group.leaves.iter().map(|(_, leaf)| *leaf).collect());
        let head = GroupHead {
            first: group.first,
            last: group.last,
            at: group.at,
            // A group of the journal has at most 2²⁰ records.
            decisions: u32::try_from(group.leaves.len()).unwrap_or(u32::MAX),
            root: tree.root(),
            journal: group.journal,
        };
        Self { head, signature: head.sign(key), tree }
    }
}
