//! Buffers as the kernel fills them, with segments joined, and what is left of them.

use std::io::IoSliceMut;

use proptest::prelude::*;
use quinn::udp::RecvMeta;

use super::super::filter::sift;
use super::address;

/// A buffer: the length of its segments, how many whole ones, the length of a last shorter one, and
/// which of them are heard.
type Batch = (usize, usize, usize, Vec<bool>);

fn batch() -> impl Strategy<Value = Batch> {
    (1_usize..40, 0_usize..8, prop::collection::vec(any::<bool>(), 9)).prop_flat_map(
        |(stride, whole, heard)| (0..stride).prop_map(move |last| (stride, whole, last, heard.clone())),
    )
}

/// The segments of a buffer, each filled with a number of its own.
fn segments(nth: usize, (stride, whole, last, _): &Batch) -> Vec<Vec<u8>> {
    let lengths = std::iter::repeat_n(*stride, *whole).chain(Some(*last).filter(|last| *last > 0));
    lengths.enumerate().map(|(at, length)| vec![u8::try_from(10 * nth + at).unwrap(); length]).collect()
}

proptest! {
    #[test]
    fn what_is_heard_comes_through_whole_and_in_order(batches in prop::collection::vec(batch(), 0..12)) {
        let mut rooms: Vec<Vec<u8>> = Vec::new();
        let mut meta = Vec::new();
        let mut expected = Vec::new();
        for (nth, batch) in batches.iter().enumerate() {
            let all = segments(nth, batch);
            let mut room = all.concat();
            let port = u16::try_from(nth).unwrap();
            meta.push(RecvMeta { addr: address(port), len: room.len(), stride: batch.0, ..RecvMeta::default() });
            room.resize(400, 0xff);
            rooms.push(room);
            let heard = all.into_iter().zip(&batch.3).filter(|(_, heard)| **heard);
            expected.extend(heard.map(|(segment, _)| (port, segment)));
        }
        let mut buffers: Vec<_> = rooms.iter_mut().map(|room| IoSliceMut::new(room)).collect();
        let filled = meta.len();
        let mut empty = 0;
        let kept = sift(&mut buffers, &mut meta, filled, |segment, _| match segment.first() {
            Some(number) => batches[usize::from(number / 10)].3[usize::from(number % 10)],
            None => {
                empty += 1;
                false
            }
        });
        // Read as the endpoint reads it.
        let mut found = Vec::new();
        for (meta, buffer) in meta.iter().zip(&buffers).take(kept) {
            prop_assert!(meta.len > 0);
            found.extend(buffer[..meta.len].chunks(meta.stride).map(|s| (meta.addr.port(), s.to_vec())));
        }
        prop_assert_eq!(found, expected);
        prop_assert_eq!(empty, batches.iter().filter(|(_, whole, last, _)| whole + last == 0).count());
    }
}

#[test]
fn a_kernel_that_tells_nonsense_does_no_harm() {
    let mut room = [[1_u8; 8], [2; 8]];
    let [one, two] = &mut room;
    let mut buffers = [IoSliceMut::new(one), IoSliceMut::new(two)];
    let nonsense = RecvMeta { len: 100, stride: 0, addr: address(1), ..RecvMeta::default() };
    let mut meta = [nonsense, RecvMeta { len: 3, stride: 100, ..nonsense }];
    assert_eq!(sift(&mut buffers, &mut meta, 9, |_, _| true), 2);
    assert_eq!((meta[0].len, meta[1].len), (8, 3));
}
