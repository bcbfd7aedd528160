//! What the books answer to each request of a shopper, and the change that goes with it. An act only
//! proposes; the one writer makes the change durable before anybody hears the answer.

mod fulfil;
mod operate;
mod recover;
mod shelves;

use std::collections::HashMap;

use kessai_shared::address::Address;
use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Quote;
use kessai_shared::storefront::{Line, MAX_LINES, MAX_QUANTITY, Refusal};
use kessai_shared::time::Timestamp;

use super::books::Books;
use super::change::Change;
use super::give_back::{GiveBack, Part, digest_of};
use super::order::Order;
use super::recovered::{Recovered, RecoveredState};

pub use fulfil::{Cannot, cancel, deliver, ship, ship_rest};
pub use operate::{NotAReason, operate, take_over};
pub use recover::{forward, own_refunds, recover};
pub use shelves::{MAX_NOTE_BYTES, Unshelved, adjust, receive};

/// Whether a list of lines can be ordered or given back at all.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn check_lines(lines: &[Line]) -> Result<(), Refusal> {
    if lines.is_empty() {
        return Err(Refusal::NoLines);
    }
    if lines.len() > MAX_LINES {
        return Err(Refusal::TooManyLines);
    }
    match lines.iter().find(|line| line.quantity == 0 || line.quantity > MAX_QUANTITY) {
        Some(line) => Err(Refusal::BadQuantity { sku: line.sku }),
        None => Ok(()),
    }
}

/// Takes an order in, or finds the one there is: an order id has one outcome for ever, and goes where it
/// was to go first.
///
/// # Errors
/// [`Refusal::Duplicate`] when the id was used by somebody else or for another quote,
/// [`Refusal::QuoteExpired`] for a quote past its deadline, [`Refusal::TryLater`] while a clearing batch is
/// disputed, or these books are behind the settlement's.
pub fn place(
    books: &Books,
    (quote, deliver_to): (&Quote, Option<Box<Address>>),
    owner: Pin,
    now: Timestamp,
) -> Result<Option<Change>, Refusal> {
    if let Some(known) = books.order(quote.order) {
        let same = known.owner == owner && known.quote == *quote;
        return if same { Ok(None) } else { Err(Refusal::Duplicate) };
    }
    match books.recovered(quote.order) {
        Some(row) if row.purchase != quote.purchase() => return Err(Refusal::Duplicate),
        // It was decided in its time, and its money is there: it is no new order.
        Some(row) if row.state == RecoveredState::Waiting => {}
        // It is being given back, or was.
        Some(_) => return Err(Refusal::QuoteExpired),
        None if books.is_behind() => return Err(Refusal::TryLater),
        None if quote.deadline <= now => return Err(Refusal::QuoteExpired),
        // Books that are known to differ from the settlement's take nothing new; what is under way goes on.
        None if books.clearing().disputed().next().is_some() => return Err(Refusal::TryLater),
        None => {}
    }
    let quote = quote.clone();
    Ok(Some(match missing(books, &quote)? {
        Some((sku, available)) => Change::TurnedAway { quote, owner, sku, available },
        None => Change::Placed { quote, owner, deliver_to },
    }))
}

/// The first product of which there is not enough, counting all lines of the order together.
fn missing(books: &Books, quote: &Quote) -> Result<Option<(Sku, u32)>, Refusal> {
    let mut wanted: HashMap<&Sku, u64> = HashMap::with_capacity(quote.lines.len());
    for line in &quote.lines {
        *wanted.entry(&line.sku).or_default() += u64::from(line.quantity);
    }
    for line in &quote.lines {
        let product = books.product(&line.sku);
        let product = product.ok_or(Refusal::UnknownSku { sku: line.sku })?;
        if product.stock.available < wanted[&line.sku] {
            let available = u32::try_from(product.stock.available).unwrap_or(u32::MAX);
            return Ok(Some((line.sku, available)));
        }
    }
    Ok(None)
}

/// A request to give goods back.
pub struct Giving<'a> {
    pub id: ReturnId,
    pub owner: Pin,
    pub customer: &'a Customer,
    /// Only from this order, when it is given.
    pub from: Option<OrderId>,
    pub lines: &'a [Line],
    /// The operator, when it is one who takes the goods back.
    pub by: Option<Pin>,
    /// Whether the goods can be sold again.
    pub restock: bool,
}

/// Takes goods back, line by line, from what this customer bought and has not given back yet, the
/// newest lot first, at the price that was paid. A request that matches nothing is kept too, so that
/// it has the same answer for ever.
///
/// # Errors
/// [`Refusal::Duplicate`] when the id was used for something else, [`Refusal::UnknownOrder`] when
/// the order is not this customer's, [`Refusal::TryLater`] while the order is being cancelled.
pub fn give_back(books: &Books, giving: &Giving<'_>) -> Result<Option<Change>, Refusal> {
    if let Some(known) = books.given(giving.id) {
        let same = known.is_same(giving.owner, giving.customer, giving.from, giving.lines)
            && (known.by, known.restock) == (giving.by, giving.restock);
        return if same { Ok(None) } else { Err(Refusal::Duplicate) };
    }
    check_lines(giving.lines)?;
    let theirs = |id: OrderId| {
        let order = books.order(id);
        order.is_some_and(|order| order.owner == giving.owner && order.quote.customer == *giving.customer)
    };
    if giving.from.is_some_and(|id| !theirs(id)) {
        return Err(Refusal::UnknownOrder);
    }
    let waits = |id: OrderId| books.order(id).is_some_and(Order::takes_nothing_back);
    if giving.from.is_some_and(waits) {
        // What can come back is known once the rest is cancelled.
        return Err(Refusal::TryLater);
    }
    Ok(Some(Change::GivenBack {
        id: giving.id,
        given: GiveBack {
            owner: giving.owner,
            customer: *giving.customer,
            from: giving.from,
            asked: digest_of(giving.lines),
            by: giving.by,
            restock: giving.restock,
            parts: matching(books, giving)?,
            settled: Vec::new(),
        },
    }))
}

fn matching(books: &Books, giving: &Giving<'_>) -> Result<Vec<Part>, Refusal> {
    let mut parts: Vec<Part> = Vec::new();
    let mut taken: HashMap<(OrderId, usize), u32> = HashMap::new();
    for wanted in giving.lines {
        let mut left = wanted.quantity;
        for id in books.lots(giving.owner, giving.customer).rev() {
            if left == 0 {
                break;
            }
            let Some(order) = books.order(id).filter(|_| giving.from.is_none_or(|from| from == id)) else {
                continue;
            };
            for (at, line) in order.quote.lines.iter().enumerate().filter(|(_, l)| l.sku == wanted.sku) {
                // What was recovered of it is given back first: two refunds of one order would cross.
                if books.recovered(id).is_some_and(Recovered::is_moving) {
                    return Err(Refusal::TryLater);
                }
                let taken = taken.entry((id, at)).or_default();
                let there = order.returnable(at) - *taken;
                let quantity = there.min(left);
                if quantity == 0 {
                    continue;
                }
                // Each part is a row of the answer and of one record, and both have a limit.
                if parts.len() >= MAX_LINES {
                    return Err(Refusal::TooManyLines);
                }
                left -= quantity;
                *taken += quantity;
                let line_number = u16::try_from(at).unwrap_or(u16::MAX);
                let (sku, unit_price, released, back) = (line.sku, line.unit_price, 0, 0);
                parts.push(Part { order: id, line: line_number, sku, quantity, unit_price, released, back });
            }
        }
    }
    Ok(parts)
}
