//! Shipping, delivering and cancelling: by an operator, by the shopper, or by the shop's own clock.

use std::fmt;

use kessai_shared::ids::OrderId;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{Cancelled, FulfilmentState, OrderState, Tracking};

use crate::sales::books::Books;
use crate::sales::change::Change;
use crate::sales::order::{LinePieces, MAX_SHIPMENTS, Order, Shipping};
use crate::sales::recovered::RecoveredState;

/// Why an order stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cannot {
    UnknownOrder,
    /// No decision yet, or it came to nothing.
    NotConfirmed,
    /// All of it has left already.
    AlreadyShipped,
    /// A shipment, a return or a cancellation waits for the settlement.
    Busy,
    /// Fewer pieces of this line, counted from 1, are left to be shipped.
    Line {
        line: u16,
        left: u32,
    },
    NothingNamed,
    /// So many shipments have left that the next has to be of all that is left.
    TooManyShipments,
    NotShipped,
}

impl fmt::Display for Cannot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cannot::UnknownOrder => f.write_str("there is no such order"),
            Cannot::NotConfirmed => f.write_str("the order is not confirmed, or came to nothing"),
            Cannot::AlreadyShipped => f.write_str("all of the order has left; it can only come back"),
            Cannot::Busy => f.write_str(
                "a shipment, return or cancellation of the order waits for the settlement; try again when it \
                 is answered",
            ),
            Cannot::Line { line, left } => {
                write!(f, "line {line}: {left} pieces are left to be shipped; name each line once")
            }
            Cannot::NothingNamed => f.write_str("no pieces are named"),
            Cannot::TooManyShipments => {
                write!(f, "the order has {} shipments: ship all that is left", MAX_SHIPMENTS - 1)
            }
            Cannot::NotShipped => f.write_str("the order is not on its way: only what was shipped arrives"),
        }
    }
}

/// Ships these lines, each named once by its place in the quote, from 0; all that is left when none is.
///
/// # Errors
/// [`Cannot`] when not all of it can leave now.
pub fn ship(
    books: &Books,
    id: OrderId,
    lines: &[LinePieces],
    tracking: Option<Tracking>,
    by: Option<Pin>,
) -> Result<Change, Cannot> {
    if is_charged_beyond(books, id) {
        return Err(Cannot::Busy);
    }
    leave(books, id, lines, tracking, by)
}

/// Whether the settlement has charged something of an order that its own record does not say: what that was
/// for has to be settled first.
fn is_charged_beyond(books: &Books, id: OrderId) -> bool {
    let row = books.recovered(id).filter(|row| row.state == RecoveredState::Forward);
    row.is_some_and(|row| !row.captures.is_empty())
}

fn leave(
    books: &Books,
    id: OrderId,
    lines: &[LinePieces],
    tracking: Option<Tracking>,
    by: Option<Pin>,
) -> Result<Change, Cannot> {
    let order = books.order(id).ok_or(Cannot::UnknownOrder)?;
    shippable(order)?;
    let rest = order.unshipped();
    let lines = if lines.is_empty() { rest.clone() } else { picked(order, lines)? };
    let last = lines == rest;
    let nth = u32::try_from(order.shipments.len() + 1).unwrap_or(u32::MAX);
    if !last && order.shipments.len() + 1 >= MAX_SHIPMENTS {
        return Err(Cannot::TooManyShipments);
    }
    let amount = order.worth_of(&lines);
    let shipping = Shipping { nth, lines, amount, last, tracking: tracking.map(Box::new) };
    Ok(Change::CaptureStarted { order: id, shipping, by })
}

/// Ships all that is left, because it is time.
pub fn ship_rest(books: &Books, id: OrderId) -> Option<Change> {
    ship(books, id, &[], None, None).ok()
}

/// All that is left has gone, as the settlement's books say of an order that is brought forward.
pub(super) fn has_left(books: &Books, id: OrderId) -> Option<Change> {
    leave(books, id, &[], None, None).ok()
}

fn shippable(order: &Order) -> Result<(), Cannot> {
    match order.order {
        OrderState::Pending | OrderState::Cancelled | OrderState::Expired => Err(Cannot::NotConfirmed),
        OrderState::Completed => Err(Cannot::AlreadyShipped),
        OrderState::Confirmed if order.is_shippable() => Ok(()),
        OrderState::Confirmed => Err(Cannot::Busy),
    }
}

fn picked(order: &Order, lines: &[LinePieces]) -> Result<Vec<LinePieces>, Cannot> {
    let mut picked: Vec<LinePieces> = lines.iter().copied().filter(|(_, pieces)| *pieces > 0).collect();
    picked.sort_unstable();
    if picked.is_empty() {
        return Err(Cannot::NothingNamed);
    }
    for (at, (line, pieces)) in picked.iter().enumerate() {
        let left = order.unshipped_of(usize::from(*line));
        let twice = at > 0 && picked[at - 1].0 == *line;
        if *pieces > left || twice {
            return Err(Cannot::Line { line: line.saturating_add(1), left });
        }
    }
    Ok(picked)
}

/// Writes down that an order has arrived, or finds that it is written down.
///
/// # Errors
/// [`Cannot`] when it is not on its way.
pub fn deliver(books: &Books, id: OrderId, by: Option<Pin>) -> Result<Option<Change>, Cannot> {
    let order = books.order(id).ok_or(Cannot::UnknownOrder)?;
    match order.fulfilment {
        FulfilmentState::NotFulfilled => Err(Cannot::NotShipped),
        FulfilmentState::Shipped => Ok(Some(Change::Delivered { order: id, by })),
        FulfilmentState::Delivered | FulfilmentState::Returned => Ok(None),
    }
}

/// Cancels what was not shipped yet, or finds that this is asked for or done already. It is done when
/// the settlement has acknowledged it, and not before.
///
/// # Errors
/// [`Cannot::UnknownOrder`]; [`Cannot::AlreadyShipped`] when nothing is left that could be cancelled.
pub fn cancel(books: &Books, id: OrderId, why: Cancelled, by: Option<Pin>) -> Result<Option<Change>, Cannot> {
    let order = books.order(id).ok_or(Cannot::UnknownOrder)?;
    if is_charged_beyond(books, id) {
        return Err(Cannot::AlreadyShipped);
    }
    if order.is_cancellable() {
        return Ok(Some(Change::CancelAsked { order: id, why, by }));
    }
    match order.order {
        OrderState::Pending | OrderState::Cancelled | OrderState::Expired => Ok(None),
        OrderState::Confirmed if order.cancelling.is_some() => Ok(None),
        OrderState::Completed if order.lines.iter().any(|pieces| pieces.cancelled > 0) => Ok(None),
        OrderState::Confirmed | OrderState::Completed => Err(Cannot::AlreadyShipped),
    }
}
