//! One value of every kind that crosses a wire, always the same.

use kessai_shared::address::{Address, AddressParts};
use kessai_shared::card::Particulars;
use kessai_shared::ids::{
    CaptureId, Carrier, Customer, Epoch, OrderId, RefundId, ReturnId, Sku, TrackingNumber,
};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::picture::PictureName;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{
    Decision, GroupHead, Inclusion, IssuerKeys, Purchase, Quote, QuotedLine, Signature, SignedIssuerKeys,
    SignedQuote, Statement, Verdict,
};
use kessai_shared::seal::{Envelope, ResponseSecret, SealedCard};
use kessai_shared::settlement::{self, BatchTotals, Payout, Reconciled, Standing};
use kessai_shared::storefront::{
    self, Answered, Cancelled, Category, FulfilmentState, Item, Line, OrderState, OrderView, Page,
    PaymentState, PriceRange, ProductView, Refusal, Reply, Request, ReturnState, ReturnView, ReturnedLine,
    Search, ShipmentView, Sort, Step, StepKind, Tracking, Welcome,
};
use kessai_shared::time::Timestamp;

fn order() -> OrderId {
    OrderId::from_bytes(*b"\x01\x90\xb5\xc0\x7f\x4a\x70\x00\x80\x00order!")
}

fn given() -> ReturnId {
    ReturnId::from_bytes([0x22; 16])
}

fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a SKU")
}

fn customer() -> Customer {
    Customer::new("Žofie").expect("a customer")
}

fn lines() -> Vec<Line> {
    vec![Line { sku: sku("85123A"), quantity: 300 }, Line { sku: sku("POST"), quantity: 1 }]
}

fn signature() -> Signature {
    let mut bytes = [0; 64];
    (0..64_u8).zip(&mut bytes).for_each(|(at, byte)| *byte = at);
    Signature::from(bytes)
}

pub fn signed_quote() -> SignedQuote {
    let quoted = lines().into_iter().zip([255, 0]).map(|(line, price)| QuotedLine {
        sku: line.sku,
        quantity: line.quantity,
        unit_price: Minor(price),
    });
    let quote = Quote {
        seller: Pin([0x33; 32]),
        order: order(),
        customer: customer(),
        lines: quoted.collect(),
        total: Minor(76_500),
        currency: Currency::Gbp,
        deadline: Timestamp(1_782_864_000_000_000),
    };
    SignedQuote { quote, public_key: [0x44; 32], signature: signature(), among: None }
}

pub fn purchase() -> Purchase {
    signed_quote().quote.purchase()
}

pub fn decision() -> Decision {
    let decided_at = Timestamp(1_782_863_999_000_001);
    let statement =
        Statement { purchase: purchase(), verdict: Verdict::Approved, position: 5_000_000_000, decided_at };
    let head = GroupHead {
        first: 4_999_999_999,
        last: 5_000_000_001,
        at: Timestamp(decided_at.0 + 1),
        decisions: 3,
        root: [0xdd; 32],
        journal: [0xee; 32],
    };
    let proof = Inclusion { head, signature: signature(), index: 1, path: vec![[0xf0; 32], [0xf1; 32]] };
    Decision { statement, sealed_reason: vec![0x55; 5], proof }
}

pub fn issuer_keys() -> SignedIssuerKeys {
    let keys = IssuerKeys {
        key_id: [0x66; 8],
        suite: 2,
        sealing_key: vec![0x77; 6],
        decision_key: [0x88; 32],
        not_before: Timestamp(1),
        not_after: Timestamp(u64::MAX),
    };
    SignedIssuerKeys { keys, root: [0x99; 32], signature: signature() }
}

pub fn envelope() -> Envelope {
    Envelope { suite: 1, key_id: [0x66; 8], encapsulated: vec![0xaa; 4], ciphertext: vec![0xbb; 9] }
}

pub fn sealed_card() -> SealedCard {
    let card = Particulars {
        number: "9999990000000014".parse().expect("a card number"),
        name: "Ada Lovelace".parse().expect("a name"),
        birth_date: "1981-12-09".parse().expect("a day"),
        expiry: "2029-08".parse().expect("a month"),
    };
    SealedCard { card, response: ResponseSecret([0xcc; 32]), holder: None }
}

fn item() -> Item {
    let (name, category) = ("White hanging heart".to_owned(), "Home".to_owned());
    Item { sku: sku("85123A"), name, category, unit_price: Minor(255), available: 17, on_hand: 300 }
}

