//! How many chains are kept. The older ones go only when the newest was read to its last byte.

use std::fs;
use std::path::Path;

use super::chain::{self, Kept};
use super::check::check;
use super::{BackupError, BackupKey, Subject};

/// Removes the oldest chains, so that `keep` of them stay, at least one; gives how many backups went.
/// Nothing goes unless the newest chain verifies.
///
/// # Errors
/// [`BackupError`] when the newest chain does not verify, or a folder cannot be removed.
pub fn retain(subject: &Subject, folder: &Path, key: &BackupKey, keep: usize) -> Result<u64, BackupError> {
    let _kept = Kept::hold(folder)?;
    let numbers = chain::numbers(folder)?;
    let Some(newest) = numbers.last() else { return Ok(0) };
    // One that is damaged begins no chain: what is before it stays as long as it would have without it.
    let is_full = |nth: &&u64| chain::one(folder, **nth, key).is_ok_and(|backup| backup.manifest.is_full());
    let fulls: Vec<u64> = numbers.iter().filter(is_full).copied().collect();
    let Some(first) = fulls.len().checked_sub(keep.max(1)).and_then(|index| fulls.get(index)) else {
        return Ok(0);
    };
    let old: Vec<u64> = numbers.iter().filter(|nth| *nth < first).copied().collect();
    if old.is_empty() {
        return Ok(0);
    }
    let newest = check(subject, folder, *newest, key)?;
    let reached = newest.last().map_or(0, |backup| backup.manifest.ends.position);
    // A daemon that was put back makes sound backups of less; what it lacks may be nowhere else.
    let further = old.iter().filter_map(|nth| chain::one(folder, *nth, key).ok());
    if let Some(further) = further.into_iter().find(|backup| backup.manifest.ends.position > reached) {
        return Err(BackupError::Refused(format!(
            "{}: goes further than the newest backup, so no backup was removed; move it elsewhere when it is \
             not needed",
            further.folder.display()
        )));
    }
    // The newest first: an increment without its full backup would only look like a damaged one.
    for nth in old.iter().rev() {
        let path = folder.join(chain::name(*nth));
        let draft = folder.join(chain::draft_name(*nth));
        fs::rename(&path, &draft).map_err(BackupError::io("remove", &path))?;
        fs::remove_dir_all(&draft).map_err(BackupError::io("remove", &draft))?;
    }
    chain::sync_folder(folder)?;
    Ok(old.len() as u64)
}
