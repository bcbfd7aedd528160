//! Messages on the operator's socket: a length of four bytes, little-endian, then a version and the
//! message.

use std::io;

use kessai_shared::record::{unversioned, versioned};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The version of the messages; the first byte of each.
pub const VERSION: u8 = 1;
/// Longest message, in bytes: a thousand accounts, each kept under two keys, take a tenth of it.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;
/// How much of a message memory is made for before it is there, in bytes.
const FIRST_BYTES: u64 = 64 << 10;

/// Reads a message; `None` when the other side has nothing more to say.
///
/// # Errors
/// When the wire breaks, or what comes is no message of this version.
pub async fn read<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    if from.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut length[1..]).await?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > MAX_MESSAGE_BYTES as u64 {
        return Err(bad(format!("a message of {length} bytes is too long")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(FIRST_BYTES)).unwrap_or_default());
    from.take(length).read_to_end(&mut bytes).await?;
    if (bytes.len() as u64) < length {
        return Err(bad("a message ends too soon".to_owned()));
    }
    unversioned(VERSION, &bytes).map(Some).map_err(bad)
}

/// Writes a message.
///
/// # Errors
/// When the wire breaks, or the message is too long.
pub async fn write<T: Serialize>(to: &mut (impl AsyncWrite + Unpin), message: &T) -> io::Result<()> {
    let bytes = versioned(VERSION, message);
    let length = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= MAX_MESSAGE_BYTES);
    let length = length.ok_or_else(|| bad("a message is too long".to_owned()))?;
    to.write_all(&length.to_le_bytes()).await?;
    to.write_all(&bytes).await?;
    to.flush().await
}

fn bad(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
