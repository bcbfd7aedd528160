//! Goods given back: which lots they come from, and the refunds that follow.

use std::collections::BTreeMap;

use kessai_shared::codec;
use kessai_shared::digest::sha256;
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{Line, ReturnState};
use serde::{Deserialize, Serialize};

/// Pieces of one line of one order that were given back together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub order: OrderId,
    /// Which line of the order's quote.
    pub line: u16,
    pub sku: Sku,
    pub quantity: u32,
    pub unit_price: Minor,
}

/// One return, accepted or found to match nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveBack {
    pub owner: Pin,
    pub customer: Customer,
    pub from: Option<OrderId>,
    /// The digest of the lines that were asked for. The lines themselves are not kept: a stranger
    /// could fill the books with lists of goods he never bought.
    pub asked: [u8; 32],
    pub parts: Vec<Part>,
    /// The orders whose refund was answered.
    pub refunded: Vec<OrderId>,
}

/// What tells one list of goods from another.
pub fn digest_of(lines: &[Line]) -> [u8; 32] {
    sha256(&[b"kessai return lines v1", &codec::encode(&lines)])
}

impl Part {
    pub fn worth(&self) -> Minor {
        Minor(i64::from(self.quantity) * self.unit_price.0)
    }
}

impl GiveBack {
    pub fn state(&self) -> ReturnState {
        if self.parts.is_empty() {
            return ReturnState::NothingToReturn;
        }
        let all = self.parts.iter().all(|part| self.refunded.contains(&part.order));
        if all { ReturnState::Refunded } else { ReturnState::Pending }
    }

    /// What each order is to give back; one refund each.
    pub fn refunds(&self) -> BTreeMap<OrderId, Minor> {
        let mut refunds: BTreeMap<OrderId, Minor> = BTreeMap::new();
        for part in &self.parts {
            refunds.entry(part.order).or_default().0 += part.worth().0;
        }
        refunds
    }

    /// Whether a request with this content is the one that was answered before.
    pub fn is_same(&self, owner: Pin, customer: &Customer, from: Option<OrderId>, lines: &[Line]) -> bool {
        let same_buyer = self.owner == owner && self.customer == *customer;
        same_buyer && self.from == from && self.asked == digest_of(lines)
    }
}
