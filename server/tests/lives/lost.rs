//! Single lives that lost the end of their records, which the settlement has (F18).

use kessai_server::sales::{Change, Recovered, RecoveredState, acts};
use kessai_shared::money::Minor;
use kessai_shared::settlement::Refusal as Refused;
use kessai_shared::storefront::{OrderState, Refusal};
use kessai_shared::time::Timestamp;

use crate::life::{Life, order_id};
use crate::named::{answered, back, bought, ship};
use crate::ops::Op;
use crate::restored::Restored;
use crate::till::Meddling;

/// Lives these parts one after another, and loses the records of the second.
fn put_back(kept: &[&[Op]], lost: &[&[Op]]) -> Restored {
    let mut life = Life::new();
    kept.concat().iter().for_each(|op| life.step(op));
    let before = life.changes.len();
    lost.concat().iter().for_each(|op| life.step(op));
    let lost = life.changes.len() - before;
    let mut restored = Restored::of(life, lost);
    restored.catch_up();
    restored
}

/// One piece at 10, which is known to have left, and two at 7, of which one has left since. What left before
/// came back since.
fn charged_and_given_back() -> Restored {
    let first = [ship(&[(0, 1)]), answered(0)];
    let (second, given) = ([ship(&[(1, 1)]), answered(0)], [back(0, &[(0, 1)]), answered(0)]);
    put_back(&[&bought(0, &[(0, 1), (1, 2)]), &first], &[&second, &given])
}

fn row(restored: &Restored) -> &Recovered {
    restored.books.recovered(order_id(0)).expect("a recovered order")
}

fn refunded(restored: &Restored) -> i64 {
    row(restored).refunds.iter().map(|refund| refund.amount.0).sum()
}

#[test]
fn a_lost_shipment_is_paid_back_although_other_goods_were() {
    let mut restored = charged_and_given_back();
    let order = restored.books.order(order_id(0));
    assert_eq!(row(&restored).owed(order), Minor(7), "what came back was of other goods");
    restored.finish();
    assert_eq!((row(&restored).state, refunded(&restored)), (RecoveredState::Ended, 17));
    assert_eq!(row(&restored).owed(restored.books.order(order_id(0))), Minor(0));
    // All of it was given back: what it was charged for is the buyer's, or came back.
    let theirs = restored.till.approved().remove(0);
    let charged: i64 = theirs.captures.iter().map(|capture| capture.amount.0).sum();
    assert_eq!((charged, theirs.held), (17, Minor(0)));
}

#[test]
fn a_release_that_is_refused_stands_in_no_repayments_way() {
    let mut restored = charged_and_given_back();
    // Less is held than these books were told a moment ago.
    restored.till.meddle(order_id(0), Meddling::HoldShrinks);
    restored.finish();
    let row = row(&restored);
    assert_eq!((row.state, row.refused), (RecoveredState::Ended, Some(Refused::Amount)), "{row:?}");
    assert_eq!(refunded(&restored), 17, "the lost shipment is paid back all the same");
}

#[test]
fn an_order_that_was_charged_and_wholly_refunded_is_taken_over_and_never_placed_again() {
    let sold = [ship(&[]), answered(0), back(0, &[(0, 2)]), answered(0)];
    let mut restored = put_back(&[], &[&bought(0, &[(0, 2)]), &sold]);
    assert_eq!((row(&restored).state, refunded(&restored)), (RecoveredState::Ended, 20));
    assert_eq!(row(&restored).captures.len(), 1);
    assert_eq!(restored.asked_again(order_id(0)), Err(Refusal::QuoteExpired));
    restored.finish();
}

#[test]
fn an_order_that_was_given_up_is_not_placed_again() {
    let mut restored = put_back(&[], &[&bought(0, &[(0, 2)]), &[ship(&[]), answered(0)]]);
    assert_eq!(row(&restored).state, RecoveredState::Waiting);
    assert!(matches!(restored.asked_again(order_id(0)), Ok(Some(Change::Placed { .. }))));
    restored.apply(&Change::RecoveredGivenUp { order: order_id(0) });
    assert_eq!(row(&restored).state, RecoveredState::GivingBack);
    assert_eq!(restored.asked_again(order_id(0)), Err(Refusal::QuoteExpired), "while it is given back");
    restored.finish();
    assert_eq!((row(&restored).state, refunded(&restored)), (RecoveredState::Ended, 20));
    assert_eq!(restored.asked_again(order_id(0)), Err(Refusal::QuoteExpired), "and ever after");
}

#[test]
fn what_waits_for_an_answer_is_found_a_page_at_a_time() {
    // Of six orders the even ones are lost, and given back; the others are shipped here.
    let orders = |from: u8| (from..6).step_by(2).flat_map(|order| bought(order, &[(1, 1)]));
    let (ours, lost): (Vec<Op>, Vec<Op>) = (orders(1).collect(), orders(0).collect());
    let mut restored = put_back(&[&ours], &[&lost]);
    let known: Vec<_> = restored.books.shippable(Timestamp(u64::MAX)).collect();
    for id in known {
        acts::ship_rest(&restored.books, id).iter().for_each(|change| restored.apply(change));
    }
    for order in [4, 0, 2].map(order_id) {
        restored.apply(&Change::RecoveredGivenUp { order });
    }
    let all = [0, 1, 2, 3, 4, 5].map(order_id);
    assert!(restored.books.open_orders().eq(all), "all of them, by their ids");
    let mut pages = Vec::new();
    while let Some(next) = restored.books.open_orders_behind(pages.last().copied()).next() {
        pages.push(next);
    }
    assert_eq!(pages, all, "each follows on the one before it");
    restored.finish();
}

#[test]
fn an_order_that_is_asked_for_again_is_brought_forward() {
    let mut restored = put_back(&[], &[&bought(0, &[(0, 2)]), &[ship(&[]), answered(0)]]);
    let placed = restored.asked_again(order_id(0)).expect("an order").expect("a change");
    restored.apply(&placed);
    restored.finish();
    let order = restored.books.order(order_id(0)).expect("the order is known");
    assert_eq!((order.order, order.captured), (OrderState::Completed, Minor(20)));
}
