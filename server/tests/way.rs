//! What a buyer is told of an order's way: all of it that is his business, and never more than fits a frame.

use kessai_server::sales::{Deed, FIRST_LEGS, Leg, MAX_LEGS, MAX_SHIPMENTS, Order, Pieces, Shipment};
use kessai_server::way;
use kessai_shared::codec;
use kessai_shared::exchange::MAX_FRAME_BYTES;
use kessai_shared::ids::{Carrier, Customer, OrderId, Sku, TrackingNumber};
use kessai_shared::merkle::MAX_PATH;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{
    Among, Decision, GroupHead, Inclusion, Quote, QuotedLine, Signature, SignedQuote, Statement, Verdict,
};
use kessai_shared::storefront::{
    FulfilmentState, MAX_LINES, MAX_NAME_BYTES, MAX_QUANTITY, MAX_SHIPPED_LINES, OrderState, OrderView,
    PaymentState, Reply, Step, StepKind, Tracking,
};
use kessai_shared::time::Timestamp;

const AT: Timestamp = Timestamp(1_782_864_000_000_000);

fn tracking() -> Tracking {
    let (carrier, number) = (Carrier::new(&"é".repeat(20)), TrackingNumber::new(&"9".repeat(40)));
    Tracking { carrier: carrier.expect("a carrier"), reference: number.expect("a number") }
}

fn order(lines: usize, shipments: Vec<Shipment>, deeds: &[Deed]) -> Order {
    let sku = Sku::new(&"S".repeat(40)).expect("a SKU");
    let line = QuotedLine { sku, quantity: MAX_QUANTITY, unit_price: Minor(99_999_999) };
    let pieces = Pieces { shipped: MAX_QUANTITY, ..Pieces::default() };
    Order {
        owner: Pin([1; 32]),
        quote: Quote {
            seller: Pin([2; 32]),
            order: OrderId::from_bytes([0xff; 16]),
            customer: Customer::new(&"c".repeat(40)).expect("a customer"),
            lines: vec![line; lines],
            total: Minor(i64::MAX),
            currency: Currency::Gbp,
            deadline: AT,
        },
        placed_at: AT,
        order: OrderState::Completed,
        payment: PaymentState::Captured,
        fulfilment: FulfilmentState::Shipped,
        cancelled: None,
        cancelling: None,
        decision: None,
        confirmed_position: 5,
        confirmed_at: AT,
        lines: vec![pieces; lines],
        shipping: None,
        shipments,
        captured: Minor(i64::MAX),
        refunded: Minor::ZERO,
        released: Minor::ZERO,
        refunding: Vec::new(),
        refused: None,
        legs: deeds.iter().map(|what| Leg { what: *what, at: AT, by: Some(Pin([9; 32])) }).collect(),
        deliver_to: None,
    }
}

fn shipment(nth: usize, lines: Vec<(u16, u32)>) -> Shipment {
    let nth = u32::try_from(nth).expect("a small number");
    Shipment { nth, lines, amount: Minor(i64::MAX), batch: 300, at: AT, tracking: Some(Box::new(tracking())) }
}

fn decision(quote: &Quote) -> Decision {
    let statement = Statement {
        purchase: quote.purchase(),
        verdict: Verdict::Approved,
        position: u64::MAX,
        decided_at: AT,
    };
    let (root, journal) = ([0xcc; 32], [0xdd; 32]);
    let head = GroupHead { first: u64::MAX, last: u64::MAX, at: AT, decisions: u32::MAX, root, journal };
    let signature = Signature::from([0xff; 64]);
    let proof = Inclusion { head, signature, index: u32::MAX, path: vec![[0xee; 32]; MAX_PATH] };
    Decision { statement, sealed_reason: vec![0xbb; 1_024], proof }
}

