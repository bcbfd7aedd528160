//! Books that remember the groups of their journal remember the same, whether they lived through them,
//! were made from the whole journal, or from a shelf and the groups behind it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kessai_shared::journal::{Dice, Head, Kind};
use kessai_shared::shelf::Shelf;
use kessai_shared::store::{Books, Compared, EachRow, Fault, Stamp, Store, compare_shelf, walk};
use kessai_shared::time::Timestamp;

const KIND: Kind = Kind(b"TEST");

/// Every group with what was in it, by the position it begins at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Groups {
    ended: BTreeMap<u64, (Vec<u8>, Head)>,
    open: Vec<u8>,
}

impl Books for Groups {
    type Change = u8;
    type Key = u64;
    type Row = (u64, Vec<u8>, Head);

    fn encode_into(change: &u8, bytes: &mut Vec<u8>) {
        bytes.push(*change);
    }

    fn decode(payload: &[u8]) -> Result<u8, String> {
        payload.first().copied().ok_or_else(|| "empty".to_owned())
    }

    fn apply(&mut self, change: &u8, _: Stamp) -> Result<(), String> {
        self.open.push(*change);
        Ok(())
    }

    /// The last group that ended: it is on the shelf some time after the change was.
    fn touched(&self, _: &u8, each: &mut dyn FnMut(&u64)) {
        self.ended.keys().next_back().into_iter().for_each(each);
    }

    fn shelved(&self, each: &mut dyn FnMut(&u64)) {
        let before = self.ended.keys().next_back().filter(|_| self.open.is_empty());
        self.ended.keys().filter(|first| Some(*first) != before).for_each(each);
    }

    fn key(first: &u64) -> Vec<u8> {
        first.to_be_bytes().to_vec()
    }

    fn end_group(&mut self, first: u64, head: Head) {
        let changes = std::mem::take(&mut self.open);
        self.ended.insert(first, (changes, head));
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (changes, head) = self.ended.get(&u64::from_be_bytes(key.try_into().ok()?))?;
        let numbers = [head.position.to_be_bytes(), head.time.0.to_be_bytes()];
        Some([numbers.as_flattened(), &head.hash.0, changes].concat())
    }

    fn rows(&self, each: &mut EachRow<'_>) -> std::io::Result<()> {
        let keys = self.ended.keys().map(Self::key);
        keys.into_iter().try_for_each(|key| each(&key, &self.row(&key).unwrap_or_default()))
    }

    fn read_row(key: &[u8], row: &[u8]) -> Result<Self::Row, String> {
        let first = u64::from_be_bytes(key.try_into().map_err(|_| "not a position")?);
        let number = |at: usize| u64::from_be_bytes(row[at..at + 8].try_into().expect("eight bytes"));
        let mut head = Head { position: number(0), time: Timestamp(number(8)), ..Head::default() };
        head.hash.0.copy_from_slice(&row[16..48]);
        Ok((first, row[48..].to_vec(), head))
    }

    fn take_row(&mut self, (first, changes, head): Self::Row) -> Result<(), String> {
        self.ended.insert(first, (changes, head));
        Ok(())
    }
}

fn open(folder: &Path) -> (Store<Groups>, u64) {
    let (store, opened) = Store::<Groups>::open(folder, KIND).expect("a whole store");
    (store, opened.caught_up)
}

fn live(store: &mut Store<Groups>, groups: usize, dice: &mut Dice) {
    for _ in 0..groups {
        store.begin(Timestamp(dice.below(1_000) as u64));
        for _ in 0..=dice.below(20) {
            store.change(&(dice.roll() as u8)).expect("a change that follows");
        }
        store.commit().expect("a disk that works");
        // An empty group is no group.
        store.commit().expect("nothing to write");
    }
}

