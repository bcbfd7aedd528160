//! Why a question to the shop came to nothing, for programs and for people.

use kessai_shared::storefront::{MAX_LINES, MAX_QUANTITY, Refusal};

use crate::words::Message;

/// Why a request to the shop came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopError {
    /// The seller cannot be reached.
    Unreachable(String),
    /// Sent, but not answered in time: it may have happened.
    NoAnswer,
    Refused(Refusal),
    /// Something signed does not check out; the text says what.
    Untrusted(String),
    /// This terminal's own files failed.
    Local(String),
    /// What asked broke in the middle of it: it may have happened.
    Broke,
    /// It could not be written down first, so it was not sent.
    NotKept(String),
}

impl ShopError {
    /// Whether a request that came to this may have been carried out all the same. A shop that is too busy has
    /// perhaps begun.
    pub fn may_have_happened(&self) -> bool {
        !matches!(self, ShopError::Unreachable(_) | ShopError::Refused(Refusal::NotInCharge))
    }

    /// The same for a shopper, in whichever language.
    pub fn message(&self) -> Message {
        match self {
            ShopError::Unreachable(why) => Message::new("shop-unreachable").with("why", why.as_str()),
            ShopError::NoAnswer => Message::new("shop-no-answer"),
            ShopError::Refused(refusal) => refused(refusal),
            ShopError::Untrusted(what) => Message::new("shop-untrusted").with("what", what.as_str()),
            ShopError::Local(why) => Message::said(why.as_str()),
            ShopError::Broke => Message::new("asking-broke"),
            ShopError::NotKept(why) => Message::new("not-kept-not-sent").with("why", why.as_str()),
        }
    }
}

fn refused(refusal: &Refusal) -> Message {
    match refusal {
        Refusal::UnknownSku { sku } => Message::new("refused-unknown-sku").with("sku", sku.as_str()),
        Refusal::UnknownOrder => Message::new("refused-unknown-order"),
        Refusal::NoLines => Message::new("refused-no-lines"),
        Refusal::TooManyLines => Message::new("refused-too-many-lines").with("lines", MAX_LINES),
        Refusal::BadQuantity { sku } => {
            Message::new("refused-bad-quantity").with("sku", sku.as_str()).with("most", MAX_QUANTITY)
        }
        Refusal::AmountTooLarge => Message::new("refused-amount-too-large"),
        Refusal::BadQuote => Message::new("refused-bad-quote"),
        Refusal::QuoteExpired => Message::new("refused-quote-expired"),
        Refusal::Duplicate => Message::new("refused-duplicate"),
        Refusal::TryLater => Message::new("refused-try-later"),
        Refusal::BadCard => Message::new("refused-bad-card"),
        Refusal::AlreadyShipped => Message::new("refused-already-shipped"),
        Refusal::NotInCharge => Message::new("refused-not-in-charge"),
        Refusal::NoPicture => Message::new("refused-no-picture"),
        Refusal::SettlementAway => Message::new("refused-settlement-away"),
    }
}

impl std::fmt::Display for ShopError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ShopError::Unreachable(why) => write!(f, "the shop cannot be reached: {why}"),
            ShopError::NoAnswer => f.write_str("no answer in time"),
            ShopError::Refused(refusal) => refusal.fmt(f),
            ShopError::Untrusted(what) => write!(f, "not to be trusted: {what}"),
            ShopError::NotKept(why) => write!(f, "it cannot be kept, so it is not sent: {why}"),
            ShopError::Local(why) => f.write_str(why),
            ShopError::Broke => f.write_str("this program failed while it asked; it may have happened"),
        }
    }
}

impl std::error::Error for ShopError {}
