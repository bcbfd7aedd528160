//! The key files that a promoted node needs, kept at the standby as they are at the node in charge.
//!
//! The key that both nodes show each other is at both already and never travels.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::dial::{Dial, NoFeed, ask};
use super::wire::{Reply, Request};
use crate::exchange::Client;
use crate::{digest, private_file};

/// The folder of sealing keys in a folder of keys.
const EPOCHS: &str = "epochs";
/// How the names of key files end.
const ENDINGS: [&str; 4] = ["key", "pin", "epoch", "cert"];
/// The key that the two nodes know each other by.
const OWN: &str = "settlement.key";
/// Largest key file, in bytes.
const MAX_BYTES: u64 = 16 << 10;
/// How often a standby compares its key files with those of the node in charge.
const LOOK: Duration = Duration::from_millis(500);

/// The files that a node hands on, or takes over: those of its folder of keys, and a few that lie elsewhere.
#[derive(Clone, Debug)]
pub struct Files {
    pub folder: PathBuf,
    /// By the name they are sent under, without an ending. They are never removed.
    pub others: Vec<(&'static str, PathBuf)>,
}

impl Files {
    /// The names of the files that are here, as they are sent.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = self.in_folders()?;
        let others = self.others.iter().filter(|(_, path)| path.exists());
        names.extend(others.map(|(name, _)| (*name).to_owned()));
        Ok(names)
    }

    /// Where the file of this name is, or would be; nothing for what is no name of one.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let other = self.others.iter().find(|(other, _)| *other == name);
        other.map(|(_, path)| path.clone()).or_else(|| is_name(name).then(|| self.folder.join(name)))
    }

    fn in_folders(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let epochs = (self.folder.join(EPOCHS), format!("{EPOCHS}/"));
        for (within, prefix) in [(self.folder.clone(), String::new()), epochs] {
            // Only the folder of sealing keys may be missing: when there are no keys at all, they cannot be read.
            if !prefix.is_empty() && !within.exists() {
                continue;
            }
            for entry in fs::read_dir(within)? {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                if is_plain(&name) && name != OWN && entry.path().is_file() {
                    names.push(format!("{prefix}{name}"));
                }
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Whether a name is one of a key file, in the folder itself: letters, digits and hyphens, and an ending.
fn is_plain(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !stem.is_empty() && stem.bytes().all(plain) && ENDINGS.contains(&ending)
}

/// Whether the node in charge may name this file.
fn is_name(name: &str) -> bool {
    is_plain(name.strip_prefix(EPOCHS).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name)) && name != OWN
}

/// Makes the key files in a folder those of the node in charge, once; tells whether any has changed.
///
/// # Errors
/// A line on what fails. The files that were written are whole.
pub async fn mirror(dial: &Dial, files: &Files) -> Result<bool, String> {
    let client = dial.connect().await.map_err(|why| why.to_string())?;
    compare(&client, files).await
}

/// Goes on doing so over each connection to the node that is followed, until it is told to stop, and says
/// whenever a file has changed. A node that has less than this one is not followed, and costs it no key.
pub async fn follow(
    mut link: watch::Receiver<Option<Client>>,
    files: Files,
    mut stop: watch::Receiver<bool>,
    changed: impl Fn(),
) {
    let mut told = String::new();
    let going_on = async {
        loop {
            // Whoever follows no longer says so by its end.
            let Ok(client) = link.wait_for(Option::is_some).await.map(|client| client.clone()) else {
                return;
            };
            let Some(client) = client else { continue };
            match compare(&client, &files).await {
                Ok(true) => changed(),
                Ok(false) => told.clear(),
                // The same trouble is told once.
                Err(why) if why != told && !client.is_closed() => {
                    tracing::error!("the keys of the node in charge are not all here: {why}");
                    told = why;
                }
                Err(_) => {}
            }
            sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = going_on => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn compare(client: &Client, files: &Files) -> Result<bool, String> {
    let text = |why: NoFeed| why.to_string();
    let Reply::KeyFiles(theirs) = ask(client, &Request::KeyFiles).await.map_err(text)? else {
        return Err(NoFeed::Senseless.to_string());
    };
    let theirs: BTreeMap<String, [u8; 32]> = theirs.into_iter().collect();
    let mut changed = false;
    for (name, hash) in &theirs {
        let path = files.path(name).ok_or_else(|| format!("{name:?} is no name of a key file"))?;
        if private_file::read_any(&path, MAX_BYTES).is_ok_and(|(bytes, _)| digest::sha256(&[&bytes]) == *hash)
        {
            continue;
        }
        match ask(client, &Request::KeyFile { name: name.clone() }).await {
            Ok(Reply::KeyFile(bytes)) => {
                put(&path, &bytes.0).map_err(|error| format!("{}: {error}", path.display()))?;
                changed = true;
            }
            // It was destroyed meanwhile, which the next look will find.
            Err(NoFeed::Refused(super::wire::Refusal::Gone)) => {}
            Ok(_) => return Err(NoFeed::Senseless.to_string()),
            Err(why) => return Err(why.to_string()),
        }
    }
    // Sealing keys that are destroyed there are destroyed here. No other key ever is, and a file that is
    // missing there may be lost: then this copy is the only one.
    let here = files.in_folders().map_err(|error| format!("{}: {error}", files.folder.display()))?;
    for name in here {
        if !theirs.contains_key(&name) && name.starts_with(EPOCHS) {
            let path = files.folder.join(&name);
            private_file::destroy(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            changed = true;
        }
    }
    Ok(changed)
}

/// Puts a key file in its place and overwrites the one that was there.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut gone = path.as_os_str().to_owned();
    gone.push(".gone");
    let gone = PathBuf::from(gone);
    for leftover in [gone.exists(), path.exists()].into_iter().zip([true, false]) {
        match leftover {
            (true, true) => private_file::destroy(&gone)?,
            (true, false) => fs::hard_link(path, &gone)?,
            (false, _) => {}
        }
    }
    private_file::replace(path, bytes)?;
    if gone.exists() {
        private_file::destroy(&gone)?;
    }
    Ok(())
}
