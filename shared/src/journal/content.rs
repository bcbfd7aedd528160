//! One file of a [`super::MemoryDisk`]: what is durable, what is not, and what becomes of it.

use std::collections::BTreeSet;
use std::mem::take;

use super::Dice;

/// The piece of a write that survives a power cut or not, independently of its neighbours.
const SECTOR_BYTES: usize = 512;
/// The piece in which an operating system keeps track of what it still has to write.
const PAGE_BYTES: usize = 4096;

/// A file.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// What a power cut cannot touch.
    synced: Vec<u8>,
    /// Whether the file itself is known to be in the folder.
    pub entered: bool,
    /// What reading gives.
    current: Vec<u8>,
    /// What happened since the last sync, in order.
    pending: Vec<Change>,
    /// Writes whose sync failed, page by page. As on Linux, a later sync passes over them unless
    /// their page was written again.
    forgotten: Vec<(usize, Vec<u8>)>,
}

/// How the sectors of one power cut fare, in percent; those neither kept nor dropped are torn or
/// have a bit flipped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    kept: usize,
    dropped: usize,
}

/// From everything kept to everything dropped, with much and little spoilt in between.
const FATES: [(usize, usize); 6] = [(100, 0), (97, 1), (80, 7), (25, 25), (0, 33), (0, 100)];

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Cut { length: usize },
}

impl Fate {
    pub(super) fn of(dice: &mut Dice) -> Self {
        let (kept, dropped) = FATES.get(dice.below(FATES.len())).copied().unwrap_or_default();
        Self { kept, dropped }
    }
}

impl Content {
    /// A file that is durable as it is.
    pub(super) fn durable(bytes: Vec<u8>) -> Self {
        Self { synced: bytes.clone(), entered: true, current: bytes, ..Self::default() }
    }

    pub(super) fn read(&self) -> Vec<u8> {
        self.current.clone()
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        overwrite(&mut self.current, offset, bytes);
        let bytes = bytes.to_vec();
        self.pending.push(Change::Write { offset, bytes });
    }

    pub(super) fn cut(&mut self, length: usize) {
        self.current.resize(length, 0);
        self.pending.push(Change::Cut { length });
    }

    /// A sync that worked.
    pub(super) fn sync(&mut self) {
        let mut written = BTreeSet::new();
        for change in take(&mut self.pending) {
            match change {
                Change::Cut { length } => {
                    self.synced.resize(length, 0);
                    self.forgotten.retain(|(offset, _)| *offset < length);
                }
                Change::Write { offset, bytes } => {
                    let end = offset + bytes.len();
                    written.extend(offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES));
                }
            }
        }
        self.synced.resize(self.current.len(), 0);
        for page in &written {
            let start = page * PAGE_BYTES;
            let end = (start + PAGE_BYTES).min(self.current.len());
            if let Some(bytes) = self.current.get(start..end) {
                overwrite(&mut self.synced, start, bytes);
            }
        }
        self.forgotten.retain(|(offset, _)| !written.contains(&(offset / PAGE_BYTES)));
        self.entered = true;
    }

    /// A sync that failed: some of it may be on the disk, and nobody will try again.
    pub(super) fn forget(&mut self) {
        for change in take(&mut self.pending) {
            match change {
                Change::Cut { length } => self.synced.resize(length, 0),
                Change::Write { offset, bytes } => {
                    pieces(offset, &bytes, PAGE_BYTES, |at, piece| {
                        self.forgotten.push((at, piece.to_vec()));
                    });
                }
            }
        }
    }

    /// What a power cut leaves, one sector at a time.
    pub(super) fn survive(&self, dice: &mut Dice, fate: Fate) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for (offset, new) in &self.forgotten {
            write_sectors(&mut bytes, *offset, new, dice, fate);
        }
        for change in &self.pending {
            match change {
                Change::Cut { length } if dice.percent(50) => bytes.resize(*length, 0),
                Change::Cut { .. } => {}
                Change::Write { offset, bytes: new } => {
                    write_sectors(&mut bytes, *offset, new, dice, fate);
                }
            }
        }
        let grown = self.current.len().saturating_sub(self.synced.len());
        if grown > 0 && dice.percent(50) {
            bytes.resize(self.synced.len() + dice.below(grown + 1), 0);
        }
        bytes
    }
}

/// Plays the fate of each sector of a write: kept, dropped, torn, or with one bit flipped.
fn write_sectors(file: &mut Vec<u8>, offset: usize, bytes: &[u8], dice: &mut Dice, fate: Fate) {
    pieces(offset, bytes, SECTOR_BYTES, |at, sector| {
        let roll = dice.below(100);
        if roll < fate.kept {
            overwrite(file, at, sector);
        } else if roll < fate.kept + fate.dropped {
            // Nothing of it got through.
        } else if dice.percent(50) {
            overwrite(file, at, sector.split_at(dice.below(sector.len())).0);
        } else {
            let mut flipped = sector.to_vec();
            if let Some(byte) = flipped.get_mut(dice.below(sector.len())) {
                *byte ^= 1 << dice.below(8);
            }
            overwrite(file, at, &flipped);
        }
    });
}

/// Hands over a write cut at every multiple of `unit`.
fn pieces(offset: usize, bytes: &[u8], unit: usize, mut each: impl FnMut(usize, &[u8])) {
    let mut at = offset;
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(rest.len().min(unit - at % unit));
        each(at, piece);
        at += piece.len();
        rest = later;
    }
}

fn overwrite(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset.saturating_add(bytes.len());
    if file.len() < end {
        file.resize(end, 0);
    }
    if let Some(place) = file.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}
