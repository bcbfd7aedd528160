//! Claims the shop, journals what is granted, and has the settlement hear of this node for as long as it is
//! in charge. A node that follows another one is promoted here.

use std::time::Duration;

use kessai_shared::ids::Epoch;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{Claim, Mode, Refusal, Reply, Request, Why};
use kessai_shared::writer::hand_in;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::kept::{KEEP_EVERY, Kept};
use super::modes::Modes;
use super::{Line, Phase, WitnessFile};
use crate::clerk::Command;
use crate::sales::Tenure;
use crate::standby::Others;

/// How often the settlement hears of the node in charge: several times in what automatic promotion waits.
const BEAT_EVERY: Duration = Duration::from_millis(300);
/// How long one of these small messages may take before the next is sent.
const BEAT_DEADLINE: Duration = Duration::from_millis(600);
/// How long a claim may take, and how soon it is made again.
const CLAIM_DEADLINE: Duration = Duration::from_secs(2);
const CLAIM_AGAIN: Duration = Duration::from_millis(200);
/// How soon a start is tried again that only another node's end or an operator could help.
const START_AGAIN: Duration = Duration::from_secs(1);
/// How often a node in charge looks at its standby, and at how long it was not heard.
const LOOK: Duration = Duration::from_millis(50);
/// How long the node that is followed has to be silent before the settlement is asked for its place. A node
/// that is there says something twice a second.
const SILENT_AFTER: Duration = Duration::from_millis(800);
/// Most orders of operators that may wait.
const MAX_ORDERS: usize = 4;

/// Who makes a standby take over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Promotion {
    #[default]
    ByHand,
    /// It asks the settlement for it as soon as it does not hear the node in charge.
    Auto,
}

/// An operator wants this node to be in charge.
pub struct Promote {
    pub force: bool,
    pub by: Pin,
    pub tell: oneshot::Sender<Result<Epoch, NotPromoted>>,
}

/// Why a node was not promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPromoted {
    AlreadyInCharge,
    Refused(Refusal),
    /// The settlement did not answer.
    Unheard,
    /// The node comes to its end.
    Ending,
}

/// The way of operators to this room.
#[must_use]
pub fn promotions() -> (mpsc::Sender<Promote>, mpsc::Receiver<Promote>) {
    mpsc::channel(MAX_ORDERS)
}

/// What claims are made with.
pub struct Claims {
    pub line: Line,
    pub file: WitnessFile,
    pub others: Others,
    pub promotion: Promotion,
    pub orders: mpsc::Receiver<Promote>,
    /// The last tenure of the journal at the start.
    pub last: Option<Tenure>,
    /// Keeps it from using threads of its own.
    pub as_task: bool,
}

/// Runs for ever.
pub async fn run(claims: Claims) {
    let Claims { line, file, others, promotion, mut orders, last, as_task } = claims;
    let kept = Kept::new(file, &line.charge, as_task);
    let modes = Modes::new(&others, line.charge.node(), last);
    let started = Instant::now();
    let mut node = Node { line, others, promotion, started, kept, modes, told: None };
    loop {
        let pause = node.step().await;
        tokio::select! {
            () = sleep(pause) => {}
            Some(order) = orders.recv() => node.ordered(order).await,
        }
    }
}

struct Node {
    line: Line,
    others: Others,
    promotion: Promotion,
    started: Instant,
    kept: Kept,
    modes: Modes,
    /// What the operator was told of last, so that it is told once.
    told: Option<Refusal>,
}

impl Node {
    /// Does what is due, and says after how long to look again.
    async fn step(&mut self) -> Duration {
        match self.line.charge.phase() {
            Phase::Starting => self.start().await,
            Phase::Following { .. } => self.follow().await,
            Phase::InCharge { .. } => {
                self.keep_in_charge().await;
                LOOK
            }
            Phase::Fenced { .. } => {
                self.modes.shut();
                self.kept.now(&self.line.charge).await;
                KEEP_EVERY
            }
        }
    }

    async fn start(&mut self) -> Duration {
        // A claim shows what this node was shown, so it has to be there for the next claim too.
        self.kept.now(&self.line.charge).await;
        let mode = self.modes.at_start();
        match self.claim(Why::Start, mode, None).await {
            Claimed::Granted(_) => LOOK,
            Claimed::Unheard => CLAIM_AGAIN,
            Claimed::Refused(refusal) => {
                if self.told.replace(refusal) != Some(refusal) {
                    tell(refusal);
                }
                match refusal {
                    Refusal::Fenced { .. } | Refusal::NotCaughtUp { .. } | Refusal::Behind => START_AGAIN,
                    _ => CLAIM_AGAIN,
                }
            }
        }
    }

