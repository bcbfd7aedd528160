//! F15: the capture and the end of the hold race for the same money.

use super::*;

#[test]
fn f15_of_a_capture_and_an_expiry_exactly_one_wins() {
    let (mut captured, mut expired) = (0, 0);
    for seed in 0..12 {
        // The goods are shipped two seconds after the confirmation, which is when the hold runs out.
        let terms = Terms { ship_after: 2, hold_seconds: 2, ..Terms::quiet(1_500 + seed) };
        let mut stage = shop_on(terms, [vec![purchase()], vec![purchase()]]);
        stage.finish();
        for (_, charge) in ledger_of(&stage.world).charges() {
            match charge.state {
                ChargeState::Captured => captured += 1,
                ChargeState::Expired => expired += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(captured + expired == 48, "{captured} captured, {expired} expired");
    assert!(expired > 0, "no race was had");
}

#[test]
fn f15_a_capture_that_comes_after_the_expiry_frees_the_goods() {
    let terms = Terms { ship_after: 10, hold_seconds: 3, ..Terms::quiet(15) };
    let mut stage = shop_on(terms, [vec![purchase()]]);
    stage.finish();
    let seen = stage.first();
    assert!(seen.is(OrderState::Expired, PaymentState::Expired, Some(ChargeState::Expired)));
    assert_eq!(seen.heard.last(), Some(&Ending::HoldExpired));
    let books = seller_of(&stage.world);
    assert!(books.products().all(|product| product.stock.available == product.stock.received));
}

#[test]
fn f15_goods_given_back_before_and_after_they_are_shipped_are_paid_back_once() {
    let back = |lines| Deed::GiveBack { of: 0, lines, named: true, twice: true };
    let plan =
        vec![purchase(), back(vec![line(1, 1)]), pause(6), back(vec![line(1, 1)]), back(vec![line(1, 1)])];
    let mut stage = shop(151, [plan]);
    stage.finish();
    let seen = stage.first();
    assert!(seen.is(OrderState::Completed, PaymentState::Refunded, Some(ChargeState::Captured)));
    let charge = seen.charge.expect("a charge");
    let half = Minor(WORTH.0 / 2);
    assert_eq!((charge.voided, charge.captured, charge.refunded), (half, half, half));
}
