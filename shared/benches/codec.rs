//! What a message costs between value and bytes: `cargo bench -p kessai-shared --bench codec`.
//!
//! Time for one message, and the bytes of it in a second. A place request has the given number of lines
//! and a card sealed with X-Wing, as settlements ask for; its quote was signed alone, or with 64 at once
//! (a path of 6). A decision stands in a journal group of 256, so its path has 8 hashes. Making the value
//! is not measured, and neither is dropping what comes out.

mod support;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use kessai_shared::codec;
use kessai_shared::merkle::Tree;
use kessai_shared::receipt::{Decision, GroupHead, Inclusion, Statement, Verdict, sign_all};
use kessai_shared::seal::{ResponseSecret, Suite, seal_reason};
use kessai_shared::settlement;
use kessai_shared::storefront::Request;
use kessai_shared::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use support::{LINES, NOW, envelope, quote, seller};

/// Decisions in a group, for a path of 8.
const GROUP: u32 = 256;
/// Quotes that are signed at once.
const BATCH: u64 = 64;

fn main() {
    support::run();
}

#[divan::bench(args = LINES)]
fn place_encode(bencher: Bencher, lines: u32) {
    encode(bencher, &place(lines));
}

#[divan::bench(args = LINES)]
fn place_decode(bencher: Bencher, lines: u32) {
    decode(bencher, &place(lines));
}

#[divan::bench]
fn inquiry_encode(bencher: Bencher) {
    encode(bencher, &inquiry());
}

#[divan::bench]
fn inquiry_decode(bencher: Bencher) {
    decode(bencher, &inquiry());
}

#[divan::bench]
fn decision_encode(bencher: Bencher) {
    encode(bencher, &decision());
}

#[divan::bench]
fn decision_decode(bencher: Bencher) {
    decode(bencher, &decision());
}

fn encode<T: Serialize + Sync>(bencher: Bencher, value: &T) {
    bencher.counter(BytesCount::new(codec::encode(value).len())).bench(|| codec::encode(black_box(value)));
}

fn decode<T: Serialize + DeserializeOwned>(bencher: Bencher, value: &T) {
    let bytes = codec::encode(value);
    let back = || codec::decode::<T>(black_box(&bytes)).expect("the bytes of a message");
    assert!(codec::encode(&back()) == bytes, "the message comes back as it was");
    bencher.counter(BytesCount::new(bytes.len())).bench(back);
}

fn place(lines: u32) -> Request {
    let quotes = (0..BATCH).map(|nth| quote(nth, lines)).collect();
    let quote = sign_all(quotes, &seller()).swap_remove(0);
    let card = envelope(Suite::XWing, &quote.quote);
    Request::Place { quote: Box::new(quote), card, deliver_to: None }
}

fn inquiry() -> settlement::Request {
    let quote = quote(0, 1);
    settlement::Request::Inquiry { purchase: quote.purchase(), card: envelope(Suite::XWing, &quote) }
}

fn decision() -> Decision {
    let statement = |nth: u32| Statement {
        purchase: quote(nth.into(), 1).purchase(),
        verdict: Verdict::Approved,
        position: u64::from(nth) + 1,
        decided_at: Timestamp(NOW.0 + u64::from(nth)),
    };
    let own = statement(0);
    let reason = kessai_shared::outcome::Reason::Approved;
    let sealed_reason = seal_reason(reason, &own.purchase, &ResponseSecret([4; 32]));
    let tree = Tree::new((0..GROUP).map(|nth| statement(nth).leaf(&sealed_reason)).collect());
    let head = GroupHead {
        first: 1,
        last: GROUP.into(),
        at: Timestamp(NOW.0 + u64::from(GROUP)),
        decisions: GROUP,
        root: tree.root(),
        journal: [9; 32],
    };
    let (signature, path) = (head.sign(&seller()), tree.path(0).expect("a leaf"));
    Decision { statement: own, sealed_reason, proof: Inclusion { head, signature, index: 0, path } }
}
