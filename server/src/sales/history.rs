//! What happened to an order, leg by leg.

use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most legs that are kept of one order: the first and the last of them. Nobody can fill the books by
/// returning a large order piece by piece.
pub const MAX_LEGS: usize = 128;
/// How many of the first legs are kept whatever comes after.
pub const FIRST_LEGS: usize = 64;

/// One leg of an order's way. Its time is that of its journal record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub what: Deed,
    pub at: Timestamp,
    /// The operator, when it was one.
    pub by: Option<Pin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Deed {
    Placed,
    TurnedAway,
    Approved,
    Declined,
    Doubted,
    Reversed,
    CaptureStarted,
    Shipped,
    Lapsed,
    Delivered,
    CancelAsked,
    /// All of it.
    Cancelled,
    /// What was left after a part was shipped.
    RestCancelled,
    /// All of it had left, or was given back, when the cancellation's turn came.
    CancelTooLate,
    ReturnAsked,
    Released,
    Refunded,
    /// The settlement refused what was asked of it, for good.
    Refused,
}

impl Deed {
    pub const ALL: [Deed; 18] = [
        Deed::Placed,
        Deed::TurnedAway,
        Deed::Approved,
        Deed::Declined,
        Deed::Doubted,
        Deed::Reversed,
        Deed::CaptureStarted,
        Deed::Shipped,
        Deed::Lapsed,
        Deed::Delivered,
        Deed::CancelAsked,
        Deed::Cancelled,
        Deed::RestCancelled,
        Deed::CancelTooLate,
        Deed::ReturnAsked,
        Deed::Released,
        Deed::Refunded,
        Deed::Refused,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Deed::Placed => "placed",
            Deed::TurnedAway => "turned away",
            Deed::Approved => "approved",
            Deed::Declined => "declined",
            Deed::Doubted => "doubted",
            Deed::Reversed => "reversed",
            Deed::CaptureStarted => "capture started",
            Deed::Shipped => "shipped",
            Deed::Lapsed => "hold expired",
            Deed::Delivered => "delivered",
            Deed::CancelAsked => "cancel asked",
            Deed::Cancelled => "cancelled",
            Deed::RestCancelled => "rest cancelled",
            Deed::CancelTooLate => "too late to cancel",
            Deed::ReturnAsked => "return asked",
            Deed::Released => "released",
            Deed::Refunded => "refunded",
            Deed::Refused => "refused by the settlement",
        }
    }
}

/// Adds a leg, and lets go of one in the middle when there are too many.
pub(super) fn note(legs: &mut Vec<Leg>, what: Deed, at: Timestamp, by: Option<Pin>) {
    if legs.len() >= MAX_LEGS {
        legs.remove(FIRST_LEGS);
    }
    legs.push(Leg { what, at, by });
}
