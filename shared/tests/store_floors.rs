//! Journal that is kept for others: it is there as long as somebody holds it, through any power cut, and
//! no longer than the limits say.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use kessai_shared::journal::{Dice, Disk, FileDisk, Kind, Layout, MemoryDisk, browse};
use kessai_shared::store::{
    Books, EachRow, Fault, Floors, HoldError, KEEP_BYTES, Keep, MAX_HOLDERS, Options, Stamp, Store,
};
use kessai_shared::time::Timestamp;

const KIND: Kind = Kind(b"TEST");
const SEGMENT_BYTES: u64 = 20 << 10;
const SECOND: u64 = 1_000_000;
const CUTS: u64 = 120;
/// A checkpoint at every end of a segment.
const OPTIONS: Options = Options {
    layout: Layout { segment_bytes: SEGMENT_BYTES, ahead: false },
    checkpoint_after: 1,
    in_place: true,
    keep: Keep { seconds: 60, bytes: *KEEP_BYTES.start() },
};

/// One sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum(u64);

impl Books for Sum {
    type Change = u64;
    type Key = ();
    type Row = u64;

    fn encode_into(change: &u64, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&change.to_le_bytes());
    }

    fn decode(payload: &[u8]) -> Result<u64, String> {
        payload.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)).ok_or_else(|| "short".to_owned())
    }

    fn apply(&mut self, change: &u64, stamp: Stamp) -> Result<(), String> {
        // Each record says its own position.
        if *change != stamp.position {
            return Err(format!("{change} at {}", stamp.position));
        }
        self.0 += change;
        Ok(())
    }

    fn touched(&self, _: &u64, each: &mut dyn FnMut(&())) {
        each(&());
    }

    fn shelved(&self, each: &mut dyn FnMut(&())) {
        each(&());
    }

    fn key((): &()) -> Vec<u8> {
        vec![1]
    }

    fn row(&self, _: &[u8]) -> Option<Vec<u8>> {
        Some(self.0.to_le_bytes().to_vec())
    }

    fn rows(&self, each: &mut EachRow<'_>) -> std::io::Result<()> {
        each(&[1], &self.0.to_le_bytes())
    }

    fn read_row(_: &[u8], row: &[u8]) -> Result<u64, String> {
        Self::decode(row)
    }

    fn take_row(&mut self, sum: u64) -> Result<(), String> {
        self.0 = sum;
        Ok(())
    }
}

/// A store in memory, with its shelf in a folder.
fn open(disk: &MemoryDisk, folder: &Path, options: Options) -> Store<Sum> {
    let opened = Store::open_on_with(Box::new(disk.clone()), &folder.join("shelf"), KIND, options);
    opened.expect("a whole store").0
}

/// Groups of one to three records, each some seconds after the one before.
fn live(store: &mut Store<Sum>, groups: u64, seconds: u64) {
    for group in 0..groups {
        let now = Timestamp(store.head().time.0 + seconds * SECOND);
        commit(store, now, 1 + group % 3).expect("a disk that works");
    }
}

fn commit(store: &mut Store<Sum>, now: Timestamp, records: u64) -> Result<(), Fault> {
    store.begin(now);
    for _ in 0..records {
        let position = store.next_stamp().position;
        store.change(&position)?;
    }
    store.commit()
}

/// The positions that a holder could read from one on, as long as each follows the one before.
fn readable(disk: &dyn Disk, from: u64, until: u64) -> Result<u64, String> {
    let (mut next, mut at) = (from, Some(from));
    while let Some(begin) = at.filter(|begin| *begin <= until) {
        let browsed = browse(disk, KIND, (begin, until), &mut |record| {
            if record.position != next {
                return ControlFlow::Break(());
            }
            next += 1;
            ControlFlow::Continue(())
        });
        at = browsed.map_err(|error| error.to_string())?.next.filter(|behind| *behind == next);
    }
    Ok(next - 1)
}

fn segments(disk: &dyn Disk) -> Vec<String> {
    let names = disk.list().expect("a disk");
    names.into_iter().filter(|name| name.starts_with("journal-")).collect()
}

