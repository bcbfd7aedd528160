//! One file of a backup: sealed in chunks that are counted and of which the last is marked, as in
//! STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, 2015) and the age format. So a flipped bit, a
//! missing or doubled chunk, two chunks exchanged and a file that was cut short are all found before
//! the chunk in question is used.
//!
//! The key of a file comes by HKDF-SHA256 from the backup key and a random salt in the header; the
//! header is the additional data of every chunk, so no byte of the file can be changed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hkdf::{self, HKDF_SHA256, KeyType};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::key::{KEY_BYTES, KEY_ID_BYTES};
use super::{BackupError, BackupKey};

/// How every file of a backup begins.
const MAGIC: &[u8; 8] = b"KSBACKUP";
/// The version of this layout.
const VERSION: u8 = 1;
const SALT_BYTES: usize = 32;
const HEADER_BYTES: usize = MAGIC.len() + 2 + KEY_ID_BYTES + SALT_BYTES;
/// What one chunk holds, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
/// Separates the keys of files from any other use of the backup key.
const LABEL: &[u8] = b"kessai backup stream 1";

/// What a file of a backup holds. The number stands in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Part {
    Manifest = 1,
    /// The rows of a checkpoint.
    Rows = 2,
    /// Groups of the journal.
    Groups = 3,
    /// Configuration, lists and pictures.
    Files = 4,
}

impl Part {
    pub const fn file_name(self) -> &'static str {
        match self {
            Part::Manifest => "manifest",
            Part::Rows => "rows",
            Part::Groups => "groups",
            Part::Files => "files",
        }
    }
}

/// A file that was written: its length in bytes, and the SHA-256 of all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub bytes: u64,
    pub sha256: [u8; 32],
}

/// Writes one file.
pub struct Sealer {
    path: PathBuf,
    file: File,
    key: LessSafeKey,
    header: [u8; HEADER_BYTES],
    counter: u64,
    chunk: Zeroizing<Vec<u8>>,
    bytes: u64,
    digest: Context,
    /// How much was written since the last sync, and how much may be, in bytes.
    unsynced: u64,
}

/// How much is written before it is synced, in bytes: all of it at the end would keep the journal's own
/// syncs waiting.
const SYNC_BYTES: u64 = 8 << 20;

impl Sealer {
    /// Begins a file that is not there yet.
    ///
    /// # Errors
    /// [`BackupError::Io`] when the file system fails.
    pub fn create(folder: &Path, part: Part, key: &BackupKey) -> Result<Self, BackupError> {
        let path = folder.join(part.file_name());
        let mut salt = [0; SALT_BYTES];
        rand::fill(&mut salt).map_err(|_| BackupError::refused("the system gave no random bytes"))?;
        let header = header(part, key, &salt);
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = opened.map_err(BackupError::io("write", &path))?;
        let mut sealer = Self {
            key: file_key(key, &header)?,
            path,
            file,
            header,
            counter: 0,
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES)),
            bytes: 0,
            digest: Context::new(&SHA256),
            unsynced: 0,
        };
        sealer.put(&header)?;
        Ok(sealer)
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// As [`Sealer::create`].
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        while !bytes.is_empty() {
            // A full chunk waits until something follows it, because the last one is marked.
            if self.chunk.len() == CHUNK_BYTES {
                self.seal(false)?;
            }
            let room = (CHUNK_BYTES - self.chunk.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Marks the last chunk; the file is on the disk when this returns.
    ///
    /// # Errors
    /// As [`Sealer::create`].
    pub fn finish(mut self) -> Result<Written, BackupError> {
        self.seal(true)?;
        self.file.sync_all().map_err(BackupError::io("sync", &self.path))?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.digest.finish().as_ref());
        Ok(Written { bytes: self.bytes, sha256 })
    }

    fn seal(&mut self, last: bool) -> Result<(), BackupError> {
        let crypto = || BackupError::refused("the cryptographic library failed");
        let nonce = nonce(self.counter, last);
        self.counter = self.counter.checked_add(1).ok_or_else(crypto)?;
        let mut chunk = std::mem::take(&mut self.chunk);
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(self.header), &mut *chunk)
            .map_err(|_| crypto())?;
        self.put(&chunk)?;
        chunk.clear();
        self.chunk = chunk;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.file.write_all(bytes).map_err(BackupError::io("write", &self.path))?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        self.unsynced += bytes.len() as u64;
        if self.unsynced >= SYNC_BYTES {
            self.file.sync_data().map_err(BackupError::io("sync", &self.path))?;
            self.unsynced = 0;
        }
        Ok(())
    }
}

/// Reads one file, chunk by proved chunk.
pub struct Opener {
    path: PathBuf,
    file: BufReader<File>,
    key: LessSafeKey,
    header: [u8; HEADER_BYTES],
    counter: u64,
    chunk: Zeroizing<Vec<u8>>,
    at: usize,
    ended: bool,
}

