//! Files that only their owner may read: refused when others can, written whole or not at all, and
//! overwritten before they are removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::credentials;

/// Permission bits by which others than the owner could use the file.
const OTHERS: u32 = 0o077;

/// The same of a credential, whose mode shows the mask of an access list as the group's.
const OTHERS_THAN_NAMED: u32 = 0o037;

/// Opens a file, and tells whether others than its owner may use it.
///
/// # Errors
/// As opening any file.
pub fn open(path: &Path) -> io::Result<(File, bool)> {
    let file = File::open(path)?;
    // The permissions are those of the open file, so that nobody can swap it in between. A folder is
    // no file in the first place, which reading it will tell.
    let meta = file.metadata()?;
    let others = if credentials::holds(path) { OTHERS_THAN_NAMED } else { OTHERS };
    let exposed = !meta.is_dir() && meta.permissions().mode() & others != 0;
    Ok((file, exposed))
}

/// Reads a file of at most `most` bytes, and tells whether others may use it.
///
/// # Errors
/// As reading any file; [`io::ErrorKind::FileTooLarge`] when it is larger.
pub fn read_any(path: &Path, most: u64) -> io::Result<(Zeroizing<Vec<u8>>, bool)> {
    let (file, exposed) = open(path)?;
    // Room for all of it at once: a buffer that grows leaves copies of the secret behind.
    let room = file.metadata()?.len().min(most) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or(0)));
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!("larger than the {most} bytes such a file may have");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok((bytes, exposed))
}

/// Reads a private file of at most `most` bytes.
///
/// # Errors
/// As [`read_any`]; also when others may use it, with the cure.
pub fn read(path: &Path, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let (bytes, exposed) = read_any(path, most)?;
    if exposed {
        let cure = format!("others may read this secret; run: chmod 600 {}", path.display());
        return Err(io::Error::other(cure));
    }
    Ok(bytes)
}

/// Writes a private file, or puts it in the place of the one that is there. Whenever the power fails
/// it is the old one or the new one as a whole; it is on the disk when this returns.
///
/// # Errors
/// When any step fails; what was there before is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    draft(path, bytes)?.put()
}

/// A private file that is written and on the disk, and has not its name yet. Dropped, it is gone.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    draft: PathBuf,
}

/// Writes what [`replace`] would put in a file's place beside it.
///
/// # Errors
/// When any step fails; then nothing is left of it.
pub fn draft(path: &Path, bytes: &[u8]) -> io::Result<Draft> {
    // Where a link leads to the file, the file changes and the link stays.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    fs::create_dir_all(folder_of(&path))?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    // A write that failed may have left it, which goes with this.
    let draft = Draft { draft: PathBuf::from(name), path };
    write_durably(&draft.draft, bytes)?;
    Ok(draft)
}

impl Draft {
    /// Puts it in its place. It is on the disk when this returns.
    ///
    /// # Errors
    /// When any step fails.
    pub fn put(self) -> io::Result<()> {
        self.place(|draft, path| fs::rename(draft, path))
    }

    fn place(mut self, put: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
        put(&self.draft, &self.path)?;
        // A rename has taken it away, and a link has left it.
        let _ = fs::remove_file(std::mem::take(&mut self.draft));
        File::open(folder_of(&self.path))?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.draft.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.draft);
        }
    }
}

/// Writes a private file as [`replace`] does, but never over one that is there.
///
/// # Errors
/// As [`replace`]; [`io::ErrorKind::AlreadyExists`] when there is one.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link, unlike a rename, fails when there is a file already.
    draft(path, bytes)?.place(|draft, path| fs::hard_link(draft, path))
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A file of this name is the leftover of a process that died halfway.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    // What root writes into another user's folder is that user's, who could not read it otherwise.
    let (folder, own) = (fs::metadata(folder_of(path))?, file.metadata()?);
    if own.uid() == 0 && folder.uid() != 0 {
        fchown(&file, Some(folder.uid()), Some(folder.gid()))?;
    }
    file.write_all(bytes)?;
    file.sync_all()
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
            replace(&path, text).unwrap();
            assert_eq!(&read(&path, 7).unwrap()[..], text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let twice = create(&path, b"third").unwrap_err();
        assert_eq!(twice.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(&read(&path, 7).unwrap()[..], b"");
    }

    #[test]
    fn what_root_writes_into_anothers_folder_is_that_others() {
        let folder = tempfile::tempdir().unwrap();
        if fs::metadata(folder.path()).unwrap().uid() != 0 {
            eprintln!("SKIPPED: whose files root makes: not root");
            return;
        }
        std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_534)).unwrap();
        let path = folder.path().join("secret");
        create(&path, b"1").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().uid(), 65_534);
        replace(&path, b"2").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().uid(), 65_534);
    }

    #[test]
    fn an_exposed_or_oversized_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create(&path, b"12345678").unwrap();
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
        create(&path, b"12345678").unwrap();
        // A second name for the same bytes shows what became of them.
        fs::hard_link(&path, &other).unwrap();
        destroy(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(fs::read(&other).unwrap(), [0; 8]);
    }
}