/// The first position in a segment.
fn first(name: &str) -> u64 {
    name[8..28].parse().expect("a position")
}

fn holds(floors: &Floors) -> Vec<(String, u64)> {
    floors.holders().into_iter().map(|holder| (holder.name, holder.position)).collect()
}

#[test]
fn nothing_is_cut_past_the_lowest_floor_and_all_is_when_it_rises_or_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = MemoryDisk::new();
    let mut store = open(&disk, folder.path(), OPTIONS);
    live(&mut store, 3, 1);
    let floors = store.floors();
    let low = store.head().position;
    floors.hold("standby", low).expect("held");
    floors.hold("backup", low + 12).expect("held");
    live(&mut store, 40, 1);
    assert!(store.checkpoint() > low + 20, "{}", store.checkpoint());
    let head = store.head().position;
    assert_eq!(readable(&disk, low + 1, head), Ok(head));
    assert!(floors.begins() <= low + 1);
    let holder = floors.holders().into_iter().find(|holder| holder.name == "standby").expect("it holds");
    assert!(holder.bytes > 5 * SEGMENT_BYTES && holder.heard.is_some(), "{holder:?}");
    // A restart changes nothing.
    drop(store);
    let many = segments(&disk).len();
    let mut store = open(&disk, folder.path(), OPTIONS);
    let floors = store.floors();
    assert_eq!(holds(&floors), [("backup".to_owned(), low + 12), ("standby".to_owned(), low)]);
    live(&mut store, 1, 2);
    assert!(segments(&disk).len() >= many);
    // The lowest rises, so the next one counts; then nobody does.
    floors.hold("standby", head).expect("held");
    live(&mut store, 1, 2);
    assert!(floors.begins() > low + 1 && floors.begins() <= low + 13, "{}", floors.begins());
    let end = store.head().position;
    assert_eq!(readable(&disk, low + 13, end), Ok(end));
    floors.release("backup").expect("released");
    floors.release("standby").expect("released");
    live(&mut store, 1, 2);
    assert!(
        floors.begins() > store.checkpoint() && segments(&disk).len() < many / 2,
        "{:?}",
        segments(&disk)
    );
    assert!(matches!(floors.hold("standby", low), Err(HoldError::Cut { begins }) if begins > low + 1));
    floors.hold("standby", store.checkpoint()).expect("where the journal begins");
}

#[test]
fn who_stays_away_or_needs_too_much_is_dropped_and_the_others_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = MemoryDisk::new();
    let mut store = open(&disk, folder.path(), OPTIONS);
    let floors = store.floors();
    live(&mut store, 3, 1);
    let low = store.head().position;
    // Both in one segment, so that the one going frees nothing.
    floors.hold("gone", low - 1).expect("held");
    floors.hold("here", low).expect("held");
    for _ in 0..7 {
        live(&mut store, 10, 1);
        floors.hold("here", low).expect("it is heard of");
    }
    live(&mut store, 2, 1);
    assert_eq!(holds(&floors), [("here".to_owned(), low)]);
    assert!(matches!(floors.hold("gone", low - 4), Err(HoldError::Cut { .. })));
    // A restart gives it its whole time again, and not more.
    drop(store);
    let mut store = open(&disk, folder.path(), OPTIONS);
    let floors = store.floors();
    assert_eq!(holds(&floors), [("here".to_owned(), low)]);
    live(&mut store, 50, 1);
    assert_eq!(holds(&floors), [("here".to_owned(), low)]);
    live(&mut store, 20, 1);
    assert_eq!(holds(&floors), []);
    // What it held is gone from the disk, and a restart does not bring it back.
    assert!(floors.begins() > store.checkpoint(), "{:?}", segments(&disk));
    drop(store);
    let store = open(&disk, folder.path(), OPTIONS);
    assert_eq!(holds(&store.floors()), []);
    // The least that settings allow is a whole segment of the usual size, so here it is made smaller.
    let narrow = Options { keep: Keep { seconds: 60, bytes: 6 * SEGMENT_BYTES }, ..OPTIONS };
    store.floors().hold("slow", store.head().position).expect("held");
    drop(store);
    let mut store = open(&disk, folder.path(), narrow);
    let floors = store.floors();
    let mut most = 0;
    for _ in 0..60 {
        live(&mut store, 1, 0);
        floors.hold("quick", store.head().position).expect("held");
        most = floors.holders().iter().map(|holder| holder.bytes).max().unwrap_or_default().max(most);
    }
    assert!(most > 3 * SEGMENT_BYTES && most <= 6 * SEGMENT_BYTES, "{most}");
    assert_eq!(holds(&floors), [("quick".to_owned(), store.head().position)]);
    assert!(floors.begins() > store.checkpoint(), "{:?}", segments(&disk));
}

