//! What must hold at the end, whatever happened before.

use std::collections::HashSet;

use kessai_server::sales::{self, Order};
use kessai_settlement::ledger::{Charge, ChargeState};
use kessai_shared::money::Minor;
use kessai_shared::storefront::{Cancelled, OrderState, PaymentState, ReturnState};
use kessai_shared::time::Timestamp;
use kessai_tui_client::shop::Ending;

use crate::books;
use crate::stage::Stage;
use crate::terminal::{Notes, OrderNote};

/// How long an answer of the settlement may be under way before the seller gives the call up.
const LONGEST_REPLY: u64 = 4;

/// Everything that is wrong, one sentence each, and the outcomes counted.
pub fn check(stage: &mut Stage) -> Vec<String> {
    stage.check_witnessed();
    let mut problems = std::mem::take(&mut stage.problems);
    let read =
        (books::sales(&stage.world.seller.written()), books::ledger(&stage.world.settlement.written()));
    let (sales, ledger) = match read {
        (Ok(sales), Ok(ledger)) => (sales, ledger),
        (sales, ledger) => {
            problems.extend(sales.err().map(|why| format!("seller: {why}")));
            problems.extend(ledger.err().map(|why| format!("settlement: {why}")));
            return problems;
        }
    };
    problems.extend(sales.problems);
    problems.extend(ledger.problems);
    let (sales, ledger) = (sales.books, ledger.books);
    at_rest(&sales, &mut problems);
    for (id, order) in sales.orders() {
        let charge = ledger.charge(&(stage.world.seller_pin, *id));
        if let Err(why) = agree(order, charge) {
            let charge = charge.map(|charge| charge.state);
            problems.push(format!(
                "I7: order {id} is {:?}/{:?}, its charge {charge:?}: {why}",
                order.order, order.payment
            ));
        }
    }
    if stage.clocks_are_right {
        for (id, order) in sales.orders() {
            let expires = ledger.charge(&(stage.world.seller_pin, *id)).map(|charge| charge.expires);
            // A reply may be under way for a while; an answer given anew may not be of the dead.
            if expires.is_some_and(|at| order.confirmed_at > at.plus_seconds(LONGEST_REPLY)) {
                problems.push(format!("I2: order {id} was accepted when its hold had run out"));
            }
        }
    }
    for ((_, id), charge) in ledger.charges() {
        let money = charge.live_hold().is_positive() || charge.captured.is_positive();
        if money && sales.order(*id).is_none() {
            problems.push(format!("I7: order {id} holds money and the seller does not know it"));
        }
    }
    let world = std::sync::Arc::clone(&stage.world);
    for notes in &world.notes {
        let mut notes = notes.lock().unwrap();
        problems.append(&mut notes.complaints);
        for order in &notes.orders {
            heard(order, &sales, &mut problems);
        }
        returns(&notes, &sales, &mut problems);
        count(stage, &notes);
    }
    problems
}

/// I14: nothing waits for anything any more, and the goods that were sold are on their way.
fn at_rest(sales: &sales::Books, problems: &mut Vec<String>) {
    for id in sales.open_orders() {
        let payment = sales.order(id).map(|order| order.payment);
        problems.push(format!("I14: order {id} still waits for the settlement: {payment:?}"));
    }
    for id in sales.shippable(Timestamp(u64::MAX)) {
        problems.push(format!("I14: order {id} is confirmed and was never shipped"));
    }
}

/// I7: what the seller says of an order and what the settlement did with the money are the same.
fn agree(order: &Order, charge: Option<&Charge>) -> Result<(), &'static str> {
    let state = charge.map(|charge| charge.state);
    let money = charge.map_or(Minor::ZERO, |charge| Minor(charge.live_hold().0 + charge.live_charge().0));
    let need = |holds: bool, why| if holds { Ok(()) } else { Err(why) };
    match (order.order, &order.cancelled) {
        (OrderState::Pending, _) => Err("it is at rest and not final"),
        (OrderState::Cancelled, Some(Cancelled::OutOfStock { .. })) => {
            need(charge.is_none(), "it was never asked for")
        }
        (OrderState::Cancelled, Some(Cancelled::Declined)) => {
            need(state == Some(ChargeState::Declined), "it was declined")
        }
        (OrderState::Cancelled | OrderState::Expired, _) => {
            need(money == Minor::ZERO && charge.is_some(), "it came to nothing")
        }
        (OrderState::Confirmed | OrderState::Completed, _) => {
            need(charge.is_some_and(|charge| charge.authorized == order.quote.total), "it was approved")?;
            // What was given back in full may have run out before the settlement was told.
            let gone = order.payment == PaymentState::Voided && money == Minor::ZERO;
            need(gone || money == order.kept(), "the money is not that of the goods that were kept")
        }
    }
}

