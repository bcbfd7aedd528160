//! The journal on real files, and each way of finding something wrong with them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use kessai_shared::journal::{
    Disk, FileDisk, Journal, JournalError, Kind, MAX_PAYLOAD_BYTES, MemoryDisk, OpenReport, Record, walk,
};
use kessai_shared::time::Timestamp;

const KIND: Kind = Kind(b"TEST");
/// So small that every group gets its own file.
const SEGMENT_BYTES: u64 = 1;

fn open(disk: impl Disk) -> Result<(Journal, OpenReport, Vec<Record>), JournalError> {
    open_as(disk, KIND, SEGMENT_BYTES)
}

fn open_as(
    disk: impl Disk,
    kind: Kind,
    segment_bytes: u64,
) -> Result<(Journal, OpenReport, Vec<Record>), JournalError> {
    let mut records = Vec::new();
    let (journal, report) = Journal::open_sized(Box::new(disk), kind, segment_bytes, &mut |record| {
        records.push(record);
        Ok::<(), String>(())
    })?;
    Ok((journal, report, records))
}

fn one(text: &str) -> Vec<Vec<u8>> {
    vec![text.as_bytes().to_vec()]
}

/// A journal of some groups of one record, with as many files.
fn sample(groups: u64) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(disk.clone()).expect("an empty journal");
    for group in 0..groups {
        let payload = one(&format!("group {group}"));
        journal.append_group(Timestamp(100 + group), &payload).expect("a working disk");
    }
    disk
}

fn damage_of(disk: MemoryDisk) -> (String, u64, String) {
    match open(disk) {
        Err(JournalError::Damaged { file, position, why, .. }) => (file, position, why),
        other => panic!("no damage: {other:?}"),
    }
}

fn files(folder: &Path) -> Vec<String> {
    let disk = FileDisk::read_only(folder).expect("a folder");
    let mut names = disk.list().expect("a folder");
    names.sort();
    names
}

#[test]
fn real_files_are_read_back_and_gone_on_with() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("new/journal");
    let mut expected = Vec::new();
    for life in 0..4u64 {
        let disk = FileDisk::open(&folder).expect("a folder");
        let (mut journal, report, records) = open_as(disk, KIND, 20_000).expect("a good journal");
        let payloads: Vec<_> = records.iter().map(|record| record.payload.clone()).collect();
        assert_eq!(payloads, expected);
        assert!(report.repairs.is_empty() && report.dropped_bytes == 0);
        assert_eq!(report.records, life * 3);
        let group = vec![vec![life as u8; 5_000], Vec::new(), vec![1]];
        let appended = journal.append_group(Timestamp(50), &group).expect("a working disk");
        assert_eq!(appended.positions, life * 3 + 1..life * 3 + 4);
        assert_eq!(appended.time_of(life * 3 + 3).map(|time| time.0), Some(52 + life * 3));
        assert_eq!(appended.time_of(life * 3 + 4), None);
        assert_eq!(journal.head(), appended.head);
        expected.extend(group);
    }
    assert_eq!(
        files(&folder),
        [
            "journal-00000000000000000001.log",
            "journal-00000000000000000004.log",
            "journal-00000000000000000007.log",
            "journal-00000000000000000010.log",
            "lock"
        ]
    );
}

#[test]
fn a_folder_has_one_writer_and_any_number_of_readers() {
    let root = tempfile::tempdir().expect("a folder");
    let disk = FileDisk::open(root.path()).expect("a folder");
    let second = FileDisk::open(root.path()).expect_err("a locked folder");
    assert_eq!(second.kind(), ErrorKind::WouldBlock);
    let (mut journal, _, _) = open(disk).expect("an empty journal");
    journal.append_group(Timestamp(1), &one("a")).expect("a working disk");
    let mut reader = FileDisk::read_only(root.path()).expect("a folder");
    let (head, _) = walk(&reader, KIND, &mut |_| Ok::<(), String>(())).expect("a good journal");
    assert_eq!(head, journal.head());
    for refused in [reader.write_at("x", 0, b"x"), reader.sync("x"), reader.truncate("x", 0)] {
        assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::PermissionDenied));
    }
    drop(journal);
    FileDisk::open(root.path()).expect("the lock goes with the journal");
}

