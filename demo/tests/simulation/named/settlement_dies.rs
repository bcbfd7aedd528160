//! F11 and F12: the settlement dies before and after its decision is durable.

use super::*;

#[test]
fn f11_a_settlement_that_dies_before_its_commit_holds_nothing_and_decides_afresh() {
    let mut stage = shop(11, [vec![purchase()]]);
    // The decision is written and never synced.
    stage.world.settlement.disk().fail_after(1);
    stage.wait("the end of the settlement", |world| world.settlement.death().is_some());
    assert!(!payment_is(&stage.world, PaymentState::Authorized), "the seller heard what was not durable");
    stage.sim.crash(SETTLEMENT);
    stage.restart(SETTLEMENT, DiskAfter::PowerCut(11), ShelfAfter::Kept);
    stage.finish();
    stage.first().assert_sold();
    assert_eq!(ledger_of(&stage.world).totals().decisions, 2);
}

#[test]
fn f12_a_settlement_that_dies_after_its_commit_gives_the_same_decision_again() {
    let mut stage = shop(12, [vec![purchase()]]);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    stage.sim.partition_oneway(SETTLEMENT, SELLER);
    let held = stage.run_until(Duration::from_secs(2), |world| charge_is(world, ChargeState::Held));
    assert!(held && payment_is(&stage.world, PaymentState::Pending));
    let decided = stage.first().charge.and_then(|charge| charge.decided).expect("a decision");
    stage.crash_and_restart(SETTLEMENT, Duration::from_secs(1));
    stage.sim.repair_oneway(SETTLEMENT, SELLER);
    stage.finish();
    let seen = stage.first();
    seen.assert_sold();
    let shown = seen.order.and_then(|order| order.decision).expect("the decision that the seller has");
    assert_eq!(shown.statement.position, decided.position, "it was decided a second time");
}
