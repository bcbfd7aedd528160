//! A receipt is believed only as it was written: every byte of the file counts, and everything in it
//! has to speak of the same purchase. None of what is tried here makes anything panic.

#[path = "../../shared/tests/support/groups.rs"]
mod groups;
#[path = "../../shared/tests/support/samples.rs"]
#[allow(dead_code, reason = "the file has samples of every message, of which few are needed here")]
mod samples;

use std::path::PathBuf;

use groups::signed_group;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::receipt::{
    Decision, Forged, IssuerKeys, Quote, SignedIssuerKeys, SignedQuote, Statement, Verdict, sign_all,
};
use kessai_shared::time::Timestamp;
use kessai_tui_client::receipt_file::{BadReceipt, MAX_FILE_BYTES, Receipt};
use proptest::prelude::*;

const DECIDED: Timestamp = Timestamp(1_782_863_999_000_000);

/// The keys of a shop and of an issuer, and what they sign.
struct Signers {
    seller: Identity,
    decision: Identity,
    root: Identity,
}

impl Signers {
    fn new() -> Self {
        let key = || Identity::generate().expect("a key");
        Self { seller: key(), decision: key(), root: key() }
    }

    fn quote(&self, order: u8) -> SignedQuote {
        let sample = samples::signed_quote().quote;
        let of = |order| Quote {
            seller: self.seller.pin(),
            order: OrderId::from_bytes([order; 16]),
            ..sample.clone()
        };
        // Every second order's quote was signed together with others.
        match order % 2 {
            0 => of(order).sign(&self.seller),
            _ => sign_all(vec![of(200), of(order), of(201)], &self.seller).remove(1),
        }
    }

    /// Decisions about these orders in one group, every second one a decline.
    fn decisions(&self, orders: std::ops::Range<u8>) -> Vec<Decision> {
        let decided = orders.map(|order| {
            let (at, verdicts) = (u64::from(order), [Verdict::Approved, Verdict::Declined]);
            let statement = Statement {
                purchase: self.quote(order).quote.purchase(),
                verdict: verdicts[usize::from(order % 2)],
                position: 100 + at,
                decided_at: Timestamp(DECIDED.0 + at),
            };
            (statement, vec![order; 29])
        });
        signed_group(&decided.collect::<Vec<_>>(), &self.decision)
    }

    fn keys(&self, change: impl FnOnce(&mut IssuerKeys)) -> SignedIssuerKeys {
        let mut keys = IssuerKeys {
            decision_key: self.decision.public(),
            not_before: Timestamp(DECIDED.0 - 1_000),
            not_after: Timestamp(DECIDED.0 + 1_000),
            ..samples::issuer_keys().keys
        };
        change(&mut keys);
        keys.sign(&self.root)
    }

    fn receipt(&self, order: u8) -> Receipt {
        let decision = self.decisions(0..5).swap_remove(usize::from(order));
        Receipt { quote: self.quote(order), decision, keys: self.keys(|_| {}) }
    }
}

fn read(receipt: &Receipt) -> Result<Receipt, BadReceipt> {
    Receipt::read(receipt.text().as_bytes())
}

#[test]
fn a_receipt_reads_back_what_it_was_written_from() {
    let signers = Signers::new();
    for (order, verdict, word) in [(2, Verdict::Approved, "approved"), (3, Verdict::Declined, "declined")] {
        let receipt = signers.receipt(order);
        assert_eq!(read(&receipt), Ok(receipt.clone()));
        assert_eq!(receipt.verify(), Ok(verdict));
        assert_eq!((receipt.outcome(), receipt.issuer_root()), (word, signers.root.pin()));
        let text = receipt.text();
        assert!(text.contains(&format!("\noutcome   {word}\n")), "{text}");
        assert!(text.contains(&format!("\nissuer    {}\n", signers.root.pin())), "{text}");
    }
}

#[test]
fn no_byte_of_a_receipt_can_be_changed_taken_or_added() {
    let signers = Signers::new();
    no_byte_can_be_otherwise(&signers.receipt(2).text().into_bytes());
    no_byte_can_be_otherwise(&signers.receipt(3).text().into_bytes());
}

fn no_byte_can_be_otherwise(text: &[u8]) {
    assert!(Receipt::read(text).is_ok());
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut changed = text.to_vec();
            changed[at] ^= 1 << bit;
            assert!(Receipt::read(&changed).is_err(), "bit {bit} of byte {at}");
        }
        assert!(Receipt::read(&text[..at]).is_err(), "cut at byte {at}");
        assert!(Receipt::read(&text[at + 1..]).is_err(), "its first {at} bytes and one more are gone");
        for byte in *b"0a\n \r#" {
            let mut more = text.to_vec();
            more.insert(at, byte);
            assert!(Receipt::read(&more).is_err(), "{byte} is put in at byte {at}");
        }
    }
    for more in [&b"\n"[..], b"0", b"\r\n", b"\0", text] {
        assert!(Receipt::read(&[text, more].concat()).is_err(), "{more:?} follows");
        assert!(Receipt::read(&[more, text].concat()).is_err(), "{more:?} comes before");
    }
}

