//! What becomes known of a payment while it is under way.

use kessai_shared::time::Timestamp;

/// One thing that this terminal knows to have happened. None is told before it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// The order was handed to a connection with the shop.
    Sent,
    /// No answer came in time, so the same order was sent once more, under the same id.
    SentAgain,
    /// Another node of the shop is in charge now, so the same order was sent there, under the same id.
    Elsewhere,
    /// The shop has the order on its disk, since this time by the shop's clock.
    Held { placed_at: Timestamp },
    /// The settlement decided at this time, as its signed statement says.
    Decided { at: Timestamp },
    /// The settlement's signature was checked here.
    Verified,
}

/// Whoever wants to hear of the legs of a payment.
pub type TellLeg = dyn Fn(Leg) + Send + Sync;
