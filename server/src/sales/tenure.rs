//! Under which epoch this shop's journal is written. Each grant of the settlement is a record of its own,
//! before anything that is done under it, so the journal says which epoch each of its positions belongs to.

use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::Mode;
use serde::{Deserialize, Serialize};

use super::inconsistent::Inconsistent;

/// Who is in charge from a record on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenure {
    pub epoch: Epoch,
    pub node: NodeId,
    pub mode: Mode,
    /// The operator who had this node promoted, when it was one.
    pub by: Option<Pin>,
    /// Whether an operator passed over what this node lacks: then the settlement's books are asked before
    /// anything new is taken.
    pub behind: bool,
}

impl Tenure {
    /// Whether this one may follow on another.
    pub(super) fn succeed(self, before: Option<Self>) -> Result<Self, Inconsistent> {
        let newest = before.map_or(Epoch::NONE, |before| before.epoch);
        // What was not caught up yet is not by a restart.
        let behind = self.behind || before.is_some_and(|before| before.behind);
        if self.epoch > newest {
            Ok(Self { behind, ..self })
        } else {
            Err(Inconsistent("an epoch does not rise"))
        }
    }
}
