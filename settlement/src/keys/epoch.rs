//! One sealing key and the time it serves for. Its seed is written once, in a file of its own, so that
//! destroying that file destroys the key; what the root signed is public and stands beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use kessai_shared::receipt::{IssuerKeys, SignedIssuerKeys};
use kessai_shared::record::{unversioned, versioned};
use kessai_shared::seal::{Opener, SealingKey, Suite};
use kessai_shared::{codec, hex, private_file};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::schedule::{EpochTerms, Span};

/// How the names of an epoch's two files end.
const SUFFIX: &str = "epoch";
const CERTIFICATE: &str = "cert";
/// From what age on a file that was never finished is one that a crash left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(60);
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

/// What stands in the seed's file, as hexadecimal digits.
#[derive(Serialize, Deserialize)]
struct Stored {
    seed: Seed,
    span: Span,
    keys: IssuerKeys,
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
        let path = path(folder, &keys);
        let bytes = codec::encode_secret_after(VERSION, &Stored { seed, span, keys: keys.clone() });
        private_file::create(&path, hex::of(&bytes).as_bytes()).map_err(cannot("written", &path))?;
        let signed = sign(&keys);
        signed.iter().try_for_each(|signed| Self::certify(folder, signed))?;
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
        let Stored { span, ref keys, .. } = stored;
        let signed = certificate(&path.with_extension(CERTIFICATE))?;
        if signed.as_ref().is_some_and(|signed| signed.keys != *keys) {
            return Err(wrong());
        }
        Ok(Self { span, opener: Opener::new(key), signed, keys: keys.clone() })
    }

    /// Writes down what the root has signed, beside the key that it is of.
    ///
    /// # Errors
    /// A line when there is no such key, or it cannot be written.
    pub fn certify(folder: &Path, signed: &SignedIssuerKeys) -> Result<(), String> {
        let path = path(folder, &signed.keys);
        if read(&path)?.keys != signed.keys {
            return Err(format!("{}: holds another key than the one that was signed", path.display()));
        }
        let path = path.with_extension(CERTIFICATE);
        private_file::replace(&path, hex::of(&versioned(VERSION, signed)).as_bytes())
            .map_err(cannot("written", &path))
    }

    /// Whether the root has signed and somebody may have sealed with it.
    pub fn is_signed(&self) -> bool {
        self.signed.is_some()
    }
}

/// The files of seeds in a folder, each with when it and its certificate were last changed.
pub type Files = Vec<(PathBuf, [Option<SystemTime>; 2])>;

/// Destroys the drafts of secrets that a crash left behind in a folder.
///
/// # Errors
/// A line when the folder cannot be read or a draft not be destroyed.
pub fn destroy_left_behind(folder: &Path) -> Result<(), String> {
    let drafts = names(folder)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "new"));
    for path in drafts {
        let at = fs::metadata(&path).and_then(|meta| meta.modified()).ok();
        if at.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > LEFT_BEHIND) {
            destroy(&path)?;
        }
    }
    Ok(())
}

/// Looks at a folder of epochs, and destroys what a crash left behind in it.
///
/// # Errors
/// A line when the folder cannot be read.
pub fn files(folder: &Path) -> Result<Files, String> {
    destroy_left_behind(folder)?;
    let mut files = Files::new();
    for path in names(folder)? {
        let changed = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
        let at = changed(&path);
        if path.extension().is_some_and(|end| end == SUFFIX) {
            let certified = changed(&path.with_extension(CERTIFICATE));
            files.push((path, [at, certified]));
        }
    }
    files.sort();
    Ok(files)
}

/// The certificates in a folder whose keys are destroyed already.
///
/// # Errors
/// A line when the folder or one of them cannot be read.
pub fn outlived(folder: &Path) -> Result<Vec<(PathBuf, SignedIssuerKeys)>, String> {
    let mut outlived = Vec::new();
    for path in names(folder)? {
        let of_a_key = path.with_extension(SUFFIX).exists();
        if path.extension().is_some_and(|end| end == CERTIFICATE) && !of_a_key {
            outlived.extend(certificate(&path)?.map(|signed| (path, signed)));
        }
    }
    Ok(outlived)
}

/// Overwrites a file and removes it.
///
/// # Errors
/// A line when that fails. A file that is not there is destroyed already.
pub fn destroy(path: &Path) -> Result<(), String> {
    match private_file::destroy(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("destroyed", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a certificate at once. It is no secret, and whoever reads it meanwhile must not find it blank.
///
/// # Errors
/// A line when it cannot be removed.
pub fn remove_certificate(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("removed", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn names(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(cannot("read", folder))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(cannot("read", folder))).collect()
}

fn certificate(path: &Path) -> Result<Option<SignedIssuerKeys>, String> {
    let bytes = match private_file::read_any(path, MAX_FILE_BYTES) {
        Ok((bytes, _)) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot("read", path)(error)),
    };
    let text = std::str::from_utf8(&bytes).ok().and_then(|text| hex::read(text.trim()));
    let signed = text.and_then(|bytes| unversioned(VERSION, &bytes).ok());
    signed
        .map(Some)
        .ok_or_else(|| format!("{}: no certificate; install it again or remove it", path.display()))
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

fn cannot(what: &str, path: &Path) -> impl Fn(io::Error) -> String {
    move |error| format!("{}: cannot be {what}: {error}", path.display())
}
