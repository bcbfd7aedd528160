//! What an order's journal record costs: `cargo bench -p kessai-server --bench record`.
//!
//! Time for one record, and the bytes of it in a second: an order of so many lines that was placed, and
//! its decision, with a path of 8 hashes in its proof.

#[path = "../../shared/benches/support/mod.rs"]
mod support;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use kessai_server::sales::{Books, Change};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, GroupHead, Inclusion, Statement, Verdict};
use kessai_shared::store::Books as _;
use support::{LINES, NOW, quote, seller};

fn main() {
    support::run();
}

#[divan::bench(args = LINES)]
fn placed_encode(bencher: Bencher, lines: u32) {
    encode(bencher, &placed(lines));
}

#[divan::bench(args = LINES)]
fn placed_decode(bencher: Bencher, lines: u32) {
    decode(bencher, &placed(lines));
}

#[divan::bench]
fn decided_encode(bencher: Bencher) {
    encode(bencher, &decided());
}

#[divan::bench]
fn decided_decode(bencher: Bencher) {
    decode(bencher, &decided());
}

fn encode(bencher: Bencher, change: &Change) {
    bencher.counter(BytesCount::new(Books::encode(change).len())).bench(|| Books::encode(black_box(change)));
}

fn decode(bencher: Bencher, change: &Change) {
    let bytes = Books::encode(change);
    let back = || Books::decode(black_box(&bytes)).expect("the bytes of a change");
    assert!(back() == *change, "the change comes back as it was");
    bencher.counter(BytesCount::new(bytes.len())).bench(back);
}

fn placed(lines: u32) -> Change {
    Change::Placed { quote: quote(0, lines), owner: Pin([1; 32]), deliver_to: None }
}

fn decided() -> Change {
    let quote = quote(0, 1);
    let (purchase, verdict) = (quote.purchase(), Verdict::Approved);
    let statement = Statement { purchase, verdict, position: 1, decided_at: NOW };
    let head = GroupHead { first: 1, last: 256, at: NOW, decisions: 256, root: [1; 32], journal: [2; 32] };
    let proof = Inclusion { head, signature: head.sign(&seller()), index: 0, path: vec![[3; 32]; 8] };
    let decision = Decision { statement, sealed_reason: vec![4; 44], proof };
    Change::Decided { order: quote.order, decision }
}
