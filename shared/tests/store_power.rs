//! A thousand power cuts on a whole store: the journal loses what was not synced, the shelf loses
//! whatever it likes, and a part of the images is damaged besides. Whatever was acknowledged is in
//! the books after the next start, or the start fails loudly.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kessai_shared::digest::sha256;
use kessai_shared::journal::{Dice, Disk, Head, Kind, Layout, MemoryDisk};
use kessai_shared::store::{Books, EachRow, Keep, Options, Stamp, Store};
use kessai_shared::time::Timestamp;

const IMAGES: u64 = 1_000;
const KIND: Kind = Kind(b"TEST");
const SECTOR_BYTES: usize = 512;
const ACCOUNTS: usize = 20;

/// The key of the row that stands for all groups.
const GROUPS: u8 = u8::MAX;

/// Balances that a change adds to, so that a change lost or done twice shows; and where each group of
/// the journal began and ended, hashed one after the other, so that a group told wrongly shows too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Balances(BTreeMap<u8, u64>, [u8; 32]);

impl Books for Balances {
    type Change = (u8, u64);
    type Key = u8;
    type Row = (u8, Vec<u8>);

    fn encode_into(change: &Self::Change, bytes: &mut Vec<u8>) {
        // Long enough that a group spans sectors.
        bytes.push(change.0);
        bytes.extend_from_slice(&change.1.to_le_bytes());
        bytes.extend_from_slice(&[change.0; 31]);
    }

    fn decode(payload: &[u8]) -> Result<Self::Change, String> {
        let account = *payload.first().ok_or("empty")?;
        let amount = payload.get(1..9).and_then(|bytes| bytes.try_into().ok()).ok_or("short")?;
        Ok((account, u64::from_le_bytes(amount)))
    }

    fn apply(&mut self, change: &Self::Change, _: Stamp) -> Result<(), String> {
        *self.0.entry(change.0).or_default() += change.1;
        Ok(())
    }

    fn touched(&self, change: &Self::Change, each: &mut dyn FnMut(&u8)) {
        each(&change.0);
    }

    fn shelved(&self, each: &mut dyn FnMut(&u8)) {
        self.0.keys().for_each(each);
    }

    fn key(key: &u8) -> Vec<u8> {
        vec![*key]
    }

    fn end_group(&mut self, first: u64, head: Head) {
        let ends = [first, head.position, head.time.0].map(u64::to_le_bytes);
        self.1 = sha256(&[&self.1, ends.as_flattened(), &head.hash.0]);
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        if key == [GROUPS] {
            return Some(self.1.to_vec());
        }
        self.0.get(key.first()?).map(|balance| balance.to_le_bytes().to_vec())
    }

    fn rows(&self, each: &mut EachRow<'_>) -> std::io::Result<()> {
        each(&[GROUPS], &self.1)?;
        self.0.iter().try_for_each(|(account, balance)| each(&[*account], &balance.to_le_bytes()))
    }

    fn read_row(key: &[u8], row: &[u8]) -> Result<(u8, Vec<u8>), String> {
        Ok((*key.first().ok_or("empty")?, row.to_vec()))
    }

