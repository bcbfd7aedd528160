//! Missed payments make an account late, and late accounts buy nothing; both ways.

use super::*;

/// An account that owes, at the beginning of May, with the statement of April.
fn stated() -> World {
    let mut world = World::with_account("2026-04-10", 100_000, 0);
    world.buy(1, 40_000);
    assert_eq!(world.close("2026-04"), 1);
    assert_eq!(world.statements(1)[0].minimum_due, Minor(2_000));
    world.on("2026-05-02");
    world
}

#[test]
fn after_two_missed_months_nothing_is_bought_and_after_paying_it_is_again() {
    let mut world = stated();
    assert_eq!(world.close("2026-05"), 1);
    assert_eq!(world.account(1).months_late, 1);
    world.on("2026-06-02");
    assert_eq!(world.inquire(1, 10).1, Reason::Approved, "one month late is not yet delinquent");
    assert_eq!(world.close("2026-06"), 1);
    world.on("2026-07-02");
    assert_eq!(world.account(1).months_late, 2);
    assert_eq!(world.inquire(1, 10).1, Reason::Delinquent);
    assert_eq!(Reason::Delinquent.word(), "05:delinquent");
    // What May and April asked for is past due; what June asks for is not yet.
    let last = world.statements(1).pop().expect("a statement");
    assert_eq!(last.past_due, Minor(2_000 + 2_013), "5 % of 40,000, and of 40,250 with the fee");
    world.repay(1, 2_000);
    assert_eq!(world.account(1).months_late, 1, "one month's minimum remains");
    assert_eq!(world.inquire(1, 10).1, Reason::Approved);
    world.repay(1, 2_013);
    assert_eq!(world.account(1).months_late, 0, "all that is past due is paid");
    assert_eq!(world.inquire(1, 10).1, Reason::Approved);
    assert_eq!(world.close("2026-07"), 1);
    assert_eq!(world.account(1).months_late, 1, "but June's was not paid");
    assert_eq!(world.account(1).late_history, [2, 1, 0, 0], "what was late stays in the history");
    world.check();
}

#[test]
fn who_was_late_too_often_buys_nothing_though_all_is_paid() {
    let mut world = stated();
    for name in ["2026-05", "2026-06", "2026-07", "2026-08"] {
        assert_eq!(world.close(name), 1);
    }
    world.on("2026-09-02");
    assert_eq!(world.account(1).months_late, 4);
    world.repay(1, world.account(1).balance.0);
    assert_eq!((world.account(1).months_late, world.account(1).balance), (0, Minor(0)));
    assert_eq!(world.inquire(1, 10).1, Reason::Approved, "two late months of five are not too many");
    assert_eq!(world.close("2026-09"), 1);
    world.on("2026-10-02");
    assert_eq!(world.account(1).late_history, [4, 3, 2, 1, 0, 0]);
    assert_eq!(world.inquire(1, 10).1, Reason::RepaymentHistory);
    for name in ["2026-10", "2026-11", "2026-12"] {
        world.close(name);
    }
    world.on("2027-01-02");
    assert_eq!(world.inquire(1, 10).1, Reason::Approved, "late months grow old");
    world.check();
}

#[test]
fn the_due_day_itself_is_in_time_and_the_day_after_costs_a_fee() {
    for (day, fee) in [("2026-05-21", 0), ("2026-05-22", 250)] {
        let mut world = stated();
        world.on(day).repay(1, 2_000);
        assert_eq!(world.close("2026-05"), 1);
        let statement = world.statements(1).pop().expect("a statement");
        assert_eq!((statement.moved.fees, statement.closing), (Minor(fee), Minor(38_000 + fee)), "{day}");
        assert_eq!((world.account(1).months_late, statement.past_due), (0, Minor(0)), "{day}");
        assert_eq!(world.account(1).balance, Minor(38_000 + fee));
        world.check();
    }
    let mut world = stated();
    world.on("2026-05-10").repay(1, 1_999);
    assert_eq!(world.close("2026-05"), 1);
    let statement = world.statements(1).pop().expect("a statement");
    assert_eq!((statement.past_due, statement.moved.fees), (Minor(1), Minor(250)), "a penny short is short");
    assert_eq!(world.account(1).months_late, 1);
}

