//! What a group of records costs: `cargo bench -p kessai-shared --bench journal`.
//!
//! Time for one group of so many records of 400 bytes, and `items/s` as records a second. `append` is all
//! of it, with the sync, in the folder for temporary files: set `TMPDIR` to a folder on the disk that you
//! ask about, because one in memory syncs nothing. `encoding` is the same with a disk that takes
//! everything at once: the frame, its hashes and its copies. `floor` is what this disk takes for the bare
//! records: one write to the end of a file and one fdatasync.

mod support;

use std::cell::Cell;
use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kessai_shared::journal::{BLOCK_BYTES, Disk, FileDisk, Journal, Kind};
use support::NOW;

/// Records in a group.
const GROUPS: [usize; 3] = [1, 64, 1_024];
/// Bytes of a record: about what an order of one line takes, and a decision.
const RECORD_BYTES: usize = 400;
const KIND: Kind = Kind(b"BNCH");

fn main() {
    support::run();
}

#[divan::bench(args = GROUPS)]
fn append(bencher: Bencher, records: usize) {
    let folder = tempfile::tempdir().expect("a folder for the journal");
    let disk = FileDisk::open(folder.path()).expect("a folder that nobody else uses");
    append_to(Box::new(disk), bencher, records);
}

#[divan::bench(args = GROUPS)]
fn encoding(bencher: Bencher, records: usize) {
    append_to(Box::new(Nowhere), bencher, records);
}

#[divan::bench(args = GROUPS)]
fn floor(bencher: Bencher, records: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = File::create(folder.path().join("floor")).expect("a file");
    let bytes = vec![7; (records * RECORD_BYTES).next_multiple_of(BLOCK_BYTES)];
    let end = Cell::new(0);
    bencher.counter(ItemsCount::new(records)).bench_local(|| {
        file.write_all_at(&bytes, end.get()).expect("room on the disk");
        file.sync_data().expect("a disk that works");
        end.set(end.get() + bytes.len() as u64);
    });
}

fn append_to(disk: Box<dyn Disk>, bencher: Bencher, records: usize) {
    let mut each = |_| Ok::<(), Infallible>(());
    let (mut journal, _) = Journal::open(disk, KIND, &mut each).expect("an empty journal");
    // No two records alike, and the journal does not look into them.
    let payloads: Vec<Vec<u8>> = (0..records).map(|nth| vec![nth as u8; RECORD_BYTES]).collect();
    bencher
        .counter(ItemsCount::new(records))
        .bench_local(|| journal.append_group(NOW, black_box(&payloads)).expect("a disk that works"));
}

/// A disk that takes everything and keeps nothing.
struct Nowhere;

impl Disk for Nowhere {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn write_at(&mut self, _: &str, _: u64, bytes: &[u8]) -> io::Result<()> {
        black_box(bytes);
        Ok(())
    }

    fn sync(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, _: &str, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn len(&self, _: &str) -> io::Result<u64> {
        Ok(0)
    }

    fn read_at(&self, _: &str, _: u64, _: usize) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn rename(&mut self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn delete(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn another(&self) -> Box<dyn Disk> {
        Box::new(Nowhere)
    }
}
