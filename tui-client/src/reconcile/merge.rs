//! Lays streams of rows side by side, the newest order first, so that any number of them is compared in the
//! memory of one page of each.

use std::collections::VecDeque;

use kessai_shared::console::Failure;
use kessai_shared::ids::OrderId;
use kessai_shared::operator::Page;
use kessai_shared::operator::rows::{Charge, Trade};

use super::slips::Slip;

/// A row that belongs to an order.
pub trait OfOrder {
    fn order(&self) -> OrderId;
}

impl OfOrder for Slip {
    fn order(&self) -> OrderId {
        self.order
    }
}

impl OfOrder for Trade {
    fn order(&self) -> OrderId {
        self.order
    }
}

impl OfOrder for Charge {
    fn order(&self) -> OrderId {
        self.order
    }
}

/// Where rows come from, a page at a time: those older than `before`, or from the newest on.
pub trait Source {
    type Row: OfOrder;

    fn page(
        &self,
        before: Option<OrderId>,
        limit: u16,
    ) -> impl Future<Output = Result<Page<Self::Row, OrderId>, Failure>>;
}

/// The rows of a source, one after another.
pub struct Rows<'a, S: Source + ?Sized> {
    source: &'a S,
    /// Every row must be older than the one before it, or the streams would be laid beside each other
    /// wrongly, and a source that names no end would be read for ever.
    last: Option<OrderId>,
    page: VecDeque<S::Row>,
    next: Next,
}

enum Next {
    Begin,
    Before(OrderId),
    End,
}

impl<'a, S: Source + ?Sized> Rows<'a, S> {
    pub fn of(source: &'a S) -> Self {
        Self { source, last: None, page: VecDeque::new(), next: Next::Begin }
    }

    /// The order of the next row, which is fetched when it is not here yet.
    ///
    /// # Errors
    /// [`Failure`] when the source fails, or its rows are not in their order.
    pub async fn peek(&mut self) -> Result<Option<OrderId>, Failure> {
        while self.page.is_empty() {
            let before = match self.next {
                Next::Begin => None,
                Next::Before(order) => Some(order),
                Next::End => return Ok(None),
            };
            let page = self.source.page(before, kessai_shared::operator::MAX_ROWS).await?;
            self.next = match (page.next, before) {
                (None, _) => Next::End,
                (Some(next), Some(before)) if next >= before => return Err(out_of_order()),
                (Some(next), _) => Next::Before(next),
            };
            for row in &page.rows {
                let order = row.order();
                if self.last.is_some_and(|last| order >= last) {
                    return Err(out_of_order());
                }
                self.last = Some(order);
            }
            self.page = page.rows.into();
        }
        Ok(self.page.front().map(OfOrder::order))
    }

    /// Takes the next row when it is of this order.
    ///
    /// # Errors
    /// As [`Rows::peek`].
    pub async fn take(&mut self, order: OrderId) -> Result<Option<S::Row>, Failure> {
        match self.peek().await? {
            Some(next) if next == order => Ok(self.page.pop_front()),
            Some(_) | None => Ok(None),
        }
    }
}

/// The one row of an order, if the source has it.
///
/// # Errors
/// [`Failure`] when the source fails.
pub async fn one<S: Source>(source: &S, order: OrderId) -> Result<Option<S::Row>, Failure> {
    let page = source.page(after(order), 1).await?;
    Ok(page.rows.into_iter().find(|row| row.order() == order))
}

/// The id right behind an order's, before which the order is the newest; `None` for the last there is.
fn after(order: OrderId) -> Option<OrderId> {
    let next = u128::from_be_bytes(*order.as_bytes()).checked_add(1)?;
    Some(OrderId::from_bytes(next.to_be_bytes()))
}

/// The newest of the orders that come next.
pub fn newest(orders: impl IntoIterator<Item = Option<OrderId>>) -> Option<OrderId> {
    orders.into_iter().flatten().max()
}

fn out_of_order() -> Failure {
    Failure::failed("the daemon's rows are not in the order of their ids; update it to the same version")
}
