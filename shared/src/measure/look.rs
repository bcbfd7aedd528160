//! What a daemon finds when it looks at itself once a second: its process, its disk, its nodes and its
//! backups. All of it is read beside the books, and none of it is counted where things happen.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Count, Gauge, Registry};
use crate::backup::schedule::Board;
use crate::exchange::Roster;
use crate::operator::Endpoint;
use crate::operator::nodes::Nodes;
use crate::time::Timestamp;
use crate::trace;

/// Most files of a journal's folder that are looked at.
const MAX_FILES: usize = 4_096;
/// How many seconds pass between two looks at the disk, which cost more than all others.
const DISK_EVERY: u64 = 5;
/// The size of a page of memory, in bytes, in which Linux counts what is resident.
const PAGE_BYTES: i64 = 4_096;

/// The gauges that are gathered in one second.
pub type Gauges = Vec<(Gauge, i64)>;

/// A gauge of something that is counted without a sign.
pub fn gauge(figure: Gauge, value: u64) -> (Gauge, i64) {
    (figure, i64::try_from(value).unwrap_or(i64::MAX))
}

/// Looks at a process and the disk that it writes to.
pub struct Machine {
    journal: PathBuf,
    begun: Instant,
    looks: u64,
    disk: Gauges,
}

impl Machine {
    /// Of a daemon with this data folder, whose start is now.
    pub fn of(data: &Path) -> Self {
        Self { journal: data.join("journal"), begun: Instant::now(), looks: 0, disk: Vec::new() }
    }

    /// A few system calls; what cannot be read is left out.
    pub fn look(&mut self) -> Gauges {
        if self.looks.is_multiple_of(DISK_EVERY) {
            self.disk = disk(&self.journal);
        }
        self.looks += 1;
        let mut gauges = self.disk.clone();
        gauges.push(gauge(Gauge::UptimeSeconds, self.begun.elapsed().as_secs()));
        gauges.extend(resident().map(|bytes| (Gauge::ResidentBytes, bytes)));
        gauges
    }
}

fn disk(journal: &Path) -> Gauges {
    let files = std::fs::read_dir(journal).into_iter().flatten().take(MAX_FILES);
    // One that was deleted meanwhile takes no room.
    let bytes = files.filter_map(|file| file.ok()?.metadata().ok()).map(|meta| meta.len()).sum();
    let mut gauges = vec![gauge(Gauge::JournalBytes, bytes)];
    if let Ok(found) = rustix::fs::statvfs(journal) {
        gauges.push(gauge(Gauge::FreeBytes, found.f_bavail.saturating_mul(found.f_frsize)));
        gauges.push(gauge(Gauge::DiskBytes, found.f_blocks.saturating_mul(found.f_frsize)));
    }
    gauges
}

fn resident() -> Option<i64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    pages.split(' ').nth(1)?.parse::<i64>().ok()?.checked_mul(PAGE_BYTES)
}

/// Who is and was at an endpoint, and what it did not take on besides what stood before it.
pub fn endpoint(registry: &Registry, endpoint: Endpoint, roster: &Roster, before: u64) -> (Gauge, i64) {
    let came = roster.came();
    registry.counted(Count::Connected(endpoint), came.connected);
    registry.counted(Count::Refused(endpoint), came.refused);
    registry.counted(Count::Revoked(endpoint), came.revoked);
    registry.counted(Count::Flooded(endpoint), roster.turned_away().flooded() + before);
    gauge(Gauge::Peers(endpoint), roster.len() as u64)
}

/// How a node stands to the others.
pub fn nodes(nodes: &Nodes) -> Gauges {
    let mut gauges = vec![
        gauge(Gauge::Position, nodes.position),
        gauge(Gauge::Epoch, nodes.epoch.0),
        gauge(Gauge::InCharge, nodes.in_charge.into()),
        gauge(Gauge::Standbys, nodes.standbys.iter().filter(|row| row.connected).count() as u64),
    ];
    let lags = nodes.standbys.iter().map(|row| (row.lag_records, Some(row.lag_ms)));
    let own = nodes.follows.iter().map(|follows| (follows.lag_records, follows.lag_ms));
    if let Some((records, millis)) = lags.chain(own).max() {
        gauges.push(gauge(Gauge::LagRecords, records));
        gauges.extend(millis.map(|millis| gauge(Gauge::LagMillis, millis)));
    }
    gauges
}

/// What became of the spans of purchases, where they are traced.
pub fn traces(registry: &Registry) {
    if let Some((sent, dropped)) = trace::counts() {
        registry.counted(Count::SpansSent, sent);
        registry.counted(Count::SpansDropped, dropped);
    }
}

/// How the backups are doing that a daemon makes by itself; nothing where it makes none.
pub fn backups(board: &Board, now: Timestamp) -> Gauges {
    let last = board.read().and_then(|progress| progress.last).map(|last| last.at);
    let ages = [(Gauge::BackupSeconds, last), (Gauge::VerifiedSeconds, board.verified())];
    let age = |at: Timestamp| now.0.saturating_sub(at.0) / 1_000_000;
    ages.into_iter().filter_map(|(figure, at)| Some(gauge(figure, age(at?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_says_what_its_files_take() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("journal")).expect("a folder");
        std::fs::write(folder.path().join("journal/one"), [0; 5_000]).expect("a file");
        std::fs::write(folder.path().join("journal/two"), [0; 300]).expect("a file");
        let mut machine = Machine::of(folder.path());
        let found = machine.look();
        let of = |figure| found.iter().find(|(gauge, _)| *gauge == figure).map(|(_, value)| *value);
        assert_eq!(of(Gauge::JournalBytes), Some(5_300));
        assert!(of(Gauge::FreeBytes).is_some_and(|bytes| bytes > 0));
        assert!(of(Gauge::DiskBytes) >= of(Gauge::FreeBytes));
        assert!(of(Gauge::ResidentBytes).is_some_and(|bytes| bytes > 1 << 20));
    }
}
