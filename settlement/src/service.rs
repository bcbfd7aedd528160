//! What the settlement answers on the closed wire. The seller is who its key says it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_shared::exchange::{self, Roster};
use kessai_shared::ids::OrderId;
use kessai_shared::measure::{Registry, Spread};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Purchase, Verdict};
use kessai_shared::seal::Envelope;
use kessai_shared::settlement::{Answered, Asked, Claim, Refusal, Reply, Request, Sender, Standing};
use kessai_shared::trace::{self, Begun, Leg};
use kessai_shared::writer::{Clock, WriterGone, hand_in};
use tokio::sync::{mpsc, oneshot};

use crate::clerk::{Command, Journaled, Opened, clearing, fence, money};
use crate::heads::Heads;
use crate::keys::Keys;
use crate::vault::LiveVault;
use crate::witness::Witnessing;

pub struct Service {
    pub keys: Arc<Keys>,
    pub vault: Arc<LiveVault>,
    pub writer: mpsc::Sender<Command>,
    pub clock: Clock,
    pub heads: Heads,
    pub roster: Roster,
    pub witnessing: Witnessing,
    /// For how long nobody takes over by itself after a message of the node in charge.
    pub promote_after: Duration,
    pub registry: Registry,
}

impl exchange::Service for Service {
    type Request = Asked;
    type Reply = Answered;

    async fn call(self: Arc<Self>, seller: Pin, asked: Asked) -> Answered {
        let leg = leg(&asked.what).map(|(order, leg)| trace::begin(order, leg));
        let reply = self.reply(seller, &asked.by, asked.what, leg.as_ref()).await;
        leg.into_iter().for_each(|leg| leg.end(outcome(&reply)));
        // Looked up after the reply, so that what the reply rests on is in it.
        Answered { witness: self.witnessing.shown(), reply }
    }

    fn roster(&self) -> Option<&Roster> {
        Some(&self.roster)
    }
}

impl Service {
    async fn reply(&self, seller: Pin, by: &Sender, request: Request, leg: Option<&Begun>) -> Reply {
        let by = *by;
        match request {
            Request::Echo => {
                let open = self.ask(|tell| Command::Money(money::Command::OpenBatch { seller, tell })).await;
                let issuer_keys = self.keys.shown((self.clock)());
                reply(open.map(Ok), |open_batch| Reply::Echo { issuer_keys, open_batch })
            }
            Request::Inquiry { purchase, card } => self.inquiry(seller, by, (purchase, card), leg).await,
            Request::Status { order } => {
                let charge = self.ask(|tell| Command::Status { seller, by, order, tell }).await;
                match charge {
                    Ok(Err(refusal)) | Err(refusal) => Reply::Refused(refusal),
                    Ok(Ok(None)) => Reply::Status { decision: None, standing: Standing::Unknown },
                    Ok(Ok(Some((standing, journaled)))) => {
                        let decision = journaled.and_then(|journaled| self.prove(&journaled));
                        Reply::Status { standing, decision }
                    }
                }
            }
            Request::Reversal { order } => {
                let done = self.ask(|tell| Command::Reversal { seller, by, order, tell }).await;
                reply(done, |()| Reply::Reversed)
            }
            Request::Capture { capture, order, amount, last } => {
                let done = self.ask(|tell| {
                    Command::Money(money::Command::Capture { seller, by, capture, order, amount, last, tell })
                });
                reply(done.await, |batch| Reply::Captured { amount, batch })
            }
            Request::Refund { refund, order, amount } => {
                let done = self.ask(|tell| {
                    Command::Money(money::Command::Refund { seller, by, refund, order, amount, tell })
                });
                reply(done.await, |batch| Reply::Refunded { amount, batch })
            }
            Request::Release { release, order, amount } => {
                let done = self.ask(|tell| {
                    Command::Money(money::Command::Release { seller, by, release, order, amount, tell })
                });
                reply(done.await, |()| Reply::Released { amount })
            }
            Request::Reconcile { batch, totals } => {
                let done = self.ask(|tell| {
                    Command::Clearing(clearing::Command::Reconcile { seller, by, batch, totals, tell })
                });
                reply(done.await, Reply::Reconciled)
            }
            Request::Claim(claim) => self.claim(seller, by, claim).await,
            Request::Orders { after } => {
                let page = self.ask(|tell| Command::Approved { seller, by, after, tell });
                reply(page.await, Reply::Orders)
            }
            Request::Beat => {
                let beat = self.ask(|tell| Command::Fence(fence::Command::Beat { seller, by, tell }));
                reply(beat.await, |()| Reply::Beat)
            }
        }
    }

