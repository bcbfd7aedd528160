//! The rows as the store would keep them: written when a change says that it touches them.

use std::collections::BTreeMap;

use kessai_server::sales::{Books, Change, RowKey};
use kessai_shared::codec;
use kessai_shared::store;

#[derive(Default)]
pub struct Shelf(BTreeMap<Vec<u8>, Vec<u8>>);

impl Shelf {
    pub fn take(&mut self, books: &Books, change: &Change) {
        for key in store::Books::touched(books, change) {
            let row = store::Books::row(books, &key).expect("a change touches rows that are there");
            self.0.insert(key, row);
        }
    }

    /// Every row of the books is here as it is there, and no other.
    pub fn compare(&self, books: &Books) {
        let products = books.products().map(|product| RowKey::Product(product.sku.clone()));
        let returns = books.returns().map(|(id, _)| RowKey::Return(*id));
        let orders = books.orders().flat_map(|(id, order)| {
            let owned = RowKey::Owned(order.owner, *id);
            [RowKey::Order(*id), owned]
        });
        let keys: Vec<_> = products.chain(returns).chain(orders).collect();
        assert_eq!(keys.len(), self.0.len(), "no row is missing and none is left over");
        for key in keys {
            let bytes = codec::encode(&key);
            assert_eq!(store::Books::row(books, &bytes).as_ref(), self.0.get(&bytes), "{key:?}");
        }
    }

    pub fn load(&self) -> Books {
        let mut books = Books::default();
        for (key, row) in &self.0 {
            store::Books::load(&mut books, key, row).expect("a row that was stored");
        }
        store::Books::loaded(&mut books);
        books
    }
}
