//! Whether this node may take orders, as those who answer terminals go by it. Whoever claims the right from
//! the settlement, or follows another node, sets it.

use kessai_shared::ids::Epoch;
use kessai_shared::storefront;
use tokio::time::Instant;

/// Whether this node is in charge of its shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    InCharge {
        epoch: Epoch,
    },
    /// It has not been put in charge since it was started, and does not follow another node.
    Starting,
    /// It shows what it knows and changes nothing. It knew all that the node in charge did at this moment,
    /// unless that is not known.
    Standby {
        as_of: Option<Instant>,
    },
}

impl Default for Standing {
    /// As of a shop that has one node.
    fn default() -> Self {
        Self::InCharge { epoch: Epoch::NONE }
    }
}

impl Standing {
    pub fn is_in_charge(self) -> bool {
        match self {
            Self::InCharge { .. } => true,
            Self::Starting | Self::Standby { .. } => false,
        }
    }

    /// The same as terminals are told it now.
    pub fn shown(self) -> storefront::Standing {
        match self {
            Self::InCharge { epoch } => storefront::Standing::InCharge { epoch },
            Self::Starting => storefront::Standing::Standby { behind_ms: None },
            Self::Standby { as_of } => {
                let age = as_of.map(|as_of| as_of.elapsed().as_millis());
                let behind_ms = age.map(|age| u64::try_from(age).unwrap_or(u64::MAX));
                storefront::Standing::Standby { behind_ms }
            }
        }
    }
}
