//! A decision is believed only as it was made, at its place in its group of the settlement's journal:
//! every single change of it or of its proof is found, and none makes anything panic.

#[path = "support/groups.rs"]
mod groups;
#[path = "support/samples.rs"]
#[allow(dead_code, reason = "the file has samples of every message, of which few are needed here")]
mod samples;

use groups::signed_group;
use kessai_shared::codec;
use kessai_shared::identity::Identity;
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Forged, GroupHead, Purchase, Quote, Signature, Statement, Verdict};
use kessai_shared::time::Timestamp;

const SIZES: [usize; 8] = [1, 2, 3, 5, 16, 33, 256, 4_096];
/// Where the groups of these tests begin.
const FIRST: u64 = 5_000_000_000;

type Named<T> = (&'static str, fn(&mut T));

fn identity() -> Identity {
    Identity::generate().expect("a key")
}

/// A purchase of its own for each place in a group.
fn purchase(at: usize) -> Purchase {
    let mut order = [0; 16];
    order[..8].copy_from_slice(&(at as u64).to_be_bytes());
    Purchase { order: OrderId::from_bytes(order), ..samples::purchase() }
}

fn group_from(first: u64, size: usize, key: &Identity) -> Vec<Decision> {
    let decided: Vec<_> = (0..size)
        .map(|at| {
            let verdict = if at % 3 == 1 { Verdict::Declined } else { Verdict::Approved };
            let position = first + at as u64;
            let decided_at = Timestamp(1_782_863_999_000_001 + at as u64);
            (Statement { purchase: purchase(at), verdict, position, decided_at }, vec![at as u8; 29])
        })
        .collect();
    signed_group(&decided, key)
}

fn group(size: usize, key: &Identity) -> Vec<Decision> {
    group_from(FIRST, size, key)
}

fn refusal(decision: &Decision, key: &Identity) -> Option<Forged> {
    decision.verify(&decision.statement.purchase, &key.public()).err()
}

#[test]
fn every_decision_of_a_group_is_proved_and_only_about_its_own_purchase() {
    let key = identity();
    for size in SIZES {
        let group = group(size, &key);
        for (at, decision) in group.iter().enumerate().step_by(size.div_ceil(64)) {
            assert_eq!(decision.verify(&purchase(at), &key.public()), Ok(decision.statement.verdict));
            let other = decision.verify(&purchase(at + 1), &key.public());
            assert_eq!(other, Err(Forged::OtherPurchase));
        }
    }
}

#[test]
fn a_decision_with_any_field_changed_is_refused() {
    let key = identity();
    let signed = group(5, &key).swap_remove(2);
    let changes: [Named<Decision>; 11] = [
        ("seller", |d| d.statement.purchase.seller.0[0] ^= 1),
        ("order", |d| d.statement.purchase.order = OrderId::from_bytes([9; 16])),
        ("amount", |d| d.statement.purchase.amount = Minor(1)),
        ("currency", |d| d.statement.purchase.currency = Currency::Eur),
        ("quote", |d| d.statement.purchase.quote_hash[31] ^= 1),
        ("deadline", |d| d.statement.purchase.deadline.0 += 1),
        ("verdict", |d| d.statement.verdict = Verdict::Declined),
        ("position", |d| d.statement.position += 1),
        ("time", |d| d.statement.decided_at.0 += 1),
        ("reason", |d| d.sealed_reason[0] ^= 1),
        ("length of the reason", |d| d.sealed_reason.push(0)),
    ];
    for (field, change) in changes {
        let mut changed = signed.clone();
        change(&mut changed);
        assert_eq!(refusal(&changed, &key), Some(Forged::NotInGroup), "{field}");
    }
}

#[test]
fn a_head_with_any_field_changed_is_refused() {
    let key = identity();
    let signed = group(5, &key).swap_remove(2);
    // Four decisions give this leaf a path of another length; six and eight give it the same one.
    let changes: [(Named<GroupHead>, Forged); 10] = [
        (("first", |h| h.first -= 1), Forged::Signature),
        (("first, past the decision", |h| h.first += 3), Forged::OtherGroup),
        (("last", |h| h.last += 1), Forged::Signature),
        (("last, before the decision", |h| h.last -= 3), Forged::OtherGroup),
        (("time", |h| h.at.0 += 1), Forged::Signature),
        (("fewer decisions", |h| h.decisions = 4), Forged::NotInGroup),
        (("no decisions", |h| h.decisions = 0), Forged::NotInGroup),
        (("more decisions", |h| h.decisions = 6), Forged::Signature),
        (("root", |h| h.root[31] ^= 0x80), Forged::NotInGroup),
        (("journal", |h| h.journal[0] ^= 1), Forged::Signature),
    ];
    for ((field, change), why) in changes {
        let mut changed = signed.clone();
        change(&mut changed.proof.head);
        assert_eq!(refusal(&changed, &key), Some(why), "{field}");
    }
}

#[test]
fn a_proof_of_something_else_is_refused() {
    let (key, other) = (identity(), identity());
    for size in [2, 5, 16, 33] {
        let (here, later) = (group(size, &key), group_from(FIRST + 100, size, &key));
        for (at, decision) in here.iter().enumerate() {
            let with = |change: &dyn Fn(&mut Decision)| {
                let mut changed = decision.clone();
                change(&mut changed);
                refusal(&changed, &key)
            };
            let beside = &here[(at + 1) % size];
            assert_eq!(with(&|d| d.proof.path.clear()), Some(Forged::NotInGroup), "path stripped");
            assert_eq!(with(&|d| d.proof.path = beside.proof.path.clone()), Some(Forged::NotInGroup));
            assert_eq!(with(&|d| d.proof = beside.proof.clone()), Some(Forged::NotInGroup), "proof swapped");
            for index in [at as u32 + 1, (at as u32).wrapping_sub(1), u32::MAX] {
                assert_eq!(with(&|d| d.proof.index = index), Some(Forged::NotInGroup), "index {index}");
            }
            assert_eq!(with(&|d| d.proof = later[at].proof.clone()), Some(Forged::OtherGroup));
            assert_eq!(with(&|d| d.proof.signature = later[at].proof.signature), Some(Forged::Signature));
            let by_other = other.sign(b"a head").into();
            assert_eq!(with(&|d| d.proof.signature = by_other), Some(Forged::Signature));
            assert_eq!(refusal(decision, &other), Some(Forged::Signature), "another key");
        }
    }
}

#[test]
fn a_signature_with_any_bit_flipped_is_refused() {
    let key = identity();
    let signed = group(3, &key).swap_remove(1);
    let bytes = codec::encode(&signed.proof.signature);
    for at in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[at / 8] ^= 1 << (at % 8);
        let mut forged = signed.clone();
        forged.proof.signature = codec::decode(&changed).expect("64 bytes are a signature");
        assert_eq!(refusal(&forged, &key), Some(Forged::Signature), "bit {at}");
    }
}

