use super::super::pending::Pending;
use super::*;

/// The frame of two records at positions 3 and 4. If this test fails, journals on disk can no
/// longer be read, and `FORMAT_VERSION` has to rise.
const GOLDEN: &str = concat!(
    "4b534a4652414d45abababababababababababababababab0100010002000000",
    "1e0000004f82fe3b030000000000000007070707070707070707070707070707",
    "070707070707070707070707070707078712d7b3d1e48d1d15014f30dd4a407a",
    "8d11e9881136f9a2d576b10d42013de6000000000000000000000000f60df62e",
    "d007000000000000050000006669727374d1070000000000000100000032",
);

fn before() -> Head {
    Head { position: 2, time: Timestamp(1_000), hash: Hash([7; 32]) }
}

fn sample() -> (Vec<u8>, Head) {
    let payloads = [b"first".to_vec(), b"2".to_vec()];
    encode(Mark([0xab; 16]), &before(), Timestamp(2_000), &payloads).expect("small numbers")
}

fn encode(mark: Mark, head: &Head, first_time: Timestamp, payloads: &[Vec<u8>]) -> Option<(Vec<u8>, Head)> {
    let mut pending = Pending::default();
    for payload in payloads {
        pending.push(head, first_time, |bytes| bytes.extend_from_slice(payload)).ok()?;
    }
    let bytes = pending.seal(head, mark, None).expect("small numbers").to_vec();
    let (frame, copy) = bytes.split_at(bytes.len() / 2);
    assert_eq!(frame, copy);
    Some((frame.to_vec(), pending.after(head)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bytes_of_a_frame_stay_the_same() {
    let (frame, _) = sample();
    let (content, padding) = frame.split_at(FRAME_HEADER_BYTES + 30);
    assert_eq!(hex(content), GOLDEN);
    assert_eq!(frame.len(), BLOCK_BYTES);
    assert!(padding.iter().all(|byte| *byte == 0));
}

#[test]
fn a_frame_gives_back_what_went_in() {
    let (frame, after) = sample();
    let header = FrameHeader::read(&frame, 0).expect("a good header");
    let group = decode(&frame, 0, &header, &before()).expect("a good group");
    let read: Vec<_> =
        group.records.iter().map(|record| (record.position, record.time.0, record.payload.clone())).collect();
    let expected = [(3, 2_000, b"first".to_vec()), (4, 2_001, b"2".to_vec())];
    assert_eq!(read, expected);
    assert_eq!(group.head, after);
    assert_eq!(group.records.last().map(|record| record.hash), Some(after.hash));
}

#[test]
fn every_flipped_bit_of_a_frame_is_noticed() {
    let (frame, _) = sample();
    for bit in 0..frame.len() * 8 {
        let mut bad = frame.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let read = FrameHeader::read(&bad, 0).and_then(|header| decode(&bad, 0, &header, &before()));
        assert_eq!(read, None, "bit {bit}");
    }
}

#[test]
fn a_frame_follows_only_its_own_chain_and_time() {
    let (frame, _) = sample();
    let header = FrameHeader::read(&frame, 0).expect("a good header");
    let mut other = before();
    other.hash = Hash([8; 32]);
    assert_eq!(decode(&frame, 0, &header, &other), None);
    let mut later = before();
    later.time = Timestamp(2_000);
    assert_eq!(decode(&frame, 0, &header, &later), None);
}

proptest::proptest! {
    #[test]
    fn any_bytes_can_be_read_without_panic(bytes in proptest::collection::vec(0u8.., 0..400), offset in 0usize..500) {
        let mut bytes = bytes;
        let read = FrameHeader::read(&bytes, offset);
        proptest::prop_assert!(read.is_none());
        // With the body checksum made right, the records themselves are what is random.
        let mut header = FrameHeader::read(&sample().0, 0).expect("a good header");
        header.body_bytes = bytes.len() as u32;
        bytes.splice(0..0, [0; FRAME_HEADER_BYTES]);
        bytes.resize(BLOCK_BYTES, 0);
        header.body_crc = crc32fast::hash(&bytes[FRAME_HEADER_BYTES..]);
        proptest::prop_assert_eq!(decode(&bytes, 0, &header, &before()), None);
    }
}
