//! The bytes of everything that the shop writes into its journal and onto its shelf. A disk keeps
//! them for years, and they do not describe themselves.

#[macro_use]
#[path = "../../shared/tests/support/golden.rs"]
mod golden;

#[path = "../../shared/tests/support/trail_samples.rs"]
mod trail;

use std::path::PathBuf;

use golden::Sample;
use kessai_server::record::VERSION;
use kessai_server::sales::{
    About, Batch, Books, Change, Compared, Deed, GiveBack, Label, Leg, Order, Part, Pieces, Product, Reason,
    Recovered, RecoveredState, RecoveredStep, Row, RowKey, Settled, Shipment, Shipping, Stock, Tenure,
};
use kessai_shared::address::{Address, AddressParts};
use kessai_shared::codec;
use kessai_shared::ids::{
    CaptureId, Carrier, Customer, Epoch, NodeId, OrderId, RefundId, ReturnId, Sku, TrackingNumber,
};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::picture::PictureName;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{
    Decision, GroupHead, Inclusion, Quote, QuotedLine, Signature, Statement, Verdict,
};
use kessai_shared::record::versioned;
use kessai_shared::settlement::{BatchTotals, Captured, Mode, Payout, Refunded, Refusal};
use kessai_shared::store;
use kessai_shared::storefront::{Cancelled, FulfilmentState, OrderState, PaymentState, Tracking};
use kessai_shared::time::Timestamp;

const OWNER: Pin = Pin([1; 32]);
const OPERATOR: Pin = Pin([5; 32]);
const ORDER: OrderId = OrderId::from_bytes([3; 16]);
const RETURN: ReturnId = ReturnId::from_bytes([4; 16]);

fn sku() -> Sku {
    Sku::new("85123A").expect("a SKU")
}

fn quote() -> Quote {
    Quote {
        seller: Pin([2; 32]),
        order: ORDER,
        customer: Customer::new("17850").expect("a customer"),
        lines: vec![QuotedLine { sku: sku(), quantity: 300, unit_price: Minor(255) }],
        total: Minor(76_500),
        currency: Currency::Gbp,
        deadline: Timestamp(1_782_864_000_000_000),
    }
}

fn address() -> Box<Address> {
    let parts = AddressParts {
        name: "Ada Lovelace".to_owned(),
        lines: vec!["12 St James's Square".to_owned()],
        town: "London".to_owned(),
        postcode: "SW1Y 4JH".to_owned(),
        country: "GB".to_owned(),
        phone: String::new(),
    };
    Box::new(Address::new(parts).expect("an address"))
}

fn decision() -> Decision {
    let (purchase, verdict, position) = (quote().purchase(), Verdict::Approved, 5_000_000_000);
    let statement = Statement { purchase, verdict, position, decided_at: Timestamp(5) };
    let (first, last, at) = (4_999_999_999, 5_000_000_001, Timestamp(6));
    let head = GroupHead { first, last, at, decisions: 3, root: [0xcc; 32], journal: [0xdd; 32] };
    let path = vec![[0xee; 32], [0xff; 32]];
    let proof = Inclusion { head, signature: Signature::from([6; 64]), index: 1, path };
    Decision { statement, sealed_reason: vec![0xbb; 4], proof }
}

fn given() -> GiveBack {
    GiveBack {
        owner: OWNER,
        customer: quote().customer,
        from: Some(ORDER),
        asked: [7; 32],
        by: Some(OPERATOR),
        restock: true,
        parts: vec![Part {
            order: ORDER,
            line: 0,
            sku: sku(),
            quantity: 4,
            unit_price: Minor(255),
            released: 1,
            back: 2,
        }],
        settled: vec![Settled {
            order: ORDER,
            released: Minor(255),
            refunded: Minor(510),
            batch: 300,
            refused: Some(Refusal::Amount),
        }],
    }
}

fn tracking() -> Box<Tracking> {
    let (carrier, number) = (Carrier::new("Royal Mail"), TrackingNumber::new("AB123456789GB"));
    Box::new(Tracking { carrier: carrier.expect("a carrier"), reference: number.expect("a number") })
}

fn shipping() -> Shipping {
    Shipping { nth: 2, lines: vec![(0, 297)], amount: Minor(75_735), last: true, tracking: Some(tracking()) }
}

fn about() -> About {
    About {
        description: "White wire.\nFor a window.".to_owned(),
        picture: Some(PictureName::of(b"a picture")),
    }
}

fn totals() -> BatchTotals {
    let (captured, refunded) = (Minor(76_000), Minor(255));
    BatchTotals { currency: Currency::Jpy, captures: 300, captured, refunds: 2, refunded }
}

fn compared() -> Compared {
    let payout =
        Payout { totals: totals(), charged_back: Minor(254), fees: Minor(1_140), payout: Minor(-74_351) };
    Compared { told: vec![totals()], agrees: true, payouts: vec![payout] }
}

