//! An order's way as its buyer is told it: what the books noted, without what is the shop's own business.

use kessai_shared::storefront::{MAX_SHIPPED_LINES, ShipmentView, Step, StepKind};

use crate::sales::{self, Deed, Order};

/// What has left of an order. Its newest shipments keep their lines, as many as one message has room for.
pub fn shipments(order: &Order) -> Vec<ShipmentView> {
    let mut room = MAX_SHIPPED_LINES;
    let mut views: Vec<ShipmentView> = Vec::with_capacity(order.shipments.len());
    for shipment in order.shipments.iter().rev() {
        let fits = shipment.lines.len() <= room;
        room = if fits { room - shipment.lines.len() } else { 0 };
        views.push(ShipmentView {
            nth: shipment.nth,
            at: shipment.at,
            pieces: shipment.lines.iter().map(|(_, pieces)| u64::from(*pieces)).sum(),
            lines: if fits { shipment.lines.clone() } else { Vec::new() },
            amount: shipment.amount,
            tracking: shipment.tracking.as_deref().copied(),
        });
    }
    views.reverse();
    views
}

/// What happened to an order. Who of the shop did it, and what the settlement refused the shop, is left out.
pub fn history(order: &Order) -> Vec<Step> {
    // Legs in the middle may be gone, so those before the gap are counted from the first shipment on and
    // those behind it up to the last.
    let left = order.legs.iter().filter(|leg| leg.what == Deed::Shipped).count();
    let gone = order.shipments.len().saturating_sub(left);
    let mut nth = 0_u32;
    let mut steps = Vec::with_capacity(order.legs.len());
    for (at, leg) in order.legs.iter().enumerate() {
        if leg.what == Deed::Shipped {
            nth += 1;
        }
        let behind = if at < sales::FIRST_LEGS { 0 } else { u32::try_from(gone).unwrap_or(u32::MAX) };
        let what = told(leg.what, nth.saturating_add(behind));
        steps.extend(what.map(|what| Step { what, at: leg.at }));
    }
    steps
}

fn told(what: Deed, nth: u32) -> Option<StepKind> {
    Some(match what {
        Deed::Placed => StepKind::Placed,
        Deed::TurnedAway => StepKind::TurnedAway,
        Deed::Approved => StepKind::Approved,
        Deed::Declined => StepKind::Declined,
        Deed::Doubted => StepKind::Doubted,
        Deed::Reversed => StepKind::Reversed,
        Deed::CaptureStarted => StepKind::Preparing,
        Deed::Shipped => StepKind::Shipped { nth },
        Deed::Lapsed => StepKind::HoldExpired,
        Deed::Delivered => StepKind::Delivered,
        Deed::CancelAsked => StepKind::CancelAsked,
        Deed::Cancelled => StepKind::Cancelled,
        Deed::RestCancelled => StepKind::RestCancelled,
        Deed::CancelTooLate => StepKind::CancelTooLate,
        Deed::ReturnAsked => StepKind::ReturnAsked,
        Deed::Released => StepKind::Released,
        Deed::Refunded => StepKind::Refunded,
        // What it means for the buyer shows in the state of the order and of its returns.
        Deed::Refused => return None,
    })
}
