//! The rows as the store would keep them: on the shelf when a change says that it has written them, and
//! all of them in a checkpoint.

use std::collections::{BTreeMap, BTreeSet};

use kessai_settlement::ledger::{Audit, Books, Change, RowKey};
use kessai_shared::codec;
use kessai_shared::store::{self, Stamp};

/// How many groups lie between two checkpoints, and how many of them are kept.
const CHECKPOINT_EVERY: usize = 3;
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
    let accounts = books.accounts().map(|(id, _)| RowKey::Account(*id));
    let charges = books.charges().map(|((seller, order), _)| RowKey::Charge(*seller, *order));
    let refunds = books.refunds().map(|((seller, id), _)| RowKey::Refund(*seller, *id));
    let guesses = books.guessed().map(|(seller, _)| RowKey::Guesses(*seller));
    let groups = books.groups().map(|group| RowKey::Group(group.first));
    let statements = books.statements().map(|((id, month), _)| RowKey::Statement(*id, *month));
    let repayments = books.repayments().map(|(id, _)| RowKey::Repayment(*id));
    let keys = accounts.chain(charges).chain(refunds).chain(guesses).chain(groups);
    let keys = keys.chain(statements).chain(repayments);
    let chargebacks = books.chargebacks().map(|(id, _)| RowKey::Chargeback(*id));
    let late = books.late_presentments().map(|((seller, order), _)| RowKey::Late(*seller, *order));
    let batches = books.batches().map(|(seller, _)| RowKey::Batches(*seller));
    let keys = keys.chain(chargebacks).chain(late).chain(batches);
    let policies = books.policies().all().map(|adopted| RowKey::Policy(adopted.adoption.sequence));
    let keys = keys.chain(policies);
    let acts = books.trail().newest(None).map(|(position, _)| RowKey::Act(position));
    let keys = keys.chain(acts);
    assert!(rows.keys().eq(keys.map(|key| codec::encode(&key)).collect::<BTreeSet<_>>().iter()));
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
pub struct Checkpoints {
    groups: usize,
    kept: Vec<(usize, Rows)>,
}

impl Checkpoints {
    /// To be called at the end of a group.
    pub fn take(&mut self, books: &Books, changes: usize) {
        self.groups += 1;
        if self.groups.is_multiple_of(CHECKPOINT_EVERY) {
            self.kept.push((changes, rows(books)));
            let over = self.kept.len().saturating_sub(CHECKPOINTS_KEPT);
            self.kept.drain(..over);
        }
    }

    /// An audit that begins at a checkpoint finds what one that saw everything does: that the decisions
    /// of the open group stand in none yet.
    pub fn compare(&self, books: &Books, changes: &[(Change, Stamp)], open: usize) {
        for (made, at) in &self.kept {
            let (mut audit, mut then) = (Audit::default(), load(at));
            audit.begin(&then, *made as u64);
            for (change, stamp) in &changes[*made..] {
                then.apply(change, stamp.position, stamp.time).expect("the same changes again");
                audit.see(change, &then);
            }
            let problems = audit.finish(books);
            let others = problems.iter().filter(|problem| !problem.ends_with("stands in no group"));
            assert_eq!((problems.len(), others.count()), (open, 0), "from change {made} on: {problems:?}");
        }
    }
}
