//! What these books take over from the settlement's, when they are older than those (F18).

use std::collections::{BTreeSet, HashSet};

use kessai_shared::ids::{CaptureId, OrderId, RefundId};
use kessai_shared::money::Minor;
use kessai_shared::settlement::{Approved, Captured, Refunded, Standing};
use kessai_shared::storefront::{Cancelled, OrderState};
use kessai_shared::time::Timestamp;

use super::fulfil;
use crate::sales::books::Books;
use crate::sales::change::Change;
use crate::sales::order::Order;
use crate::sales::recovered::{Recovered, RecoveredState, RecoveredStep};

/// Every refund that was acknowledged to a return of these books.
#[must_use]
pub fn own_refunds(books: &Books) -> HashSet<RefundId> {
    let settled = books.returns().flat_map(|(id, given)| given.settled.iter().map(|settled| (*id, settled)));
    let paid = settled.filter(|(_, settled)| settled.refunded.is_positive());
    paid.map(|(id, settled)| RefundId::of(id, settled.order)).collect()
}

/// The change that takes an order over as the settlement has it, when that has more than these books, whose
/// own refunds are `own`. It is given back at `until` unless its terminal asks again before.
#[must_use]
pub fn recover(
    books: &Books,
    own: &HashSet<RefundId>,
    theirs: &Approved,
    until: Timestamp,
) -> Option<Change> {
    let id = theirs.purchase.order;
    let (order, before) = (books.order(id), books.recovered(id));
    let captures = unexplained_captures(order, &theirs.captures);
    let refunds: Vec<Refunded> =
        theirs.refunds.iter().filter(|refund| !own.contains(&refund.id)).copied().collect();
    let news = before.map_or(!captures.is_empty() || !refunds.is_empty(), |before| {
        before.captures != captures || before.refunds != refunds
    });
    let row = Recovered {
        purchase: theirs.purchase,
        state: RecoveredState::Ended,
        held: theirs.held,
        captures,
        refunds,
        charged_back: theirs.charged_back,
        until: before.map_or(until, |before| before.until),
        refused: None,
    };
    let state = match order {
        Some(order) if news || is_ahead(order, theirs) => RecoveredState::Forward,
        Some(_) => return None,
        None if row.is_even(None) && !news => return None,
        None if row.is_even(None) => RecoveredState::Ended,
        None => match before.map(|before| before.state) {
            None | Some(RecoveredState::Waiting) => RecoveredState::Waiting,
            // What was begun may have been sent, so it is gone on with.
            Some(RecoveredState::Forward | RecoveredState::GivingBack | RecoveredState::Ended) => {
                RecoveredState::GivingBack
            }
        },
    };
    let row = Recovered { state, ..row };
    (before != Some(&row)).then(|| Change::Recovered { order: id, row: Box::new(row) })
}

/// The change that brings a known order one step nearer to what the settlement has of it. None while the
/// settlement owes it an answer: what that one is about may be the same.
#[must_use]
pub fn forward(books: &Books, id: OrderId) -> Option<Change> {
    let row = books.recovered(id).filter(|row| row.state == RecoveredState::Forward)?;
    let order = books.order(id)?;
    if order.is_owed_an_answer() {
        return None;
    }
    let explained = Change::RecoveredStep { order: id, step: RecoveredStep::Explained };
    if !row.captures.is_empty() {
        // All that is left was charged at once, so all that is left has gone.
        return match fulfil::has_left(books, id) {
            Some(ship) if is_the_rest(order, row) => Some(ship),
            Some(_) | None => Some(Change::RecoveredGivenUp { order: id }),
        };
    }
    match order.order {
        OrderState::Confirmed if order.rest() > row.held => {
            // Less is held than is to be shipped: it was cancelled, or given back in part.
            match fulfil::cancel(books, id, Cancelled::Interrupted, None) {
                Ok(Some(cancel)) => Some(cancel),
                Ok(None) | Err(_) => Some(explained),
            }
        }
        OrderState::Confirmed
        | OrderState::Pending
        | OrderState::Completed
        | OrderState::Cancelled
        | OrderState::Expired => Some(explained),
    }
}

/// Whether one capture stands for all that is still to be shipped of an order.
fn is_the_rest(order: &Order, row: &Recovered) -> bool {
    let next = u32::try_from(order.shipments.len() + 1).unwrap_or(u32::MAX);
    let id = CaptureId::of(order.quote.order, next);
    match row.captures.as_slice() {
        [only] => only.id == id && only.amount == order.rest() && row.held == Minor::ZERO,
        _ => false,
    }
}

/// Whether the settlement holds less for an order than these books believe, though no answer says so.
fn is_ahead(order: &Order, theirs: &Approved) -> bool {
    match order.order {
        OrderState::Pending | OrderState::Confirmed => {
            theirs.standing != Standing::Declined && order.rest() > theirs.held
        }
        OrderState::Completed | OrderState::Cancelled | OrderState::Expired => false,
    }
}

fn unexplained_captures(order: Option<&Order>, theirs: &[Captured]) -> Vec<Captured> {
    let of = |order: &Order| {
        let shipped = order.shipments.iter().map(|shipment| shipment.nth);
        shipped.map(|nth| CaptureId::of(order.quote.order, nth)).collect::<BTreeSet<_>>()
    };
    let ours = order.map(of).unwrap_or_default();
    theirs.iter().filter(|capture| !ours.contains(&capture.id)).copied().collect()
}
