use super::*;
use crate::time::Timestamp;

/// The header of a segment that starts at position 9, without its zeros. If this test fails,
/// journals on disk can no longer be read, and `FORMAT_VERSION` has to rise.
const GOLDEN: &str = concat!(
    "4b534a4f55524e4c0100000054455354cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
    "0900000000000000050505050505050505050505050505050505050505050505",
    "0505050505050505",
);
const GOLDEN_CRC: &str = "4f5ac15e";

fn sample() -> SegmentHeader {
    let head = Head { position: 8, time: Timestamp(1), hash: Hash([5; 32]) };
    SegmentHeader::following(&head, Kind(b"TEST"), Mark([0xcd; 16])).expect("small numbers")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bytes_of_a_header_stay_the_same() {
    let block = sample().encode();
    assert_eq!(block.len(), BLOCK_BYTES);
    assert_eq!(hex(&block[..72]), GOLDEN);
    assert!(block[72..BLOCK_BYTES - 4].iter().all(|byte| *byte == 0));
    assert_eq!(hex(&block[BLOCK_BYTES - 4..]), GOLDEN_CRC);
}

#[test]
fn a_header_gives_back_what_went_in_and_notices_every_bit() {
    let block = sample().encode();
    assert_eq!(SegmentHeader::read(&block, 0), Some(sample()));
    for bit in 0..block.len() * 8 {
        let mut bad = block.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(SegmentHeader::read(&bad, 0), None, "bit {bit}");
    }
}

#[test]
fn names_sort_by_position_and_nearly_right_ones_are_reported() {
    let names = vec![file_name(200), "lock".to_owned(), file_name(3)];
    let found = sorted(names).expect("good names");
    assert_eq!(found, [(3, file_name(3)), (200, file_name(200))]);
    for bad in ["journal-3.log", "journal-00000000000000000003 (1).log", "journal-x.log"] {
        assert!(sorted(vec![bad.to_owned()]).is_err(), "{bad}");
    }
}
