//! One message of every kind on the operator wire.

use kessai_shared::address::{Address, AddressParts};
use kessai_shared::backup::schedule::{Failed, Last, Progress};
use kessai_shared::exchange::TurnedAway;
use kessai_shared::ids::{
    CaptureId, Carrier, ChargebackId, Customer, Epoch, NodeId, OrderId, RepaymentId, ReturnId, Sku,
    TrackingNumber,
};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::net::knock::Counts;
use kessai_shared::operator::account::{
    AccountAct, AccountDetail, BlockRow, BlockedAs, MonthsClosed, MovedRow, StatementRow,
};
use kessai_shared::operator::nodes::Nodes;
use kessai_shared::operator::rows::{self, BatchStanding, ClearingBatch, ShopBatch, Trade};
use kessai_shared::operator::seller::{
    self, Decided, Leg, LinkHealth, LinkKind, LinkState, OrderDetail, OrderRow, StockRow,
};
use kessai_shared::operator::settlement::{
    self, AccountRef, AccountRow, CaptureRow, ChargeDetail, Charged, DecisionDetail, EntriesOf, EntryRow,
    HoldRow, Owner, PolicyRow, Side,
};
use kessai_shared::operator::{Endpoint, Page, Peer, Peers, disputes};
use kessai_shared::outcome::{ChargebackReason, Reason};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine, Verdict};
use kessai_shared::settlement::{BatchTotals, Payout, Standing};
use kessai_shared::storefront::{
    Cancelled, FulfilmentState, Line, OrderState, PaymentState, ReturnState, ReturnView, Tracking,
};
use kessai_shared::time::Timestamp;

const AT: Timestamp = Timestamp(1_700_000_000_123_456);

fn order() -> OrderId {
    OrderId::from_bytes([0x11; 16])
}

fn pin(byte: u8) -> Pin {
    Pin([byte; 32])
}

fn tracking() -> Tracking {
    let (carrier, number) = (Carrier::new("Royal Mail"), TrackingNumber::new("AB123456789GB"));
    Tracking { carrier: carrier.expect("a carrier"), reference: number.expect("a number") }
}

fn sku() -> Sku {
    Sku::new("TEA-MUGI").expect("a SKU")
}

fn peers() -> Peers {
    let peer = |endpoint, byte: u8| Peer {
        endpoint,
        pin: pin(byte),
        address: ([127, 0, 0, 1], 7_000 + u16::from(byte)).into(),
        seconds: 61,
    };
    Peers {
        peers: vec![peer(Endpoint::Open, 1), peer(Endpoint::Closed, 2), peer(Endpoint::Operator, 3)],
        totals: vec![(Endpoint::Open, 300), (Endpoint::Closed, 1), (Endpoint::Operator, 1)],
    }
}

/// A node that has nothing to do with another; what it may have besides stands in `standby_bytes.rs`.
fn nodes() -> Nodes {
    let (node, standbys) = (NodeId::from_bytes([0x77; 16]), Vec::new());
    Nodes { node, in_charge: true, epoch: Epoch(7), position: 90_000, follows: None, standbys }
}

fn backups() -> Progress {
    let last = Last { nth: 12, full: true, at: AT, position: 89_000 };
    let failed = Failed { at: AT.plus_seconds(60), why: "no room is left".to_owned() };
    Progress { every_seconds: 3_600, last: Some(last), failed: Some(failed) }
}

pub fn seller_requests() -> Vec<seller::Request> {
    use seller::Request;
    vec![
        Request::Status,
        Request::Peers,
        Request::Orders { state: Some(OrderState::Expired), before: Some(order()), limit: 200 },
        Request::Order { order: order() },
        Request::History { order: order() },
        Request::Stock { after: Some(sku()), limit: 7 },
        Request::Product { sku: sku() },
        Request::Trades { before: Some(order()), limit: 200 },
        Request::Batches { before: Some(300), limit: 200 },
        Request::Ship { order: order(), lines: vec![(0, 300)], tracking: Some(tracking()) },
        Request::Deliver { order: order() },
        Request::Cancel { order: order() },
        Request::Return {
            id: ReturnId::from_bytes([0x22; 16]),
            order: order(),
            lines: vec![Line { sku: sku(), quantity: 300 }],
            restock: false,
        },
        Request::Receive { sku: sku(), pieces: 300, note: "by sea".to_owned() },
        Request::Adjust { sku: sku(), pieces: -3, reason: seller::Reason::Damaged },
        Request::Link,
        Request::Promote { force: true },
        Request::BackupPoint,
    ]
}

