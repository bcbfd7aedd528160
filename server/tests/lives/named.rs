//! Single lives that are worth a name.

use kessai_server::sales::{Deed, Order, Reason, Work};
use kessai_shared::money::Minor;
use kessai_shared::storefront::{Cancelled, FulfilmentState, OrderState, PaymentState, ReturnState};

use crate::life::{Life, order_id, sku};
use crate::ops::Op;

/// A life in which these things have happened, checked after each of them.
fn life(ops: &[Op]) -> Life {
    let mut life = Life::new();
    go_on(&mut life, ops);
    life
}

fn go_on(life: &mut Life, ops: &[Op]) {
    for op in ops {
        life.step(op);
        life.check();
    }
}

fn lives(parts: &[&[Op]]) -> Life {
    life(&parts.concat())
}

pub fn bought(order: u8, lines: &[(u8, u32)]) -> [Op; 2] {
    [Op::Place { order, buyer: 0, lines: lines.to_vec() }, answered(order)]
}

pub fn back(id: u8, lines: &[(u8, u32)]) -> Op {
    Op::GiveBack { id, buyer: 0, from: None, lines: lines.to_vec(), restock: true }
}

pub fn answered(order: u8) -> Op {
    Op::Answer { order, how: 20 }
}

fn lapsed(order: u8) -> Op {
    Op::Answer { order, how: 1 }
}

fn lost_on_the_way_back(order: u8) -> Op {
    Op::Answer { order, how: 4 }
}

pub fn ship(lines: &[(u16, u32)]) -> Op {
    Op::Ship { order: 0, lines: lines.to_vec() }
}

fn cancel() -> Op {
    Op::Cancel { order: 0, by_shop: false }
}

fn order(life: &Life, number: u8) -> &Order {
    life.books.order(order_id(number)).expect("the order is known")
}

fn legs(life: &Life) -> Vec<Deed> {
    order(life, 0).legs.iter().map(|leg| leg.what).collect()
}

#[test]
fn goods_given_back_while_their_capture_is_under_way_are_charged_and_then_refunded() {
    let mut life = lives(&[&bought(0, &[(0, 2), (0, 1)]), &[ship(&[]), back(0, &[(0, 3)]), answered(0)]]);
    assert_eq!((order(&life, 0).captured, order(&life, 0).payment), (Minor(30), PaymentState::Captured));
    life.finish();
    let order = order(&life, 0);
    assert_eq!((order.refunded, order.payment), (Minor(30), PaymentState::Refunded));
    assert_eq!(order.fulfilment, FulfilmentState::Returned);
}

#[test]
fn a_hold_that_runs_out_under_open_refunds_frees_every_piece_once() {
    let mut life = lives(&[&bought(0, &[(0, 3), (0, 1)]), &[ship(&[]), back(0, &[(0, 2)]), lapsed(0)]]);
    let product = |life: &Life| life.books.product(&sku(0)).expect("a product").stock;
    assert_eq!((product(&life).allocated, product(&life).available), (2, 7), "two wait for their refund");
    life.finish();
    assert_eq!((product(&life).allocated, product(&life).available), (0, 9));
    assert_eq!(order(&life, 0).cancelled, Some(Cancelled::HoldExpired));
}

#[test]
fn all_lines_of_an_order_together_may_not_be_more_than_is_there() {
    let life = life(&[Op::Place { order: 0, buyer: 0, lines: vec![(0, 5), (1, 1), (0, 5)] }]);
    let cancelled = Cancelled::OutOfStock { sku: sku(0), available: 9 };
    assert_eq!(order(&life, 0).cancelled, Some(cancelled));
}

#[test]
fn the_newest_lot_comes_back_first_at_the_price_that_was_paid() {
    let dearer = Op::Relist { product: 0, price: 15 };
    let mut life = lives(&[&bought(1, &[(0, 2)]), &[dearer], &bought(0, &[(0, 2)]), &[back(0, &[(0, 3)])]]);
    life.finish();
    assert_eq!(order(&life, 0).refunded, Minor(30), "both of the newer lot");
    assert_eq!(order(&life, 1).refunded, Minor(10), "one of the older lot");
}

