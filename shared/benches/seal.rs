//! What sealing and opening a card costs: `cargo bench -p kessai-shared --bench seal`.
//!
//! Time for one card, in both suites: the first one of a session, where public-key work is done, and later
//! ones; with a holder's key, whose signature the opener checks. Then the sealed reason on its way back,
//! and one Ed25519 signature, which is what most else of a purchase is measured against. The bytes of an
//! envelope stand before the table.

mod support;

use divan::{Bencher, black_box};
use kessai_shared::codec;
use kessai_shared::identity::{self, Identity};
use kessai_shared::outcome::Reason;
use kessai_shared::seal::{
    HolderProof, Opener, ResponseSecret, SealingSession, Suite, open_reason, seal_reason,
};
use support::{envelope, issuer_keys, quote, sealed_card, sealing_key};

#[derive(Clone, Copy, Debug)]
enum Sealed {
    X25519,
    XWing,
}

const SUITES: [Sealed; 2] = [Sealed::X25519, Sealed::XWing];

fn main() {
    for suite in SUITES {
        let bytes = codec::encode(&envelope(suite.suite(), &quote(0, 1))).len();
        println!("{suite:?}: an envelope has {bytes} bytes");
    }
    support::run();
}

#[divan::bench(args = SUITES)]
fn seal_first(bencher: Bencher, suite: Sealed) {
    let keys = issuer_keys(&sealing_key(suite.suite()));
    let (card, purchase) = (sealed_card(None), quote(0, 1).purchase());
    bencher.bench(|| {
        let session = SealingSession::begin(black_box(&keys)).expect("a key");
        session.seal(&card, &purchase).expect("a card that fits")
    });
}

#[divan::bench(args = SUITES)]
fn seal_later(bencher: Bencher, suite: Sealed) {
    let session = SealingSession::begin(&issuer_keys(&sealing_key(suite.suite()))).expect("a key");
    let (card, purchase) = (sealed_card(None), quote(0, 1).purchase());
    bencher.bench(|| session.seal(black_box(&card), &purchase).expect("a card that fits"));
}

/// Each opening is of a session that its opener has never seen.
#[divan::bench(args = SUITES)]
fn open_first(bencher: Bencher, suite: Sealed) {
    let quote = quote(0, 1);
    let (envelope, purchase) = (envelope(suite.suite(), &quote), quote.purchase());
    let fresh = bencher.with_inputs(|| Opener::new(sealing_key(suite.suite())));
    fresh.bench_refs(|opener| opener.open(black_box(&envelope), &purchase).expect("its own purchase"));
}

#[divan::bench(args = SUITES)]
fn open_later(bencher: Bencher, suite: Sealed) {
    open_again(bencher, suite, None);
}

#[divan::bench(args = SUITES)]
fn open_later_with_holder_key(bencher: Bencher, suite: Sealed) {
    open_again(bencher, suite, Some(&Identity::from_seed(&[12; 32]).expect("a seed")));
}

fn open_again(bencher: Bencher, suite: Sealed, holder: Option<&Identity>) {
    let key = sealing_key(suite.suite());
    let session = SealingSession::begin(&issuer_keys(&key)).expect("a key");
    let purchase = quote(0, 1).purchase();
    let proof = holder.map(|holder| HolderProof::sign(holder, &session.to_sign(&purchase), None));
    let envelope = session.seal(&sealed_card(proof), &purchase).expect("a card that fits");
    let opener = Opener::new(key);
    opener.open(&envelope, &purchase).expect("its own purchase");
    bencher.bench(|| opener.open(black_box(&envelope), &purchase).expect("its own purchase"));
}

#[divan::bench]
fn reason_seal(bencher: Bencher) {
    let (purchase, secret) = (quote(0, 1).purchase(), ResponseSecret([4; 32]));
    bencher.bench(|| seal_reason(black_box(Reason::OverLimit), &purchase, &secret));
}

#[divan::bench]
fn reason_open(bencher: Bencher) {
    let (purchase, secret) = (quote(0, 1).purchase(), ResponseSecret([4; 32]));
    let sealed = seal_reason(Reason::OverLimit, &purchase, &secret);
    bencher.bench(|| open_reason(black_box(&sealed), &purchase, &secret).expect("its own reason"));
}

#[divan::bench]
fn ed25519_sign(bencher: Bencher) {
    let key = support::seller();
    bencher.bench(|| key.sign(black_box(&[7; 32])));
}

#[divan::bench]
fn ed25519_verify(bencher: Bencher) {
    let (key, message) = (support::seller(), [7; 32]);
    let (public, signature) = (key.public(), key.sign(&message));
    bencher.bench(|| assert!(identity::verify(black_box(&public), &message, &signature)));
}

impl Sealed {
    fn suite(self) -> Suite {
        match self {
            Self::X25519 => Suite::X25519,
            Self::XWing => Suite::XWing,
        }
    }
}
