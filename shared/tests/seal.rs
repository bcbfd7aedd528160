//! What is sealed opens only for whom and for what it was sealed, and what is signed is only what was
//! signed: every single change is found, and none of them makes anything panic.

#[path = "support/samples.rs"]
#[allow(dead_code, reason = "the file has samples of every message, of which few are signed")]
mod samples;

use kessai_shared::card_file::EnrolmentCode;
use kessai_shared::codec;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Forged, IssuerKeys, Purchase, Quote, Signature, SignedIssuerKeys, SignedQuote};
use kessai_shared::seal::{
    Envelope, HolderProof, Opener, ResponseSecret, SealError, SealedCard, SealingKey, SealingSession, Suite,
    open_reason, seal_reason,
};
use kessai_shared::time::Timestamp;

const SUITES: [Suite; 2] = [Suite::X25519, Suite::XWing];

fn key(suite: Suite) -> SealingKey {
    SealingKey::from_seed(suite, [7; 32])
}

fn opener(suite: Suite) -> Opener {
    Opener::new(key(suite))
}

fn seal(card: &SealedCard, purchase: &Purchase, keys: &IssuerKeys) -> Result<Envelope, SealError> {
    SealingSession::begin(keys)?.seal(card, purchase)
}

fn issuer_keys(key: &SealingKey) -> IssuerKeys {
    IssuerKeys {
        key_id: key.key_id(),
        suite: key.suite() as u8,
        sealing_key: key.public(),
        decision_key: [0; 32],
        not_before: Timestamp(0),
        not_after: Timestamp(u64::MAX),
    }
}

fn sealed(suite: Suite) -> (Opener, Envelope) {
    let opener = opener(suite);
    let envelope = seal(&samples::sealed_card(), &samples::purchase(), &issuer_keys(opener.key()));
    (opener, envelope.expect("a card that fits"))
}

/// Whether it opens, first for one that has never seen it and then for one that may remember.
fn opens(key: &Opener, envelope: &Envelope, purchase: &Purchase) -> bool {
    let seed = if key.key().key_id() == opener(key.key().suite()).key().key_id() { 7 } else { 8 };
    let fresh = Opener::new(SealingKey::from_seed(key.key().suite(), [seed; 32]));
    let first = fresh.open(envelope, purchase).is_ok();
    assert_eq!(key.open(envelope, purchase).is_ok(), first, "memory makes no difference");
    first
}

/// The purchase with one field changed, for each of its fields.
fn other_purchases() -> Vec<(&'static str, Purchase)> {
    let Purchase { seller, order, amount, currency, quote_hash, deadline } = samples::purchase();
    let same = samples::purchase();
    let mut other_hash = quote_hash;
    other_hash[31] ^= 1;
    let mut other_seller = seller;
    other_seller.0[0] ^= 1;
    let mut other_order = *order.as_bytes();
    other_order[15] ^= 1;
    assert_ne!(currency, Currency::Eur);
    vec![
        ("seller", Purchase { seller: other_seller, ..same }),
        ("order", Purchase { order: OrderId::from_bytes(other_order), ..same }),
        ("amount", Purchase { amount: Minor(amount.0 + 1), ..same }),
        ("currency", Purchase { currency: Currency::Eur, ..same }),
        ("quote", Purchase { quote_hash: other_hash, ..same }),
        ("deadline", Purchase { deadline: Timestamp(deadline.0 + 1), ..same }),
    ]
}

#[test]
fn a_sealed_card_opens_to_what_was_sealed() {
    for suite in SUITES {
        let (key, envelope) = sealed(suite);
        let opened = key.open(&envelope, &samples::purchase()).expect("its own purchase");
        assert_eq!(codec::encode(&opened), codec::encode(&samples::sealed_card()));
        let (_, again) = sealed(suite);
        assert!(again != envelope, "no two seals are alike");
    }
}

