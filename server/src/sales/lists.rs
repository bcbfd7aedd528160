//! What orders are found by; made from them, and stored nowhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kessai_shared::ids::{Customer, OrderId};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{FulfilmentState, OrderState};
use kessai_shared::time::Timestamp;

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

impl Lists {
    pub(super) fn lots_of(
        &self,
        owner: Pin,
        customer: &Customer,
    ) -> impl DoubleEndedIterator<Item = OrderId> {
        self.lots.get(&(owner, *customer)).into_iter().flat_map(|lots| lots.values().copied())
    }

    /// Keeps the lists in step with one order.
    pub(super) fn file(&mut self, id: OrderId, order: &Order) {
        if order.is_owed_an_answer() {
            self.open.insert(id);
        } else {
            self.open.remove(&id);
        }
        if order.confirmed_position == 0 {
            return;
        }
        let buyer = (order.owner, order.quote.customer);
        let lots = self.lots.entry(buyer).or_default();
        if order.is_confirmed() {
            lots.insert(order.confirmed_position, id);
        } else {
            lots.remove(&order.confirmed_position);
        }
        let moves = order.shipping.is_some() || order.cancelling.is_some();
        if order.order == OrderState::Confirmed && !moves {
            self.unshipped.insert((order.confirmed_at, id));
        } else {
            self.unshipped.remove(&(order.confirmed_at, id));
        }
        if let Some(at) = order.shipped_at() {
            if order.order == OrderState::Completed && order.fulfilment == FulfilmentState::Shipped {
                self.undelivered.insert((at, id));
            } else {
                self.undelivered.remove(&(at, id));
            }
        }
    }
}
