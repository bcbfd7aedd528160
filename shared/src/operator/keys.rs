//! Whose keys may operate a daemon: those on the list in its data folder, and its own operator's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::identity::Identity;
use crate::pin::Pin;
use crate::pin_set::{self, PinSet};

/// How often the list is looked at for changes.
const LOOK: Duration = Duration::from_millis(500);
/// What a list that is made anew begins with.
const HEADING: &str = "# The pins of the operators that may connect from elsewhere, one a line.\n";

/// The list of operators in a data folder.
pub fn list_file(data: &Path) -> PathBuf {
    data.join("operators.txt")
}

/// The key of whoever keeps the daemon on its own machine. It is always allowed.
pub fn key_file(data: &Path) -> PathBuf {
    data.join("keys").join("operator.key")
}

/// What the operator of this folder knocks on a silent daemon with.
pub fn knock_key_file(data: &Path) -> PathBuf {
    data.join("keys").join("operator.knock")
}

/// The key of whoever keeps this data folder, made where there is none: it stands for whoever may read
/// the folder anyway, so a new one gives nobody more than he had.
///
/// # Errors
/// A line on what is wrong with the key file.
pub fn own_key(data: &Path) -> Result<Identity, String> {
    Identity::load_or_create(key_file(data)).map_err(|error| error.to_string())
}

/// The pins on the list. One that is not there names nobody.
///
/// # Errors
/// A line, or some, on what is wrong with the list.
pub fn listed(data: &Path) -> Result<BTreeSet<Pin>, String> {
    let file = list_file(data);
    if !file.exists() {
        return Ok(BTreeSet::new());
    }
    pin_set::read(&file).map_err(|error| error.to_string())
}

/// Puts a key on the list; `false` when it stands there already.
///
/// # Errors
/// A line on why the list cannot be read or written.
pub fn allow(data: &Path, pin: Pin) -> Result<bool, String> {
    if listed(data)?.contains(&pin) {
        return Ok(false);
    }
    let text = text(data)?;
    write(data, &format!("{}\n{pin}\n", text.trim_end()))?;
    Ok(true)
}

/// Takes a key off the list; `false` when it does not stand there. Its connections are closed as soon as
/// the daemon has seen it, which takes half a second.
///
/// # Errors
/// As [`allow`].
pub fn remove(data: &Path, pin: Pin) -> Result<bool, String> {
    if !listed(data)?.contains(&pin) {
        return Ok(false);
    }
    // Comments and the other keys stay as they were written.
    let is_its = |line: &&str| line.split('#').next().unwrap_or_default().trim().parse() == Ok(pin);
    let rest: String =
        text(data)?.lines().filter(|line| !is_its(line)).map(|line| format!("{line}\n")).collect();
    write(data, &rest)?;
    Ok(true)
}

fn text(data: &Path) -> Result<String, String> {
    let file = list_file(data);
    if !file.exists() {
        return Ok(HEADING.to_owned());
    }
    std::fs::read_to_string(&file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))
}

/// Written aside and renamed: a daemon that reads meanwhile sees the old list or the new one.
fn write(data: &Path, text: &str) -> Result<(), String> {
    let file = list_file(data);
    let draft = file.with_extension("new");
    let written = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, &file));
    written.map_err(|error| format!("{}: cannot be written: {error}", file.display()))
}

/// The keys that may connect now: the list and the folder's own.
///
/// # Errors
/// A line, or some, on what is wrong with the list.
pub(super) fn allowed(data: &Path, own: Pin) -> Result<Arc<PinSet>, String> {
    let mut pins = listed(data)?;
    pins.insert(own);
    Ok(Arc::new(PinSet::of(pins)))
}

/// Takes changes of the list over while running.
pub(super) async fn follow(data: PathBuf, own: Pin, set: Arc<PinSet>) {
    let file = list_file(&data);
    let mut seen = modified(&file);
    loop {
        tokio::time::sleep(LOOK).await;
        let now = modified(&file);
        if now == seen {
            continue;
        }
        seen = now;
        match listed(&data) {
            Ok(mut pins) => {
                pins.insert(own);
                tracing::info!("{} operator key(s) may connect", pins.len());
                set.replace(pins);
            }
            Err(why) => tracing::error!("the list of operators stays as it was: {why}"),
        }
    }
}

fn modified(file: &Path) -> Option<(SystemTime, u64)> {
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_listed_once_and_taken_off_without_its_neighbours() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (Pin([1; 32]), Pin([2; 32]));
        assert_eq!(listed(folder.path()), Ok(BTreeSet::new()));
        assert_eq!(remove(folder.path(), one), Ok(false));
        assert_eq!(allow(folder.path(), one), Ok(true));
        assert_eq!(allow(folder.path(), one), Ok(false));
        let file = list_file(folder.path());
        let text = std::fs::read_to_string(&file).expect("a list");
        std::fs::write(&file, format!("{text}{two} # night shift\n# the end\n")).expect("written");
        assert_eq!(remove(folder.path(), one), Ok(true));
        assert_eq!(listed(folder.path()), Ok(BTreeSet::from([two])));
        let text = std::fs::read_to_string(&file).expect("a list");
        assert!(text.starts_with("# The pins") && text.ends_with("# night shift\n# the end\n"), "{text}");
        std::fs::write(&file, "nonsense\n").expect("written");
        assert!(allow(folder.path(), one).is_err_and(|why| why.contains("operators.txt:1")));
    }
}
