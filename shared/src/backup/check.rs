//! Reads every byte of a chain of backups and proves it: the files are the ones that were written, the
//! groups continue each other's hash chain, and there is as much of everything as was counted.

use std::collections::BTreeMap;
use std::path::Path;

use super::chain::{self, Backup};
use super::groups::{EachRow, Group, read_row};
use super::make::MAX_FILE_BYTES;
use super::manifest::{Content, MAX_NAME_BYTES, is_inside};
use super::stream::{Opener, Part, measure};
use super::{BackupError, BackupKey, Subject};
use crate::digest::sha256_of_all;
use crate::journal::Head;

/// Whoever takes in what a chain holds behind its rows, in its order.
pub(super) trait Taker {
    /// A group, which was proved to follow, and the head after it; `false` when no more is wanted.
    fn group(&mut self, _group: &Group, _head: Head) -> Result<bool, BackupError> {
        Ok(true)
    }

    /// A file of the data folder.
    fn file(&mut self, _name: &str, _bytes: &[u8]) -> Result<(), BackupError> {
        Ok(())
    }
}

/// Nobody takes anything: it is only looked at.
struct Nobody;

impl Taker for Nobody {}

/// Proves the chain that ends with a backup, and gives it.
///
/// # Errors
/// [`BackupError`] with the file that is wrong.
pub fn check(
    subject: &Subject,
    folder: &Path,
    nth: u64,
    key: &BackupKey,
) -> Result<Vec<Backup>, BackupError> {
    let chain = chain::chain(folder, nth, key)?;
    chain.iter().try_for_each(|backup| chain::is_of(backup, subject))?;
    chain.iter().try_for_each(measured)?;
    rows(&chain, key, &mut |_, _| Ok(()))?;
    read(&chain, key, &mut Nobody)?;
    Ok(chain)
}

/// That each file of a backup is the one that its manifest names.
pub(super) fn measured(backup: &Backup) -> Result<(), BackupError> {
    for part in [Part::Rows, Part::Groups, Part::Files] {
        let path = backup.folder.join(part.file_name());
        let Some(named) = backup.manifest.part(part) else {
            if part == Part::Rows && backup.manifest.begins.position == 0 || !backup.manifest.is_full() {
                continue;
            }
            return Err(BackupError::damaged(&path, "its manifest does not name it"));
        };
        // A file of another length needs not be read to be known as another.
        let length = std::fs::metadata(&path).map(|meta| meta.len());
        if length.is_ok_and(|length| length != named.bytes) {
            return Err(BackupError::damaged(&path, "it is longer or shorter than it was"));
        }
        if !named.is(measure(&path)?) {
            return Err(BackupError::damaged(&path, "it is not the file that its manifest names"));
        }
    }
    Ok(())
}

/// Hands over every row of the checkpoint that a chain begins with; none where there is none.
pub(super) fn rows(chain: &[Backup], key: &BackupKey, each: &mut EachRow<'_>) -> Result<(), BackupError> {
    let Some(full) = chain.first().filter(|full| full.manifest.part(Part::Rows).is_some()) else {
        return Ok(());
    };
    let mut opener = Opener::open(&full.folder, Part::Rows, key)?;
    let mut count = 0;
    while let Some((key, row)) = read_row(&mut opener)? {
        count += 1;
        each(&key, &row)?;
    }
    if count == full.manifest.rows { Ok(()) } else { Err(opener.damage("rows of it are missing")) }
}

/// Hands everything in a chain but the rows to `taker`, proved.
pub(super) fn read(chain: &[Backup], key: &BackupKey, taker: &mut dyn Taker) -> Result<(), BackupError> {
    let mut have = BTreeMap::new();
    let mut wanted = true;
    for backup in chain {
        if wanted {
            wanted = groups(backup, key, taker)?;
        }
        files(backup, key, taker, &mut have)?;
        if !wanted {
            break;
        }
    }
    Ok(())
}

/// Gives `false` when the taker wants no more.
fn groups(backup: &Backup, key: &BackupKey, taker: &mut dyn Taker) -> Result<bool, BackupError> {
    let mut opener = Opener::open(&backup.folder, Part::Groups, key)?;
    let (mut head, mut count): (Head, u64) = (backup.manifest.begins.into(), 0);
    while let Some(group) = Group::read(&mut opener)? {
        head = group.after(head).ok_or_else(|| opener.damage("a group in it does not follow"))?;
        count += 1;
        if !taker.group(&group, head)? {
            return Ok(false);
        }
    }
    if head == backup.manifest.ends.into() && count == backup.manifest.groups {
        Ok(true)
    } else {
        Err(opener.damage("its groups do not end where they ended"))
    }
}

/// `have` is what the chain has shown of each name so far.
fn files(
    backup: &Backup,
    key: &BackupKey,
    taker: &mut dyn Taker,
    have: &mut BTreeMap<String, [u8; 32]>,
) -> Result<(), BackupError> {
    let mut opener = Opener::open(&backup.folder, Part::Files, key)?;
    let named: BTreeMap<&str, &Content> =
        backup.manifest.contents.iter().map(|content| (content.name.as_str(), content)).collect();
    let mut length = [0; 2];
    while opener.fill(&mut length)? {
        let name = opener.bytes(u64::from(u16::from_le_bytes(length)), MAX_NAME_BYTES as u64)?;
        let name = String::from_utf8(name).map_err(|_| opener.damage("a name in it is no text"))?;
        let mut bytes = [0; 8];
        opener.need(&mut bytes)?;
        let bytes = opener.bytes(u64::from_le_bytes(bytes), MAX_FILE_BYTES)?;
        let sha256 = sha256_of_all(&[&bytes]);
        if !is_inside(&name) || named.get(name.as_str()).is_none_or(|content| content.sha256 != sha256) {
            return Err(opener.damage("a file in it is not one that its manifest names"));
        }
        taker.file(&name, &bytes)?;
        have.insert(name, sha256);
    }
    have.retain(|name, _| named.contains_key(name.as_str()));
    match named.values().find(|content| have.get(&content.name) != Some(&content.sha256)) {
        None => Ok(()),
        Some(content) => Err(opener.damage(&format!("{} is missing from it", content.name))),
    }
}