#[test]
fn a_clock_that_jumps_drops_nobody_who_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = MemoryDisk::new();
    let mut store = open(&disk, folder.path(), OPTIONS);
    let floors = store.floors();
    live(&mut store, 3, 1);
    let low = store.head().position;
    floors.hold("standby", low).expect("held");
    let now = store.head().time;
    for jump in [now.plus_seconds(30), Timestamp(5), now.plus_seconds(40), now.minus_seconds(9), now] {
        commit(&mut store, jump, 3).expect("a disk that works");
    }
    assert_eq!(holds(&floors), [("standby".to_owned(), low)]);
    // It is heard of in the same moment in which the clock leaps a year ahead.
    floors.hold("standby", low).expect("held");
    commit(&mut store, now.plus_seconds(365 * 24 * 3_600), 3).expect("a disk that works");
    assert_eq!(holds(&floors), [("standby".to_owned(), low)]);
    // Once the clock is right again, it has its usual time, and not a year.
    for seconds in [50, 100] {
        commit(&mut store, now.plus_seconds(seconds), 3).expect("a disk that works");
        assert_eq!(holds(&floors), [("standby".to_owned(), low)]);
    }
    commit(&mut store, now.plus_seconds(115), 3).expect("a disk that works");
    assert_eq!(holds(&floors), []);
}

#[test]
fn a_list_that_is_damaged_keeps_everything_for_a_while() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut disk = MemoryDisk::new();
    let mut store = open(&disk, folder.path(), OPTIONS);
    live(&mut store, 3, 1);
    let low = store.head().position;
    store.floors().hold("standby", low).expect("held");
    live(&mut store, 40, 1);
    let head = store.head().position;
    drop(store);
    let mut list = disk.read("floors").expect("the list");
    list[20] ^= 4;
    disk.write_at("floors", 0, &list).expect("damaged");
    disk.sync("floors").expect("damaged");
    let mut store = open(&disk, folder.path(), OPTIONS);
    let floors = store.floors();
    assert_eq!(holds(&floors).len(), 1);
    live(&mut store, 5, 1);
    floors.hold("standby", low).expect("it is all there");
    assert_eq!(readable(&disk, low + 1, head), Ok(head));
    for _ in 0..7 {
        live(&mut store, 10, 1);
        floors.hold("standby", low + 1).expect("it is heard of");
    }
    assert_eq!(holds(&floors), [("standby".to_owned(), low + 1)]);
}

#[test]
fn names_and_holders_have_limits_and_floors_outlive_their_store_in_vain() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::<Sum>::open_with(folder.path(), KIND, Options { in_place: false, ..OPTIONS });
    let store = store.expect("a store").0;
    let floors = store.floors();
    for bad in ["", "a b", "a\nb", "é", &"x".repeat(65)] {
        assert!(matches!(floors.hold(bad, 0), Err(HoldError::Name)), "{bad:?}");
    }
    for nth in 0..MAX_HOLDERS {
        floors.hold(&format!("{}{nth:02}", "x".repeat(62)), u64::MAX - nth as u64).expect("held");
    }
    assert!(matches!(floors.hold("another", 0), Err(HoldError::TooMany)));
    let all = holds(&floors);
    drop(store);
    assert!(matches!(floors.release(&all[0].0), Err(HoldError::Closed)));
    // The lock on the folder is free, although somebody still has the handle.
    let store = Store::<Sum>::open_with(folder.path(), KIND, OPTIONS).expect("not in use").0;
    assert_eq!(holds(&store.floors()), all);
}

