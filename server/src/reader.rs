//! Reads the product database from the shelf without going through the writer: what is there is of a
//! finished group, and so durable.

use std::sync::Arc;

use kessai_shared::codec;
use kessai_shared::ids::Sku;
use kessai_shared::record::unversioned;
use kessai_shared::shelf::Shelf;

use crate::record::VERSION;
use crate::sales::{About, Product, Row, RowKey};

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
        match self.row(&RowKey::Product(*sku))? {
            None => Ok(None),
            Some(Row::Product(product)) => Ok(Some(product)),
            Some(
                Row::Order(_)
                | Row::Return(_)
                | Row::Batch(_)
                | Row::About(_)
                | Row::Tenure(_)
                | Row::Act(_)
                | Row::Listed(_)
                | Row::Recovered(_),
            ) => Err(strange()),
        }
    }

    /// What is said of a product; nothing of one that is not described.
    ///
    /// # Errors
    /// [`Unreadable`] when the store fails.
    pub fn about(&self, sku: &Sku) -> Result<About, Unreadable> {
        match self.row(&RowKey::About(*sku))? {
            None => Ok(About::default()),
            Some(Row::About(about)) => Ok(about),
            Some(
                Row::Order(_)
                | Row::Return(_)
                | Row::Batch(_)
                | Row::Product(_)
                | Row::Tenure(_)
                | Row::Act(_)
                | Row::Listed(_)
                | Row::Recovered(_),
            ) => Err(strange()),
        }
    }

    fn row(&self, key: &RowKey) -> Result<Option<Row>, Unreadable> {
        let row = self.shelf.get(&codec::encode(key)).map_err(|error| Unreadable(error.to_string()))?;
        row.map(|row| unversioned(VERSION, &row).map_err(Unreadable)).transpose()
    }
}

fn strange() -> Unreadable {
    Unreadable("a row is not of the kind its key says".to_owned())
}
