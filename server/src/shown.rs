//! Orders and returns as terminals may see them: as of the last durable group, in memory, so that no
//! question about one goes through the writer or to a disk.
//!
//! The writer puts an order here once the group that changed it is durable, and shares it with its own
//! books until it changes again.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::operator::Page;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::MAX_PAGE;

use crate::sales::{Books, GiveBack, Order};

/// Into how many parts it is divided, so that the writer seldom meets a reader.
const PARTS: usize = 16;

#[derive(Clone)]
pub struct Shown(Arc<Parts>);

struct Parts {
    orders: [RwLock<HashMap<OrderId, Arc<Order>>>; PARTS],
    owned: [RwLock<HashMap<Pin, BTreeSet<OrderId>>>; PARTS],
    /// All orders, by age, for whoever keeps the shop.
    ids: RwLock<BTreeSet<OrderId>>,
    returns: RwLock<HashMap<ReturnId, GiveBack>>,
    hasher: RandomState,
}

impl Shown {
    /// Everything that is in the books of a store that was just opened.
    pub fn of(books: &Books) -> Self {
        let shown = Self(Arc::new(Parts {
            orders: Default::default(),
            owned: Default::default(),
            ids: RwLock::default(),
            returns: RwLock::default(),
            hasher: RandomState::new(),
        }));
        books.orders().for_each(|(id, _)| shown.put(books, *id));
        books.returns().for_each(|(id, _)| shown.put_return(books, *id));
        shown
    }

    /// Shows an order as it stands in the books, all of which is durable.
    pub fn put(&self, books: &Books, id: OrderId) {
        let Some(order) = books.shared_order(id) else { return };
        let owner = order.owner;
        if write(&self.0.orders[self.part(&id)]).insert(id, order).is_none() {
            write(&self.0.owned[self.part(&owner)]).entry(owner).or_default().insert(id);
            write(&self.0.ids).insert(id);
        }
    }

    /// Shows a return as it stands in the books, all of which is durable.
    pub fn put_return(&self, books: &Books, id: ReturnId) {
        if let Some(given) = books.given(id) {
            write(&self.0.returns).insert(id, given.clone());
        }
    }

    pub fn order(&self, id: OrderId) -> Option<Arc<Order>> {
        read(&self.0.orders[self.part(&id)]).get(&id).cloned()
    }

    pub fn given(&self, id: ReturnId) -> Option<GiveBack> {
        read(&self.0.returns).get(&id).cloned()
    }

    /// An owner's orders, the newest first, older than `before`, at most [`MAX_PAGE`].
    pub fn orders_of(&self, owner: Pin, before: Option<OrderId>, limit: u16) -> Vec<Arc<Order>> {
        let limit = usize::from(limit.min(MAX_PAGE));
        let ids: Vec<OrderId> = {
            let owned = read(&self.0.owned[self.part(&owner)]);
            let all = owned.get(&owner).into_iter();
            let end = before.unwrap_or(OrderId::from_bytes([0xff; 16]));
            all.flat_map(|ids| ids.range(..end).rev()).take(limit).copied().collect()
        };
        ids.into_iter().filter_map(|id| self.order(id)).collect()
    }

    /// The newest orders before one, or of all: as many rows as `fit` gives for them, up to `limit`, of
    /// at most `most` that are looked at.
    pub fn page<T>(
        &self,
        before: Option<OrderId>,
        (limit, most): (usize, usize),
        fit: impl Fn(&Order) -> Option<T>,
    ) -> Page<T, OrderId> {
        let end = before.unwrap_or(OrderId::from_bytes([0xff; 16]));
        // Copied out, so that the writer waits for no more than that.
        let ids: Vec<OrderId> = read(&self.0.ids).range(..end).rev().take(most).copied().collect();
        let mut rows = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            rows.extend(self.order(*id).and_then(|order| fit(&order)));
            let more = at + 1 < ids.len() || ids.len() == most;
            if rows.len() >= limit && more {
                return Page { rows, next: Some(*id) };
            }
        }
        let next = if ids.len() == most { ids.last().copied() } else { None };
        Page { rows, next }
    }

    fn part(&self, key: &impl Hash) -> usize {
        // Fewer parts than a usize can count.
        (self.0.hasher.hash_one(key) % PARTS as u64) as usize
    }
}

// Every change is one insertion, so a panic elsewhere leaves nothing half done.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
