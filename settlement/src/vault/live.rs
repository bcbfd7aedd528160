//! The vault of a running settlement, whose keys change under it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::Vault;
use super::key_file::{self, MasterKey};

/// How often it is looked whether anybody still works with the keys that were replaced.
const LEASE_LOOK: Duration = Duration::from_millis(5);

/// The keys in force, and the file they stand in.
pub struct LiveVault {
    file: PathBuf,
    current: RwLock<Arc<Vault>>,
}

impl LiveVault {
    /// Loads the vault's keys, or makes the first where there are no books yet, and destroys what a
    /// change of the file that was cut short left behind. For the one process that holds the folder.
    ///
    /// # Errors
    /// A line on what is wrong with the key file.
    pub fn load_or_create(file: &Path, books: &Path) -> Result<Self, String> {
        let vault = Vault::load_or_create(file, books)?;
        // Where a link leads to the keys, it is they that change and are destroyed, and the link stays.
        let unread = |error| format!("{}: cannot be read: {error}", file.display());
        let file = &fs::canonicalize(file).map_err(unread)?;
        let failed = |error| format!("{}: what lies beside it cannot be removed: {error}", file.display());
        key_file::wipe_leftovers(file).map_err(failed)?;
        Ok(Self { file: file.to_owned(), current: RwLock::new(Arc::new(vault)) })
    }

    /// The keys as they are now. Whoever makes something for the books with them keeps this until the
    /// books have it: a rekey waits for all who still have keys from before it.
    pub fn lease(&self) -> Arc<Vault> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a rekey, or goes on with one: afterwards there are two generations, and nothing is
    /// written under the older one any more.
    ///
    /// # Errors
    /// A line when the key file cannot be read or written; the keys are as they were then.
    pub async fn add_generation(&self) -> Result<(), String> {
        let mut keys = self.keys()?;
        if let [only] = keys.as_slice() {
            let next = only.generation.checked_add(1).ok_or("there are no more generations")?;
            keys.push(MasterKey::random(next)?);
            self.put(&keys).await?;
        }
        Ok(())
    }

    /// Ends a rekey: destroys the older generation, with which nothing in the books is kept any more.
    ///
    /// # Errors
    /// A line when the key file cannot be read or written; the keys are as they were then.
    pub async fn drop_older(&self) -> Result<(), String> {
        let mut keys = self.keys()?;
        if let Some(newest) = keys.pop().filter(|_| !keys.is_empty()) {
            self.put(&[newest]).await?;
        }
        Ok(())
    }

    fn keys(&self) -> Result<Vec<MasterKey>, String> {
        let missing = || format!("{}: is missing; restore it from a backup", self.file.display());
        let keys = key_file::read(&self.file)?.ok_or_else(missing)?;
        // Somebody who replaced the file under us must not make us write under keys we never had.
        let known = self.lease();
        let same = keys.last().is_some_and(|key| key.generation == known.newest());
        if !same || (keys.len() > 1) != known.is_between_keys() {
            return Err(format!(
                "{}: was replaced while in use; stop the settlement first",
                self.file.display()
            ));
        }
        Ok(keys)
    }

    /// Puts keys in force: on the disk first, and for everybody when this returns.
    async fn put(&self, keys: &[MasterKey]) -> Result<(), String> {
        let vault = Vault::of(keys)?;
        let failed = |error| format!("{}: cannot be written: {error}", self.file.display());
        if let Err(error) = key_file::write(&self.file, keys) {
            // What failed may have been the last step, and then the keys of the file are in force.
            let there = key_file::read(&self.file)?.unwrap_or_default();
            let same = |(one, other): (&MasterKey, &MasterKey)| one.generation == other.generation;
            if there.len() != keys.len() || !there.iter().zip(keys).all(same) {
                return Err(failed(error));
            }
            tracing::warn!("{}", failed(error));
        }
        let before = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, Arc::new(vault))
        };
        while Arc::strong_count(&before) > 1 {
            tokio::time::sleep(LEASE_LOOK).await;
        }
        Ok(())
    }
}