#[test]
fn what_a_seller_gives_back_pays_no_minimum_but_nothing_more_is_asked_than_is_owed() {
    let mut world = World::with_account("2026-04-10", 100_000, 0);
    let order = world.buy(1, 40_000);
    world.close("2026-04");
    world.close("2026-05");
    world.on("2026-06-02").give_back(order, 30_000);
    assert_eq!(world.account(1).months_late, 1);
    assert_eq!(world.account(1).life.billing.past_due(), Minor(2_000 + 2_013));
    world.give_back(order, 10_000);
    assert_eq!(
        (world.account(1).balance, world.account(1).months_late),
        (Minor(250), 0),
        "only the fee is owed, not late yet"
    );
    assert_eq!(world.account(1).life.billing.past_due(), Minor(250));
    world.repay(1, 1_250);
    assert_eq!((world.account(1).balance, world.account(1).months_late), (Minor(-1_000), 0), "paid too much");
    assert_eq!(world.account(1).open_to_buy(), Minor(101_000));
    world.close("2026-06");
    let statement = world.statements(1).pop().expect("a statement");
    assert_eq!((statement.closing, statement.minimum_due), (Minor(-1_000), Minor(0)));
    world.check();
}

#[test]
fn an_account_that_comes_late_is_late_until_it_has_paid_for_its_months() {
    let mut world = World::new("2026-06-10");
    let mut account = new_account(1, 100_000, 20_000);
    (account.months_late, account.late_history) = (2, vec![1, 0]);
    account.life.billing.month = Some(month("2026-06"));
    account.owe_late_months(month("2026-06"), &world.terms);
    world.apply(acts::open(account, OPERATOR));
    assert_eq!(world.inquire(1, 10).1, Reason::Delinquent);
    let before = loaded(&world.books);
    world.repay(1, 1_000);
    assert_eq!(world.account(1).months_late, 1, "one of two minimum payments");
    world.repay(1, 1_000);
    assert_eq!(world.account(1).months_late, 0);
    assert_eq!(world.close("2026-06"), 1);
    assert_eq!((world.account(1).months_late, &world.account(1).late_history[..]), (0, &[2, 1, 0][..]));
    world.check();
    let mut unpaid = World { books: before, changes: Vec::new(), ..World::new("2026-06-11") };
    assert_eq!(unpaid.close("2026-06"), 1);
    assert_eq!(unpaid.account(1).months_late, 3, "one month later than before");
    // A table says it is late, but it owes nothing: that is over with the first close.
    let mut world = World::new("2026-06-10");
    let account = Account { months_late: 2, ..new_account(1, 100_000, 0) };
    world.apply(acts::open(account, OPERATOR));
    assert_eq!(world.inquire(1, 10).1, Reason::Delinquent);
    assert_eq!(world.close("2026-06"), 1);
    assert_eq!(world.inquire(1, 10).1, Reason::Approved);
    world.check();
}

#[test]
fn a_table_that_is_read_again_makes_nobody_late_or_free_who_was_counted_here() {
    let mut world = stated();
    world.close("2026-05");
    let again = new_account(1, 70_000, 0);
    world.apply(Change::Restated { id: id(1), terms: again.clone(), by: OPERATOR });
    assert_eq!((world.account(1).months_late, world.account(1).limit), (1, Minor(70_000)));
    assert_eq!(world.account(1).late_history, [0, 0]);
    world.repay(1, 2_000);
    let late = Account { months_late: 5, late_history: vec![9], ..again.clone() };
    world.apply(Change::Restated { id: id(1), terms: late.clone(), by: OPERATOR });
    assert_eq!((world.account(1).months_late, world.account(1).late_history.len()), (0, 2));
    // As long as nothing was counted here, the table is all there is to know.
    world.apply(acts::open(new_account(2, 70_000, 0), OPERATOR));
    let late = Account { generation: 1, index: [2; 16], sealed: vec![2], ..late };
    world.apply(Change::Restated { id: id(2), terms: late, by: OPERATOR });
    assert_eq!((world.account(2).months_late, &world.account(2).late_history[..]), (5, &[9][..]));
    assert!(world.account(2).open_month().is_some(), "now there is a month to close");
    world.check();
}
