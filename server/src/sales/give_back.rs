//! Goods given back: which lots they come from, and what the settlement has to do for them.

use kessai_shared::codec;
use kessai_shared::digest::sha256;
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::Refusal;
use kessai_shared::storefront::{Line, ReturnState};
use serde::{Deserialize, Serialize};

use super::order::{LinePieces, Order};

/// Pieces of one line of one order that were given back together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub order: OrderId,
    /// Which line of the order's quote.
    pub line: u16,
    pub sku: Sku,
    pub quantity: u32,
    pub unit_price: Minor,
    /// How many of them had never left, and are held no longer.
    pub released: u32,
    /// How many of them had left, and are back.
    pub back: u32,
}

/// What the settlement did for one order of a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub order: OrderId,
    pub released: Minor,
    pub refunded: Minor,
    /// The clearing batch of the refund; 0 when there was none.
    pub batch: u32,
    /// Why it will never do all of it.
    pub refused: Option<Refusal>,
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
    /// The operator, when it was not the buyer who asked.
    pub by: Option<Pin>,
    /// Whether the pieces can be sold again; what cannot is written off.
    pub restock: bool,
    pub parts: Vec<Part>,
    pub settled: Vec<Settled>,
}

/// What is to be done for one order of a return: each list names a line and how many of its pieces. A
/// piece that never left is given back before one that did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub release: Vec<LinePieces>,
    pub refund: Vec<LinePieces>,
}

/// What tells one list of goods from another.
pub fn digest_of(lines: &[Line]) -> [u8; 32] {
    sha256(&[b"kessai return lines v1", &codec::encode(&lines)])
}

impl Part {
    pub fn worth(&self) -> Minor {
        Minor(i64::from(self.quantity) * self.unit_price.0)
    }

    fn open(&self) -> u32 {
        self.quantity - self.released - self.back
    }
}

impl GiveBack {
    pub fn state(&self) -> ReturnState {
        if self.parts.is_empty() {
            return ReturnState::NothingToReturn;
        }
        if self.parts.iter().any(|part| part.open() > 0) {
            return ReturnState::Pending;
        }
        let refused = self.settled.iter().any(|settled| settled.refused.is_some());
        if refused { ReturnState::Refused } else { ReturnState::Refunded }
    }

    /// What was given back to the buyer so far, from holds and from charges.
    pub fn paid(&self) -> Minor {
        Minor(self.settled.iter().map(|settled| settled.released.0 + settled.refunded.0).sum())
    }

    /// Whether nothing of this order waits for an answer.
    pub fn is_done(&self, order: OrderId) -> bool {
        !self.parts.iter().any(|part| part.order == order && part.open() > 0)
    }

    /// What is still to be done for one of its orders. It changes only by the answers to it, because no
    /// shipment begins while a return waits.
    pub fn split(&self, id: OrderId, order: &Order) -> Split {
        let mut split = Split::default();
        let mut taken: Vec<u32> = vec![0; order.lines.len()];
        for part in self.parts.iter().filter(|part| part.order == id && part.open() > 0) {
            let Some(taken) = taken.get_mut(usize::from(part.line)) else { continue };
            let there = order.unshipped_of(usize::from(part.line)) - *taken;
            let release = part.open().min(there);
            *taken += release;
            if release > 0 {
                split.release.push((part.line, release));
            }
            if part.open() > release {
                split.refund.push((part.line, part.open() - release));
            }
        }
        split
    }

    /// Writes down that pieces of an order were released.
    pub(super) fn note_released(&mut self, id: OrderId, pieces: &[LinePieces], amount: Minor) {
        self.spread(id, pieces, |part| &mut part.released);
        self.settled_of(id).released.0 += amount.0;
    }

    /// Writes down that pieces of an order are back.
    pub(super) fn note_back(&mut self, id: OrderId, pieces: &[LinePieces], amount: Minor, batch: u32) {
        self.spread(id, pieces, |part| &mut part.back);
        let settled = self.settled_of(id);
        settled.refunded.0 += amount.0;
        settled.batch = batch;
    }

    pub(super) fn note_refused(&mut self, id: OrderId, refusal: Refusal) {
        self.settled_of(id).refused = Some(refusal);
    }

    fn spread(&mut self, id: OrderId, pieces: &[LinePieces], of: fn(&mut Part) -> &mut u32) {
        for (line, pieces) in pieces {
            let mut left = *pieces;
            for part in self.parts.iter_mut().filter(|part| part.order == id && part.line == *line) {
                let now = part.open().min(left);
                *of(part) += now;
                left -= now;
            }
        }
    }

    fn settled_of(&mut self, order: OrderId) -> &mut Settled {
        let place = self.settled.iter().position(|settled| settled.order == order);
        let place = place.unwrap_or_else(|| {
            let (released, refunded, batch, refused) = (Minor::ZERO, Minor::ZERO, 0, None);
            self.settled.push(Settled { order, released, refunded, batch, refused });
            self.settled.len() - 1
        });
        &mut self.settled[place]
    }

    /// Whether a request with this content is the one that was answered before.
    pub fn is_same(&self, owner: Pin, customer: &Customer, from: Option<OrderId>, lines: &[Line]) -> bool {
        let same_buyer = self.owner == owner && self.customer == *customer;
        same_buyer && self.from == from && self.asked == digest_of(lines)
    }
}
