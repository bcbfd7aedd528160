//! The operator's socket, for what carries key material and so never leaves the machine; everything else
//! an operator asks comes over the operator wire (`settlement/src/operator_wire/`).
//!
//! The operator's hand: what whoever keeps the settlement may ask of it, on the same machine and
//! under the same user. A running daemon is asked over a Unix socket in its data folder; without
//! one, the same acts are done on the books directly. No card travels in the clear either way.

pub mod client;
mod frame;
pub mod office;
pub mod socket;

use serde::{Deserialize, Serialize};

use crate::clerk::cards::{Found, Holder, Imported};
use crate::ledger::{AccountId, AtRest, Place, Stated};
use crate::rekey::{Progress, Rekeyed};

/// Most accounts that one request may state.
pub const MAX_STATED: usize = 1_000;

/// What an operator asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    Status,
    /// At most [`MAX_STATED`] accounts, each under the newest key.
    ImportAccounts {
        accounts: Vec<Stated>,
    },
    /// Answered by any number of [`Reply::Progress`] and one other reply.
    Rekey,
    /// The account that is found at one of these places, one for each key there is.
    Find {
        places: Vec<Place>,
    },
    /// Accounts behind this place, or from the beginning.
    Page {
        after: Option<Place>,
    },
    /// Notes the hash of a card file's code; without one, nothing changes for a known account.
    Issue {
        holder: Holder,
        enrolment: Option<[u8; 32]>,
    },
}

/// What an operator is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Status(Status),
    Imported(Imported),
    Progress(Progress),
    Rekeyed(Rekeyed),
    Found(Option<Found>),
    Page(Vec<(AccountId, AtRest)>),
    Issued,
    /// The number that was made up for a new account is somebody's already.
    Taken,
    /// The keys of the vault have changed since the request was made: read them and ask again.
    Stale,
    /// One line on why not.
    Refused(String),
}

/// How a settlement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub pid: u32,
    pub accounts: u64,
    /// The newest generation of the vault's key.
    pub generation: u32,
    /// How far a rekey is, while one is under way.
    pub rekey: Option<Progress>,
}
