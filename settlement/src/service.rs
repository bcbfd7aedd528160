//! What the settlement answers on the closed wire. The seller is who its key says it is.

use std::sync::Arc;

use kessai_shared::exchange::{self, Roster};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Purchase};
use kessai_shared::seal::Envelope;
use kessai_shared::settlement::{Refusal, Reply, Request, Standing};
use kessai_shared::writer::{Clock, WriterGone, hand_in};
use tokio::sync::{mpsc, oneshot};

use crate::clerk::{Command, Journaled, Opened, clearing, money};
use crate::heads::Heads;
use crate::keys::Keys;
use crate::vault::LiveVault;

pub struct Service {
    pub keys: Arc<Keys>,
    pub vault: Arc<LiveVault>,
    pub writer: mpsc::Sender<Command>,
    pub clock: Clock,
    pub heads: Heads,
    pub roster: Roster,
}

impl exchange::Service for Service {
    type Request = Request;
    type Reply = Reply;

    async fn call(self: Arc<Self>, seller: Pin, request: Request) -> Reply {
        match request {
            Request::Echo => {
                let open = self.ask(|tell| Command::Money(money::Command::OpenBatch { seller, tell })).await;
                let issuer_keys = self.keys.shown((self.clock)());
                reply(open.map(Ok), |open_batch| Reply::Echo { issuer_keys, open_batch })
            }
            Request::Inquiry { purchase, card } => self.inquiry(seller, purchase, card).await,
            Request::Status { order } => {
                let charge = self.ask(|tell| Command::Status { seller, order, tell }).await;
                match charge {
                    Err(refusal) => Reply::Refused(refusal),
                    Ok(None) => Reply::Status { decision: None, standing: Standing::Unknown },
                    Ok(Some((standing, journaled))) => {
                        let decision = journaled.and_then(|journaled| self.prove(&journaled));
                        Reply::Status { standing, decision }
                    }
                }
            }
            Request::Reversal { order } => {
                let done = self.ask(|tell| Command::Reversal { seller, order, tell }).await;
                reply(done, |()| Reply::Reversed)
            }
            Request::Capture { capture, order, amount, last } => {
                let done = self.ask(|tell| {
                    Command::Money(money::Command::Capture { seller, capture, order, amount, last, tell })
                });
                reply(done.await, |batch| Reply::Captured { amount, batch })
            }
            Request::Refund { refund, order, amount } => {
                let done = self.ask(|tell| {
                    Command::Money(money::Command::Refund { seller, refund, order, amount, tell })
                });
                reply(done.await, |batch| Reply::Refunded { amount, batch })
            }
            Request::Release { release, order, amount } => {
                let done = self.ask(|tell| {
                    Command::Money(money::Command::Release { seller, release, order, amount, tell })
                });
                reply(done.await, |()| Reply::Released { amount })
            }
            Request::Reconcile { batch, totals } => {
                let done = self.ask(|tell| {
                    Command::Clearing(clearing::Command::Reconcile { seller, batch, totals, tell })
                });
                reply(done.await, Reply::Reconciled)
            }
        }
    }

    fn roster(&self) -> Option<&Roster> {
        Some(&self.roster)
    }
}

impl Service {
    async fn inquiry(&self, seller: Pin, purchase: Purchase, card: Envelope) -> Reply {
        // A seller speaks only for itself: a purchase at another seller was not sealed for this one.
        let opened = if purchase.seller == seller { self.open(&purchase, &card) } else { None };
        drop(card);
        let purchase = Purchase { seller, ..purchase };
        match self.ask(|tell| Command::Inquiry { purchase, card: opened, tell }).await {
            Ok(Ok(journaled)) => match self.prove(&journaled) {
                Some(decision) => Reply::Decided(decision),
                None => Reply::Refused(Refusal::TryLater),
            },
            Ok(Err(refusal)) | Err(refusal) => Reply::Refused(refusal),
        }
    }

    /// Opens a sealed card. The card itself is wiped before this returns.
    fn open(&self, purchase: &Purchase, card: &Envelope) -> Option<Opened> {
        let sealed = self.keys.open(card, purchase).ok()?;
        let lease = self.vault.lease();
        let mut presented = lease.present(&sealed.card);
        if let Some(proof) = sealed.holder {
            presented.holder = Some(proof.public);
            presented.enrolment = proof.enrolment.map(|code| code.digest());
        }
        Some(Opened { presented, response: sealed.response, lease })
    }

    /// The decision with its proof. There is none only when the books are not what they should be; the
    /// seller then asks again in vain, and the line is what tells the operator.
    fn prove(&self, journaled: &Journaled) -> Option<Decision> {
        let proved = self.heads.prove(&journaled.decided, &journaled.group, &self.keys.decision);
        if proved.is_none() {
            let position = journaled.decided.position;
            tracing::error!("the decision at {position} is not in its group; run verify on this data folder");
        }
        proved
    }

    /// Asks the writer and waits for its answer.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Refusal> {
        let (tell, told) = oneshot::channel();
        // A writer that is gone takes the daemon with it; the seller asks again after the restart.
        hand_in(&self.writer, command(tell)).await.map_err(|WriterGone| Refusal::TryLater)?;
        told.await.map_err(|_| Refusal::TryLater)
    }
}

fn reply<T>(done: Result<Result<T, Refusal>, Refusal>, reply: impl FnOnce(T) -> Reply) -> Reply {
    match done {
        Ok(Ok(done)) => reply(done),
        Ok(Err(refusal)) | Err(refusal) => Reply::Refused(refusal),
    }
}
