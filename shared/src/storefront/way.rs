//! An order's way to its buyer, as the seller tells it: nothing of it is signed.

use serde::{Deserialize, Serialize};

use crate::ids::{Carrier, TrackingNumber};
use crate::money::Minor;
use crate::time::Timestamp;

/// Most lines that are told of all shipments of one order together. With them the largest order still fits
/// one frame; of older shipments only the number of pieces is told then.
pub const MAX_SHIPPED_LINES: usize = 4_000;

/// Where a parcel can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    pub carrier: Carrier,
    pub reference: TrackingNumber,
}

/// Goods that have left, and were charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentView {
    /// 1 is an order's first.
    pub nth: u32,
    pub at: Timestamp,
    /// All pieces in it.
    pub pieces: u64,
    /// How many pieces of which line, from 0; empty when an order has too many of them to be told.
    pub lines: Vec<(u16, u32)>,
    pub amount: Minor,
    /// None when the shop's operator named none.
    pub tracking: Option<Tracking>,
}

/// One step on an order's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub what: StepKind,
    pub at: Timestamp,
}

/// What a shopper may know of it: not which operator did it, nor what the settlement refused the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StepKind {
    Placed,
    /// Not all of it was in stock.
    TurnedAway,
    Approved,
    Declined,
    /// No answer of the settlement came in time; the shop makes sure that nothing is held.
    Doubted,
    /// What may have been held is held no longer.
    Reversed,
    /// A shipment is being charged and made ready.
    Preparing,
    Shipped {
        nth: u32,
    },
    /// The approval ran out before all was shipped.
    HoldExpired,
    Delivered,
    CancelAsked,
    Cancelled,
    /// What was left after a part was shipped.
    RestCancelled,
    CancelTooLate,
    ReturnAsked,
    /// What was given back before it was shipped is held no longer.
    Released,
    Refunded,
}

impl StepKind {
    /// All of them, for tests and texts.
    pub const ALL: [StepKind; 17] = [
        StepKind::Placed,
        StepKind::TurnedAway,
        StepKind::Approved,
        StepKind::Declined,
        StepKind::Doubted,
        StepKind::Reversed,
        StepKind::Preparing,
        StepKind::Shipped { nth: 1 },
        StepKind::HoldExpired,
        StepKind::Delivered,
        StepKind::CancelAsked,
        StepKind::Cancelled,
        StepKind::RestCancelled,
        StepKind::CancelTooLate,
        StepKind::ReturnAsked,
        StepKind::Released,
        StepKind::Refunded,
    ];

    /// The word that programs read.
    pub const fn word(self) -> &'static str {
        match self {
            StepKind::Placed => "placed",
            StepKind::TurnedAway => "turned_away",
            StepKind::Approved => "approved",
            StepKind::Declined => "declined",
            StepKind::Doubted => "doubted",
            StepKind::Reversed => "reversed",
            StepKind::Preparing => "preparing",
            StepKind::Shipped { .. } => "shipped",
            StepKind::HoldExpired => "hold_expired",
            StepKind::Delivered => "delivered",
            StepKind::CancelAsked => "cancel_asked",
            StepKind::Cancelled => "cancelled",
            StepKind::RestCancelled => "rest_cancelled",
            StepKind::CancelTooLate => "cancel_too_late",
            StepKind::ReturnAsked => "return_asked",
            StepKind::Released => "released",
            StepKind::Refunded => "refunded",
        }
    }
}
