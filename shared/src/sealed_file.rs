//! A file that only a passphrase opens: card wallets, and the card files that an issuer hands out.
//!
//! The passphrase becomes a key by Argon2id (RFC 9106), whose cost stands in the header; what is kept
//! is padded and sealed with ChaCha20-Poly1305 under that key, the header being the additional data,
//! so that no byte of the file can be changed. Salt and nonce are new with every write. A passphrase
//! that is wrong and a file that was changed cannot be told apart.

mod error;
mod header;
mod passphrase;

pub use error::{SealedFileError, SealedFileFault};
pub use header::{Cost, Kind};
pub use passphrase::{MAX_PASSPHRASE_BYTES, Passphrase, PassphraseError};

use std::path::Path;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::private_file;
use header::{HEADER_BYTES, Header};

/// Most bytes that one file keeps.
pub const MAX_CONTENT_BYTES: usize = 256 * 1024;
/// What is kept is padded to a multiple of this many bytes, so that the length of the file tells
/// little about it.
const PADDING_BYTES: usize = 1024;
/// Bytes of the length that stands before what is kept.
const LENGTH_BYTES: usize = 4;
/// Bytes of the authentication tag at the end of the file.
const TAG_BYTES: usize = 16;
/// Largest file that is read, in bytes: header, tag, and the padded content.
const MAX_FILE_BYTES: usize =
    HEADER_BYTES + (LENGTH_BYTES + MAX_CONTENT_BYTES).next_multiple_of(PADDING_BYTES) + TAG_BYTES;

/// Reads what a file keeps.
///
/// # Errors
/// [`SealedFileError`] says in one line what is wrong and what to do.
pub fn read(
    path: &Path,
    kind: Kind,
    passphrase: &Passphrase,
) -> Result<(Zeroizing<Vec<u8>>, Cost), SealedFileError> {
    let opened = load(path, kind).and_then(|bytes| open(&bytes, kind, passphrase));
    opened.map_err(SealedFileError::at(path))
}

/// Writes a file, or puts it in the place of the one that is there. Whenever the power fails, the
/// file is the old one or the new one as a whole. Nobody but its owner may read it.
///
/// # Errors
/// [`SealedFileError`] when it cannot be written; then the old file is as it was.
pub fn replace(
    path: &Path,
    kind: Kind,
    content: &[u8],
    passphrase: &Passphrase,
    cost: Cost,
) -> Result<(), SealedFileError> {
    let sealed = seal(kind, content, passphrase, cost);
    place(path, sealed, private_file::replace)
}

/// Writes a file as [`replace`] does, but never over one that is there.
///
/// # Errors
/// [`SealedFileError`] as for [`replace`], and [`SealedFileFault::Exists`].
pub fn create(
    path: &Path,
    kind: Kind,
    content: &[u8],
    passphrase: &Passphrase,
    cost: Cost,
) -> Result<(), SealedFileError> {
    let sealed = seal(kind, content, passphrase, cost);
    place(path, sealed, private_file::create)
}

fn place(
    path: &Path,
    sealed: Result<Vec<u8>, SealedFileFault>,
    put: fn(&Path, &[u8]) -> std::io::Result<()>,
) -> Result<(), SealedFileError> {
    let placed = sealed.and_then(|bytes| put(path, &bytes).map_err(SealedFileFault::of_writing));
    placed.map_err(SealedFileError::at(path))
}

