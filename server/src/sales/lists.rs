//! What orders are found by; made from them, and stored nowhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kessai_shared::ids::{Customer, OrderId};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{FulfilmentState, OrderState};
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::order::Order;

#[derive(Default)]
pub(super) struct Lists {
    /// Each buyer's confirmed orders, in the order they were confirmed.
    lots: HashMap<(Pin, Customer), BTreeMap<u64, OrderId>>,
    /// The orders that wait to be shipped, the oldest first.
    pub(super) unshipped: BTreeSet<(Timestamp, OrderId)>,
    /// The orders that were shipped and wait to arrive, the oldest first.
    pub(super) undelivered: BTreeSet<(Timestamp, OrderId)>,
    /// The orders that wait for an answer from the settlement.
    pub(super) open: BTreeSet<OrderId>,
}

/// What an order is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Filed {
    buyer: (Pin, Customer),
    is_open: bool,
    /// Where and when it was confirmed, if ever.
    confirmed: Option<(u64, Timestamp)>,
    is_confirmed: bool,
    is_unshipped: bool,
    /// When it was shipped, and whether it has not arrived yet.
    shipped: Option<(Timestamp, bool)>,
}

impl Filed {
    pub(super) fn of(order: &Order) -> Self {
        let moves = order.shipping.is_some() || order.cancelling.is_some();
        let is_under_way =
            order.order == OrderState::Completed && order.fulfilment == FulfilmentState::Shipped;
        Self {
            buyer: (order.owner, order.quote.customer),
            is_open: order.is_owed_an_answer(),
            confirmed: (order.confirmed_position > 0)
                .then_some((order.confirmed_position, order.confirmed_at)),
            is_confirmed: order.is_confirmed(),
            is_unshipped: order.order == OrderState::Confirmed && !moves,
            shipped: order.shipped_at().map(|at| (at, is_under_way)),
        }
    }
}

impl Lists {
    pub(super) fn lots_of(
        &self,
        owner: Pin,
        customer: &Customer,
    ) -> impl DoubleEndedIterator<Item = OrderId> {
        self.lots.get(&(owner, *customer)).into_iter().flat_map(|lots| lots.values().copied())
    }

    /// Keeps the lists in step with one order.
    pub(super) fn file(&mut self, id: OrderId, order: &Filed) {
        if order.is_open {
            self.open.insert(id);
        } else {
            self.open.remove(&id);
        }
        let Some((position, at)) = order.confirmed else { return };
        let lots = self.lots.entry(order.buyer).or_default();
        if order.is_confirmed {
            lots.insert(position, id);
        } else {
            lots.remove(&position);
        }
        if order.is_unshipped {
            self.unshipped.insert((at, id));
        } else {
            self.unshipped.remove(&(at, id));
        }
        if let Some((at, is_under_way)) = order.shipped {
            if is_under_way {
                self.undelivered.insert((at, id));
            } else {
                self.undelivered.remove(&(at, id));
            }
        }
    }
}
