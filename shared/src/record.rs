//! Stored records as bytes: a version first, then the value, so that a later form is told apart.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec;
use crate::store::EachRow;

pub fn versioned<T: Serialize>(version: u8, value: &T) -> Vec<u8> {
    let mut head = Vec::with_capacity(codec::ROOM_BYTES);
    head.push(version);
    codec::encode_after(head, value)
}

/// Appends what [`versioned`] gives, without bytes of its own.
pub fn put_versioned<T: Serialize>(bytes: &mut Vec<u8>, version: u8, value: &T) {
    bytes.push(version);
    codec::encode_into(bytes, value);
}

/// Hands rows over as bytes, one after another, in the same two buffers.
#[derive(Default)]
pub struct RowBytes {
    key: Vec<u8>,
    row: Vec<u8>,
}

impl RowBytes {
    /// # Errors
    /// What `each` gives.
    pub fn hand(
        &mut self,
        each: &mut EachRow<'_>,
        key: &impl Serialize,
        version: u8,
        row: &impl Serialize,
    ) -> std::io::Result<()> {
        self.key.clear();
        self.row.clear();
        codec::encode_into(&mut self.key, key);
        put_versioned(&mut self.row, version, row);
        each(&self.key, &self.row)
    }
}

/// # Errors
/// A sentence when the bytes are of another version or no such value.
pub fn unversioned<T: DeserializeOwned>(version: u8, bytes: &[u8]) -> Result<T, String> {
    match bytes.split_first() {
        Some((found, body)) if *found == version => codec::decode(body).map_err(|fault| fault.to_string()),
        Some((found, _)) => Err(format!("record version {found}, this program knows {version}")),
        None => Err("an empty record".to_owned()),
    }
}
