//! Orders and products as operators see them.

use std::time::Duration;

use kessai_shared::exchange::{Health, State};
use kessai_shared::ids::OrderId;
use kessai_shared::money::Minor;
use kessai_shared::net::side::Side;
use kessai_shared::operator::Page;
use kessai_shared::operator::rows::{RecoveredIs, RecoveredRow, ShopBatch, Trade};
use kessai_shared::operator::seller::{
    Decided, Leg, LinkHealth, LinkKind, LinkState, OrderDetail, OrderRow, Shipped, StockRow,
};
use tokio::time::Instant;

use crate::sales::{self, Batch, Books, Deed, Order, Product, Recovered, RecoveredState, Shipment};

/// What kind of line a side is joined to.
pub fn kind(side: &Side) -> LinkKind {
    match side {
        Side::Network { .. } => LinkKind::ClosedNetwork,
        Side::Ethernet { .. } => LinkKind::EthernetLine,
        Side::Unix { .. } => LinkKind::UnixLine,
    }
}

/// How the link to the settlement is, which last answered an echo then.
pub fn link(kind: LinkKind, health: Health, heard_at: Option<Instant>) -> LinkHealth {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    // The ends of a line have only addresses that stand for them.
    let has_addresses = kind == LinkKind::ClosedNetwork;
    LinkHealth {
        kind,
        state: match health.state {
            State::Up => LinkState::Up,
            State::Silent => LinkState::Silent,
            State::Down => LinkState::Down,
        },
        for_ms: millis(health.lasting),
        address: health.address.filter(|_| has_addresses),
        addresses: if has_addresses { health.addresses } else { Vec::new() },
        round_trip_us: health.round_trips.map(|(now, _)| micros(now)),
        best_round_trip_us: health.round_trips.map(|(_, best)| micros(best)),
        packets_sent: health.sent,
        packets_lost: health.lost,
        attempts: health.attempts,
        connections: health.connections,
        last_echo_ms: heard_at.map(|at| millis(at.elapsed())),
        last_error: health.last_error.map(|error| error.to_string()),
        waiting: health.waiting,
        in_flight: health.in_flight,
    }
}

pub fn order_row(order: &Order) -> OrderRow {
    OrderRow {
        order: order.quote.order,
        placed_at: order.placed_at,
        state: order.order,
        payment: order.payment,
        fulfilment: order.fulfilment,
        lines: order.quote.lines.len() as u64,
        total: order.quote.total,
        currency: order.quote.currency,
    }
}

pub fn order_detail(order: &Order, names: Vec<String>) -> OrderDetail {
    OrderDetail {
        owner: order.owner,
        quote: order.quote.clone(),
        deliver_to: order.deliver_to.clone(),
        names,
        shipped: order.lines.iter().map(|pieces| pieces.shipped).collect(),
        cancelled_pieces: order.lines.iter().map(|pieces| pieces.cancelled).collect(),
        returned: order.returned(),
        placed_at: order.placed_at,
        state: order.order,
        payment: order.payment,
        fulfilment: order.fulfilment,
        cancelled: order.cancelled.clone(),
        cancelling: order.cancelling.clone(),
        decision: decided(order),
        capturing: order.shipping.as_ref().map(|shipping| shipping.amount),
        captured: order.captured,
        refunded: order.refunded,
        refunding: order.refunding.clone(),
        refused: order.refused,
        shipments: order.shipments.iter().map(shipped).collect(),
    }
}

fn shipped(shipment: &Shipment) -> Shipped {
    let Shipment { nth, amount, batch, at, .. } = *shipment;
    let pieces = shipment.lines.iter().map(|(_, pieces)| u64::from(*pieces)).sum();
    let tracking = shipment.tracking.as_deref().copied();
    Shipped { nth, pieces, amount, batch, at, tracking }
}

fn decided(order: &Order) -> Option<Decided> {
    order.decision.as_ref().map(|decision| Decided {
        verdict: decision.statement.verdict,
        position: decision.statement.position,
        at: decision.statement.decided_at,
    })
}

/// Everything that happened to an order.
pub fn legs(order: &Order) -> Vec<Leg> {
    let mut nth = 0;
    let leg = |leg: &sales::Leg| {
        let text = text(order, leg.what, &mut nth);
        Leg { at: leg.at, kind: leg.what.word().to_owned(), text, by: leg.by }
    };
    order.legs.iter().map(leg).collect()
}

