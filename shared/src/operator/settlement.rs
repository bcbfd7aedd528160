//! What an operator and the settlement say to each other.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Peers;

/// The protocol's name in TLS. It is another one than the seller's, so that what was meant for one
/// daemon is never understood by the other.
pub const ALPN: &[u8] = b"kessai-operator/1 settlement";

/// What an operator asks of a settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    Status,
    Peers,
}

/// What an operator is told by a settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Status(Box<Status>),
    Peers(Peers),
    Refused(Refusal),
}

/// Why an operator's request was not carried out. Nothing has changed when one of these comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The daemon is going down or cannot read its journal; the same request may succeed later.
    TryLater,
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
        f.write_str(match self {
            Refusal::TryLater => "the settlement cannot answer now; run the same command again",
        })
    }
}
