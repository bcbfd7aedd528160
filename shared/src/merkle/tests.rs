use super::*;
use proptest::prelude::*;

/// The leaves and roots that Certificate Transparency's own implementations are tested with.
const LEAVES: [&[u8]; 8] = [
    &[],
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn leaves(count: usize) -> Vec<Node> {
    (0..count as u64).map(|number| leaf(&number.to_le_bytes())).collect()
}

/// The tree as the RFC defines it: split at the largest power of two below the number of leaves.
fn root_of(leaves: &[Node]) -> Node {
    match leaves {
        [] => hash(&[]),
        [alone] => *alone,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node(&root_of(left), &root_of(right))
        }
    }
}

fn path_of(leaves: &[Node], index: usize) -> Vec<Node> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut path, other) = if index < left.len() {
        (path_of(left, index), root_of(right))
    } else {
        (path_of(right, index - left.len()), root_of(left))
    };
    path.push(other);
    path
}

/// How long the path of a leaf is in a tree of this size.
fn depth(index: usize, size: usize) -> Option<usize> {
    let left = size.next_power_of_two() / 2;
    match size {
        _ if index >= size => None,
        1 => Some(0),
        _ if index < left => depth(index, left).map(|below| below + 1),
        _ => depth(index - left, size - left).map(|below| below + 1),
    }
}

#[test]
fn the_roots_are_those_of_the_rfc() {
    for (count, root) in ROOTS.iter().enumerate() {
        let tree = Tree::new(LEAVES[..count].iter().map(|content| leaf(content)).collect());
        let found: String = tree.root().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, *root, "{count} leaves");
    }
}

#[test]
fn every_leaf_of_every_tree_is_proved_at_its_place_alone() {
    for size in 1..=70_usize {
        let all = leaves(size);
        let tree = Tree::new(all.clone());
        assert_eq!(tree.root(), root_of(&all), "{size} leaves");
        assert_eq!(tree.path(size), None);
        for (index, leaf) in all.iter().enumerate() {
            let path = tree.path(index).expect("a leaf of the tree");
            assert_eq!(path, path_of(&all, index), "leaf {index} of {size}");
            let proves = |index: usize, size: usize, path: &[Node]| {
                verify(&tree.root(), leaf, index as u32, size as u32, path)
            };
            assert!(proves(index, size, &path), "leaf {index} of {size}");
            for other in (0..size + 2).filter(|other| *other != index) {
                assert!(!proves(other, size, &path), "leaf {index} of {size} at {other}");
            }
            let longer: Vec<Node> = path.iter().copied().chain([[0; 32]]).collect();
            assert!(!proves(index, size, &longer));
            // Other sizes may give the leaf a path of the same shape: whoever signs a root signs its size.
            for other in (0..140).filter(|other| depth(index, *other) != Some(path.len())) {
                assert!(!proves(index, other, &path), "leaf {index} of {size}, said to be of {other}");
            }
            if let Some((_, shorter)) = path.split_last() {
                assert!(!proves(index, size, shorter));
                assert!(!proves(index, size, &path[1..]));
            }
            if path.len() > 1 {
                let turned: Vec<Node> = path.iter().rev().copied().collect();
                assert!(!proves(index, size, &turned));
            }
        }
    }
}

/// Nobody can sign such a root by mistake; it is refused all the same, as the RFC wants it.
#[test]
fn a_path_that_goes_on_above_the_root_is_refused() {
    let (leaf, above) = (leaf(b"low"), [7; 32]);
    assert!(!verify(&node(&above, &leaf), &leaf, 0, 1, &[above]));
    assert!(!verify(&node(&leaf, &above), &leaf, 0, 1, &[above]));
}

#[test]
fn a_path_past_its_limit_is_refused_before_it_is_walked() {
    let (leaf, path) = (leaf(b"deep"), vec![[7; 32]; MAX_PATH + 1]);
    let root_over = |path: &[Node]| path.iter().fold(leaf, |below, neighbour| node(&below, neighbour));
    assert!(verify(&root_over(&path[1..]), &leaf, 0, u32::MAX, &path[1..]), "32 levels are allowed");
    assert!(!verify(&root_over(&path), &leaf, 0, u32::MAX, &path));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_bit_anywhere_is_found(size in 1..300_usize, pick: prop::sample::Index, bit in 0..256_usize) {
        let all = leaves(size);
        let tree = Tree::new(all.clone());
        let index = pick.index(size);
        let (root, path) = (tree.root(), tree.path(index).expect("a leaf of the tree"));
        let flipped = |node: Node| {
            let mut node = node;
            node[bit / 8] ^= 1 << (bit % 8);
            node
        };
        let proves = |root: &Node, leaf: &Node, path: &[Node]| verify(root, leaf, index as u32, size as u32, path);
        prop_assert!(proves(&root, &all[index], &path));
        prop_assert!(!proves(&flipped(root), &all[index], &path));
        prop_assert!(!proves(&root, &flipped(all[index]), &path));
        for at in 0..path.len() {
            let mut path = path.clone();
            path[at] = flipped(path[at]);
            prop_assert!(!proves(&root, &all[index], &path));
        }
    }
}
