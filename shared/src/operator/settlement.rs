//! What an operator and the settlement say to each other.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::client::Daemon;
use super::rows::{Charge, ClearingBatch, NotDone};
use super::{Page, Peers};
use crate::folder::FolderKind;
use crate::ids::OrderId;
use crate::pin::Pin;

/// The protocol's name in TLS. It is another one than the seller's, so that what was meant for one
/// daemon is never understood by the other.
pub const ALPN: &[u8] = b"kessai-operator/1 settlement";

/// The settlement as its operators reach it.
pub const DAEMON: Daemon = Daemon {
    word: "settlement",
    program: "kessai-settlement",
    folder: FolderKind { name: "kessai-settlement", version: 2 },
    alpn: ALPN,
};

/// What an operator asks of a settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    Status,
    Peers,
    /// A seller's orders older than `before`, or from the newest on, the newest first.
    Charges {
        seller: Pin,
        before: Option<OrderId>,
        limit: u16,
    },
    /// The sellers behind this one that there are clearing batches of, each with the batch to look at first:
    /// one that is disputed, or else the open one.
    Clearing {
        after: Option<Pin>,
        limit: u16,
    },
    /// A seller's clearing batches before this one, or from the open one on, the newest first.
    Batches {
        seller: Pin,
        before: Option<u32>,
        limit: u16,
    },
    /// Close the open batch of a seller now.
    CloseBatch {
        seller: Pin,
    },
    /// Settle a dispute: pay the batch out as the settlement's books have it.
    AcceptBatch {
        seller: Pin,
        batch: u32,
        reason: String,
    },
}

/// What an operator is told by a settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Status(Box<Status>),
    Peers(Peers),
    Charges(Page<Charge, OrderId>),
    Clearing(Page<(Pin, ClearingBatch), Pin>),
    Batches(Page<ClearingBatch, u32>),
    /// The number of the batch that is closed now.
    BatchClosed(u32),
    BatchAccepted,
    Refused(Refusal),
}

/// Why an operator's request was not carried out. Nothing has changed when one of these comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The daemon is going down or cannot read its journal; the same request may succeed later.
    TryLater,
    Clearing(NotDone),
}

/// How a settlement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub pid: u32,
    pub accounts: u64,
    /// Live holds, of all sellers.
    pub holds: u64,
    /// The newest generation of the vault's key that an account is kept under.
    pub generation: u32,
    /// How many keys may connect as sellers, and how many connections they have.
    pub sellers: u64,
    pub connections: u64,
    /// The position of the last durable record of the journal.
    pub position: u64,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TryLater => f.write_str("the settlement cannot answer now; run the same command again"),
            Refusal::Clearing(why) => why.fmt(f),
        }
    }
}
