//! The changes and rows of the shop as bytes. The first byte is the version of the form; a golden file
//! holds the bytes of every variant, because the encoding does not describe itself.

use kessai_shared::codec;
use kessai_shared::measure::Count;
use kessai_shared::record::{RowBytes, put_versioned, unversioned, versioned};
use kessai_shared::store::{self, Stamp};
use kessai_shared::trail::{Listed, Noted};
use serde::Serialize;

use crate::sales::{
    About, Batch, Books, Change, GiveBack, Label, Order, Product, Recovered, Row, RowKey, Tenure, Unfiled,
};

/// The version of the form that is written.
pub const VERSION: u8 = 6;

/// A [`Row`] that is only looked at: the bytes are the same, and an order is not copied for them.
#[derive(Serialize)]
enum RowRef<'a> {
    Product(&'a Product),
    Order(Label, &'a Order),
    Return(&'a GiveBack),
    Batch(&'a Batch),
    About(&'a About),
    Tenure(&'a Tenure),
    Act(&'a Noted),
    Listed(&'a Listed),
    Recovered(&'a Recovered),
}

/// What stands before an order and its label in its row: the version, and that it is an order.
const ORDER_START: [u8; 2] = [VERSION, 1];

/// A row on its way into the books.
pub enum Read {
    /// An order stays as it is until somebody looks at it.
    Order(Unfiled),
    Other(Box<(RowKey, Row)>),
}

impl store::Books for Books {
    type Change = Change;
    /// The shelf is the product database.
    type Key = RowKey;
    type Row = Read;

    fn encode_into(change: &Change, bytes: &mut Vec<u8>) {
        put_versioned(bytes, VERSION, change);
    }

    fn decode(payload: &[u8]) -> Result<Change, String> {
        unversioned(VERSION, payload).map_err(|why| format!("not a change of a shop: {why}"))
    }

    fn apply(&mut self, change: &Change, stamp: Stamp) -> Result<(), String> {
        Books::apply(self, change, stamp.position, stamp.time).map_err(|error| error.to_string())
    }

    fn tally(&self, change: &Change, each: &mut dyn FnMut(Count)) {
        Books::tally(self, change, each);
    }

    fn touched(&self, change: &Change, each: &mut dyn FnMut(&RowKey)) {
        let key = if matches!(change, Change::Described { .. }) { RowKey::About } else { RowKey::Product };
        Books::touched(self, change, &mut |sku| each(&key(*sku)));
    }

    fn shelved(&self, each: &mut dyn FnMut(&RowKey)) {
        self.products().for_each(|product| each(&RowKey::Product(product.sku)));
        self.abouts().for_each(|(sku, _)| each(&RowKey::About(*sku)));
    }

    fn key(key: &RowKey) -> Vec<u8> {
        codec::encode(key)
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
        for (sku, about) in self.abouts() {
            put(RowKey::About(*sku), RowRef::About(about))?;
        }
        // By age, because what is found in its order is filed the quicker for it.
        let mut orders: Vec<_> = self.stored_orders().collect();
        orders.sort_unstable_by_key(|(id, _)| **id);
        let mut row = Vec::new();
        for (id, order) in orders {
            if let Some(bytes) = order.bytes() {
                row.clear();
                row.extend_from_slice(&ORDER_START);
                row.extend_from_slice(bytes);
                each(&codec::encode(&RowKey::Order(*id)), &row)?;
            } else if let Some(order) = order.get() {
                bytes.hand(each, &RowKey::Order(*id), VERSION, &RowRef::Order(Label::of(order), order))?;
            }
        }
        let mut put = |of: RowKey, value: RowRef<'_>| bytes.hand(each, &of, VERSION, &value);
        for (id, given) in self.returns() {
            put(RowKey::Return(*id), RowRef::Return(given))?;
        }
        for (number, batch) in self.clearing().batches() {
            put(RowKey::Batch(number), RowRef::Batch(batch))?;
        }
        if let Some(tenure) = self.tenure() {
            put(RowKey::Tenure, RowRef::Tenure(tenure))?;
        }
        for (position, noted) in self.trail().newest(None) {
            put(RowKey::Act(position), RowRef::Act(noted))?;
        }
        if *self.trail().listed() != Listed::default() {
            put(RowKey::Listed, RowRef::Listed(self.trail().listed()))?;
        }
        for (id, row) in self.all_recovered() {
            put(RowKey::Recovered(*id), RowRef::Recovered(row))?;
        }
        Ok(())
    }

    fn read_row(key: &[u8], row: &[u8]) -> Result<Read, String> {
        let key: RowKey = codec::decode(key).map_err(|_| "not a key of a shop")?;
        let wrong = |why| format!("not a row of a shop: {why}");
        if let (RowKey::Order(id), Some(order)) = (&key, row.strip_prefix(&ORDER_START)) {
            return Unfiled::read(*id, order).map(Read::Order).map_err(wrong);
        }
        let row: Row = unversioned(VERSION, row).map_err(wrong)?;
        Ok(Read::Other(Box::new((key, row))))
    }

    fn check_row(key: &[u8], row: &[u8]) -> Result<(), String> {
        let key: RowKey = codec::decode(key).map_err(|_| "not a key of a shop")?;
        let RowKey::Order(id) = key else { return Ok(()) };
        Label::check(id, row.strip_prefix(&ORDER_START).ok_or("not the row of an order")?)
    }

    fn expect_rows(&mut self, rows: usize) {
        Books::expect_rows(self, rows);
    }

    fn take_row(&mut self, row: Read) -> Result<(), String> {
        match row {
            Read::Order(order) => {
                self.load_order(order);
                Ok(())
            }
            Read::Other(row) => Books::load(self, row.0, row.1).map_err(|error| error.to_string()),
        }
    }
}