fn product_view() -> ProductView {
    let description = "A heart of white wire.\nFor a window.".to_owned();
    ProductView { item: item(), description, picture: Some(PictureName::of(b"a picture")) }
}

fn search() -> Search {
    let price = PriceRange { least: Some(Minor(100)), most: None };
    let (query, category) = ("heart".to_owned(), Some("Home".to_owned()));
    Search { query, category, in_stock: true, price, sort: Sort::PriceDown }
}

pub fn address() -> Address {
    let text = |text: &str| text.to_owned();
    let parts = AddressParts {
        name: text("Ada Lovelace"),
        lines: vec![text("12 St James's Square"), text("2nd floor")],
        town: text("London"),
        postcode: text("SW1Y 4JH"),
        country: text("GB"),
        phone: text("+44 20 7946 0000"),
    };
    Address::new(parts).expect("an address")
}

fn order_view() -> OrderView {
    OrderView {
        quote: signed_quote(),
        names: vec!["White hanging heart".to_owned(), "Postage".to_owned()],
        shipped: vec![3, 0],
        cancelled: vec![0, 1],
        returned: vec![2, 0],
        placed_at: Timestamp(3),
        order: OrderState::Completed,
        payment: PaymentState::PartiallyRefunded,
        fulfilment: FulfilmentState::Shipped,
        cancelling: true,
        cancelled_for: Some(Cancelled::Interrupted),
        refunded: Minor(510),
        decision: Some(decision()),
        deliver_to: Some(Box::new(address())),
        shipments: vec![
            ShipmentView {
                nth: 1,
                at: Timestamp(4),
                pieces: 300,
                lines: vec![(0, 3), (300, 297)],
                amount: Minor(765),
                tracking: Some(tracking()),
            },
            ShipmentView {
                nth: 2,
                at: Timestamp(5),
                pieces: 1,
                lines: Vec::new(),
                amount: Minor(0),
                tracking: None,
            },
        ],
        history: StepKind::ALL.map(|what| Step { what, at: Timestamp(6) }).to_vec(),
    }
}

pub fn tracking() -> Tracking {
    let (carrier, number) = (Carrier::new("ヤマト運輸"), TrackingNumber::new("4711-0815 GB"));
    Tracking { carrier: carrier.expect("a carrier"), reference: number.expect("a number") }
}

pub fn storefront_requests() -> Vec<Request> {
    let from = Some(order());
    vec![
        Request::Hello,
        Request::Browse { search: search(), from: 200, limit: 50 },
        Request::Product { sku: sku("85123A") },
        Request::Quote { order: order(), customer: customer(), lines: lines() },
        Request::Place {
            quote: Box::new(signed_quote()),
            card: envelope(),
            deliver_to: Some(Box::new(address())),
        },
        Request::Order { order: order() },
        Request::Orders { before: Some(order()), limit: 20 },
        Request::Return { id: given(), customer: customer(), from, lines: lines() },
        Request::Cancel { order: order() },
        Request::Picture { picture: PictureName::of(b"a picture") },
        Request::Items { skus: vec![sku("85123A"), sku("POST")] },
    ]
}

pub fn storefront_replies() -> Vec<Reply> {
    let welcome = Welcome {
        shop: "Kessai".to_owned(),
        seller: Pin([0x33; 32]),
        currency: Currency::Gbp,
        categories: vec![
            Category { name: "Home".to_owned(), products: 300 },
            Category { name: "Garden".to_owned(), products: 1 },
        ],
        issuer_keys: vec![issuer_keys()],
        settlement_up: true,
    };
    let line = ReturnedLine { order: order(), sku: sku("85123A"), quantity: 2, unit_price: Minor(255) };
    let returned = ReturnView {
        id: given(),
        state: ReturnState::Refunded,
        refunded: Minor(510),
        currency: Currency::Gbp,
        lines: vec![line],
    };
    let plain = OrderView { cancelled_for: None, decision: None, deliver_to: None, ..order_view() };
    vec![
        Reply::Welcome(welcome),
        Reply::Page(Page { items: vec![item()], total: 1_234 }),
        Reply::Product(Box::new(product_view())),
        Reply::Quoted(signed_quote()),
        Reply::Order(Box::new(order_view())),
        Reply::Orders(vec![plain]),
        Reply::Returned(returned),
        Reply::Refused(Refusal::UnknownSku { sku: sku("85123A") }),
        Reply::Picture(b"a picture".to_vec()),
        Reply::Items(vec![item()]),
    ]
}

