//! Reads products and orders from the store without going through the writer: what is there is of
//! the last finished group, and so durable.

use std::sync::Arc;

use kessai_shared::codec;
use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::pin::Pin;
use kessai_shared::record::unversioned;
use kessai_shared::shelf::Shelf;
use kessai_shared::storefront::MAX_PAGE;

use crate::record::VERSION;
use crate::sales::{GiveBack, Order, Product, Row, RowKey};

#[derive(Clone)]
pub struct Reader {
    shelf: Arc<Shelf>,
}

/// The store gave something that it should not have; the daemon's next start finds out what.
#[derive(Clone, Debug)]
pub struct Unreadable(pub String);

impl Reader {
    pub fn new(shelf: Arc<Shelf>) -> Self {
        Self { shelf }
    }

    /// # Errors
    /// [`Unreadable`] when the store fails.
    pub fn product(&self, sku: &Sku) -> Result<Option<Product>, Unreadable> {
        match self.row(&RowKey::Product(sku.clone()))? {
            None => Ok(None),
            Some(Row::Product(product)) => Ok(Some(product)),
            Some(Row::Order(_) | Row::Return(_) | Row::Owned) => Err(strange()),
        }
    }

    /// # Errors
    /// [`Unreadable`] when the store fails.
    pub fn order(&self, id: OrderId) -> Result<Option<Order>, Unreadable> {
        match self.row(&RowKey::Order(id))? {
            None => Ok(None),
            Some(Row::Order(order)) => Ok(Some(*order)),
            Some(Row::Product(_) | Row::Return(_) | Row::Owned) => Err(strange()),
        }
    }

    /// # Errors
    /// [`Unreadable`] when the store fails.
    pub fn given(&self, id: ReturnId) -> Result<Option<GiveBack>, Unreadable> {
        match self.row(&RowKey::Return(id))? {
            None => Ok(None),
            Some(Row::Return(given)) => Ok(Some(given)),
            Some(Row::Product(_) | Row::Order(_) | Row::Owned) => Err(strange()),
        }
    }

    /// An owner's orders, the newest first, older than `before`.
    ///
    /// # Errors
    /// [`Unreadable`] when the store fails.
    pub fn orders_of(
        &self,
        owner: Pin,
        before: Option<OrderId>,
        limit: u16,
    ) -> Result<Vec<Order>, Unreadable> {
        let newest = OrderId::from_bytes([0xff; 16]);
        let end = codec::encode(&RowKey::Owned(owner, before.unwrap_or(newest)));
        let mut orders = Vec::new();
        for row in self.shelf.scan_before(&end).rev().take(usize::from(limit.min(MAX_PAGE))) {
            let (key, _) = row.map_err(|error| Unreadable(error.to_string()))?;
            // The scan runs on into other rows once this owner has no more.
            let Ok(RowKey::Owned(of, id)) = codec::decode(&key) else { break };
            if of != owner {
                break;
            }
            orders.extend(self.order(id)?);
        }
        Ok(orders)
    }

    /// Every product, in no special order.
    ///
    /// # Errors
    /// [`Unreadable`] when the store fails.
    pub fn products(&self) -> Result<Vec<Product>, Unreadable> {
        let mut products = Vec::new();
        for row in self.shelf.scan_prefix(&product_prefix()) {
            let (_, row) = row.map_err(|error| Unreadable(error.to_string()))?;
            match unversioned(VERSION, &row).map_err(Unreadable)? {
                Row::Product(product) => products.push(product),
                Row::Order(_) | Row::Return(_) | Row::Owned => return Err(strange()),
            }
        }
        Ok(products)
    }

    fn row(&self, key: &RowKey) -> Result<Option<Row>, Unreadable> {
        let row = self.shelf.get(&codec::encode(key)).map_err(|error| Unreadable(error.to_string()))?;
        row.map(|row| unversioned(VERSION, &row).map_err(Unreadable)).transpose()
    }
}

/// The byte that the keys of all products begin with.
fn product_prefix() -> Vec<u8> {
    let mut key = Sku::new("x").map(|sku| codec::encode(&RowKey::Product(sku))).unwrap_or_default();
    key.truncate(1);
    key
}

fn strange() -> Unreadable {
    Unreadable("a row is not of the kind its key says".to_owned())
}
