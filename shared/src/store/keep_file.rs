//! The list of holders on the disk: a few lines of text, written aside and put in place.

use std::io;

use super::keep::{MAX_HOLDER_NAME_BYTES, MAX_HOLDERS};
use crate::journal::Disk;

const NAME: &str = "floors";
const TEMPORARY: &str = "floors.new";
const FIRST_LINE: &str = "kessai-floors 1";
/// The longest such file, in bytes: a name, a position of twenty digits, a space and the end of the line
/// for each holder, and the first and the last line.
const MAX_BYTES: usize = MAX_HOLDERS * (MAX_HOLDER_NAME_BYTES + 22) + 64;

pub(super) enum Found {
    /// Nobody ever held anything.
    None,
    List(Vec<(String, u64)>),
    Damaged,
}

/// Reads the list.
///
/// # Errors
/// When the disk fails.
pub(super) fn read(disk: &dyn Disk) -> io::Result<Found> {
    if !disk.list()?.iter().any(|name| name == NAME) {
        return Ok(Found::None);
    }
    let bytes = disk.read_at(NAME, 0, MAX_BYTES + 1)?;
    Ok(decode(&bytes).map_or(Found::Damaged, Found::List))
}

/// Writes the list, durably on return; what was there before stays until then.
///
/// # Errors
/// When the disk fails.
pub(super) fn write(disk: &mut dyn Disk, list: &[(String, u64)]) -> io::Result<()> {
    match disk.delete(TEMPORARY) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    disk.write_at(TEMPORARY, 0, encode(list).as_bytes())?;
    disk.sync(TEMPORARY)?;
    disk.rename(TEMPORARY, NAME)
}

/// The lines, and last the CRC-32 of those before.
fn encode(list: &[(String, u64)]) -> String {
    let mut text = format!("{FIRST_LINE}\n");
    list.iter().for_each(|(name, position)| text += &format!("{position} {name}\n"));
    let crc = crc32fast::hash(text.as_bytes());
    text + &format!("{crc:08x}\n")
}

fn decode(bytes: &[u8]) -> Option<Vec<(String, u64)>> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_BYTES)?;
    let lines = text.lines().skip(1).filter(|line| line.contains(' '));
    let list: Option<Vec<_>> = lines
        .map(|line| {
            let (position, name) = line.split_once(' ')?;
            Some((name.to_owned(), position.parse().ok()?))
        })
        .collect();
    // Whatever is not exactly what would be written was not written.
    list.filter(|list| encode(list) == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::MemoryDisk;

    #[test]
    fn a_list_reads_back_and_any_flipped_bit_or_cut_is_damage() {
        let list = vec![("backup:daily".to_owned(), 7), ("standby-00ff".to_owned(), u64::MAX)];
        let mut disk = MemoryDisk::new();
        assert!(matches!(read(&disk), Ok(Found::None)));
        write(&mut disk, &list).expect("a disk that works");
        assert!(matches!(read(&disk), Ok(Found::List(found)) if found == list));
        let text = encode(&list).into_bytes();
        for at in 0..text.len() {
            assert!(decode(&text[..at]).is_none(), "cut at {at}");
            for bit in 0..8 {
                let mut flipped = text.clone();
                flipped[at] ^= 1 << bit;
                assert!(decode(&flipped).is_none(), "bit {bit} of byte {at}");
            }
        }
        assert_eq!(decode(encode(&[]).as_bytes()), Some(Vec::new()));
    }
}