fn walked(folder: &Path) -> Groups {
    let mut seen = Vec::new();
    let see = |change: &u8, _: Stamp, books: &Groups| {
        seen.push(*change);
        assert_eq!(books.open.last(), Some(change), "a group ends after its last change was seen");
    };
    let (books, opened) = walk::<Groups>(folder, KIND, see).expect("a whole journal");
    assert_eq!(compare_shelf(folder, &books, opened.head), Ok(Compared::Same));
    let kept: Vec<u8> = books.ended.values().flat_map(|(changes, _)| changes).copied().collect();
    assert_eq!(seen, kept);
    books
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn groups_are_the_same_live_replayed_caught_up_and_walked() {
    for seed in 0..20 {
        let dice = &mut Dice::new(seed);
        let folder = tempfile::tempdir().expect("a folder");
        let (mut store, _) = open(folder.path());
        live(&mut store, 1 + dice.below(6), dice);
        store.close().expect("closed");
        copy(&folder.path().join("shelf"), &folder.path().join("older"));
        let (mut store, _) = open(folder.path());
        let (before, more) = (store.head().position, dice.below(6));
        live(&mut store, more, dice);
        let (lived, head) = (store.books().clone(), store.head());
        store.close().expect("closed");
        assert!(lived.open.is_empty() && lived.ended.values().any(|(changes, _)| changes.len() > 1));
        let positions =
            lived.ended.iter().map(|(first, (changes, head))| (*first, changes.len(), head.position));
        let mut next = 1;
        for (first, changes, last) in positions {
            assert_eq!((first, last), (next, first + changes as u64 - 1), "groups have no gap");
            next = last + 1;
        }
        assert_eq!(lived.ended.values().next_back().map(|(_, last)| *last), Some(head));
        assert_eq!(walked(folder.path()), lived, "seed {seed}");
        for (shelf, behind) in [(None, 0), (Some("older"), head.position - before), (Some(""), head.position)]
        {
            if let Some(shelf) = shelf {
                fs::remove_dir_all(folder.path().join("shelf")).expect("removed");
                if !shelf.is_empty() {
                    copy(&folder.path().join(shelf), &folder.path().join("shelf"));
                }
            }
            let (store, caught_up) = open(folder.path());
            assert_eq!((store.books(), caught_up), (&lived, behind), "seed {seed}, shelf {shelf:?}");
            store.close().expect("closed");
            let (store, caught_up) = open(folder.path());
            assert_eq!((store.books(), caught_up), (&lived, 0), "and its rows are put away");
            store.close().expect("closed");
            assert_eq!(walked(folder.path()), lived);
        }
    }
}

/// Half a group would be a group with other contents, so such a shelf is no beginning.
#[test]
fn a_shelf_that_stands_inside_a_group_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut store, _) = open(folder.path());
    store.begin(Timestamp(1));
    let stamps = [7, 8, 9].map(|change| store.change(&change).expect("a change"));
    store.commit().expect("a disk that works");
    let lived = store.books().clone();
    store.close().expect("closed");
    let shelf = Shelf::rebuild(&folder.path().join("shelf")).expect("an empty shelf");
    let inside = Head::default().after(1, stamps[0].time, &[7]);
    shelf.apply(&[], inside).expect("an older head");
    shelf.close().expect("closed");
    let (store, opened) = Store::<Groups>::open(folder.path(), KIND).expect("a whole journal");
    assert!(opened.shelf_rebuilt.is_some(), "{opened:?}");
    assert_eq!(store.books(), &lived);
}

#[test]
fn a_group_that_is_not_durable_was_never_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = kessai_shared::journal::MemoryDisk::new();
    let shelf = folder.path().join("shelf");
    let (mut store, _) = Store::<Groups>::open_on(Box::new(disk.clone()), &shelf, KIND).expect("a new store");
    store.begin(Timestamp(1));
    store.change(&1).expect("a change");
    disk.fail_after(0);
    assert!(matches!(store.commit(), Err(Fault::Journal(_))));
    assert_eq!(store.books().ended, BTreeMap::new());
}
