//! All products, orders and returns, and the changes that they go through. What stands here can be
//! made anew from the changes alone, in their order.

mod counts;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Quote, Verdict};
use kessai_shared::storefront::{Cancelled, FulfilmentState, OrderState, PaymentState};
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::give_back::GiveBack;
use super::inconsistent::Inconsistent;
use super::order::Order;
use super::product::Product;
use super::stock::Stock;

/// One change of the books; one journal record each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    Stocked {
        sku: Sku,
        name: String,
        category: String,
        unit_price: Minor,
        received: u64,
    },
    /// A known product as the shop now offers it; its stock stays.
    Relisted {
        sku: Sku,
        name: String,
        category: String,
        unit_price: Minor,
    },
    Placed {
        quote: Quote,
        owner: Pin,
    },
    /// Not all of it was there: no inquiry is made, and the order id is used up.
    TurnedAway {
        quote: Quote,
        owner: Pin,
        sku: Sku,
        available: u32,
    },
    Decided {
        order: OrderId,
        decision: Decision,
    },
    /// Nobody knows whether it was approved; from here on only a reversal ends it.
    Doubted {
        order: OrderId,
    },
    Reversed {
        order: OrderId,
    },
    CaptureStarted {
        order: OrderId,
    },
    Shipped {
        order: OrderId,
    },
    /// The hold ran out before the goods were shipped.
    Lapsed {
        order: OrderId,
    },
    GivenBack {
        id: ReturnId,
        given: GiveBack,
    },
    Refunded {
        id: ReturnId,
        order: OrderId,
    },
}

/// What a row of the books goes by in the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RowKey {
    Product(Sku),
    Order(OrderId),
    Return(ReturnId),
}

/// A row of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    Product(Product),
    Order(Box<Order>),
    Return(GiveBack),
}

/// Sums over all orders and products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub products: u64,
    pub orders: u64,
    pub accepted_orders: u64,
    pub accepted: Minor,
    pub refunded: Minor,
    pub stock_left: u64,
    pub pending: u64,
    pub open_refunds: u64,
}

#[derive(Default)]
pub struct Books {
    products: HashMap<Sku, Product>,
    /// Shared with whoever shows them, until they change.
    orders: HashMap<OrderId, Arc<Order>>,
    returns: HashMap<ReturnId, GiveBack>,
    lists: Lists,
}

/// What orders are found by; made from them, and stored nowhere.
#[derive(Default)]
struct Lists {
    /// Each buyer's confirmed orders, in the order they were confirmed.
    lots: HashMap<(Pin, Customer), BTreeMap<u64, OrderId>>,
    /// The orders that wait to be shipped, the oldest first.
    unshipped: BTreeSet<(Timestamp, OrderId)>,
    /// The orders that wait for an answer from the settlement.
    open: BTreeSet<OrderId>,
}

