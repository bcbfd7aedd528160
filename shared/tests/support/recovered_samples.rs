//! What a seller that was put back is told of its orders, with every field unlike the others.
#![allow(dead_code, reason = "each test has use for one of the wires")]

use kessai_shared::ids::{CaptureId, OrderId, RefundId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::operator::rows::{RecoveredIs, RecoveredRow};
use kessai_shared::operator::{Page, seller};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::settlement::{self, Approved, ApprovedOrders, Captured, Refunded, Refusal, Standing};
use kessai_shared::time::Timestamp;

const ORDER: OrderId = OrderId::from_bytes([0x31; 16]);

pub fn request() -> settlement::Request {
    settlement::Request::Orders { after: Some(ORDER) }
}

pub fn reply() -> settlement::Reply {
    let purchase = Purchase {
        seller: Pin([0x32; 32]),
        order: ORDER,
        amount: Minor(70_000),
        currency: Currency::Jpy,
        quote_hash: [0x33; 32],
        deadline: Timestamp(1_782_864_000_000_000),
    };
    let (capture, refund) = (CaptureId::from_bytes([0x34; 16]), RefundId::from_bytes([0x35; 16]));
    let approved = Approved {
        purchase,
        standing: Standing::Held,
        held: Minor(300),
        captures: vec![Captured { id: capture, amount: Minor(60_000), batch: 301 }],
        refunds: vec![Refunded { id: refund, amount: Minor(500), batch: 302 }],
        charged_back: Minor(130),
    };
    settlement::Reply::Orders(ApprovedOrders { orders: vec![approved], next: Some(ORDER) })
}

pub fn operator_request() -> seller::Request {
    seller::Request::Recovered { before: Some(ORDER), limit: 200 }
}

pub fn row(state: RecoveredIs) -> RecoveredRow {
    RecoveredRow {
        order: ORDER,
        state,
        currency: Currency::Jpy,
        amount: Minor(70_000),
        held: Minor(300),
        charged: Minor(60_000),
        given_back: Minor(500),
        until: Timestamp(1_782_864_000_000_000),
        refused: Some(Refusal::Amount),
    }
}

pub fn operator_reply() -> seller::Reply {
    let states = [RecoveredIs::Waiting, RecoveredIs::Forward, RecoveredIs::GivingBack, RecoveredIs::Ended];
    seller::Reply::Recovered(Page { rows: states.map(row).to_vec(), next: Some(ORDER) })
}
