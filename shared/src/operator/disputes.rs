//! What an operator asks of a settlement about charges that are disputed, and about captures that came
//! too late to be charged.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Page;
use super::settlement::Charged;
use crate::ids::{CaptureId, ChargebackId};
use crate::money::{Currency, Minor};
use crate::outcome::ChargebackReason;
use crate::pin::Pin;
use crate::settlement;
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Gives so much of what was captured back to the cardholder, against the seller's will. The operator
    /// mints the id: asking again under it charges nothing back twice.
    ChargeBack {
        id: ChargebackId,
        of: Charged,
        /// In minor units of the order's currency.
        amount: Minor,
        reason: ChargebackReason,
    },
    /// Chargebacks behind `after`, or from the first, in the order of their ids.
    Chargebacks { after: Option<ChargebackId>, limit: u16 },
    /// The orders for which a capture came after their hold had expired.
    LateCaptures { after: Option<Charged>, limit: u16 },
}

impl Request {
    /// Whether it changes something, which takes the right to act.
    pub const fn changes(&self) -> bool {
        match self {
            Request::ChargeBack { .. } => true,
            Request::Chargebacks { .. } | Request::LateCaptures { .. } => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    ChargedBack {
        /// The seller's clearing batch that it is kept back from.
        batch: u32,
    },
    Chargebacks(Page<ChargebackRow, ChargebackId>),
    LateCaptures(Page<LateRow, Charged>),
    /// Nothing was charged back.
    NotChargedBack(NotChargedBack),
}

/// Why nothing was charged back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotChargedBack {
    /// The id was used for another order, amount or reason.
    Duplicate,
    /// Not so much of the charge is left, or the amount is not positive.
    Amount,
    /// Nothing of this order was ever captured.
    NotCaptured,
    /// It cannot be said now; the same request may succeed later.
    TryLater,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargebackRow {
    pub id: ChargebackId,
    pub of: Charged,
    pub currency: Currency,
    pub amount: Minor,
    pub reason: ChargebackReason,
    /// The operator who decided it.
    pub by: Pin,
    pub batch: u32,
}

/// A capture that was refused because its hold had expired: the goods may be gone without their money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateRow {
    pub of: Charged,
    pub currency: Currency,
    pub capture: CaptureId,
    pub amount: Minor,
    pub at: Timestamp,
}

impl From<settlement::Refusal> for NotChargedBack {
    fn from(refusal: settlement::Refusal) -> Self {
        use settlement::Refusal;
        match refusal {
            Refusal::Duplicate => NotChargedBack::Duplicate,
            Refusal::Amount => NotChargedBack::Amount,
            Refusal::NotHeld
            | Refusal::Expired
            | Refusal::Reversed
            | Refusal::Captured
            | Refusal::NotClosed => NotChargedBack::NotCaptured,
            Refusal::TryLater
            | Refusal::Fenced { .. }
            | Refusal::Behind
            | Refusal::NotCaughtUp { .. }
            | Refusal::StillHeard => NotChargedBack::TryLater,
        }
    }
}

impl fmt::Display for NotChargedBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotChargedBack::Duplicate => {
                "this chargeback id was used for another order, amount or reason; nothing was changed"
            }
            NotChargedBack::Amount => {
                "a chargeback is from 1 minor unit to what was captured and not given back yet; \
                 `kessai-settlement orders show` says how much that is"
            }
            NotChargedBack::NotCaptured => {
                "nothing of this order was captured, so there is nothing to give back"
            }
            NotChargedBack::TryLater => "the settlement cannot answer now; run the same command again",
        })
    }
}
