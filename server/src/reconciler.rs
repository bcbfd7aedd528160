//! Carries 0500 to the settlement: what the shop's books say of a closed clearing batch, one batch at a
//! time, and what the settlement says to it (0510) back to the writer. Nothing here is durable: what was
//! not answered is asked again, and the same totals have the same answer.

use std::time::Duration;

use kessai_shared::exchange::CallError;
use kessai_shared::settlement::{BatchTotals, Reconciled, Refusal, Reply, Request};
use kessai_shared::writer::hand_in;
use tokio::sync::mpsc;

use crate::charge::Line;

/// How long the settlement may take for one answer.
const CALL_DEADLINE: Duration = Duration::from_secs(3);

/// What the shop's books say of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub batch: u32,
    pub totals: Vec<BatchTotals>,
}

/// What became of telling it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// 0510.
    Answered(Reconciled),
    /// 94: the settlement has settled this batch with other totals of ours.
    Duplicate,
    /// Nothing that ends it; it is told again when the settlement is next heard of.
    NotNow,
}

/// The way to the one who tells. The clerk has one batch told at a time, so it is never full.
pub fn to_tell() -> (mpsc::Sender<Told>, mpsc::Receiver<Told>) {
    mpsc::channel(1)
}

/// Runs until the clerk is gone, and hands each answer in as a `command` of the writer.
pub async fn run<C: Send + 'static>(
    link: Line,
    mut to_tell: mpsc::Receiver<Told>,
    writer: mpsc::Sender<C>,
    command: fn(Told, Heard) -> C,
) {
    while let Some(told) = to_tell.recv().await {
        let request = Request::Reconcile { batch: told.batch, totals: told.totals.clone() };
        let answer = link.ask(request, CALL_DEADLINE).await;
        let heard = heard(told.batch, answer);
        // A writer that is gone takes the daemon with it.
        let _ = hand_in(&writer, command(told, heard)).await;
    }
}

fn heard(batch: u32, answer: Result<Reply, CallError>) -> Heard {
    match answer {
        Ok(Reply::Reconciled(reconciled)) if reconciled.batch == batch => Heard::Answered(reconciled),
        Ok(Reply::Refused(Refusal::Duplicate)) => Heard::Duplicate,
        Ok(Reply::Refused(refusal)) if refusal.is_transient() => Heard::NotNow,
        Ok(Reply::Refused(refusal)) => {
            tracing::error!("clearing batch {batch}: the settlement refuses our totals: {refusal:?}");
            Heard::NotNow
        }
        Ok(
            Reply::Echo { .. }
            | Reply::Decided(_)
            | Reply::Status { .. }
            | Reply::Reversed
            | Reply::Captured { .. }
            | Reply::Released { .. }
            | Reply::Refunded { .. }
            | Reply::Granted { .. }
            | Reply::Beat
            | Reply::Orders(_)
            | Reply::Reconciled(_),
        ) => {
            tracing::error!("clearing batch {batch}: the settlement answers something else than was asked");
            Heard::NotNow
        }
        Err(CallError::PeerFault(fault)) => {
            tracing::error!("the settlement broke the protocol: {fault}");
            Heard::NotNow
        }
        Err(_) => Heard::NotNow,
    }
}