pub fn link_health(kind: LinkKind, state: LinkState) -> LinkHealth {
    LinkHealth {
        kind,
        state,
        for_ms: 300,
        address: Some("10.77.0.2:7100".parse().expect("an address")),
        addresses: vec!["10.77.0.2:7100".parse().expect("an address"), "[::1]:7100".parse().expect("one")],
        round_trip_us: Some(180),
        best_round_trip_us: Some(90),
        packets_sent: 1_000,
        packets_lost: 3,
        attempts: 7,
        connections: 2,
        last_echo_ms: Some(1_999),
        last_error: Some("the peer does not answer".to_owned()),
        waiting: 1,
        in_flight: 64,
    }
}

pub fn stock_row() -> StockRow {
    StockRow {
        sku: sku(),
        name: "Mugicha".to_owned(),
        unit_price: Minor(640),
        on_hand: 100,
        reserved: 10,
        allocated: 20,
        available: 70,
        shipped: 5,
        returned: 1,
        received: 102,
        found: 3,
        written_off: 1,
    }
}

fn address() -> Address {
    let (name, town) = ("Ada Lovelace".to_owned(), "London".to_owned());
    let (postcode, country) = ("SW1Y 4JH".to_owned(), "GB".to_owned());
    let lines = vec!["12 St James's Square".to_owned()];
    let parts = AddressParts { name, lines, town, postcode, country, phone: String::new() };
    Address::new(parts).expect("an address")
}

fn order_detail() -> OrderDetail {
    let line = QuotedLine { sku: sku(), quantity: 3, unit_price: Minor(640) };
    OrderDetail {
        owner: pin(4),
        quote: Quote {
            seller: pin(5),
            order: order(),
            customer: Customer::new("till 4").expect("a customer"),
            lines: vec![line],
            total: Minor(1_920),
            currency: Currency::Gbp,
            deadline: AT.plus_seconds(900),
        },
        deliver_to: Some(Box::new(address())),
        names: vec!["Mugicha".to_owned()],
        shipped: vec![2],
        cancelled_pieces: vec![1],
        returned: vec![1],
        placed_at: AT,
        state: OrderState::Completed,
        payment: PaymentState::PartiallyRefunded,
        fulfilment: FulfilmentState::Shipped,
        cancelled: Some(Cancelled::HoldExpired),
        cancelling: Some(Cancelled::ByShop),
        decision: Some(Decided { verdict: Verdict::Approved, position: 9, at: AT }),
        capturing: Some(Minor(1_280)),
        captured: Minor(1_920),
        refunded: Minor(640),
        refunding: vec![ReturnId::from_bytes([0x22; 16])],
        refused: Some(kessai_shared::settlement::Refusal::Amount),
        shipments: vec![seller::Shipped {
            nth: 1,
            pieces: 2,
            amount: Minor(1_280),
            batch: 7,
            at: AT,
            tracking: Some(tracking()),
        }],
    }
}

