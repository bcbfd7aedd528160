//! The rows as the store would keep them: on the shelf when a change says that it has written them, and
//! all of them in a checkpoint.

use std::collections::BTreeMap;

use kessai_server::sales::{Audit, Books, Change, RowKey};
use kessai_shared::codec;
use kessai_shared::store;

/// How many changes lie between two checkpoints, and how many of them are kept.
const CHECKPOINT_EVERY: usize = 7;
const CHECKPOINTS_KEPT: usize = 3;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Default)]
pub struct Shelf(Rows);

impl Shelf {
    pub fn take(&mut self, books: &Books, change: &Change) {
        store::Books::touched(books, change, &mut |key| {
            let key = <Books as store::Books>::key(key);
            let row = store::Books::row(books, &key).expect("a change touches rows that are there");
            self.0.insert(key, row);
        });
    }

    /// Every row that belongs on the shelf is here as it is in the books, and no other.
    pub fn compare(&self, books: &Books) {
        let mut there = Rows::new();
        store::Books::shelved(books, &mut |key| {
            let key = <Books as store::Books>::key(key);
            let row = store::Books::row(books, &key).expect("a row that is named");
            assert!(there.insert(key, row).is_none(), "a row is named twice");
        });
        assert_eq!(there, self.0);
    }
}

/// All rows of the books. What one row is by itself is what it is among all of them, and none is
/// forgotten.
pub fn rows(books: &Books) -> Rows {
    let mut rows = Rows::new();
    let mut each = |key: &[u8], row: &[u8]| {
        assert_eq!(store::Books::row(books, key).as_deref(), Some(row));
        assert!(rows.insert(key.to_vec(), row.to_vec()).is_none(), "a row is given twice");
        Ok(())
    };
    store::Books::rows(books, &mut each).expect("nobody refuses one");
    let products = books.products().map(|product| RowKey::Product(product.sku));
    let returns = books.returns().map(|(id, _)| RowKey::Return(*id));
    let orders = books.orders().map(|(id, _)| RowKey::Order(*id));
    let batches = books.clearing().batches().map(|(number, _)| RowKey::Batch(number));
    let abouts = books.abouts().map(|(sku, _)| RowKey::About(*sku));
    let recovered = books.all_recovered().map(|(id, _)| RowKey::Recovered(*id));
    let tenure = books.tenure().map(|_| RowKey::Tenure).into_iter();
    let keys =
        products.chain(returns).chain(orders).chain(batches).chain(abouts).chain(recovered).chain(tenure);
    let acts = books.trail().newest(None).map(|(position, _)| RowKey::Act(position));
    let listed = rows.keys().any(|key| *key == codec::encode(&RowKey::Listed)).then_some(RowKey::Listed);
    let keys = keys.chain(acts).chain(listed);
    let keys = keys.map(|key| codec::encode(&key));
    assert!(rows.keys().eq(keys.collect::<std::collections::BTreeSet<_>>().iter()));
    rows
}

pub fn load(rows: &Rows) -> Books {
    let mut books = Books::default();
    for (key, row) in rows {
        store::Books::load(&mut books, key, row).expect("a row that was stored");
    }
    books
}

/// Checkpoints of a life, and how many changes had been made by each.
#[derive(Default)]
pub struct Checkpoints(Vec<(usize, Rows)>);

impl Checkpoints {
    pub fn take(&mut self, books: &Books, changes: usize) {
        if changes.is_multiple_of(CHECKPOINT_EVERY) {
            self.0.push((changes, rows(books)));
            let over = self.0.len().saturating_sub(CHECKPOINTS_KEPT);
            self.0.drain(..over);
        }
    }

    /// Books that go on from a checkpoint come to the same, and an audit that begins there finds the
    /// same: nothing.
    pub fn compare(&self, books: &Books, changes: &[Change]) {
        for (made, at) in &self.0 {
            let mut audit = Audit::default();
            audit.begin(&load(at));
            changes[*made..].iter().for_each(|change| audit.see(change));
            assert_eq!(audit.finish(books), Vec::<String>::new(), "from change {made} on");
        }
    }
}
