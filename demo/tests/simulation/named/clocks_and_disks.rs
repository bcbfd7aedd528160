//! F20 and F21: clocks that jump, and disks that fail.

use super::*;

const HOUR: i64 = 3_600;
const TEN_YEARS: i64 = 10 * 365 * 24 * HOUR;

#[test]
fn f20_clocks_that_jump_do_no_harm_and_leave_nothing_open() {
    for (at, name) in [SELLER, SETTLEMENT].into_iter().enumerate() {
        for (nth, seconds) in [HOUR, -HOUR, TEN_YEARS].into_iter().enumerate() {
            let plan = vec![purchase(), pause(1), purchase(), pause(3), purchase()];
            let mut stage = shop(2_000 + (at * 10 + nth) as u64, [plan]);
            stage.wait("the hold", |world| charge_is(world, ChargeState::Held));
            stage.jump(name, seconds);
            stage.run_for(Duration::from_secs(4));
            stage.finish();
        }
    }
}

#[test]
fn f20_a_sale_made_by_a_clock_that_ran_ahead_is_shipped_once_it_is_set_right() {
    let mut stage = shop(20, [vec![purchase(), pause(5), purchase()]]);
    stage.jump(SELLER, TEN_YEARS);
    stage.wait("the confirmation", |world| payment_is(world, PaymentState::Authorized));
    stage.jump(SELLER, 0);
    stage.finish();
    stage.first().assert_sold();
}

#[test]
fn f20_a_settlement_started_with_a_wrong_clock_gives_out_good_keys_once_it_is_right() {
    let mut stage = shop(21, [vec![pause(8), purchase()]]);
    stage.jump(SETTLEMENT, TEN_YEARS);
    stage.run_for(Duration::from_secs(1));
    stage.crash_and_restart(SETTLEMENT, Duration::from_secs(1));
    stage.run_for(Duration::from_secs(3));
    stage.finish();
    stage.first().assert_sold();
}

#[test]
fn f20_wrong_tries_are_forgotten_in_time_though_the_journal_is_years_ahead() {
    let with = |card| Deed::Buy {
        card,
        lines: vec![line(0, 1)],
        patience: Duration::from_secs(30),
        insists: true,
        twice: false,
    };
    let mut plan = vec![purchase(), pause(5)];
    plan.extend((0..5).map(|_| with(Card::Wrong)));
    plan.extend([with(Card::Right), pause(5), with(Card::Right)]);
    let mut stage = shop(22, [plan]);
    // A record of this time puts the journal ahead for good.
    stage.jump(SETTLEMENT, TEN_YEARS);
    stage.wait("an outcome", is_told);
    stage.jump(SETTLEMENT, 0);
    let tries = |world: &World| {
        let notes = world.notes[0].lock().unwrap();
        notes
            .orders
            .iter()
            .skip(1)
            .filter_map(|order| order.heard.first().map(Ending::word))
            .collect::<Vec<_>>()
    };
    stage.wait("the wrong tries", |world| tries(world).len() == 6);
    assert_eq!(tries(&stage.world).last().map(String::as_str), Some("75"));
    for name in [SELLER, SETTLEMENT] {
        stage.jump(name, 25 * HOUR);
    }
    stage.wait("one more", |world| tries(world).len() == 7);
    assert_eq!(tries(&stage.world).last().map(String::as_str), Some("00"));
    stage.finish();
}

#[test]
fn f21_a_daemon_whose_disk_fails_stops_and_goes_on_from_what_is_durable() {
    for name in [SELLER, SETTLEMENT] {
        for operations in 0..6 {
            for after in [DiskAfter::PowerCut(operations), DiskAfter::ProcessDeath] {
                let mut stage = shop(2_100 + operations, [vec![purchase(), purchase()], vec![purchase()]]);
                stage.run_for(Duration::from_millis(200));
                stage.witness(name);
                stage.world.site(name).disk().fail_after(operations);
                stage.wait("the end of the daemon", |world| world.site(name).death().is_some());
                stage.sim.crash(name);
                stage.restart(name, after, ShelfAfter::Kept);
                stage.run_for(Duration::from_secs(2));
                // What was read back after a failed sync must not be lost by the next power cut.
                stage.crash_and_restart(name, Duration::from_millis(100));
                stage.finish();
                let totals = seller_of(&stage.world).totals();
                assert_eq!((totals.orders, totals.accepted_orders), (5, 5), "{name} {operations} {after:?}");
            }
        }
    }
}
