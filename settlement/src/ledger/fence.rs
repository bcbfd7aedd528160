//! Which node of each seller is in charge: the epochs that were granted, and how far the journal of the
//! node in charge had come. A decision of an older epoch cannot follow from the books (I10).

use std::collections::BTreeMap;

use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{Mode, Run, Why};
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::Inconsistent;

/// Who is in charge of a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    pub epoch: Epoch,
    pub node: NodeId,
    pub mode: Mode,
    /// The run of the node's program that was granted it, and which of its claims that was.
    pub run: Run,
    /// The highest position that the journal of a node in charge is known to have had.
    pub position: u64,
    /// When it was granted.
    pub since: Timestamp,
}

/// What makes a node the one in charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub seller: Pin,
    pub epoch: Epoch,
    pub node: NodeId,
    pub mode: Mode,
    pub run: Run,
    /// Why it was claimed.
    pub why: Why,
    /// How far the journal of the node had come that claimed.
    pub at: u64,
}

/// Who is in charge of every shop that ever had a node. A row for each; only listed sellers have any.
#[derive(Default)]
pub struct Fences(BTreeMap<Pin, Fence>);

impl Fences {
    pub fn of(&self, seller: Pin) -> Option<&Fence> {
        self.0.get(&seller)
    }

    /// The newest epoch of a shop; none when nobody ever claimed it.
    pub fn epoch(&self, seller: Pin) -> Epoch {
        self.of(seller).map_or(Epoch::NONE, |fence| fence.epoch)
    }

    pub fn all(&self) -> impl Iterator<Item = (&Pin, &Fence)> {
        self.0.iter()
    }

    pub(super) fn grant(&mut self, grant: &Grant, at: Timestamp) -> Result<(), Inconsistent> {
        let before = self.of(grant.seller);
        if grant.epoch <= self.epoch(grant.seller) {
            return Err(Inconsistent("an epoch is granted that is not newer than the last"));
        }
        // What the last node had is what a stale copy is held against, so a promotion by force starts anew.
        let position = before.filter(|fence| fence.node == grant.node).map_or(0, |fence| fence.position);
        let Grant { seller, epoch, node, mode, run, why: _, at: reached } = *grant;
        let position = position.max(reached);
        self.0.insert(seller, Fence { epoch, node, mode, run, position, since: at });
        Ok(())
    }

    /// Takes in that something of a seller was carried out under an epoch.
    pub(super) fn expect(&self, seller: Pin, epoch: Epoch) -> Result<(), Inconsistent> {
        if self.epoch(seller) == epoch {
            Ok(())
        } else {
            Err(Inconsistent("an act under an epoch that is not the newest"))
        }
    }

    /// Takes in how far the journal of the node in charge has come.
    pub(super) fn reached(&mut self, seller: Pin, at: u64) {
        if let Some(fence) = self.0.get_mut(&seller) {
            fence.position = fence.position.max(at);
        }
    }

    pub(super) fn load(&mut self, seller: Pin, fence: Fence) {
        self.0.insert(seller, fence);
    }
}
