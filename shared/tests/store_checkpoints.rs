//! Stores on real folders, with threads of their own for shelf, checkpoints and room: what is deleted
//! is not needed, and what is needed and gone is missed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kessai_shared::journal::{Dice, Head, Kind, Layout};
use kessai_shared::store::{
    Auditor, Books, Compared, EachRow, Fault, Keep, Options, Stamp, Store, audit, compare_shelf,
};
use kessai_shared::time::Timestamp;

const KIND: Kind = Kind(b"TEST");
const ACCOUNTS: usize = 5_000;
/// Small, so that a short life fills many.
const SEGMENT_BYTES: u64 = 256 << 10;
const OPTIONS: Options = Options {
    layout: Layout { segment_bytes: SEGMENT_BYTES, ahead: true },
    checkpoint_after: 1 << 20,
    in_place: false,
    keep: Keep::USUAL,
};
/// The same without checkpoints.
const LONG: Options = Options { checkpoint_after: u64::MAX, ..OPTIONS };

/// Balances that changes add to; those of odd accounts are on the shelf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Balances(BTreeMap<u32, u64>);

impl Books for Balances {
    type Change = (u32, u64);
    type Key = u32;
    type Row = (u32, u64);

    fn encode_into(change: &(u32, u64), bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&change.0.to_le_bytes());
        bytes.extend_from_slice(&change.1.to_le_bytes());
    }

    fn decode(payload: &[u8]) -> Result<(u32, u64), String> {
        let (account, amount) = payload.split_first_chunk().ok_or("short")?;
        let amount = amount.try_into().map_err(|_| "no amount")?;
        Ok((u32::from_le_bytes(*account), u64::from_le_bytes(amount)))
    }

    fn apply(&mut self, change: &(u32, u64), _: Stamp) -> Result<(), String> {
        *self.0.entry(change.0).or_default() += change.1;
        Ok(())
    }

    fn touched(&self, change: &(u32, u64), each: &mut dyn FnMut(&u32)) {
        if change.0 % 2 == 1 {
            each(&change.0);
        }
    }

    fn shelved(&self, each: &mut dyn FnMut(&u32)) {
        self.0.keys().filter(|account| *account % 2 == 1).for_each(each);
    }

    fn key(account: &u32) -> Vec<u8> {
        account.to_le_bytes().to_vec()
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let account = u32::from_le_bytes(key.try_into().ok()?);
        self.0.get(&account).map(|balance| balance.to_le_bytes().to_vec())
    }

    fn rows(&self, each: &mut EachRow<'_>) -> std::io::Result<()> {
        self.0.iter().try_for_each(|(account, balance)| each(&account.to_le_bytes(), &balance.to_le_bytes()))
    }

    fn read_row(key: &[u8], row: &[u8]) -> Result<(u32, u64), String> {
        let account = key.try_into().map_err(|_| "no account")?;
        let balance = row.try_into().map_err(|_| "no balance")?;
        Ok((u32::from_le_bytes(account), u64::from_le_bytes(balance)))
    }

    fn take_row(&mut self, (account, balance): (u32, u64)) -> Result<(), String> {
        self.0.insert(account, balance);
        Ok(())
    }
}

fn open(folder: &Path, options: Options) -> Store<Balances> {
    let (store, opened) = Store::open_with(folder, KIND, options).expect("a whole store");
    assert_eq!((opened.journal.dropped_bytes, opened.mended), (0, 0), "{opened:?}");
    store
}

/// Groups of changes; the seconds between them let the shelf have its turns.
fn live(store: &mut Store<Balances>, groups: u64, dice: &mut Dice) {
    for _ in 0..groups {
        store.begin(Timestamp(store.head().time.0 + 1_000_000));
        for _ in 0..=dice.below(400) {
            let change = (dice.below(ACCOUNTS) as u32, dice.roll() >> 30);
            store.change(&change).expect("a change");
        }
        store.commit().expect("a disk that works");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("journal")).expect("a folder").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().expect("a name")).collect();
    names.retain(|name| name != "lock");
    names.sort();
    names
}

