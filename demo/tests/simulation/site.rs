//! One simulated machine that runs a daemon: its disk, its clock, and how it dies.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use kessai_shared::journal::MemoryDisk;
use kessai_shared::time::Timestamp;
use kessai_shared::writer::Clock;

/// 2026-11-22 00:00:00 UTC, when every simulation begins, in microseconds.
const EPOCH: u64 = 1_795_305_600_000_000;

/// What the journal's disk looks like after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskAfter {
    /// Only what was synced is sure to be there.
    PowerCut(u64),
    /// All that was written is there, and some of it is still not durable.
    ProcessDeath,
}

/// What becomes of the shelf, which may be thrown away at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShelfAfter {
    Kept,
    Deleted,
    /// As it was after an earlier crash.
    Older,
}

pub struct Site {
    pub name: &'static str,
    pub data: PathBuf,
    disk: Mutex<MemoryDisk>,
    /// How far the clock is from the true time, in microseconds.
    offset: AtomicI64,
    /// How the daemon ended by itself, if it did.
    death: Mutex<Option<String>>,
}

impl Site {
    pub fn new(name: &'static str, data: PathBuf, disk: MemoryDisk) -> Arc<Self> {
        let (disk, death) = (Mutex::new(disk), Mutex::new(None));
        Arc::new(Self { name, data, disk, offset: AtomicI64::new(0), death })
    }

    pub fn disk(&self) -> MemoryDisk {
        self.disk.lock().unwrap().clone()
    }

    /// Everything written so far, readable even when the daemon's own view of the disk has failed.
    pub fn written(&self) -> MemoryDisk {
        self.disk().process_death()
    }

    pub fn clock(self: &Arc<Self>) -> Clock {
        let site = Arc::clone(self);
        Arc::new(move || Timestamp(now().0.saturating_add_signed(site.offset.load(Ordering::Relaxed))))
    }

    pub fn jump(&self, seconds: i64) {
        self.offset.store(seconds * 1_000_000, Ordering::Relaxed);
    }

    pub fn died(&self, end: Result<(), String>) {
        *self.death.lock().unwrap() = Some(end.err().unwrap_or_else(|| "stopped unasked".to_owned()));
    }

    pub fn death(&self) -> Option<String> {
        self.death.lock().unwrap().clone()
    }

    /// Makes the site ready for the next start. Nothing may be running on it.
    pub fn recover(&self, disk: DiskAfter, shelf: ShelfAfter) {
        *self.death.lock().unwrap() = None;
        let mut current = self.disk.lock().unwrap();
        let next = match disk {
            DiskAfter::PowerCut(seed) => current.power_cut(seed),
            DiskAfter::ProcessDeath => current.process_death(),
        };
        *current = next;
        let (shelf_path, older) = (self.data.join("shelf"), self.data.join("older-shelf"));
        match shelf {
            ShelfAfter::Kept => {}
            ShelfAfter::Deleted => drop(std::fs::remove_dir_all(&shelf_path)),
            ShelfAfter::Older if older.is_dir() => {
                drop(std::fs::remove_dir_all(&shelf_path));
                copy(&older, &shelf_path);
            }
            ShelfAfter::Older => {}
        }
        if !older.is_dir() && shelf_path.is_dir() {
            copy(&shelf_path, &older);
        }
    }
}

/// The true time of the simulation, on whichever host it is asked.
pub fn now() -> Timestamp {
    let elapsed = turmoil::sim_elapsed().unwrap_or_default();
    Timestamp(EPOCH + u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
