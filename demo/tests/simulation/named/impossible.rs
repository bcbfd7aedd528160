//! What buyers and sellers have suffered elsewhere, each under its own name: none of it can happen here.

use kessai_shared::storefront::Refusal;

use super::*;

/// The decisions of the order of a test and of the one that every terminal ends with.
const BOTH: u64 = 2;

fn patient(card: Card, lines: Vec<kessai_shared::storefront::Line>, seconds: u64) -> Deed {
    Deed::Buy { card, lines, patience: Duration::from_secs(seconds), insists: true, twice: false }
}

fn refused(stage: &Stage) -> Vec<Refusal> {
    stage.world.notes[0].lock().unwrap().refused.clone()
}

#[test]
fn double_submit() {
    for seed in 0..6 {
        let twice = Deed::Buy {
            card: Card::Good,
            lines: vec![line(1, 2)],
            patience: Duration::from_secs(30),
            insists: true,
            twice: true,
        };
        let mut stage = shop(3_000 + seed, [vec![twice]]);
        stage.finish();
        stage.first().assert_sold();
        assert_eq!(stage.first().heard.len(), 4, "both were told, and both again in the end");
        let totals = ledger_of(&stage.world).totals();
        assert_eq!((totals.decisions, totals.approved), (BOTH, BOTH));
        assert_eq!(seller_of(&stage.world).totals().orders, BOTH);
    }
}

#[test]
fn retry_after_slow_success() {
    let mut stage = shop(3_100, [vec![patient(Card::Good, vec![line(1, 2)], 2)]]);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    // The purchase succeeds at the settlement, and nobody hears of it for longer than the terminal waits.
    stage.sim.hold(SETTLEMENT, SELLER);
    stage.run_for(Duration::from_millis(5));
    stage.sim.release(SETTLEMENT, SELLER);
    stage.wait("the hold", |world| charge_is(world, ChargeState::Held));
    stage.sim.hold("terminal-0", SELLER);
    stage.run_for(Duration::from_secs(5));
    assert!(!is_told(&stage.world), "it heard of it after all");
    stage.finish();
    stage.first().assert_sold();
    assert_eq!(ledger_of(&stage.world).totals().decisions, BOTH, "the retry was another purchase");
}

#[test]
fn unknown_guessed_failed() {
    let mut stage = shop(3_200, [vec![purchase()]]);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    // The question arrives, and is approved; no answer comes back.
    stage.sim.partition_oneway(SETTLEMENT, SELLER);
    stage.wait("the doubt", |world| payment_is(world, PaymentState::Unknown));
    stage.run_for(A_WHILE);
    let seen = stage.first();
    assert!(seen.heard.is_empty(), "a doubt was told as {:?}", seen.heard);
    assert!(payment_is(&stage.world, PaymentState::Unknown), "a doubt ended by itself");
    let goods = seller_of(&stage.world);
    // Only a reversal ends it now, so nobody waits for its goods.
    assert!(goods.products().all(|product| product.stock.reserved == 0), "goods are kept for a doubt");
    stage.finish();
    let seen = stage.first();
    assert_eq!(seen.heard.first(), Some(&Ending::Interrupted));
    let charge = seen.charge.expect("a charge").state;
    assert!(matches!(charge, ChargeState::Reversed | ChargeState::Tombstone), "{charge:?}");
}

#[test]
fn lost_notification() {
    let terms = Terms { ship_after: 1, ..Terms::quiet(3_300) };
    let mut stage = shop_on(terms, [vec![purchase()]]);
    stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
    // Neither does the terminal hear of the sale, nor the seller of the capture, until much later.
    stage.sim.partition_oneway(SELLER, "terminal-0");
    stage.wait("the goods that leave", is_shipping);
    stage.sim.partition_oneway(SETTLEMENT, SELLER);
    stage.wait("the capture", |world| charge_is(world, ChargeState::Captured));
    stage.run_for(Duration::from_secs(20));
    assert!(!is_told(&stage.world) && !payment_is(&stage.world, PaymentState::Captured));
    stage.finish();
    stage.first().assert_sold();
}

#[test]
fn oversold_by_simultaneous_buyers() {
    for seed in 0..4 {
        // Six pieces of P3, and five buyers who want two each at the same moment.
        let plans = (0..5).map(|_| vec![patient(Card::Good, vec![line(3, 2)], 30)]);
        let mut stage = shop(3_400 + seed, plans);
        stage.finish();
        let word = |number: usize| {
            let notes = stage.world.notes[number].lock().unwrap();
            notes.orders.first().and_then(|order| order.heard.first().map(Ending::word))
        };
        let words: Vec<_> = (0..5).map(|number| word(number).expect("an outcome")).collect();
        let sold = words.iter().filter(|word| *word == "00").count();
        let left = words.iter().filter(|word| *word == "out_of_stock").count();
        assert_eq!((sold, left), (3, 2), "{words:?}");
        let books = seller_of(&stage.world);
        let scarce = books.product(&line(3, 1).sku).expect("the scarce product").stock;
        assert_eq!((scarce.available, scarce.shipped, scarce.received), (0, 6, 6));
        // Who was turned away was never asked for money.
        assert_eq!(ledger_of(&stage.world).totals().decisions, 3 + 5);
    }
}