/// I2 and I8: an order has one outcome for ever, and it is the one in the books.
fn heard(note: &OrderNote, sales: &sales::Books, problems: &mut Vec<String>) {
    let mut different: Vec<&Ending> = Vec::new();
    for ending in &note.heard {
        if different.last() != Some(&ending) {
            different.push(ending);
        }
    }
    // Only the end of a hold or a cancellation may follow an approval.
    if !matches!(
        different.as_slice(),
        [] | [_] | [Ending::Accepted { .. }, Ending::HoldExpired | Ending::Cancelled { .. }]
    ) {
        problems.push(format!("I8: order {} was told as {different:?}", note.id));
    }
    let Some(last) = different.last() else { return };
    let Some(order) = sales.order(note.id) else {
        return problems.push(format!("I2: order {} was told as {last:?} and is not there", note.id));
    };
    let same = match last {
        Ending::Accepted { amount, .. } => order.is_confirmed() && *amount == order.quote.total,
        Ending::HoldExpired => order.order == OrderState::Expired,
        Ending::Declined { .. } => order.cancelled == Some(Cancelled::Declined),
        Ending::OutOfStock { .. } => matches!(order.cancelled, Some(Cancelled::OutOfStock { .. })),
        Ending::Interrupted => order.cancelled == Some(Cancelled::Interrupted),
        Ending::Cancelled { by_shopper } => match &order.cancelled {
            Some(Cancelled::ByShopper) => *by_shopper,
            Some(Cancelled::ByShop | Cancelled::NotShippedInTime) => !*by_shopper,
            Some(
                Cancelled::OutOfStock { .. }
                | Cancelled::Declined
                | Cancelled::Interrupted
                | Cancelled::HoldExpired,
            )
            | None => false,
        },
        Ending::Unknown => false,
    };
    if !same {
        problems.push(format!("I2: order {} was told as {last:?} and is {:?}", note.id, order.order));
    }
}

fn returns(notes: &Notes, sales: &sales::Books, problems: &mut Vec<String>) {
    for note in &notes.returns {
        let lines: HashSet<_> = note.heard.iter().map(|view| format!("{:?}", view.lines)).collect();
        if lines.len() > 1 {
            problems.push(format!("return {} was told in {} ways", note.id, lines.len()));
        }
        let state = sales.given(note.id).map(sales::GiveBack::state);
        if note.heard.last().is_some_and(|view| Some(view.state) != state) {
            problems.push(format!("return {} is {state:?} and was told otherwise", note.id));
        }
    }
}

fn count(stage: &mut Stage, notes: &Notes) {
    let tally = &mut stage.tally;
    for order in &notes.orders {
        let word = order.heard.last().map_or("never heard of".to_owned(), Ending::word);
        tally.note(&format!("outcome: {word}"));
    }
    for given in &notes.returns {
        let state = given.heard.last().map(|view| view.state);
        tally.note(match state {
            Some(ReturnState::Refunded) => "return: refunded",
            Some(ReturnState::NothingToReturn) => "return: nothing to return",
            Some(ReturnState::Pending) => "return: pending",
            Some(ReturnState::Refused) => "return: refund refused",
            None => "return: refused",
        });
    }
    for refusal in &notes.refused {
        let word = format!("{refusal:?}");
        tally.note(&format!("refused: {}", word.split(' ').next().unwrap_or_default()));
    }
    tally.add("terminal: placed twice at once", notes.twice);
    tally.add("terminal: came back to an order", notes.resumed);
}
