//! By what right a node of a shop answers. A shop may have several nodes with one key; one of them at a time
//! is in charge, and the others show what they know and change nothing.

use serde::{Deserialize, Serialize};

use super::{Reply, Request};
use crate::ids::Epoch;

/// What a node answers: the reply, and by what right it is given.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answered {
    pub standing: Standing,
    pub reply: Reply,
}

/// Whether the node that answers is in charge of its shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It takes orders, under this epoch of its settlement's. Of two nodes that say so the one with the
    /// higher epoch is right: the other has not heard yet that its time is over.
    InCharge { epoch: Epoch },
    /// It only shows. So many milliseconds ago at the least it knew all that the node in charge did; nothing
    /// when it does not know how long ago that was.
    Standby { behind_ms: Option<u64> },
}

impl Default for Standing {
    /// A shop that has one node and no epoch yet.
    fn default() -> Self {
        Self::InCharge { epoch: Epoch::NONE }
    }
}

impl Request {
    /// Whether only the node in charge answers it. A quote changes nothing, but it is a promise, which a
    /// node with old prices cannot give.
    pub fn needs_charge(&self) -> bool {
        match self {
            Request::Quote { .. }
            | Request::Place { .. }
            | Request::Return { .. }
            | Request::Cancel { .. } => true,
            Request::Hello
            | Request::Browse { .. }
            | Request::Product { .. }
            | Request::Order { .. }
            | Request::Orders { .. }
            | Request::Picture { .. }
            | Request::Items { .. } => false,
        }
    }
}
