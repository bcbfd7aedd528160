//! Whether this node is the one in charge of its shop. Only then does it acknowledge anything.
//!
//! The settlement grants epochs (`settlement/src/ledger/acts/fence.rs`). A grant becomes a record of this
//! node's own journal before anything is acknowledged under it. What is heard of a newer epoch ends this
//! run: whoever acknowledges beside the one in charge sells goods twice.

mod claims;
mod kept;
mod line;
mod modes;
mod phase;
mod witness_file;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use aws_lc_rs::rand;
use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::settlement::{Answered, Refusal, Reply, Run, Sender, Witness};
use kessai_shared::writer::Gate;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::sales::{Books, Tenure};
use crate::standing::Standing;

pub use claims::{Claims, NotPromoted, Promote, Promotion, promotions, run};
pub use line::Line;
pub use phase::{Phase, Verdict, judge};
pub use witness_file::WitnessFile;

/// What a node knows of its own charge. Clones share it.
#[derive(Clone)]
pub struct Charge(Arc<Inner>);

struct Inner {
    node: NodeId,
    /// Which run of the program this is.
    run: [u8; 8],
    claims: AtomicU32,
    /// The newest epoch of the node's own journal, durable.
    epoch: AtomicU64,
    /// The last position of the node's own journal that is known to be durable.
    at: AtomicU64,
    phase: watch::Sender<Phase>,
    /// The same as those who answer terminals go by it.
    standing: watch::Sender<Standing>,
    witness: Mutex<Witness>,
    /// When the newest message was sent that the settlement has answered.
    heard: Mutex<Option<Instant>>,
    /// What keeps the writer silent once another node is in charge.
    gate: OnceLock<Gate>,
}

impl Charge {
    /// For a node whose books are these, at this position, and that was shown so much of the settlement's.
    ///
    /// # Errors
    /// A line when the machine yields no randomness.
    pub fn new(node: NodeId, books: &Books, position: u64, witness: Witness) -> Result<Self, String> {
        let mut random = [0; 8];
        rand::fill(&mut random).map_err(|_| "the machine yields no randomness".to_owned())?;
        Ok(Self::of(node, random, books, position, witness, Phase::Starting))
    }

    /// For books whose daemon does not run: whoever has their folder locked may change them.
    #[must_use]
    pub fn at_rest(books: &Books) -> Self {
        let tenure = books.tenure().copied();
        let phase = Phase::InCharge { epoch: tenure.map_or(Epoch::NONE, |tenure| tenure.epoch) };
        Self::of(NodeId::from_bytes([0; 16]), [0; 8], books, 0, Witness::default(), phase)
    }

    fn of(node: NodeId, run: [u8; 8], books: &Books, position: u64, witness: Witness, phase: Phase) -> Self {
        let epoch = books.tenure().map_or(0, |tenure| tenure.epoch.0);
        Self(Arc::new(Inner {
            node,
            run,
            claims: AtomicU32::new(0),
            epoch: AtomicU64::new(epoch),
            at: AtomicU64::new(position),
            standing: watch::Sender::new(phase.standing()),
            phase: watch::Sender::new(phase),
            witness: Mutex::new(witness),
            heard: Mutex::new(None),
            gate: OnceLock::new(),
        }))
    }

    /// Shuts this gate at once when another node is in charge.
    pub fn shuts(&self, gate: Gate) {
        // Only the first counts: a node has one writer.
        let _ = self.0.gate.set(gate);
    }

