//! Verifies backups the only way there is: one is restored, and its books are held against everything.

use std::fs;
use std::path::Path;

use super::restore::{Restored, Until, restore};
use super::{BackupError, BackupKey, Subject};
use crate::time::Timestamp;

/// The file beside the backups whose time says when they were last verified.
const MARK: &str = "verified";

/// What verifying has shown.
#[derive(Debug)]
pub struct Verified {
    pub restored: Restored,
}

/// Restores into a scratch folder, which is gone afterwards.
///
/// # Errors
/// [`BackupError`] with what is wrong.
pub fn verify(
    subject: &Subject,
    from: &Path,
    scratch: &Path,
    key: &BackupKey,
    until: Until,
) -> Result<Verified, BackupError> {
    let folder = scratch.join(format!("kessai-verify-{}", std::process::id()));
    let restored = restore(subject, from, &folder, key, until);
    // Books of a shop are not to lie about, whatever came of it.
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(BackupError::io("remove", &folder)(error));
        }
        Ok(()) | Err(_) => {}
    }
    let verified = Verified { restored: restored? };
    // Whoever verifies a copy that cannot be written to has verified it all the same.
    let note = fs::write(from.join(MARK), "the last verification was when this file was written\n");
    note.unwrap_or_else(|error| tracing::debug!("{}: {error}", from.join(MARK).display()));
    Ok(verified)
}

/// When backups in a folder were last verified, by the clock of the file system.
pub(super) fn last_verified(from: &Path) -> Option<Timestamp> {
    let at = fs::metadata(from.join(MARK)).ok()?.modified().ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_micros()).ok().map(Timestamp)
}
