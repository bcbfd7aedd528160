//! What each side's books say of one order and of one clearing batch: the rows that `kessai reconcile` lays
//! side by side. Amounts are in minor units of the row's currency.

use serde::{Deserialize, Serialize};

use crate::ids::OrderId;
use crate::money::{Currency, Minor};
use crate::pin::Pin;
use crate::settlement::{BatchTotals, Payout, Refusal, Standing};
use crate::storefront::{OrderState, PaymentState};
use crate::time::Timestamp;

/// An order in the seller's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    pub order: OrderId,
    pub placed_at: Timestamp,
    /// Until when its quote stood; nobody waits for a decision after it.
    pub deadline: Timestamp,
    pub state: OrderState,
    pub payment: PaymentState,
    pub currency: Currency,
    pub total: Minor,
    /// What was captured of it and acknowledged.
    pub captured: Minor,
    /// What was paid back of what was captured, and acknowledged.
    pub refunded: Minor,
    /// Whether the settlement owes it an answer, so that its money may be moving at this moment.
    pub moving: bool,
}

/// An order that the seller recovered from the settlement's books, because its own were an older copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveredRow {
    pub order: OrderId,
    pub state: RecoveredIs,
    pub currency: Currency,
    /// What was asked for.
    pub amount: Minor,
    /// What was still held of it.
    pub held: Minor,
    /// What was charged of it that no order of the seller explains.
    pub charged: Minor,
    /// What was given back of that.
    pub given_back: Minor,
    /// When it is given back, unless its terminal asks again before.
    pub until: Timestamp,
    /// What the settlement will not do of it.
    pub refused: Option<Refusal>,
}

/// How far a recovered order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecoveredIs {
    /// Its terminal may ask for it again.
    Waiting,
    /// The seller's own order is brought forward.
    Forward,
    GivingBack,
    Ended,
}

/// An order in the settlement's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub order: OrderId,
    pub standing: Standing,
    /// When it was decided; `None` for one that was reversed before its inquiry came.
    pub decided_at: Option<Timestamp>,
    pub currency: Currency,
    /// What was asked for.
    pub amount: Minor,
    /// What is still held of it.
    pub held: Minor,
    pub captured: Minor,
    pub refunded: Minor,
    /// What its cardholder disputed and was given back.
    pub charged_back: Minor,
    /// When the hold runs out.
    pub expires: Timestamp,
}

/// A clearing batch in the seller's books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopBatch {
    pub batch: u32,
    pub totals: Vec<BatchTotals>,
    /// Whether the settlement agreed to the totals; `None` before it was told.
    pub agrees: Option<bool>,
    pub payouts: Vec<Payout>,
}

/// How a clearing batch stands at the settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BatchStanding {
    Open,
    /// Closed; the seller has not said yet what its own books have.
    Waiting,
    /// The seller's totals are others; nothing is paid.
    Disputed,
    /// Both books agreed, and it was paid out.
    Paid,
    /// An operator settled the dispute, and it was paid out as the settlement's books have it.
    Accepted,
}

/// A clearing batch in the settlement's books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearingBatch {
    pub batch: u32,
    pub standing: BatchStanding,
    /// One line a currency; of an open batch without fees yet, as they are charged at its close.
    pub lines: Vec<Payout>,
    /// When it was closed, and by which operator; no operator when the day was over.
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<Pin>,
    /// What the seller's own books have, once it said so.
    pub theirs: Option<Vec<BatchTotals>>,
    pub accepted: Option<Accepted>,
}

/// An operator's word on a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    pub by: Pin,
    pub reason: String,
}

impl BatchStanding {
    pub const fn word(self) -> &'static str {
        match self {
            BatchStanding::Open => "open",
            BatchStanding::Waiting => "waiting",
            BatchStanding::Disputed => "disputed",
            BatchStanding::Paid => "paid",
            BatchStanding::Accepted => "accepted",
        }
    }
}

/// Most bytes of the reason that an operator gives for settling a dispute.
pub const MAX_REASON_BYTES: usize = 500;

/// Why an operator's act on a clearing batch was not carried out. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotDone {
    /// Nothing was ever booked for this seller, or this batch is not one of its own.
    UnknownBatch,
    /// The open batch has nothing in it yet.
    Empty,
    /// The batch is open, so there is nothing to dispute.
    Open,
    /// The seller has not said yet what its own books have.
    NotCompared,
    /// It is settled already.
    Settled,
    /// A reason has 1 to [`MAX_REASON_BYTES`] bytes and no control characters.
    Reason,
}

impl std::fmt::Display for NotDone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotDone::UnknownBatch => f.write_str(
                "there is no such clearing batch of this seller; `kessai-settlement clearing list` names them",
            ),
            NotDone::Empty => f.write_str("nothing is in the open batch of this seller, so it stays open"),
            NotDone::Open => {
                f.write_str("the batch is open; close it with `kessai-settlement clearing close`")
            }
            NotDone::NotCompared => {
                f.write_str("the seller has not said yet what its own books have, so there is no dispute")
            }
            NotDone::Settled => f.write_str("the batch is settled already"),
            NotDone::Reason => {
                write!(f, "a reason has 1 to {MAX_REASON_BYTES} bytes and no control characters")
            }
        }
    }
}

impl std::error::Error for NotDone {}