pub fn seller_replies() -> Vec<seller::Reply> {
    use seller::{Refusal, Reply, Status};
    let row = OrderRow {
        order: order(),
        placed_at: AT,
        state: OrderState::Confirmed,
        payment: PaymentState::Authorized,
        fulfilment: FulfilmentState::NotFulfilled,
        lines: 2,
        total: Minor(1_920),
        currency: Currency::Gbp,
    };
    let leg = Leg { at: AT, kind: "shipped".to_owned(), text: "2 of 3".to_owned(), by: Some(pin(6)) };
    vec![
        Reply::Status(Box::new(Status {
            version: "0.1.0".to_owned(),
            pid: 4_711,
            shop: "Kessai".to_owned(),
            products: 43,
            orders: 1_000,
            pending: 3,
            unknown: 1,
            errands: 5,
            settlement_up: true,
            link: link_health(LinkKind::ClosedNetwork, LinkState::Up),
            open_batch: Some(2),
            disputed_batch: Some(1),
            recovered: 17,
            behind: true,
            turned_away: TurnedAway { asked_again: 9, paced: 8, full: 7, stalled: 6, idle: 5, slow: 4 },
            backups: Some(backups()),
            nodes: nodes(),
        })),
        Reply::Peers(peers()),
        Reply::Orders(Page { rows: vec![row], next: Some(order()) }),
        Reply::Order(Box::new(order_detail())),
        Reply::History(vec![leg]),
        Reply::Stock(Page { rows: vec![stock_row()], next: Some(sku()) }),
        Reply::Product(stock_row()),
        Reply::Trades(Page { rows: vec![trade()], next: Some(order()) }),
        Reply::Batches(Page { rows: vec![shop_batch()], next: Some(300) }),
        Reply::Returned(ReturnView {
            id: ReturnId::from_bytes([0x22; 16]),
            state: ReturnState::Pending,
            refunded: Minor(640),
            currency: Currency::Gbp,
            lines: Vec::new(),
        }),
        Reply::Link(Box::new(link_health(LinkKind::EthernetLine, LinkState::Silent))),
        Reply::Promoted { epoch: kessai_shared::ids::Epoch(300) },
        Reply::BackupPoint { position: 90_000, totals: vec![("orders".to_owned(), 1_000)] },
        Reply::Refused(Refusal::TryLater),
    ]
}

/// A line without addresses on which nothing was ever heard.
pub fn unheard_link() -> LinkHealth {
    LinkHealth {
        address: None,
        addresses: Vec::new(),
        round_trip_us: None,
        best_round_trip_us: None,
        last_echo_ms: None,
        last_error: None,
        ..link_health(LinkKind::UnixLine, LinkState::Down)
    }
}

fn account() -> AccountRef {
    AccountRef([0x33; 16])
}

fn charged() -> Charged {
    Charged { seller: pin(5), order: order() }
}

pub fn settlement_requests() -> Vec<settlement::Request> {
    use settlement::Request;
    vec![
        Request::Status,
        Request::Peers,
        Request::Policies { before: Some(300), limit: 50 },
        Request::Accounts { after: Some(account()), limit: 50 },
        Request::Holds { seller: Some(pin(5)), after: Some(charged()), limit: 50 },
        Request::Entries { of: EntriesOf::Account(account()), from: 300, limit: 50 },
        Request::Charge { of: charged() },
        Request::Disputes(dispute_requests()[0]),
        Request::Account { account: account() },
        Request::Statements { account: account() },
        Request::ActOn { account: account(), act: account_acts().swap_remove(1) },
        Request::CloseMonth { month: "2026-11".parse().expect("a month") },
        Request::Promote { force: true },
        Request::Charges { seller: pin(5), before: Some(order()), limit: 200 },
        Request::Clearing { after: Some(pin(5)), limit: 200 },
        Request::Batches { seller: pin(5), before: Some(300), limit: 200 },
        Request::CloseBatch { seller: pin(5) },
        Request::AcceptBatch { seller: pin(5), batch: 300, reason: "counted by hand".to_owned() },
        Request::Shops { after: Some(pin(5)), limit: 200 },
        Request::BackupPoint,
    ]
}

pub fn account_acts() -> Vec<AccountAct> {
    vec![
        AccountAct::Repay { repayment: RepaymentId::from_bytes([8; 16]), amount: Minor(640) },
        AccountAct::Block { status: BlockedAs::Stolen, why: "the holder called".to_owned() },
        AccountAct::Unblock { same_card: true },
        AccountAct::Limit { limit: Minor(90_000) },
        AccountAct::Close,
        AccountAct::WriteOff,
    ]
}

fn statement() -> StatementRow {
    StatementRow {
        month: "2026-11".parse().expect("a month"),
        opening: Minor(-7),
        moved: moved(),
        closing: Minor(744),
        past_due: Minor(300),
        minimum_due: Minor(500),
        due: "2026-12-21".parse().expect("a day"),
        months_late: 1,
    }
}

fn moved() -> MovedRow {
    let [purchases, refunds, repayments, fees, written_off] = [900, 80, 70, 6, 5].map(Minor);
    MovedRow { purchases, refunds, repayments, fees, written_off }
}