impl Opener {
    /// Begins to read a file.
    ///
    /// # Errors
    /// [`BackupError`] when there is none, or it is none of this part and key.
    pub fn open(folder: &Path, part: Part, key: &BackupKey) -> Result<Self, BackupError> {
        let path = folder.join(part.file_name());
        let file = File::open(&path).map_err(|error| missing(&path, error))?;
        let mut file = BufReader::with_capacity(CHUNK_BYTES + TAG_BYTES, file);
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => BackupError::damaged(&path, "it is cut short"),
            _ => BackupError::io("read", &path)(error),
        })?;
        check_header(&header, part, key, &path)?;
        let chunk = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES));
        Ok(Self { key: file_key(key, &header)?, path, file, header, counter: 0, chunk, at: 0, ended: false })
    }

    /// Fills `out`, or gives `false` when the file ends before its first byte.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when the file is not as it was written, or ends in the middle of `out`.
    pub fn fill(&mut self, out: &mut [u8]) -> Result<bool, BackupError> {
        let mut filled = 0;
        while filled < out.len() {
            if self.at == self.chunk.len() {
                if self.ended {
                    if filled == 0 {
                        return Ok(false);
                    }
                    return Err(BackupError::damaged(&self.path, "what it holds ends too early"));
                }
                self.next_chunk()?;
                continue;
            }
            let part = (self.chunk.len() - self.at).min(out.len() - filled);
            out[filled..filled + part].copy_from_slice(&self.chunk[self.at..self.at + part]);
            (filled, self.at) = (filled + part, self.at + part);
        }
        Ok(true)
    }

    /// As [`Opener::fill`], where the file may not end.
    ///
    /// # Errors
    /// As [`Opener::fill`].
    pub fn need(&mut self, out: &mut [u8]) -> Result<(), BackupError> {
        if out.is_empty() || self.fill(out)? {
            return Ok(());
        }
        Err(BackupError::damaged(&self.path, "what it holds ends too early"))
    }

    /// The next bytes, of which there may be so many at the most.
    ///
    /// # Errors
    /// As [`Opener::fill`], and when there are said to be more.
    pub fn bytes(&mut self, length: u64, most: u64) -> Result<Vec<u8>, BackupError> {
        let within = usize::try_from(length).ok().filter(|_| length <= most);
        let length = within.ok_or_else(|| self.damage("a length in it is beyond its limit"))?;
        // What is there decides how much memory this takes, not what it says of itself.
        let mut bytes = Vec::with_capacity(length.min(CHUNK_BYTES));
        while bytes.len() < length {
            let start = bytes.len();
            bytes.resize((start + CHUNK_BYTES).min(length), 0);
            self.need(&mut bytes[start..])?;
        }
        Ok(bytes)
    }

    /// Everything that is left, of which there may be so many bytes at the most.
    ///
    /// # Errors
    /// As [`Opener::bytes`].
    pub fn rest(&mut self, most: u64) -> Result<Vec<u8>, BackupError> {
        let mut bytes = Vec::new();
        loop {
            bytes.extend_from_slice(self.chunk.get(self.at..).unwrap_or_default());
            self.at = self.chunk.len();
            if bytes.len() as u64 > most {
                return Err(self.damage("there is more in it than its limit"));
            }
            if self.ended {
                return Ok(bytes);
            }
            self.next_chunk()?;
        }
    }

    pub fn damage(&self, why: &str) -> BackupError {
        BackupError::damaged(&self.path, why)
    }

    fn next_chunk(&mut self) -> Result<(), BackupError> {
        self.chunk.clear();
        self.at = 0;
        let reading = BackupError::io("read", &self.path);
        let whole = (CHUNK_BYTES + TAG_BYTES) as u64;
        (&mut self.file).take(whole).read_to_end(&mut self.chunk).map_err(&reading)?;
        self.ended = self.file.fill_buf().map_err(&reading)?.is_empty();
        let nonce = nonce(self.counter, self.ended);
        let opened = self.key.open_in_place(nonce, Aad::from(self.header), &mut self.chunk);
        let length = match opened {
            Ok(plain) => plain.len(),
            Err(_) => return Err(self.damage("a part of it was changed, moved or cut off")),
        };
        // Only a file that holds nothing at all has an empty chunk.
        if length == 0 && self.counter > 0 {
            return Err(self.damage("it has an empty part"));
        }
        self.counter += 1;
        self.chunk.truncate(length);
        Ok(())
    }
}

/// The length and the SHA-256 of a file of at most so many bytes.
///
/// # Errors
/// [`BackupError`] when it cannot be read.
pub fn measure(path: &Path) -> Result<Written, BackupError> {
    let mut file = File::open(path).map_err(|error| missing(path, error))?;
    let (mut digest, mut bytes, mut room) = (Context::new(&SHA256), 0, vec![0; CHUNK_BYTES]);
    loop {
        let read = file.read(&mut room).map_err(BackupError::io("read", path))?;
        if read == 0 {
            let mut sha256 = [0; 32];
            sha256.copy_from_slice(digest.finish().as_ref());
            return Ok(Written { bytes, sha256 });
        }
        bytes += read as u64;
        digest.update(&room[..read]);
    }
}