fn changes() -> Vec<Change> {
    let (sku, name, category) = (sku(), "White hanging heart".to_owned(), "Home".to_owned());
    let (unit_price, received, available) = (Minor(255), 5_000_000_000, 17);
    let (quote, owner, order) = (quote(), OWNER, ORDER);
    vec![
        Change::Stocked { sku, name: name.clone(), category: category.clone(), unit_price, received },
        Change::Relisted { sku, name, category, unit_price },
        Change::Placed { quote: quote.clone(), owner, deliver_to: Some(address()) },
        Change::TurnedAway { quote, owner, sku, available },
        Change::Decided { order, decision: decision() },
        Change::Doubted { order },
        Change::Reversed { order },
        Change::CaptureStarted { order, shipping: shipping(), by: Some(OPERATOR) },
        Change::Shipped { order, batch: 300 },
        Change::Lapsed { order },
        Change::Delivered { order, by: None },
        Change::CancelAsked { order, why: Cancelled::ByShop, by: Some(OPERATOR) },
        Change::Cancelled { order },
        Change::GivenBack { id: RETURN, given: given() },
        Change::Released { id: RETURN, order, amount: Minor(255) },
        Change::Refunded { id: RETURN, order, amount: Minor(510), batch: 300 },
        Change::Refused { order, refusal: Refusal::Captured },
        Change::Received { sku, pieces: 300, note: "by sea".to_owned(), by: OPERATOR },
        Change::Adjusted { sku, pieces: -300, reason: Reason::Damaged, by: OPERATOR },
        Change::BatchCompared { batch: 301, compared: compared() },
        Change::Described { sku, about: about() },
        Change::Granted(tenure()),
        Change::Operated {
            by: OPERATOR,
            what: trail::operated().swap_remove(0),
            reason: "night shift".to_owned(),
        },
        Change::Recovered { order, row: Box::new(recovered()) },
        Change::RecoveredGivenUp { order },
        Change::RecoveredStep { order, step: RecoveredStep::Repaid(recovered().refunds[0]) },
        Change::CaughtUp,
    ]
}

fn rows() -> Vec<(RowKey, Row)> {
    let stock = Stock {
        received: 5_000_000_000,
        available: 4_999_999_399,
        reserved: 1,
        allocated: 300,
        shipped: 302,
        returned: 2,
        found: 7,
        written_off: 5,
    };
    let (name, category) = ("White hanging heart".to_owned(), "Home".to_owned());
    let order = Order {
        owner: OWNER,
        quote: quote(),
        deliver_to: Some(address()),
        placed_at: Timestamp(7),
        order: OrderState::Completed,
        payment: PaymentState::PartiallyRefunded,
        fulfilment: FulfilmentState::Shipped,
        cancelled: Some(Cancelled::NotShippedInTime),
        cancelling: Some(Cancelled::ByShopper),
        decision: Some(decision()),
        confirmed_position: 5_000_000_001,
        confirmed_at: Timestamp(8),
        lines: vec![Pieces { shipped: 294, cancelled: 2, released: 1, back: 2, given: 4 }],
        shipping: Some(shipping()),
        shipments: vec![Shipment {
            nth: 1,
            lines: vec![(0, 294)],
            amount: Minor(74_970),
            batch: 299,
            at: Timestamp(9),
            tracking: Some(tracking()),
        }],
        captured: Minor(74_970),
        refunded: Minor(765),
        released: Minor(255),
        refunding: vec![RETURN],
        refused: Some(Refusal::Amount),
        legs: Deed::ALL.map(|what| Leg { what, at: Timestamp(10), by: Some(OPERATOR) }).to_vec(),
    };
    vec![
        (
            RowKey::Product(sku()),
            Row::Product(Product { sku: sku(), name, category, unit_price: Minor(255), stock }),
        ),
        (RowKey::Order(ORDER), Row::Order(Box::new((Label::of(&order), order)))),
        (RowKey::Return(RETURN), Row::Return(given())),
        (RowKey::Batch(301), Row::Batch(Batch { totals: vec![totals()], compared: Some(compared()) })),
        (RowKey::About(sku()), Row::About(about())),
        (RowKey::Tenure, Row::Tenure(tenure())),
        (RowKey::Act(5_000_000_000), Row::Act(trail::noted())),
        (RowKey::Listed, Row::Listed(trail::listed())),
        (RowKey::Recovered(ORDER), Row::Recovered(Box::new(recovered()))),
    ]
}

fn recovered() -> Recovered {
    let (capture, refund) = (CaptureId::from_bytes([8; 16]), RefundId::from_bytes([9; 16]));
    Recovered {
        purchase: quote().purchase(),
        state: RecoveredState::GivingBack,
        held: Minor(300),
        captures: vec![Captured { id: capture, amount: Minor(70_000), batch: 301 }],
        refunds: vec![Refunded { id: refund, amount: Minor(400), batch: 302 }],
        charged_back: Minor(150),
        until: Timestamp(1_782_864_000_000_000),
        refused: Some(Refusal::Amount),
    }
}

