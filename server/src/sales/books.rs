//! All products, orders and returns, and the changes that they go through. What stands here can be
//! made anew from the changes alone, in their order.

mod counts;

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use kessai_shared::ids::{CaptureId, Customer, OrderId, RefundId, ReturnId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{Cancelled, OrderState, PaymentState};
use kessai_shared::time::Timestamp;
use kessai_shared::trail::Trail;

use super::change::{Change, Row, RowKey};
use super::clearing::Clearing;
use super::give_back::GiveBack;
use super::history::Deed;
use super::inconsistent::Inconsistent;
use super::lists::{Filed, Lists};
use super::order::Order;
use super::product::{About, Product};
use super::recovered::Table;
use super::stock::Stock;
use super::stored::{Label, Stored, Unfiled};
use super::tenure::Tenure;

/// Sums over all orders and products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub products: u64,
    pub orders: u64,
    pub accepted_orders: u64,
    pub accepted: Minor,
    /// The worth of what of the accepted orders was cancelled, or lapsed with its hold.
    pub cancelled: Minor,
    pub refunded: Minor,
    pub stock_left: u64,
    pub pending: u64,
    pub open_refunds: u64,
}

#[derive(Default)]
pub struct Books {
    pub(super) products: HashMap<Sku, Product>,
    /// Shared with whoever shows them, until they change.
    pub(super) orders: HashMap<OrderId, Stored>,
    pub(super) returns: HashMap<ReturnId, GiveBack>,
    pub(super) lists: Lists,
    pub(super) clearing: Clearing,
    /// Of those products of which something is said.
    abouts: HashMap<Sku, About>,
    tenure: Option<Tenure>,
    trail: Trail,
    pub(super) recovered: Table,
}

impl Books {
    pub fn product(&self, sku: &Sku) -> Option<&Product> {
        self.products.get(sku)
    }

