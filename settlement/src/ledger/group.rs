//! What stays of a journal group that holds decisions: enough to sign its head again at any time and
//! to show where in it each decision stands.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use kessai_shared::merkle::Node;
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::Inconsistent;

/// One group of the journal with its decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The positions of its first and last record.
    pub first: u64,
    pub last: u64,
    /// When its last record was written.
    pub at: Timestamp,
    /// The hash of the journal's chain after it.
    pub journal: [u8; 32],
    /// The position of each decision and its leaf in the group's tree, in the journal's order.
    pub leaves: Vec<(u64, Node)>,
}

/// The end of a durable group of the journal: its last position, and the chain's hash after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub position: u64,
    pub hash: [u8; 32],
}

/// Most ends of groups that are kept at hand, 40 bytes each.
const MAX_ENDS: usize = 16_384;

/// The ends of the groups that came last, with decisions or without.
#[derive(Default)]
pub(super) struct Ends(VecDeque<End>);

impl Ends {
    pub(super) fn last(&self) -> Option<End> {
        self.0.back().copied()
    }

    pub(super) fn put(&mut self, end: End) {
        if self.0.len() >= MAX_ENDS {
            self.0.pop_front();
        }
        self.0.push_back(end);
    }

    /// The hash after a position, when a group that is at hand ends there.
    pub(super) fn hash_at(&self, position: u64) -> Option<[u8; 32]> {
        let at = self.0.binary_search_by_key(&position, |end| end.position).ok()?;
        self.0.get(at).map(|end| end.hash)
    }
}

/// All groups that hold decisions, and what is decided in the group that is still open.
#[derive(Default)]
pub(super) struct Groups {
    /// By first position. They are shared with whoever proves a decision, outside the one writer.
    ended: BTreeMap<u64, Arc<Group>>,
    open: Vec<(u64, Node)>,
}

impl Group {
    /// Which of the group's decisions stands at this position.
    pub fn index_of(&self, position: u64) -> Option<usize> {
        self.leaves.binary_search_by_key(&position, |(at, _)| *at).ok()
    }
}

impl Groups {
    pub(super) fn decided(&mut self, position: u64, leaf: Node) {
        self.open.push((position, leaf));
    }

    /// Ends the open group, of which nothing stays when it holds no decisions.
    pub(super) fn end(&mut self, first: u64, last: u64, at: Timestamp, journal: [u8; 32]) {
        let mut leaves = std::mem::take(&mut self.open);
        // It is kept for good, and most groups are small.
        leaves.shrink_to_fit();
        if !leaves.is_empty() {
            self.ended.insert(first, Arc::new(Group { first, last, at, journal, leaves }));
        }
    }

    pub(super) fn begun_at(&self, first: u64) -> Option<&Arc<Group>> {
        self.ended.get(&first)
    }

    /// The group that a position lies in, if it holds decisions and is durable.
    pub(super) fn around(&self, position: u64) -> Option<&Arc<Group>> {
        let (_, group) = self.ended.range(..=position).next_back()?;
        (position <= group.last).then_some(group)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Group> {
        self.ended.values().map(AsRef::as_ref)
    }

    pub(super) fn load(&mut self, first: u64, group: Group) -> Result<(), Inconsistent> {
        let rising = group.leaves.is_sorted_by(|(one, _), (next, _)| one < next);
        let inside = group.leaves.iter().all(|(at, _)| (group.first..=group.last).contains(at));
        if group.first != first || group.leaves.is_empty() || !rising || !inside {
            return Err(Inconsistent("a group does not hold what its key says"));
        }
        self.ended.insert(first, Arc::new(group));
        Ok(())
    }
}
