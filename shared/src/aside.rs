//! Journals that were set aside when a node began to follow another one anew. Nothing needs them but somebody
//! who wants to know what was in them, and each is as large as the journal was.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a journal that was set aside is called, with a number behind.
pub(crate) const NAME: &str = "journal.aside-";
/// Most files of one that are counted; a journal has far fewer.
const MAX_FILES: usize = 100_000;

/// The journals in a data folder that were set aside, each with its size in bytes, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn find(data: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(|name| name.strip_prefix(NAME)?.parse::<u32>().ok());
        if number.is_some() && entry.file_type()?.is_dir() {
            found.push((entry.path(), size(&entry.path())?));
        }
    }
    found.sort();
    Ok(found)
}

/// What to tell whoever has verified a folder of what was set aside there; with `remove`, it is removed.
///
/// # Errors
/// A line on what cannot be read or removed.
pub fn after_verify(data: &Path, remove: bool) -> Result<Vec<String>, String> {
    let failed =
        |path: &Path, error: io::Error| format!("{}: cannot be read or removed: {error}", path.display());
    let found = find(data).map_err(|error| failed(data, error))?;
    let told = found.into_iter().map(|(path, bytes)| {
        if remove {
            fs::remove_dir_all(&path).map_err(|error| failed(&path, error))?;
            return Ok(format!("{}: {bytes} bytes, was set aside and is removed", path.display()));
        }
        Ok(format!("{}: {bytes} bytes, was set aside; --remove-aside removes it", path.display()))
    });
    told.collect()
}

/// Tells the operator of a daemon of journals that were set aside.
pub fn warn(data: &Path) {
    for (path, bytes) in find(data).unwrap_or_default() {
        tracing::warn!(
            "{}: was set aside and takes {bytes} bytes; `verify --remove-aside` removes it once what is here is \
             sound",
            path.display()
        );
    }
}

fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)?.take(MAX_FILES) {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_journals_that_were_set_aside_are_told_of_and_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path();
        for name in ["journal", "journal.aside-1", "journal.aside-12", "journal.aside-old"] {
            fs::create_dir(data.join(name)).expect("a folder");
            fs::write(data.join(name).join("segment"), b"12345").expect("a file");
        }
        fs::write(data.join("journal.aside-3"), b"a file").expect("a file");
        let expected = [(data.join("journal.aside-1"), 5), (data.join("journal.aside-12"), 5)];
        assert_eq!(find(data).expect("a folder"), expected);
        let told = after_verify(data, false).expect("a folder");
        assert!(
            told.iter().all(|line| line.contains("5 bytes") && line.contains("--remove-aside")),
            "{told:?}"
        );
        assert_eq!(
            (told.len(), find(data).expect("a folder").len()),
            (2, 2),
            "nothing is removed by telling"
        );
        assert_eq!(after_verify(data, true).expect("a folder").len(), 2);
        assert_eq!(find(data).expect("a folder"), []);
        for name in ["journal", "journal.aside-old", "journal.aside-3"] {
            assert!(data.join(name).exists(), "{name} is none of them");
        }
    }
}