    #[must_use]
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// The newest epoch of the node's own journal.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        Epoch(self.0.epoch.load(Ordering::Acquire))
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.0.phase.borrow()
    }

    /// By what right this node answers terminals.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.0.standing.subscribe()
    }

    /// Hears of every other phase.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Phase> {
        self.0.phase.subscribe()
    }

    /// Whether this node may acknowledge anything.
    #[must_use]
    pub fn is_in_charge(&self) -> bool {
        matches!(self.phase(), Phase::InCharge { .. })
    }

    /// Waits until this node is in charge; for ever when it never is.
    pub async fn in_charge(&self) {
        let mut phase = self.follow();
        let gone = phase.wait_for(|phase| matches!(phase, Phase::InCharge { .. })).await.is_err();
        if gone {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until another node is in charge, and gives its epoch.
    pub async fn fenced(&self) -> Epoch {
        let mut phase = self.follow();
        loop {
            if let Phase::Fenced { epoch } = *phase.borrow_and_update() {
                return epoch;
            }
            if phase.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Takes in that the node's journal is durable up to here.
    pub fn reached(&self, position: u64) {
        self.0.at.fetch_max(position, Ordering::AcqRel);
    }

    /// Takes in that a grant is durable in the node's own journal: it is in charge from now on, unless it
    /// has heard of a newer epoch meanwhile.
    pub fn took(&self, tenure: &Tenure) {
        self.0.epoch.fetch_max(tenure.epoch.0, Ordering::AcqRel);
        self.turn(|phase| match phase {
            Phase::Fenced { .. } => phase,
            Phase::Starting | Phase::Following { .. } | Phase::InCharge { .. } => {
                Phase::InCharge { epoch: tenure.epoch }
            }
        });
    }

    /// Takes in that the node follows another one, and knew all that this one did at that moment.
    pub fn follows(&self, as_of: Option<Instant>) {
        self.turn(|phase| match phase {
            Phase::Starting | Phase::Following { .. } => Phase::Following { as_of },
            Phase::InCharge { .. } | Phase::Fenced { .. } => phase,
        });
    }

    /// Takes in that the journal of the node in charge is durable here up to a position, and what it says of
    /// who that is.
    pub fn copied(&self, position: u64, tenures: impl Iterator<Item = Tenure>) {
        tenures.for_each(|tenure| {
            self.0.epoch.fetch_max(tenure.epoch.0, Ordering::AcqRel);
        });
        self.reached(position);
    }

    /// Who asks, as the next message to the settlement says it.
    #[must_use]
    pub fn sender(&self) -> Sender {
        let at = self.0.at.load(Ordering::Acquire);
        Sender { epoch: self.epoch(), node: self.0.node, at, witnessed: self.witnessed() }
    }

    /// The newest head that the settlement has shown.
    #[must_use]
    pub fn witnessed(&self) -> Witness {
        *lock(&self.0.witness)
    }

    /// For how long nothing was answered by the settlement.
    #[must_use]
    pub fn unheard_since(&self) -> Option<Instant> {
        *lock(&self.0.heard)
    }

    /// The next claim of this run.
    fn next_claim(&self) -> Run {
        let nth = self.0.claims.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Run { id: self.0.run, nth }
    }

    /// Takes in an answer, and when that was sent which only the node in charge is answered.
    fn answered(&self, sent: Option<Instant>, answered: &Answered) {
        {
            let mut witness = lock(&self.0.witness);
            if answered.witness.is_newer_than(&witness) {
                *witness = answered.witness;
            }
        }
        if let Reply::Refused(refusal) = &answered.reply {
            self.refused(*refusal);
            return;
        }
        let mut heard = lock(&self.0.heard);
        *heard = (*heard).max(sent);
    }

    fn refused(&self, refusal: Refusal) {
        let (epoch, run) = (self.epoch(), self.0.run);
        self.turn(|phase| match judge(phase, epoch, run, refusal) {
            Verdict::GoesOn => phase,
            Verdict::Becomes(next) => next,
        });
    }

    /// Goes on to what follows on a phase.
    fn turn(&self, next: impl FnOnce(Phase) -> Phase) {
        self.0.phase.send_if_modified(|phase| {
            let next = next(*phase);
            // Before anybody hears of the phase, those who answer go by it.
            if let (Phase::Fenced { .. }, Some(gate)) = (next, self.0.gate.get()) {
                gate.end();
            }
            self.0.standing.send_replace(next.standing());
            std::mem::replace(phase, next) != next
        });
    }
}

/// Nothing between lock and unlock leaves half a value behind, even if it panics.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
