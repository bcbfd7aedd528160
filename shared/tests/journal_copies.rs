//! Groups copied many at a time, through power cuts and kills: what was acknowledged is there, what was not is
//! dropped or there as whole groups, and the journal opens by itself.

use kessai_shared::journal::{
    Dice, Disk, Head, Journal, JournalError, Kind, MemoryDisk, OpenReport, ProvedGroup, RawGroup, Record,
};
use kessai_shared::time::Timestamp;

const KIND: Kind = Kind(b"TEST");
/// Small, so that a short life fills many.
const SEGMENT_BYTES: u64 = 48 << 10;
const LIVES: u64 = 250;

type Opened = Result<(Journal, OpenReport, Vec<Record>), JournalError>;

fn open(disk: &MemoryDisk) -> Opened {
    let mut records = Vec::new();
    let mut each = |record: Record| -> Result<(), String> {
        records.push(record);
        Ok(())
    };
    let (journal, report) = Journal::open_sized(Box::new(disk.clone()), KIND, SEGMENT_BYTES, &mut each)?;
    Ok((journal, report, records))
}

/// The groups of a journal that somebody else wrote, and its records.
fn original(groups: usize) -> (Vec<RawGroup>, Vec<Record>) {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).expect("a new journal");
    let ring = journal.ring();
    let mut dice = Dice::new(7);
    let mut all = Vec::new();
    for nth in 0..groups {
        let payloads: Vec<_> = (0..=dice.below(5))
            .map(|_| vec![nth as u8; dice.below(if nth % 9 == 0 { 9_000 } else { 300 })])
            .collect();
        let before = journal.head().position;
        journal.append_group(Timestamp(nth as u64 * 50), &payloads).expect("a disk that works");
        all.extend(ring.after(before, usize::MAX).expect("it is in memory"));
    }
    drop(journal);
    (all, open(&disk).expect("a whole journal").2)
}

fn proved(groups: &[RawGroup], mut head: Head) -> Vec<ProvedGroup> {
    let mut proved = Vec::new();
    for group in groups {
        let group = group.clone().prove(&head, |_, _, _| ()).expect("it follows");
        head = group.head();
        proved.push(group);
    }
    proved
}

#[test]
fn a_copy_is_the_same_record_by_record_however_many_share_a_write() {
    let (groups, records) = original(120);
    for at_once in [1, 2, 7, 120] {
        let disk = MemoryDisk::new();
        let (mut journal, _, _) = open(&disk).expect("a new journal");
        for some in groups.chunks(at_once) {
            journal.copy(&proved(some, journal.head())).expect("a disk that works");
        }
        // It goes on with groups of its own.
        journal.append_group(Timestamp(1), &[vec![1]]).expect("a disk that works");
        drop(journal);
        let (_, report, copied) = open(&disk).expect("a whole journal");
        assert_eq!((report.dropped_bytes, report.repairs.len()), (0, 0));
        assert_eq!(copied[..records.len()], records);
        assert_eq!(copied.len(), records.len() + 1);
    }
}

#[test]
fn what_does_not_follow_changes_nothing() {
    let (groups, records) = original(12);
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).expect("a new journal");
    let all = proved(&groups, Head::default());
    assert!(journal.copy(&all[1..]).is_err(), "a gap");
    journal.copy(&all[..5]).expect("they follow");
    assert!(journal.copy(&all[..5]).is_err(), "again");
    let torn = [all[5].clone(), all[7].clone()];
    assert!(journal.copy(&torn).is_err(), "a gap within");
    let head = journal.head();
    for spoilt in 0..5 {
        let mut group = groups[5].clone();
        match spoilt {
            0 => group.first += 1,
            1 => group.count += 1,
            2 => group.after.0[3] ^= 1,
            3 => group.body = group.body.slice(..group.body.len() - 1),
            _ => {
                let mut body = group.body.to_vec();
                let last = body.len() - 1;
                body[last] ^= 1;
                group.body = body.into();
            }
        }
        assert!(group.prove(&head, |_, _, _| ()).is_err(), "{spoilt}");
    }
    journal.copy(&all[5..]).expect("they follow");
    drop(journal);
    assert_eq!(open(&disk).expect("a whole journal").2, records);
}

#[test]
fn a_power_cut_in_the_middle_of_many_groups_never_stops_the_next_start() {
    let (groups, records) = original(60);
    let (mut whole, mut dropped, mut mended, mut between, mut cuts) = (0, 0, 0, 0, 0);
    for seed in 0..LIVES {
        let mut dice = Dice::new(seed);
        let disk = MemoryDisk::new();
        let (mut journal, _, _) = open(&disk).expect("a new journal");
        let first = dice.below(groups.len() - 1);
        journal.copy(&proved(&groups[..first], journal.head())).expect("a disk that works");
        let acknowledged = journal.head().position as usize;
        let many = first + 1 + dice.below((groups.len() - first).min(20));
        let rest = proved(&groups[first..many.min(groups.len())], journal.head());
        // One of its syncs never comes, as when the power goes before it.
        disk.fail_after(2 * dice.below(3) as u64 + 1);
        let copied = journal.copy(&rest);
        let acknowledged = acknowledged.max(journal.head().position as usize);
        drop(journal);
        // Killed, and started again before the power goes, or not.
        let after = if dice.percent(30) { disk.process_death() } else { disk.power_cut(seed) };
        cuts += usize::from(copied.is_err());
        let (journal, report, found) =
            open(&after).unwrap_or_else(|error| panic!("seed {seed}: it does not open: {error}"));
        assert!(found.len() >= acknowledged, "seed {seed}: lost what was acknowledged");
        assert_eq!(found[..], records[..found.len()], "seed {seed}");
        assert!(found.last().is_none_or(|record| record.ends_group), "seed {seed}: half a group");
        let reached = rest.last().map_or(0, |group| group.head().position) as usize;
        whole += usize::from(found.len() == reached);
        dropped += usize::from(report.dropped_bytes > 0);
        mended += usize::from(!report.repairs.is_empty());
        between += usize::from(found.len() > acknowledged && found.len() < reached);
        // It goes on from there, and so does the next start.
        let mut journal = journal;
        let at = groups.partition_point(|group| group.last() <= found.len() as u64);
        journal.copy(&proved(&groups[at..], journal.head())).expect("a disk that works");
        drop(journal);
        let again = after.power_cut(seed);
        assert_eq!(open(&again).expect("a whole journal").2, records, "seed {seed}");
    }
    let tally = [whole, dropped, mended, between, cuts];
    assert!(tally.iter().all(|count| *count > 10), "{tally:?}");
}

#[test]
fn what_was_acknowledged_and_is_gone_is_still_missed() {
    let (groups, _) = original(40);
    for seed in 0..200 {
        let mut dice = Dice::new(seed);
        let mut disk = MemoryDisk::new();
        let (mut journal, _, _) = open(&disk).expect("a new journal");
        let all = proved(&groups, journal.head());
        // Two writes of many: the second proves the first.
        let cut = 1 + dice.below(groups.len() - 2);
        journal.copy(&all[..cut]).expect("a disk that works");
        let (file, end) = journal.end();
        let (file, end) = (file.to_owned(), end);
        journal.copy(&all[cut..]).expect("a disk that works");
        if journal.end().0 != file {
            continue;
        }
        drop(journal);
        // Both copies of a group of the first write.
        // All of the first write in this file: both copies of each of its groups.
        let at = 8_192;
        disk.write_at(&file, at, &vec![0xa5; (end - at) as usize]).expect("damage");
        assert!(matches!(open(&disk), Err(JournalError::Damaged { .. })), "seed {seed}");
    }
}