#[test]
fn a_free_piece_comes_back_without_any_money_moving() {
    let mut life = lives(&[&bought(0, &[(0, 1), (3, 1)]), &[back(0, &[(3, 1)])]]);
    let work = Work::next(&life.books, order_id(0)).expect("the return waits for its end");
    assert!(!work.moves_money(), "the settlement refunds no nothing");
    life.finish();
    assert_eq!((order(&life, 0).captured, order(&life, 0).refunded), (Minor(10), Minor(0)));
}

#[test]
fn a_free_piece_is_shipped_when_all_that_cost_something_was_given_back() {
    let mut life = lives(&[&bought(0, &[(0, 1), (3, 2)]), &[back(0, &[(0, 1)])]]);
    life.finish();
    let shipped = life.books.product(&sku(3)).expect("a product").stock.shipped;
    assert_eq!((shipped, order(&life, 0).payment), (2, PaymentState::Voided));
    life.step(&back(1, &[(3, 2)]));
    life.check();
    life.finish();
    assert_eq!(life.books.product(&sku(3)).expect("a product").stock.available, 8);
    assert_eq!(order(&life, 0).fulfilment, FulfilmentState::Returned);
}

#[test]
fn an_order_is_shipped_in_parts_each_charged_by_itself() {
    let mut life = lives(&[&bought(0, &[(0, 5), (1, 2)]), &[ship(&[(0, 2)])]]);
    let first = Work::Capture { order: order_id(0), nth: 1, amount: Minor(20), last: false };
    assert_eq!(Work::next(&life.books, order_id(0)), Some(first));
    go_on(&mut life, &[answered(0)]);
    let part = order(&life, 0);
    assert_eq!((part.order, part.payment), (OrderState::Confirmed, PaymentState::Authorized));
    assert_eq!((part.fulfilment, part.captured), (FulfilmentState::NotFulfilled, Minor(20)));
    go_on(&mut life, &[ship(&[(1, 2), (0, 3)])]);
    let last = Work::Capture { order: order_id(0), nth: 2, amount: Minor(44), last: true };
    assert_eq!(Work::next(&life.books, order_id(0)), Some(last));
    go_on(&mut life, &[answered(0), Op::Deliver { order: 0 }]);
    let all = order(&life, 0);
    assert_eq!((all.order, all.payment), (OrderState::Completed, PaymentState::Captured));
    assert_eq!((all.fulfilment, all.captured), (FulfilmentState::Delivered, Minor(64)));
    let shipped = [Deed::Placed, Deed::Approved, Deed::CaptureStarted, Deed::Shipped];
    assert_eq!(legs(&life), [&shipped[..], &shipped[2..], &[Deed::Delivered]].concat());
    life.finish();
}

#[test]
fn a_shipment_of_more_than_is_left_is_refused() {
    let mut life = lives(&[&bought(0, &[(0, 5)]), &[ship(&[(0, 2)]), answered(0)]]);
    let changes = life.changes.len();
    go_on(&mut life, &[ship(&[(0, 4)]), ship(&[(0, 1), (0, 1)]), ship(&[(9, 1)]), ship(&[(0, 0)])]);
    assert_eq!(life.changes.len(), changes, "none of them can leave");
    life.finish();
}

#[test]
fn an_order_is_cancelled_when_the_reversal_is_acknowledged_and_not_before() {
    let mut life = lives(&[&bought(0, &[(0, 3)]), &[cancel(), lost_on_the_way_back(0), ship(&[])]]);
    let waiting = order(&life, 0);
    assert_eq!(
        (waiting.order, waiting.cancelling.clone()),
        (OrderState::Confirmed, Some(Cancelled::ByShopper))
    );
    assert_eq!(life.books.product(&sku(0)).expect("a product").stock.allocated, 3, "still its own");
    go_on(&mut life, &[answered(0), cancel(), ship(&[])]);
    let over = order(&life, 0);
    assert_eq!((over.order, over.payment), (OrderState::Cancelled, PaymentState::Voided));
    assert_eq!(life.books.product(&sku(0)).expect("a product").stock.available, 9);
    assert_eq!(legs(&life)[2..], [Deed::CancelAsked, Deed::Cancelled]);
    life.finish();
    assert_eq!(order(&life, 0).captured, Minor(0), "never cancelled yet capturable");
}

