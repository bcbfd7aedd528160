//! Whose keys may operate a daemon: those on the list in its data folder, and its own operator's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::rights::{Right, Rights};
use crate::identity::Identity;
use crate::pin::Pin;
use crate::pin_set::{self, Draft, News, Turn};

/// How often the list is looked at for changes.
const LOOK: Duration = Duration::from_millis(500);
/// What a list that is made anew begins with.
const HEADING: &str = "# The pins of the operators that may connect from elsewhere, one a line. Behind a pin, `watch` or `act`\n\
                       # (the default) says how far its right goes.\n";

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

/// The pins on the list, each with its right. A file that is not there names nobody. Of a pin that stands
/// there twice, the lesser right counts.
///
/// # Errors
/// A line, or some, on what is wrong with the list.
pub fn listed(data: &Path) -> Result<BTreeMap<Pin, Right>, String> {
    let file = list_file(data);
    if !file.exists() {
        return Ok(BTreeMap::new());
    }
    let lines = pin_set::read_lines(&file, entry).map_err(|error| error.to_string())?;
    let mut listed = BTreeMap::new();
    for (pin, right) in lines {
        listed.entry(pin).and_modify(|known: &mut Right| *known = right.min(*known)).or_insert(right);
    }
    Ok(listed)
}

/// What a line says, without its comment.
fn entry(line: &str) -> Option<(Pin, Right)> {
    let mut words = line.split_whitespace();
    let pin = words.next()?.parse().ok()?;
    let right = words.next().map_or(Ok(Right::Act), str::parse).ok()?;
    words.next().is_none().then_some((pin, right))
}

/// Puts a key on the list, or gives it another right; `false` when it stands there so already.
///
/// # Errors
/// A line on why the list cannot be read or written.
pub fn allow(data: &Path, pin: Pin, right: Right) -> Result<bool, String> {
    draft(data, pin, Some(right))?.put().map_err(|error| error.to_string())
}

/// Takes a key off the list; `false` when it does not stand there. Its connections are closed as soon as
/// the daemon has seen it, which takes half a second.
///
/// # Errors
/// As [`allow`].
pub fn remove(data: &Path, pin: Pin) -> Result<bool, String> {
    draft(data, pin, None)?.put().map_err(|error| error.to_string())
}

/// What the list would be when a key has this right, or none. Nobody else changes it until this is put in its
/// place or dropped. It may wait for another program that does.
///
/// # Errors
/// As [`allow`].
pub fn draft(data: &Path, pin: Pin, right: Option<Right>) -> Result<Draft, String> {
    let turn = Turn::of(&list_file(data)).map_err(|error| error.to_string())?;
    let known = listed(data)?.get(&pin).copied();
    if known == right {
        return Ok(turn.leave());
    }
    let rest = if known.is_some() { without(&text(data)?, pin) } else { text(data)? };
    let text = match right {
        Some(Right::Act) => format!("{}\n{pin}\n", rest.trim_end()),
        Some(right) => format!("{}\n{pin} {right}\n", rest.trim_end()),
        None => rest,
    };
    // A daemon that reads meanwhile sees the old list or the new one, and a key that was taken off does not
    // come back with the power.
    turn.draft(&text).map_err(|error| error.to_string())
}

/// The list without a pin. Comments and the other keys stay as they were written.
fn without(text: &str, pin: Pin) -> String {
    let is_its =
        |line: &&str| entry(line.split('#').next().unwrap_or_default()).is_some_and(|(its, _)| its == pin);
    text.lines().filter(|line| !is_its(line)).map(|line| format!("{line}\n")).collect()
}

fn text(data: &Path) -> Result<String, String> {
    let file = list_file(data);
    if !file.exists() {
        return Ok(HEADING.to_owned());
    }
    std::fs::read_to_string(&file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))
}

/// Takes changes of the list over while running.
pub(super) async fn follow(data: PathBuf, rights: Rights) {
    let mut news = News::of(list_file(&data));
    let mut told = String::new();
    loop {
        tokio::time::sleep(LOOK).await;
        if !news.may_be() {
            continue;
        }
        match rights.reload() {
            Ok(changed) => {
                told.clear();
                if changed {
                    tracing::info!("{} operator key(s) may connect", rights.pins().len());
                }
            }
            // The same slip is told once.
            Err(why) if why != told => {
                tracing::error!("the list of operators stays as it was: {why}");
                told = why;
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_listed_once_and_taken_off_without_its_neighbours() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (Pin([1; 32]), Pin([2; 32]));
        let both = |one, other| Ok(BTreeMap::from([(Pin([1; 32]), one), (Pin([2; 32]), other)]));
        assert_eq!(listed(folder.path()), Ok(BTreeMap::new()));
        assert_eq!(remove(folder.path(), one), Ok(false));
        assert_eq!(allow(folder.path(), one, Right::Act), Ok(true));
        assert_eq!(allow(folder.path(), one, Right::Act), Ok(false));
        let file = list_file(folder.path());
        let text = std::fs::read_to_string(&file).expect("a list");
        std::fs::write(&file, format!("{text}{two} # night shift\n# the end\n")).expect("written");
        assert_eq!(listed(folder.path()), both(Right::Act, Right::Act));
        assert_eq!(allow(folder.path(), one, Right::Watch), Ok(true));
        assert_eq!(listed(folder.path()), both(Right::Watch, Right::Act));
        assert_eq!(remove(folder.path(), one), Ok(true));
        assert_eq!(listed(folder.path()), Ok(BTreeMap::from([(two, Right::Act)])));
        let text = std::fs::read_to_string(&file).expect("a list");
        assert!(text.starts_with("# The pins") && text.ends_with("# night shift\n# the end\n"), "{text}");
        for nonsense in ["nonsense", &format!("{one} rule"), &format!("{one} act watch")] {
            std::fs::write(&file, format!("{nonsense}\n")).expect("written");
            let told = allow(folder.path(), one, Right::Act);
            assert!(told.is_err_and(|why| why.contains("operators.txt:1")), "{nonsense}");
        }
        std::fs::write(&file, format!("{one}\n{one} watch\n")).expect("written");
        assert_eq!(listed(folder.path()), Ok(BTreeMap::from([(one, Right::Watch)])), "the lesser right");
    }
}
