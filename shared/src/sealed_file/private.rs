//! Files that only their owner may read, written so that they are whole or as they were.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::SealedFileFault;

/// Permission bits by which others than the owner could use the file.
const OTHERS: u32 = 0o077;

/// All of a file no longer than `limit` bytes, and whether it is open to others than its owner.
pub fn read(path: &Path, limit: usize) -> Result<(Zeroizing<Vec<u8>>, bool), SealedFileFault> {
    let file = File::open(path).map_err(io_fault("read"))?;
    let exposed = is_exposed(&file)?;
    // The buffer has its full size from the start: one that grows leaves an unwiped copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 1));
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(io_fault("read"))?;
    if bytes.len() > limit { Err(SealedFileFault::TooLarge) } else { Ok((bytes, exposed)) }
}

/// Opens a file for reading that is open to nobody else.
pub fn open(path: &Path) -> Result<File, SealedFileFault> {
    let file = File::open(path).map_err(io_fault("read"))?;
    if is_exposed(&file)? { Err(SealedFileFault::Exposed) } else { Ok(file) }
}

// The permissions are those of the open file, so that nobody can swap it in between. A folder is no
// file in the first place, which reading it will tell.
fn is_exposed(file: &File) -> Result<bool, SealedFileFault> {
    let metadata = file.metadata().map_err(io_fault("read"))?;
    Ok(!metadata.is_dir() && metadata.permissions().mode() & OTHERS != 0)
}

pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), SealedFileFault> {
    // Where a link leads to the file, the file changes and the link stays.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    place(&path, bytes, |temporary, path| fs::rename(temporary, path)).map_err(io_fault("written"))
}

pub fn create(path: &Path, bytes: &[u8]) -> Result<(), SealedFileFault> {
    // A link, unlike a rename, fails when there is a file already.
    let link = |temporary: &Path, path: &Path| fs::hard_link(temporary, path);
    match place(path, bytes, link) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(SealedFileFault::Exists),
        placed => placed.map_err(io_fault("written")),
    }
}

fn place(path: &Path, bytes: &[u8], put: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = PathBuf::from(name);
    let placed = write_durably(&temporary, bytes).and_then(|()| put(&temporary, path));
    // A rename has taken it away, and a write that failed may have left it: it goes either way.
    let _ = fs::remove_file(&temporary);
    placed?;
    File::open(directory)?.sync_all()
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A file of this name is the leftover of a process that died halfway.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn io_fault(what: &'static str) -> impl Fn(io::Error) -> SealedFileFault {
    move |error| SealedFileFault::Io { what, error }
}