#[test]
fn a_session_seals_many_purchases_and_each_opens_for_itself_alone() {
    for suite in SUITES {
        let opener = opener(suite);
        let session = SealingSession::begin(&issuer_keys(opener.key())).expect("a key");
        let card = samples::sealed_card();
        let purchases: Vec<Purchase> = (0..20)
            .map(|nth| Purchase { order: OrderId::from_bytes([nth; 16]), ..samples::purchase() })
            .collect();
        let sealed: Vec<Envelope> = purchases.iter().map(|p| session.seal(&card, p).expect("fits")).collect();
        for (at, envelope) in sealed.iter().enumerate() {
            assert!(envelope.encapsulated == sealed[0].encapsulated, "the encapsulated key is always there");
            for (other, purchase) in purchases.iter().enumerate() {
                assert_eq!(opener.open(envelope, purchase).is_ok(), at == other);
            }
        }
    }
}

#[test]
fn two_cards_sealed_for_one_purchase_share_neither_nonce_nor_key_stream() {
    for suite in SUITES {
        let opener = opener(suite);
        let session = SealingSession::begin(&issuer_keys(opener.key())).expect("a key");
        let (card, purchase) = (samples::sealed_card(), samples::purchase());
        let [one, two] = [(); 2].map(|()| session.seal(&card, &purchase).expect("fits").ciphertext);
        let alike = one.iter().zip(&two).filter(|(one, two)| one == two).count();
        assert!(alike < one.len() / 8, "{alike} of {} bytes are alike", one.len());
    }
}

#[test]
fn a_session_with_one_key_is_none_with_another() {
    let (one, other) = (key(Suite::XWing), SealingKey::from_seed(Suite::XWing, [8; 32]));
    let session = SealingSession::begin(&issuer_keys(&one)).expect("a key");
    assert!(session.is_with(&issuer_keys(&one)) && !session.is_with(&issuer_keys(&other)));
    let envelope = session.seal(&samples::sealed_card(), &samples::purchase()).expect("fits");
    let renamed = Envelope { key_id: other.key_id(), ..envelope };
    assert!(!opens(&Opener::new(other), &renamed, &samples::purchase()));
}

#[test]
fn a_key_that_goes_by_anothers_id_is_sealed_to_by_nobody() {
    for suite in SUITES {
        let (ours, rogue) = (issuer_keys(&key(suite)), SealingKey::from_seed(suite, [8; 32]));
        // A rogue issuer certifies its own key under the id of ours, and waits for our cards.
        let posing = IssuerKeys { sealing_key: rogue.public(), ..ours.clone() };
        assert!(SealingSession::begin(&posing).is_err());
        let session = SealingSession::begin(&ours).expect("a key");
        assert!(!session.is_with(&posing), "its session serves no other key");
        // Nor is what a holder signed for one key anything for another.
        let theirs = SealingSession::begin(&issuer_keys(&rogue)).expect("a key");
        assert_ne!(session.to_sign(&samples::purchase()), theirs.to_sign(&samples::purchase()));
    }
}

#[test]
fn a_holders_proof_counts_only_for_the_purchase_it_was_signed_for() {
    let (holder, thief) = (identity(), identity());
    for suite in SUITES {
        let opener = opener(suite);
        let session = SealingSession::begin(&issuer_keys(opener.key())).expect("a key");
        let purchase = samples::purchase();
        let proved = |proof: HolderProof| {
            let card = SealedCard { holder: Some(proof), ..samples::sealed_card() };
            let envelope = session.seal(&card, &purchase).expect("fits");
            opener.open(&envelope, &purchase).expect("its own purchase").holder.map(|proof| proof.public)
        };
        let to_sign = session.to_sign(&purchase);
        assert_eq!(proved(HolderProof::sign(&holder, &to_sign, None)), Some(holder.public()));
        for (field, other) in other_purchases() {
            let elsewhere = HolderProof::sign(&holder, &session.to_sign(&other), None);
            assert_eq!(proved(elsewhere), None, "signed for another {field}");
        }
        let borrowed = HolderProof { public: holder.public(), ..HolderProof::sign(&thief, &to_sign, None) };
        assert_eq!(proved(borrowed), None, "signed with another key");
        for signature in other_signatures(holder.sign(&to_sign).into()) {
            let changed = HolderProof { public: holder.public(), signature, enrolment: None };
            assert_eq!(proved(changed), None);
        }
    }
}

