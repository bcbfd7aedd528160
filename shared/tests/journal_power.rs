//! Plays power cuts and damage on a thousand journals: what was acknowledged is there, or the
//! opening fails loudly.

use kessai_shared::journal::{Dice, Disk, Journal, JournalError, Kind, MemoryDisk, OpenReport, walk};
use kessai_shared::time::Timestamp;

const IMAGES: u64 = 1_000;
const KIND: Kind = Kind(b"TEST");
/// Small, so that images of a few groups already have several files.
const SEGMENT_BYTES: u64 = 48 << 10;
const START_BYTES: usize = 8192;
const BLOCK_BYTES: usize = 4096;
const SECTOR_BYTES: usize = 512;

/// Where a group and its copy stand.
#[derive(Clone, Debug)]
struct Place {
    file: String,
    start: usize,
    end: usize,
}

/// What a daemon was promised, and the one group it may find on top.
#[derive(Clone, Debug, Default)]
struct Promise {
    payloads: Vec<Vec<u8>>,
    places: Vec<Place>,
    /// Payloads that were on their way when the daemon died.
    pending: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Tally {
    clean: u64,
    repaired: u64,
    dropped: u64,
    loud: u64,
}

type Opened = Result<(Journal, OpenReport, Vec<Vec<u8>>), JournalError>;

fn open(disk: &MemoryDisk) -> Opened {
    let mut payloads = Vec::new();
    let mut each = |record: kessai_shared::journal::Record| {
        payloads.push(record.payload);
        Ok::<(), String>(())
    };
    let (journal, report) = Journal::open_sized(Box::new(disk.clone()), KIND, SEGMENT_BYTES, &mut each)?;
    Ok((journal, report, payloads))
}

/// Everything promised is there, and at most the pending group as a whole besides.
fn check(promise: &Promise, found: &[Vec<u8>], seed: u64) {
    let promised = promise.payloads.len();
    assert!(found.len() >= promised, "seed {seed}: lost {promised}..{}", found.len());
    let (old, new) = found.split_at(promised);
    assert!(old == promise.payloads, "seed {seed}: other payloads");
    assert!(new.is_empty() || new == promise.pending, "seed {seed}: half a group");
}

fn group(dice: &mut Dice) -> Vec<Vec<u8>> {
    let largest = if dice.percent(10) { 9_000 } else { 600 };
    (0..=dice.below(4)).map(|_| (0..dice.below(largest)).map(|_| dice.roll() as u8).collect()).collect()
}

fn place_of_newest(disk: &MemoryDisk, before: Option<&Place>) -> Place {
    let file = disk.list().expect("a disk").pop().expect("a segment");
    let end = disk.read(&file).expect("a segment").len();
    let start = before.filter(|place| place.file == file).map_or(START_BYTES, |place| place.end);
    Place { file, start, end }
}

/// One life of a daemon: it opens, checks, appends, and dies in one way or another.
fn live(disk: &MemoryDisk, promise: &mut Promise, dice: &mut Dice, seed: u64) {
    let (mut journal, _, found) = open(disk).expect("an undamaged journal opens");
    check(promise, &found, seed);
    if found.len() > promise.payloads.len() {
        let place = place_of_newest(disk, promise.places.last());
        promise.places.push(place);
    }
    promise.payloads = found;
    promise.pending.clear();
    if dice.percent(60) {
        disk.fail_after(dice.below(24) as u64);
    }
    for _ in 0..dice.below(12) {
        let payloads = group(dice);
        match journal.append_group(Timestamp(dice.roll() >> 20), &payloads) {
            Ok(_) => {
                promise.payloads.extend(payloads);
                // Looking past the fuse, which may have burnt down without blowing yet.
                let place = place_of_newest(&disk.process_death(), promise.places.last());
                promise.places.push(place);
            }
            Err(JournalError::Io { .. }) => {
                promise.pending = payloads.clone();
                let again = journal.append_group(Timestamp(0), &payloads);
                assert!(matches!(again, Err(JournalError::Poisoned)));
                return;
            }
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
}

fn spoil(disk: &mut MemoryDisk, file: &str, at: usize, length: usize, dice: &mut Dice) {
    let bytes = disk.read(file).expect("the file to spoil");
    let end = (at + length).min(bytes.len());
    let mut part = bytes[at..end].to_vec();
    match dice.below(3) {
        0 => part.fill(0),
        1 => part.iter_mut().for_each(|byte| *byte = dice.roll() as u8),
        _ => {
            let byte = dice.below(part.len());
            part[byte] ^= 1 << dice.below(8);
        }
    }
    disk.write_at(file, at as u64, &part).expect("a working disk");
    disk.sync(file).expect("a working disk");
}

/// One bit, sector or block goes bad, anywhere at all.
fn single_fault(disk: &mut MemoryDisk, dice: &mut Dice) {
    let files = disk.list().expect("a disk");
    let Some(file) = files.get(dice.below(files.len())) else {
        return;
    };
    let length = disk.read(file).expect("a segment").len();
    let unit = if dice.percent(50) { SECTOR_BYTES } else { BLOCK_BYTES };
    if length > 0 {
        spoil(disk, file, dice.below(length) / unit * unit, unit, dice);
    }
}

/// Both copies of a group that is not the last go bad, or a whole file does.
fn double_fault(disk: &mut MemoryDisk, promise: &Promise, dice: &mut Dice) -> bool {
    let Some((last, earlier)) = promise.places.split_last() else {
        return false;
    };
    let Some(place) = earlier.get(dice.below(earlier.len())) else {
        return false;
    };
    if place.file != last.file && dice.percent(30) {
        return disk.remove(&place.file);
    }
    let half = (place.end - place.start) / 2;
    for start in [place.start, place.start + half] {
        let block = dice.below(half / BLOCK_BYTES) * BLOCK_BYTES;
        spoil(disk, &place.file, start + block, BLOCK_BYTES, dice);
    }
    true
}

fn image(seed: u64, tally: &mut Tally) {
    let mut dice = Dice::new(seed);
    let mut disk = MemoryDisk::new();
    let mut promise = Promise::default();
    for _ in 0..=dice.below(3) {
        live(&disk, &mut promise, &mut dice, seed);
        disk = if dice.percent(85) { disk.power_cut(dice.roll()) } else { disk.process_death() };
    }
    let plan = dice.below(10);
    let doubly = plan == 0 && double_fault(&mut disk, &promise, &mut dice);
    if (1..6).contains(&plan) {
        single_fault(&mut disk, &mut dice);
    }
    if !doubly && dice.percent(30) {
        // The daemon dies again while it is mending.
        disk.fail_after(dice.below(8) as u64);
        if let Ok((_, _, found)) = open(&disk) {
            check(&promise, &found, seed);
        }
        disk = disk.power_cut(dice.roll());
    }
    judge(&disk, &promise, doubly, seed, tally);
}

fn contents(disk: &MemoryDisk) -> Vec<(String, Vec<u8>)> {
    let names = disk.list().expect("a disk");
    names.into_iter().map(|name| (name.clone(), disk.read(&name).expect("a file"))).collect()
}

fn judge(disk: &MemoryDisk, promise: &Promise, doubly: bool, seed: u64, tally: &mut Tally) {
    let before = contents(disk);
    let mut walked = Vec::new();
    let walk = walk(disk, KIND, &mut |record| {
        walked.push(record.payload);
        Ok::<(), String>(())
    });
    assert!(before == contents(disk), "seed {seed}: a walk changed the disk");
    let (mut journal, report, found) = match open(disk) {
        Err(JournalError::Damaged { .. }) if doubly => {
            assert!(walk.is_err(), "seed {seed}: a walk passed over damage");
            assert!(before == contents(disk), "seed {seed}: evidence was changed");
            tally.loud += 1;
            return;
        }
        // A single fault is not only noticed, it is mended.
        Err(error) => panic!("seed {seed}: {error}"),
        Ok(opened) => opened,
    };
    check(promise, &found, seed);
    let (head, walk_report) = walk.expect("a walk like the opening");
    assert_eq!((head, &walk_report), (journal.head(), &report), "seed {seed}");
    assert!(walked == found, "seed {seed}: a walk read something else");
    tally.repaired += u64::from(!report.repairs.is_empty());
    tally.dropped += u64::from(report.dropped_bytes > 0);
    tally.clean += u64::from(report.repairs.is_empty() && report.dropped_bytes == 0);
    let more = vec![b"one more".to_vec()];
    journal.append_group(Timestamp(1), &more).expect("a mended journal goes on");
    let (_, report, later) = open(&disk.process_death()).expect("a journal that went on");
    assert!(later.starts_with(&found) && later.ends_with(&more), "seed {seed}");
    assert!(report.repairs.is_empty() && report.dropped_bytes == 0, "seed {seed}");
}

#[test]
fn nothing_acknowledged_is_lost_in_silence() {
    let mut tally = Tally::default();
    for seed in 0..IMAGES {
        image(seed, &mut tally);
    }
    println!("{IMAGES} journals: {tally:?}");
    assert!(tally.clean > 100, "{tally:?}");
    assert!(tally.repaired > 100, "{tally:?}");
    assert!(tally.dropped > 50, "{tally:?}");
    assert!(tally.loud > 30, "{tally:?}");
}