fn file(folder: &Path, start: &str) -> PathBuf {
    let found = names(folder).into_iter().find(|name| name.starts_with(start)).expect("such a file");
    folder.join("journal").join(found)
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).expect("a file");
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("a file");
}

/// A closed store with a checkpoint, and its books.
fn compacted(folder: &Path) -> Balances {
    let mut store = open(folder, OPTIONS);
    live(&mut store, 500, &mut Dice::new(1));
    store.settle_checkpoint();
    assert!(store.checkpoint() > 0, "{:?}", names(folder));
    let books = store.books().clone();
    store.close().expect("closed");
    books
}

#[test]
fn a_store_with_checkpoints_is_the_same_as_one_without_and_does_not_grow() {
    let [short, long] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let mut checkpoints = Vec::new();
    for seed in 0..4 {
        let (mut one, mut other) = (open(short.path(), OPTIONS), open(long.path(), LONG));
        assert_eq!((one.books(), one.head().position), (other.books(), other.head().position));
        live(&mut one, 300, &mut Dice::new(seed));
        live(&mut other, 300, &mut Dice::new(seed));
        assert_eq!(one.books(), other.books());
        checkpoints.push(one.checkpoint());
        // Every other time it stops in the middle of whatever its threads are doing.
        if seed % 2 == 0 {
            one.settle_checkpoint();
            one.close().expect("closed");
            other.close().expect("closed");
        }
    }
    assert!(checkpoints.is_sorted() && checkpoints.last() > checkpoints.first(), "{checkpoints:?}");
    let bytes = |folder: &Path| -> u64 {
        let names = names(folder).into_iter().map(|name| folder.join("journal").join(name));
        names.map(|path| fs::metadata(path).expect("a file").len()).sum()
    };
    let mut store = open(short.path(), OPTIONS);
    live(&mut store, 1, &mut Dice::new(9));
    store.settle_checkpoint();
    let (small, large) = (bytes(short.path()), bytes(long.path()));
    assert!(small < (1 << 20) + 5 * SEGMENT_BYTES && large > 2 * small, "{small} of {large}");
    let names = names(short.path());
    assert_eq!(names.iter().filter(|name| name.starts_with("checkpoint-")).count(), 1, "{names:?}");
}

#[test]
fn the_shelf_comes_to_what_the_books_are_however_it_was_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let dice = &mut Dice::new(5);
    for round in 0..6 {
        let mut store = open(folder.path(), OPTIONS);
        live(&mut store, 60, dice);
        if round % 3 == 0 {
            store.catch_up().expect("a shelf that works");
            let shelf = store.shelf();
            assert_eq!((shelf.position(), shelf.newest()), (store.head().position, store.head().position));
            let balances = store.books().0.clone();
            let odd = balances.iter().filter(|(account, _)| *account % 2 == 1);
            assert_eq!(shelf.rows(), odd.clone().count() as u64);
            for (account, balance) in odd {
                let row = shelf.get(&account.to_le_bytes()).expect("a shelf that works");
                assert_eq!(row, Some(balance.to_le_bytes().to_vec()));
            }
        }
        // Otherwise it is dropped with keys that have gathered, and some of them may be on the shelf.
    }
    let store = open(folder.path(), OPTIONS);
    let (books, head) = (store.books().clone(), store.head());
    store.close().expect("closed");
    assert_eq!(compare_shelf(folder.path(), &books, head), Ok(Compared::Same));
}

