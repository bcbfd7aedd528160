//! One sealing key and the time it serves for, in a file of its own.

use std::path::{Path, PathBuf};

use kessai_shared::receipt::{IssuerKeys, Signature, SignedIssuerKeys};
use kessai_shared::record::{unversioned, versioned};
use kessai_shared::seal::{Opener, SealingKey, Suite};
use kessai_shared::{hex, private_file};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::schedule::{EpochTerms, Span};

/// How the name of an epoch's file ends.
const SUFFIX: &str = "epoch";
/// The version of the form that is written.
const VERSION: u8 = 1;
/// Largest epoch file that is read, in bytes. One takes about 3,000.
const MAX_FILE_BYTES: u64 = 16 << 10;

pub struct Epoch {
    pub span: Span,
    pub opener: Opener,
    /// What terminals are shown. `None` until the root has signed.
    pub signed: Option<SignedIssuerKeys>,
    pub keys: IssuerKeys,
}

/// What stands in the file, as hexadecimal digits.
#[derive(Serialize, Deserialize)]
struct Stored {
    seed: Seed,
    span: Span,
    keys: IssuerKeys,
    certificate: Option<([u8; 32], Signature)>,
}

#[derive(Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
struct Seed([u8; 32]);

impl Epoch {
    /// Makes a key for a span and writes it down. Nobody knows of it before it is on the disk.
    ///
    /// # Errors
    /// A line when there are no random bytes or the file cannot be written.
    pub fn make(
        folder: &Path,
        (suite, terms, span): (Suite, EpochTerms, Span),
        decision_key: [u8; 32],
        sign: impl FnOnce(&IssuerKeys) -> Option<SignedIssuerKeys>,
    ) -> Result<Self, String> {
        let mut seed = Seed([0; 32]);
        aws_lc_rs::rand::fill(&mut seed.0).map_err(|_| "the system gives no random bytes")?;
        let key = SealingKey::from_seed(suite, seed.0);
        let (not_before, not_after) = terms.validity(span);
        let keys = IssuerKeys {
            key_id: key.key_id(),
            suite: suite as u8,
            sealing_key: key.public(),
            decision_key,
            not_before,
            not_after,
        };
        let signed = sign(&keys);
        let certificate = signed.as_ref().map(|signed| (signed.root, signed.signature));
        let path = path(folder, &keys);
        save(&path, &Stored { seed, span, keys: keys.clone(), certificate })?;
        Ok(Self { span, opener: Opener::new(key), signed, keys })
    }

    /// Reads an epoch's file.
    ///
    /// # Errors
    /// A line on what is wrong with the file.
    pub fn load(path: &Path) -> Result<Self, String> {
        let stored = read(path)?;
        let wrong = || format!("{}: its parts do not belong together; restore it", path.display());
        let suite = [Suite::X25519, Suite::XWing].into_iter().find(|suite| *suite as u8 == stored.keys.suite);
        let key = SealingKey::from_seed(suite.ok_or_else(wrong)?, stored.seed.0);
        if key.key_id() != stored.keys.key_id || key.public() != stored.keys.sealing_key {
            return Err(wrong());
        }
        let Stored { span, ref keys, certificate, .. } = stored;
        let signed =
            certificate.map(|(root, signature)| SignedIssuerKeys { keys: keys.clone(), root, signature });
        Ok(Self { span, opener: Opener::new(key), signed, keys: keys.clone() })
    }

    /// Adds what the root has signed to the epoch's file.
    ///
    /// # Errors
    /// A line when there is no such file, or it cannot be written.
    pub fn certify(folder: &Path, signed: &SignedIssuerKeys) -> Result<(), String> {
        let path = path(folder, &signed.keys);
        let mut stored = read(&path)?;
        if stored.keys != signed.keys {
            return Err(format!("{}: holds another key than the one that was signed", path.display()));
        }
        stored.certificate = Some((signed.root, signed.signature));
        save(&path, &stored)
    }

    /// Whether the root has signed and somebody may have sealed with it.
    pub fn is_signed(&self) -> bool {
        self.signed.is_some()
    }
}

/// The files of epochs in a folder, in order of their names.
///
/// # Errors
/// A line when the folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: cannot be read: {error}", folder.display());
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|end| end == SUFFIX) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Where the key with this id stands.
pub fn path(folder: &Path, keys: &IssuerKeys) -> PathBuf {
    folder.join(format!("{}.{SUFFIX}", hex::of(&keys.key_id).as_str()))
}

fn read(path: &Path) -> Result<Stored, String> {
    let bytes =
        private_file::read(path, MAX_FILE_BYTES).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = std::str::from_utf8(&bytes).ok().and_then(|text| hex::read(text.trim()));
    let stored = text.and_then(|bytes| unversioned(VERSION, &bytes).ok());
    stored.ok_or_else(|| format!("{}: not a sealing key; restore it or remove it", path.display()))
}

fn save(path: &Path, stored: &Stored) -> Result<(), String> {
    let bytes = Zeroizing::new(versioned(VERSION, stored));
    private_file::replace(path, hex::of(&bytes).as_bytes())
        .map_err(|error| format!("{}: cannot be written: {error}", path.display()))
}
