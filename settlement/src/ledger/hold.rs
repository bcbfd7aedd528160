//! What became of one order's inquiry: the hold it took, and what was charged and given back of it.

use kessai_shared::ids::CaptureId;
use kessai_shared::merkle::Node;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::receipt::{Purchase, Statement, Verdict};
use kessai_shared::settlement::Standing;
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::AccountId;
use super::given::Capture;

/// Most captures of one order. An order that is shipped in more parts than this has to be several.
pub const MAX_CAPTURES: usize = 1_000;

/// How an order stands. An order that was never heard of has no charge at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChargeState {
    /// Reversed before its inquiry came: the inquiry, when it comes, is refused.
    Tombstone,
    Declined,
    /// Something is held; a part of what was may have been captured already.
    Held,
    /// Nothing is held any more, and something was captured.
    Captured,
    /// Given back in full before any of it was captured.
    Reversed,
    /// Given back because its time was over, before any of it was captured.
    Expired,
}

/// The decision about an order and the money behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub state: ChargeState,
    /// `None` only for a tombstone.
    pub decided: Option<Decided>,
    /// The account that pays. `None` unless it was approved.
    pub account: Option<AccountId>,
    pub authorized: Minor,
    pub voided: Minor,
    pub captured: Minor,
    pub refunded: Minor,
    pub charged_back: Minor,
    /// In the order in which they were booked; at most [`MAX_CAPTURES`].
    pub captures: Vec<Capture>,
    /// Until when a capture is certain to win; the policy's grace comes after it.
    pub expires: Timestamp,
    /// Whether what was left of the hold was given back because its time was over. Nothing is ever
    /// captured after that.
    pub ran_out: bool,
}

/// What was decided, kept for ever, so that the same inquiry always gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    pub purchase: Purchase,
    pub reason: Reason,
    pub sealed_reason: Vec<u8>,
    pub position: u64,
    pub at: Timestamp,
    /// The policy it was made under, by the sequence of its adoption. It is in no statement: how the
    /// settlement judges is nobody else's business.
    pub policy: u32,
}

impl Decided {
    /// What the settlement says of it to anybody.
    pub fn statement(&self) -> Statement {
        let verdict = match self.reason {
            Reason::Approved => Verdict::Approved,
            Reason::TooLate
            | Reason::Reversed
            | Reason::SealMismatch
            | Reason::UnknownCard
            | Reason::Lost
            | Reason::Stolen
            | Reason::Restricted
            | Reason::HolderKey
            | Reason::Expired
            | Reason::IdentityMismatch
            | Reason::TooManyTries
            | Reason::Delinquent
            | Reason::RepaymentHistory
            | Reason::TooFrequent
            | Reason::WindowAmount
            | Reason::InvalidAmount
            | Reason::OverLimit => Verdict::Declined,
        };
        Statement { purchase: self.purchase, verdict, position: self.position, decided_at: self.at }
    }

    /// What stands for it in the tree of its group.
    pub fn leaf(&self) -> Node {
        self.statement().leaf(&self.sealed_reason)
    }
}

impl Charge {
    pub(super) fn tombstone() -> Self {
        Self {
            state: ChargeState::Tombstone,
            decided: None,
            account: None,
            authorized: Minor::ZERO,
            voided: Minor::ZERO,
            captured: Minor::ZERO,
            refunded: Minor::ZERO,
            charged_back: Minor::ZERO,
            captures: Vec::new(),
            expires: Timestamp::default(),
            ran_out: false,
        }
    }

    /// What is still held and may be captured or given back.
    pub fn live_hold(&self) -> Minor {
        match self.state {
            ChargeState::Held => Minor(self.authorized.0 - self.voided.0 - self.captured.0),
            ChargeState::Tombstone
            | ChargeState::Declined
            | ChargeState::Captured
            | ChargeState::Reversed
            | ChargeState::Expired => Minor::ZERO,
        }
    }

    /// The account that pays, and the currency it pays in. `None` unless it was approved.
    pub fn payer(&self) -> Option<(AccountId, Currency)> {
        self.account.zip(self.decided.as_ref().map(|decided| decided.purchase.currency))
    }

    /// What was charged and not given back.
    pub fn live_charge(&self) -> Minor {
        Minor(self.captured.0 - self.refunded.0 - self.charged_back.0)
    }

    /// The capture of this order with this id.
    pub fn capture(&self, id: CaptureId) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.id == id)
    }

    pub fn standing(&self) -> Standing {
        match self.state {
            ChargeState::Tombstone | ChargeState::Reversed => Standing::Reversed,
            ChargeState::Declined => Standing::Declined,
            ChargeState::Held => Standing::Held,
            ChargeState::Captured => Standing::Captured,
            ChargeState::Expired => Standing::Expired,
        }
    }
}
