//! F9, F10, F13: the closed network fails, and messages come late or twice.

use kessai_settlement::ledger::acts::{self, Inquired};
use kessai_settlement::ledger::{Change, Policy};
use kessai_shared::outcome::Reason;
use kessai_shared::receipt::Verdict;
use kessai_shared::settlement::{Refusal, Reply};

use super::*;
use crate::site::now;

#[test]
fn f9_a_cut_before_the_settlement_ends_in_a_reversal_that_is_repeated_until_it_is_answered() {
    let mut stage = shop(9, [vec![purchase()]]);
    stage.sim.partition(SELLER, SETTLEMENT);
    // Bounded: the courier's ten seconds and a last call.
    let bounded = stage.run_until(Duration::from_secs(15), |world| payment_is(world, PaymentState::Unknown));
    assert!(bounded, "the seller waits for ever");
    stage.run_for(A_WHILE);
    assert!(payment_is(&stage.world, PaymentState::Unknown), "only an answer ends the doubt");
    assert!(!is_told(&stage.world), "a doubt was told as an outcome");
    stage.finish();
    stage.first().assert_interrupted(ChargeState::Tombstone);
}

#[test]
fn f10_a_reversal_that_overtakes_its_inquiry_leaves_a_tombstone() {
    let mut stage = shop(10, [vec![purchase()]]);
    stage.sim.partition(SELLER, SETTLEMENT);
    stage.wait("the doubt", |world| payment_is(world, PaymentState::Unknown));
    stage.sim.repair(SELLER, SETTLEMENT);
    stage.wait("the tombstone", |world| charge_is(world, ChargeState::Tombstone));
    let seen = stage.first();
    let purchase = seen.order.expect("the order").quote.purchase();
    // Now the inquiry arrives, card and all, on a connection that was slower; and once more.
    for _ in 0..2 {
        match stage.inquire(purchase) {
            Reply::Decided(decision) => assert_eq!(decision.statement.verdict, Verdict::Declined),
            _ => panic!("a reversed purchase is decided, and declined"),
        }
    }
    let charge = stage.first().charge.expect("a charge");
    assert_eq!((charge.state, charge.authorized), (ChargeState::Reversed, Minor::ZERO));
    assert_eq!(charge.decided.map(|decided| decided.reason), Some(Reason::Reversed));
    stage.finish();
    stage.first().assert_interrupted(ChargeState::Reversed);
}

#[test]
fn f13_messages_that_are_doubled_late_and_out_of_order_have_one_effect() {
    let terms = Terms { loss: 20, twice: 128, ..Terms::quiet(13) };
    let twice = |card| Deed::Buy {
        card,
        lines: vec![line(1, 2)],
        patience: Duration::from_secs(30),
        insists: true,
        twice: true,
    };
    let back = Deed::GiveBack { of: 1, lines: vec![line(1, 1)], named: true, twice: true };
    let plan = vec![twice(Card::Good), twice(Card::Good), pause(5), back];
    let mut stage = shop_on(terms, [plan]);
    stage.run_for(Duration::from_secs(1));
    stage.sim.hold(SELLER, SETTLEMENT);
    stage.run_for(Duration::from_secs(4));
    stage.sim.release(SELLER, SETTLEMENT);
    stage.finish();
    let totals = ledger_of(&stage.world).totals().of(kessai_shared::money::Currency::Gbp);
    let orders = seller_of(&stage.world).totals();
    assert_eq!(orders.orders, 3);
    assert_eq!(totals.captured.0 - totals.refunded.0, orders.accepted.0 - orders.refunded.0);
}

#[test]
fn f13_an_approval_is_not_said_again_once_it_was_reversed_or_ran_out() {
    let mut stage = shop(130, [vec![purchase()]]);
    stage.wait("the hold", |world| charge_is(world, ChargeState::Held));
    let books = ledger_of(&stage.world);
    let (key, charge) = books.charges().next().expect("a charge");
    let (key, purchase) = (*key, charge.decided.as_ref().expect("a decision").purchase);
    let ends: [(Change, Refusal); 2] = [
        (acts::reverse(&books, key).expect("it can be").expect("it does something"), Refusal::Reversed),
        (acts::expire(&books, key).expect("it is held"), Refusal::Expired),
    ];
    for (end, refusal) in ends {
        let mut books = ledger_of(&stage.world);
        books.apply(&end, 1_000, now()).expect("the hold ends");
        let again = acts::inquire(&books, &purchase, None, &Policy::default(), now());
        assert_eq!(again, Inquired::Over(refusal));
    }
    stage.finish();
    stage.first().assert_sold();
}

#[test]
fn f13_a_seller_that_was_down_for_longer_than_the_hold_does_not_accept_the_order() {
    let terms = Terms { hold_seconds: 5, ..Terms::quiet(131) };
    let mut stage = shop_on(terms, [vec![purchase()]]);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    stage.sim.partition_oneway(SETTLEMENT, SELLER);
    stage.wait("the hold", |world| charge_is(world, ChargeState::Held));
    stage.crash(SELLER);
    stage.sim.repair_oneway(SETTLEMENT, SELLER);
    stage.wait("the end of the hold", |world| charge_is(world, ChargeState::Expired));
    stage.restart(SELLER, DiskAfter::PowerCut(13), ShelfAfter::Kept);
    stage.finish();
    stage.first().assert_interrupted(ChargeState::Expired);
}