#[test]
fn a_torn_tail_on_real_files_is_cut_off() {
    let root = tempfile::tempdir().expect("a folder");
    let disk = FileDisk::open(root.path()).expect("a folder");
    let (mut journal, _, _) = open_as(disk, KIND, 1 << 20).expect("an empty journal");
    journal.append_group(Timestamp(1), &one("a")).expect("a working disk");
    drop(journal);
    let path = root.path().join("journal-00000000000000000001.log");
    let mut bytes = fs::read(&path).expect("the segment");
    let whole = bytes.len();
    bytes.extend_from_slice(&[7; 1_000]);
    bytes[8192] ^= 1;
    fs::write(&path, &bytes).expect("a write");
    let disk = FileDisk::open(root.path()).expect("a folder");
    let (_, report, records) = open_as(disk, KIND, 1 << 20).expect("a good journal");
    assert_eq!((report.dropped_bytes, report.repairs.len(), records.len()), (1_000, 1, 1));
    let mended = fs::read(&path).expect("the segment");
    bytes[8192] ^= 1;
    assert!(mended == bytes[..whole]);
}

#[test]
fn after_an_error_everything_is_refused() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(disk.clone()).expect("an empty journal");
    let first = journal.append_group(Timestamp(1), &one("a")).expect("a working disk");
    disk.fail_after(1);
    let failed = journal.append_group(Timestamp(2), &one("b"));
    assert!(matches!(failed, Err(JournalError::Io { .. })), "{failed:?}");
    let after = journal.append_group(Timestamp(3), &one("c"));
    assert!(matches!(after, Err(JournalError::Poisoned)), "{after:?}");
    assert_eq!(journal.head(), first.head);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_journal_for_good() {
    let root = tempfile::tempdir().expect("a folder");
    let disk = FileDisk::open(root.path()).expect("a folder");
    let (mut journal, _, _) = open(disk).expect("an empty journal");
    let first = root.path().join("journal-00000000000000000001.log");
    std::os::unix::fs::symlink("/dev/full", &first).expect("a link");
    let failed = journal.append_group(Timestamp(1), &one("a"));
    assert!(
        matches!(&failed, Err(JournalError::Io { source, .. }) if source.kind() == ErrorKind::StorageFull),
        "{failed:?}"
    );
    fs::remove_file(&first).expect("a removal");
    let after = journal.append_group(Timestamp(1), &one("a"));
    assert!(matches!(after, Err(JournalError::Poisoned)), "{after:?}");
}

#[test]
fn limits_refuse_a_group_and_nothing_else() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(disk.clone()).expect("an empty journal");
    let payload = vec![0; MAX_PAYLOAD_BYTES + 1];
    let large = journal.append_group(Timestamp(1), &[payload]);
    assert!(matches!(large, Err(JournalError::TooLarge { .. })), "{large:?}");
    let empty = journal.append_group(Timestamp(1), &[]);
    assert!(matches!(empty, Err(JournalError::EmptyGroup)), "{empty:?}");
    let end = journal.append_group(Timestamp(u64::MAX), &[Vec::new(), Vec::new()]);
    assert!(matches!(end, Err(JournalError::Exhausted)), "{end:?}");
    assert_eq!(disk.list().expect("a disk"), [""; 0]);
    let fitting = vec![vec![3; MAX_PAYLOAD_BYTES]];
    journal.append_group(Timestamp(1), &fitting).expect("a working disk");
    let (_, _, records) = open(disk).expect("a good journal");
    assert_eq!(records.first().map(|record| &record.payload), fitting.first());
}