#[test]
fn other_lines_over_a_good_proof_are_refused() {
    let receipt = Signers::new().receipt(3);
    let text = receipt.text();
    for (line, other) in [
        ("outcome   declined", "outcome   approved"),
        ("£765.00", "£7.65"),
        ("-----BEGIN", "outcome   approved\n-----BEGIN"),
    ] {
        assert!(text.contains(line), "{text}");
        let other = text.replacen(line, other, 1);
        assert_eq!(Receipt::read(other.as_bytes()), Err(BadReceipt::OtherLines));
    }
    let upper = text.replace("ab", "AB").replace("cd", "CD").replace("ef", "EF");
    assert_ne!(upper, text);
    assert_eq!(Receipt::read(upper.as_bytes()), Err(BadReceipt::OtherLines), "one proof has one spelling");
}

#[test]
fn parts_that_do_not_belong_together_prove_nothing() {
    let (signers, others) = (Signers::new(), Signers::new());
    let good = signers.receipt(2);
    let beside = signers.receipt(4);
    let with = |change: &dyn Fn(&mut Receipt)| {
        let mut changed = good.clone();
        change(&mut changed);
        let why = changed.verify().expect_err("a forgery");
        assert_eq!(read(&changed), Err(why.clone()), "a file says the same as its parts");
        why
    };
    use BadReceipt::{Decision as InDecision, Keys, Quote as InQuote, Sum};
    assert_eq!(with(&|r| r.quote = beside.quote.clone()), InDecision(Forged::OtherPurchase));
    assert_eq!(with(&|r| r.decision = beside.decision.clone()), InDecision(Forged::OtherPurchase));
    assert_eq!(with(&|r| r.decision.proof = beside.decision.proof.clone()), InDecision(Forged::NotInGroup));
    assert_eq!(with(&|r| r.decision.proof.path.clear()), InDecision(Forged::NotInGroup));
    assert_eq!(with(&|r| r.decision.proof.index += 1), InDecision(Forged::NotInGroup));
    assert_eq!(with(&|r| r.decision.statement.position = 99), InDecision(Forged::OtherGroup));
    assert_eq!(with(&|r| r.decision.statement.verdict = Verdict::Declined), InDecision(Forged::NotInGroup));
    assert_eq!(with(&|r| r.decision.proof.head.decisions += 1), InDecision(Forged::Signature));
    assert_eq!(with(&|r| r.keys = others.keys(|_| {})), InDecision(Forged::Signature));
    assert_eq!(with(&|r| r.keys.root = others.root.public()), Keys(Forged::Signature));
    assert_eq!(with(&|r| r.keys.keys.decision_key = others.decision.public()), Keys(Forged::Signature));
    assert_eq!(with(&|r| r.quote = others.quote(2)), InDecision(Forged::OtherPurchase));
    assert_eq!(with(&|r| r.quote.public_key = others.seller.public()), InQuote(Forged::OtherKey));
    assert_eq!(with(&|r| r.quote.quote.total = Minor(1)), InQuote(Forged::Signature));
    // The sealing key changes every day; what it was certified with says the same for ever.
    let decided = good.decision.statement.decided_at;
    for (not_before, not_after) in [(0, decided.0), (decided.0 + 1, u64::MAX)] {
        let span = (Timestamp(not_before), Timestamp(not_after));
        let keys = signers.keys(|keys| (keys.not_before, keys.not_after) = span);
        assert_eq!(Receipt { keys, ..good.clone() }.verify(), Ok(Verdict::Approved));
    }
    let cheap = |quote: &SignedQuote| {
        let mut quote = quote.quote.clone();
        quote.lines[0].quantity -= 1;
        quote.sign(&signers.seller)
    };
    assert_eq!(with(&|r| r.quote = cheap(&r.quote)), Sum);
}

#[test]
fn a_name_that_looks_like_the_mark_of_the_proof_does_no_harm() {
    let signers = Signers::new();
    let mark = "-----BEGIN KESSAI RECEIPT-----";
    let customer = Customer::new(mark).expect("a customer");
    let mut quote = Quote { customer, ..signers.quote(2).quote };
    quote.lines[0].sku = Sku::new(mark).expect("a SKU");
    let quote = quote.sign(&signers.seller);
    let mut statement = signers.receipt(2).decision.statement;
    statement.purchase = quote.quote.purchase();
    let decision = signed_group(&[(statement, Vec::new())], &signers.decision).swap_remove(0);
    let receipt = Receipt { quote, decision, keys: signers.keys(|_| {}) };
    assert_eq!(read(&receipt), Ok(receipt));
}

#[test]
fn what_is_too_large_is_not_even_looked_at() {
    let text = Signers::new().receipt(2).text();
    let padded = format!("{text}{}", "x".repeat(MAX_FILE_BYTES));
    assert_eq!(Receipt::read(padded.as_bytes()), Err(BadReceipt::TooLarge));
}

/// Receipts are kept for years, and their lines are part of what is checked.
#[test]
fn the_text_of_a_receipt_is_what_it_was() {
    let receipt = Receipt {
        quote: samples::signed_quote(),
        decision: samples::decision(),
        keys: samples::issuer_keys(),
    };
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/receipt.txt");
    if std::env::var_os("KESSAI_WRITE_GOLDEN").is_some() {
        std::fs::write(&file, receipt.text()).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(receipt.text(), golden, "receipts that were given out before are no longer valid");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_between_the_marks_is_refused(proof in prop::collection::vec(any::<u8>(), 0..600), text in ".{0,80}") {
        let digits: String = proof.iter().map(|byte| format!("{byte:02x}")).collect();
        for body in [digits, text] {
            let file = format!("\n-----BEGIN KESSAI RECEIPT-----\n01{body}\n-----END KESSAI RECEIPT-----\n");
            prop_assert!(Receipt::read(file.as_bytes()).is_err());
        }
    }
}
