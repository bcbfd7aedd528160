//! What a run wrote into a journal, counted from the journal itself: a group is one write and one sync.

use std::path::{Path, PathBuf};

use kessai_shared::console::Failure;
use kessai_shared::journal::{Kind, group_bytes};
use kessai_shared::store::{self, Books, Fault};
use kessai_shared::time::Timestamp;
use serde::Serialize;

use super::disk::{self, Disk};

/// The journal of one daemon.
pub struct Journal {
    data: PathBuf,
    kind: Kind,
    live: fn(&Path, Kind) -> Result<u64, Fault>,
}

/// Groups that were written in some span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Groups {
    pub groups: u64,
    pub records: u64,
    /// Records of the largest group.
    pub largest: u64,
    /// What the daemon wrote into the records, without frames, padding and copies.
    pub payload_bytes: u64,
    /// What the groups take on the disk, with frames, padding and copies.
    pub disk_bytes: u64,
    /// The part of the span that is still there as groups, from 0 to 1: what a checkpoint stands for is
    /// not.
    pub seen: f64,
}

/// From when to when.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Journal {
    /// The journal in a daemon's data folder.
    pub fn of<B: Books>(data: &Path, kind: Kind) -> Self {
        Self { data: data.to_owned(), kind, live: live::<B> }
    }

    /// What the whole data folder takes on the disk, and how much of that is live. The daemon is stopped.
    ///
    /// # Errors
    /// [`Failure`] when the data folder cannot be read.
    pub fn disk(&self) -> Result<Disk, Failure> {
        let disk_bytes = disk::taken(&self.data)?;
        let live_bytes = (self.live)(&self.data, self.kind)?;
        Ok(Disk { disk_bytes, live_bytes })
    }

    /// The groups of each span, as far as they are behind the last checkpoint. Nobody may be writing.
    ///
    /// # Errors
    /// [`Failure`] when the journal cannot be read.
    pub fn groups(&self, spans: &[Span]) -> Result<Vec<Groups>, Failure> {
        let mut counts = vec![Groups::default(); spans.len()];
        let (mut records, mut bytes) = (0, 0);
        let begin = store::records(&self.data, self.kind, |record| {
            records += 1;
            bytes += record.payload.len() as u64;
            if record.ends_group {
                let within = |span: &Span| (span.from..span.to).contains(&record.time);
                if let Some(groups) = spans.iter().position(within).and_then(|at| counts.get_mut(at)) {
                    groups.add(records, bytes);
                }
                (records, bytes) = (0, 0);
            }
        })?;
        for (groups, Span { from, to }) in counts.iter_mut().zip(spans) {
            let (all, lost) = (to.0.saturating_sub(from.0), begin.time.0.saturating_sub(from.0));
            groups.seen = 1.0 - (lost as f64 / all.max(1) as f64).min(1.0);
        }
        Ok(counts)
    }
}

impl Groups {
    fn add(&mut self, records: u64, payload_bytes: u64) {
        self.groups += 1;
        self.records += records;
        self.largest = self.largest.max(records);
        self.payload_bytes += payload_bytes;
        self.disk_bytes += group_bytes(records, payload_bytes);
    }

    pub fn mean(&self) -> f64 {
        self.records as f64 / self.groups.max(1) as f64
    }
}

fn live<B: Books>(data: &Path, kind: Kind) -> Result<u64, Fault> {
    let (books, _) = store::walk::<B>(data, kind, |_, _, _| {})?;
    Ok(store::live_bytes(&books))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use kessai_server::sales::Books;
    use kessai_shared::journal::{BLOCK_BYTES, FileDisk};

    use super::*;

    #[test]
    fn groups_are_those_of_the_span() {
        let folder = tempfile::tempdir().expect("a folder");
        let (journal, kind) = (Journal::of::<Books>(folder.path(), Kind(b"TEST")), Kind(b"TEST"));
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
        let pages = |count: u64| count * 2 * BLOCK_BYTES as u64;
        let groups = |groups, records, largest| Groups {
            groups,
            records,
            largest,
            payload_bytes: 50 * records,
            disk_bytes: pages(groups),
            seen: 1.0,
        };
        assert_eq!(found, [groups(2, 5, 3), groups(1, 7, 7)]);
        assert_eq!(found[0].mean(), 2.5);
        // A journal writes as much as is counted, besides the header of its segment.
        let files = std::fs::read_dir(folder.path().join("journal")).expect("a folder");
        let sizes = files.map(|file| file.expect("a file").metadata().expect("a file").len());
        assert_eq!(sizes.sum::<u64>(), pages(4 + 1));
    }
}
