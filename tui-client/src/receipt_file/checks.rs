//! What a receipt proves, step by step: each step tells of itself alone.

use kessai_shared::pin::Pin;
use kessai_shared::receipt::Forged;

use super::Receipt;

/// Whom to believe when a receipt is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Believed {
    /// The shop's own pins; with none, nobody here can say whether a seller is the shop.
    pub sellers: Vec<Pin>,
    /// The issuers' roots.
    pub roots: Vec<Pin>,
}

/// One step of checking a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    pub what: Proof,
    pub found: Found,
}

/// What the steps prove, from what was bought to what was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Whoever holds the seller's key made this quote.
    QuoteSigned,
    /// That key is the shop's.
    SellerKnown,
    /// The lines come to the total.
    Sum,
    /// An issuer's root vouches for the settlement's key.
    KeySigned,
    /// That root is one that is believed.
    RootKnown,
    /// The decision is about this order, at this price, of this seller.
    Purchase,
    /// It stands in the settlement's journal, in the group that it names.
    Place,
    /// The head of that group is signed with the settlement's key.
    HeadSigned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Holds,
    Fails,
    /// Something before it does not hold, or nobody here knows whom to believe.
    Unknown,
}

impl Proof {
    /// The word that programs read.
    pub const fn word(self) -> &'static str {
        match self {
            Proof::QuoteSigned => "quote_signed",
            Proof::SellerKnown => "seller_known",
            Proof::Sum => "sum",
            Proof::KeySigned => "key_signed",
            Proof::RootKnown => "root_known",
            Proof::Purchase => "purchase",
            Proof::Place => "place",
            Proof::HeadSigned => "head_signed",
        }
    }
}

impl Found {
    /// The word that programs read.
    pub const fn word(self) -> &'static str {
        match self {
            Found::Holds => "holds",
            Found::Fails => "fails",
            Found::Unknown => "unknown",
        }
    }
}

impl Receipt {
    /// The same, step by step. All of them hold just when [`Receipt::verify`] is content and those who signed are
    /// believed.
    pub fn checks(&self, believed: &Believed) -> [Check; 8] {
        let holds = |holds: bool| if holds { Found::Holds } else { Found::Fails };
        let known = |pins: &[Pin], pin: Pin| {
            if pins.is_empty() { Found::Unknown } else { holds(pins.contains(&pin)) }
        };
        let quote = &self.quote.quote;
        let key = self.keys.verify(self.issuer_root()).map(|keys| keys.decision_key);
        // About whatever it speaks of, so that each step tells of itself alone.
        let about = &self.decision.statement.purchase;
        let (place, head) = match key.map(|key| self.decision.verify(about, &key)) {
            Ok(Ok(_)) => (Found::Holds, Found::Holds),
            Ok(Err(Forged::OtherGroup | Forged::NotInGroup)) => (Found::Fails, Found::Unknown),
            Ok(Err(
                Forged::OtherKey
                | Forged::Signature
                | Forged::OtherPurchase
                | Forged::OutOfDate
                | Forged::NotAmong,
            )) => (Found::Holds, Found::Fails),
            Err(_) => (Found::Unknown, Found::Unknown),
        };
        let check = |what, found| Check { what, found };
        [
            check(Proof::QuoteSigned, holds(self.quote.verify(self.seller()).is_ok())),
            check(Proof::SellerKnown, known(&believed.sellers, self.seller())),
            check(Proof::Sum, holds(self.sum() == Some(quote.total))),
            check(Proof::KeySigned, holds(key.is_ok())),
            check(Proof::RootKnown, known(&believed.roots, self.issuer_root())),
            check(Proof::Purchase, holds(*about == quote.purchase())),
            check(Proof::Place, place),
            check(Proof::HeadSigned, head),
        ]
    }
}