#[test]
fn another_daemon_and_another_version_are_named() {
    let disk = sample(2);
    let other = open_as(disk.clone(), Kind(b"ELSE"), SEGMENT_BYTES);
    assert!(matches!(other, Err(JournalError::Kind { found, .. }) if found == *b"TEST"), "{other:?}");
    let mut newer = disk;
    let name = newer.list().expect("a disk").remove(0);
    let mut block = newer.read(&name).expect("a segment")[..4096].to_vec();
    block[8] = 2;
    let crc = crc32fast::hash(&block[..4092]);
    block[4092..].copy_from_slice(&crc.to_le_bytes());
    newer.write_at(&name, 0, &block).expect("a working disk");
    newer.write_at(&name, 4096, &block).expect("a working disk");
    let other = open(newer);
    assert!(matches!(other, Err(JournalError::Version { found: 2, supported: 1, .. })), "{other:?}");
}

#[test]
fn files_that_are_missing_doubled_or_foreign_are_damage() {
    let names = sample(4).list().expect("a disk");
    for (index, name) in names.iter().enumerate().take(3) {
        let disk = sample(4);
        assert!(disk.remove(name));
        let (_, position, why) = damage_of(disk);
        assert_eq!((position, why.contains("missing")), (index as u64 + 1, true), "{why}");
    }
    let disk = sample(4);
    let third = disk.read(&names[2]).expect("a segment");
    for name in ["journal-00000000000000000005.log", "journal-3.log"] {
        let mut doubled = disk.power_cut(0);
        doubled.write_at(name, 0, &third).expect("a working disk");
        assert_eq!(damage_of(doubled).0, name);
    }
    // The same places of another journal: its mark and its chain are different.
    let mut mixed = sample(4);
    mixed.write_at(&names[2], 0, &sample(4).read(&names[2]).expect("a segment")).expect("a disk");
    assert_eq!(damage_of(mixed).1, 3);
}

#[test]
fn a_closed_file_without_its_end_is_damage() {
    for length in [0, 4096, 8192, 8192 + 100] {
        let mut disk = sample(3);
        let name = disk.list().expect("a disk").remove(1);
        disk.truncate(&name, length).expect("a working disk");
        let (file, position, _) = damage_of(disk);
        assert_eq!((file, position), (name, 2));
    }
}

#[test]
fn what_a_client_puts_into_a_payload_never_passes_for_a_frame() {
    // The payload holds frames of another journal at every block, and then the write is torn.
    let name = "journal-00000000000000000001.log";
    let source = sample(1).read(name).expect("a segment");
    let frame = &source[8192..8192 + 4096];
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open_as(disk.clone(), KIND, 1 << 30).expect("an empty journal");
    journal.append_group(Timestamp(1), &one("a")).expect("a working disk");
    let start = disk.read(name).expect("a segment").len();
    let mut payload = vec![0; 4096 - 128 - 12];
    for _ in 0..8 {
        payload.extend_from_slice(frame);
    }
    journal.append_group(Timestamp(2), &[payload]).expect("a working disk");
    let whole = disk.read(name).expect("a segment");
    assert_eq!(whole[start + 4096..start + 4096 + 8], *b"KSJFRAME");
    let mut torn = disk;
    let half = (whole.len() - start) / 2;
    torn.write_at(name, start as u64, &[0; 4096]).expect("a disk");
    torn.write_at(name, (start + half) as u64, &[0; 4096]).expect("a disk");
    let (_, report, records) = open_as(torn, KIND, 1 << 30).expect("only an unfinished write");
    assert_eq!(records.len(), 1);
    assert_eq!(report.dropped_bytes, (whole.len() - start) as u64);
}

#[test]
fn who_reads_the_records_may_refuse_one() {
    let refused = Journal::open(Box::new(sample(3)), KIND, &mut |record| {
        if record.position == 2 { Err("no such thing") } else { Ok(()) }
    });
    assert!(matches!(refused, Err(JournalError::Refused { position: 2, .. })), "{refused:?}");
}
