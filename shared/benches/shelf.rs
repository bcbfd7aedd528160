//! What sled costs beside the journal: `cargo bench -p kessai-shared --bench shelf`.
//!
//! Time for one batch of so many rows of 400 bytes, and `items/s` as rows a second, on a shelf that has
//! 20,000 rows: rows that were not there before, under ids that rise with time as those of orders do, and
//! rows that are replaced, anywhere. `get` reads one row. Nothing is flushed: the shelf never is while a
//! daemon works, and its journal is what lasts.

mod support;

use std::cell::Cell;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kessai_shared::codec;
use kessai_shared::journal::{Dice, Hash, Head};
use kessai_shared::shelf::Shelf;
use kessai_shared::time::Timestamp;
use support::order;
use tempfile::TempDir;

/// Rows in a batch.
const BATCHES: [u64; 3] = [1, 64, 1_024];
/// Rows that are there at the beginning.
const ROWS: u64 = 20_000;
const ROW_BYTES: usize = 400;

type Puts = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// A shelf in a folder of its own, and where it stands.
struct Filled {
    shelf: Shelf,
    /// The position that the next batch stands for.
    next: Cell<u64>,
    _folder: TempDir,
}

fn main() {
    support::run();
}

#[divan::bench(args = BATCHES)]
fn apply_new(bencher: Bencher, rows: u64) {
    let filled = Filled::new();
    let made = Cell::new(ROWS);
    let batch = || {
        let first = made.replace(made.get() + rows);
        filled.batch((first..first + rows).collect())
    };
    let counted = bencher.counter(ItemsCount::new(rows)).with_inputs(batch);
    counted.bench_local_refs(|(puts, head)| filled.shelf.apply(puts, *head).expect("a shelf that works"));
}

#[divan::bench(args = BATCHES)]
fn apply_again(bencher: Bencher, rows: u64) {
    let filled = Filled::new();
    let mut dice = Dice::new(1);
    let batch = || filled.batch((0..rows).map(|_| dice.below(ROWS as usize) as u64).collect());
    let counted = bencher.counter(ItemsCount::new(rows)).with_inputs(batch);
    counted.bench_local_refs(|(puts, head)| filled.shelf.apply(puts, *head).expect("a shelf that works"));
}

#[divan::bench]
fn get(bencher: Bencher) {
    let filled = Filled::new();
    let mut dice = Dice::new(1);
    let asked = bencher.with_inputs(|| key(dice.below(ROWS as usize) as u64));
    asked.bench_local_refs(|key| {
        let row = filled.shelf.get(black_box(key)).expect("a shelf that works");
        row.expect("a row that is there")
    });
}

impl Filled {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the shelf");
        let shelf = Shelf::rebuild(&folder.path().join("shelf")).expect("an empty shelf");
        let filled = Self { shelf, next: Cell::new(1), _folder: folder };
        for first in (0..ROWS).step_by(1_000) {
            let (puts, head) = filled.batch((first..first + 1_000).collect());
            filled.shelf.apply(&puts, head).expect("a shelf that works");
        }
        filled
    }

    fn batch(&self, rows: Vec<u64>) -> (Puts, Head) {
        let position = self.next.replace(self.next.get() + 1);
        let head = Head { position, time: Timestamp(position), hash: Hash([7; 32]) };
        // A row that is replaced has another content each time.
        let row = |nth| (key(nth), Some(vec![position as u8; ROW_BYTES]));
        (rows.into_iter().map(row).collect(), head)
    }
}

fn key(nth: u64) -> Vec<u8> {
    codec::encode(&(1_u8, order(nth)))
}
