//! What the writer does with the money behind an order that was approved.

use kessai_shared::ids::{CaptureId, ChargebackId, OrderId, RefundId};
use kessai_shared::money::Minor;
use kessai_shared::outcome::ChargebackReason;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{Refusal, Sender};
use kessai_shared::store::Fault;
use kessai_shared::time::Timestamp;

use super::fence::Fencing;
use super::{Desk, Tell, answer, carry_out};
use crate::ledger::Key;
use crate::ledger::acts::{self, Booked};

/// Which clearing batch something was booked under, now or when it was asked for before.
type Batch = Result<u32, Refusal>;

pub enum Command {
    Capture {
        seller: Pin,
        by: Sender,
        capture: CaptureId,
        order: OrderId,
        amount: Minor,
        last: bool,
        tell: Tell<Batch>,
    },
    Release {
        seller: Pin,
        by: Sender,
        release: RefundId,
        order: OrderId,
        amount: Minor,
        tell: Tell<Result<(), Refusal>>,
    },
    Refund {
        seller: Pin,
        by: Sender,
        refund: RefundId,
        order: OrderId,
        amount: Minor,
        tell: Tell<Batch>,
    },
    ChargeBack {
        id: ChargebackId,
        seller: Pin,
        order: OrderId,
        amount: Minor,
        reason: ChargebackReason,
        /// The operator who asks for it.
        by: Pin,
        tell: Tell<Batch>,
    },
    /// Which clearing batch of a seller is open?
    OpenBatch {
        seller: Pin,
        tell: Tell<u32>,
    },
}

pub(super) fn handle(
    command: Command,
    fencing: &mut Fencing,
    now: Timestamp,
    desk: &mut Desk<'_>,
) -> Result<(), Fault> {
    match command {
        Command::Capture { seller, by, capture, order, amount, last, tell } => {
            if let Err(refusal) = fencing.admit(seller, &by, desk) {
                answer(desk, tell, Err(refusal));
                return Ok(());
            }
            let key = (seller, order);
            end_overdue(key, now, desk)?;
            let booked = acts::capture(desk.books(), key, capture, amount, last);
            if booked == Err(Refusal::Expired) {
                note_late(key, capture, amount, desk)?;
            }
            book(booked, tell, desk)
        }
        Command::Release { seller, by, release, order, amount, tell } => {
            if let Err(refusal) = fencing.admit(seller, &by, desk) {
                answer(desk, tell, Err(refusal));
                return Ok(());
            }
            end_overdue((seller, order), now, desk)?;
            carry_out(acts::release(desk.books(), seller, release, order, amount), tell, desk)
        }
        Command::Refund { seller, by, refund, order, amount, tell } => {
            if let Err(refusal) = fencing.admit(seller, &by, desk) {
                answer(desk, tell, Err(refusal));
                return Ok(());
            }
            book(acts::refund(desk.books(), seller, refund, order, amount), tell, desk)
        }
        Command::ChargeBack { id, seller, order, amount, reason, by, tell } => {
            book(acts::charge_back(desk.books(), id, (seller, order), amount, reason, by), tell, desk)
        }
        Command::OpenBatch { seller, tell } => {
            let batch = desk.books().open_batch(seller);
            answer(desk, tell, batch);
            Ok(())
        }
    }
}

/// Writes down that a hold has expired before anybody hears that it has, so that a clock which then
/// goes back cannot make it live again.
pub(super) fn end_overdue(key: Key, now: Timestamp, desk: &mut Desk<'_>) -> Result<(), Fault> {
    let policy = desk.books().policies().policy();
    match acts::overdue(desk.books(), key, policy, now) {
        Some(expired) => desk.change(&expired).map(|_| ()),
        None => Ok(()),
    }
}

fn note_late(key: Key, capture: CaptureId, amount: Minor, desk: &mut Desk<'_>) -> Result<(), Fault> {
    let Some(late) = acts::presented_late(desk.books(), key, capture, amount) else { return Ok(()) };
    let (seller, order) = key;
    tracing::warn!(
        "seller {seller} captured order {order} for {amount} after its hold had expired; nothing was \
         charged, so agree with the seller what becomes of the goods"
    );
    desk.change(&late).map(|_| ())
}

fn book(booked: Result<Booked, Refusal>, tell: Tell<Batch>, desk: &mut Desk<'_>) -> Result<(), Fault> {
    let done = match booked {
        Ok(Booked { batch, change }) => {
            if let Some(change) = change {
                desk.change(&change)?;
            }
            Ok(batch)
        }
        Err(refusal) => Err(refusal),
    };
    answer(desk, tell, done);
    Ok(())
}
