//! The changes and rows of the shop as bytes. The first byte is the version of the form; a golden file
//! holds the bytes of every variant, because the encoding does not describe itself.

use kessai_shared::codec;
use kessai_shared::ids::Sku;
use kessai_shared::record::{RowBytes, put_versioned, unversioned, versioned};
use kessai_shared::store::{self, Stamp};
use serde::Serialize;

use crate::sales::{Batch, Books, Change, GiveBack, Order, Product, Row, RowKey};

/// The version of the form that is written.
pub const VERSION: u8 = 3;

/// A [`Row`] that is only looked at: the bytes are the same, and an order is not copied for them.
#[derive(Serialize)]
enum RowRef<'a> {
    Product(&'a Product),
    Order(&'a Order),
    Return(&'a GiveBack),
    Batch(&'a Batch),
}

impl store::Books for Books {
    type Change = Change;
    /// The shelf is the product database.
    type Key = Sku;
    type Row = (RowKey, Row);

    fn encode_into(change: &Change, bytes: &mut Vec<u8>) {
        put_versioned(bytes, VERSION, change);
    }

    fn decode(payload: &[u8]) -> Result<Change, String> {
        unversioned(VERSION, payload).map_err(|why| format!("not a change of a shop: {why}"))
    }

    fn apply(&mut self, change: &Change, stamp: Stamp) -> Result<(), String> {
        Books::apply(self, change, stamp.position, stamp.time).map_err(|error| error.to_string())
    }

    fn touched(&self, change: &Change, each: &mut dyn FnMut(&Sku)) {
        Books::touched(self, change, each);
    }

    fn shelved(&self, each: &mut dyn FnMut(&Sku)) {
        self.products().for_each(|product| each(&product.sku));
    }

    fn key(sku: &Sku) -> Vec<u8> {
        codec::encode(&RowKey::Product(*sku))
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let key: RowKey = codec::decode(key).ok()?;
        Books::row(self, &key).map(|row| versioned(VERSION, &row))
    }

    fn rows(&self, each: &mut store::EachRow<'_>) -> std::io::Result<()> {
        let mut bytes = RowBytes::default();
        let mut put = |of: RowKey, value: RowRef<'_>| bytes.hand(each, &of, VERSION, &value);
        for product in self.products() {
            put(RowKey::Product(product.sku), RowRef::Product(product))?;
        }
        // By age, because what is found in its order is filed the quicker for it.
        let mut orders: Vec<_> = self.orders().collect();
        orders.sort_unstable_by_key(|(_, order)| order.confirmed_position);
        for (id, order) in orders {
            put(RowKey::Order(*id), RowRef::Order(order))?;
        }
        for (id, given) in self.returns() {
            put(RowKey::Return(*id), RowRef::Return(given))?;
        }
        for (number, batch) in self.clearing().batches() {
            put(RowKey::Batch(number), RowRef::Batch(batch))?;
        }
        Ok(())
    }

    fn read_row(key: &[u8], row: &[u8]) -> Result<(RowKey, Row), String> {
        let key: RowKey = codec::decode(key).map_err(|_| "not a key of a shop")?;
        let row: Row = unversioned(VERSION, row).map_err(|why| format!("not a row of a shop: {why}"))?;
        Ok((key, row))
    }

    fn take_row(&mut self, (key, row): (RowKey, Row)) -> Result<(), String> {
        Books::load(self, key, row).map_err(|error| error.to_string())
    }
}
