//! The key of backups: apart from all other keys, because whoever has it reads every backup.

use std::io;
use std::path::Path;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::BackupError;
use crate::digest::sha256_of_secrets;
use crate::sealed_file::{self, Cost, Kind, Passphrase};
use crate::{hex, private_file};

/// Length of the key, in bytes.
pub(super) const KEY_BYTES: usize = 32;
/// Length of the name that a key goes by in the files it sealed, in bytes.
pub(super) const KEY_ID_BYTES: usize = 8;
/// How a key file begins.
const HEADING: &str = "kessai-backup-key 1 ";
/// Largest key file that is read, in bytes. A key takes fewer than 100.
const MAX_FILE_BYTES: u64 = 4096;

/// What backups are sealed with. It has no `Debug`, so that no log line can print it.
#[derive(Clone)]
pub struct BackupKey(Zeroizing<[u8; KEY_BYTES]>);

impl BackupKey {
    /// A new key.
    ///
    /// # Errors
    /// A line when the machine yields no randomness.
    pub fn generate() -> Result<Self, BackupError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(&mut key[..])
            .map_err(|_| BackupError::Refused("the system gave no random bytes".to_owned()))?;
        Ok(Self(key))
    }

    /// Writes the key into a file that only its owner may read, and never over one that is there.
    /// With a passphrase, the file opens only with that.
    ///
    /// # Errors
    /// [`BackupError`] when there is a file already, or it cannot be written.
    pub fn write(&self, path: &Path, passphrase: Option<&Passphrase>) -> Result<(), BackupError> {
        if let Some(passphrase) = passphrase {
            return sealed_file::create(path, Kind::BackupKey, &self.0[..], passphrase, Cost::DEFAULT)
                .map_err(BackupError::refused);
        }
        let mut text = Zeroizing::new(String::with_capacity(HEADING.len() + 2 * KEY_BYTES + 1));
        text.push_str(HEADING);
        text.push_str(&hex::of(&self.0[..]));
        text.push('\n');
        private_file::create(path, text.as_bytes()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Refused(format!(
                "{}: is there already; a key is never replaced, name another file",
                path.display()
            )),
            _ => BackupError::io("write the backup key", path)(error),
        })
    }

    /// Whether a file is one that asks for a passphrase.
    pub fn wants_passphrase(path: &Path) -> bool {
        matches!(sealed_file::is_there(path, Kind::BackupKey), Ok(true))
    }

    /// Reads a key file, with the passphrase it was written with, if it was.
    ///
    /// # Errors
    /// [`BackupError`] when it cannot be read, others may read it, or it holds no key.
    pub fn read(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, BackupError> {
        if let Some(passphrase) = passphrase {
            let (content, _) =
                sealed_file::read(path, Kind::BackupKey, passphrase).map_err(BackupError::refused)?;
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            if content.len() != KEY_BYTES {
                return Err(no_key(path));
            }
            key.copy_from_slice(&content);
            return Ok(Self(key));
        }
        let bytes =
            private_file::read(path, MAX_FILE_BYTES).map_err(BackupError::io("read the backup key", path))?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let digits = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_prefix(HEADING));
        digits.and_then(|digits| hex::fill(digits.trim_end(), &mut key[..])).ok_or_else(|| no_key(path))?;
        Ok(Self(key))
    }

    /// The name of the key, which says nothing of the key itself.
    pub(super) fn id(&self) -> [u8; KEY_ID_BYTES] {
        let digest = sha256_of_secrets(&[b"kessai backup key id 1", &self.0[..]]);
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        id
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0[..]
    }
}

fn no_key(path: &Path) -> BackupError {
    BackupError::Refused(format!(
        "{}: holds no backup key; `backup key --out FILE` makes one",
        path.display()
    ))
}