#[test]
fn what_is_kept_is_proved_and_who_needs_what_is_damaged_begins_anew() {
    // Both copies of a group, a header with its copy, a file that is gone, and a foreign file.
    for (harm, told) in
        [("group", true), ("header", true), ("gone", true), ("foreign", true), ("copy", false)]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { in_place: false, ..OPTIONS };
        let mut store = Store::<Sum>::open_with(folder.path(), KIND, options).expect("a store").0;
        live(&mut store, 3, 1);
        let low = store.head().position;
        store.floors().hold("early", low).expect("held");
        for _ in 0..8 {
            live(&mut store, 8, 0);
            store.settle_checkpoint();
        }
        let journal = folder.path().join("journal");
        let disk = FileDisk::read_only(&journal).expect("a folder");
        let names = segments(&disk);
        assert!(names.len() > 6, "{names:?}");
        let (bad, behind) = (&names[3], first(&names[4]));
        assert!(store.checkpoint() > behind);
        store.floors().hold("late", behind - 1).expect("held");
        let books = store.books().clone();
        store.close().expect("closed");
        damage(&journal.join(bad), harm, &journal.join(&names[2]));
        let mut store = Store::<Sum>::open_with(folder.path(), KIND, options).expect("it is not needed").0;
        assert_eq!(store.books(), &books);
        live(&mut store, 1, 2);
        store.settle_checkpoint();
        live(&mut store, 1, 2);
        store.settle_checkpoint();
        let (floors, head) = (store.floors(), store.head().position);
        let early = floors.hold("early", low);
        assert_eq!(matches!(early, Err(HoldError::Cut { .. })), told, "{harm}: {early:?}");
        assert_eq!(readable(&disk, behind, head), Ok(head), "{harm}");
        assert_eq!(floors.begins() == behind, told, "{harm}");
        assert!(holds(&floors).contains(&("late".to_owned(), behind - 1)), "{harm}");
    }
}

/// Each of its groups follows the one before, and the last leads elsewhere than to the checkpoint.
#[test]
fn journal_of_another_history_of_the_same_store_is_not_kept_for_anybody() {
    let [folder, other] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let mut disk = MemoryDisk::new();
    live(&mut open(&disk, folder.path(), OPTIONS), 1, 1);
    // Only the times differ from here on.
    let fork = disk.process_death();
    for (disk, folder, seconds) in [(&disk, &folder, 1), (&fork, &other, 0)] {
        let mut store = open(disk, folder.path(), OPTIONS);
        store.floors().hold("standby", 0).expect("held");
        live(&mut store, 40, seconds);
    }
    let store = open(&disk, folder.path(), OPTIONS);
    let (checkpoint, head) = (store.checkpoint(), store.head().position);
    drop(store);
    let kept: Vec<_> = segments(&disk).into_iter().filter(|name| first(name) <= checkpoint).collect();
    assert!(kept.len() > 3, "{kept:?}");
    for name in kept {
        let bytes = fork.read(&name).expect("the same segment of the other history");
        disk.write_at(&name, 0, &bytes).expect("put there");
        disk.sync(&name).expect("put there");
    }
    fork.fail_after(0);
    let mut store = open(&disk, folder.path(), OPTIONS);
    live(&mut store, 2, 1);
    let floors = store.floors();
    assert_eq!(holds(&floors), []);
    assert!(matches!(floors.hold("standby", 0), Err(HoldError::Cut { begins }) if begins > checkpoint));
    assert!(store.head().position > head, "the store itself does not need it");
}