#[test]
fn the_largest_order_still_fits_a_frame() {
    let all: Vec<(u16, u32)> = (0..2_000).map(|line| (line, MAX_QUANTITY)).collect();
    let shipments = (1..=MAX_SHIPMENTS).map(|nth| shipment(nth, all.clone())).collect();
    let order = order(MAX_LINES, shipments, &[Deed::Shipped; MAX_LEGS]);
    let shipments = way::shipments(&order);
    let told: usize = shipments.iter().map(|shipment| shipment.lines.len()).sum();
    assert_eq!((shipments.len(), told), (MAX_SHIPMENTS, MAX_SHIPPED_LINES));
    assert!(shipments[97].lines.is_empty() && !shipments[98].lines.is_empty(), "the newest keep theirs");
    assert!(shipments.iter().all(|shipment| shipment.pieces == 2_000 * u64::from(MAX_QUANTITY)));
    let among = Some(Among { size: u32::MAX, index: u32::MAX, path: vec![[0xaa; 32]; MAX_PATH] });
    let (public_key, signature) = ([0xff; 32], Signature::from([0xff; 64]));
    let view = OrderView {
        names: vec!["n".repeat(MAX_NAME_BYTES); MAX_LINES],
        shipped: vec![u32::MAX; MAX_LINES],
        cancelled: vec![u32::MAX; MAX_LINES],
        returned: vec![u32::MAX; MAX_LINES],
        placed_at: AT,
        order: order.order,
        payment: order.payment,
        fulfilment: order.fulfilment,
        cancelling: true,
        cancelled_for: None,
        refunded: Minor(i64::MAX),
        decision: Some(decision(&order.quote)),
        shipments,
        history: way::history(&order),
        quote: SignedQuote { quote: order.quote, public_key, signature, among },
        deliver_to: None,
    };
    let bytes = codec::encode(&Reply::Order(Box::new(view))).len();
    assert!(bytes < MAX_FRAME_BYTES, "{bytes} bytes");
}

#[test]
fn the_way_is_told_without_the_shops_own_business() {
    let shipments = vec![shipment(1, vec![(0, 2)]), shipment(2, vec![(0, 1), (1, 4)])];
    let order = order(2, shipments, &Deed::ALL);
    let told: Vec<Step> = way::history(&order);
    let expected = StepKind::ALL.into_iter().filter(|kind| !told.iter().any(|step| step.what == *kind));
    assert_eq!(expected.count(), 0, "{told:?}");
    assert_eq!(told.len(), Deed::ALL.len() - 1, "what the settlement refused is not told");
    let shipments = way::shipments(&order);
    assert_eq!(shipments[1].lines, [(0, 1), (1, 4)]);
    assert_eq!((shipments[1].pieces, shipments[1].tracking), (5, Some(tracking())));
}

#[test]
fn shipments_keep_their_numbers_when_a_part_of_the_way_is_left_out() {
    // 100 shipments are 200 legs, so those in the middle are gone.
    let shipments: Vec<Shipment> = (1..=MAX_SHIPMENTS).map(|nth| shipment(nth, vec![(0, 1)])).collect();
    let mut deeds: Vec<Deed> = [Deed::CaptureStarted, Deed::Shipped].repeat(MAX_SHIPMENTS);
    deeds.drain(FIRST_LEGS..FIRST_LEGS + 2 * MAX_SHIPMENTS - MAX_LEGS);
    let order = order(1, shipments, &deeds);
    let steps = way::history(&order);
    let numbers = steps.iter().filter_map(|step| match step.what {
        StepKind::Shipped { nth } => Some(nth),
        _another => None,
    });
    let expected: Vec<u32> = (1..=32).chain(69..=100).collect();
    assert_eq!(numbers.collect::<Vec<_>>(), expected);
}

#[test]
fn names_of_carriers_and_parcels_are_bounded_and_plain() {
    for bad in ["", " DHL", "DHL ", "DHL\n", "\u{1b}[2J", &"D".repeat(41)] {
        assert!(Carrier::new(bad).is_err(), "{bad:?}");
        assert!(TrackingNumber::new(bad).is_err(), "{bad:?}");
    }
    assert!(Carrier::new("ヤマト運輸").is_ok());
    for bad in ["日本", "https://example.org/?q=1", "a_b", "a&b"] {
        assert!(TrackingNumber::new(bad).is_err(), "{bad:?}");
    }
    // What arrives from a peer passes the same check as what is typed.
    let bytes = codec::encode(&("DHL\u{7}", "1"));
    assert!(codec::decode::<Tracking>(&bytes).is_err());
    assert!(codec::decode::<Tracking>(&codec::encode(&("DHL", "1"))).is_ok());
}
