//! The file of the vault's keys: one line for each generation, `1 <64 hexadecimal digits>`. There are
//! two while a rekey is under way. A single line of digits alone is generation 1.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use kessai_shared::{hex, private_file};
use zeroize::Zeroizing;

/// Most bytes of the file that are read. Two lines take fewer than 160.
const MAX_KEY_FILE_BYTES: u64 = 1_024;
/// Most generations that a file has: the one in use, and the one that a rekey leaves behind.
const MAX_GENERATIONS: usize = 2;
/// A folder that anybody may write to, and where anybody may rename what is another's.
const ANYBODY_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// What a key of the vault is.
pub type Secret = Zeroizing<[u8; 32]>;

/// The key of one generation.
pub struct MasterKey {
    pub generation: u32,
    pub secret: Secret,
}

impl MasterKey {
    /// A new random key.
    ///
    /// # Errors
    /// A line when the system gives no random bytes.
    pub fn random(generation: u32) -> Result<Self, String> {
        let mut secret = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut secret[..]).map_err(|_| "the system gives no random bytes")?;
        Ok(Self { generation, secret })
    }
}

/// Reads the keys, the oldest generation first; `None` when there is no file.
///
/// # Errors
/// A line on what is wrong with the file and what to do.
pub fn read(path: &Path) -> Result<Option<Vec<MasterKey>>, String> {
    let file = || fs::metadata(path).ok().map(|meta| meta.ino());
    let mut before = file();
    loop {
        let keys = read_once(path);
        let after = file();
        // A rekey that put another file there meanwhile has overwritten the one that was read.
        if keys.is_ok() || before == after {
            return keys;
        }
        before = after;
    }
}

fn read_once(path: &Path) -> Result<Option<Vec<MasterKey>>, String> {
    let failed = |error: io::Error| format!("{}: cannot be read: {error}", path.display());
    let bytes = match private_file::read(path, MAX_KEY_FILE_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(format!("{}: {error}; restore it from a backup", path.display()));
        }
        Err(error) => return Err(failed(error)),
    };
    let folder = folder_of(path);
    let mode = fs::metadata(folder).map_err(failed)?.permissions().mode();
    if mode & ANYBODY_WRITES != 0 && mode & STICKY == 0 {
        let folder = folder.display();
        return Err(format!("{folder}: anybody may replace the keys in it; run: chmod o-w {folder}"));
    }
    // Bytes that are no text leave a text that is no key.
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    parse(text).map(Some).map_err(|why| format!("{}: {why}; restore it from a backup", path.display()))
}

fn parse(text: &str) -> Result<Vec<MasterKey>, String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let keys = match lines.as_slice() {
        [digits] if !digits.contains(' ') => vec![MasterKey { generation: 1, secret: secret(digits)? }],
        lines => lines.iter().map(|line| key(line)).collect::<Result<Vec<_>, _>>()?,
    };
    if !(1..=MAX_GENERATIONS).contains(&keys.len()) {
        return Err(format!("has {} keys, expected one or two", keys.len()));
    }
    let follows = |pair: &[MasterKey]| pair[0].generation.checked_add(1) == Some(pair[1].generation);
    if !keys.windows(2).all(follows) {
        return Err("its generations do not follow one another".to_owned());
    }
    if keys.windows(2).any(|pair| pair[0].secret == pair[1].secret) {
        return Err("two generations have one key".to_owned());
    }
    Ok(keys)
}

fn key(line: &str) -> Result<MasterKey, String> {
    let (generation, digits) = line.split_once(' ').unwrap_or_default();
    let generation = generation.parse().ok().filter(|generation| *generation > 0);
    let generation = generation.ok_or("a line is not a generation and 64 hexadecimal digits")?;
    Ok(MasterKey { generation, secret: secret(digits.trim())? })
}

fn secret(digits: &str) -> Result<Secret, String> {
    let mut secret = Zeroizing::new([0; 32]);
    let bad = "not a secret of 64 hexadecimal digits";
    hex::fill(digits, &mut secret[..]).ok_or(bad)?;
    Ok(secret)
}

/// Puts these keys into the file. Whenever the power fails, either all of the old keys are there or
/// all of the new, and once this has returned, the content of the old file is overwritten.
///
/// # Errors
/// When the file cannot be written; the old one is still there then.
pub fn write(path: &Path, keys: &[MasterKey]) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    wipe_leftovers(path)?;
    let mut text = Zeroizing::new(String::with_capacity(200));
    for key in keys {
        text.push_str(&key.generation.to_string());
        text.push(' ');
        text.push_str(&hex::of(&key.secret[..]));
        text.push('\n');
    }
    let (draft, gone) = (draft_of(path), gone_of(path));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // A second name for the old file, because after the renaming nothing else would lead to it.
    match fs::hard_link(path, &gone) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()?;
    wipe_leftovers(path)
}

/// Destroys what a write that was cut short left behind.
///
/// # Errors
/// When a leftover cannot be overwritten or removed.
pub fn wipe_leftovers(path: &Path) -> io::Result<()> {
    let file_of = |path: &Path| fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let live = file_of(path);
    for leftover in [draft_of(path), gone_of(path)] {
        let Some(found) = file_of(&leftover) else { continue };
        let is_file = fs::symlink_metadata(&leftover)?.is_file();
        // Before the renaming, the old file's second name still is the file in use.
        if is_file && Some(found) != live {
            private_file::destroy(&leftover)?;
        } else {
            fs::remove_file(&leftover)?;
            File::open(folder_of(path))?.sync_all()?;
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

/// Where new keys are written before they are in force.
fn draft_of(path: &Path) -> PathBuf {
    path.with_extension("new")
}

/// The second name of the file whose keys are to be destroyed.
fn gone_of(path: &Path) -> PathBuf {
    path.with_extension("gone")
}
