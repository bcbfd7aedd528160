//! The keys that may speak, which an operator can change while the daemon runs.

mod draft;
mod news;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::pin::Pin;

pub use draft::{Draft, Turn};
pub use news::News;

/// Largest allowlist that is read, in bytes; it holds far more keys than a deployment has.
const MAX_ALLOWLIST_BYTES: u64 = 16 * 1024 * 1024;

/// A set of pins that can be swapped at run time, and watched for the swap.
#[derive(Debug)]
pub struct PinSet {
    path: Option<PathBuf>,
    pins: watch::Sender<Arc<BTreeSet<Pin>>>,
}

impl PinSet {
    /// A set that stands on no file.
    #[must_use]
    pub fn of(pins: impl IntoIterator<Item = Pin>) -> Self {
        Self { path: None, pins: watch::Sender::new(Arc::new(pins.into_iter().collect())) }
    }

    /// Reads an allowlist: one pin a line; `#` starts a comment; empty lines are skipped.
    ///
    /// # Errors
    ///
    /// [`PinSetError::Unreadable`] when the file cannot be read, and
    /// [`PinSetError::BadLines`] with every line that is not a pin.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, PinSetError> {
        let path = path.into();
        let pins = read(&path)?;
        Ok(Self { path: Some(path), pins: watch::Sender::new(Arc::new(pins)) })
    }

    /// Reads the allowlist again, and tells whether it has changed. The set in force stays as it was when the file is bad, since a
    /// slip of the pen must not lock every terminal out.
    ///
    /// # Errors
    ///
    /// As [`PinSet::load`]. A set without a file reloads nothing and succeeds.
    pub fn reload(&self) -> Result<bool, PinSetError> {
        self.path.as_ref().map_or(Ok(false), |path| Ok(self.replace(read(path)?)))
    }

    /// Puts another set in force; `false` when it is the same.
    pub fn replace(&self, pins: impl IntoIterator<Item = Pin>) -> bool {
        let pins: Arc<BTreeSet<Pin>> = Arc::new(pins.into_iter().collect());
        self.pins.send_if_modified(|current| {
            let changed = *current != pins;
            *current = pins;
            changed
        })
    }

    /// Whether a key may speak.
    #[must_use]
    pub fn contains(&self, pin: &Pin) -> bool {
        self.pins.borrow().contains(pin)
    }

    /// How many keys may speak.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pins.borrow().len()
    }

    /// Whether no key may speak.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pins.borrow().is_empty()
    }

    /// A receiver that is told of every change of the set.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<BTreeSet<Pin>>> {
        self.pins.subscribe()
    }
}

/// An allowlist that cannot be used.
#[derive(Debug)]
pub enum PinSetError {
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The file cannot be written.
    Unwritable(PathBuf, io::Error),
    /// The file is larger than an allowlist can be.
    TooLarge(PathBuf, u64),
    /// These lines, counted from one, are not pins.
    BadLines(PathBuf, Vec<(usize, String)>),
}

impl fmt::Display for PinSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => {
                write!(f, "cannot read the allowlist {}: {error}", path.display())
            }
            Self::Unwritable(path, error) => {
                write!(f, "cannot write the allowlist {}: {error}", path.display())
            }
            Self::TooLarge(path, bytes) => write!(
                f,
                "the allowlist {} has {bytes} bytes; at most {MAX_ALLOWLIST_BYTES} are read",
                path.display()
            ),
            Self::BadLines(path, lines) => {
                write!(f, "the allowlist is refused; a pin is 64 lowercase hex digits")?;
                lines
                    .iter()
                    .try_for_each(|(number, line)| write!(f, "\n  {}:{number}: {line:?}", path.display()))
            }
        }
    }
}

impl std::error::Error for PinSetError {}

/// The pins in a file such as [`PinSet::load`] reads.
///
/// # Errors
///
/// As [`PinSet::load`].
pub fn read(path: &Path) -> Result<BTreeSet<Pin>, PinSetError> {
    read_lines(path, |line| line.parse().ok()).map(BTreeSet::from_iter)
}

