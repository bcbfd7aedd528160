//! How a purchase ended, as far as it is proved: "accepted" is said only of an order whose approval
//! the settlement signed.

use kessai_shared::ids::Sku;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::receipt::{Checks, Quote, Verdict};
use kessai_shared::seal::{self, ResponseSecret};
use kessai_shared::storefront::{Cancelled, OrderState, OrderView};

/// How a purchase ended, after every signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Accepted {
        amount: Minor,
        currency: Currency,
    },
    /// `None` when the reason cannot be read by this terminal.
    Declined {
        reason: Option<Reason>,
    },
    OutOfStock {
        sku: Sku,
        available: u32,
    },
    /// The settlement could not be asked in time; nothing was charged.
    Interrupted,
    HoldExpired,
    /// Taken back after it was approved or while it was being asked for; nothing is held or charged.
    Cancelled {
        by_shopper: bool,
    },
    /// Not known yet; asking again with the same order id is safe.
    Unknown,
}

impl Ending {
    /// Whether the settlement's signature was checked for it, so that its decision is more than the shop's word.
    pub fn is_proved(&self) -> bool {
        match self {
            Ending::Accepted { .. } | Ending::Declined { .. } => true,
            Ending::OutOfStock { .. }
            | Ending::Interrupted
            | Ending::HoldExpired
            | Ending::Cancelled { .. }
            | Ending::Unknown => false,
        }
    }

    /// The word that reports use.
    pub fn word(&self) -> String {
        match self {
            Ending::Accepted { .. } => Reason::Approved.word(),
            Ending::Declined { reason: Some(reason) } => reason.word(),
            Ending::Declined { reason: None } => "declined".to_owned(),
            Ending::OutOfStock { .. } => "out_of_stock".to_owned(),
            Ending::Interrupted => "interrupted".to_owned(),
            Ending::HoldExpired => "hold_expired".to_owned(),
            Ending::Cancelled { by_shopper: true } => "cancelled".to_owned(),
            Ending::Cancelled { by_shopper: false } => "cancelled_by_shop".to_owned(),
            Ending::Unknown => "unknown".to_owned(),
        }
    }
}

/// How the order in `view` ended.
///
/// # Errors
/// A line on what is claimed and not proved.
pub fn of(
    view: &OrderView,
    quote: &Quote,
    decision_keys: &[[u8; 32]],
    checks: &impl Checks,
    secret: impl FnOnce() -> ResponseSecret,
) -> Result<Ending, String> {
    let purchase = quote.purchase();
    let proved = |wanted: Verdict| {
        let decision = view.decision.as_ref().ok_or("the shop shows no decision of the settlement")?;
        let verdict = decision_keys.iter().find_map(|key| decision.verify_by(&purchase, key, checks).ok());
        match verdict {
            Some(verdict) if verdict == wanted => Ok(decision),
            Some(_) => Err("the settlement decided otherwise than the shop says"),
            None => Err("the decision is not signed by the settlement for this purchase"),
        }
    };
    // A shop that says nothing was charged must not show the approval in the same breath. That it
    // never does is its word alone; what the settlement holds shows on the card's statement.
    let approved = view.decision.as_ref().is_some_and(|d| d.statement.verdict == Verdict::Approved);
    let denied = matches!(view.cancelled_for, Some(Cancelled::OutOfStock { .. } | Cancelled::Interrupted));
    if approved && denied {
        return Err("the shop denies a purchase that it shows the approval of".to_owned());
    }
    match (view.order, &view.cancelled_for) {
        (OrderState::Pending, _) => Ok(Ending::Unknown),
        (OrderState::Confirmed | OrderState::Completed, _) => {
            proved(Verdict::Approved)?;
            Ok(Ending::Accepted { amount: quote.total, currency: quote.currency })
        }
        (OrderState::Cancelled | OrderState::Expired, Some(cancelled)) => match cancelled {
            Cancelled::OutOfStock { sku, available } => {
                Ok(Ending::OutOfStock { sku: *sku, available: *available })
            }
            Cancelled::Interrupted => Ok(Ending::Interrupted),
            Cancelled::HoldExpired => Ok(Ending::HoldExpired),
            Cancelled::ByShopper => Ok(Ending::Cancelled { by_shopper: true }),
            Cancelled::ByShop | Cancelled::NotShippedInTime => Ok(Ending::Cancelled { by_shopper: false }),
            Cancelled::Declined => {
                let decision = proved(Verdict::Declined)?;
                let reason = match decision.sealed_reason.as_slice() {
                    // The settlement could not open the seal, so it had no key to answer with.
                    [] => Some(Reason::SealMismatch),
                    sealed => seal::open_reason(sealed, &purchase, &secret()).ok(),
                };
                Ok(Ending::Declined { reason })
            }
        },
        (OrderState::Cancelled | OrderState::Expired, None) => {
            Err("the shop does not say why the order came to nothing".to_owned())
        }
    }
}