pub fn storefront_refusals() -> Vec<Refusal> {
    vec![
        Refusal::UnknownSku { sku: sku("85123A") },
        Refusal::UnknownOrder,
        Refusal::NoLines,
        Refusal::TooManyLines,
        Refusal::BadQuantity { sku: sku("POST") },
        Refusal::AmountTooLarge,
        Refusal::BadQuote,
        Refusal::QuoteExpired,
        Refusal::Duplicate,
        Refusal::TryLater,
        Refusal::BadCard,
        Refusal::AlreadyShipped,
        Refusal::SettlementAway,
        Refusal::NoPicture,
        Refusal::NotInCharge,
    ]
}

pub fn charges() -> Vec<storefront::Standing> {
    use storefront::Standing::{InCharge, Standby};
    vec![InCharge { epoch: Epoch(3) }, Standby { behind_ms: Some(2_500) }]
}

pub fn answers() -> Vec<Answered> {
    let refused = || Reply::Refused(Refusal::NotInCharge);
    let unknown = storefront::Standing::Standby { behind_ms: None };
    let standings = charges().into_iter().chain([storefront::Standing::default(), unknown]);
    standings.map(|standing| Answered { standing, reply: refused() }).collect()
}

pub fn sorts() -> Vec<Sort> {
    Sort::ALL.to_vec()
}

pub fn payments() -> Vec<PaymentState> {
    vec![
        PaymentState::Pending,
        PaymentState::Authorized,
        PaymentState::Declined,
        PaymentState::Unknown,
        PaymentState::Reversed,
        PaymentState::Voided,
        PaymentState::Expired,
        PaymentState::Captured,
        PaymentState::PartiallyRefunded,
        PaymentState::Refunded,
    ]
}

pub fn fulfilments() -> Vec<FulfilmentState> {
    use FulfilmentState::{Delivered, NotFulfilled, Returned, Shipped};
    vec![NotFulfilled, Shipped, Delivered, Returned]
}

pub fn cancellations() -> Vec<Cancelled> {
    let short = Cancelled::OutOfStock { sku: sku("85123A"), available: 3 };
    vec![
        short,
        Cancelled::Declined,
        Cancelled::Interrupted,
        Cancelled::HoldExpired,
        Cancelled::ByShopper,
        Cancelled::ByShop,
        Cancelled::NotShippedInTime,
    ]
}

fn batch_totals() -> BatchTotals {
    let (captured, refunded) = (Minor(76_500), Minor(510));
    BatchTotals { currency: Currency::Gbp, captures: 1, captured, refunds: 1, refunded }
}

pub fn settlement_requests() -> Vec<settlement::Request> {
    use settlement::Request;
    let (order, refund) = (order(), RefundId::of(given(), order()));
    vec![
        Request::Echo,
        Request::Inquiry { purchase: purchase(), card: envelope() },
        Request::Status { order },
        Request::Reversal { order },
        Request::Capture { capture: CaptureId::of(order, 1), order, amount: Minor(76_500), last: true },
        Request::Release { release: refund, order, amount: Minor(510) },
        Request::Refund { refund, order, amount: Minor(510) },
        Request::Reconcile { batch: 7, totals: vec![batch_totals()] },
    ]
}

pub fn settlement_replies() -> Vec<settlement::Reply> {
    use settlement::Reply;
    vec![
        Reply::Echo { issuer_keys: vec![issuer_keys()], open_batch: 8 },
        Reply::Decided(decision()),
        Reply::Status { decision: Some(decision()), standing: Standing::Held },
        Reply::Reversed,
        Reply::Captured { amount: Minor(76_500), batch: 7 },
        Reply::Released { amount: Minor(510) },
        Reply::Refunded { amount: Minor(510), batch: 7 },
        Reply::Reconciled(Reconciled {
            batch: 7,
            agrees: true,
            payouts: vec![Payout {
                totals: batch_totals(),
                charged_back: Minor(100),
                fees: Minor(1_148),
                payout: Minor(74_742),
            }],
        }),
        Reply::Refused(settlement::Refusal::NotHeld),
    ]
}

pub fn standings() -> Vec<Standing> {
    use Standing::{Captured, Declined, Expired, Held, Reversed, Unknown};
    vec![Unknown, Declined, Held, Captured, Reversed, Expired]
}

pub fn settlement_refusals() -> Vec<settlement::Refusal> {
    use settlement::Refusal::{Amount, Captured, Duplicate, Expired, NotClosed, NotHeld, Reversed, TryLater};
    vec![Duplicate, NotHeld, Expired, Reversed, Captured, NotClosed, Amount, TryLater]
}