#[test]
fn a_shelf_of_an_earlier_group_is_behind_and_not_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (shelf, kept) = (folder.path().join("shelf"), folder.path().join("kept"));
    let dice = &mut Dice::new(6);
    let mut heads = Vec::new();
    for _ in 0..2 {
        let mut store = open(folder.path(), OPTIONS);
        live(&mut store, 20, dice);
        heads.push((store.books().clone(), store.head()));
        store.close().expect("closed");
        if !kept.exists() {
            fs::create_dir(&kept).expect("a folder");
            copy(&shelf, &kept);
        }
    }
    fs::remove_dir_all(&shelf).expect("removed");
    fs::rename(&kept, &shelf).expect("put back");
    let [(old_books, old), (books, new)] = &heads[..] else { panic!("two heads") };
    let behind = Compared::Behind { position: old.position };
    assert_eq!(compare_shelf(folder.path(), books, *new), Ok(behind));
    assert_eq!(compare_shelf(folder.path(), old_books, *old), Ok(Compared::Same));
    // What the journal does not reach, or has otherwise, is no earlier state of it.
    let early = Head { position: old.position - 1, ..*old };
    assert!(compare_shelf(folder.path(), old_books, early).is_err());
    let other = Head { hash: new.hash, ..*old };
    assert!(compare_shelf(folder.path(), old_books, other).is_err());
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[derive(Default)]
struct Seen {
    begun: Option<(Balances, u64)>,
    changes: u64,
}

impl Auditor<Balances> for Seen {
    fn begin(&mut self, books: &Balances, head: Head) {
        self.begun = Some((books.clone(), head.position));
    }

    fn see(&mut self, change: &(u32, u64), stamp: Stamp, books: &Balances) {
        let (mut begun, position) = self.begun.take().unwrap_or_default();
        assert_eq!(stamp.position, position + 1);
        begun.apply(change, stamp).expect("a change");
        assert_eq!(begun.0.get(&change.0), books.0.get(&change.0));
        self.begun = Some((begun, position + 1));
        self.changes += 1;
    }
}

#[test]
fn an_audit_begins_with_the_checkpoint_and_sees_every_change_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let books = compacted(folder.path());
    let before = names(folder.path());
    let mut seen = Seen::default();
    let (walked, opened) = audit::<Balances>(folder.path(), KIND, &mut seen).expect("a whole store");
    assert_eq!(walked, books);
    let end = opened.head.position;
    assert_eq!(opened.checkpoint + seen.changes, end);
    assert_eq!(seen.begun, Some((books, end)));
    assert_eq!(names(folder.path()), before, "nothing was changed");
}

#[test]
fn a_bad_place_of_a_checkpoint_is_mended_and_a_second_one_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let books = compacted(folder.path());
    let path = file(folder.path(), "checkpoint-");
    let whole = fs::read(&path).expect("a file");
    flip(&path, 5_000);
    let (_, opened) = audit::<Balances>(folder.path(), KIND, &mut Seen::default()).expect("mended");
    assert!(opened.mended == 1 && !opened.notes().is_empty());
    assert!(fs::read(&path).expect("a file") != whole, "an audit changes nothing");
    let (store, opened) = Store::<Balances>::open_with(folder.path(), KIND, OPTIONS).expect("mended");
    assert_eq!((store.books(), opened.mended), (&books, 1));
    drop(store);
    assert!(fs::read(&path).expect("a file") == whole, "opening writes it anew");
    flip(&path, 5_000);
    flip(&path, 5_000 + (16 << 10));
    let Err(fault) = Store::<Balances>::open_with(folder.path(), KIND, OPTIONS) else { panic!("a loss") };
    assert!(matches!(fault, Fault::Checkpoint(_)), "{fault}");
    assert!(fault.to_string().contains("restore the data folder from a backup"), "{fault}");
    assert!(audit::<Balances>(folder.path(), KIND, &mut Seen::default()).is_err());
}