/// Whether there is a file, and, if so, that it is one of this kind which nobody else may read. Asks
/// for no passphrase, so that whoever would be asked for one hears of a wrong file first.
///
/// # Errors
/// [`SealedFileError`] as for [`read`], but for what only the passphrase shows.
pub fn is_there(path: &Path, kind: Kind) -> Result<bool, SealedFileError> {
    match load(path, kind) {
        Ok(_) => Ok(true),
        Err(SealedFileFault::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(fault) => Err(SealedFileError::at(path)(fault)),
    }
}

/// The bytes of a file that begins as one of this kind and is open to nobody else. What is no file of
/// ours at all is called that first, whoever may read it.
fn load(path: &Path, kind: Kind) -> Result<Zeroizing<Vec<u8>>, SealedFileFault> {
    let (bytes, exposed) =
        private_file::read_any(path, MAX_FILE_BYTES as u64).map_err(SealedFileFault::of_reading)?;
    Header::read(&bytes, kind)?;
    if exposed { Err(SealedFileFault::Exposed) } else { Ok(bytes) }
}

fn seal(kind: Kind, content: &[u8], passphrase: &Passphrase, cost: Cost) -> Result<Vec<u8>, SealedFileFault> {
    let length = u32::try_from(content.len()).ok().filter(|_| content.len() <= MAX_CONTENT_BYTES);
    let length = length.ok_or(SealedFileFault::TooMuch)?;
    let (mut salt, mut nonce) = ([0; header::SALT_BYTES], [0; header::NONCE_BYTES]);
    rand::fill(&mut salt).map_err(|_| SealedFileFault::Crypto)?;
    rand::fill(&mut nonce).map_err(|_| SealedFileFault::Crypto)?;
    let head = Header { kind, cost, salt, nonce }.bytes();
    // The buffer has its full size from the start: one that grows leaves an unwiped copy behind.
    let padded = (LENGTH_BYTES + content.len()).next_multiple_of(PADDING_BYTES);
    let mut body = Zeroizing::new(Vec::with_capacity(padded + TAG_BYTES));
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(content);
    body.resize(padded, 0);
    let key = key(passphrase, cost, &salt)?;
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(head), &mut *body)
        .map_err(|_| SealedFileFault::Crypto)?;
    Ok([&head[..], &body].concat())
}

fn open(
    bytes: &[u8],
    kind: Kind,
    passphrase: &Passphrase,
) -> Result<(Zeroizing<Vec<u8>>, Cost), SealedFileFault> {
    let (header, body) = Header::read(bytes, kind)?;
    let whole = body.len() > TAG_BYTES && (body.len() - TAG_BYTES).is_multiple_of(PADDING_BYTES);
    if !whole {
        return Err(SealedFileFault::Damaged);
    }
    let key = key(passphrase, header.cost, &header.salt)?;
    let mut body = Zeroizing::new(body.to_vec());
    let nonce = Nonce::assume_unique_for_key(header.nonce);
    let plain = key
        .open_in_place(nonce, Aad::from(header.bytes()), &mut body)
        .map_err(|_| SealedFileFault::Closed)?;
    let (length, rest) = plain.split_first_chunk().ok_or(SealedFileFault::Damaged)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let content = rest.get(..length).ok_or(SealedFileFault::Damaged)?;
    Ok((Zeroizing::new(content.to_vec()), header.cost))
}

fn key(
    passphrase: &Passphrase,
    cost: Cost,
    salt: &[u8; header::SALT_BYTES],
) -> Result<LessSafeKey, SealedFileFault> {
    let mut key = Zeroizing::new([0; 32]);
    let params = Params::new(cost.memory_kib(), cost.passes(), cost.lanes(), Some(key.len()))
        .map_err(|_| SealedFileFault::Crypto)?;
    // The memory is ours, so that it can be wiped, and a machine without enough of it says so.
    let mut memory = Zeroizing::new(Vec::new());
    memory.try_reserve_exact(params.block_count()).map_err(|_| SealedFileFault::OutOfMemory)?;
    memory.resize(params.block_count(), Block::default());
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase.bytes(), salt, &mut key[..], &mut memory[..])
        .map_err(|_| SealedFileFault::Crypto)?;
    UnboundKey::new(&CHACHA20_POLY1305, &key[..]).map(LessSafeKey::new).map_err(|_| SealedFileFault::Crypto)
}