fn account_detail() -> AccountDetail {
    AccountDetail {
        row: account_row(),
        late_history: vec![1, 0],
        asked: Minor(500),
        open_month: Some("2026-12".parse().expect("a month")),
        opening: Minor(744),
        moved: moved(),
        written_off: Minor(5),
        block: Some(BlockRow { why: "the holder called".to_owned(), by: pin(6), at: AT }),
        holder_key: true,
        last: Some(statement()),
    }
}

pub fn dispute_requests() -> Vec<disputes::Request> {
    use disputes::Request;
    let (id, reason) = (chargeback(), ChargebackReason::NotAsDescribed);
    vec![
        Request::ChargeBack { id, of: charged(), amount: Minor(255), reason },
        Request::Chargebacks { after: Some(id), limit: 50 },
        Request::LateCaptures { after: Some(charged()), limit: 50 },
    ]
}

pub fn dispute_replies() -> Vec<disputes::Reply> {
    use disputes::{ChargebackRow, LateRow, NotChargedBack, Reply};
    let (of, currency, amount) = (charged(), Currency::Jpy, Minor(255));
    let (id, reason, capture) = (chargeback(), ChargebackReason::Fraud, CaptureId::from_bytes([0x34; 16]));
    let row = ChargebackRow { id, of, currency, amount, reason, by: pin(6), batch: 300 };
    let late = LateRow { of, currency, capture, amount, at: AT };
    vec![
        Reply::ChargedBack { batch: 300 },
        Reply::Chargebacks(Page { rows: vec![row], next: Some(id) }),
        Reply::LateCaptures(Page { rows: vec![late], next: Some(of) }),
        Reply::NotChargedBack(NotChargedBack::Duplicate),
        Reply::NotChargedBack(NotChargedBack::Amount),
        Reply::NotChargedBack(NotChargedBack::NotCaptured),
        Reply::NotChargedBack(NotChargedBack::TryLater),
    ]
}

fn chargeback() -> ChargebackId {
    ChargebackId::from_bytes([0x33; 16])
}

fn policy_row() -> PolicyRow {
    PolicyRow {
        sequence: 299,
        version: 301,
        digest: [0x44; 32],
        position: 70_000,
        at: AT,
        by: pin(6),
        text: "max_months_late = 2\n".to_owned(),
    }
}

pub fn settlement_replies() -> Vec<settlement::Reply> {
    use settlement::{Refusal, Reply, Status};
    let entry = EntryRow {
        position: 7,
        at: AT,
        change: "captured".to_owned(),
        order: Some(charged()),
        by: Some(pin(6)),
        debit: Side { name: "receivable".to_owned(), of: Some(Owner::Account(account())) },
        credit: Side { name: "payable".to_owned(), of: Some(Owner::Seller(pin(5))) },
        currency: Currency::Jpy,
        amount: Minor(640),
    };
    vec![
        Reply::Status(Box::new(Status {
            version: "0.1.0".to_owned(),
            pid: 4_712,
            accounts: 20_000,
            holds: 17,
            generation: 2,
            sellers: 3,
            connections: 1,
            position: 90_000,
            disputed_batches: 1,
            gate: Counts {
                heard: 90_000,
                knocks: 2,
                malformed: 3,
                version: 4,
                unmarked: 5,
                clock: 6,
                old: 7,
                replayed: 8,
                crowded: 9,
                elsewhere: 10,
                held_back: 11,
            },
            backups: Some(backups()),
            nodes: nodes(),
        })),
        Reply::Peers(peers()),
        Reply::Policies(Page { rows: vec![policy_row()], next: Some(299) }),
        Reply::Accounts(Page { rows: vec![account_row()], next: Some(account()) }),
        Reply::Holds(Page { rows: vec![hold_row()], next: Some(charged()) }),
        Reply::Entries { page: Page { rows: vec![entry], next: Some(8) }, begins: 1 },
        Reply::Charge(Box::new(charge_detail())),
        Reply::Disputes(dispute_replies().swap_remove(1)),
        Reply::Account(Box::new(account_detail())),
        Reply::Statements { currency: Currency::Jpy, statements: vec![statement()] },
        Reply::MonthsClosed(MonthsClosed { stated: 300, passed: 2, more: true }),
        Reply::Promoted { epoch: Epoch(7), position: 90_000, lacks: Some(300) },
        Reply::Charges(Page { rows: vec![charge()], next: Some(order()) }),
        Reply::Clearing(Page { rows: vec![(pin(5), clearing_batch())], next: Some(pin(5)) }),
        Reply::Batches(Page { rows: vec![clearing_batch()], next: Some(300) }),
        Reply::BatchClosed(300),
        Reply::BatchAccepted,
        Reply::Shops(shops()),
        Reply::BackupPoint { position: 90_000, totals: vec![("GBP held".to_owned(), -1)] },
        Reply::Refused(Refusal::UnknownAccount),
    ]
}

