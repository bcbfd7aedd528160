//! The file `node.id` in a data folder: which of the hosts with one key this one is.

use std::io;
use std::path::Path;

use aws_lc_rs::rand;

use crate::ids::NodeId;
use crate::private_file;

/// What the file is called. A backup leaves it out, so that a restored folder is another node.
pub const NODE_FILE: &str = "node.id";
/// Largest such file that is read, in bytes: the id and a line's end.
const MAX_BYTES: u64 = 64;

/// The node of a data folder, made when it has none. It is on the disk when this returns.
///
/// # Errors
/// A line on what is wrong with the file.
pub fn load_or_create(data: &Path) -> Result<NodeId, String> {
    let path = data.join(NODE_FILE);
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    match private_file::read_any(&path, MAX_BYTES) {
        Ok((bytes, _)) => {
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            text.trim().parse().map_err(|error| wrong(&error))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => renew(data),
        Err(error) => Err(wrong(&error)),
    }
}

/// Makes the data folder another node's: what was known of the one before is not true of it any more.
///
/// # Errors
/// A line on what keeps the file from being written.
pub fn renew(data: &Path) -> Result<NodeId, String> {
    let path = data.join(NODE_FILE);
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let mut random = [0; 16];
    rand::fill(&mut random).map_err(|_| wrong(&"the machine yields no randomness"))?;
    let node = NodeId::from_bytes(random);
    private_file::replace(&path, format!("{node}\n").as_bytes()).map_err(|error| wrong(&error))?;
    Ok(node)
}
