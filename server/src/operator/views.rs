//! Orders and products as operators see them.

use kessai_shared::operator::seller::{Decided, Leg, OrderDetail, OrderRow, StockRow};
use kessai_shared::receipt::Verdict;

use crate::sales::{Order, Product};

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
        names,
        returned: order.returned.clone(),
        placed_at: order.placed_at,
        state: order.order,
        payment: order.payment,
        fulfilment: order.fulfilment,
        cancelled: order.cancelled.clone(),
        decision: decided(order),
        capturing: order.capturing,
        captured: order.captured,
        refunded: order.refunded,
        refunding: order.refunding.clone(),
    }
}

fn decided(order: &Order) -> Option<Decided> {
    order.decision.as_ref().map(|decision| Decided {
        verdict: decision.statement.verdict,
        position: decision.statement.position,
        at: decision.statement.decided_at,
    })
}

/// What the order itself still knows of what happened to it.
pub fn legs(order: &Order) -> Vec<Leg> {
    let leg = |at, kind: &str, text: String| Leg { at, kind: kind.to_owned(), text, by: None };
    let total = order.quote.total.show(order.quote.currency);
    let mut legs =
        vec![leg(order.placed_at, "placed", format!("{} lines, {total}", order.quote.lines.len()))];
    if let Some(Decided { verdict, position, at }) = decided(order) {
        let kind = match verdict {
            Verdict::Approved => "approved",
            Verdict::Declined => "declined",
        };
        legs.push(leg(at, kind, format!("position {position} of the settlement's journal")));
    }
    if order.confirmed_position > 0 {
        legs.push(leg(order.confirmed_at, "confirmed", format!("position {}", order.confirmed_position)));
    }
    legs
}

pub fn stock_row(product: &Product) -> StockRow {
    let stock = product.stock;
    StockRow {
        sku: product.sku,
        name: product.name.clone(),
        unit_price: product.unit_price,
        on_hand: stock.available + stock.reserved + stock.allocated,
        reserved: stock.reserved,
        allocated: stock.allocated,
        available: stock.available,
        shipped: stock.shipped,
        returned: stock.returned,
    }
}