    /// Watches the node that is followed, and asks for its place once it is silent.
    async fn follow(&mut self) -> Duration {
        self.kept.if_due(&self.line.charge);
        let Some(standby) = self.others.standby.as_ref().filter(|_| self.promotion == Promotion::Auto) else {
            return CLAIM_AGAIN;
        };
        let heard_at = standby.status().borrow().heard_at;
        // One that was never heard may have much more than what is here: the settlement knows how much.
        if heard_at.unwrap_or(self.started).elapsed() < SILENT_AFTER {
            return LOOK;
        }
        let promote = Why::Promote { auto: true, force: false };
        match self.claim(promote, Mode::Alone, None).await {
            Claimed::Granted(_) => LOOK,
            Claimed::Unheard => CLAIM_AGAIN,
            Claimed::Refused(refusal) => {
                let news = self.told.replace(refusal) != Some(refusal);
                if news && refusal != Refusal::StillHeard {
                    tell(refusal);
                }
                CLAIM_AGAIN
            }
        }
    }

    async fn keep_in_charge(&mut self) {
        self.told = None;
        let begun = Instant::now();
        let (line, modes) = (self.line.clone(), &mut self.modes);
        // Its answer may take long; what the gate lets through must not wait for it.
        if modes.beat_due(begun, BEAT_EVERY) {
            tokio::spawn(async move { line.ask(Request::Beat, BEAT_DEADLINE).await.map(|_| ()) });
        }
        self.kept.if_due(&self.line.charge);
        self.modes.look(&self.line.charge);
        if let Some(mode) = self.modes.wanted() {
            let claimed = self.claim(Why::Mode, mode, None).await;
            if let Claimed::Refused(refusal) = claimed {
                tracing::warn!("the settlement does not let this node go on {}: {refusal:?}", mode.name());
            }
        }
    }

    async fn ordered(&mut self, Promote { force, by, tell }: Promote) {
        let done = match self.line.charge.phase() {
            Phase::InCharge { .. } => Err(NotPromoted::AlreadyInCharge),
            Phase::Fenced { .. } => Err(NotPromoted::Ending),
            Phase::Starting | Phase::Following { .. } => {
                let promote = Why::Promote { auto: false, force };
                match self.claim(promote, Mode::Alone, Some(by)).await {
                    Claimed::Granted(epoch) => Ok(epoch),
                    Claimed::Refused(refusal) => Err(NotPromoted::Refused(refusal)),
                    Claimed::Unheard => Err(NotPromoted::Unheard),
                }
            }
        };
        // The operator may have gone meanwhile.
        let _ = tell.send(done);
    }

    /// Claims, and makes what is granted a record before anything is acknowledged under it.
    async fn claim(&mut self, why: Why, mode: Mode, by: Option<Pin>) -> Claimed {
        let charge = self.line.charge.clone();
        let claim = Claim { why, mode, run: charge.next_claim() };
        self.modes.claims();
        let sent = Instant::now();
        let epoch = match self.line.ask(Request::Claim(claim), CLAIM_DEADLINE).await {
            Ok(Reply::Granted { epoch, promote_after_ms }) => {
                self.modes.granted(Duration::from_millis(promote_after_ms.into()));
                epoch
            }
            Ok(Reply::Refused(refusal)) => {
                self.modes.refused();
                return Claimed::Refused(refusal);
            }
            Ok(_) => {
                tracing::error!("the settlement answers a claim with something else");
                return Claimed::Unheard;
            }
            Err(_) => return Claimed::Unheard,
        };
        if let Some(standby) = &self.others.standby {
            // What it still sends was acknowledged under its epoch, and is to be before this one's record.
            if let Err(why) = standby.stop().await {
                tracing::warn!("the node that was followed is left: {why}");
            }
        }
        let behind = matches!(why, Why::Promote { force: true, .. });
        let tenure = Tenure { epoch, node: charge.node(), mode, by, behind };
        let (tell, told) = oneshot::channel();
        // The record waits for no standby: it is what says whether one is waited for.
        if hand_in(&self.others.urgent, Command::Granted { tenure, tell }).await.is_err()
            || told.await.is_err()
        {
            return Claimed::Unheard;
        }
        self.modes.takes(mode);
        if matches!(why, Why::Promote { .. }) {
            let took = sent.elapsed().as_millis();
            tracing::warn!(
                "this node is in charge of the shop now, under epoch {epoch}; that took {took} ms"
            );
        }
        Claimed::Granted(epoch)
    }
}

enum Claimed {
    Granted(Epoch),
    Refused(Refusal),
    Unheard,
}

fn tell(refusal: Refusal) {
    match refusal {
        Refusal::Behind => tracing::error!(
            "the settlement is an older copy of what it has shown to this seller, so it serves no change; tell \
             whoever keeps it"
        ),
        Refusal::NotCaughtUp { epoch, position } => tracing::error!(
            "this data folder is an older copy: the shop had reached record {position} under epoch {epoch}; \
             nothing is sold from it. Start the newest copy, or run it as its standby; if there is none any \
             more, `kessai-server promote --force` takes the loss"
        ),
        Refusal::Fenced { epoch, .. } => tracing::error!(
            "another node is in charge of this shop, under epoch {epoch}; this one changes nothing. Run it as \
             the standby of that node, or promote it"
        ),
        refusal => tracing::warn!("the settlement does not put this node in charge: {refusal:?}"),
    }
}
