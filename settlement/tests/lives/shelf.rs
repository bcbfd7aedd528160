//! The rows as the store would keep them: written when a change says that it touches them.

use std::collections::{BTreeMap, BTreeSet};

use kessai_settlement::ledger::{Books, Change, RowKey};
use kessai_shared::codec;
use kessai_shared::outcome::Reason;
use kessai_shared::store;

#[derive(Default)]
pub struct Shelf {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The refunds that were made, because the books do not list them.
    refunds: Vec<RowKey>,
    /// The sellers that let a guess through.
    guesses: BTreeSet<RowKey>,
}

impl Shelf {
    pub fn take(&mut self, books: &Books, change: &Change) {
        for key in store::Books::touched(books, change) {
            let row = store::Books::row(books, &key).expect("a change touches rows that are there");
            self.rows.insert(key, row);
        }
        if let Change::Decided(decided) = change
            && matches!(decided.reason, Reason::UnknownCard | Reason::IdentityMismatch)
        {
            self.guesses.insert(RowKey::Guesses(decided.purchase.seller));
        }
        if let Change::Refunded { key, refund, .. } = change {
            self.refunds.push(RowKey::Refund(key.0, *refund));
        }
    }

    /// Writes the rows that the end of a group touches.
    pub fn take_group(&mut self, books: &Books, keys: Vec<Vec<u8>>) {
        for key in keys {
            let row = store::Books::row(books, &key).expect("a group touches rows that are there");
            self.rows.insert(key, row);
        }
    }

    /// Every row of the books is here as it is there, and no other.
    pub fn compare(&self, books: &Books) {
        let accounts = books.accounts().map(|(id, _)| RowKey::Account(*id));
        let charges = books.charges().map(|((seller, order), _)| RowKey::Charge(*seller, *order));
        let groups = books.groups().map(|group| RowKey::Group(group.first));
        let noted = self.refunds.iter().chain(&self.guesses).copied();
        let keys = accounts.chain(charges).chain(groups).chain(noted);
        let keys: Vec<_> = keys.map(|key| codec::encode(&key)).collect();
        assert_eq!(keys.len(), self.rows.len(), "no row is missing and none is left over");
        for key in keys {
            assert_eq!(store::Books::row(books, &key).as_ref(), self.rows.get(&key));
        }
    }

    pub fn load(&self) -> Books {
        let mut books = Books::default();
        for (key, row) in &self.rows {
            store::Books::load(&mut books, key, row).expect("a row that was stored");
        }
        store::Books::loaded(&mut books);
        books
    }
}
