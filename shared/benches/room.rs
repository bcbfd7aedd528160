//! What making a group durable costs, with and without room made ahead of the journal's end:
//! `cargo bench -p kessai-shared --bench room`. Medians in microseconds of groups written in turn, on
//! the disk of the temporary folder; the last column compares with the journal that grows.

use std::time::Instant;

use kessai_shared::journal::{FileDisk, Journal, Kind, Layout, Record, SEGMENT_BYTES, Start, prove};
use kessai_shared::time::Timestamp;

const KIND: Kind = Kind(b"TEST");
const GROUPS: usize = 2_000;
const PAYLOAD_BYTES: usize = 400;

fn main() {
    println!("{:<10} {:<14} {:>8} {:>8} {:>8}", "records", "room", "p50", "p99", "ratio");
    for records in [1, 64, 1_024] {
        let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let mut journals = [false, true].map(|ahead| {
            let folder = folders[usize::from(ahead)].path().join("journal");
            let disk = FileDisk::open(&folder).expect("a folder");
            let mut each = |_: Record| -> Result<(), String> { Ok(()) };
            let found = prove(&disk, KIND, Start::default(), &mut each).expect("an empty journal");
            let layout = Layout { segment_bytes: SEGMENT_BYTES, ahead };
            (Journal::resume(Box::new(disk), KIND, layout, found).expect("a journal").0, Vec::new())
        });
        // Interleaved, so that whatever else the machine does falls on both.
        for group in 0..GROUPS * 16 / (16 + records / 16) {
            for (journal, times) in &mut journals {
                let start = Instant::now();
                for _ in 0..records {
                    let write = |bytes: &mut Vec<u8>| bytes.extend_from_slice(&[7; PAYLOAD_BYTES]);
                    journal.push(Timestamp(group as u64), write).expect("a small record");
                }
                journal.commit().expect("a disk that works");
                times.push(start.elapsed().as_secs_f64() * 1e6);
            }
        }
        let [grows, ahead] = journals.map(|(_, mut times)| {
            times.sort_by(f64::total_cmp);
            (times[times.len() / 2], times[times.len() * 99 / 100])
        });
        for (name, (median, late)) in [("grows", grows), ("made ahead", ahead)] {
            println!("{records:<10} {name:<14} {median:>8.1} {late:>8.1} {:>8.2}", median / grows.0);
        }
    }
}
