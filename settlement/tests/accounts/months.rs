//! Months of random accounts against the model, and what idle accounts cost.

use kessai_settlement::ledger::{Event, MAX_STATEMENTS_KEPT};
use proptest::prelude::*;

use super::model::{Model, Said};
use super::*;

/// What happens in a life, on some day of the open month.
#[derive(Clone, Debug)]
enum Op {
    Buy(i64),
    GiveBack(i64),
    Repay(i64),
    /// What is asked for, to the penny.
    RepayMinimum,
    RepayAll,
    WriteOff,
    /// A later day of the month.
    Day(u32),
    CloseMonth,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1..40_000_i64).prop_map(Op::Buy),
        1 => (1..20_000_i64).prop_map(Op::GiveBack),
        2 => (1..9_000_i64).prop_map(Op::Repay),
        2 => Just(Op::RepayMinimum),
        1 => Just(Op::RepayAll),
        1 => prop::bool::weighted(0.2).prop_map(|yes| if yes { Op::WriteOff } else { Op::Day(25) }),
        3 => (1..29_u32).prop_map(Op::Day),
        5 => Just(Op::CloseMonth),
    ]
}

struct Life {
    world: World,
    model: Model,
    /// Months since the year 0.
    month: u32,
    day: u32,
    last: Option<(OrderId, i64)>,
    written_off: bool,
}

impl Life {
    fn new() -> Self {
        let world = World::with_account("2026-01-01", i64::MAX / 4, 0);
        let (month, day) = (2026 * 12, 1);
        Self { world, model: Model::default(), month, day, last: None, written_off: false }
    }

    fn name(&self) -> String {
        format!("{:04}-{:02}", self.month / 12, self.month % 12 + 1)
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::Buy(amount) => {
                let (order, reason) = self.world.inquire(1, amount);
                assert_eq!(reason, self.allows(), "{op:?}");
                if reason == Reason::Approved {
                    self.world.charge(order, amount);
                    self.last = Some((order, amount));
                    self.model.charge(amount);
                }
            }
            Op::GiveBack(amount) => {
                let Some((order, left)) = self.last.take() else { return };
                let amount = amount.min(left);
                self.world.give_back(order, amount);
                self.model.refund(amount, self.month);
            }
            Op::Repay(amount) => self.repay(amount),
            Op::RepayMinimum => self.repay(self.world.account(1).life.billing.past_due().0),
            Op::RepayAll => self.repay(self.model.balance),
            Op::WriteOff => {
                let done = self.world.act(1, &AccountAct::WriteOff);
                if self.model.balance > 0 {
                    assert_eq!(done, Ok(true));
                    self.model.write_off(self.month);
                    self.written_off = true;
                } else {
                    assert_eq!(done, Err(NotDone::NothingOwed));
                }
            }
            Op::Day(day) => {
                self.day = self.day.max(day);
                let date = format!("{}-{:02}", self.name(), self.day);
                self.world.on(&date);
            }
            Op::CloseMonth => self.close(),
        }
        let account = self.world.account(1);
        assert_eq!((account.balance.0, account.months_late), (self.model.balance, self.model.late), "{op:?}");
    }

    /// What the credit rules say of this account by the model's own count.
    fn allows(&self) -> Reason {
        let late_before = self.model.history.iter().take(5).filter(|late| **late >= 2).count();
        match self.model.late {
            _ if self.written_off => Reason::Restricted,
            2.. => Reason::Delinquent,
            0 | 1 if late_before >= 3 => Reason::RepaymentHistory,
            0 | 1 => Reason::Approved,
        }
    }

    fn repay(&mut self, amount: i64) {
        if amount <= 0 {
            return;
        }
        let lost = self.world.account(1).life.written_off.0;
        self.world.repay(1, amount);
        // What was written off comes in first, and is not in the account's months.
        self.model.repay((amount - lost).max(0), self.month, self.day);
    }

    fn close(&mut self) {
        let name = self.name();
        let awake = self.world.account(1).open_month().is_some();
        let before = self.world.changes.len();
        assert_eq!(self.world.close(&name), usize::from(awake), "a month is closed once");
        assert_eq!(self.world.close(&name), 0, "and not again");
        let said = self.model.close(self.month, 250);
        let stated = match self.world.changes.get(before).map(|(change, _)| change) {
            Some(Change::Account(change)) => match &change.event {
                Event::Stated { statement, .. } => Some(*statement),
                Event::Passed { .. } => None,
                other => panic!("{other:?}"),
            },
            Some(other) => panic!("{other:?}"),
            None => {
                assert!(self.model.history.iter().all(|late| *late == 0), "only what was never late sleeps");
                None
            }
        };
        assert_eq!(stated.map(|stated| told(&stated)), said, "{name}");
        if awake {
            assert_eq!(self.world.account(1).late_history, self.model.history, "{name}");
        }
        if self.month.is_multiple_of(3) {
            self.world.check();
        }
        (self.month, self.day) = (self.month + 1, 1);
        let date = format!("{}-01", self.name());
        self.world.on(&date);
    }
}

