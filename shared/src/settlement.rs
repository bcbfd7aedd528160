//! The closed wire: what a seller and the settlement say to each other.
//!
//! The messages are those of ISO 8583; the seller is named by the key it connects with, never by
//! what it says. A golden file holds the bytes of every message.

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, RefundId};
use crate::money::Minor;
use crate::receipt::{Decision, Purchase, SignedIssuerKeys};
use crate::seal::Envelope;

/// The protocol's name in TLS, with its version.
pub const ALPN: &[u8] = b"kessai-settlement/2";

/// What a seller asks.
#[derive(Clone, Serialize, Deserialize)]
pub enum Request {
    /// 0800: are you there? And which keys do terminals seal with?
    Echo,
    /// 0100: may this purchase be made?
    Inquiry { purchase: Purchase, card: Envelope },
    /// What became of the inquiry for this order? Changes nothing.
    Status { order: OrderId },
    /// 0400: whatever you hold for this order, give it back, and never hold for it again.
    Reversal { order: OrderId },
    /// 0220: the goods are on their way; charge what was held.
    Capture { order: OrderId, amount: Minor },
    /// Goods came back: give this much of the order's money back.
    Refund { refund: RefundId, order: OrderId, amount: Minor },
}

/// What the settlement answers.
#[derive(Clone, Serialize, Deserialize)]
pub enum Reply {
    /// 0810.
    Echo {
        issuer_keys: Vec<SignedIssuerKeys>,
    },
    /// 0110.
    Decided(Decision),
    /// The decision about the order, if there was one, and what became of it.
    Status {
        decision: Option<Decision>,
        standing: Standing,
    },
    /// 0410: nothing is held for the order now, and nothing ever will be.
    Reversed,
    /// 0230.
    Captured {
        amount: Minor,
    },
    Refunded {
        amount: Minor,
    },
    Refused(Refusal),
}

/// What the settlement holds for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// No inquiry for it was ever decided.
    Unknown,
    Declined,
    Held,
    Captured,
    Reversed,
    Expired,
}

/// Why a request was not carried out. Nothing has changed when one of these comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// 94: the same id came before with other content.
    Duplicate,
    /// There is no approval for this order.
    NotHeld,
    /// The approval has run out.
    Expired,
    /// The order was reversed.
    Reversed,
    /// The order was captured already, so it cannot be reversed; refund it.
    Captured,
    /// More than what is left of the order's money, or not a positive amount.
    Amount,
    /// 91: cannot answer now.
    TryLater,
}

impl Refusal {
    /// Whether the same request may succeed when it is made again.
    pub fn is_transient(self) -> bool {
        match self {
            Refusal::TryLater => true,
            Refusal::Duplicate
            | Refusal::NotHeld
            | Refusal::Expired
            | Refusal::Reversed
            | Refusal::Captured
            | Refusal::Amount => false,
        }
    }
}
