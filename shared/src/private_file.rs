//! Files that only their owner may read: refused when others can, written whole or not at all, and
//! overwritten before they are removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Permission bits by which others than the owner could use the file.
const OTHERS: u32 = 0o077;

/// Reads a private file of at most `most` bytes.
///
/// # Errors
/// As reading any file; also when others may read it, or when it is larger, with the cure.
pub fn read(path: &Path, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    // The permissions are those of the open file, so that nobody can swap it in between.
    let meta = file.metadata()?;
    if meta.permissions().mode() & OTHERS != 0 {
        let cure = format!("others may read this secret; run: chmod 600 {}", path.display());
        return Err(io::Error::other(cure));
    }
    if meta.len() > most {
        return Err(io::Error::other(format!("larger than the {most} bytes such a file may have")));
    }
    // Room for all of it at once: a buffer that grows leaves copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0) + 1));
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a private file aside and renames it, so that a half-written one is never found. It is on
/// the disk when this returns.
///
/// # Errors
/// When any step fails; what was there before is then still there.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let draft = PathBuf::from(name);
    // One that a crash left behind is nothing that anything relies on.
    if draft.exists() {
        destroy(&draft)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()
}

/// Overwrites a file and removes it. On flash and on file systems that copy what they write, the
/// medium may still hold an older copy for a while.
///
/// # Errors
/// When any step fails.
pub fn destroy(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    fs::remove_file(path)?;
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for text in [&b"one"[..], b"another", b""] {
            write(&path, text).unwrap();
            assert_eq!(&read(&path, 7).unwrap()[..], text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_exposed_or_oversized_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write(&path, b"12345678").unwrap();
        assert!(read(&path, 7).unwrap_err().to_string().contains("larger"));
        for mode in [0o640, 0o604, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(read(&path, 8).unwrap_err().to_string().contains("chmod 600"));
        }
    }

    #[test]
    fn what_is_destroyed_is_overwritten_first() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("secret"), folder.path().join("link"));
        write(&path, b"12345678").unwrap();
        // A second name for the same bytes shows what became of them.
        fs::hard_link(&path, &other).unwrap();
        destroy(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(fs::read(&other).unwrap(), [0; 8]);
    }
}
