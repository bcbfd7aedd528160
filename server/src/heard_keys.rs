//! The issuer keys as the settlement last told them. They are kept, so that after a restart a
//! terminal can check old decisions even while the settlement cannot be reached. Nothing rests on
//! them here: they are signed, and terminals check that.

use std::fs;
use std::path::{Path, PathBuf};

use kessai_shared::receipt::SignedIssuerKeys;
use kessai_shared::record::{unversioned, versioned};

const VERSION: u8 = 1;

pub struct HeardKeys {
    path: PathBuf,
}

impl HeardKeys {
    pub fn in_folder(data: &Path) -> Self {
        Self { path: data.join("issuer-keys") }
    }

    /// The keys that were kept; none when there are none or they cannot be read.
    pub fn load(&self) -> Vec<SignedIssuerKeys> {
        let bytes = fs::read(&self.path).unwrap_or_default();
        unversioned(VERSION, &bytes).unwrap_or_default()
    }

    /// Keeps the keys. A failure costs nothing but the next start's patience.
    pub fn keep(&self, keys: &Vec<SignedIssuerKeys>) {
        let draft = self.path.with_extension("new");
        let kept = fs::write(&draft, versioned(VERSION, keys)).and_then(|()| fs::rename(&draft, &self.path));
        if let Err(error) = kept {
            tracing::warn!("{}: the issuer's keys cannot be kept: {error}", self.path.display());
        }
    }
}
