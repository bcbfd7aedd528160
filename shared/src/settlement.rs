//! The closed wire: what a seller and the settlement say to each other.
//!
//! The messages are those of ISO 8583; the seller is named by the key it connects with, never by
//! what it says. A golden file holds the bytes of every message.

mod fence;
mod orders;

use serde::{Deserialize, Serialize};

use crate::ids::{CaptureId, Epoch, OrderId, RefundId};
use crate::money::{Currency, Minor};
use crate::receipt::{Decision, Purchase, SignedIssuerKeys};
use crate::seal::Envelope;

pub use fence::{Answered, Asked, Claim, Mode, Run, Sender, WITNESS_CODE_BYTES, Why, Witness, WitnessKey};
pub use orders::{Approved, ApprovedOrders, Captured, MAX_APPROVED, MAX_MOVEMENTS, Refunded};

/// The protocol's name in TLS, with its version.
pub const ALPN: &[u8] = b"kessai-settlement/5";

/// What a seller asks; on the wire it stands in [`Asked`].
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
    /// 0220: a shipment is on its way; charge its part of what was held. With the last one, what is left
    /// of the hold is given back.
    Capture { capture: CaptureId, order: OrderId, amount: Minor, last: bool },
    /// 0400 for a part: so much of what is held will not be captured; hold it no longer.
    Release { release: RefundId, order: OrderId, amount: Minor },
    /// Goods came back that were charged: give this much of the charge back.
    Refund { refund: RefundId, order: OrderId, amount: Minor },
    /// 0500: what the seller has in its own books for a clearing batch that is closed.
    Reconcile { batch: u32, totals: Vec<BatchTotals> },
    /// The node asks for the next epoch.
    Claim(Claim),
    /// The node in charge is there, and would know whether it still is the one.
    Beat,
    /// Which orders of mine were approved, and what became of their money? Those behind one, or from the
    /// first. A seller whose books are older than the settlement's asks. Changes nothing.
    Orders { after: Option<OrderId> },
}

/// What the settlement answers; on the wire it stands in [`Answered`].
#[derive(Clone, Serialize, Deserialize)]
pub enum Reply {
    /// 0810.
    Echo {
        issuer_keys: Vec<SignedIssuerKeys>,
        /// The clearing batch of this seller that is open now; all before it are closed.
        open_batch: u32,
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
        /// The clearing batch that it is paid out with.
        batch: u32,
    },
    Released {
        amount: Minor,
    },
    Refunded {
        amount: Minor,
        /// The clearing batch that it is kept back from.
        batch: u32,
    },
    /// 0510.
    Reconciled(Reconciled),
    Refused(Refusal),
    /// The node is in charge under this epoch.
    Granted {
        epoch: Epoch,
        /// For how long nobody is promoted by itself after a message of the node in charge, in milliseconds.
        promote_after_ms: u32,
    },
    /// The node that asked is the one in charge.
    Beat,
    Orders(ApprovedOrders),
}

/// What one clearing batch comes to in one currency, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchTotals {
    pub currency: Currency,
    /// How many captures there are, and their sum.
    pub captures: u64,
    pub captured: Minor,
    /// How many refunds there are, and their sum.
    pub refunds: u64,
    pub refunded: Minor,
}

/// What the settlement says of a clearing batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    pub batch: u32,
    /// Whether both books say the same. A batch that differs is not paid out.
    pub agrees: bool,
    /// What the batch comes to, one line a currency, as the settlement's books have it. What the seller owes
    /// from batches that came to less than nothing is kept back from it.
    pub payouts: Vec<Payout>,
}

/// One currency of a batch that is closed: payout = captured − refunded − charged back − fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    pub totals: BatchTotals,
    /// What cardholders disputed and were given back.
    pub charged_back: Minor,
    pub fees: Minor,
    /// Negative when more was given back than charged: that is owed by the seller.
    pub payout: Minor,
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
    /// The order, or a part of it, was captured already, so it cannot be reversed: release what is left
    /// of the hold, and refund the rest.
    Captured,
    /// The batch is not closed yet, or never was one of this seller's.
    NotClosed,
    /// More than what is left of the order's money, or not a positive amount.
    Amount,
    /// 91: cannot answer now.
    TryLater,
    /// Another run of the shop is in charge, or none that the settlement knows of: it has this epoch. The
    /// one that asked acknowledges nothing any more, unless the run is its own.
    Fenced { epoch: Epoch, run: [u8; 8] },
    /// The settlement is an older copy of itself, or another: it has less than the seller was shown. It
    /// serves no change.
    Behind,
    /// The node that claims has less than the one in charge had: it reached `position` under `epoch`.
    NotCaughtUp { epoch: Epoch, position: u64 },
    /// The node in charge was heard of a moment ago, so nobody takes over by itself.
    StillHeard,
}

impl Request {
    /// Whether it can change something, so that only the node in charge may ask it.
    #[must_use]
    pub fn is_change(&self) -> bool {
        match self {
            Request::Inquiry { .. }
            | Request::Reversal { .. }
            | Request::Capture { .. }
            | Request::Release { .. }
            | Request::Refund { .. }
            | Request::Reconcile { .. } => true,
            Request::Echo
            | Request::Status { .. }
            | Request::Claim(_)
            | Request::Beat
            | Request::Orders { .. } => false,
        }
    }
}

impl Refusal {
    /// Whether the same request may succeed when it is made again.
    pub fn is_transient(self) -> bool {
        match self {
            Refusal::TryLater
            | Refusal::Fenced { .. }
            | Refusal::Behind
            | Refusal::NotCaughtUp { .. }
            | Refusal::StillHeard => true,
            Refusal::Duplicate
            | Refusal::NotHeld
            | Refusal::Expired
            | Refusal::Reversed
            | Refusal::Captured
            | Refusal::NotClosed
            | Refusal::Amount => false,
        }
    }
}