#[test]
fn what_a_checkpoint_needs_behind_it_is_missed() {
    let folder = tempfile::tempdir().expect("a folder");
    compacted(folder.path());
    let journal: Vec<_> =
        names(folder.path()).into_iter().filter(|name| name.starts_with("journal-")).collect();
    let aside = folder.path().join("aside");
    fs::create_dir(&aside).expect("a folder");
    for name in &journal {
        fs::rename(folder.path().join("journal").join(name), aside.join(name)).expect("moved");
        let Err(fault) = Store::<Balances>::open_with(folder.path(), KIND, OPTIONS) else { panic!("a loss") };
        assert!(matches!(fault, Fault::Journal(_)), "{name}: {fault}");
    }
    for name in &journal {
        fs::rename(aside.join(name), folder.path().join("journal").join(name)).expect("moved");
    }
    fs::remove_file(file(folder.path(), "checkpoint-")).expect("removed");
    assert!(Store::<Balances>::open_with(folder.path(), KIND, OPTIONS).is_err(), "without the checkpoint");
}

/// Its name alone proves that the journal once reached that far.
#[test]
fn a_bad_checkpoint_with_nothing_beside_it_is_a_loss_and_no_empty_shop() {
    let folder = tempfile::tempdir().expect("a folder");
    compacted(folder.path());
    for name in names(folder.path()).into_iter().filter(|name| name.starts_with("journal-")) {
        fs::remove_file(folder.path().join("journal").join(name)).expect("removed");
    }
    fs::remove_dir_all(folder.path().join("shelf")).expect("removed");
    fs::write(file(folder.path(), "checkpoint-"), vec![0; 100_000]).expect("written over");
    let Err(fault) = Store::<Balances>::open_with(folder.path(), KIND, OPTIONS) else { panic!("a loss") };
    assert!(matches!(fault, Fault::Checkpoint(_)), "{fault}");
    let Err(fault) = audit::<Balances>(folder.path(), KIND, &mut Seen::default()) else { panic!("a loss") };
    assert!(matches!(fault, Fault::Checkpoint(_)), "{fault}");
}

/// An older checkpoint stands in for a bad one as long as the journal between them is there, and what
/// somebody who died left half-done is cleared away.
#[test]
fn an_older_checkpoint_and_the_journal_behind_it_do_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    compacted(folder.path());
    let kept = folder.path().join("kept");
    fs::create_dir(&kept).expect("a folder");
    let mut store = open(folder.path(), LONG);
    let older = store.checkpoint();
    live(&mut store, 500, &mut Dice::new(6));
    store.close().expect("closed");
    for name in names(folder.path()) {
        fs::copy(folder.path().join("journal").join(&name), kept.join(&name)).expect("a copy");
    }
    let mut store = open(folder.path(), OPTIONS);
    live(&mut store, 1, &mut Dice::new(7));
    store.settle_checkpoint();
    let (newer, books) = (store.checkpoint(), store.books().clone());
    assert!(newer > older);
    store.close().expect("closed");
    for entry in fs::read_dir(&kept).expect("a folder").flatten() {
        let to = folder.path().join("journal").join(entry.file_name());
        if !to.exists() {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
    fs::write(folder.path().join("journal").join("checkpoint-00000000000000000001.new"), "half")
        .expect("a file");
    let many = names(folder.path()).len();
    let path = folder.path().join("journal").join(format!("checkpoint-{newer:020}"));
    let whole = fs::read(&path).expect("a file");
    fs::write(&path, &whole[..whole.len() / 2]).expect("cut short");
    let (store, opened) = Store::<Balances>::open_with(folder.path(), KIND, LONG).expect("the older one");
    assert_eq!((opened.checkpoint, opened.passed_over.len(), store.books()), (older, 1, &books));
    assert!(opened.notes().iter().any(|note| note.contains("was read instead")), "{:?}", opened.notes());
    drop(store);
    fs::write(&path, whole).expect("whole again");
    let store = open(folder.path(), LONG);
    assert_eq!((store.checkpoint(), store.books()), (newer, &books));
    let left = names(folder.path());
    assert!(left.len() < many && left.iter().all(|name| !name.ends_with(".new")), "{left:?}");
}
