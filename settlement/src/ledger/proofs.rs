//! Counts the decisions and their groups a second time, by other means than the books do.

use std::collections::BTreeMap;

use kessai_shared::merkle::{self, Node, Tree};
use kessai_shared::outcome::Reason;
use kessai_shared::receipt::{Statement, Verdict};
use kessai_shared::time::Timestamp;

use super::books::{Books, DecidedChange, Key};
use super::group::Group;
use super::hold::Decided;

/// How much of the books can be proved to anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proven {
    /// Groups of the journal whose heads are signed: those that hold decisions.
    pub groups: u64,
    /// Decisions that have their place in one of them.
    pub decisions: u64,
}

/// The decisions as the changes tell them.
#[derive(Default)]
pub(super) struct Proofs {
    by_position: BTreeMap<u64, (Key, Node)>,
}

impl Proofs {
    pub(super) fn see(&mut self, change: &DecidedChange, position: u64, decided_at: Timestamp) {
        let DecidedChange { purchase, reason, sealed_reason, .. } = change;
        let verdict = if *reason == Reason::Approved { Verdict::Approved } else { Verdict::Declined };
        let statement = Statement { purchase: *purchase, verdict, position, decided_at };
        let key = (purchase.seller, purchase.order);
        self.by_position.insert(position, (key, statement.leaf(sealed_reason)));
    }

    /// Takes in a decision whose change is not there any more.
    pub(super) fn load(&mut self, key: Key, decided: &Decided) {
        self.by_position.insert(decided.position, (key, decided.leaf()));
    }

    /// Recomputes every group's tree and every decision's path in it. Besides what can be proved, this
    /// gives the order and a sentence for everything that cannot.
    pub(super) fn check(&self, books: &Books) -> (Proven, Vec<(Key, String)>) {
        let (mut proven, mut problems) = (Proven::default(), Vec::new());
        let mut left = self.by_position.clone();
        for group in books.groups() {
            proven.groups += 1;
            let tree = Tree::new(group.leaves.iter().map(|(_, leaf)| *leaf).collect());
            for (position, (key, leaf)) in self.by_position.range(group.first..=group.last) {
                left.remove(position);
                if stands(group, &tree, *position, leaf) {
                    proven.decisions += 1;
                } else {
                    problems.push((*key, "is not what its group of the journal says".to_owned()));
                }
            }
            let there = self.by_position.range(group.first..=group.last).next();
            let seen = self.by_position.range(group.first..=group.last).count();
            if let Some((_, (key, _))) = there.filter(|_| seen != group.leaves.len()) {
                problems.push((*key, format!("is one of {seen} in a group of {}", group.leaves.len())));
            }
        }
        problems.extend(left.into_values().map(|(key, _)| (key, "stands in no group".to_owned())));
        (proven, problems)
    }
}

fn stands(group: &Group, tree: &Tree, position: u64, leaf: &Node) -> bool {
    let size = u32::try_from(group.leaves.len()).unwrap_or(u32::MAX);
    let index = group.index_of(position);
    let proof = index.and_then(|index| Some((u32::try_from(index).ok()?, tree.path(index)?)));
    proof.is_some_and(|(index, path)| merkle::verify(&tree.root(), leaf, index, size, &path))
}