    fn take_row(&mut self, (account, row): (u8, Vec<u8>)) -> Result<(), String> {
        if account == GROUPS {
            self.1 = row.try_into().map_err(|_| "not a hash")?;
            return Ok(());
        }
        let balance = row.try_into().map_err(|_| "not a balance")?;
        self.0.insert(account, u64::from_le_bytes(balance));
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Tally {
    whole: u32,
    rebuilt: u32,
    mended: u32,
    dropped: u32,
    loud: u32,
    from_checkpoint: u32,
    checkpoint_mended: u32,
    died_writing: u32,
    died_deleting: u32,
}

#[test]
fn what_was_acknowledged_is_there_after_a_thousand_power_cuts() {
    let mut tally = Tally::default();
    for seed in 0..IMAGES {
        image(seed, &mut tally);
    }
    println!("{IMAGES} images: {tally:?}");
    let each = [tally.whole, tally.rebuilt, tally.mended, tally.dropped, tally.loud];
    let checkpoints =
        [tally.from_checkpoint, tally.checkpoint_mended, tally.died_writing, tally.died_deleting];
    let each = [each.as_slice(), &checkpoints].concat();
    assert!(each.iter().all(|count| *count > 0), "a kind of image was never met: {tally:?}");
}

fn image(seed: u64, tally: &mut Tally) {
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = folder.path().join("shelf");
    let disk = MemoryDisk::new();
    let (acknowledged, attempted) = live(&disk, &shelf, options(seed), &mut dice);
    let mut after = disk.power_cut(dice.roll());
    damage_shelf(&shelf, &mut dice);
    let faults = damage_journal(&mut after, &mut dice);
    let names = after.list().expect("a disk");
    match Store::<Balances>::open_on_with(Box::new(after), &shelf, KIND, options(seed)) {
        Ok((store, opened)) => {
            let found = store.books();
            // The group that was attempted has an end only when it turns out to be on the disk.
            let kept = *found == acknowledged
                || (found.0 == attempted.0 && found.1 != acknowledged.1 && acknowledged != attempted);
            // Both copies of the last group may be hit when there is more than one fault. That looks
            // like a write that was never finished, and is told as such.
            if !kept && faults > 1 && !opened.notes().is_empty() {
                tally.loud += 1;
                return;
            }
            assert!(
                kept,
                "seed {seed}: silent loss: {found:?} is neither {acknowledged:?} nor {attempted:?}"
            );
            tally.from_checkpoint += u32::from(opened.checkpoint > 0);
            tally.checkpoint_mended += u32::from(opened.mended > 0);
            let left = names.iter().filter(|name| name.ends_with(".new")).count();
            tally.died_writing += u32::from(left > 0);
            let first = names.iter().filter(|name| name.starts_with("journal-")).min();
            let useless = first.is_some_and(|name| *name <= format!("journal-{:020}.log", opened.checkpoint));
            tally.died_deleting += u32::from(opened.checkpoint > 0 && useless);
            tally.whole += u32::from(opened.shelf_rebuilt.is_none());
            tally.rebuilt += u32::from(opened.shelf_rebuilt.is_some());
            tally.mended += u32::from(!opened.journal.repairs.is_empty());
            tally.dropped += u32::from(opened.journal.dropped_bytes > 0);
        }
        Err(fault) => {
            assert!(faults > 1, "seed {seed}: one fault at the most must be mended: {fault}");
            tally.loud += 1;
        }
    }
}

/// Half of the stores make checkpoints again and again; they live longer. Half of either make room ahead
/// of the journal's end, on a thread of its own, so that what of it is on the disk at the cut differs from
/// one run of a seed to the next; what must hold does not.
fn options(seed: u64) -> Options {
    let layout = Layout { segment_bytes: 20 << 10, ahead: (seed / 2).is_multiple_of(2) };
    let checkpoint_after = if makes_checkpoints(seed) { 1 } else { u64::MAX };
    Options { layout, checkpoint_after, in_place: true, keep: Keep::USUAL }
}

fn makes_checkpoints(seed: u64) -> bool {
    !seed.is_multiple_of(2)
}

/// A life that ends at any moment: the books as they were acknowledged, and as the last group would
/// have left them.
fn live(disk: &MemoryDisk, shelf: &Path, options: Options, dice: &mut Dice) -> (Balances, Balances) {
    let (mut store, _) =
        Store::<Balances>::open_on_with(Box::new(disk.clone()), shelf, KIND, options).expect("a new store");
    let mut acknowledged = Balances::default();
    let longer = options.checkpoint_after == 1;
    let groups = if longer { 8 + dice.below(30) } else { 1 + dice.below(8) };
    // Of the last operations, which are those of a checkpoint more often than not, any may be the last.
    let dies = dice.percent(50);
    let (at, operations) = if longer { (groups - 6, 80) } else { (groups - 1, 3) };
    for group in 0..groups {
        store.begin(Timestamp(120_000 * (group as u64 + 1)));
        if dies && group == at {
            disk.fail_after(dice.below(operations) as u64);
        }
        for _ in 0..=dice.below(30) {
            let change = (dice.below(ACCOUNTS) as u8, dice.roll() >> 20);
            store.change(&change).expect("a change that follows");
        }
        let attempted = store.books().clone();
        if store.commit().is_err() {
            return (acknowledged, attempted);
        }
        acknowledged = store.books().clone();
    }
    // The power may go between the sync and the shelf, in the middle of it, or after.
    if dice.percent(30) {
        store.close().expect("closed");
    }
    (acknowledged.clone(), acknowledged)
}

/// sled never syncs, so of its files anything may be gone or spoilt.
fn damage_shelf(shelf: &Path, dice: &mut Dice) {
    let mut files = Vec::new();
    collect(shelf, &mut files);
    for file in files {
        let mut bytes = fs::read(&file).expect("a file of the shelf");
        match dice.below(8) {
            0 => bytes.truncate(dice.below(bytes.len() + 1)),
            1 if !bytes.is_empty() => {
                let at = dice.below(bytes.len());
                bytes[at] ^= 1 << dice.below(8);
            }
            2 if !bytes.is_empty() => zero_sector(&mut bytes, dice),
            3 => {
                fs::remove_file(&file).expect("removed");
                continue;
            }
            _ => continue,
        }
        fs::write(&file, bytes).expect("damaged");
    }
}

/// Damages synced parts of the journal, and says in how many places.
fn damage_journal(disk: &mut MemoryDisk, dice: &mut Dice) -> usize {
    let faults = [0, 0, 1, 1, 6][dice.below(5)];
    for _ in 0..faults {
        let names = disk.list().expect("a disk");
        let Some(name) = names.get(dice.below(names.len().max(1))).cloned() else { return 0 };
        let mut bytes = disk.read(&name).expect("a segment");
        if bytes.is_empty() {
            return 0;
        }
        if dice.percent(50) {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        } else {
            zero_sector(&mut bytes, dice);
        }
        disk.write_at(&name, 0, &bytes).expect("damaged");
        disk.sync(&name).expect("synced");
    }
    faults
}

fn zero_sector(bytes: &mut [u8], dice: &mut Dice) {
    let at = dice.below(bytes.len()) / SECTOR_BYTES * SECTOR_BYTES;
    let end = (at + SECTOR_BYTES).min(bytes.len());
    bytes[at..end].fill(0);
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
}
