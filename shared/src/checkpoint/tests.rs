use super::*;
use crate::journal::{Dice, Disk, Hash, MemoryDisk};
use crate::time::Timestamp;

const KIND: Kind = Kind(b"TEST");

fn about() -> About {
    let head = Head { position: 9, time: Timestamp(77), hash: Hash([5; 32]) };
    About { kind: KIND, mark: Mark([0xcd; 16]), head }
}

type Mends = Vec<(u64, Vec<u8>)>;
type Rows = Vec<(Vec<u8>, Vec<u8>)>;

fn rows(count: usize, bytes: usize, dice: &mut Dice) -> Rows {
    let mut row = || (0..dice.below(bytes)).map(|_| dice.roll() as u8).collect::<Vec<u8>>();
    (0..count).map(|number| (number.to_le_bytes().to_vec(), row())).collect()
}

fn written(rows: &Rows) -> MemoryDisk {
    let mut disk = MemoryDisk::new();
    let mut writer = Writer::begin(&mut disk, about()).expect("a working disk");
    rows.iter().for_each(|(key, row)| writer.row(key, row).expect("a working disk"));
    let bytes = writer.finish().expect("a working disk");
    assert_eq!(disk.list().expect("a disk"), [file_name(9)]);
    assert_eq!(disk.len(&file_name(9)).expect("a file"), bytes);
    disk
}

fn read(disk: &MemoryDisk) -> Result<(Rows, Mends), CheckpointDamage> {
    let mut reader = Reader::new(disk, KIND, 9);
    let mut rows = Rows::new();
    while let Some(stripe) = reader.next()? {
        stripe.each_row(|key, row| {
            rows.push((key.to_vec(), row.to_vec()));
            Ok(())
        })?;
    }
    assert_eq!(reader.about(), Some(about()));
    Ok((rows, reader.finish().1))
}

fn spoil(disk: &MemoryDisk, at: usize, length: usize, with: impl Fn(u8) -> u8) -> MemoryDisk {
    let mut image = disk.power_cut(0);
    let bytes = image.read(&file_name(9)).expect("a file");
    let part: Vec<u8> = bytes[at..(at + length).min(bytes.len())].iter().map(|byte| with(*byte)).collect();
    image.write_at(&file_name(9), at as u64, &part).expect("a working disk");
    image.sync(&file_name(9)).expect("a working disk");
    image
}

#[test]
fn the_rows_come_back_as_they_went_in() {
    let dice = &mut Dice::new(1);
    for (count, bytes) in [(0, 1), (1, 10), (500, 20_000), (3, 3 << 20)] {
        let rows = rows(count, bytes, dice);
        let (found, mends) = read(&written(&rows)).expect("a whole file");
        assert!(found == rows && mends.is_empty());
    }
}

/// If this fails, checkpoints on disk can no longer be read, and their version has to rise.
#[test]
fn the_bytes_of_a_checkpoint_stay_the_same() {
    let rows = vec![(b"key".to_vec(), b"row".to_vec()), (b"k".to_vec(), Vec::new())];
    let bytes = written(&rows).read(&file_name(9)).expect("a file");
    let digest = crate::hex::of(&crate::digest::sha256(&[&bytes])).to_string();
    assert_eq!((bytes.len(), digest.as_str()), (2 * (19 << 12), GOLDEN));
}

const GOLDEN: &str = "8594f25360adbe3418ab6f82e885421a3426f520bff95006111085645388067c";

#[test]
fn one_bad_page_anywhere_is_mended() {
    let rows = rows(300, 8_000, &mut Dice::new(2));
    let disk = written(&rows);
    let whole = disk.read(&file_name(9)).expect("a file");
    assert!(whole.len() > 5 << 18, "more than one stripe");
    let dice = &mut Dice::new(3);
    for page in 0..whole.len() / 4096 {
        let at = page * 4096;
        let mut image = match page % 3 {
            0 => spoil(&disk, at, 4096, |_| 0),
            1 => spoil(&disk, at, 4096, |byte| byte ^ 0x5a),
            _ => spoil(&disk, at + dice.below(4096), 1, |byte| byte ^ 4),
        };
        let changed = image.read(&file_name(9)).expect("a file") != whole;
        let (found, mends) = read(&image).unwrap_or_else(|damage| panic!("page {page}: {damage}"));
        assert!(found == rows, "page {page}");
        assert_eq!(mends.is_empty(), !changed, "page {page}");
        for (at, bytes) in mends {
            image.write_at(&file_name(9), at, &bytes).expect("a working disk");
        }
        assert!(image.read(&file_name(9)).expect("a file") == whole, "page {page} is as it was");
    }
}

#[test]
fn two_bad_blocks_of_a_stripe_are_reported() {
    let rows = rows(100, 20_000, &mut Dice::new(4));
    let disk = written(&rows);
    let bytes = disk.read(&file_name(9)).expect("a file");
    let image = spoil(&spoil(&disk, 4096, 1, |byte| byte ^ 1), 4096 + (80 << 10), 1, |byte| byte ^ 1);
    assert!(read(&image).is_err());
    // Both pages of a stripe, of which the last one's end the file.
    let image = spoil(&spoil(&disk, bytes.len() - 4096, 4096, |_| 0), bytes.len() - (19 << 12), 4096, |_| 0);
    assert!(read(&image).is_err());
    let mut cut = disk.power_cut(0);
    cut.truncate(&file_name(9), bytes.len() as u64 - (19 << 12)).expect("a working disk");
    assert!(read(&cut).is_err(), "the last stripe is missing");
}

#[test]
fn a_row_changed_together_with_its_checksums_is_found() {
    let rows = vec![(b"account".to_vec(), vec![7; 100])];
    let disk = written(&rows);
    let mut bytes = disk.read(&file_name(9)).expect("a file");
    let mut page = stripe::Page::read(&bytes[..4096], KIND).expect("a page");
    // The row, its block, the XOR of the blocks, and every checksum, as somebody would who knows how.
    bytes[4096 + 50] ^= 1;
    let length = page.block_bytes as usize;
    let over = 4096 + 16 * length;
    bytes[over + 50] ^= 1;
    page.crcs[0] = crc32fast::hash(&bytes[4096..4096 + length]);
    page.crcs[16] = crc32fast::hash(&bytes[over..over + length]);
    for (redigest, expected) in [(false, "changed"), (true, "not those that were written")] {
        if redigest {
            page.digest = crate::digest::sha256(&[&bytes[4096..4096 + page.payload_bytes as usize]]);
        }
        let encoded = page.encode();
        bytes[..4096].copy_from_slice(&encoded);
        bytes[over + length..over + length + 4096].copy_from_slice(&encoded);
        let mut image = MemoryDisk::new();
        image.write_at(&file_name(9), 0, &bytes).expect("a working disk");
        let damage = read(&image).expect_err("a change");
        assert!(damage.why.contains(expected), "{damage}");
    }
}

#[test]
fn of_names_only_whole_ones_count() {
    let names = [file_name(3), file_name(12), temporary_name(40), "checkpoint-12".to_owned()];
    assert_eq!(positions(&names), [12, 3]);
    assert!(is_left_over(&names[2]) && !is_left_over(&names[1]));
}
