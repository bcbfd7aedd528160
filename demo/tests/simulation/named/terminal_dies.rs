//! F1, F2, F14: what the terminal does.

use kessai_shared::storefront::Refusal;

use super::*;

#[test]
fn f1_a_terminal_that_dies_before_it_submits_leaves_no_trace_but_its_id() {
    let mut stage = shop(1, [vec![purchase()]]);
    stage.sim.partition("terminal-0", SELLER);
    stage.wait("an order id", |world| !world.notes[0].lock().unwrap().orders.is_empty());
    stage.sim.crash("terminal-0");
    stage.sim.repair("terminal-0", SELLER);
    stage.run_for(A_WHILE);
    let seen = stage.first();
    assert!(seen.order.is_none() && seen.charge.is_none(), "an id alone is no order");
    let file = std::fs::read_to_string(stage.world.home(0).join("orders.txt")).unwrap();
    assert!(file.contains(&seen.id.to_string()), "the id is on the terminal's disk before it is used");
    stage.sim.bounce("terminal-0");
    stage.finish();
    stage.first().assert_sold();
}

#[test]
fn f2_a_terminal_that_comes_back_with_its_order_id_is_shown_the_one_outcome() {
    let mut stage = shop(2, [vec![purchase()]]);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    stage.sim.crash("terminal-0");
    stage.wait("the sale, though nobody is there to hear of it", |world| {
        payment_is(world, PaymentState::Captured)
    });
    stage.sim.bounce("terminal-0");
    stage.finish();
    stage.first().assert_sold();
    let notes = stage.world.notes[0].lock().unwrap();
    assert_eq!(notes.resumed, 1);
    drop(notes);
    // The order of the test, and the one that every terminal ends with.
    assert_eq!(seller_of(&stage.world).totals().orders, 2);
}

#[test]
fn f14_the_same_id_with_other_content_is_refused_and_changes_nothing() {
    let mut stage = shop(14, [vec![purchase(), Deed::Clash { of: 0 }, Deed::Clash { of: 0 }]]);
    stage.finish();
    stage.first().assert_sold();
    let notes = stage.world.notes[0].lock().unwrap();
    assert_eq!(notes.refused, [Refusal::Duplicate, Refusal::Duplicate]);
}
