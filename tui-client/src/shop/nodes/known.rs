//! What a terminal knows of the nodes of its shop, and which of them it asks.

use kessai_shared::ids::Epoch;
use kessai_shared::storefront::Standing;

/// Nodes are known by their place in the shop's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    nodes: usize,
    /// Which one is asked next.
    at: usize,
    /// The newest epoch under which any node said to be in charge.
    epoch: Epoch,
    /// Which node said so, while nothing speaks against it.
    in_charge: Option<usize>,
    /// The node that said last that it only shows.
    shows: Option<usize>,
}

/// What the word of a node is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    InCharge,
    Standby,
    /// It takes itself to be in charge, and another one is since: it does not know that its time is over.
    Outdated,
}

impl Known {
    /// So many nodes, which nothing is known of: the first is asked first. At least one.
    pub fn of(nodes: usize) -> Self {
        Self { nodes: nodes.max(1), at: 0, epoch: Epoch::NONE, in_charge: None, shows: None }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    /// A node that shows what it has, other than the one that is asked anyway.
    pub fn shows(&self) -> Option<usize> {
        self.shows.filter(|node| *node != self.at)
    }

    /// Takes in what a node says of itself.
    pub fn hears(&mut self, node: usize, standing: Standing) -> Word {
        match standing {
            Standing::InCharge { epoch } if epoch < self.epoch => Word::Outdated,
            Standing::InCharge { epoch } => {
                let newer = epoch > self.epoch;
                // Two addresses of one node are equally good, so the one in use stays.
                if newer || self.in_charge.is_none() {
                    (self.epoch, self.in_charge, self.at) = (epoch, Some(node), node);
                }
                self.shows = self.shows.filter(|shows| *shows != node);
                Word::InCharge
            }
            Standing::Standby { .. } => {
                self.doubts(node);
                self.shows = Some(node);
                self.at = self.in_charge.unwrap_or(self.at);
                Word::Standby
            }
        }
    }

    /// A node has been asked for a while and has said nothing: whoever else is in charge is the better one.
    pub fn doubts(&mut self, node: usize) {
        self.in_charge = self.in_charge.filter(|known| *known != node);
    }

    /// A node gave no answer, or none that counts: the next one is asked, unless it is known which is in charge.
    pub fn passes_by(&mut self, node: usize) {
        self.doubts(node);
        if self.at == node {
            self.at = self.in_charge.unwrap_or((node + 1) % self.nodes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_charge(epoch: u64) -> Standing {
        Standing::InCharge { epoch: Epoch(epoch) }
    }

    const STANDBY: Standing = Standing::Standby { behind_ms: Some(1) };

    #[test]
    fn the_newest_epoch_is_asked_whoever_else_claims_to_be_in_charge() {
        let mut known = Known::of(3);
        assert_eq!(known.hears(0, in_charge(4)), Word::InCharge);
        assert_eq!(known.hears(2, in_charge(5)), Word::InCharge);
        assert_eq!(known.at(), 2);
        assert_eq!(known.hears(0, in_charge(4)), Word::Outdated, "it came back and does not know");
        assert_eq!(known.at(), 2);
        assert_eq!(known.hears(0, in_charge(6)), Word::InCharge);
        assert_eq!(known.at(), 0);
    }

    #[test]
    fn a_standby_is_passed_by_for_the_node_in_charge_and_shows_while_there_is_none() {
        let mut known = Known::of(2);
        assert_eq!(known.hears(0, STANDBY), Word::Standby);
        known.passes_by(0);
        assert_eq!((known.at(), known.shows()), (1, Some(0)));
        assert_eq!(known.hears(1, in_charge(1)), Word::InCharge);
        known.hears(0, STANDBY);
        assert_eq!(known.at(), 1, "who is in charge is known");
        known.passes_by(1);
        assert_eq!(known.at(), 0, "it has fallen silent");
        assert_eq!(known.hears(0, in_charge(2)), Word::InCharge);
        assert_eq!((known.at(), known.shows()), (0, None));
    }

    #[test]
    fn two_addresses_of_one_node_take_turns_only_when_one_is_silent() {
        let mut known = Known::of(2);
        for node in [0, 1, 0, 1] {
            assert_eq!(known.hears(node, in_charge(7)), Word::InCharge);
            assert_eq!(known.at(), 0);
        }
        known.doubts(0);
        known.hears(1, in_charge(7));
        assert_eq!(known.at(), 1);
    }

    #[test]
    fn every_node_is_asked_in_its_turn() {
        let mut known = Known::of(3);
        let asked: Vec<usize> = (0..6)
            .map(|_| {
                let at = known.at();
                known.passes_by(at);
                at
            })
            .collect();
        assert_eq!(asked, [0, 1, 2, 0, 1, 2]);
    }
}
