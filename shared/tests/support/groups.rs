//! Decisions as a settlement gives them out: groups of a journal with signed heads.

use kessai_shared::identity::Identity;
use kessai_shared::merkle::Tree;
use kessai_shared::receipt::{Decision, GroupHead, Inclusion, Statement};

/// The decisions of one group that holds nothing else, each with its proof.
pub fn signed_group(decided: &[(Statement, Vec<u8>)], key: &Identity) -> Vec<Decision> {
    let leaves = decided.iter().map(|(statement, reason)| statement.leaf(reason)).collect();
    let tree = Tree::new(leaves);
    let (first, last) = (&decided[0].0, &decided[decided.len() - 1].0);
    let head = GroupHead {
        first: first.position,
        last: last.position,
        at: last.decided_at,
        decisions: decided.len() as u32,
        root: tree.root(),
        journal: [0xdd; 32],
    };
    let signature = head.sign(key);
    let proved = decided.iter().enumerate().map(|(index, (statement, reason))| {
        let path = tree.path(index).expect("a leaf of the tree");
        let proof = Inclusion { head, signature, index: index as u32, path };
        Decision { statement: statement.clone(), sealed_reason: reason.clone(), proof }
    });
    proved.collect()
}