#[test]
fn a_sealed_card_opens_for_no_other_purchase() {
    for suite in SUITES {
        let (key, envelope) = sealed(suite);
        for (field, purchase) in other_purchases() {
            assert!(!opens(&key, &envelope, &purchase), "{suite:?} with another {field}");
        }
    }
}

#[test]
fn every_bit_of_what_it_is_bound_to_counts() {
    for suite in SUITES {
        let (key, envelope) = sealed(suite);
        let bytes = codec::encode(&samples::purchase());
        let mut others = 0;
        for bit in 0..8 * bytes.len() {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            // Some flips are no purchase any more; nobody can ask about those.
            let Ok(purchase) = codec::decode::<Purchase>(&changed) else { continue };
            assert!(key.open(&envelope, &purchase).is_err(), "{suite:?} with bit {bit} changed");
            others += 1;
        }
        assert!(others > 700, "{others} other purchases");
        for bit in 0..64 {
            let mut key_id = envelope.key_id;
            key_id[bit / 8] ^= 1 << (bit % 8);
            let renamed = Envelope { key_id, ..envelope.clone() };
            assert!(key.open(&renamed, &samples::purchase()).is_err(), "{suite:?} under another name");
        }
    }
}

#[test]
fn a_sealed_card_opens_with_no_other_key_and_under_no_other_name() {
    for suite in SUITES {
        let (key, envelope) = sealed(suite);
        let purchase = samples::purchase();
        assert!(!opens(&Opener::new(SealingKey::from_seed(suite, [8; 32])), &envelope, &purchase));
        for other in SUITES.into_iter().filter(|other| *other != suite) {
            let id = SealingKey::from_seed(other, [7; 32]).key_id();
            assert!(!opens(&key, &Envelope { suite: other as u8, ..envelope.clone() }, &purchase));
            assert!(!opens(&key, &Envelope { key_id: id, ..envelope.clone() }, &purchase));
        }
        assert!(!opens(&key, &Envelope { suite: 0, ..envelope.clone() }, &purchase));
        assert!(!opens(&key, &Envelope { suite: 255, ..envelope }, &purchase));
    }
}

#[test]
fn an_envelope_with_one_bit_changed_anywhere_does_not_open() {
    for suite in SUITES {
        let (key, envelope) = sealed(suite);
        assert!(opens(&key, &envelope, &samples::purchase()), "unchanged it opens, and is remembered");
        let bytes = codec::encode(&envelope);
        for bit in 0..8 * bytes.len() {
            let (at, mut changed) = (bit / 8, bytes.clone());
            changed[at] ^= 1 << (bit % 8);
            let envelope = codec::decode::<Envelope>(&changed);
            let opened = envelope.is_ok_and(|envelope| opens(&key, &envelope, &samples::purchase()));
            assert!(!opened, "{suite:?} with byte {at} changed");
        }
    }
}

#[test]
fn an_envelope_that_is_shorter_or_longer_does_not_open() {
    for suite in SUITES {
        let (key, whole) = sealed(suite);
        let purchase = samples::purchase();
        let bytes = codec::encode(&whole);
        for end in 0..bytes.len() {
            assert!(codec::decode::<Envelope>(&bytes[..end]).is_err(), "cut off at {end}");
        }
        for end in 0..whole.ciphertext.len() {
            let ciphertext = whole.ciphertext[..end].to_vec();
            assert!(!opens(&key, &Envelope { ciphertext, ..whole.clone() }, &purchase));
        }
        for end in 0..whole.encapsulated.len() {
            let encapsulated = whole.encapsulated[..end].to_vec();
            assert!(!opens(&key, &Envelope { encapsulated, ..whole.clone() }, &purchase));
        }
        for more in [1, 16, 2_000] {
            let longer = |part: &[u8]| [part, &vec![0; more]].concat();
            let ciphertext = Envelope { ciphertext: longer(&whole.ciphertext), ..whole.clone() };
            assert!(!opens(&key, &ciphertext, &purchase));
            let encapsulated = Envelope { encapsulated: longer(&whole.encapsulated), ..whole.clone() };
            assert!(!opens(&key, &encapsulated, &purchase));
        }
    }
}