fn account_row() -> AccountRow {
    AccountRow {
        account: account(),
        status: "normal".to_owned(),
        currency: Currency::Gbp,
        limit: Minor(250_000),
        balance: Minor(1_200),
        held: Minor(640),
        open_to_buy: Minor(248_160),
        months_late: 1,
        expiry: Some("2031-09".parse().expect("a month")),
    }
}

fn hold_row() -> HoldRow {
    HoldRow {
        of: charged(),
        account: account(),
        currency: Currency::Gbp,
        held: Minor(640),
        authorized: Minor(1_280),
        expires: AT,
    }
}

fn charge_detail() -> ChargeDetail {
    ChargeDetail {
        of: charged(),
        state: "held".to_owned(),
        decision: Some(DecisionDetail {
            position: 9,
            at: AT,
            reason: Reason::Approved,
            amount: Minor(1_280),
            currency: Currency::Gbp,
        }),
        account: Some(account()),
        authorized: Minor(1_280),
        voided: Minor::ZERO,
        captured: Minor(640),
        refunded: Minor::ZERO,
        charged_back: Minor::ZERO,
        held: Minor(640),
        expires: AT,
        captures: vec![CaptureRow {
            capture: CaptureId::of(order(), 1),
            amount: Minor(640),
            last: false,
            batch: 3,
        }],
    }
}

fn trade() -> Trade {
    Trade {
        order: order(),
        placed_at: AT,
        deadline: AT.plus_seconds(900),
        state: OrderState::Completed,
        payment: PaymentState::PartiallyRefunded,
        currency: Currency::Jpy,
        total: Minor(1_920),
        captured: Minor(1_280),
        refunded: Minor(640),
        moving: true,
    }
}

fn charge() -> rows::Charge {
    rows::Charge {
        order: order(),
        standing: Standing::Captured,
        decided_at: Some(AT),
        currency: Currency::Jpy,
        amount: Minor(1_920),
        held: Minor(320),
        captured: Minor(1_280),
        refunded: Minor(640),
        charged_back: Minor(7),
        expires: AT.plus_seconds(900),
    }
}

fn payout() -> Payout {
    let (captured, refunded) = (Minor(76_000), Minor(255));
    let totals = BatchTotals { currency: Currency::Jpy, captures: 300, captured, refunds: 2, refunded };
    Payout { totals, charged_back: Minor(254), fees: Minor(1_140), payout: Minor(74_351) }
}

fn shop_batch() -> ShopBatch {
    let totals = vec![payout().totals];
    ShopBatch { batch: 300, totals, agrees: Some(true), payouts: vec![payout()] }
}

fn clearing_batch() -> ClearingBatch {
    ClearingBatch {
        batch: 300,
        standing: BatchStanding::Accepted,
        lines: vec![payout()],
        closed_at: Some(AT),
        closed_by: Some(pin(6)),
        theirs: Some(vec![payout().totals]),
        accepted: Some(rows::Accepted { by: pin(6), reason: "counted by hand".to_owned() }),
    }
}

fn shops() -> Page<kessai_shared::operator::shops::ShopRow, Pin> {
    use kessai_shared::ids::{Epoch, NodeId};
    let row = kessai_shared::operator::shops::ShopRow {
        seller: pin(5),
        epoch: Epoch(300),
        node: NodeId::from_bytes([0x11; 16]),
        mode: kessai_shared::settlement::Mode::Sync { standby: NodeId::from_bytes([0x22; 16]) },
        position: 70_000,
        since: Timestamp(1_700_000_000_000_000),
        heard_ms: Some(300),
    };
    Page { rows: vec![row], next: Some(pin(5)) }
}
