//! The program of a shop in one signed file: binary, configuration and the public halves of its keys. With
//! the private key, which is in no bundle, and a backup, an empty machine becomes this daemon again.
//!
//! The form is our own and plain: [`MAGIC`], a version (1), the length of the list (4, little-endian), the
//! list in postcard, the Ed25519 signature of the daemon's own key over the SHA-256 of the list (64), and
//! the files one after another, as long as the list says. Nothing is written before the signature and
//! every digest are right; whoever unpacks says whose signature it has to be.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::chain::sync_folder;
use super::manifest::is_inside;
use super::stream::measure;
use super::{BackupError, Subject};
use crate::digest::{sha256, sha256_of_all};
use crate::identity::{Identity, SIGNATURE_BYTES, verify};
use crate::pin::{PUBLIC_KEY_BYTES, Pin};
use crate::private_file;
use crate::record::{unversioned, versioned};
use crate::time::Timestamp;

/// How a bundle begins.
const MAGIC: &[u8; 8] = b"KSBUNDLE";
const VERSION: u8 = 1;
/// Separates this signature from all others of the same key.
const LABEL: &[u8] = b"kessai bundle 1";
/// Largest list, in bytes, and most files in it.
const MAX_LIST_BYTES: u32 = 1 << 20;
const MAX_FILES: usize = 1_000;
/// Largest file, in bytes: a program with its debug information.
const MAX_FILE_BYTES: u64 = 4 << 30;
/// Largest configuration file, in bytes.
const MAX_TEXT_BYTES: u64 = 16 << 20;
const COPY_BYTES: usize = 1 << 20;
/// Where the program stands in a bundle.
const PROGRAMS: &str = "bin";
const CONFIGURATION: &str = "config";
const PUBLIC: &str = "public.txt";

/// What is in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    pub program: String,
    pub version: String,
    pub made_at: Timestamp,
    /// The key that has signed it.
    pub public: [u8; PUBLIC_KEY_BYTES],
    pub files: Vec<Entry>,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Relative to the folder that it is unpacked into.
    pub name: String,
    pub bytes: u64,
    pub sha256: [u8; 32],
    /// Whether it is a program.
    pub runs: bool,
}

/// A file on its way into a bundle: from the disk, or made here.
enum Source {
    File(PathBuf),
    Text(Vec<u8>),
}

impl List {
    /// The pin of whoever has signed it.
    pub fn pin(&self) -> Pin {
        Pin::of_public_key(&self.public)
    }
}

/// Puts a program and the configuration of a data folder into a file that is not there yet.
///
/// # Errors
/// [`BackupError`] when something cannot be read or written.
pub fn bundle(
    subject: &Subject,
    (program, data): (&Path, &Path),
    out: &Path,
    now: Timestamp,
) -> Result<List, BackupError> {
    let identity = (subject.identity)(data).map_err(BackupError::Refused)?;
    let mut sources =
        vec![(format!("{PROGRAMS}/{}", subject.daemon.program), Source::File(program.to_owned()), true)];
    for name in (subject.configuration)(data).map_err(BackupError::Refused)? {
        let path = data.join(&name);
        let read = private_file::read_any(&path, MAX_TEXT_BYTES);
        let (bytes, _) = read.map_err(BackupError::io("read", &path))?;
        sources.push((format!("{CONFIGURATION}/{name}"), Source::Text(bytes.to_vec()), false));
    }
    let public = (subject.public)(data).map_err(BackupError::Refused)?;
    let lines: String = public.keys.iter().map(|(name, key)| format!("{name} {key}\n")).collect();
    sources.push((PUBLIC.to_owned(), Source::Text(lines.into_bytes()), false));
    sources.push(("RECOVERY.md".to_owned(), Source::Text(subject.runbook.as_bytes().to_vec()), false));
    let files = sources.iter().map(|(name, source, runs)| entry(name, source, *runs));
    let list = List {
        program: subject.daemon.program.to_owned(),
        version: subject.version.to_owned(),
        made_at: now,
        public: identity.public(),
        files: files.collect::<Result<_, _>>()?,
    };
    let written = write(out, &head(&list, &identity), &sources);
    if written.is_err() {
        let _ = fs::remove_file(draft_of(out));
    }
    written.map(|()| list)
}

/// Unpacks a bundle that this key has signed into a folder that is not there yet, or empty. Nothing is
/// there before all of it is proved.
///
/// # Errors
/// [`BackupError`] when it was signed by another, is not as it was signed, or the folder is not empty.
pub fn unbundle(from: &Path, to: &Path, pin: Pin) -> Result<List, BackupError> {
    super::restore::must_be_empty(to)?;
    let list = look(from, pin)?;
    let draft = super::restore::draft_of(to)?;
    match fs::remove_dir_all(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(BackupError::io("remove", &draft)(error));
        }
        Ok(()) | Err(_) => {}
    }
    let unpacked = unpack(from, &list, &draft).and_then(|()| super::restore::place(&draft, to));
    if unpacked.is_err() {
        let _ = fs::remove_dir_all(&draft);
    }
    unpacked.map(|()| list)
}

/// Proves a bundle as a whole, and says what is in it.
///
/// # Errors
/// As [`unbundle`].
pub fn look(from: &Path, pin: Pin) -> Result<List, BackupError> {
    let mut file = open(from)?;
    let list = read_list(from, &mut file, pin)?;
    for entry in &list.files {
        copy(from, &mut file, entry, &mut io::sink())?;
    }
    let mut more = [0];
    match file.read(&mut more).map_err(BackupError::io("read", from))? {
        0 => Ok(list),
        _ => Err(BackupError::damaged(from, "there is more in it than it says")),
    }
}