#[test]
fn no_flipped_bit_of_the_bytes_of_a_decision_passes() {
    let key = identity();
    let signed = group(33, &key).swap_remove(20);
    let bytes = codec::encode(&signed);
    for at in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[at / 8] ^= 1 << (at % 8);
        if let Ok(decoded) = codec::decode::<Decision>(&changed) {
            assert!(decoded.verify(&purchase(20), &key.public()).is_err(), "bit {at}");
        }
    }
}

/// The signature of another purpose over the very bytes of a head would be one on the head, were it
/// not for the labels.
#[test]
fn a_signature_for_another_purpose_serves_no_head() {
    let key = identity();
    let mut decision = group(1, &key).swap_remove(0);
    let quote = Quote { seller: key.pin(), ..samples::signed_quote().quote };
    let head = codec::encode(&decision.proof.head);
    let signatures: [Signature; 3] = [
        quote.sign(&key).signature,
        samples::issuer_keys().keys.sign(&key).signature,
        key.sign(&kessai_shared::digest::sha256(&[b"kessai quote v1", &head])).into(),
    ];
    for signature in signatures {
        decision.proof.signature = signature;
        assert_eq!(refusal(&decision, &key), Some(Forged::Signature));
    }
    let pin: Pin = key.pin();
    let mut quote = Quote { seller: pin, ..samples::signed_quote().quote }.sign(&key);
    quote.signature = decision.proof.head.sign(&key);
    assert_eq!(quote.verify(pin), Err(Forged::Signature), "and a head's serves no quote");
}

#[test]
fn a_decision_grows_by_one_hash_whenever_its_group_doubles() {
    let key = identity();
    let bytes = |size: usize| {
        let group = group(size, &key);
        group.iter().map(|decision| codec::encode(decision).len()).max().expect("a decision")
    };
    let sizes = [1, 16, 256, 4_096].map(bytes);
    println!("a decision in a group of 1, 16, 256 and 4,096 has {sizes:?} bytes");
    for pair in sizes.windows(2) {
        let grown = pair[1] - pair[0];
        assert!((4 * 32..4 * 32 + 4).contains(&grown), "four more hashes: {sizes:?}");
    }
}