/// What there is to say of a leg besides its name. `nth` counts the shipments that have left.
fn text(order: &Order, what: Deed, nth: &mut usize) -> String {
    let money = |amount: Minor| amount.show(order.quote.currency);
    match what {
        Deed::Placed => format!("{} lines, {}", order.quote.lines.len(), money(order.quote.total)),
        Deed::Approved | Deed::Declined => decided(order).map_or_else(String::new, |decided| {
            format!("position {} of the settlement's journal", decided.position)
        }),
        Deed::Shipped => {
            let shipment = order.shipments.get(*nth);
            *nth += 1;
            shipment.map_or_else(String::new, |shipment| {
                format!("shipment {}, {}, batch {}", shipment.nth, money(shipment.amount), shipment.batch)
            })
        }
        Deed::Refused => order.refused.map_or_else(String::new, |refusal| format!("{refusal:?}")),
        Deed::TurnedAway
        | Deed::Doubted
        | Deed::Reversed
        | Deed::CaptureStarted
        | Deed::Lapsed
        | Deed::Delivered
        | Deed::CancelAsked
        | Deed::Cancelled
        | Deed::RestCancelled
        | Deed::CancelTooLate
        | Deed::ReturnAsked
        | Deed::Released
        | Deed::Refunded => String::new(),
    }
}

pub fn stock_row(product: &Product) -> StockRow {
    let stock = product.stock;
    StockRow {
        sku: product.sku,
        name: product.name.clone(),
        unit_price: product.unit_price,
        on_hand: stock.on_hand(),
        reserved: stock.reserved,
        allocated: stock.allocated,
        available: stock.available,
        shipped: stock.shipped,
        returned: stock.returned,
        received: stock.received,
        found: stock.found,
        written_off: stock.written_off,
    }
}

/// The money of an order.
pub fn trade(order: &Order) -> Trade {
    Trade {
        order: order.quote.order,
        placed_at: order.placed_at,
        deadline: order.quote.deadline,
        state: order.order,
        payment: order.payment,
        currency: order.quote.currency,
        total: order.quote.total,
        captured: order.captured,
        // What was never charged was not paid back, but held no longer.
        refunded: Minor(order.refunded.0 - order.released.0),
        moving: order.is_owed_an_answer(),
    }
}

/// Adds what was recovered of an order to what its own record says.
pub fn with_recovered(trade: &mut Trade, books: &Books) {
    let Some(row) = books.recovered(trade.order) else { return };
    trade.captured.0 += row.captures.iter().map(|capture| capture.amount.0).sum::<i64>();
    trade.refunded.0 += row.refunds.iter().map(|refund| refund.amount.0).sum::<i64>();
    trade.moving |= matches!(row.state, RecoveredState::Forward | RecoveredState::GivingBack);
}

/// Recovered orders older than one, or from the newest on, the newest first.
pub fn recovered(books: &Books, before: Option<OrderId>, limit: u16) -> Page<RecoveredRow, OrderId> {
    let limit = kessai_shared::operator::rows(limit);
    let older = books.all_recovered().rev().filter(|(id, _)| before.is_none_or(|end| **id < end));
    let row = |(id, row): (&OrderId, &Recovered)| RecoveredRow {
        order: *id,
        state: match row.state {
            RecoveredState::Waiting => RecoveredIs::Waiting,
            RecoveredState::Forward => RecoveredIs::Forward,
            RecoveredState::GivingBack => RecoveredIs::GivingBack,
            RecoveredState::Ended => RecoveredIs::Ended,
        },
        currency: row.purchase.currency,
        amount: row.purchase.amount,
        held: row.held,
        charged: Minor(row.captures.iter().map(|capture| capture.amount.0).sum()),
        given_back: Minor(row.refunds.iter().map(|refund| refund.amount.0).sum()),
        until: row.until,
        refused: row.refused,
    };
    let rows: Vec<_> = older.take(limit).map(row).collect();
    let next = rows.last().map(|row| row.order).filter(|_| rows.len() == limit);
    Page { rows, next }
}

/// Clearing batches before one, or from the newest on, the newest first.
pub fn batches(books: &Books, before: Option<u32>, limit: u16) -> Page<ShopBatch, u32> {
    let limit = kessai_shared::operator::rows(limit);
    let older = books.clearing().batches().rev().filter(|(number, _)| before.is_none_or(|end| *number < end));
    let row = |(number, batch): (u32, &Batch)| ShopBatch {
        batch: number,
        totals: batch.totals.clone(),
        agrees: batch.compared.as_ref().map(|compared| compared.agrees),
        payouts: batch.compared.as_ref().map(|compared| compared.payouts.clone()).unwrap_or_default(),
    };
    let rows: Vec<_> = older.take(limit).map(row).collect();
    let next = rows.last().map(|row| row.batch).filter(|_| rows.len() == limit);
    Page { rows, next }
}
