//! What a standby asks of the node in charge, and what it is told.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ids::NodeId;
use crate::journal::{Hash, Head};
use crate::time::Timestamp;

/// The protocol's name in TLS, with its version.
pub const ALPN: &[u8] = b"kessai-standby/2";

/// What a standby asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Begins a session: this node, of this kind of daemon, has this journal up to this end; `None` when it
    /// has nothing yet.
    Hello {
        node: NodeId,
        kind: [u8; 4],
        has: Option<Has>,
    },
    /// The next part of the session's groups, or nothing when none comes for a while.
    Pull {
        session: u64,
    },
    /// Everything up to here is durable at the standby.
    Durable {
        session: u64,
        end: End,
    },
    /// A part of the checkpoint of this position.
    Checkpoint {
        position: u64,
        offset: u64,
    },
    /// The key files that the node in charge has.
    KeyFiles,
    KeyFile {
        name: String,
    },
}

/// Which journal a standby has, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Has {
    pub journal: [u8; 16],
    pub end: End,
}

/// The end of a journal, as it is said on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub position: u64,
    pub time: Timestamp,
    pub hash: Hash,
}

/// What the node in charge answers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Welcome(Box<Welcome>),
    /// Part `seq` of the session, from 0 and without gaps, and where the journal ends. Empty parts count.
    Chunk {
        seq: u64,
        end: End,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Nothing came in time; an earlier pull is next in turn. The journal ends there.
    Nothing {
        end: End,
    },
    Noted,
    /// A part of a checkpoint of so many bytes.
    Checkpoint {
        total: u64,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Name and SHA-256 of each key file.
    KeyFiles(Vec<(String, [u8; 32])>),
    KeyFile(KeyBytes),
    Refused(Refusal),
}

/// The content of a key file. It prints nowhere and is wiped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct KeyBytes(#[serde(with = "serde_bytes")] pub Vec<u8>);

/// A session has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The node that answers.
    pub node: NodeId,
    pub session: u64,
    pub journal: [u8; 16],
    /// Where its journal ends.
    pub end: End,
    pub begin: Begin,
}

/// How the standby comes to what it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Begin {
    /// The session's groups follow what it has.
    Here,
    /// The records that follow are in no file any more: this checkpoint is to be taken first, and the
    /// session's groups follow it.
    Checkpoint { at: End, bytes: u64 },
}

/// Why a standby is not given what it asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// It has the journal of another daemon or of another beginning.
    OtherJournal,
    /// Its journal is not a part of this one, which ends at this position.
    Diverged { ends: u64 },
    /// The session is over; the standby has to begin another.
    UnknownSession,
    /// The checkpoint or key file is not there any more.
    Gone,
    /// The standby says what cannot be.
    Senseless,
    /// More follow than may.
    TooMany,
    /// This node cannot read its own files; its log says more.
    Unreadable,
    /// It has more than this journal, which ends there: whether they are of one history is for the standby to
    /// say, which has both.
    Shorter { end: End },
}

impl From<Head> for End {
    fn from(head: Head) -> Self {
        let Head { position, time, hash } = head;
        Self { position, time, hash }
    }
}

impl From<End> for Head {
    fn from(end: End) -> Self {
        let End { position, time, hash } = end;
        Self { position, time, hash }
    }
}
