//! What a run wrote into a journal, counted from the journal itself: a group is one write and one sync.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use kessai_shared::console::Failure;
use kessai_shared::journal::{self, BLOCK_BYTES, FileDisk, Kind, Record};
use kessai_shared::shelf::Shelf;
use kessai_shared::time::Timestamp;
use serde::Serialize;

use super::disk::{self, Disk};

/// The journal of one daemon.
pub struct Journal {
    data: PathBuf,
    folder: PathBuf,
    kind: Kind,
}

/// Groups that were written in some span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Groups {
    pub groups: u64,
    pub records: u64,
    /// Records of the largest group.
    pub largest: u64,
    /// What the daemon wrote into the records, without frames, padding and copies.
    pub payload_bytes: u64,
}

/// From when to when.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Journal {
    /// The journal in a daemon's data folder.
    pub fn of(data: &Path, kind: Kind) -> Self {
        Self { data: data.to_owned(), folder: data.join("journal"), kind }
    }

    /// How much of the files is written, in bytes: what is only set aside for later does not count.
    ///
    /// # Errors
    /// Whatever the operating system reports.
    pub fn bytes(&self) -> io::Result<u64> {
        let mut sum = 0;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                sum += written(&File::open(entry.path())?)?;
            }
        }
        Ok(sum)
    }

    /// What the whole data folder takes on the disk, and how much of that is live. The daemon is stopped.
    ///
    /// # Errors
    /// [`Failure`] when the data folder cannot be read.
    pub fn disk(&self) -> Result<Disk, Failure> {
        let disk_bytes = disk::taken(&self.data)?;
        let mut each = |_| Ok::<(), Infallible>(());
        let (head, _) = journal::walk(&FileDisk::read_only(&self.folder)?, self.kind, &mut each)?;
        let known = |position| (position == head.position).then_some(head.hash);
        let shelf = Shelf::open(&self.data.join("shelf"), known).map_err(Failure::failed)?;
        let mut live_bytes = 0;
        for row in shelf.scan_prefix(&[]) {
            let (key, row) = row?;
            live_bytes += (key.len() + row.len()) as u64;
        }
        shelf.close()?;
        Ok(Disk { disk_bytes, live_bytes })
    }

    /// The groups of each span. Nobody may be writing.
    ///
    /// # Errors
    /// [`Failure`] when the journal cannot be read.
    pub fn groups(&self, spans: &[Span]) -> Result<Vec<Groups>, Failure> {
        let mut counts = vec![Groups::default(); spans.len()];
        let (mut records, mut bytes) = (0, 0);
        let mut each = |record: Record| {
            records += 1;
            bytes += record.payload.len() as u64;
            if record.ends_group {
                let within = |span: &Span| (span.from..span.to).contains(&record.time);
                if let Some(groups) = spans.iter().position(within).and_then(|at| counts.get_mut(at)) {
                    groups.add(records, bytes);
                }
                (records, bytes) = (0, 0);
            }
            Ok::<(), Infallible>(())
        };
        journal::walk(&FileDisk::read_only(&self.folder)?, self.kind, &mut each)?;
        Ok(counts)
    }
}

impl Groups {
    fn add(&mut self, records: u64, payload_bytes: u64) {
        self.groups += 1;
        self.records += records;
        self.largest = self.largest.max(records);
        self.payload_bytes += payload_bytes;
    }

    pub fn mean(&self) -> f64 {
        self.records as f64 / self.groups.max(1) as f64
    }
}

/// The length of a file up to its last block that is not all zeros.
fn written(file: &File) -> io::Result<u64> {
    let block = BLOCK_BYTES as u64;
    let mut end = file.metadata()?.len();
    let mut bytes = vec![0; BLOCK_BYTES];
    while end > 0 {
        let start = (end - 1) / block * block;
        let part = &mut bytes[..usize::try_from(end - start).unwrap_or(BLOCK_BYTES)];
        file.read_exact_at(part, start)?;
        if part.iter().any(|byte| *byte != 0) {
            break;
        }
        end = start;
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn space_that_is_only_set_aside_does_not_count() {
        let length = |parts: &[(u8, usize)]| {
            let mut file = tempfile::tempfile().expect("a file");
            parts.iter().for_each(|(byte, count)| file.write_all(&vec![*byte; *count]).expect("written"));
            written(&file).expect("read")
        };
        assert_eq!(length(&[]), 0);
        assert_eq!(length(&[(0, 3 * BLOCK_BYTES)]), 0);
        // A frame ends with the padding of its last block, which is a part of what was written.
        assert_eq!(length(&[(1, 10), (0, BLOCK_BYTES - 10), (0, 5 * BLOCK_BYTES)]), BLOCK_BYTES as u64);
        assert_eq!(length(&[(0, BLOCK_BYTES), (1, 7)]), BLOCK_BYTES as u64 + 7);
    }

    #[test]
    fn groups_are_those_of_the_span() {
        let folder = tempfile::tempdir().expect("a folder");
        let (journal, kind) = (Journal::of(folder.path(), Kind(b"TEST")), Kind(b"TEST"));
        let disk = FileDisk::open(&folder.path().join("journal")).expect("a disk");
        let mut each = |_| Ok::<(), Infallible>(());
        let (mut open, _) =
            kessai_shared::journal::Journal::open(Box::new(disk), kind, &mut each).expect("a new journal");
        let mut append = |count: usize, at: u64| {
            open.append_group(Timestamp(at), &vec![vec![1_u8; 50]; count]).expect("appended");
        };
        append(1, 1_000);
        append(3, 2_000);
        append(2, 2_500);
        append(7, 3_000);
        let span = |from, to| Span { from: Timestamp(from), to: Timestamp(to) };
        let found = journal.groups(&[span(2_000, 3_000), span(3_000, 9_000)]).expect("readable");
        let first = Groups { groups: 2, records: 5, largest: 3, payload_bytes: 250 };
        assert_eq!(found, [first, Groups { groups: 1, records: 7, largest: 7, payload_bytes: 350 }]);
        assert_eq!(first.mean(), 2.5);
        assert!(journal.bytes().expect("readable") >= 5 * 2 * BLOCK_BYTES as u64);
    }
}