fn entry(name: &str, source: &Source, runs: bool) -> Result<Entry, BackupError> {
    let (bytes, sha256) = match source {
        Source::File(path) => measure(path).map(|measured| (measured.bytes, measured.sha256))?,
        Source::Text(text) => (text.len() as u64, sha256_of_all(&[text])),
    };
    if !is_inside(name) || bytes > MAX_FILE_BYTES {
        return Err(BackupError::Refused(format!("{name}: has a name or a size that no bundle holds")));
    }
    Ok(Entry { name: name.to_owned(), bytes, sha256, runs })
}

/// Everything that stands before the files: the list, signed.
#[must_use]
pub fn head(list: &List, identity: &Identity) -> Vec<u8> {
    let bytes = versioned(VERSION, list);
    let signature = identity.sign(&signed(&bytes));
    let length = (bytes.len() as u32).to_le_bytes();
    [MAGIC, &[VERSION][..], &length, &bytes, &signature].concat()
}

fn write(out: &Path, head: &[u8], sources: &[(String, Source, bool)]) -> Result<(), BackupError> {
    if out.exists() {
        return Err(BackupError::Refused(format!("{}: is there already; name another file", out.display())));
    }
    let draft = draft_of(out);
    let writing = BackupError::io("write", &draft);
    let mut file = File::create(&draft).map_err(&writing)?;
    file.write_all(head).map_err(&writing)?;
    for (_, source, _) in sources {
        match source {
            Source::Text(text) => file.write_all(text).map_err(&writing)?,
            Source::File(path) => {
                let mut from = File::open(path).map_err(BackupError::io("read", path))?;
                io::copy(&mut from, &mut file).map_err(&writing)?;
            }
        }
    }
    file.sync_all().map_err(&writing)?;
    fs::rename(&draft, out).map_err(BackupError::io("put in its place", out))?;
    sync_folder(folder_of(out))
}

fn open(from: &Path) -> Result<BufReader<File>, BackupError> {
    let file = File::open(from).map_err(BackupError::io("read", from))?;
    Ok(BufReader::with_capacity(COPY_BYTES, file))
}

/// The list of a bundle, which this key has signed.
fn read_list(from: &Path, file: &mut impl Read, pin: Pin) -> Result<List, BackupError> {
    let damaged = |why: &str| BackupError::damaged(from, why);
    let short = |_| BackupError::damaged(from, "it is cut short");
    let (mut magic, mut version, mut length) = ([0; 8], [0], [0; 4]);
    file.read_exact(&mut magic).map_err(short)?;
    if magic != *MAGIC {
        return Err(damaged("it does not begin as a bundle"));
    }
    file.read_exact(&mut version).map_err(short)?;
    file.read_exact(&mut length).map_err(short)?;
    let length = u32::from_le_bytes(length);
    if version != [VERSION] || length > MAX_LIST_BYTES {
        return Err(damaged("it is of another version, or its list is too long"));
    }
    let (mut bytes, mut signature) = (vec![0; length as usize], [0; SIGNATURE_BYTES]);
    file.read_exact(&mut bytes).map_err(short)?;
    file.read_exact(&mut signature).map_err(short)?;
    let list: List = unversioned(VERSION, &bytes).map_err(|why| BackupError::damaged(from, why))?;
    if !verify(&list.public, &signed(&bytes), &signature) {
        return Err(damaged("its signature is not over what it says"));
    }
    if list.pin() != pin {
        return Err(BackupError::Refused(format!(
            "{}: was signed by {}, and not by {pin}; do not use it",
            from.display(),
            list.pin()
        )));
    }
    let within = |entry: &Entry| is_inside(&entry.name) && entry.bytes <= MAX_FILE_BYTES;
    if list.files.len() > MAX_FILES || !list.files.iter().all(within) {
        return Err(damaged("a file in it has a name or a size that no bundle holds"));
    }
    Ok(list)
}

fn unpack(from: &Path, list: &List, draft: &Path) -> Result<(), BackupError> {
    let mut file = open(from)?;
    let again = read_list(from, &mut file, list.pin())?;
    if again != *list {
        return Err(BackupError::damaged(from, "it was changed meanwhile"));
    }
    for entry in &list.files {
        let path = draft.join(&entry.name);
        let writing = BackupError::io("write", &path);
        fs::create_dir_all(folder_of(&path)).map_err(&writing)?;
        let mode = if entry.runs { 0o755 } else { 0o600 };
        let mut out =
            File::options().write(true).create_new(true).mode(mode).open(&path).map_err(&writing)?;
        copy(from, &mut file, entry, &mut out)?;
        // Whatever the caller's mask says, a program runs and a list is nobody else's.
        out.set_permissions(fs::Permissions::from_mode(mode)).map_err(&writing)?;
    }
    Ok(())
}

/// Copies one file of a bundle, and proves it.
fn copy(from: &Path, file: &mut impl Read, entry: &Entry, out: &mut impl Write) -> Result<(), BackupError> {
    let (mut left, mut digest, mut room) = (entry.bytes, Context::new(&SHA256), vec![0; COPY_BYTES]);
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(COPY_BYTES).min(COPY_BYTES);
        let read = file.read(&mut room[..most]).map_err(BackupError::io("read", from))?;
        if read == 0 {
            return Err(BackupError::damaged(from, "it is cut short"));
        }
        digest.update(&room[..read]);
        out.write_all(&room[..read]).map_err(BackupError::io("write", Path::new(&entry.name)))?;
        left -= read as u64;
    }
    if digest.finish().as_ref() == entry.sha256 {
        Ok(())
    } else {
        Err(BackupError::damaged(from, format!("{} in it was changed", entry.name)))
    }
}

fn signed(list: &[u8]) -> Vec<u8> {
    [LABEL, &sha256(&[list])].concat()
}

fn draft_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