#[test]
fn the_length_of_an_envelope_tells_nothing_about_the_card() {
    let mut other = samples::sealed_card();
    other.card.number = "123456789012".parse().expect("the shortest card number");
    other.card.name = "X".parse().expect("the shortest name");
    let mut longest = samples::sealed_card();
    let code = EnrolmentCode([0xff; 32]);
    longest.holder = Some(HolderProof::sign(&identity(), &[0; 32], Some(code)));
    longest.card.number = "1234567890123456789".parse().expect("the longest card number");
    longest.card.name = "X".repeat(64).parse().expect("the longest name");
    for suite in SUITES {
        let keys = issuer_keys(&key(suite));
        let length = |card: &SealedCard| {
            codec::encode(&seal(card, &samples::purchase(), &keys).expect("a card that fits")).len()
        };
        assert_eq!(length(&other), length(&longest));
        assert_eq!(length(&other), length(&samples::sealed_card()));
        let envelope = seal(&longest, &samples::purchase(), &keys).expect("a card that fits");
        let opened = opener(suite).open(&envelope, &samples::purchase()).expect("its own purchase");
        assert_eq!(opened.card.name.as_str().len(), 64, "the longest card comes out whole");
    }
}

#[test]
fn nothing_is_sealed_to_a_key_that_is_none() {
    let good = issuer_keys(&key(Suite::XWing));
    let (card, purchase) = (samples::sealed_card(), samples::purchase());
    for suite in [0, 3, 255] {
        assert!(seal(&card, &purchase, &IssuerKeys { suite, ..good.clone() }).is_err());
    }
    for sealing_key in [Vec::new(), vec![1; 31], good.sealing_key[1..].to_vec()] {
        assert!(seal(&card, &purchase, &IssuerKeys { sealing_key, ..good.clone() }).is_err());
    }
}

#[test]
fn a_sealed_reason_is_read_with_its_secret_for_its_purchase_alone() {
    let (purchase, secret) = (samples::purchase(), ResponseSecret([1; 32]));
    for reason in Reason::ALL {
        let sealed = seal_reason(reason, &purchase, &secret);
        assert_eq!(open_reason(&sealed, &purchase, &secret), Ok(reason));
        assert_eq!(seal_reason(reason, &purchase, &secret), sealed, "the same answer has the same bytes");
        assert!(open_reason(&sealed, &purchase, &ResponseSecret([2; 32])).is_err());
        for (field, other) in other_purchases() {
            assert!(open_reason(&sealed, &other, &secret).is_err(), "with another {field}");
        }
    }
}

#[test]
fn no_two_reasons_share_a_nonce_and_all_have_one_length() {
    let (purchase, secret) = (samples::purchase(), ResponseSecret([1; 32]));
    let sealed = Reason::ALL.map(|reason| seal_reason(reason, &purchase, &secret));
    for (at, one) in sealed.iter().enumerate() {
        assert_eq!(one.len(), sealed[0].len());
        assert!(sealed[..at].iter().all(|other| other[..12] != one[..12]));
    }
}

#[test]
fn a_changed_reason_is_refused() {
    let (purchase, secret) = (samples::purchase(), ResponseSecret([1; 32]));
    let sealed = seal_reason(Reason::OverLimit, &purchase, &secret);
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(open_reason(&changed, &purchase, &secret), Err(SealError), "byte {at}");
        }
        assert_eq!(open_reason(&sealed[..at], &purchase, &secret), Err(SealError), "cut off at {at}");
    }
    let longer = [&sealed[..], &[0]].concat();
    assert_eq!(open_reason(&longer, &purchase, &secret), Err(SealError));
}

