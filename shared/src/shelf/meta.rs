//! How rows are stored, and the one row that proves all others.

use aws_lc_rs::digest::{Context, SHA256};

use super::ShelfError;
use crate::journal::{Hash, Head};
use crate::time::Timestamp;

/// The key of the row that describes the others; it sorts before all of them.
pub(super) const META_KEY: &[u8] = &[0];
const ROW_START: u8 = 1;
const META_MAGIC: &[u8; 8] = b"KSHELF\x02\x00";
const CRC_BYTES: usize = 4;

/// What the rows stand for and add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meta {
    pub head: Head,
    /// No row is newer than this position of the journal; some may be newer than `head`.
    pub newest: u64,
    /// The number of rows.
    pub rows: u64,
    /// The wrapping sum of the digests of all rows. A sum can be kept up row by row and does not
    /// depend on their order; it is meant against accidents, not against an attacker, who could
    /// replace the whole shelf anyway.
    pub sum: u128,
}

/// The key under which sled has a row.
pub(super) fn row_key(key: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(1 + key.len());
    stored.push(ROW_START);
    stored.extend_from_slice(key);
    stored
}

/// The key that [`row_key`] was given, unless this is no row.
pub(super) fn read_key(stored: &[u8]) -> Option<&[u8]> {
    stored.strip_prefix(&[ROW_START])
}

/// The bytes under which sled has a value: a CRC-32 over key and value, and the value.
pub(super) fn row_value(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(CRC_BYTES + value.len());
    stored.extend_from_slice(&row_crc(key, value));
    stored.extend_from_slice(value);
    stored
}

/// The value that [`row_value`] was given.
///
/// # Errors
/// `Row` when the checksum is wrong.
pub(super) fn read_value(key: &[u8], stored: &[u8]) -> Result<Vec<u8>, ShelfError> {
    let (crc, value) = stored.split_first_chunk::<CRC_BYTES>().ok_or(ShelfError::Row)?;
    if row_crc(key, value) != *crc {
        return Err(ShelfError::Row);
    }
    Ok(value.to_vec())
}

fn row_crc(key: &[u8], value: &[u8]) -> [u8; CRC_BYTES] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    crc.update(value);
    crc.finalize().to_le_bytes()
}

/// The digest that a row adds to the sum. The length of the key keeps key and value apart.
fn row_digest(key: &[u8], value: &[u8]) -> u128 {
    let mut context = Context::new(&SHA256);
    context.update(&(key.len() as u64).to_le_bytes());
    context.update(key);
    context.update(value);
    let digest = context.finish();
    let half = digest.as_ref().first_chunk().copied();
    u128::from_le_bytes(half.unwrap_or_default())
}

impl Meta {
    /// Adds a row.
    pub(super) fn count(&mut self, key: &[u8], value: &[u8]) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(row_digest(key, value));
    }

    /// Takes a row away.
    pub(super) fn forget(&mut self, key: &[u8], value: &[u8]) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(row_digest(key, value));
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = META_MAGIC.to_vec();
        bytes.extend_from_slice(&self.head.position.to_le_bytes());
        bytes.extend_from_slice(&self.head.time.0.to_le_bytes());
        bytes.extend_from_slice(&self.head.hash.0);
        bytes.extend_from_slice(&self.newest.to_le_bytes());
        bytes.extend_from_slice(&self.rows.to_le_bytes());
        bytes.extend_from_slice(&self.sum.to_le_bytes());
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads what [`Meta::encode`] wrote; nothing when any of it is different.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, crc) = bytes.split_last_chunk::<CRC_BYTES>()?;
        if crc32fast::hash(content).to_le_bytes() != *crc {
            return None;
        }
        let rest = content.strip_prefix(META_MAGIC)?;
        let (position, rest) = rest.split_first_chunk()?;
        let (time, rest) = rest.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk()?;
        let (newest, rest) = rest.split_first_chunk()?;
        let (rows, rest) = rest.split_first_chunk()?;
        let (sum, rest) = rest.split_first_chunk()?;
        rest.is_empty().then_some(Self {
            head: Head {
                position: u64::from_le_bytes(*position),
                time: Timestamp(u64::from_le_bytes(*time)),
                hash: Hash(*hash),
            },
            newest: u64::from_le_bytes(*newest),
            rows: u64::from_le_bytes(*rows),
            sum: u128::from_le_bytes(*sum),
        })
    }
}
