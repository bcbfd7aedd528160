//! A daemon's data folder: whose it is, of which version, and that only one process uses it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file that says what the folder is. It is written last when a folder is made.
const FORMAT_FILE: &str = "format";
const DRAFT_FILE: &str = ".format";
const LOCK_FILE: &str = "lock";
/// Largest format file that is read, in bytes.
const MAX_FORMAT_BYTES: usize = 200;

/// What a data folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderKind {
    pub name: &'static str,
    pub version: u32,
}

/// A data folder that this process holds until it is dropped.
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a data folder cannot be used.
#[derive(Debug)]
pub enum FolderError {
    /// Another process holds it.
    InUse(PathBuf),
    /// There is something in it, but it does not say what.
    HalfWritten(PathBuf),
    /// It is some other program's.
    OtherKind {
        path: PathBuf,
        found: String,
        expected: &'static str,
    },
    /// Another version wrote it.
    OtherVersion {
        path: PathBuf,
        found: String,
        expected: u32,
    },
    /// There is no folder.
    Missing(PathBuf),
    Io {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl DataFolder {
    /// Opens the folder, making it when it is not there or empty.
    ///
    /// # Errors
    /// [`FolderError`] says in one line what is wrong and what to do.
    pub fn open(path: &Path, kind: FolderKind) -> Result<Self, FolderError> {
        let fault = |what| move |source| FolderError::Io { what, path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(fault("make"))?;
        let lock = path.join(LOCK_FILE);
        // Whoever may open it may hold it, so it is nobody else's.
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(lock);
        let lock = lock.map_err(fault("lock"))?;
        lock.try_lock().map_err(|_| FolderError::InUse(path.to_owned()))?;
        match check(path, kind) {
            Err(FolderError::Missing(_)) => mark(path, kind).map_err(fault("write to"))?,
            checked => checked?,
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether some process uses the folder now. Also checks whose it is.
    ///
    /// # Errors
    /// [`FolderError`] when it is not a data folder of this kind.
    pub fn is_live(path: &Path, kind: FolderKind) -> Result<bool, FolderError> {
        check(path, kind)?;
        let lock = File::open(path.join(LOCK_FILE));
        Ok(lock.is_ok_and(|lock| lock.try_lock().is_err()))
    }
}

/// Whether a key file may be made anew: not beside books, because they were written under the one
/// that is missing.
///
/// # Errors
/// A line on which key is missing and what to do.
pub fn may_make_key(key: &Path, books: &Path) -> Result<(), String> {
    if books.exists() && !key.exists() {
        let key = key.display();
        return Err(format!(
            "{key}: is missing, and the books here were written with it; put it back from where it is kept, or, where \
             systemd hands it over, set CREDENTIALS_DIRECTORY to its folder"
        ));
    }
    Ok(())
}

fn check(path: &Path, kind: FolderKind) -> Result<(), FolderError> {
    let found = match fs::read(path.join(FORMAT_FILE)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_FORMAT_BYTES)]).trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unmarked(path)),
        Err(source) => return Err(FolderError::Io { what: "read", path: path.to_owned(), source }),
    };
    let Some((name, version)) = found.rsplit_once(' ') else {
        return Err(FolderError::HalfWritten(path.to_owned()));
    };
    if name != kind.name {
        return Err(FolderError::OtherKind { path: path.to_owned(), found, expected: kind.name });
    }
    if version != kind.version.to_string() {
        let version = version.to_owned();
        return Err(FolderError::OtherVersion {
            path: path.to_owned(),
            found: version,
            expected: kind.version,
        });
    }
    Ok(())
}

/// An empty folder is a new one; anything else without a format file was never finished.
fn unmarked(path: &Path) -> FolderError {
    let own = [
        LOCK_FILE,
        DRAFT_FILE,
        "keys",
        "server.toml",
        "settlement.toml",
        "policy.toml",
        "sellers.txt",
        "operators.txt",
    ];
    let strange = fs::read_dir(path)
        .map(|entries| entries.flatten().any(|entry| !own.iter().any(|name| entry.file_name() == *name)));
    match strange {
        Ok(true) => FolderError::HalfWritten(path.to_owned()),
        Ok(false) | Err(_) => FolderError::Missing(path.to_owned()),
    }
}

fn mark(path: &Path, kind: FolderKind) -> io::Result<()> {
    let draft = path.join(DRAFT_FILE);
    let mut file = File::create(&draft)?;
    writeln!(file, "{} {}", kind.name, kind.version)?;
    file.sync_all()?;
    fs::rename(&draft, path.join(FORMAT_FILE))?;
    File::open(path)?.sync_all()
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FolderError::InUse(path) => {
                write!(f, "{}: another process uses this data folder; stop it first", path.display())
            }
            FolderError::HalfWritten(path) => write!(
                f,
                "{}: not empty, and no data folder of ours or one that was never finished; \
                 name an empty folder, or restore this one from a backup",
                path.display()
            ),
            FolderError::OtherKind { path, found, expected } => {
                write!(f, "{}: is a '{found}' folder, expected '{expected}'", path.display())
            }
            FolderError::OtherVersion { path, found, expected } => write!(
                f,
                "{}: was written by version {found} of the data format, this program knows {expected}; \
                 use the program that wrote it",
                path.display()
            ),
            FolderError::Missing(path) => write!(f, "{}: there is no data folder here", path.display()),
            FolderError::Io { what, path, source } => {
                write!(f, "{}: cannot {what} the data folder: {source}", path.display())
            }
        }
    }
}

impl std::error::Error for FolderError {}