/// A field by its name, and what changes it.
type Named<T> = (&'static str, fn(&mut T));

fn identity() -> Identity {
    Identity::generate().expect("the machine has randomness")
}

/// The signature with one bit changed, for each of its bytes.
fn other_signatures(signature: Signature) -> Vec<Signature> {
    let bytes = codec::encode(&signature);
    let changed = (0..bytes.len()).map(|at| {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        codec::decode(&changed).expect("64 bytes are a signature")
    });
    changed.collect()
}

#[test]
fn a_quote_with_any_field_changed_is_refused() {
    let seller = identity();
    let quote = Quote { seller: seller.pin(), ..samples::signed_quote().quote };
    let signed = quote.clone().sign(&seller);
    assert_eq!(signed.verify(seller.pin()), Ok(&quote));
    let changed = |change: fn(&mut Quote)| {
        let mut changed = signed.clone();
        change(&mut changed.quote);
        changed.verify(seller.pin()).err()
    };
    assert_eq!(changed(|q| q.seller.0[0] ^= 1), Some(Forged::OtherKey));
    let changes: [Named<Quote>; 9] = [
        ("order", |q| q.order = OrderId::from_bytes([1; 16])),
        ("customer", |q| q.customer = Customer::default()),
        ("product", |q| q.lines[0].sku = Sku::new("85123B").expect("a SKU")),
        ("quantity", |q| q.lines[0].quantity += 1),
        ("price", |q| q.lines[1].unit_price = Minor(1)),
        ("lines", |q| q.lines.swap(0, 1)),
        ("total", |q| q.total = Minor(1)),
        ("currency", |q| q.currency = Currency::Jpy),
        ("deadline", |q| q.deadline = Timestamp(u64::MAX)),
    ];
    for (field, change) in changes {
        assert_eq!(changed(change), Some(Forged::Signature), "{field}");
    }
    for signature in other_signatures(signed.signature) {
        let forged = SignedQuote { signature, ..signed.clone() };
        assert_eq!(forged.verify(seller.pin()), Err(Forged::Signature));
    }
    let other = identity();
    let by_other = quote.sign(&other);
    assert_eq!(by_other.verify(seller.pin()), Err(Forged::OtherKey));
    assert_eq!(by_other.verify(other.pin()), Err(Forged::OtherKey), "it names a seller that it is not");
    let borrowed = SignedQuote { public_key: seller.public(), ..by_other };
    assert_eq!(borrowed.verify(seller.pin()), Err(Forged::Signature));
}

#[test]
fn issuer_keys_with_any_field_changed_are_refused() {
    let root = identity();
    let keys = samples::issuer_keys().keys;
    let signed = keys.clone().sign(&root);
    assert_eq!(signed.verify(root.pin()), Ok(&keys));
    let changes: [Named<IssuerKeys>; 6] = [
        ("key id", |k| k.key_id[0] ^= 1),
        ("suite", |k| k.suite = 1),
        ("sealing key", |k| k.sealing_key[0] ^= 1),
        ("decision key", |k| k.decision_key[31] ^= 1),
        ("beginning", |k| k.not_before.0 += 1),
        ("end", |k| k.not_after.0 -= 1),
    ];
    for (field, change) in changes {
        let mut changed = signed.clone();
        change(&mut changed.keys);
        assert_eq!(changed.verify(root.pin()), Err(Forged::Signature), "{field}");
    }
    for signature in other_signatures(signed.signature) {
        let forged = SignedIssuerKeys { signature, ..signed.clone() };
        assert_eq!(forged.verify(root.pin()), Err(Forged::Signature));
    }
    let other = keys.sign(&identity());
    assert_eq!(other.verify(root.pin()), Err(Forged::OtherKey));
    let borrowed = SignedIssuerKeys { root: root.public(), ..other };
    assert_eq!(borrowed.verify(root.pin()), Err(Forged::Signature));
}

#[test]
fn issuer_keys_serve_from_their_beginning_until_just_before_their_end() {
    let root = identity();
    let keys =
        IssuerKeys { not_before: Timestamp(1), not_after: Timestamp(128), ..samples::issuer_keys().keys };
    let signed = keys.sign(&root);
    let at = |time| signed.verify_now(root.pin(), Timestamp(time)).err();
    assert_eq!(
        [at(0), at(1), at(127), at(128)],
        [Some(Forged::OutOfDate), None, None, Some(Forged::OutOfDate)]
    );
}

#[test]
fn a_signature_for_one_purpose_serves_no_other() {
    let key = identity();
    let pin: Pin = key.pin();
    let quote = Quote { seller: pin, ..samples::signed_quote().quote };
    let keys_signature = samples::issuer_keys().keys.sign(&key).signature;
    let crossed = SignedQuote { quote, public_key: key.public(), signature: keys_signature, among: None };
    assert_eq!(crossed.verify(pin), Err(Forged::Signature));
}