    /// What is said of a product; `None` when nothing ever was.
    pub fn about(&self, sku: &Sku) -> Option<&About> {
        self.abouts.get(sku)
    }

    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id).and_then(Stored::get).map(AsRef::as_ref)
    }

    /// An order to keep: it stays as it is when the books change.
    pub fn shared_order(&self, id: OrderId) -> Option<Arc<Order>> {
        self.orders.get(&id).and_then(Stored::get).map(Arc::clone)
    }

    /// As [`Books::shared_order`], for one who does not look at it now.
    pub fn stored_order(&self, id: OrderId) -> Option<&Stored> {
        self.orders.get(&id)
    }

    /// Each order with its owner's key, in no special order.
    pub fn owners(&self) -> impl Iterator<Item = (Pin, OrderId)> {
        self.orders.iter().filter_map(|(id, order)| Some((order.owner()?, *id)))
    }

    /// All orders, without looking at any.
    pub fn stored_orders(&self) -> impl Iterator<Item = (&OrderId, &Stored)> {
        self.orders.iter()
    }

    pub fn given(&self, id: ReturnId) -> Option<&GiveBack> {
        self.returns.get(&id)
    }

    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    pub fn abouts(&self) -> impl Iterator<Item = (&Sku, &About)> {
        self.abouts.iter()
    }

    pub fn orders(&self) -> impl Iterator<Item = (&OrderId, &Order)> {
        self.orders.iter().filter_map(|(id, order)| Some((id, order.get()?.as_ref())))
    }

    pub fn returns(&self) -> impl Iterator<Item = (&ReturnId, &GiveBack)> {
        self.returns.iter()
    }

    /// Under which epoch these books are; none when no settlement ever granted any.
    pub fn tenure(&self) -> Option<&Tenure> {
        self.tenure.as_ref()
    }

    /// What operators had done.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// What these books say of each clearing batch.
    pub fn clearing(&self) -> &Clearing {
        &self.clearing
    }

    /// A buyer's confirmed orders, the oldest first.
    pub fn lots(&self, owner: Pin, customer: &Customer) -> impl DoubleEndedIterator<Item = OrderId> {
        self.lists.lots_of(owner, customer)
    }

    /// The orders that wait for an answer from the settlement.
    pub fn open_orders(&self) -> impl Iterator<Item = OrderId> {
        self.open_orders_behind(None)
    }

    /// As [`Books::open_orders`], those behind one of them: by their ids, each once, be it an order of our own
    /// or one that is given back.
    pub fn open_orders_behind(&self, after: Option<OrderId>) -> impl Iterator<Item = OrderId> {
        let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut own = self.lists.open.range(behind).copied().peekable();
        let mut given_back = self.recovered.giving_back(behind).peekable();
        std::iter::from_fn(move || {
            let next = own.peek().into_iter().chain(given_back.peek()).min().copied()?;
            own.next_if_eq(&next);
            given_back.next_if_eq(&next);
            Some(next)
        })
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

    /// The orders that were confirmed at `until` or before, are not shipped in full, and can be cancelled.
    pub fn overdue(&self, until: Timestamp) -> impl Iterator<Item = OrderId> {
        let due = self.lists.unshipped.iter().take_while(move |(at, _)| *at <= until);
        due.map(|(_, id)| *id).filter(|id| self.order(*id).is_some_and(Order::is_cancellable))
    }

    /// The orders that were shipped at `until` or before, and whose arrival nobody reported.
    pub fn undelivered(&self, until: Timestamp) -> impl Iterator<Item = OrderId> {
        let due = self.lists.undelivered.iter().take_while(move |(at, _)| *at <= until);
        due.map(|(_, id)| *id)
    }

    /// Takes a change in. `position` and `at` are those of its journal record.
    ///
    /// # Errors
    /// [`Inconsistent`] when the change does not follow from the books: the caller stops then.
    pub fn apply(&mut self, change: &Change, position: u64, at: Timestamp) -> Result<(), Inconsistent> {
        self.take_in(change, position, at)?;
        if let Some(act) = change.act() {
            self.trail.note(act, position, at);
        }
        Ok(())
    }

    fn take_in(&mut self, change: &Change, position: u64, at: Timestamp) -> Result<(), Inconsistent> {
        match change {
            Change::Stocked { sku, name, category, unit_price, received } => self.stocked(Product {
                sku: *sku,
                name: name.clone(),
                category: category.clone(),
                unit_price: *unit_price,
                stock: Stock::of(*received),
            }),
            Change::Relisted { sku, name, category, unit_price } => {
                self.relisted(sku, (name, category), *unit_price)
            }
            Change::Placed { quote, owner, deliver_to } => {
                let order = Order::placed(quote.clone(), *owner, at);
                self.placed(Order { deliver_to: deliver_to.clone(), ..order })
            }
            Change::TurnedAway { quote, owner, sku, available } => {
                let mut order = Order::placed(quote.clone(), *owner, at);
                order.order = OrderState::Cancelled;
                order.payment = PaymentState::Voided;
                order.cancelled = Some(Cancelled::OutOfStock { sku: *sku, available: *available });
                order.note(Deed::TurnedAway, at, None);
                self.turned_away(order)
            }
            Change::Decided { order, decision } => self.decided(*order, decision, position, at),
            Change::Doubted { order } => self.doubted(*order, at),
            Change::Reversed { order } => self.step(*order, |order| order.reversed(at)),
            Change::CaptureStarted { order, shipping, by } => {
                self.step(*order, |order| order.start_shipping(shipping, at, *by))
            }
            Change::Shipped { order, batch } => {
                let pieces = self.step(*order, |order| order.shipped(*batch, at))?;
                self.clear_capture(*order)?;
                self.move_pieces(*order, &pieces, Stock::ship)
            }
            Change::Lapsed { order } => {
                let pieces = self.step(*order, |order| order.lapsed(at))?;
                self.move_pieces(*order, &pieces, Stock::keep)
            }
            Change::Delivered { order, by } => self.step(*order, |order| order.delivered(at, *by)),
            Change::CancelAsked { order, why, by } => self.cancel_asked(*order, why, *by, at),
            Change::Cancelled { order } => self.cancelled(*order, at),
            Change::GivenBack { id, given } => self.given_back(*id, given, at),
            Change::Released { id, order, amount } => self.released(*id, *order, *amount, at),
            Change::Refunded { id, order, amount, batch } => {
                self.refunded(*id, *order, (*amount, *batch), at)?;
                self.clear_refund((*id, *order), *amount, *batch)
            }
            Change::Refused { order, refusal } => self.refused(*order, *refusal, at),
            Change::Received { sku, pieces, .. } => self.shelve(sku, i64::from(*pieces), Stock::receive),
            Change::Adjusted { sku, pieces, .. } => self.shelve(sku, *pieces, Stock::find),
            Change::BatchCompared { batch, compared } => self.clearing.compare(*batch, compared),
            Change::Described { sku, about } => self.described(sku, about),
            Change::Granted(tenure) => self.granted(tenure),
            Change::Operated { what, .. } => {
                self.trail.operate(*what);
                Ok(())
            }
            Change::Recovered { order, row } => self.recover(*order, row),
            Change::RecoveredGivenUp { order } => self.give_up(*order, at),
            Change::RecoveredStep { order, step } => self.recovered_step(*order, step),
            Change::CaughtUp => self.caught_up(),
        }
    }

    fn described(&mut self, sku: &Sku, about: &About) -> Result<(), Inconsistent> {
        self.products.get(sku).ok_or(Inconsistent("an unknown product"))?;
        self.abouts.insert(*sku, about.clone());
        Ok(())
    }

    fn relisted(
        &mut self,
        sku: &Sku,
        (name, category): (&String, &String),
        unit_price: Minor,
    ) -> Result<(), Inconsistent> {
        let product = self.products.get_mut(sku).ok_or(Inconsistent("an unknown product"))?;
        product.name.clone_from(name);
        product.category.clone_from(category);
        product.unit_price = unit_price;
        Ok(())
    }

    fn granted(&mut self, tenure: &Tenure) -> Result<(), Inconsistent> {
        self.tenure = Some(tenure.succeed(self.tenure)?);
        Ok(())
    }

    fn caught_up(&mut self) -> Result<(), Inconsistent> {
        let tenure = self.tenure.as_mut().filter(|tenure| tenure.behind);
        tenure.ok_or(Inconsistent("books are caught up that were not behind"))?.behind = false;
        Ok(())
    }

    fn stocked(&mut self, product: Product) -> Result<(), Inconsistent> {
        match self.products.insert(product.sku, product) {
            Some(_) => Err(Inconsistent("a product is stocked twice")),
            None => Ok(()),
        }
    }

    /// Names the products whose rows a change has written; of one that is only described, it is the row of
    /// what is said of it.
    pub fn touched(&self, change: &Change, each: &mut dyn FnMut(&Sku)) {
        match change {
            Change::Stocked { sku, .. }
            | Change::Relisted { sku, .. }
            | Change::Described { sku, .. }
            | Change::Received { sku, .. }
            | Change::Adjusted { sku, .. } => each(sku),
            Change::Placed { quote, .. } => quote.lines.iter().for_each(|line| each(&line.sku)),
            Change::Decided { order, .. }
            | Change::Doubted { order }
            | Change::Shipped { order, .. }
            | Change::Lapsed { order }
            | Change::CancelAsked { order, .. }
            | Change::Cancelled { order }
            | Change::Released { order, .. }
            | Change::Refunded { order, .. }
            | Change::Refused { order, .. }
            | Change::RecoveredGivenUp { order } => {
                let order = self.order(*order).into_iter();
                order.flat_map(|order| &order.quote.lines).for_each(|line| each(&line.sku));
            }
            Change::TurnedAway { .. }
            | Change::Reversed { .. }
            | Change::CaptureStarted { .. }
            | Change::Delivered { .. }
            | Change::BatchCompared { .. }
            | Change::Granted(_)
            | Change::Operated { .. }
            | Change::Recovered { .. }
            | Change::RecoveredStep { .. }
            | Change::CaughtUp
            | Change::GivenBack { .. } => {}
        }
    }

    pub fn row(&self, key: &RowKey) -> Option<Row> {
        match key {
            RowKey::Product(sku) => self.products.get(sku).cloned().map(Row::Product),
            RowKey::Order(id) => {
                self.order(*id).map(|order| Row::Order(Box::new((Label::of(order), order.clone()))))
            }
            RowKey::Return(id) => self.returns.get(id).cloned().map(Row::Return),
            RowKey::Batch(number) => self.clearing.batch(*number).cloned().map(Row::Batch),
            RowKey::About(sku) => self.abouts.get(sku).cloned().map(Row::About),
            RowKey::Tenure => self.tenure.map(Row::Tenure),
            RowKey::Act(position) => self.trail.act(*position).cloned().map(Row::Act),
            RowKey::Listed => Some(Row::Listed(self.trail.listed().clone())),
            RowKey::Recovered(id) => self.recovered(*id).cloned().map(|row| Row::Recovered(Box::new(row))),
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
            (RowKey::Order(id), Row::Order(labelled)) => {
                let (_, order) = *labelled;
                self.lists.file(id, &Filed::of(&order));
                self.orders.insert(id, Stored::new(order));
            }
            (RowKey::Return(id), Row::Return(given)) => {
                self.returns.insert(id, given);
            }
            (RowKey::Batch(number), Row::Batch(batch)) => self.clearing.load(number, batch),
            (RowKey::About(sku), Row::About(about)) => {
                self.abouts.insert(sku, about);
            }
            (RowKey::Tenure, Row::Tenure(tenure)) => self.tenure = Some(tenure),
            (RowKey::Act(position), Row::Act(noted)) => self.trail.load_act(position, noted),
            (RowKey::Listed, Row::Listed(listed)) => self.trail.load_listed(listed),
            (RowKey::Recovered(id), Row::Recovered(row)) => self.recovered.put(id, *row),
            (
                RowKey::Product(_)
                | RowKey::Order(_)
                | RowKey::Return(_)
                | RowKey::Batch(_)
                | RowKey::About(_)
                | RowKey::Tenure
                | RowKey::Act(_)
                | RowKey::Listed
                | RowKey::Recovered(_),
                _,
            ) => return Err(Inconsistent("a row is not of the kind its key says")),
        }
        Ok(())
    }

    /// Makes room: most of so many rows are orders.
    pub fn expect_rows(&mut self, rows: usize) {
        self.orders.reserve(rows);
    }

    /// Puts an order back that was stored before.
    pub fn load_order(&mut self, order: Unfiled) {
        self.lists.file(order.id, &order.filed);
        self.orders.insert(order.id, order.stored);
    }

    /// Adds the shipment that has just left to the clearing batch of its capture.
    fn clear_capture(&mut self, id: OrderId) -> Result<(), Inconsistent> {
        let order = self.order(id).ok_or(Inconsistent("an unknown order"))?;
        let shipment = order.shipments.last().ok_or(Inconsistent("nothing has left"))?;
        let (batch, currency, amount) = (shipment.batch, order.quote.currency, shipment.amount);
        if self.explains_capture(id, CaptureId::of(id, shipment.nth)) {
            return Ok(());
        }
        self.clearing.captured(batch, currency, amount)
    }

    /// Adds what was paid back for a return to the clearing batch of its refund.
    fn clear_refund(
        &mut self,
        (id, order): (ReturnId, OrderId),
        amount: Minor,
        batch: u32,
    ) -> Result<(), Inconsistent> {
        if self.explains_refund(order, RefundId::of(id, order)) {
            return Ok(());
        }
        let currency = self.order(order).map(|order| order.quote.currency);
        currency.map_or(Ok(()), |currency| self.clearing.refunded(batch, currency, amount))
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            products: self.products.len() as u64,
            orders: self.orders.len() as u64,
            stock_left: self.products.values().map(|product| product.stock.available).sum(),
            pending: self.lists.open.len() as u64,
            ..Totals::default()
        };
        for sums in self.orders.values().map(Stored::sums) {
            totals.accepted_orders += u64::from(sums.is_accepted);
            totals.accepted.0 += sums.accepted.0;
            totals.cancelled.0 += sums.cancelled.0;
            totals.refunded.0 += sums.refunded.0;
            totals.open_refunds += u64::from(sums.open_refunds);
        }
        totals
    }
}
