//! F3 to F8: the seller dies at each step of a purchase.

use super::*;

#[test]
fn f3_a_seller_that_dies_before_the_order_is_durable_has_moved_nothing() {
    let mut stage = shop(3, [vec![buy(false)]]);
    // The first write of the order is the one that fails.
    stage.world.seller.disk().fail_after(0);
    stage.wait("the end of the seller", |world| world.seller.death().is_some());
    assert!(ledger_of(&stage.world).totals().decisions == 0, "it asked before the order was durable");
    stage.sim.crash(SELLER);
    stage.sim.crash("terminal-0");
    stage.restart(SELLER, DiskAfter::PowerCut(3), ShelfAfter::Kept);
    stage.run_for(A_WHILE);
    let seen = stage.first();
    assert!(seen.order.is_none() && seen.charge.is_none());
    let books = seller_of(&stage.world);
    assert!(books.products().all(|product| product.stock.reserved == 0 && product.stock.available > 0));
    stage.sim.bounce("terminal-0");
    stage.finish();
    stage.first().assert_sold();
}

#[test]
fn f4_a_seller_that_dies_before_it_asks_takes_the_order_back_by_itself() {
    let mut stage = shop(4, [vec![buy(false)]]);
    stage.sim.partition(SELLER, SETTLEMENT);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    stage.sim.crash("terminal-0");
    stage.crash(SELLER);
    stage.sim.repair(SELLER, SETTLEMENT);
    stage.restart(SELLER, DiskAfter::PowerCut(4), ShelfAfter::Kept);
    stage.wait("the reversal", |world| payment_is(world, PaymentState::Reversed));
    let books = seller_of(&stage.world);
    assert!(books.products().all(|product| product.stock.reserved == 0 && product.stock.allocated == 0));
    stage.sim.bounce("terminal-0");
    stage.finish();
    stage.first().assert_interrupted(ChargeState::Tombstone);
}

#[test]
fn f4_a_terminal_that_submits_again_completes_the_order_of_a_seller_that_died() {
    let mut stage = shop(40, [vec![purchase()]]);
    stage.sim.partition(SELLER, SETTLEMENT);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    stage.crash(SELLER);
    stage.sim.repair(SELLER, SETTLEMENT);
    stage.restart(SELLER, DiskAfter::PowerCut(4), ShelfAfter::Deleted);
    stage.finish();
    stage.first().assert_sold();
}

#[test]
fn f5_a_seller_that_dies_before_the_reply_finds_the_decision_by_asking() {
    let mut stage = shop(5, [vec![buy(false)]]);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    // The answer does not come back, but the question arrives.
    stage.sim.hold(SETTLEMENT, SELLER);
    stage.run_for(Duration::from_millis(5));
    stage.sim.release(SETTLEMENT, SELLER);
    stage.wait("the hold", |world| charge_is(world, ChargeState::Held));
    assert!(payment_is(&stage.world, PaymentState::Pending), "the reply was too quick for the test");
    stage.sim.crash("terminal-0");
    stage.crash_and_restart(SELLER, Duration::from_secs(1));
    stage.wait("the confirmation", |world| payment_is(world, PaymentState::Authorized));
    stage.sim.bounce("terminal-0");
    stage.finish();
    stage.first().assert_sold();
    let charges = ledger_of(&stage.world).totals().decisions;
    assert_eq!(charges, 2, "the order of the test, and the one that every terminal ends with");
}

#[test]
fn f6_a_seller_that_dies_with_the_approval_in_hand_completes_the_order() {
    let mut stage = shop(6, [vec![buy(false)]]);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    // The write of the confirmation is the one that fails.
    stage.world.seller.disk().fail_after(0);
    stage.wait("the end of the seller", |world| world.seller.death().is_some());
    assert!(charge_is(&stage.world, ChargeState::Held) && !is_told(&stage.world));
    stage.sim.crash(SELLER);
    stage.sim.crash("terminal-0");
    stage.restart(SELLER, DiskAfter::PowerCut(6), ShelfAfter::Kept);
    stage.wait("the confirmation", |world| payment_is(world, PaymentState::Authorized));
    stage.sim.bounce("terminal-0");
    stage.finish();
    stage.first().assert_sold();
}

#[test]
fn f7_an_order_stands_though_the_seller_died_before_it_could_say_so() {
    let mut stage = shop(7, [vec![purchase()]]);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    stage.sim.partition_oneway(SELLER, "terminal-0");
    stage.wait("the confirmation", |world| payment_is(world, PaymentState::Authorized));
    assert!(!is_told(&stage.world));
    stage.crash_and_restart(SELLER, Duration::from_secs(1));
    stage.sim.repair_oneway(SELLER, "terminal-0");
    stage.finish();
    stage.first().assert_sold();
}

#[test]
fn f8_a_seller_that_dies_before_the_capture_is_answered_sends_it_again() {
    let terms = Terms { ship_after: 1, ..Terms::quiet(8) };
    let mut stage = shop_on(terms, [vec![purchase()]]);
    // The capture is on its way. Later, a settlement of which nothing is heard would be taken for gone.
    stage.wait("the goods that leave", is_shipping);
    stage.sim.partition_oneway(SETTLEMENT, SELLER);
    stage.wait("the charge", |world| charge_is(world, ChargeState::Captured));
    assert!(payment_is(&stage.world, PaymentState::Authorized), "the answer did not come back");
    stage.crash_and_restart(SELLER, Duration::from_secs(1));
    stage.sim.repair_oneway(SETTLEMENT, SELLER);
    stage.finish();
    stage.first().assert_sold();
}
