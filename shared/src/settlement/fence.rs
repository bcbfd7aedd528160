//! Who asks, under which epoch, and what both ends have seen of each other's journals.
//!
//! A shop may have several hosts with one key. The settlement grants a growing epoch to one of them at a
//! time, and what changes anything is refused to every other (fencing tokens; M. Kleppmann, "How to do
//! distributed locking", 2016). In return the settlement shows how far its own journal reaches, so that an
//! older copy of it is known by everybody who has seen more.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Reply, Request};
use crate::identity::Identity;
use crate::ids::{Epoch, NodeId};

/// What a seller sends: a request, and who it is that asks.
#[derive(Clone, Serialize, Deserialize)]
pub struct Asked {
    pub by: Sender,
    pub what: Request,
}

/// The node that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The newest epoch in the node's own journal.
    pub epoch: Epoch,
    pub node: NodeId,
    /// The last position of the node's own journal that is durable there.
    pub at: u64,
    /// The newest head of the settlement's journal that the node has been shown.
    pub witnessed: Witness,
}

/// What the settlement sends back.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answered {
    /// What is durable at the settlement, and everything that the reply rests on is before it.
    pub witness: Witness,
    pub reply: Reply,
}

/// The head of the settlement's journal after a durable group. 0 and zeros before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The settlement's own epoch; 0 while it has no standby.
    pub epoch: Epoch,
    pub position: u64,
    /// The chain's hash after the record at `position`.
    pub hash: [u8; 32],
    /// What only the settlement can make, over the rest.
    pub code: [u8; WITNESS_CODE_BYTES],
}

impl Witness {
    /// Whether this one says more than `other`.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.epoch, self.position) > (other.epoch, other.position)
    }
}

/// A node asks to be the one in charge, or to go on in another mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub why: Why,
    pub mode: Mode,
    pub run: Run,
}

/// One run of a node's program, and which of its claims this is: a claim that was held up on its way must
/// not undo a later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Random, new at each start; of one length in any encoding.
    pub id: [u8; 8],
    /// Counts the claims of this run from 1.
    pub nth: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// The node in charge was started again, or it is the first there is.
    Start,
    /// A standby takes over.
    Promote {
        /// Nobody asked for it: only when the node in charge was not heard of for a while.
        auto: bool,
        /// An operator takes the loss of what this standby does not have.
        force: bool,
    },
    /// The node in charge goes on in another mode.
    Mode,
}

/// What the node in charge waits for before it acknowledges anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Its own disk; there is no standby, or it is away.
    Alone,
    /// Its own disk and the standby's.
    Sync { standby: NodeId },
    /// Its own disk; a standby follows when it can.
    Async,
}

impl Mode {
    /// One word, as operators and programs read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mode::Alone => "alone",
            Mode::Sync { .. } => "sync",
            Mode::Async => "async",
        }
    }
}

/// Length of the code of a [`Witness`], in bytes.
pub const WITNESS_CODE_BYTES: usize = 16;

/// What the settlement makes the codes of its witnesses with. Nobody else can check one, and nobody else
/// needs to.
pub struct WitnessKey(hmac::Key);

impl WitnessKey {
    /// The one of a settlement.
    #[must_use]
    pub fn of(settlement: &Identity) -> Self {
        let key = Zeroizing::new(settlement.derive(b"witness", b""));
        Self(hmac::Key::new(hmac::HMAC_SHA256, &*key))
    }

    /// The one of books that nobody is shown anything of.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]))
    }

    /// A head of the settlement's journal with its code.
    #[must_use]
    pub fn sign(&self, epoch: Epoch, position: u64, hash: [u8; 32]) -> Witness {
        Witness { epoch, position, hash, code: self.code(epoch, position, &hash) }
    }

    /// Whether the settlement has shown this, or it is from before the first record.
    #[must_use]
    pub fn is_ours(&self, witness: &Witness) -> bool {
        let Witness { epoch, position, hash, code } = witness;
        *witness == Witness::default() || self.code(*epoch, *position, hash) == *code
    }

    fn code(&self, epoch: Epoch, position: u64, hash: &[u8; 32]) -> [u8; WITNESS_CODE_BYTES] {
        let message = [&epoch.0.to_le_bytes()[..], &position.to_le_bytes(), hash].concat();
        let mut code = [0; WITNESS_CODE_BYTES];
        code.copy_from_slice(&hmac::sign(&self.0, &message).as_ref()[..WITNESS_CODE_BYTES]);
        code
    }
}
