//! Damages real sled folders: a shelf either has the right rows of a proved position, or says
//! that it cannot be used.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kessai_shared::journal::{Dice, Hash, Head};
use kessai_shared::shelf::{Shelf, ShelfDamage, ShelfError};
use kessai_shared::time::Timestamp;

type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// The states a shelf went through, one for each position from 0 on.
struct History {
    heads: Vec<Head>,
    states: Vec<State>,
}

impl History {
    fn new() -> Self {
        Self { heads: vec![Head::default()], states: vec![State::new()] }
    }

    fn hash(&self, position: u64) -> Option<Hash> {
        self.heads.get(position as usize).map(|head| head.hash)
    }

    /// Makes up some changes, applies them to the shelf and remembers the outcome.
    fn step(&mut self, shelf: &Shelf, dice: &mut Dice) {
        self.step_of(shelf, dice, 300);
    }

    fn step_of(&mut self, shelf: &Shelf, dice: &mut Dice, largest: usize) {
        let mut state = self.states.last().expect("a state").clone();
        let mut puts = Vec::new();
        for _ in 0..dice.below(30) {
            let key = (dice.below(400) as u32).to_be_bytes().to_vec();
            let value = (!dice.percent(20)).then(|| {
                let length = if dice.percent(3) { 20_000 } else { dice.below(largest) };
                (0..length).map(|_| dice.roll() as u8).collect::<Vec<_>>()
            });
            match &value {
                Some(value) => state.insert(key.clone(), value.clone()),
                None => state.remove(&key),
            };
            puts.push((key, value));
        }
        let before = self.heads.last().expect("a head");
        let position = before.position + 1;
        let head = before.after(position, Timestamp(position), b"change");
        shelf.apply(&puts, head).expect("a working shelf");
        self.heads.push(head);
        self.states.push(state);
    }

