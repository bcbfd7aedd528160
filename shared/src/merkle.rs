//! Merkle trees as RFC 9162 (Certificate Transparency) defines them: one hash stands for a list, and
//! a short path proves that a leaf is in it.
//!
//! A leaf is hashed behind a zero byte and a node behind a one, so that no node passes for a leaf. The
//! number of leaves decides only the shape of a path: whoever publishes a root publishes the number
//! with it, and signs both.

use crate::digest::sha256_of_all as hash;

/// A SHA-256 value of a tree.
pub type Node = [u8; 32];

/// Most hashes that a path may have: a tree of 2³² leaves is that deep.
pub const MAX_PATH: usize = 32;

const LEAF_PREFIX: [u8; 1] = [0];
const NODE_PREFIX: [u8; 1] = [1];

/// All hashes of a tree, so that many paths cost one building of it.
pub struct Tree {
    /// The leaves, then the nodes above them, up to the root alone.
    levels: Vec<Vec<Node>>,
}

impl Tree {
    /// The tree over leaves that were hashed with [`leaf`], in their order.
    pub fn new(leaves: Vec<Node>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            // A last node without a neighbour moves up as it is. That gives the same tree as splitting
            // at the largest power of two, which is how the RFC tells it.
            let above = below.chunks(2).map(|pair| match pair {
                [left, right] => node(left, right),
                alone => alone.first().copied().unwrap_or_default(),
            });
            let above = above.collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// The root; that of no leaves is the hash of nothing.
    pub fn root(&self) -> Node {
        let top = self.levels.last().and_then(|level| level.first());
        top.copied().unwrap_or_else(|| hash(&[]))
    }

    /// The path of the leaf at `index`, from its neighbour up; `None` when there is no such leaf.
    pub fn path(&self, index: usize) -> Option<Vec<Node>> {
        self.levels.first()?.get(index)?;
        let neighbours = self.levels.iter().enumerate();
        Some(neighbours.filter_map(|(height, level)| level.get((index >> height) ^ 1).copied()).collect())
    }
}

/// The hash of a leaf with this content.
pub fn leaf(content: &[u8]) -> Node {
    hash(&[&LEAF_PREFIX, content])
}

/// Whether `path` leads from the leaf at `index`, in a tree of `size` leaves, to this root.
pub fn verify(root: &Node, leaf: &Node, index: u32, size: u32, path: &[Node]) -> bool {
    climb(leaf, index, size, path).is_some_and(|found| found == *root)
}

/// The root that `path` leads to from the leaf at `index`; `None` when no tree of `size` leaves has a
/// path of that shape.
pub fn climb(leaf: &Node, index: u32, size: u32, path: &[Node]) -> Option<Node> {
    if index >= size || path.len() > MAX_PATH {
        return None;
    }
    let (mut at, mut last, mut found) = (index, size - 1, *leaf);
    for neighbour in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            found = node(neighbour, &found);
            // The levels on which a last node has no neighbour have no hash in the path.
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            found = node(&found, neighbour);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(found)
}

fn node(left: &Node, right: &Node) -> Node {
    hash(&[&NODE_PREFIX, left, right])
}

#[cfg(test)]
mod tests;
