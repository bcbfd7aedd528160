//! What operators had done: messages, records and rows of it.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use kessai_shared::backup::schedule::Last;
use kessai_shared::ids::{Epoch, OrderId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::operator::rights::Right;
use kessai_shared::operator::seller::{self, OrderRow, OwedRow};
use kessai_shared::operator::settlement::{self, AccountRef, Charged, PolicyRow};
use kessai_shared::operator::trail::{ActRow, RecordRow, Reply, Request, Subject};
use kessai_shared::operator::{Endpoint, Page};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{FulfilmentState, OrderState, PaymentState};
use kessai_shared::time::Timestamp;
use kessai_shared::trail::{Listed, Noted, Operated};

const AT: Timestamp = Timestamp(1_700_000_000_123_456);
const POSITION: u64 = 70_000;
const ORDER: OrderId = OrderId::from_bytes([0x11; 16]);
const ACCOUNT: AccountRef = AccountRef([0x22; 16]);

const fn pin(byte: u8) -> Pin {
    Pin([byte; 32])
}

fn reason() -> String {
    "reported by its holder".to_owned()
}

pub fn operated() -> Vec<Operated> {
    vec![
        Operated::OperatorAllowed { pin: pin(1), right: Right::Watch },
        Operated::OperatorRemoved { pin: pin(2) },
        Operated::SellerAllowed { pin: pin(3) },
        Operated::SellerRevoked { pin: pin(4) },
        Operated::Disconnected { endpoint: Endpoint::Open, pin: pin(5) },
        Operated::BackupAsked,
        Operated::RekeyAsked,
        Operated::Promoted { epoch: Epoch(300) },
        Operated::CardShown { account: ACCOUNT },
    ]
}

pub fn subjects() -> Vec<Subject> {
    vec![
        Subject::Order(ORDER),
        Subject::Charge(Charged { seller: pin(1), order: ORDER }),
        Subject::Account(ACCOUNT),
        Subject::Product(Sku::new("TEA-MUGI").expect("a SKU")),
        Subject::Key(pin(2)),
        Subject::Batch(pin(3), 301),
    ]
}

pub fn noted() -> Noted {
    let (on, what) = (Some(Subject::Account(ACCOUNT)), "card shown".to_owned());
    Noted { at: AT, by: pin(5), what, on, reason: reason(), bulk: false, nth: 301, records: 1 }
}

pub fn listed() -> Listed {
    Listed {
        operators: [(pin(1), Right::Watch), (pin(2), Right::Act)].into(),
        sellers: [pin(3)].into(),
        promoted: Epoch(300),
    }
}

pub fn requests() -> Vec<Request> {
    vec![
        Request::Acts { before: Some(POSITION), limit: 20 },
        Request::Record { position: POSITION },
        Request::Operators { after: Some(pin(4)), limit: 200 },
        Request::AllowOperator { pin: pin(1), right: Right::Watch, reason: reason() },
        Request::RemoveOperator { pin: pin(1), reason: reason() },
        Request::Disconnect { endpoint: Endpoint::Closed, pin: pin(1), reason: reason() },
        Request::BackUp { reason: reason() },
    ]
}

pub fn replies() -> Vec<Reply> {
    let rows: Vec<ActRow> = vec![noted().row(POSITION)];
    let record = RecordRow {
        position: POSITION,
        at: AT,
        what: "received".to_owned(),
        on: Some(subjects().swap_remove(3)),
        by: Some(pin(5)),
        lines: vec!["300 pieces".to_owned()],
    };
    vec![
        Reply::Acts(Page { rows, next: Some(POSITION) }),
        Reply::Record(Box::new(record)),
        Reply::Operators {
            own: pin(5),
            listed: Page { rows: vec![(pin(1), Right::Watch), (pin(2), Right::Act)], next: Some(pin(2)) },
        },
        Reply::Done { position: Some(POSITION) },
        Reply::BackedUp {
            position: POSITION,
            last: Last { nth: 301, full: true, at: AT, position: POSITION },
        },
    ]
}

pub fn seller_requests() -> Vec<seller::Request> {
    use seller::Request;
    let mut all: Vec<_> = requests().into_iter().take(1).map(Request::Trail).collect();
    all.extend([
        Request::FindOrders { words: "0190 confirmed".to_owned(), before: Some(ORDER), limit: 20 },
        Request::FindStock { text: "mugi".to_owned(), limit: 20 },
        Request::Owed { after: Some(ORDER), limit: 20 },
    ]);
    all
}

pub fn seller_replies() -> Vec<seller::Reply> {
    use seller::Reply;
    let row = OrderRow {
        order: ORDER,
        placed_at: AT,
        state: OrderState::Pending,
        payment: PaymentState::Unknown,
        fulfilment: FulfilmentState::NotFulfilled,
        lines: 2,
        total: Minor(1_280),
        currency: Currency::Gbp,
    };
    let owed = Page { rows: vec![OwedRow { row, work: "reversal".to_owned() }], next: Some(ORDER) };
    replies().into_iter().take(1).map(Reply::Trail).chain([Reply::Owed(owed)]).collect()
}

pub fn settlement_requests() -> Vec<settlement::Request> {
    use settlement::Request;
    let mut all: Vec<_> = requests().into_iter().take(1).map(Request::Trail).collect();
    all.extend([
        Request::FindAccounts { prefix: "22".to_owned(), after: Some(ACCOUNT), limit: 20 },
        Request::Sellers { after: Some(pin(4)), limit: 200 },
        Request::AllowSeller { seller: pin(1), reason: reason() },
        Request::RevokeSeller { seller: pin(1), reason: reason() },
        Request::Rekey { reason: reason() },
        Request::ReloadPolicy,
        Request::ShowCard { account: ACCOUNT, reason: reason() },
    ]);
    all
}

pub fn settlement_replies() -> Vec<settlement::Reply> {
    use settlement::Reply;
    let policy = PolicyRow {
        sequence: 2,
        version: 300,
        digest: [0xdd; 32],
        position: POSITION,
        at: AT,
        by: pin(5),
        text: "version = 300\n".to_owned(),
    };
    let expiry = AT.month();
    let own = [
        Reply::Sellers(Page { rows: vec![(pin(1), 300)], next: Some(pin(1)) }),
        Reply::PolicyInForce { policy, is_new: true },
        Reply::CardShown { position: POSITION, last_four: "0010".to_owned(), expiry },
    ];
    replies().into_iter().take(1).map(Reply::Trail).chain(own).collect()
}
