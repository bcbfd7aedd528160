//! The file `epoch` in a data folder: under which epoch this settlement is in charge, and which of the hosts
//! with its key that is. A standby has the file of the node that it follows; a promotion writes its own.

use std::io;
use std::path::Path;

use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::pin::Pin;
use kessai_shared::private_file;

/// What the file is called.
pub const EPOCH_FILE: &str = "epoch";
/// Largest such file that is read, in bytes: a number, a node, a pin and a line's end.
const MAX_BYTES: u64 = 160;

/// Which node is in charge, as far as is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InCharge {
    pub epoch: Epoch,
    pub node: NodeId,
    /// The operator who had this node promoted; none where nobody was.
    pub by: Option<Pin>,
}

/// Who is in charge by the file of a data folder; `None` without one, as where there was never a standby.
///
/// # Errors
/// A line on what is wrong with the file.
pub fn read(data: &Path) -> Result<Option<InCharge>, String> {
    let path = data.join(EPOCH_FILE);
    let bytes = match private_file::read_any(&path, MAX_BYTES) {
        Ok((bytes, _)) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let bad = || format!("{}: no epoch and node; restore it from the other node", path.display());
    parsed(text).map(Some).ok_or_else(bad)
}

fn parsed(text: &str) -> Option<InCharge> {
    let mut words = text.split_whitespace();
    let (epoch, node) = (Epoch(words.next()?.parse().ok()?), words.next()?.parse().ok()?);
    let by = words.next().map(str::parse).transpose().ok()?;
    words.next().is_none().then_some(InCharge { epoch, node, by })
}

/// Puts a node in charge. It is on the disk when this returns.
///
/// # Errors
/// A line when the file cannot be written.
pub fn write(data: &Path, in_charge: InCharge) -> Result<(), String> {
    let path = data.join(EPOCH_FILE);
    let InCharge { epoch, node, by } = in_charge;
    let by = by.map(|by| format!(" {by}")).unwrap_or_default();
    private_file::replace(&path, format!("{epoch} {node}{by}\n").as_bytes())
        .map_err(|error| format!("{}: cannot be written: {error}", path.display()))
}

/// Has an operator put this node in charge under the epoch that follows on the one in the file.
///
/// # Errors
/// A line when the file cannot be read or written.
pub fn promote(data: &Path, node: NodeId, by: Pin) -> Result<Epoch, String> {
    let before = read(data)?.map_or(Epoch::NONE, |known| known.epoch);
    let epoch = before.next().ok_or("there are no more epochs")?;
    write(data, InCharge { epoch, node, by: Some(by) })?;
    Ok(epoch)
}