#[test]
fn paid_without_an_order() {
    for step in 0..12 {
        let mut stage = shop(3_500 + step, [vec![buy(false)]]);
        stage.wait("the order at the seller", |world| payment_is(world, PaymentState::Pending));
        stage.run_for(Duration::from_millis(8 * step));
        stage.sim.crash("terminal-0");
        stage.crash_and_restart(SELLER, Duration::from_secs(1));
        stage.sim.bounce("terminal-0");
        stage.finish();
        let books = seller_of(&stage.world);
        for ((_, id), charge) in ledger_of(&stage.world).charges() {
            let paid = charge.live_hold().is_positive() || charge.live_charge().is_positive();
            let stands = books.order(*id).is_some_and(Order::is_confirmed);
            assert_eq!(paid, stands, "order {id}: {charge:?}");
        }
    }
}

#[test]
fn stuck() {
    for (step, name) in (0..5).flat_map(|step| [(step, SELLER), (step, SETTLEMENT)]) {
        let mut stage = shop(3_600 + step, [vec![buy(false)], vec![purchase()]]);
        stage.run_for(Duration::from_millis(230 + 60 * step));
        // Everything at once: nobody reaches anybody, and one of them dies.
        stage.sim.partition(SELLER, SETTLEMENT);
        stage.sim.partition("terminal-0", SELLER);
        stage.crash_and_restart(name, Duration::from_secs(2));
        stage.run_for(Duration::from_secs(20));
        stage.finish();
        let books = seller_of(&stage.world);
        assert!(books.orders().count() >= 3, "too little was bought for a test");
        for (id, order) in books.orders() {
            let last = matches!(
                order.payment,
                PaymentState::Captured | PaymentState::Reversed | PaymentState::Voided
            );
            assert!(last, "order {id} stays {:?}", order.payment);
        }
        let held = ledger_of(&stage.world).totals().live_holds;
        assert_eq!(held, 0, "a hold stays");
        assert!(books.products().all(|product| product.stock.reserved == 0), "goods stay reserved");
    }
}

#[test]
fn charged_the_old_amount() {
    // Two pieces are quoted and then three under the same id; only what was last agreed to is charged.
    let change = Deed::ChangeOfMind { first: vec![line(1, 2)], then: vec![line(1, 3)] };
    let mut stage = shop(3_700, [vec![change]]);
    stage.finish();
    let seen = stage.first();
    let charge = seen.charge.expect("a charge");
    assert_eq!((charge.authorized, charge.captured), (Minor(3_750), Minor(3_750)));
    assert_eq!(seen.order.expect("the order").quote.total, Minor(3_750));
    assert!(seen.heard.iter().all(|ending| matches!(ending, Ending::Accepted { amount: Minor(3_750), .. })));
    // The older quote is as well signed, and no longer what this id means.
    assert_eq!(refused(&stage), [Refusal::Duplicate]);
}

#[test]
fn refunded_twice() {
    let back = |lines| Deed::GiveBack { of: 0, lines, named: true, twice: true };
    for seed in 0..4 {
        // All of it comes back, asked for twice, and then once more under another id.
        let plan = vec![purchase(), pause(6), back(vec![line(1, 2)]), back(vec![line(1, 2)])];
        let terms = Terms { loss: 30, twice: 128, ..Terms::quiet(3_800 + seed) };
        let mut stage = shop_on(terms, [plan]);
        stage.wait("the shipment", |world| payment_is(world, PaymentState::Captured));
        stage.wait("a return", |world| seller_of(world).returns().next().is_some());
        // The refund is carried out and its answer lost, so it is asked for again and again.
        stage.sim.partition_oneway(SETTLEMENT, SELLER);
        stage.run_for(Duration::from_secs(10));
        stage.finish();
        let charge = stage.first().charge.expect("a charge");
        assert_eq!((charge.captured, charge.refunded), (WORTH, WORTH));
        let books = ledger_of(&stage.world);
        let refunds = books.refunds().map(|(_, refund)| refund.amount.0).sum::<i64>();
        assert_eq!(refunds, WORTH.0);
        let goods = seller_of(&stage.world).product(&line(1, 1).sku).expect("a product").stock;
        assert_eq!((goods.returned, goods.available), (2, goods.received));
    }
}

#[test]
fn cancelled_yet_capturable() {
    let mut stage = shop(3_900, [vec![purchase(), pause(1), Deed::Cancel { of: 0 }]]);
    stage.wait("the confirmation", |world| payment_is(world, PaymentState::Authorized));
    // The shopper cancels, and the settlement does not hear of it until long after it was to be shipped.
    stage.sim.partition(SELLER, SETTLEMENT);
    stage.wait("the cancellation", |world| {
        seller_of(world).orders().any(|(_, order)| order.cancelling.is_some())
    });
    stage.run_for(A_WHILE);
    let waiting = stage.first();
    assert!(waiting.is(OrderState::Confirmed, PaymentState::Authorized, Some(ChargeState::Held)));
    stage.finish();
    let seen = stage.first();
    assert!(
        seen.is(OrderState::Cancelled, PaymentState::Voided, Some(ChargeState::Reversed)),
        "{:?}",
        seen.order
    );
    assert_eq!(seen.charge.map(|charge| charge.captured), Some(Minor::ZERO));
}
