//! How a credit inquiry ends: ISO 8583 response codes (field 39) and the reasons behind them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why the settlement decided as it did. Only its own books and the cardholder see it.
///
/// Ordered by precedence: of two reasons that both hold, the earlier one is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// The inquiry came after its deadline, so its approval could not be honoured any more.
    TooLate,
    /// The order had been reversed before its inquiry arrived.
    Reversed,
    SealMismatch,
    UnknownCard,
    Lost,
    Stolen,
    Restricted,
    /// The card has a holder key, or needs one, and the purchase was not signed with it.
    HolderKey,
    Expired,
    /// Of this card's particulars, or by this seller of any card's. Whether the last guess was right
    /// is not said then.
    TooManyTries,
    IdentityMismatch,
    Delinquent,
    RepaymentHistory,
    TooFrequent,
    WindowAmount,
    InvalidAmount,
    OverLimit,
    Approved,
}

/// Why a cardholder is given a charge back against the seller's will. The reasons are the groups that the
/// card schemes' own codes fall into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChargebackReason {
    NotReceived,
    NotAsDescribed,
    Fraud,
    Duplicate,
    /// The seller took goods back, or promised money back, and never refunded it.
    CreditNotProcessed,
}

/// A word that is no reason for a chargeback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoChargebackReason;

/// A response code of ISO 8583, field 39.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResponseCode(u8);

impl ResponseCode {
    pub const APPROVED: Self = Self(0);
    pub const DO_NOT_HONOUR: Self = Self(5);
    pub const INVALID_AMOUNT: Self = Self(13);
    pub const INVALID_CARD: Self = Self(14);
    pub const LOST: Self = Self(41);
    pub const STOLEN: Self = Self(43);
    pub const OVER_LIMIT: Self = Self(51);
    pub const EXPIRED: Self = Self(54);
    pub const NOT_PERMITTED: Self = Self(57);
    pub const WINDOW_AMOUNT: Self = Self(61);
    pub const RESTRICTED: Self = Self(62);
    pub const SECURITY_VIOLATION: Self = Self(63);
    pub const TOO_FREQUENT: Self = Self(65);
    pub const TOO_LATE: Self = Self(68);
    pub const TOO_MANY_TRIES: Self = Self(75);
    pub const UNAVAILABLE: Self = Self(91);
    pub const DUPLICATE: Self = Self(94);
    pub const SYSTEM_ERROR: Self = Self(96);

    /// Whether the same request may be answered otherwise when it is made again later.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::UNAVAILABLE | Self::SYSTEM_ERROR)
    }
}

impl ChargebackReason {
    pub const ALL: [ChargebackReason; 5] = [
        ChargebackReason::NotReceived,
        ChargebackReason::NotAsDescribed,
        ChargebackReason::Fraud,
        ChargebackReason::Duplicate,
        ChargebackReason::CreditNotProcessed,
    ];

    /// The word that operators and tables know it by.
    pub const fn word(self) -> &'static str {
        match self {
            ChargebackReason::NotReceived => "not_received",
            ChargebackReason::NotAsDescribed => "not_as_described",
            ChargebackReason::Fraud => "fraud",
            ChargebackReason::Duplicate => "duplicate",
            ChargebackReason::CreditNotProcessed => "credit_not_processed",
        }
    }
}

impl FromStr for ChargebackReason {
    type Err = NoChargebackReason;

    fn from_str(text: &str) -> Result<Self, NoChargebackReason> {
        Self::ALL.into_iter().find(|reason| reason.word() == text).ok_or(NoChargebackReason)
    }
}

impl fmt::Display for NoChargebackReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected not_received, not_as_described, fraud, duplicate or credit_not_processed")
    }
}

impl std::error::Error for NoChargebackReason {}

impl Reason {
    pub const ALL: [Reason; 18] = [
        Reason::TooLate,
        Reason::Reversed,
        Reason::SealMismatch,
        Reason::UnknownCard,
        Reason::Lost,
        Reason::Stolen,
        Reason::Restricted,
        Reason::HolderKey,
        Reason::Expired,
        Reason::TooManyTries,
        Reason::IdentityMismatch,
        Reason::Delinquent,
        Reason::RepaymentHistory,
        Reason::TooFrequent,
        Reason::WindowAmount,
        Reason::InvalidAmount,
        Reason::OverLimit,
        Reason::Approved,
    ];