fn damage(path: &Path, harm: &str, other: &Path) {
    let mut bytes = fs::read(path).expect("a segment");
    match harm {
        "group" => bytes[8_192..].iter_mut().for_each(|byte| *byte ^= 1),
        "header" => bytes[..8_192].iter_mut().step_by(100).for_each(|byte| *byte ^= 1),
        "foreign" => bytes = fs::read(other).expect("a segment"),
        "copy" => bytes[8_300] ^= 1,
        _ => return fs::remove_file(path).expect("removed"),
    }
    fs::write(path, bytes).expect("damaged");
}

/// What was promised to holders, as a test knows it.
#[derive(Default)]
struct Promised(BTreeMap<String, u64>);

#[test]
fn whoever_holds_reads_on_after_any_power_cut() {
    let (mut died, mut kept, mut cut, mut lost) = (0, 0, 0, 0);
    for seed in 0..CUTS {
        let mut dice = Dice::new(seed);
        let folder = tempfile::tempdir().expect("a folder");
        let disk = MemoryDisk::new();
        let (promised, head) = troubled(&disk, folder.path(), &mut dice);
        let mut after = if dice.percent(80) { disk.power_cut(dice.roll()) } else { disk.process_death() };
        died += u32::from(disk.list().is_err());
        lost += u32::from(hit_list(&mut after, &mut dice));
        let mut store = open(&after, folder.path(), OPTIONS);
        assert!(store.head().position >= head, "seed {seed}");
        for round in 0..2 {
            let (floors, head) = (store.floors(), store.head().position);
            for (name, position) in &promised.0 {
                floors.hold(name, *position).unwrap_or_else(|error| panic!("seed {seed}: {name}: {error}"));
                assert_eq!(readable(&after, position + 1, head), Ok(head), "seed {seed}, {round}: {name}");
            }
            kept += u32::from(promised.0.values().any(|position| *position < store.checkpoint()));
            cut += u32::from(floors.begins() > 1);
            live(&mut store, 12, 0);
        }
    }
    println!("{CUTS} cuts: {died} at an operation, {lost} lists lost; {kept} with journal kept, {cut} cut");
    assert!([died, kept, cut, lost].iter().all(|count| *count > 10), "{died} {kept} {cut} {lost}");
}

/// A life with holders that come, rise and go, which may end at any operation of the disk; what was
/// promised, and the last position that was acknowledged.
fn troubled(disk: &MemoryDisk, folder: &Path, dice: &mut Dice) -> (Promised, u64) {
    let mut store = open(disk, folder, OPTIONS);
    let (floors, mut promised, mut head) = (store.floors(), Promised::default(), 0);
    let groups = 10 + dice.below(40);
    for group in 0..groups {
        if group + 5 == groups {
            disk.fail_after(dice.below(90) as u64);
        }
        let name = ["standby", "backup:1", "backup:2"][dice.below(3)].to_owned();
        match dice.below(6) {
            0 => {
                // Whether it is gone after a failure is not known; it may be held for longer.
                promised.0.remove(&name);
                if floors.release(&name).is_err() {
                    break;
                }
            }
            1 | 2 => {
                let from = promised.0.get(&name).copied().unwrap_or(head.min(floors.begins()));
                let position = (from + dice.below(12) as u64).min(head);
                match floors.hold(&name, position) {
                    Ok(()) => promised.0.insert(name, position),
                    Err(HoldError::Cut { .. }) => continue,
                    Err(_) => break,
                };
            }
            _ => {}
        }
        let now = Timestamp(store.head().time.0 + SECOND / 2);
        if commit(&mut store, now, 1 + dice.below(3) as u64).is_err() {
            break;
        }
        head = store.head().position;
    }
    (promised, head)
}

/// Damages the list of holders, now and then.
fn hit_list(disk: &mut MemoryDisk, dice: &mut Dice) -> bool {
    let Ok(mut list) = disk.read("floors") else { return false };
    if !dice.percent(20) || list.is_empty() {
        return false;
    }
    let at = dice.below(list.len());
    list[at] ^= 1 << dice.below(8);
    disk.write_at("floors", 0, &list).expect("damaged");
    disk.sync("floors").expect("damaged");
    true
}
