//! The books a page at a time, as `kessai reconcile` and an operator's lists ask for them.

use kessai_shared::ids::OrderId;
use kessai_shared::money::Minor;
use kessai_shared::operator::rows::{self, BatchStanding, ClearingBatch};
use kessai_shared::operator::{Page, rows as most};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{
    Approved, ApprovedOrders, Captured, MAX_APPROVED, MAX_MOVEMENTS, Payout, Refunded,
};

use super::books::{Books, Key};
use super::clearing::Batches;
use super::closed::{BatchState, Closed};
use super::given::GivenBack;
use super::hold::{Charge, Decided};

/// A seller's charges older than `before`, or from the newest on, the newest first.
pub fn charges(
    books: &Books,
    seller: Pin,
    before: Option<OrderId>,
    limit: u16,
) -> Page<rows::Charge, OrderId> {
    let limit = most(limit);
    let rows: Vec<_> =
        books.charges_before(seller, before).take(limit).map(|(id, c)| charge(id, c)).collect();
    let next = rows.last().map(|row| row.order).filter(|_| rows.len() == limit);
    Page { rows, next }
}

/// A seller's approved orders behind `after`, or from the first, by their ids, with all that became of their
/// money: what a seller catches up from whose own books are older (F18).
pub fn approved(books: &Books, seller: Pin, after: Option<OrderId>) -> ApprovedOrders {
    let mut page = ApprovedOrders::default();
    let mut room = MAX_MOVEMENTS;
    let (mut last, mut looked_at) = (None, 0);
    for (id, charge) in books.charges_after(seller, after).take(MAX_APPROVED) {
        let decided = charge.decided.as_ref().filter(|_| charge.account.is_some());
        if let Some(order) = decided.map(|decided| approval(books, (seller, id), charge, decided)) {
            let movements = order.captures.len() + order.refunds.len();
            if movements > room && !page.orders.is_empty() {
                page.next = last;
                return page;
            }
            room = room.saturating_sub(movements);
            page.orders.push(order);
        }
        (last, looked_at) = (Some(id), looked_at + 1);
    }
    page.next = last.filter(|_| looked_at == MAX_APPROVED);
    page
}

fn approval(books: &Books, key: Key, charge: &Charge, decided: &Decided) -> Approved {
    let captures = charge.captures.iter().take(MAX_MOVEMENTS / 2);
    let refunds = books.refunds_of(&key).take(MAX_MOVEMENTS / 2);
    Approved {
        purchase: decided.purchase,
        standing: charge.standing(),
        held: charge.live_hold(),
        captures: captures
            .map(|capture| Captured { id: capture.id, amount: capture.amount, batch: capture.batch })
            .collect(),
        refunds: refunds
            .filter_map(|(id, refund)| match refund.given {
                GivenBack::Refunded { batch } => Some(Refunded { id, amount: refund.amount, batch }),
                GivenBack::Released => None,
            })
            .collect(),
        charged_back: charge.charged_back,
    }
}

/// A seller's batches before this one, or from the open one on, the newest first.
pub fn batches(books: &Books, seller: Pin, before: Option<u32>, limit: u16) -> Page<ClearingBatch, u32> {
    let limit = most(limit);
    let Some(batches) = books.batches_of(seller) else { return Page { rows: Vec::new(), next: None } };
    let from = before.map_or(batches.open, |before| before.saturating_sub(1).min(batches.open));
    let rows: Vec<_> = (1..=from).rev().map(|number| batch(batches, number)).take(limit).collect();
    let next = rows.last().map(|row| row.batch).filter(|last| *last > 1 && rows.len() == limit);
    Page { rows, next }
}

/// The sellers behind this one, or from the first, each with its newest batch that is not paid, or else the
/// open one.
pub fn sellers(books: &Books, after: Option<Pin>, limit: u16) -> Page<(Pin, ClearingBatch), Pin> {
    let limit = most(limit);
    let behind = books.batches().filter(|(seller, _)| after.is_none_or(|after| **seller > after));
    let foremost = |(seller, batches): (&Pin, &Batches)| (*seller, foremost(books, *seller, batches));
    let rows: Vec<_> = behind.take(limit).map(foremost).collect();
    let next = rows.last().map(|(seller, _)| *seller).filter(|_| rows.len() == limit);
    Page { rows, next }
}

/// How many batches of all sellers are disputed.
pub fn disputed(books: &Books) -> u64 {
    books.disputed_batches().len() as u64
}

/// The batch of a seller that an operator should know of first: a disputed one, or else the open one.
fn foremost(books: &Books, seller: Pin, batches: &Batches) -> ClearingBatch {
    let disputed = books.disputed_batches().range((seller, 0)..=(seller, u32::MAX)).next();
    batch(batches, disputed.map_or(batches.open, |(_, number)| *number))
}

fn batch(batches: &Batches, number: u32) -> ClearingBatch {
    let closed = batches.closed.get(&number);
    let open = || {
        let line = |(totals, charged_back): (kessai_shared::settlement::BatchTotals, Minor)| Payout {
            totals,
            charged_back,
            fees: Minor::ZERO,
            payout: Minor(totals.captured.0 - totals.refunded.0 - charged_back.0),
        };
        batches.open_lines().map(line).collect()
    };
    let theirs = closed.and_then(|closed| match &closed.state {
        BatchState::Waiting => None,
        BatchState::Disputed { theirs }
        | BatchState::Paid { theirs }
        | BatchState::Accepted { theirs, .. } => Some(theirs.clone()),
    });
    let accepted = closed.and_then(|closed| match &closed.state {
        BatchState::Accepted { by, reason, .. } => Some(rows::Accepted { by: *by, reason: reason.clone() }),
        BatchState::Waiting | BatchState::Disputed { .. } | BatchState::Paid { .. } => None,
    });
    ClearingBatch {
        batch: number,
        standing: standing(closed),
        lines: closed.map_or_else(open, |closed| closed.payouts.clone()),
        closed_at: closed.map(|closed| closed.at),
        closed_by: closed.and_then(|closed| closed.by),
        theirs,
        accepted,
    }
}

fn standing(closed: Option<&Closed>) -> BatchStanding {
    match closed.map(|closed| &closed.state) {
        None => BatchStanding::Open,
        Some(BatchState::Waiting) => BatchStanding::Waiting,
        Some(BatchState::Disputed { .. }) => BatchStanding::Disputed,
        Some(BatchState::Paid { .. }) => BatchStanding::Paid,
        Some(BatchState::Accepted { .. }) => BatchStanding::Accepted,
    }
}

fn charge(order: OrderId, charge: &Charge) -> rows::Charge {
    let purchase = charge.decided.as_ref().map(|decided| decided.purchase);
    rows::Charge {
        order,
        standing: charge.standing(),
        decided_at: charge.decided.as_ref().map(|decided| decided.at),
        currency: purchase.map_or(kessai_shared::money::Currency::Gbp, |purchase| purchase.currency),
        amount: purchase.map_or(Minor::ZERO, |purchase| purchase.amount),
        held: charge.live_hold(),
        captured: charge.captured,
        refunded: charge.refunded,
        charged_back: charge.charged_back,
        expires: charge.expires,
    }
}