    pub const fn code(self) -> ResponseCode {
        match self {
            Reason::TooLate | Reason::Reversed => ResponseCode::TOO_LATE,
            Reason::SealMismatch => ResponseCode::NOT_PERMITTED,
            Reason::UnknownCard => ResponseCode::INVALID_CARD,
            Reason::Lost => ResponseCode::LOST,
            Reason::Stolen => ResponseCode::STOLEN,
            Reason::Restricted => ResponseCode::RESTRICTED,
            Reason::HolderKey => ResponseCode::SECURITY_VIOLATION,
            Reason::Expired => ResponseCode::EXPIRED,
            Reason::IdentityMismatch | Reason::Delinquent | Reason::RepaymentHistory => {
                ResponseCode::DO_NOT_HONOUR
            }
            Reason::TooManyTries => ResponseCode::TOO_MANY_TRIES,
            Reason::TooFrequent => ResponseCode::TOO_FREQUENT,
            Reason::WindowAmount => ResponseCode::WINDOW_AMOUNT,
            Reason::InvalidAmount => ResponseCode::INVALID_AMOUNT,
            Reason::OverLimit => ResponseCode::OVER_LIMIT,
            Reason::Approved => ResponseCode::APPROVED,
        }
    }

    /// The reason as the books name it.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::TooLate => "too_late",
            Reason::Reversed => "reversed",
            Reason::SealMismatch => "seal_mismatch",
            Reason::UnknownCard => "unknown_card",
            Reason::Lost => "lost",
            Reason::Stolen => "stolen",
            Reason::Restricted => "restricted",
            Reason::HolderKey => "holder_key",
            Reason::Expired => "expired",
            Reason::IdentityMismatch => "identity_mismatch",
            Reason::TooManyTries => "too_many_tries",
            Reason::Delinquent => "delinquent",
            Reason::RepaymentHistory => "repayment_history",
            Reason::TooFrequent => "too_frequent",
            Reason::WindowAmount => "window_amount",
            Reason::InvalidAmount => "invalid_amount",
            Reason::OverLimit => "over_limit",
            Reason::Approved => "approved",
        }
    }

    /// One sentence for the cardholder.
    pub const fn sentence(self) -> &'static str {
        match self {
            Reason::TooLate => "The purchase reached the card company after its deadline.",
            Reason::Reversed => "The order had been cancelled before the card company saw it.",
            Reason::SealMismatch => "The sealed card does not belong to this purchase.",
            Reason::UnknownCard => "There is no card with this number.",
            Reason::Lost => "This card was reported lost.",
            Reason::Stolen => "This card was reported stolen.",
            Reason::Restricted => "This card is restricted. Ask the card company.",
            Reason::HolderKey => {
                "This card pays only with the key of its newest card file, from its holder's wallet."
            }
            Reason::Expired => "This card has expired.",
            Reason::IdentityMismatch => "Name, birth date or expiry do not belong to this card.",
            Reason::TooManyTries => "Too many wrong particulars were given. Try later.",
            Reason::Delinquent => "Payments on this card are overdue.",
            Reason::RepaymentHistory => "This card was too often paid late in the last months.",
            Reason::TooFrequent => "Too many purchases with this card in a short time.",
            Reason::WindowAmount => "Too large a sum with this card in a short time.",
            Reason::InvalidAmount => "The amount is not one that can be charged.",
            Reason::OverLimit => "The amount is over what this card has left.",
            Reason::Approved => "Approved.",
        }
    }

    /// The word that reports use: the code, with the reason where the code alone does not tell.
    pub fn word(self) -> String {
        let shared = Reason::ALL.iter().filter(|other| other.code() == self.code()).count() > 1;
        if shared { format!("{}:{}", self.code(), self.name()) } else { self.code().to_string() }
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

impl fmt::Debug for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_named_only_where_its_code_is_shared() {
        assert_eq!(Reason::Approved.word(), "00");
        assert_eq!(Reason::OverLimit.word(), "51");
        assert_eq!(Reason::Expired.word(), "54");
        assert_eq!(Reason::Delinquent.word(), "05:delinquent");
        assert_eq!(Reason::RepaymentHistory.word(), "05:repayment_history");
        assert_eq!(Reason::Reversed.word(), "68:reversed");
    }
}
