//! Trees, and what is signed with them: `cargo bench -p kessai-shared --bench merkle`.
//!
//! A tree over so many leaves; one path out of it; following one path up to the root. Then the quotes of
//! one line that a seller signs at once, with `items/s` as quotes a second, and what a terminal does with
//! one of them: all of it afresh, or with the signature remembered from another quote of the batch. A
//! group head is what the settlement signs once a journal group.

mod support;

use std::cell::Cell;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kessai_shared::merkle::{self, Node, Tree};
use kessai_shared::receipt::{Afresh, GroupHead, Quote, Remembering, SignedQuote, sign_all};
use support::{NOW, quote, seller};

/// Leaves of a tree.
const SIZES: [u32; 2] = [64, 1_024];
/// Quotes that are signed at once.
const BATCH: u64 = 64;

fn main() {
    support::run();
}

#[divan::bench(args = SIZES)]
fn tree(bencher: Bencher, size: u32) {
    bencher.with_inputs(|| leaves(size)).bench_values(Tree::new);
}

#[divan::bench(args = SIZES)]
fn path(bencher: Bencher, size: u32) {
    let tree = Tree::new(leaves(size));
    bencher.bench(|| tree.path(black_box(size as usize / 3)).expect("a leaf"));
}

#[divan::bench(args = SIZES)]
fn verify(bencher: Bencher, size: u32) {
    let leaves = leaves(size);
    let at = size / 3;
    let leaf = leaves[at as usize];
    let tree = Tree::new(leaves);
    let (root, path) = (tree.root(), tree.path(at as usize).expect("a leaf"));
    assert!(merkle::verify(&root, &leaf, at, size, &path));
    bencher.bench(|| merkle::verify(black_box(&root), &leaf, at, size, &path));
}

#[divan::bench(args = [1, BATCH])]
fn quotes_signed(bencher: Bencher, quotes: u64) {
    let seller = seller();
    let asked: Vec<Quote> = (0..quotes).map(|nth| quote(nth, 1)).collect();
    bencher
        .counter(ItemsCount::new(quotes))
        .with_inputs(|| asked.clone())
        .bench_values(|quotes| sign_all(quotes, &seller));
}

#[divan::bench]
fn quote_verified_afresh(bencher: Bencher) {
    let (seller, signed) = (seller().pin(), batch());
    bencher.bench(|| assert!(black_box(&signed[7]).verify_by(seller, &Afresh).is_ok()));
}

#[divan::bench]
fn quote_verified_with_a_memory(bencher: Bencher) {
    let (seller, signed, memory) = (seller().pin(), batch(), Remembering::default());
    signed[0].verify_by(seller, &memory).expect("a quote of this seller");
    let next = Cell::new(0);
    bencher
        .with_inputs(|| &signed[next.replace((next.get() + 1) % signed.len())])
        .bench_local_values(|quote| assert!(quote.verify_by(seller, &memory).is_ok()));
}

#[divan::bench]
fn group_head_signed(bencher: Bencher) {
    let key = seller();
    let (first, last, decisions) = (1, BATCH, BATCH as u32);
    let head = GroupHead { first, last, at: NOW, decisions, root: [1; 32], journal: [2; 32] };
    bencher.bench(|| black_box(&head).sign(&key));
}

fn leaves(size: u32) -> Vec<Node> {
    (0..size).map(|nth| merkle::leaf(&nth.to_le_bytes())).collect()
}

fn batch() -> Vec<SignedQuote> {
    sign_all((0..BATCH).map(|nth| quote(nth, 1)).collect(), &seller())
}
