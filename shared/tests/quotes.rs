//! Quotes that were signed together: each is proved by itself, and nothing else is.

#[path = "support/samples.rs"]
#[allow(dead_code)]
mod samples;

use kessai_shared::identity::Identity;
use kessai_shared::ids::OrderId;
use kessai_shared::money::Minor;
use kessai_shared::receipt::{Among, Forged, Quote, Remembering, SignedQuote, sign_all};

fn seller() -> Identity {
    Identity::from_seed(&[7; 32]).unwrap()
}

fn quotes(count: u8) -> Vec<Quote> {
    let sample = samples::signed_quote().quote;
    let quote = |n| Quote { order: OrderId::from_bytes([n; 16]), seller: seller().pin(), ..sample.clone() };
    (0..count).map(quote).collect()
}

#[test]
fn every_quote_of_a_batch_of_any_size_is_proved() {
    for count in (1..=40).chain([63, 64, 65, 200]) {
        let signed = sign_all(quotes(count), &seller());
        assert_eq!(signed.len(), usize::from(count));
        for (signed, quote) in signed.iter().zip(quotes(count)) {
            assert_eq!(signed.verify(seller().pin()), Ok(&quote), "{count}");
        }
    }
    assert!(sign_all(Vec::new(), &seller()).is_empty());
}

#[test]
fn one_alone_is_signed_as_it_always_was() {
    let signed = sign_all(quotes(1), &seller()).remove(0);
    assert_eq!(signed, quotes(1).remove(0).sign(&seller()));
    assert_eq!(signed.among, None);
}

#[test]
fn a_signature_serves_for_no_other_quote_place_or_number() {
    let pin = seller().pin();
    let mut signed = sign_all(quotes(7), &seller());
    let other = signed.pop().unwrap();
    for signed in &signed {
        let among = signed.among.clone().unwrap();
        let forge = |forge: &dyn Fn(&mut SignedQuote, &mut Among)| {
            let (mut forged, mut place) = (signed.clone(), among.clone());
            forge(&mut forged, &mut place);
            if forged.among.is_some() {
                forged.among = Some(place);
            }
            assert!(forged.verify(pin).is_err(), "{forged:?}");
            assert!(forged.verify_by(pin, &Remembering::default()).is_err());
        };
        forge(&|signed, _| signed.quote.total = Minor(1));
        forge(&|signed, _| signed.quote = other.quote.clone());
        forge(&|signed, _| signed.among = None);
        forge(&|_, among| among.index = (among.index + 1) % 7);
        forge(&|_, among| among.index = 7);
        forge(&|_, among| among.size += 1);
        forge(&|_, among| among.size = 0);
        forge(&|_, among| among.path.clear());
        forge(&|_, among| among.path.truncate(among.path.len() - 1));
        forge(&|_, among| among.path.push([0; 32]));
        forge(&|_, among| among.path = vec![[0; 32]; 4_000]);
        forge(&|_, among| among.path[0][31] ^= 1);
        forge(&|signed, _| signed.signature = [9; 64].into());
        forge(&|signed, _| signed.public_key = [9; 32]);
    }
    // A tree of one leaf has no neighbours, and is not how one quote is signed.
    let mut alone = quotes(1).remove(0).sign(&seller());
    alone.among = Some(Among { size: 1, index: 0, path: Vec::new() });
    assert_eq!(alone.verify(pin), Err(Forged::Signature));
}

#[test]
fn what_is_remembered_of_one_quote_proves_no_forged_one() {
    let (pin, memory) = (seller().pin(), Remembering::default());
    let signed = sign_all(quotes(5), &seller());
    for signed in &signed {
        assert!(signed.verify_by(pin, &memory).is_ok());
    }
    for signed in &signed {
        let mut forged = signed.clone();
        forged.quote.total = Minor(forged.quote.total.0 + 1);
        assert_eq!(forged.verify_by(pin, &memory), Err(Forged::Signature));
        let mut other_key = signed.clone();
        other_key.signature = [1; 64].into();
        assert_eq!(other_key.verify_by(pin, &memory), Err(Forged::Signature));
        assert!(signed.verify_by(pin, &memory).is_ok(), "a forgery made the memory forget");
    }
}
