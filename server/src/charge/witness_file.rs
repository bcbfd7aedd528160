//! The file `witness` in the data folder: the newest head of the settlement's journal that was shown.
//!
//! It is made durable at most once a second, and once more before a claim and at the end. A power cut may cost the heads of
//! the last second. Then a settlement that is put back by less than that is not found out by this seller
//! alone; what was decided in that second is in this seller's own journal all the same, with its proof. To
//! sync it with every answer would put a second sync into every purchase.

use std::io;
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::MutexGuard;
use std::sync::{Arc, Mutex, PoisonError};

use kessai_shared::private_file;
use kessai_shared::record::{unversioned, versioned};
use kessai_shared::settlement::Witness;

use super::Charge;

const VERSION: u8 = 1;
/// Largest such file that is read, in bytes.
const MAX_BYTES: u64 = 256;

/// Clones share who writes it.
#[derive(Clone)]
pub struct WitnessFile {
    path: PathBuf,
    turn: Arc<Mutex<()>>,
}

impl WitnessFile {
    #[must_use]
    pub fn in_folder(data: &Path) -> Self {
        Self { path: data.join("witness"), turn: Arc::default() }
    }

    /// What was kept; nothing in a folder that has none.
    ///
    /// # Errors
    /// A line when there is one that cannot be read: to begin without would trust an older settlement.
    pub fn load(&self) -> Result<Witness, String> {
        let wrong = |why: &dyn std::fmt::Display| {
            format!(
                "{}: {why}; remove it only if the settlement is known to be no older copy",
                self.path.display()
            )
        };
        match private_file::read_any(&self.path, MAX_BYTES) {
            Ok((bytes, _)) => unversioned(VERSION, &bytes).map_err(|why| wrong(&why)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Witness::default()),
            Err(error) => Err(wrong(&error)),
        }
    }

    /// Keeps what was shown until now; it is on the disk when this returns.
    pub fn keep(&self, charge: &Charge) {
        // One after the other, and each with what is the newest then: what waited long puts nothing older there.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = private_file::replace(&self.path, &versioned(VERSION, &charge.witnessed())) {
            tracing::warn!("{}: what the settlement has shown cannot be kept: {error}", self.path.display());
        }
    }

    /// Nothing is written to it until this is dropped.
    #[cfg(test)]
    pub(super) fn hang(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().expect("the file")
    }
}
