//! What a bench measures with: one purchase as real trade has them, made of values that are always the
//! same, so that two runs differ in nothing but the code and the machine.

#![allow(dead_code, reason = "each bench uses its own part of this")]

mod timing;

use kessai_shared::card::Particulars;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::receipt::{IssuerKeys, Quote, QuotedLine};
use kessai_shared::seal::{
    Envelope, HolderProof, ResponseSecret, SealedCard, SealingKey, SealingSession, Suite,
};
use kessai_shared::time::Timestamp;
pub use timing::run;

/// Lines of an order: the shortest one, and the mean of the trade that is replayed.
pub const LINES: [u32; 2] = [1, 20];
/// When all of it happens, in microseconds since 1970.
pub const NOW: Timestamp = Timestamp(1_782_864_000_000_000);
pub fn seller() -> Identity {
    Identity::from_seed(&[11; 32]).expect("a seed")
}

/// An order's id as terminals mint it, each later than the one before.
pub fn order(nth: u64) -> OrderId {
    let mut tail = [0; 10];
    tail[2..].copy_from_slice(&nth.to_be_bytes());
    OrderId::mint(Timestamp(NOW.0 + nth * 1_000), tail)
}

pub fn quote(nth: u64, lines: u32) -> Quote {
    let line = |at| QuotedLine {
        sku: Sku::new(&format!("{:05}B", 20_000 + at)).expect("a SKU"),
        quantity: 1 + at % 12,
        unit_price: Minor(255),
    };
    let lines: Vec<QuotedLine> = (0..lines).map(line).collect();
    let total = lines.iter().map(|line| i64::from(line.quantity) * line.unit_price.0).sum();
    Quote {
        seller: seller().pin(),
        order: order(nth),
        customer: Customer::new("17850").expect("a customer"),
        lines,
        total: Minor(total),
        currency: Currency::Gbp,
        deadline: NOW.plus_seconds(300),
    }
}

pub fn sealing_key(suite: Suite) -> SealingKey {
    SealingKey::from_seed(suite, [7; 32])
}

pub fn issuer_keys(key: &SealingKey) -> IssuerKeys {
    IssuerKeys {
        key_id: key.key_id(),
        suite: key.suite() as u8,
        sealing_key: key.public(),
        decision_key: [0; 32],
        not_before: Timestamp(0),
        not_after: Timestamp(u64::MAX),
    }
}

pub fn sealed_card(holder: Option<HolderProof>) -> SealedCard {
    let card = Particulars {
        number: "9999990000000014".parse().expect("a number"),
        name: "Ada Lovelace".parse().expect("a name"),
        birth_date: "1985-12-10".parse().expect("a day"),
        expiry: "2030-12".parse().expect("a month"),
    };
    SealedCard { card, response: ResponseSecret([4; 32]), holder }
}

/// The card, sealed for a quote.
pub fn envelope(suite: Suite, quote: &Quote) -> Envelope {
    let session = SealingSession::begin(&issuer_keys(&sealing_key(suite))).expect("a key");
    session.seal(&sealed_card(None), &quote.purchase()).expect("a card that fits")
}