fn missing(path: &Path, error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::NotFound => BackupError::damaged(path, "the file is missing"),
        _ => BackupError::io("read", path)(error),
    }
}

fn header(part: Part, key: &BackupKey, salt: &[u8; SALT_BYTES]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let (magic, rest) = header.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    rest[..2].copy_from_slice(&[VERSION, part as u8]);
    rest[2..2 + KEY_ID_BYTES].copy_from_slice(&key.id());
    rest[2 + KEY_ID_BYTES..].copy_from_slice(salt);
    header
}

fn check_header(
    header: &[u8; HEADER_BYTES],
    part: Part,
    key: &BackupKey,
    path: &Path,
) -> Result<(), BackupError> {
    let rest = header.strip_prefix(MAGIC).unwrap_or_default();
    let [version, of, rest @ ..] = rest else {
        return Err(BackupError::damaged(path, "it does not begin as a file of a backup"));
    };
    if *version != VERSION {
        let why = format!("its format has version {version}, this program reads {VERSION}");
        return Err(BackupError::damaged(path, why));
    }
    if *of != part as u8 {
        return Err(BackupError::damaged(path, "it is another part of a backup"));
    }
    if rest.get(..KEY_ID_BYTES) != Some(&key.id()[..]) {
        return Err(BackupError::OtherKey(path.to_owned()));
    }
    Ok(())
}

fn file_key(key: &BackupKey, header: &[u8; HEADER_BYTES]) -> Result<LessSafeKey, BackupError> {
    let crypto = |_| BackupError::refused("the cryptographic library failed");
    let mut derived = Zeroizing::new([0; KEY_BYTES]);
    hkdf::Salt::new(HKDF_SHA256, &header[HEADER_BYTES - SALT_BYTES..])
        .extract(key.bytes())
        .expand(&[LABEL, header], KeyLength)
        .and_then(|okm| okm.fill(&mut derived[..]))
        .map_err(crypto)?;
    UnboundKey::new(&CHACHA20_POLY1305, &derived[..]).map(LessSafeKey::new).map_err(crypto)
}

fn nonce(counter: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&counter.to_be_bytes());
    nonce[11] = u8::from(last);
    Nonce::assume_unique_for_key(nonce)
}

struct KeyLength;

impl KeyType for KeyLength {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file with this many bytes in it, and how it lies on the disk.
    fn sealed(folder: &Path, key: &BackupKey, length: usize) -> Vec<u8> {
        let path = folder.join(Part::Groups.file_name());
        let _ = fs::remove_file(&path);
        let mut sealer = Sealer::create(folder, Part::Groups, key).expect("a file");
        let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
        bytes.chunks(1_000).for_each(|part| sealer.write(part).expect("a write"));
        let written = sealer.finish().expect("a file");
        assert!(measure(&path).expect("a file") == written);
        fs::read(path).expect("a file")
    }

    fn opened(folder: &Path, key: &BackupKey, bytes: &[u8]) -> Result<Vec<u8>, BackupError> {
        fs::write(folder.join(Part::Groups.file_name()), bytes).expect("a file");
        Opener::open(folder, Part::Groups, key)?.rest(1 << 20)
    }

    #[test]
    fn what_was_sealed_is_read_back_whatever_its_length() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = BackupKey::generate().expect("a key");
        for length in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let bytes = sealed(folder.path(), &key, length);
            let plain = opened(folder.path(), &key, &bytes).expect("what was sealed");
            assert!(plain.len() == length && plain.iter().enumerate().all(|(at, byte)| *byte == at as u8));
        }
    }

    #[test]
    fn chunks_cannot_be_cut_off_exchanged_repeated_or_added() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = BackupKey::generate().expect("a key");
        let bytes = sealed(folder.path(), &key, 3 * CHUNK_BYTES);
        let (head, chunks) = bytes.split_at(HEADER_BYTES);
        let chunks: Vec<&[u8]> = chunks.chunks(CHUNK_BYTES + TAG_BYTES).collect();
        assert_eq!(chunks.len(), 3);
        // Cut exactly between two chunks, each of which is sound by itself.
        for order in [&[][..], &[0], &[0, 1], &[1, 0, 2], &[0, 1, 1, 2], &[0, 2], &[0, 1, 2, 2], &[1, 2]] {
            let mixed: Vec<&[u8]> = order.iter().map(|at: &usize| chunks[*at]).collect();
            let refused = opened(folder.path(), &key, &[head, &mixed.concat()].concat());
            assert!(matches!(refused, Err(BackupError::Damaged { .. })), "{order:?}");
        }
        assert!(opened(folder.path(), &key, &bytes).is_ok());
        // And nothing of another file under the same key fits.
        let other = sealed(folder.path(), &key, 3 * CHUNK_BYTES);
        let mixed = [&other[..HEADER_BYTES], &bytes[HEADER_BYTES..]].concat();
        assert!(opened(folder.path(), &key, &mixed).is_err());
    }
}