/// What the lines of a list mean that begin with a pin, by somebody who knows what else may stand there.
/// Empty lines and comments are skipped.
///
/// # Errors
///
/// As [`PinSet::load`].
pub fn read_lines<T>(path: &Path, means: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, PinSetError> {
    let unreadable = |error| PinSetError::Unreadable(path.to_path_buf(), error);
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_ALLOWLIST_BYTES {
        return Err(PinSetError::TooLarge(path.to_path_buf(), size));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    parse(&String::from_utf8_lossy(&bytes), means)
        .map_err(|lines| PinSetError::BadLines(path.to_path_buf(), lines))
}

/// Puts a pin on a list that is one pin a line; `false` when it stands there already. The list is written
/// aside and renamed: a daemon that reads meanwhile sees the old list or the new one.
///
/// # Errors
///
/// As [`PinSet::load`], and when the file cannot be written.
pub fn allow(path: &Path, pin: Pin) -> Result<bool, PinSetError> {
    draft(path, pin, true)?.put()
}

/// What a list would be with a pin, or without it. Nobody else changes it until this is put in its place or
/// dropped. Comments and the others stay as they were written.
///
/// # Errors
///
/// As [`allow`].
pub fn draft(path: &Path, pin: Pin, listed: bool) -> Result<Draft, PinSetError> {
    let turn = Turn::of(path)?;
    if read(path)?.contains(&pin) == listed {
        return Ok(turn.leave());
    }
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| PinSetError::Unreadable(path.to_path_buf(), error))?;
    if listed {
        return turn.draft(&format!("{}\n{pin}\n", text.trim_end()));
    }
    let is_its = |line: &&str| line.split('#').next().unwrap_or_default().trim().parse() == Ok(pin);
    let rest: String = text.lines().filter(|line| !is_its(line)).map(|line| format!("{line}\n")).collect();
    turn.draft(&rest)
}

fn parse<T>(text: &str, means: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Vec<(usize, String)>> {
    let mut pins = Vec::new();
    let mut bad = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let meaning = line.split('#').next().unwrap_or_default().trim();
        if meaning.is_empty() {
            continue;
        }
        match means(meaning) {
            Some(pin) => pins.push(pin),
            None => bad.push((index + 1, meaning.chars().take(80).collect())),
        }
    }
    if bad.is_empty() { Ok(pins) } else { Err(bad) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(byte: u8) -> Pin {
        Pin([byte; 32])
    }

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        let text = format!("# the till\n\n  {}  # left lane\r\n{}\n", pin(1), pin(2));
        assert_eq!(parse(&text, |line| line.parse().ok()), Ok(vec![pin(1), pin(2)]));
    }

    #[test]
    fn every_bad_line_is_reported_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("terminals");
        std::fs::write(&path, format!("nonsense\n{}\nABCD\n", pin(1))).unwrap();
        let report = PinSet::load(&path).unwrap_err().to_string();
        assert!(report.contains("terminals:1: \"nonsense\""), "{report}");
        assert!(report.contains("terminals:3: \"ABCD\""), "{report}");
        assert!(!report.contains("terminals:2"), "{report}");
    }

    #[test]
    fn a_list_is_changed_by_one_program_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("terminals");
        std::fs::write(&path, format!("{}\n", pin(1))).unwrap();
        let drafted = draft(&path, pin(2), true).unwrap();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| allow(&path, pin(3)));
            std::thread::sleep(std::time::Duration::from_millis(200));
            assert_eq!(
                read(&path).unwrap().len(),
                1,
                "what is drafted changes nothing, and nobody else does"
            );
            assert!(drafted.put().unwrap());
            assert!(other.join().unwrap().unwrap());
        });
        assert_eq!(read(&path).unwrap(), [1, 2, 3].map(pin).into());
        drop(draft(&path, pin(1), false).unwrap());
        assert!(!draft(&path, pin(1), true).unwrap().put().unwrap(), "it stands there already");
        assert!(draft(&path, pin(1), false).unwrap().put().unwrap());
        assert_eq!(read(&path).unwrap(), [2, 3].map(pin).into());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_bad_reload_leaves_the_set_in_force() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("terminals");
        std::fs::write(&path, format!("{}\n", pin(1))).unwrap();
        let set = PinSet::load(&path).unwrap();
        let mut changes = set.subscribe();
        std::fs::write(&path, "nonsense\n").unwrap();
        assert!(set.reload().is_err());
        assert!(set.contains(&pin(1)));
        assert!(!changes.has_changed().unwrap());
        std::fs::write(&path, format!("{}\n", pin(2))).unwrap();
        set.reload().unwrap();
        assert!(!set.contains(&pin(1)) && set.contains(&pin(2)));
        assert!(changes.has_changed().unwrap());
        assert_eq!(changes.borrow_and_update().len(), 1);
    }
}