    async fn claim(&self, seller: Pin, by: Sender, claim: Claim) -> Reply {
        let done = self.ask(|tell| Command::Fence(fence::Command::Claim { seller, by, claim, tell })).await;
        let promote_after_ms = u32::try_from(self.promote_after.as_millis()).unwrap_or(u32::MAX);
        reply(done, |epoch| Reply::Granted { epoch, promote_after_ms })
    }

    async fn inquiry(
        &self,
        seller: Pin,
        by: Sender,
        (purchase, card): (Purchase, Envelope),
        leg: Option<&Begun>,
    ) -> Reply {
        let (since, opening) = (Instant::now(), leg.map(|leg| leg.part(Leg::Opening)));
        // A seller speaks only for itself: a purchase at another seller was not sealed for this one.
        let opened = if purchase.seller == seller { self.open(&purchase, &card) } else { None };
        self.registry.took_since(Spread::Opened, since);
        drop(card);
        opening.into_iter().for_each(|part| part.end(if opened.is_some() { "opened" } else { "not for us" }));
        let purchase = Purchase { seller, ..purchase };
        let (asked, deciding) = (Instant::now(), leg.map(|leg| leg.part(Leg::Deciding)));
        let command = |tell| Command::Inquiry { by, purchase, card: opened, since: asked, tell };
        let decided = self.ask(command).await;
        deciding.into_iter().for_each(|part| part.end(if decided.is_ok() { "durable" } else { "not done" }));
        let reply = match decided {
            Ok(Ok(journaled)) => match self.prove(&journaled) {
                Some(decision) => Reply::Decided(decision),
                None => Reply::Refused(Refusal::TryLater),
            },
            Ok(Err(refusal)) | Err(refusal) => Reply::Refused(refusal),
        };
        self.registry.took_since(Spread::Inquiry, since);
        reply
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

/// What a request does to an order, if it is about one.
fn leg(request: &Request) -> Option<(OrderId, Leg)> {
    Some(match request {
        Request::Inquiry { purchase, .. } => (purchase.order, Leg::Decision),
        Request::Status { order } => (*order, Leg::Asking),
        Request::Reversal { order } => (*order, Leg::Reversing),
        Request::Capture { order, capture, .. } => (*order, Leg::Capturing(*capture)),
        Request::Refund { order, refund, .. } => (*order, Leg::Refunding(*refund)),
        Request::Release { order, release, .. } => (*order, Leg::Releasing(*release)),
        Request::Echo
        | Request::Reconcile { .. }
        | Request::Claim(_)
        | Request::Beat
        | Request::Orders { .. } => return None,
    })
}

/// How it ended, in a word. The reason of a decline is not for whoever keeps traces.
fn outcome(reply: &Reply) -> &'static str {
    match reply {
        Reply::Decided(decision) => match decision.statement.verdict {
            Verdict::Approved => "approved",
            Verdict::Declined => "declined",
        },
        Reply::Status { .. } => "told",
        Reply::Reversed => "reversed",
        Reply::Captured { .. } => "captured",
        Reply::Refunded { .. } => "refunded",
        Reply::Released { .. } => "released",
        Reply::Refused(_) => "refused",
        Reply::Echo { .. }
        | Reply::Reconciled(_)
        | Reply::Granted { .. }
        | Reply::Beat
        | Reply::Orders(_) => "answered",
    }
}

fn reply<T>(done: Result<Result<T, Refusal>, Refusal>, reply: impl FnOnce(T) -> Reply) -> Reply {
    match done {
        Ok(Ok(done)) => reply(done),
        Ok(Err(refusal)) | Err(refusal) => Reply::Refused(refusal),
    }
}