fn told(statement: &Statement) -> Said {
    let moved = statement.moved;
    Said {
        opening: statement.opening.0,
        moved: [moved.purchases.0, moved.refunds.0, moved.repayments.0, moved.written_off.0],
        fee: moved.fees.0,
        closing: statement.closing.0,
        past_due: statement.past_due.0,
        minimum_due: statement.minimum_due.0,
        late: statement.months_late,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_month_of_every_life_is_what_the_model_says(ops in prop::collection::vec(op(), 1..90)) {
        let mut life = Life::new();
        for op in &ops {
            life.step(op);
        }
        life.world.check();
    }
}

#[test]
fn an_idle_account_costs_nothing_until_it_moves_again() {
    let mut world = World::with_account("2026-01-10", 1_000, 0);
    world.apply(acts::open(new_account(2, 1_000, 0), OPERATOR));
    assert_eq!(world.close("2026-12"), 0, "nobody looks at accounts that do nothing");
    assert_eq!(world.changes.len(), 2);
    world.on("2027-03-05").buy(1, 100);
    assert_eq!(world.account(1).late_history, vec![0; 14], "the months that it slept through");
    assert_eq!(world.close("2027-02"), 0, "the months before are over already");
    assert_eq!(world.close("2027-03"), 1);
    let statement = world.statements(1).pop().expect("a statement");
    assert_eq!(
        (statement.month, statement.opening, statement.closing),
        (month("2027-03"), Minor(0), Minor(100))
    );
    assert_eq!(statement.due.to_string(), "2027-04-21");
    world.check();
}

#[test]
fn an_account_that_was_late_gets_its_months_until_they_are_forgotten() {
    let mut world = World::new("2026-01-10");
    let mut account = new_account(1, 1_000, 0);
    (account.months_late, account.late_history) = (0, vec![2, 2, 3]);
    world.apply(acts::open(account, OPERATOR));
    assert_eq!(world.inquire(1, 1).1, Reason::RepaymentHistory);
    for (nth, last) in ["2026-01", "2026-02", "2026-03"].into_iter().enumerate() {
        assert_eq!(world.close(last), 1);
        let zeros = world.account(1).late_history.iter().take_while(|late| **late == 0).count();
        assert_eq!(zeros, nth + 1);
    }
    world.on("2026-04-02");
    assert_eq!(world.inquire(1, 1).1, Reason::Approved, "only two of the five months before were late");
    assert!(world.statements(1).is_empty(), "there is nothing to state");
    assert_eq!(world.close("2028-06"), 21, "until 24 months are without it");
    assert_eq!(world.account(1).late_history, vec![0; 24]);
    assert_eq!(world.close("2029-12"), 0, "now it sleeps");
    world.check();
}

#[test]
fn a_first_statement_comes_with_the_month_of_the_opening() {
    let mut world = World::with_account("2026-05-31", 1_000, 600);
    assert_eq!(world.close("2026-04"), 0);
    assert_eq!(world.close("2026-05"), 1);
    let statement = world.statements(1).pop().expect("a statement");
    assert_eq!((statement.opening, statement.closing), (Minor(600), Minor(600)));
    assert_eq!((statement.minimum_due, statement.past_due, statement.months_late), (Minor(500), Minor(0), 0));
}

#[test]
fn only_so_many_statements_are_kept_of_an_account() {
    let mut world = World::with_account("2026-01-10", 1_000, -50);
    world.apply(acts::open(new_account(2, 1_000, -50), OPERATOR));
    for nth in 0..30 {
        let name = format!("{:04}-{:02}", 2026 + nth / 12, nth % 12 + 1);
        assert_eq!(world.close(&name), 2);
    }
    let kept = world.statements(1);
    assert_eq!(kept.len(), MAX_STATEMENTS_KEPT);
    assert_eq!((kept[0].month, kept[23].month), (month("2026-07"), month("2028-06")));
    assert_eq!(world.statements(2).len(), MAX_STATEMENTS_KEPT, "each has its own");
    assert_eq!(kept[23].minimum_due, Minor(0), "nothing is asked of whoever has paid too much");
    world.check();
}

#[test]
fn a_statement_that_says_other_than_its_account_is_not_taken() {
    let mut world = World::with_account("2026-01-10", 1_000, 600);
    let change = ledger::close_month(&world.books, id(1), month("2026-01"), &world.terms, None).expect("due");
    let Change::Account(mut good) = change else { panic!("an account's change") };
    let Event::Stated { statement, by } = good.event.clone() else { panic!("a statement") };
    let changed: [fn(&mut Statement); 8] = [
        |s| s.month = s.month.next(),
        |s| s.opening.0 += 1,
        |s| s.closing.0 += 1,
        |s| s.moved.purchases.0 += 1,
        |s| (s.moved.fees.0, s.closing.0) = (s.moved.fees.0 - 1, s.closing.0 - 1),
        |s| s.past_due.0 += 1,
        |s| s.minimum_due.0 = -1,
        |s| s.months_late += 1,
    ];
    for (nth, change) in changed.into_iter().enumerate() {
        let mut wrong = statement;
        change(&mut wrong);
        good.event = Event::Stated { statement: wrong, by };
        let before = world.account(1).clone();
        assert!(world.books.apply(&Change::Account(good.clone()), 9, world.now).is_err(), "change {nth}");
        assert_eq!(*world.account(1), before, "change {nth}");
    }
}

#[test]
fn a_minimum_is_a_part_of_the_balance_and_never_more_than_all_of_it() {
    let terms = Terms::default();
    let cases = [
        (-5, 0),
        (0, 0),
        (1, 1),
        (499, 499),
        (500, 500),
        (10_000, 500),
        (10_001, 501),
        (10_020, 501),
        (10_021, 502),
    ];
    for (balance, minimum) in cases {
        assert_eq!(terms.minimum(Minor(balance)), Minor(minimum), "{balance}");
    }
    assert_eq!(terms.minimum(Minor(i64::MAX)).0, i64::MAX / 20 + 1);
    let wrong =
        Terms { minimum_basis_points: 10_001, minimum_floor: Minor(-1), due_days: 29, late_fee: Minor(-1) };
    assert_eq!(wrong.mistakes().len(), 4);
    assert!(terms.mistakes().is_empty());
}
