//! Orders, returns and what is in stock as terminals may see them: as of the last durable group, in memory, so that no
//! question about one goes through the writer or to a disk.
//!
//! The writer puts an order here once the group that changed it is durable, and shares it with its own
//! books until it changes again.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::operator::Page;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::MAX_PAGE;

use crate::sales::{Books, GiveBack, Order, RecoveredState, Stored};
use crate::stocks::{FEW, Stocks};

/// Into how many parts it is divided, so that the writer seldom meets a reader.
const PARTS: usize = 16;

#[derive(Clone)]
pub struct Shown(Arc<Parts>);

struct Parts {
    orders: [RwLock<HashMap<OrderId, Stored>>; PARTS],
    owned: [RwLock<HashMap<Pin, BTreeSet<OrderId>>>; PARTS],
    /// All orders, by age, for whoever keeps the shop.
    ids: RwLock<BTreeSet<OrderId>>,
    returns: RwLock<HashMap<ReturnId, GiveBack>>,
    stocks: RwLock<Arc<Stocks>>,
    missing: RwLock<Missing>,
    hasher: RandomState,
}

/// Orders that are not here and of which nobody may be told that they never were (F18).
#[derive(Default)]
struct Missing {
    /// Whether it is not known yet which those are.
    behind: bool,
    recovered: BTreeSet<OrderId>,
}

impl Shown {
    /// Everything that is in the books of a store that was just opened.
    pub fn of(books: &Books) -> Self {
        Self::with(books, FEW)
    }

    /// As [`Shown::of`], in a shop where a product runs out from so `few` pieces on.
    pub fn with(books: &Books, few: u32) -> Self {
        let shown = Self(Arc::new(Parts {
            orders: Default::default(),
            owned: Default::default(),
            ids: RwLock::default(),
            returns: RwLock::default(),
            stocks: RwLock::new(Arc::new(Stocks::of(books).short_from(few))),
            missing: RwLock::default(),
            hasher: RandomState::new(),
        }));
        // A shop opens only after this, so what can be done at the same time is.
        std::thread::scope(|scope| {
            scope.spawn(|| shown.put_all_ids(books));
            shown.put_all_orders(books);
        });
        books.returns().for_each(|(id, _)| shown.put_return(books, *id));
        books.all_recovered().for_each(|(id, _)| shown.put_recovered(books, *id));
        shown.put_behind(books);
        shown
    }

    /// Shows an order as it stands in the books, all of which is durable, and what is left of its goods.
    pub fn put(&self, books: &Books, id: OrderId) {
        let stocks = self.stocks();
        let lines = books.order(id).into_iter().flat_map(|order| &order.quote.lines);
        lines.for_each(|line| stocks.put(books, &line.sku));
        self.put_order(books, id);
        self.put_recovered(books, id);
    }

    /// Shows what is available of a product as it stands in the books, all of which is durable.
    pub fn put_stock(&self, books: &Books, sku: &Sku) {
        self.stocks().put(books, sku);
    }

    /// What is available of every product.
    pub fn stocks(&self) -> Arc<Stocks> {
        Arc::clone(&read(&self.0.stocks))
    }

    /// Takes over which products there are, all of which is durable.
    pub fn restock(&self, books: &Books) {
        let stocks = Arc::new(Stocks::of(books).short_from(self.stocks().few()));
        *write(&self.0.stocks) = stocks;
    }

    /// Shows whether the books are behind the settlement's, as they are durable now.
    pub fn put_behind(&self, books: &Books) {
        write(&self.0.missing).behind = books.is_behind();
    }

    /// Whether an order that is not shown may be an order all the same: the settlement has its money.
    pub fn is_missing(&self, id: OrderId) -> bool {
        let missing = read(&self.0.missing);
        missing.behind || missing.recovered.contains(&id)
    }

    fn put_recovered(&self, books: &Books, id: OrderId) {
        let Some(row) = books.recovered(id) else { return };
        let mut missing = write(&self.0.missing);
        match row.state {
            RecoveredState::Waiting | RecoveredState::GivingBack => missing.recovered.insert(id),
            RecoveredState::Forward | RecoveredState::Ended => missing.recovered.remove(&id),
        };
    }

    fn put_all_orders(&self, books: &Books) {
        let mut parts: [_; PARTS] = std::array::from_fn(|part| write(&self.0.orders[part]));
        // They spread evenly; a part that gets more grows.
        let each = books.counts(0).orders as usize / PARTS;
        parts.iter_mut().for_each(|part| part.reserve(each + each / PARTS));
        for (id, order) in books.stored_orders() {
            parts[self.part(id)].insert(*id, order.clone());
        }
    }

    /// Sets are made quickest of what is in order already.
    fn put_all_ids(&self, books: &Books) {
        let mut ids: Vec<_> = books.owners().collect();
        ids.sort_unstable();
        let mut rest = ids.as_slice();
        while let Some((owner, _)) = rest.first() {
            let (of_owner, others) = rest.split_at(rest.partition_point(|(other, _)| other <= owner));
            let set = of_owner.iter().map(|(_, id)| *id).collect();
            write(&self.0.owned[self.part(owner)]).insert(*owner, set);
            rest = others;
        }
        *write(&self.0.ids) = ids.into_iter().map(|(_, id)| id).collect();
    }

    fn put_order(&self, books: &Books, id: OrderId) {
        let Some(order) = books.stored_order(id) else { return };
        let Some(owner) = order.get().map(|order| order.owner) else { return };
        let order = order.clone();
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
        let stored = read(&self.0.orders[self.part(&id)]).get(&id).cloned();
        stored.and_then(|stored| stored.look())
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
