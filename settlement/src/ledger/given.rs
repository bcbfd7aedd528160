//! What was charged of a hold and given back of it or of the charge, each with an id of its own: asking
//! again under the same id does nothing more, and gets the same answer.

use kessai_shared::ids::{CaptureId, OrderId};
use kessai_shared::money::Minor;
use kessai_shared::outcome::ChargebackReason;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::Key;

/// One capture of an order's hold: what was charged for one shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    pub id: CaptureId,
    /// In minor units of the purchase's currency, above zero.
    pub amount: Minor,
    /// Whether what was left of the hold was given back with it.
    pub last: bool,
    /// The seller's clearing batch that it is booked under.
    pub batch: u32,
}

/// Out of what something was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GivenBack {
    /// Out of the hold: it will never be charged.
    Released,
    /// Out of what was charged; it is kept back from this clearing batch of the seller.
    Refunded { batch: u32 },
}

/// A release or a refund that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub order: OrderId,
    pub amount: Minor,
    pub given: GivenBack,
}

/// A charge, or a part of one, that was given back against the seller's will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chargeback {
    pub key: Key,
    pub amount: Minor,
    pub reason: ChargebackReason,
    /// The operator who decided it.
    pub by: Pin,
    /// The seller's clearing batch that it is kept back from.
    pub batch: u32,
}

/// The first capture that came for an order after its hold had expired. Nothing was charged: the goods
/// may be gone without their money, so somebody has to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    pub capture: CaptureId,
    pub amount: Minor,
    /// When it was noted.
    pub at: Timestamp,
}
