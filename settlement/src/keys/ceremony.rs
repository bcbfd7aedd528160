//! Sealing keys whose root is kept elsewhere: the settlement makes them and asks, whoever holds the
//! root signs, and the settlement takes what was signed. Only public halves travel.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use kessai_shared::codec;
use kessai_shared::digest::sha256;
use kessai_shared::hex;
use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{IssuerKeys, SignedIssuerKeys};
use kessai_shared::record::{unversioned, versioned};
use kessai_shared::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Epoch, Keys, MAX_EPOCHS, Span, epoch};

/// The versions of what travels; other numbers for the two, so that one is not taken for the other.
const REQUEST: u8 = 1;
const GRANT: u8 = 101;
/// Largest file that is read, in bytes: some 1,000 keys.
const MAX_FILE_BYTES: u64 = 8 << 20;

impl Keys {
    /// Makes so many keys, one after another behind the last there is, for the root to sign.
    ///
    /// # Errors
    /// A line when one cannot be made.
    pub fn request(&self, count: usize, now: Timestamp) -> Result<Vec<IssuerKeys>, String> {
        let all = self.list();
        if all.len() + count > MAX_EPOCHS {
            return Err(format!("{} sealing keys are there; {MAX_EPOCHS} is the most", all.len()));
        }
        // Those that were asked for before and never signed are asked for again with the new ones.
        let mut asked: Vec<IssuerKeys> =
            all.iter().filter(|epoch| !epoch.is_signed()).map(|epoch| epoch.keys.clone()).collect();
        let horizon = now.plus_seconds(self.terms.epoch_seconds.saturating_mul(MAX_EPOCHS as u64));
        let ends = all.iter().map(|epoch| epoch.span.ends).filter(|ends| *ends < horizon).max();
        let mut starts = ends.unwrap_or(now).max(now);
        for _ in 0..count {
            let span: Span = self.terms.span_from(starts);
            let plan = (self.suite, self.terms, span);
            asked.push(Epoch::make(&self.folder, plan, self.decision.public(), |_| None)?.keys);
            starts = span.ends;
        }
        Ok(asked)
    }

    /// Makes one key that takes over at once, where the root is here.
    ///
    /// # Errors
    /// A line when the root is elsewhere, or the key cannot be made.
    pub fn rotate(&self, now: Timestamp) -> Result<Epoch, String> {
        let elsewhere = "the issuer's root is kept elsewhere; use `epochs request`, `sign` and `install`";
        let root = self.root_key.as_ref().ok_or(elsewhere)?;
        if self.list().len() >= MAX_EPOCHS {
            return Err(format!("{MAX_EPOCHS} sealing keys are there already; wait until some are over"));
        }
        let plan = (self.suite, self.terms, self.terms.span_from(now));
        Epoch::make(&self.folder, plan, self.decision.public(), |keys| Some(keys.clone().sign(root)))
    }

    /// Takes keys in that the root has signed; how many of them are still there to be used.
    ///
    /// # Errors
    /// A line on the first that is not ours or not signed by our root; those before it are taken.
    pub fn install(&self, granted: &[SignedIssuerKeys]) -> Result<usize, String> {
        let mut taken = 0;
        for signed in granted {
            let keys = signed.verify(self.root).map_err(|why| format!("not signed by our root: {why}"))?;
            if keys.decision_key != self.decision.public() {
                return Err("signed for another settlement's decisions".to_owned());
            }
            // One whose time is over meanwhile is gone, and those after it are wanted all the same.
            if epoch::path(&self.folder, keys).exists() {
                Epoch::certify(&self.folder, signed)?;
                taken += 1;
            }
        }
        Ok(taken)
    }
}

/// What a request is known by, so that whoever signs can be told it another way.
pub fn digest(asked: &Vec<IssuerKeys>) -> [u8; 32] {
    sha256(&[b"kessai key request v1", &codec::encode(asked)])
}

/// Signs what a settlement asks for, with the root.
pub fn sign(asked: Vec<IssuerKeys>, root: &Identity) -> Vec<SignedIssuerKeys> {
    asked.into_iter().map(|keys| keys.sign(root)).collect()
}

/// Writes a request for the root.
///
/// # Errors
/// When the file cannot be written.
pub fn write_request(path: &Path, asked: &Vec<IssuerKeys>) -> Result<(), String> {
    write(path, REQUEST, asked)
}

/// # Errors
/// A line when the file cannot be read or is no request.
pub fn read_request(path: &Path) -> Result<Vec<IssuerKeys>, String> {
    read(path, REQUEST, "not a request for sealing keys")
}

/// Writes what the root has signed.
///
/// # Errors
/// When the file cannot be written.
pub fn write_grant(path: &Path, granted: &Vec<SignedIssuerKeys>) -> Result<(), String> {
    write(path, GRANT, granted)
}

/// # Errors
/// A line when the file cannot be read or holds no signed keys.
pub fn read_grant(path: &Path) -> Result<Vec<SignedIssuerKeys>, String> {
    read(path, GRANT, "not signed sealing keys")
}

/// The root's key and pin, from its file.
///
/// # Errors
/// A line when the file is not there or not as it should be.
pub fn root_key(path: &Path) -> Result<(Identity, Pin), String> {
    if !path.exists() {
        return Err(format!("{}: there is no such file", path.display()));
    }
    let root = Identity::load_or_create(path).map_err(|error| error.to_string())?;
    let pin = root.pin();
    Ok((root, pin))
}

fn write<T: Serialize>(path: &Path, version: u8, what: &T) -> Result<(), String> {
    let text = format!("{}\n", hex::of(&versioned(version, what)).as_str());
    std::fs::write(path, text).map_err(|error| format!("{}: cannot be written: {error}", path.display()))
}

fn read<T: DeserializeOwned>(path: &Path, version: u8, wrong: &str) -> Result<T, String> {
    let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    // One byte more than there may be shows that there are too many.
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(|error| failed(&error))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(failed(&wrong));
    }
    let bytes = hex::read(text.trim()).ok_or_else(|| failed(&wrong))?;
    unversioned(version, &bytes).map_err(|_| failed(&wrong))
}
