//! Each place of a small journal goes bad in turn, alone or together with a power cut.

use kessai_shared::journal::{Disk, Journal, JournalError, Kind, MemoryDisk, OpenReport};
use kessai_shared::time::Timestamp;

const KIND: Kind = Kind(b"TEST");
/// Two groups of the sample fit into a file.
const SEGMENT_BYTES: u64 = 20_000;
const SECTOR_BYTES: usize = 512;
const START_BYTES: usize = 8192;
const FRAME_BYTES: usize = 4096;

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

/// Three groups of two records, the last one in a file of its own.
fn sample() -> (MemoryDisk, Vec<Vec<u8>>) {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).expect("an empty journal");
    let mut all = Vec::new();
    for group in 1..=3u8 {
        let payloads = [vec![group; 900], vec![group; 7]];
        journal.append_group(Timestamp(5), &payloads).expect("a working disk");
        all.extend(payloads);
    }
    assert_eq!(disk.list().expect("a disk").len(), 2);
    (disk, all)
}

fn places(disk: &MemoryDisk, step: usize) -> Vec<(String, usize)> {
    let names = disk.list().expect("a disk");
    let places = names.iter().flat_map(|name| {
        let length = disk.read(name).expect("a segment").len();
        (0..length).step_by(step).map(|at| (name.clone(), at))
    });
    places.collect()
}

fn change(disk: &MemoryDisk, name: &str, at: usize, length: usize, how: impl Fn(&mut [u8])) {
    let mut disk = disk.clone();
    let mut part = disk.read(name).expect("a segment")[at..at + length].to_vec();
    how(&mut part);
    disk.write_at(name, at as u64, &part).expect("a working disk");
    disk.sync(name).expect("a working disk");
}

fn flip(part: &mut [u8]) {
    part[0] ^= 1;
}

fn zero(part: &mut [u8]) {
    part.fill(0);
}

#[test]
fn a_bad_bit_anywhere_is_mended() {
    let (disk, expected) = sample();
    for (name, at) in places(&disk, 13) {
        let image = disk.power_cut(0);
        change(&image, &name, at, 1, flip);
        let (_, report, found) = open(&image).expect("one bad bit");
        assert!(found == expected, "{name} {at}");
        assert_eq!(report.repairs.len(), 1, "{name} {at}");
        let (_, report, _) = open(&image).expect("a mended journal");
        assert_eq!(report.repairs.len(), 0, "{name} {at}");
    }
}

#[test]
fn a_zeroed_sector_anywhere_is_survived() {
    let (disk, expected) = sample();
    for (name, at) in places(&disk, SECTOR_BYTES) {
        let image = disk.power_cut(0);
        change(&image, &name, at, SECTOR_BYTES, zero);
        let (_, _, found) = open(&image).expect("one bad sector");
        assert!(found == expected, "{name} {at}");
    }
}

#[test]
fn both_copies_bad_is_damage_wherever_something_follows() {
    let (disk, _) = sample();
    let name = disk.list().expect("a disk").remove(0);
    for (group, position) in [(0, 1), (1, 3)] {
        for (first, second) in [(0, 0), (0, 300), (300, 0), (300, 300)] {
            let image = disk.power_cut(0);
            let start = START_BYTES + group * 2 * FRAME_BYTES;
            change(&image, &name, start + first, 1, flip);
            change(&image, &name, start + FRAME_BYTES + second, 1, flip);
            match open(&image) {
                Err(JournalError::Damaged { file, offset, position: from, .. }) => {
                    assert_eq!((&file, offset, from), (&name, start as u64, position));
                }
                other => panic!("no damage: {other:?}"),
            }
        }
    }
}

/// The case in which a journal that writes the next group over the copy of the last one would
/// lose a group in silence: nothing of the next write got through except that it spoilt what was
/// there before, and the one remaining copy has a bad bit.
#[test]
fn a_bad_bit_in_the_last_group_and_a_lost_write_behind_it_lose_nothing() {
    let (disk, expected) = sample();
    let name = disk.list().expect("a disk").remove(1);
    let whole = disk.read(&name).expect("a segment").len();
    for bad in [START_BYTES, START_BYTES + FRAME_BYTES] {
        for seed in 0..50 {
            let image = disk.power_cut(0);
            let (mut journal, _, _) = open(&image).expect("a good journal");
            image.fail_after(1);
            let lost = journal.append_group(Timestamp(9), &[vec![4; 600]]);
            assert!(matches!(lost, Err(JournalError::Io { .. })), "{lost:?}");
            let image = image.power_cut(seed);
            change(&image, &name, bad + 200, 1, flip);
            let (_, _, found) = open(&image).expect("a power cut and one bad bit");
            assert!(found.starts_with(&expected), "{bad} {seed}");
            assert!(image.read(&name).expect("a segment").len() >= whole);
        }
    }
}
