//! I10 once more, from the changes alone: the epochs of a seller rise with every grant, and whatever a
//! seller's node had done belongs to the epoch that was the newest at its place in the journal.

use std::collections::HashMap;

use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::pin::Pin;

use crate::ledger::books::{Books, Change};

/// The last grant of a seller: its epoch, its node, and the position of its record.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Last {
    epoch: Epoch,
    node: NodeId,
}

#[derive(Default)]
pub(super) struct Epochs(HashMap<Pin, Last>);

impl Epochs {
    /// Begins with the rows of a checkpoint.
    pub(super) fn begin(&mut self, books: &Books) {
        for (seller, fence) in books.fences().all() {
            self.0.insert(*seller, Last { epoch: fence.epoch, node: fence.node });
        }
    }

    /// Takes in the change at a position; what is wrong with it.
    pub(super) fn see(&mut self, change: &Change, position: u64) -> Option<String> {
        if let Change::Granted(grant) = change {
            let last = Last { epoch: grant.epoch, node: grant.node };
            let before = self.0.insert(grant.seller, last).map_or(Epoch::NONE, |last| last.epoch);
            return (grant.epoch <= before).then(|| {
                let (seller, epoch) = (grant.seller, grant.epoch);
                format!("I10: record {position} grants seller {seller} epoch {epoch} after epoch {before}")
            });
        }
        let (seller, epoch) = change.under()?;
        let newest = self.0.get(&seller).map_or(Epoch::NONE, |last| last.epoch);
        (epoch != newest).then(|| {
            format!("I10: record {position} of seller {seller} is of epoch {epoch}, granted was {newest}")
        })
    }

    /// What is wrong with the books, after the last change.
    pub(super) fn finish(self, books: &Books) -> Vec<String> {
        let told: HashMap<_, _> = books.fences().all().collect();
        let wrong = |seller: &Pin, last: &Last| {
            told.get(seller).is_none_or(|fence| (fence.epoch, fence.node) != (last.epoch, last.node))
        };
        let mut problems: Vec<_> = self.0.iter().filter(|(seller, last)| wrong(seller, last)).collect();
        problems.sort_unstable_by_key(|(seller, _)| **seller);
        let count =
            (self.0.len() != told.len()).then(|| "I10: a seller has a fence without a grant".to_owned());
        let told = problems.into_iter().map(|(seller, last)| {
            format!(
                "I10: the books do not have epoch {} of seller {seller}, which was granted last",
                last.epoch
            )
        });
        told.chain(count).collect()
    }
}