impl Books {
    pub fn product(&self, sku: &Sku) -> Option<&Product> {
        self.products.get(sku)
    }

    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id).map(AsRef::as_ref)
    }

    /// An order to keep: it stays as it is when the books change.
    pub fn shared_order(&self, id: OrderId) -> Option<Arc<Order>> {
        self.orders.get(&id).map(Arc::clone)
    }

    pub fn given(&self, id: ReturnId) -> Option<&GiveBack> {
        self.returns.get(&id)
    }

    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    pub fn orders(&self) -> impl Iterator<Item = (&OrderId, &Order)> {
        self.orders.iter().map(|(id, order)| (id, order.as_ref()))
    }

    pub fn returns(&self) -> impl Iterator<Item = (&ReturnId, &GiveBack)> {
        self.returns.iter()
    }

    /// A buyer's confirmed orders, the oldest first.
    pub fn lots(&self, owner: Pin, customer: &Customer) -> impl DoubleEndedIterator<Item = OrderId> {
        self.lists.lots.get(&(owner, *customer)).into_iter().flat_map(|lots| lots.values().copied())
    }

    /// The orders that wait for an answer from the settlement.
    pub fn open_orders(&self) -> impl Iterator<Item = OrderId> {
        self.lists.open.iter().copied()
    }

    /// The orders that were confirmed at `until` or before and can be shipped now.
    pub fn shippable(&self, until: Timestamp) -> impl Iterator<Item = OrderId> {
        let due = self.lists.unshipped.iter().take_while(move |(at, _)| *at <= until);
        due.map(|(_, id)| *id).filter(|id| self.order(*id).is_some_and(Order::is_shippable))
    }

    /// The orders that can be shipped now and were confirmed later than `at`, the latest first, each
    /// with the deadline of its quote.
    pub fn shippable_after(&self, at: Timestamp) -> impl Iterator<Item = (OrderId, Timestamp)> {
        let later = self.lists.unshipped.iter().rev().take_while(move |(confirmed, _)| *confirmed > at);
        let orders = later.filter_map(|(_, id)| self.order(*id));
        orders.filter(|order| order.is_shippable()).map(|order| (order.quote.order, order.quote.deadline))
    }

    /// Takes a change in. `position` and `at` are those of its journal record.
    ///
    /// # Errors
    /// [`Inconsistent`] when the change does not follow from the books: the caller stops then.
    pub fn apply(&mut self, change: &Change, position: u64, at: Timestamp) -> Result<(), Inconsistent> {
        match change {
            Change::Stocked { sku, name, category, unit_price, received } => {
                let product = Product {
                    sku: *sku,
                    name: name.clone(),
                    category: category.clone(),
                    unit_price: *unit_price,
                    stock: Stock::of(*received),
                };
                match self.products.insert(*sku, product) {
                    Some(_) => Err(Inconsistent("a product is stocked twice")),
                    None => Ok(()),
                }
            }
            Change::Relisted { sku, name, category, unit_price } => {
                let product = self.products.get_mut(sku).ok_or(Inconsistent("an unknown product"))?;
                product.name.clone_from(name);
                product.category.clone_from(category);
                product.unit_price = *unit_price;
                Ok(())
            }
            Change::Placed { quote, owner } => self.placed(Order::placed(quote.clone(), *owner, at)),
            Change::TurnedAway { quote, owner, sku, available } => {
                let mut order = Order::placed(quote.clone(), *owner, at);
                order.order = OrderState::Cancelled;
                order.payment = PaymentState::Voided;
                order.cancelled = Some(Cancelled::OutOfStock { sku: *sku, available: *available });
                self.insert(order)
            }
            Change::Decided { order, decision } => self.decided(*order, decision, position, at),
            Change::Doubted { order } => self.step(*order, |o| o.doubt()),
            Change::Reversed { order } => {
                self.step(*order, Order::reversed)?;
                self.move_lines(*order, Stock::release, |_, line| line)
            }
            Change::CaptureStarted { order } => self.step(*order, Order::start_capture),
            Change::Shipped { order } => {
                self.move_lines(*order, Stock::ship, |kept, _| kept)?;
                self.step(*order, Order::shipped)
            }
            Change::Lapsed { order } => {
                self.lapse_lines(*order)?;
                self.step(*order, Order::lapsed)
            }
            Change::GivenBack { id, given } => self.given_back(*id, given),
            Change::Refunded { id, order } => self.refunded(*id, *order),
        }
    }

    /// Names the products whose rows a change has written.
    pub fn touched(&self, change: &Change, each: &mut dyn FnMut(&Sku)) {
        match change {
            Change::Stocked { sku, .. } | Change::Relisted { sku, .. } => each(sku),
            Change::Placed { quote, .. } => quote.lines.iter().for_each(|line| each(&line.sku)),
            Change::Decided { order, .. }
            | Change::Reversed { order }
            | Change::Shipped { order }
            | Change::Lapsed { order }
            | Change::Refunded { order, .. } => {
                let order = self.orders.get(order).into_iter();
                order.flat_map(|order| &order.quote.lines).for_each(|line| each(&line.sku));
            }
            Change::TurnedAway { .. }
            | Change::Doubted { .. }
            | Change::CaptureStarted { .. }
            | Change::GivenBack { .. } => {}
        }
    }

    pub fn row(&self, key: &RowKey) -> Option<Row> {
        match key {
            RowKey::Product(sku) => self.products.get(sku).cloned().map(Row::Product),
            RowKey::Order(id) => self.order(*id).cloned().map(|order| Row::Order(Box::new(order))),
            RowKey::Return(id) => self.returns.get(id).cloned().map(Row::Return),
        }
    }

    /// Puts a row back that was stored before.
    ///
    /// # Errors
    /// [`Inconsistent`] when the row is not of the kind its key says.
    pub fn load(&mut self, key: RowKey, row: Row) -> Result<(), Inconsistent> {
        match (key, row) {
            (RowKey::Product(sku), Row::Product(product)) => {
                self.products.insert(sku, product);
            }
            (RowKey::Order(id), Row::Order(order)) => {
                self.lists.file(id, &order);
                self.orders.insert(id, Arc::from(order));
            }
            (RowKey::Return(id), Row::Return(given)) => {
                self.returns.insert(id, given);
            }
            (RowKey::Product(_) | RowKey::Order(_) | RowKey::Return(_), _) => {
                return Err(Inconsistent("a row is not of the kind its key says"));
            }
        }
        Ok(())
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            products: self.products.len() as u64,
            orders: self.orders.len() as u64,
            stock_left: self.products.values().map(|product| product.stock.available).sum(),
            pending: self.lists.open.len() as u64,
            ..Totals::default()
        };
        for order in self.orders.values() {
            if order.confirmed_position > 0 {
                totals.accepted_orders += 1;
                totals.accepted.0 += order.quote.total.0;
            }
            totals.refunded.0 += order.refunded.0;
            totals.open_refunds += order.refunding.len() as u64;
        }
        totals
    }

    fn placed(&mut self, order: Order) -> Result<(), Inconsistent> {
        let id = order.quote.order;
        self.insert(order)?;
        self.move_lines(id, Stock::reserve, |_, line| line)
    }

    fn insert(&mut self, order: Order) -> Result<(), Inconsistent> {
        let id = order.quote.order;
        if self.orders.insert(id, Arc::new(order)).is_some() {
            return Err(Inconsistent("an order is placed twice"));
        }
        self.refile(id);
        Ok(())
    }

    fn decided(
        &mut self,
        id: OrderId,
        decision: &Decision,
        position: u64,
        at: Timestamp,
    ) -> Result<(), Inconsistent> {
        self.step(id, |order| order.decide(decision, position, at))?;
        let to = match decision.statement.verdict {
            Verdict::Approved => Stock::allocate,
            Verdict::Declined => Stock::release,
        };
        self.move_lines(id, to, |_, line| line)
    }

    fn given_back(&mut self, id: ReturnId, given: &GiveBack) -> Result<(), Inconsistent> {
        if self.returns.contains_key(&id) {
            return Err(Inconsistent("a return is taken twice"));
        }
        for part in &given.parts {
            let order = self.orders.get_mut(&part.order).ok_or(Inconsistent("an unknown order"))?;
            let order = Arc::make_mut(order);
            let line = usize::from(part.line);
            let bought = order.quote.lines.get(line).map_or(0, |line| line.quantity);
            let back = order.returned.get_mut(line).ok_or(Inconsistent("an unknown line"))?;
            *back = back.saturating_add(part.quantity);
            if *back > bought {
                return Err(Inconsistent("more comes back than was bought"));
            }
            if !order.refunding.contains(&id) {
                order.refunding.push(id);
            }
        }
        self.returns.insert(id, given.clone());
        given.parts.iter().for_each(|part| self.refile(part.order));
        Ok(())
    }

    fn refunded(&mut self, id: ReturnId, order_id: OrderId) -> Result<(), Inconsistent> {
        let given = self.returns.get_mut(&id).ok_or(Inconsistent("an unknown return"))?;
        let amount = *given.refunds().get(&order_id).ok_or(Inconsistent("a refund of another order"))?;
        if given.refunded.contains(&order_id) {
            return Err(Inconsistent("a refund is answered twice"));
        }
        given.refunded.push(order_id);
        let parts: Vec<_> = given.parts.iter().filter(|part| part.order == order_id).cloned().collect();
        let order = self.orders.get(&order_id).ok_or(Inconsistent("an unknown order"))?;
        let back = match order.fulfilment {
            FulfilmentState::NotFulfilled => Stock::keep,
            FulfilmentState::Shipped | FulfilmentState::Delivered | FulfilmentState::Returned => {
                Stock::take_back
            }
        };
        for part in &parts {
            let product = self.products.get_mut(&part.sku).ok_or(Inconsistent("an unknown product"))?;
            back(&mut product.stock, u64::from(part.quantity))?;
        }
        self.step(order_id, |order| order.refunded(id, amount))
    }

    fn step(
        &mut self,
        id: OrderId,
        act: impl FnOnce(&mut Order) -> Result<(), Inconsistent>,
    ) -> Result<(), Inconsistent> {
        act(Arc::make_mut(self.orders.get_mut(&id).ok_or(Inconsistent("an unknown order"))?))?;
        self.refile(id);
        Ok(())
    }

    /// Moves pieces of every line of an order; `pieces` picks from (not yet given back and answered,
    /// all that was bought).
    fn move_lines(
        &mut self,
        id: OrderId,
        act: fn(&mut Stock, u64) -> Result<(), Inconsistent>,
        pieces: fn(u64, u64) -> u64,
    ) -> Result<(), Inconsistent> {
        let waiting = self.waiting_back(id);
        let order = self.orders.get(&id).ok_or(Inconsistent("an unknown order"))?;
        for (at, line) in order.quote.lines.iter().enumerate() {
            let answered = u64::from(order.returned[at]) - waiting.get(&at).copied().unwrap_or(0);
            let bought = u64::from(line.quantity);
            let product = self.products.get_mut(&line.sku).ok_or(Inconsistent("an unknown product"))?;
            act(&mut product.stock, pieces(bought - answered, bought))?;
        }
        Ok(())
    }

    /// Frees what is left of a lapsed order; what is on its way back is freed by its refund.
    fn lapse_lines(&mut self, id: OrderId) -> Result<(), Inconsistent> {
        let order = self.orders.get(&id).ok_or(Inconsistent("an unknown order"))?;
        for (line, back) in order.quote.lines.iter().zip(&order.returned) {
            let product = self.products.get_mut(&line.sku).ok_or(Inconsistent("an unknown product"))?;
            product.stock.keep(u64::from(line.quantity - back))?;
        }
        Ok(())
    }

    /// How many pieces of each line were given back whose refund is not answered yet.
    fn waiting_back(&self, id: OrderId) -> HashMap<usize, u64> {
        let mut waiting = HashMap::new();
        let returns = self.orders.get(&id).into_iter().flat_map(|order| &order.refunding);
        for given in returns.filter_map(|given| self.returns.get(given)) {
            for part in given.parts.iter().filter(|part| part.order == id) {
                *waiting.entry(usize::from(part.line)).or_default() += u64::from(part.quantity);
            }
        }
        waiting
    }

    /// Keeps the lists that orders are found by in step with one order.
    fn refile(&mut self, id: OrderId) {
        if let Some(order) = self.orders.get(&id) {
            self.lists.file(id, order);
        }
    }
}

impl Lists {
    fn file(&mut self, id: OrderId, order: &Order) {
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
        let waits = order.order == OrderState::Confirmed && order.payment == PaymentState::Authorized;
        if waits && order.capturing.is_none() {
            self.unshipped.insert((order.confirmed_at, id));
        } else {
            self.unshipped.remove(&(order.confirmed_at, id));
        }
    }
}