#[test]
fn a_capture_under_way_wins_over_a_cancellation_which_then_takes_the_rest() {
    let mut life = lives(&[&bought(0, &[(0, 5)]), &[ship(&[(0, 2)]), cancel(), answered(0)]]);
    let rest = Work::Release { given: None, order: order_id(0), amount: Minor(30) };
    assert_eq!(Work::next(&life.books, order_id(0)), Some(rest));
    go_on(&mut life, &[back(0, &[(0, 1)]), answered(0)]);
    let order = order(&life, 0);
    assert_eq!((order.order, order.payment), (OrderState::Completed, PaymentState::Captured));
    assert_eq!((order.lines[0].shipped, order.lines[0].cancelled, order.captured), (2, 3, Minor(20)));
    life.finish();
}

#[test]
fn a_cancellation_of_what_has_left_changes_nothing() {
    let mut life = lives(&[&bought(0, &[(0, 5)]), &[ship(&[])]]);
    let changes = life.changes.len();
    go_on(&mut life, &[cancel()]);
    assert_eq!(life.changes.len(), changes, "the last shipment is under way");
    go_on(&mut life, &[answered(0), cancel()]);
    assert_eq!(order(&life, 0).lines[0].cancelled, 0);
    life.finish();
}

#[test]
fn an_order_cancelled_before_its_decision_is_reversed_whatever_the_decision_was() {
    let placed = Op::Place { order: 0, buyer: 0, lines: vec![(0, 5)] };
    let mut life = lives(&[&[placed, Op::Send { order: 0 }, cancel()]]);
    assert_eq!(life.books.product(&sku(0)).expect("a product").stock.available, 9, "free at once");
    go_on(&mut life, &[answered(0)]);
    assert_eq!(order(&life, 0).order, OrderState::Pending, "the approval comes too late");
    go_on(&mut life, &[answered(0)]);
    assert_eq!(order(&life, 0).payment, PaymentState::Reversed);
    assert_eq!(order(&life, 0).cancelled, Some(Cancelled::ByShopper));
    life.finish();
}

#[test]
fn a_return_of_pieces_here_and_pieces_gone_is_released_first_and_then_refunded() {
    let part = [ship(&[(0, 2)]), answered(0)];
    let mut life = lives(&[&bought(0, &[(0, 5)]), &part, &[back(0, &[(0, 4)]), answered(0)]]);
    assert_eq!((order(&life, 0).released, order(&life, 0).refunded), (Minor(30), Minor(30)));
    go_on(&mut life, &[answered(0)]);
    let returned = order(&life, 0);
    assert_eq!((returned.released, returned.refunded, returned.captured), (Minor(30), Minor(40), Minor(20)));
    assert_eq!(returned.payment, PaymentState::PartiallyRefunded);
    life.finish();
}

#[test]
fn a_damaged_return_is_written_off_and_not_sold_again() {
    let damaged = Op::GiveBack { id: 0, buyer: 0, from: None, lines: vec![(0, 2)], restock: false };
    let mut life = lives(&[&bought(0, &[(0, 5)]), &[ship(&[]), answered(0), damaged, answered(0)]]);
    let stock = life.books.product(&sku(0)).expect("a product").stock;
    assert_eq!((stock.available, stock.returned, stock.written_off, stock.on_hand()), (4, 2, 2, 4));
    life.finish();
}