fn tenure() -> Tenure {
    let (node, standby) = (NodeId::from_bytes([6; 16]), NodeId::from_bytes([7; 16]));
    Tenure { epoch: Epoch(300), node, mode: Mode::Sync { standby }, by: Some(OPERATOR), behind: true }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A change as the journal has it.
fn change(name: &str, change: Change) -> Sample {
    let bytes = <Books as store::Books>::encode(&change);
    let check = move |golden: &[u8]| match <Books as store::Books>::decode(golden)? {
        decoded if decoded == change => Ok(()),
        _ => Err("decodes to another change".to_owned()),
    };
    Sample { name: name.to_owned(), bytes, check: Box::new(check) }
}

/// A row as the shelf has it: loaded with all others, it has to come out of the books again the same.
fn row(name: &str, key: &RowKey, row: &Row) -> Sample {
    let key = codec::encode(key);
    let check = move |golden: &[u8]| {
        let mut books = Books::default();
        for (other, row) in rows() {
            store::Books::load(&mut books, &codec::encode(&other), &versioned(VERSION, &row))?;
        }
        store::Books::load(&mut books, &key, golden)?;
        match store::Books::row(&books, &key) {
            Some(again) if again == golden => Ok(()),
            _ => Err("comes out of the books otherwise".to_owned()),
        }
    };
    Sample { name: name.to_owned(), bytes: versioned(VERSION, row), check: Box::new(check) }
}

#[test]
fn the_bytes_of_every_change_are_what_they_were() {
    let changes = changes();
    let names = variants!(
        changes,
        Change::Stocked { .. },
        Change::Relisted { .. },
        Change::Placed { .. },
        Change::TurnedAway { .. },
        Change::Decided { .. },
        Change::Doubted { .. },
        Change::Reversed { .. },
        Change::CaptureStarted { .. },
        Change::Shipped { .. },
        Change::Lapsed { .. },
        Change::Delivered { .. },
        Change::CancelAsked { .. },
        Change::Cancelled { .. },
        Change::GivenBack { .. },
        Change::Released { .. },
        Change::Refunded { .. },
        Change::Refused { .. },
        Change::Received { .. },
        Change::Adjusted { .. },
        Change::BatchCompared { .. },
        Change::Described { .. },
        Change::Granted(_),
        Change::Operated { .. },
        Change::Recovered { .. },
        Change::RecoveredGivenUp { .. },
        Change::RecoveredStep { .. },
        Change::CaughtUp,
    );
    let samples: Vec<_> = names.iter().zip(changes).map(|(name, value)| change(name, value)).collect();
    golden::compare(&file("changes.txt"), &samples);
}

#[test]
fn the_bytes_of_every_row_and_key_are_what_they_were() {
    let (keys, rows): (Vec<RowKey>, Vec<Row>) = rows().into_iter().unzip();
    let names = variants!(
        keys,
        RowKey::Product(_),
        RowKey::Order(_),
        RowKey::Return(_),
        RowKey::Batch(_),
        RowKey::About(_),
        RowKey::Tenure,
        RowKey::Act(_),
        RowKey::Listed,
        RowKey::Recovered(_),
    );
    let mut samples: Vec<_> =
        names.iter().zip(&keys).map(|(name, key)| Sample::equal(name, key.clone())).collect();
    let names = variants!(
        rows,
        Row::Product(_),
        Row::Order(_),
        Row::Return(_),
        Row::Batch(_),
        Row::About(_),
        Row::Tenure(_),
        Row::Act(_),
        Row::Listed(_),
        Row::Recovered(_),
    );
    samples
        .extend(names.iter().zip(keys.iter().zip(&rows)).map(|(name, (key, value))| row(name, key, value)));
    golden::compare(&file("rows.txt"), &samples);
}

#[test]
fn a_record_of_another_version_is_named_as_such() {
    for change in changes() {
        let mut bytes = <Books as store::Books>::encode(&change);
        assert_eq!(bytes[0], VERSION);
        bytes[0] = VERSION + 1;
        let why = <Books as store::Books>::decode(&bytes).expect_err("a later version");
        assert!(why.contains(&format!("version {}", VERSION + 1)), "{why}");
        bytes[0] = VERSION;
        bytes.push(0);
        assert!(<Books as store::Books>::decode(&bytes).is_err(), "something follows the change");
        bytes.truncate(bytes.len() - 2);
        assert!(<Books as store::Books>::decode(&bytes).is_err(), "the end of the change is missing");
    }
    assert!(<Books as store::Books>::decode(&[]).is_err());
}

#[test]
fn a_row_under_a_key_of_another_kind_is_refused() {
    let rows = rows();
    for (at, (key, _)) in rows.iter().enumerate() {
        for (other, (_, row)) in rows.iter().enumerate() {
            let mut books = Books::default();
            let loaded = store::Books::load(&mut books, &codec::encode(key), &versioned(VERSION, row));
            assert_eq!(loaded.is_ok(), at == other, "{key:?}");
        }
    }
}
