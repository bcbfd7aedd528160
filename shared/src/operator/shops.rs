//! Which node is in charge of each shop, as the settlement's operators are told it.

use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, NodeId};
use crate::pin::Pin;
use crate::settlement::Mode;
use crate::time::Timestamp;

/// A shop that a node was ever put in charge of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopRow {
    pub seller: Pin,
    pub epoch: Epoch,
    pub node: NodeId,
    pub mode: Mode,
    /// The highest position that the journal of a node in charge is known to have had.
    pub position: u64,
    /// When this epoch was granted.
    pub since: Timestamp,
    /// How long ago the node was last heard of, in milliseconds; nothing when it was not since the start.
    pub heard_ms: Option<u64>,
}