    /// The shelf holds exactly the rows of the position it claims.
    fn check(&self, shelf: &Shelf) {
        let state = &self.states[shelf.position() as usize];
        let rows: State = shelf.scan_prefix(b"").collect::<Result<_, _>>().expect("a proved shelf");
        assert!(rows == *state, "other rows at position {}", shelf.position());
        assert_eq!(shelf.rows(), state.len() as u64);
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Damages one file in one of the ways disks, crashes and people do.
fn damage(folder: &Path, older: &Path, dice: &mut Dice) -> &'static str {
    let files = files(folder);
    let weight = if dice.percent(70) { "db" } else { "" };
    let fitting: Vec<_> = files.iter().filter(|path| path.ends_with(weight) || weight.is_empty()).collect();
    let path = fitting[dice.below(fitting.len())];
    let mut bytes = fs::read(path).expect("a file");
    let what = match dice.below(7) {
        0 => {
            bytes.truncate(dice.below(bytes.len().max(1)));
            "cut"
        }
        1 => {
            let start = dice.below(bytes.len()) / 512 * 512;
            let end = (start + 512 * (1 + dice.below(8))).min(bytes.len());
            bytes[start..end].fill(0);
            "zeroed"
        }
        2 => {
            fs::remove_file(path).expect("a removal");
            return "deleted";
        }
        3 => {
            let old = older.join(path.strip_prefix(folder).expect("a path inside"));
            if let Ok(old) = fs::read(old) {
                bytes = old;
            }
            "older"
        }
        _ => {
            for _ in 0..=dice.below(4) {
                let at = dice.below(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            "flipped"
        }
    };
    fs::write(path, bytes).expect("a write");
    what
}

/// A folder of a shelf, an older state of it, and all states it went through.
fn specimen(root: &Path, dice: &mut Dice, large_percent: usize) -> (PathBuf, PathBuf, History) {
    let (path, older) = (root.join("shelf"), root.join("older"));
    let mut history = History::new();
    let shelf = Shelf::rebuild(&path).expect("a new shelf");
    // A part of them spreads over many of sled's segments of half a megabyte.
    let large = dice.percent(large_percent);
    let steps = 4 + dice.below(if large { 200 } else { 60 });
    let largest = if large { 6_000 } else { 300 };
    for step in 0..steps {
        history.step_of(&shelf, dice, largest);
        if step == steps / 2 {
            shelf.flush().expect("a working shelf");
            copy_folder(&path, &older);
        }
    }
    if dice.percent(50) {
        shelf.close().expect("a working shelf");
    } else {
        // As after a kill: what sled has not written by itself is missing.
        let crashed = root.join("crashed");
        copy_folder(&path, &crashed);
        return (crashed, older, history);
    }
    (path, older, history)
}

#[derive(Debug, Default)]
struct Tally {
    latest: u64,
    behind: u64,
    refused: u64,
}

#[test]
fn a_damaged_shelf_is_right_or_refused() {
    const IMAGES: u64 = 150;
    let mut tally = Tally::default();
    for seed in 1_000_000..1_000_000 + IMAGES {
        let mut dice = Dice::new(seed);
        let root = tempfile::tempdir().expect("a folder");
        let (path, older, mut history) = specimen(root.path(), &mut dice, 10);
        if !dice.percent(10) {
            damage(&path, &older, &mut dice);
        }
        let shelf = match Shelf::open(&path, |position| history.hash(position)) {
            Err(ShelfDamage::InUse) => panic!("seed {seed}: nobody else has it"),
            Err(_) => {
                tally.refused += 1;
                Shelf::rebuild(&path).expect("a fresh shelf in place of a bad one")
            }
            Ok(shelf) => {
                history.check(&shelf);
                let newest = history.heads.len() as u64 - 1;
                tally.latest += u64::from(shelf.position() == newest);
                tally.behind += u64::from(shelf.position() < newest);
                shelf
            }
        };
        // Whatever was found, it goes on from there.
        let kept = shelf.position() as usize + 1;
        history.heads.truncate(kept);
        history.states.truncate(kept);
        history.step(&shelf, &mut dice);
        history.check(&shelf);
    }
    println!("{IMAGES} shelves: {tally:?}");
    assert!(tally.latest > 10 && tally.behind > 10 && tally.refused > 10, "{tally:?}");
}

#[test]
fn a_shelf_that_was_closed_opens_where_it_was() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("shelf");
    let mut dice = Dice::new(7);
    let mut history = History::new();
    let missing = Shelf::open(&path, |_| None).expect_err("nothing there");
    assert_eq!(missing, ShelfDamage::Missing);
    let mut shelf = Shelf::rebuild(&path).expect("a new shelf");
    for _ in 0..10 {
        for _ in 0..5 {
            history.step(&shelf, &mut dice);
        }
        let newest = shelf.position();
        shelf.close().expect("a working shelf");
        shelf = Shelf::open(&path, |position| history.hash(position)).expect("a good shelf");
        assert_eq!(shelf.position(), newest);
        history.check(&shelf);
    }
}

#[test]
fn a_shelf_of_another_history_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("shelf");
    let mut history = History::new();
    let shelf = Shelf::rebuild(&path).expect("a new shelf");
    history.step(&shelf, &mut Dice::new(1));
    let in_use = Shelf::open(&path, |_| None).expect_err("still open");
    assert_eq!(in_use, ShelfDamage::InUse);
    shelf.close().expect("a working shelf");
    fs::write(path.join("opening"), []).expect("a write");
    let died = Shelf::open(&path, |_| None).expect_err("left while opening");
    assert_eq!(died, ShelfDamage::DiedOpening);
    fs::remove_file(path.join("opening")).expect("a removal");
    let ahead = Shelf::open(&path, |_| None).expect_err("no such position");
    assert_eq!(ahead, ShelfDamage::Ahead { position: 1 });
    let other = Shelf::open(&path, |_| Some(Hash([1; 32]))).expect_err("another record");
    assert_eq!(other, ShelfDamage::OtherHistory { position: 1 });
}

#[test]
fn rows_are_found_in_order_from_both_ends() {
    let root = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::rebuild(&root.path().join("shelf")).expect("a new shelf");
    let head = Head::default().after(1, Timestamp(1), b"");
    let put = |key: &str| (key.as_bytes().to_vec(), Some(key.to_uppercase().into_bytes()));
    let puts: Vec<_> = ["b2", "a", "b1", "c", "b3"].map(put).into();
    shelf.apply(&puts, head).expect("a working shelf");
    let keys = |rows: &mut dyn Iterator<Item = Result<(Vec<u8>, Vec<u8>), ShelfError>>| {
        let keys = rows.map(|row| String::from_utf8(row.expect("a row").0).expect("text"));
        keys.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(&mut shelf.scan_prefix(b"b")), "b1 b2 b3");
    assert_eq!(keys(&mut shelf.scan_prefix(b"").rev()), "c b3 b2 b1 a");
    assert_eq!(keys(&mut shelf.scan_from(b"b2")), "b2 b3 c");
    assert_eq!(keys(&mut shelf.scan_before(b"b2").rev()), "b1 a");
    assert_eq!(shelf.get(b"b2"), Ok(Some(b"B2".to_vec())));
    assert_eq!(shelf.get(b"b"), Ok(None));
    let again = shelf.apply(&[], head).expect_err("the same position");
    assert_eq!(again, ShelfError::Behind { position: 1 });
    let twice = [put("d"), (b"d".to_vec(), None), (b"a".to_vec(), None)];
    let next = head.after(2, Timestamp(2), b"");
    shelf.apply(&twice, next).expect("a working shelf");
    assert_eq!(keys(&mut shelf.scan_prefix(b"")), "b1 b2 b3 c");
    assert_eq!(shelf.rows(), 4);
}

const MEASURED: u64 = 100;

/// Each folder is opened by a process of its own, which is this very test again.
#[test]
fn damaged_folders_neither_hang_a_process_nor_end_it() {
    if let Some(path) = std::env::var_os("SHELF_TO_OPEN") {
        return open_and_say(&PathBuf::from(path));
    }
    let mut outcomes = BTreeMap::<String, u32>::new();
    let root = tempfile::tempdir().expect("a folder");
    for seed in 0..MEASURED {
        let mut dice = Dice::new(seed);
        let folder = root.path().join(seed.to_string());
        let (path, older, _) = specimen(&folder, &mut dice, 50);
        let what = damage(&path, &older, &mut dice);
        let outcome = open_elsewhere(&path);
        assert!(outcome != "hung" && !outcome.starts_with("died"), "seed {seed}, {what}: {outcome}");
        *outcomes.entry(format!("{what:8} {outcome}")).or_default() += 1;
        fs::remove_dir_all(&folder).expect("a removal");
    }
    outcomes.iter().for_each(|(outcome, count)| println!("{count:4} {outcome}"));
}

fn open_elsewhere(path: &Path) -> String {
    let mut child = std::process::Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "damaged_folders_neither_hang_a_process_nor_end_it"])
        .env("SHELF_TO_OPEN", path)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("a child");
    let start = std::time::Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return fs::read_to_string(path.join("outcome")).unwrap_or_else(|_| format!("died: {status}"));
        }
        if start.elapsed().as_secs() > 240 {
            child.kill().expect("a child");
            child.wait().expect("a child");
            return "hung".to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn open_and_say(path: &Path) {
    let outcome = match Shelf::open(path, |_| None) {
        Err(ShelfDamage::Unreadable(why)) => format!("unreadable {why}"),
        Err(ShelfDamage::Ahead { .. }) => "proved".to_owned(),
        Err(other) => format!("{other:?}"),
        Ok(_) => "proved at 0".to_owned(),
    };
    let short: String = outcome.chars().take_while(|c| !c.is_ascii_digit()).take(70).collect();
    fs::write(path.join("outcome"), short).expect("a write");
}