#[test]
fn a_refund_that_is_refused_for_good_ends_and_is_told_as_refused() {
    let charged_back = Op::Meddle { order: 0, how: 0 };
    let mut life = lives(&[
        &bought(0, &[(0, 5)]),
        &[ship(&[]), answered(0), charged_back, back(0, &[(0, 2)]), answered(0)],
    ]);
    let order = order(&life, 0);
    assert!(order.refused.is_some() && order.refunding.is_empty(), "it is not asked for ever");
    assert_eq!((order.refunded, order.lines[0].back), (Minor(0), 2), "the goods are here all the same");
    let (_, given) = life.books.returns().next().expect("the return");
    assert_eq!(given.state(), ReturnState::Refused);
    life.finish();
}

#[test]
fn a_capture_that_is_refused_for_good_keeps_the_goods_and_cancels_the_order() {
    let shrinks = Op::Meddle { order: 0, how: 1 };
    let mut life = lives(&[&bought(0, &[(0, 5)]), &[shrinks, ship(&[]), answered(0)]]);
    assert_eq!(Work::next(&life.books, order_id(0)), Some(Work::Reverse { order: order_id(0) }));
    go_on(&mut life, &[answered(0)]);
    assert_eq!(order(&life, 0).cancelled, Some(Cancelled::ByShop));
    assert_eq!(life.books.product(&sku(0)).expect("a product").stock.available, 9);
    life.finish();
}

#[test]
fn an_order_that_the_settlement_charged_by_itself_ends_and_shows_it() {
    let by_nobody = Op::Meddle { order: 0, how: 2 };
    let mut life = lives(&[&bought(0, &[(0, 5)]), &[by_nobody, cancel(), answered(0)]]);
    let order = order(&life, 0);
    assert_eq!((order.order, order.payment), (OrderState::Cancelled, PaymentState::Captured));
    assert!(order.refused.is_some(), "an alarm for reconcile");
    life.finish();
}

#[test]
fn what_is_not_shipped_in_time_is_cancelled_by_itself() {
    let part = [ship(&[(0, 2)]), answered(0)];
    let mut life = lives(&[&bought(0, &[(0, 5)]), &part]);
    // The shop's own clock would ship it first; nobody lets it.
    life.by_hand();
    go_on(&mut life, &[Op::Pass { hours: 143 }]);
    assert!(order(&life, 0).cancelling.is_none());
    go_on(&mut life, &[Op::Pass { hours: 1 }]);
    assert_eq!(order(&life, 0).cancelling, Some(Cancelled::NotShippedInTime));
    go_on(&mut life, &[answered(0)]);
    assert_eq!((order(&life, 0).order, order(&life, 0).lines[0].cancelled), (OrderState::Completed, 3));
    life.finish();
}

#[test]
fn what_nobody_reports_counts_as_delivered_in_the_end() {
    let mut life = lives(&[&bought(0, &[(0, 5)]), &[ship(&[]), answered(0), Op::Pass { hours: 167 }]]);
    assert_eq!(order(&life, 0).fulfilment, FulfilmentState::Shipped);
    go_on(&mut life, &[Op::Pass { hours: 1 }]);
    assert_eq!(order(&life, 0).fulfilment, FulfilmentState::Delivered);
    life.finish();
}

#[test]
fn what_is_sold_cannot_be_written_off() {
    let adjust = |pieces, reason| Op::Adjust { product: 0, pieces, reason };
    let reason =
        |reason| u8::try_from(Reason::ALL.iter().position(|r| *r == reason).expect("one")).expect("few");
    let mut life = lives(&[&bought(0, &[(0, 5)])]);
    let changes = life.changes.len();
    go_on(&mut life, &[adjust(-5, reason(Reason::Lost)), adjust(1, reason(Reason::Damaged))]);
    assert_eq!(life.changes.len(), changes, "4 are nobody's, and damage makes nothing more");
    go_on(&mut life, &[adjust(-4, reason(Reason::Counted)), adjust(2, reason(Reason::Found))]);
    let stock = life.books.product(&sku(0)).expect("a product").stock;
    assert_eq!((stock.available, stock.allocated, stock.written_off, stock.found), (2, 5, 4, 2));
    life.finish();
}
