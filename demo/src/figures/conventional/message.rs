//! What the parties of the two conventional systems say to each other. Nothing in it is sealed or signed:
//! that is what the design set out to change.

use kessai_shared::card::Particulars;
use kessai_shared::ids::OrderId;
use kessai_shared::money::Minor;
use kessai_shared::outcome::ResponseCode;
use kessai_shared::pin::Pin;
use serde::{Deserialize, Serialize};

/// The protocol's name in TLS, where there is TLS.
pub const ALPN: &[u8] = b"kessai-figures-conventional/1";

/// Decimal digits of an approval code (ISO 8583, field 38).
pub const APPROVAL_DIGITS: usize = 6;

/// What is asked. It has no `Debug`, because of the card in it.
#[derive(Clone, Serialize, Deserialize)]
pub enum Ask {
    /// To the seller: what do so many of these cost?
    Price { sku: String, quantity: u32 },
    /// To the seller of Figure 4/5: these goods, for this card. The seller makes the order's id, so the same
    /// words said twice are two orders.
    Buy { sku: String, quantity: u32, card: Particulars },
    /// 0100, to the settlement: may this merchant have so much from this card? A terminal has no order yet,
    /// and the settlement makes an id for each of its questions.
    Authorise { merchant: Pin, order: Option<OrderId>, amount: Minor, card: Particulars },
    /// To the seller of Figure 4/6: these goods; the settlement has approved.
    Collect { sku: String, quantity: u32, approval: Approval },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Price(Minor),
    /// 0110: the decision, with an approval when it is one.
    Decided {
        code: ResponseCode,
        approval: Option<Approval>,
    },
    /// The goods are the shopper's.
    Confirmed {
        order: OrderId,
    },
    Declined {
        code: ResponseCode,
    },
    /// It cannot be done, and this is why.
    Refused(String),
}

/// An approval as the shopper brings it to the seller: a note that anybody can write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub reference: OrderId,
    pub merchant: Pin,
    pub amount: Minor,
    /// [`APPROVAL_DIGITS`] decimal digits.
    pub code: String,
}

impl Ask {
    /// What a chart calls it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Price { .. } => "price?",
            Self::Buy { .. } => "buy, with the card",
            Self::Authorise { .. } => "0100 inquiry, with the card",
            Self::Collect { .. } => "goods, with the approval",
        }
    }
}

impl Answer {
    /// What a chart calls it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Price(_) => "price",
            Self::Decided { approval: Some(_), .. } => "0110 approved",
            Self::Decided { approval: None, .. } => "0110 declined",
            Self::Confirmed { .. } => "confirmed",
            Self::Declined { .. } => "declined",
            Self::Refused(_) => "refused",
        }
    }
}
