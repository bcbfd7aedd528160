//! Single lives, and what has to come of them.

use kessai_settlement::ledger::{
    Capture, Charge, ChargeState, Chargeback, Cleared, Entry, Group, MAX_CAPTURES, Row, RowKey,
};
use kessai_shared::ids::Epoch;
use kessai_shared::outcome::Reason;
use kessai_shared::receipt::Purchase;

use proptest::strategy::ValueTree;

use super::model::End;
use super::ops::Signs;
use super::*;

/// A life with one order of 40 held for the first card.
fn held() -> Life {
    let mut life = Life::new();
    life.step(&inquiry(0));
    assert_eq!(life.model.end(&(seller(0), order(0))), Some(End::Held));
    life
}

fn inquiry(content: u8) -> Op {
    inquiry_of(0, content)
}

/// An inquiry for 40 with the first card.
fn inquiry_of(order: u8, content: u8) -> Op {
    let (seller, card, amount, signs) = (0, 0, 40, Signs::Holder);
    let (foreign, right, luhn, late) = (false, true, true, false);
    Op::Inquire { seller, order, card, amount, foreign, right, luhn, content, late, signs }
}

fn capture(capture: u8, amount: i64, last: bool) -> Op {
    Op::Capture { seller: 0, order: 0, capture, amount, last }
}

fn release(refund: u8, amount: i64) -> Op {
    Op::Release { seller: 0, refund, order: 0, amount }
}

fn refund(refund: u8, amount: i64) -> Op {
    Op::Refund { seller: 0, refund, order: 0, amount }
}

fn charge(life: &Life) -> &Charge {
    life.books.charge(&(seller(0), order(0))).expect("the order is known")
}

fn state(life: &Life) -> ChargeState {
    charge(life).state
}

#[test]
fn a_reversal_before_its_inquiry_leaves_a_stone_that_the_inquiry_meets() {
    let mut life = Life::new();
    life.step(&Op::Reverse { seller: 0, order: 0 });
    assert_eq!(state(&life), ChargeState::Tombstone);
    life.step(&inquiry(0));
    let decided = life.books.charge(&(seller(0), order(0))).and_then(|charge| charge.decided.clone());
    assert_eq!(decided.expect("a decision").reason, Reason::Reversed);
    assert_eq!(state(&life), ChargeState::Reversed);
    assert_eq!(life.books.totals().of(Currency::Gbp).held, Minor(0));
    life.check();
}

#[test]
fn the_same_inquiry_has_the_same_answer_for_ever_and_another_is_a_duplicate() {
    let ends: [&[Op]; 4] = [
        &[],
        &[Op::Reverse { seller: 0, order: 0 }],
        &[capture(0, 40, true)],
        &[Op::Wait { seconds: HOLD_SECONDS + GRACE_SECONDS }, Op::Round],
    ];
    for end in ends {
        let mut life = held();
        end.iter().for_each(|op| life.step(op));
        let (before, changes) = (state(&life), life.changes.len());
        life.step(&inquiry(0));
        life.step(&inquiry(1));
        assert_eq!((state(&life), life.changes.len()), (before, changes), "neither changes anything");
    }
}

/// F15. Until the end of the hold a capture always wins, after the grace never; between the two, the
/// hold is not given back yet.
#[test]
fn of_capture_and_expiry_exactly_one_wins() {
    let grace_over = HOLD_SECONDS + GRACE_SECONDS;
    for (waited, round_first, winner) in [
        (HOLD_SECONDS - 1, true, ChargeState::Captured),
        (HOLD_SECONDS - 1, false, ChargeState::Captured),
        (HOLD_SECONDS, true, ChargeState::Captured),
        (grace_over - 1, true, ChargeState::Captured),
        (grace_over - 1, false, ChargeState::Captured),
        (grace_over, true, ChargeState::Expired),
        (grace_over, false, ChargeState::Expired),
    ] {
        let mut life = held();
        life.step(&Op::Wait { seconds: waited });
        let mut race = [Op::Round, capture(0, 40, true)];
        if !round_first {
            race.reverse();
        }
        race.iter().for_each(|op| life.step(op));
        life.step(&Op::Wait { seconds: GRACE_SECONDS + 2 });
        life.step(&Op::Round);
        assert_eq!(state(&life), winner, "after {waited} seconds");
        let late = u64::from(winner == ChargeState::Expired);
        assert_eq!(life.books.totals().late_presentments, late, "after {waited} seconds");
        life.check();
    }
}

/// I9: the expiry is in the journal before anybody hears of it, so no clock brings the hold back.
#[test]
fn a_clock_that_goes_back_does_not_make_an_expired_hold_live() {
    let mut life = held();
    life.step(&Op::Wait { seconds: HOLD_SECONDS + GRACE_SECONDS });
    life.step(&capture(0, 40, true));
    life.now = START;
    life.step(&capture(0, 40, true));
    life.step(&capture(1, 10, false));
    assert_eq!((state(&life), charge(&life).captured), (ChargeState::Expired, Minor(0)));
    let late: Vec<_> = life.books.late_presentments().map(|(_, late)| late.amount).collect();
    assert_eq!(late, [Minor(40)], "the first one is written down, once");
    life.check();
}

#[test]
fn refunded_twice_is_impossible() {
    let mut life = held();
    let ops = [
        release(0, 5),
        refund(1, 1),
        capture(0, 10, false),
        capture(1, 20, true),
        refund(1, 29),
        refund(1, 29),
        refund(2, 2),
        refund(3, 1),
        refund(3, 1),
    ];
    ops.iter().for_each(|op| life.step(op));
    let known = charge(&life);
    assert_eq!((known.voided, known.captured, known.refunded), (Minor(10), Minor(30), Minor(30)));
    let id = |number: u8| RefundId::from_bytes([number; 16]);
    assert!(life.books.refund(seller(0), id(2)).is_none(), "two were more than was left");
    life.step(&Op::ChargeBack { seller: 0, order: 0, id: 0, amount: 1, reason: 4 });
    assert_eq!(charge(&life).charged_back, Minor(0), "what was refunded is not charged back as well");
    life.check();
}

#[test]
fn a_chargeback_leaves_so_much_less_to_refund() {
    let mut life = held();
    let dispute = |id, amount| Op::ChargeBack { seller: 0, order: 0, id, amount, reason: 2 };
    let ops =
        [dispute(0, 1), capture(0, 15, false), dispute(1, 10), dispute(1, 10), refund(0, 6), refund(1, 5)];
    ops.iter().for_each(|op| life.step(op));
    let known = charge(&life);
    assert_eq!((known.charged_back, known.refunded, known.live_hold()), (Minor(10), Minor(5), Minor(25)));
    let chargeback = life.books.chargeback(ChargebackId::from_bytes([1; 16])).expect("a chargeback");
    assert_eq!((chargeback.by, chargeback.reason), (OPERATOR, ChargebackReason::Fraud));
    life.end();
    life.check();
}

#[test]
fn cancelled_yet_capturable_is_impossible() {
    for cancel in [Op::Reverse { seller: 0, order: 0 }, release(0, 40)] {
        let mut life = held();
        [cancel, capture(0, 40, true), capture(1, 1, false), inquiry(0)].iter().for_each(|op| life.step(op));
        assert_eq!((state(&life), charge(&life).captured), (ChargeState::Reversed, Minor(0)));
        life.check();
    }
    let mut life = held();
    life.step(&capture(0, 15, false));
    life.step(&Op::Reverse { seller: 0, order: 0 });
    assert_eq!(charge(&life).live_hold(), Minor(25), "what was captured in part is not reversed");
    life.step(&release(0, 25));
    life.step(&capture(1, 1, true));
    assert_eq!((state(&life), charge(&life).captured), (ChargeState::Captured, Minor(15)));
    life.check();
}

#[test]
fn an_order_is_charged_by_its_shipments_and_never_for_more_than_was_held() {
    let mut life = held();
    let ops = [capture(0, 15, false), capture(1, 26, false), capture(1, 20, false), capture(0, 15, false)];
    ops.iter().for_each(|op| life.step(op));
    assert_eq!((state(&life), charge(&life).live_hold()), (ChargeState::Held, Minor(5)));
    let id = CaptureId::from_bytes([0; 16]);
    let key = (seller(0), order(0));
    for (amount, last) in [(14, false), (15, true)] {
        let other = acts::capture(&life.books, key, id, Minor(amount), last);
        assert_eq!(other, Err(Refusal::Duplicate), "the same id for another capture");
    }
    life.step(&capture(2, 5, false));
    assert_eq!((state(&life), charge(&life).captured), (ChargeState::Captured, Minor(40)));
    let again = acts::capture(&life.books, key, id, Minor(15), false);
    assert_eq!(again, Ok(Booked { batch: 1, change: None }), "its answer stands after the end, too");
    assert_eq!(life.books.batches().count(), 1);
    life.check();
}

#[test]
fn a_hold_that_is_captured_in_part_and_runs_out_keeps_what_was_captured() {
    let mut life = held();
    life.step(&capture(0, 15, false));
    life.step(&Op::Wait { seconds: HOLD_SECONDS + GRACE_SECONDS });
    life.step(&Op::Round);
    [capture(1, 5, true), release(0, 5), capture(0, 15, false), refund(1, 15)]
        .iter()
        .for_each(|op| life.step(op));
    let known = charge(&life);
    let money = (known.voided, known.captured, known.refunded);
    assert_eq!((known.state, money), (ChargeState::Captured, (Minor(25), Minor(15), Minor(15))));
    assert_eq!(life.books.totals().late_presentments, 1);
    life.check();
}

#[test]
fn so_many_captures_and_no_more() {
    let mut life = Life::new();
    let Op::Inquire { seller: by, order: of, .. } = inquiry(0) else { return };
    life.step(&Op::Restate { card: 0, limit: 10_000 });
    let mut big = inquiry(0);
    if let Op::Inquire { amount, .. } = &mut big {
        *amount = 5_000;
    }
    life.step(&big);
    let key = (seller(by), order(of));
    let id = |at: usize| CaptureId::of(order(200), u32::try_from(at).expect("a number"));
    for at in 0..MAX_CAPTURES {
        let booked = acts::capture(&life.books, key, id(at), Minor(1), false).expect("a capture");
        let change = booked.change.expect("a new one");
        life.books.apply(&change, 100 + at as u64, START).expect("it follows");
    }
    let over = acts::capture(&life.books, key, id(MAX_CAPTURES), Minor(1), true);
    assert_eq!(over, Err(Refusal::Amount));
    assert!(acts::release(&life.books, key.0, RefundId::from_bytes([0; 16]), key.1, Minor(4_000)).is_ok());
}

/// The problems that an audit tells when these changes follow a hold of 40, whatever the books say.
fn problems(more: Vec<Change>) -> Vec<String> {
    let life = held();
    let mut audit = Audit::default();
    let changes = life.changes.iter().map(|(change, _)| change);
    changes.chain(&more).for_each(|change| audit.see(change, &life.books));
    let of_money = |problem: &String| ["I1:", "I9:", "I12:"].iter().any(|id| problem.starts_with(id));
    let mut problems: Vec<_> = audit.finish(&life.books).into_iter().filter(of_money).collect();
    // The books have seen none of these changes.
    let of_books = ["has other money than its changes say", "has a live hold after its end"];
    problems.retain(|problem| !of_books.iter().any(|end| problem.ends_with(end)));
    problems
}

#[test]
fn the_audit_finds_more_taken_and_given_back_than_there_was() {
    let key = (seller(0), order(0));
    let entries = Vec::new;
    let captured = |number, amount, last| {
        let (id, amount) = (CaptureId::from_bytes([number; 16]), Minor(amount));
        Change::Captured {
            key,
            capture: Capture { id, amount, last, batch: 1 },
            epoch: Epoch::NONE,
            entries: entries(),
        }
    };
    let id = |number: u8| RefundId::from_bytes([number; 16]);
    let refunded = |number, amount| {
        let (refund, amount) = (id(number), Minor(amount));
        Change::Refunded { key, refund, amount, batch: 1, epoch: Epoch::NONE, entries: entries() }
    };
    let released = |number, amount| {
        let (release, amount) = (id(number), Minor(amount));
        Change::Released { key, release, amount, epoch: Epoch::NONE, entries: entries() }
    };
    let disputed = |amount| {
        let (amount, reason) = (Minor(amount), ChargebackReason::Fraud);
        let chargeback = Chargeback { key, amount, reason, by: OPERATOR, batch: 1 };
        Change::ChargedBack { id: ChargebackId::from_bytes([90; 16]), chargeback, entries: entries() }
    };
    let (expired, reversed) = (
        Change::Expired { key, entries: entries() },
        Change::Reversed { key, epoch: Epoch::NONE, entries: entries() },
    );
    let late = Change::PresentedLate { key, capture: CaptureId::from_bytes([91; 16]), amount: Minor(1) };
    let cases: Vec<(Vec<Change>, Option<&str>)> = vec![
        (vec![released(0, 5), captured(1, 10, false), captured(2, 20, true), refunded(3, 30)], None),
        (vec![captured(1, 30, false), refunded(2, 10), disputed(20)], None),
        (vec![released(0, 5), captured(1, 36, true)], Some("captured for more")),
        (vec![captured(1, 30, true), captured(2, 1, false)], Some("captured for more")),
        (vec![captured(1, 30, false), released(2, 11)], Some("released for more")),
        (vec![captured(1, 30, true), released(2, 1)], Some("released for more")),
        (vec![captured(1, 30, true), refunded(2, 31)], Some("refunded for more")),
        (vec![captured(1, 30, true), refunded(2, 11), disputed(20)], Some("refunded for more")),
        (vec![refunded(2, 1)], Some("refunded for more")),
        (vec![captured(1, 10, false), captured(1, 10, false)], Some("one id for two")),
        (vec![captured(1, 10, false), refunded(2, 1), refunded(2, 1)], Some("one id for two")),
        (vec![captured(1, 10, false), reversed], Some("reversed after it was captured")),
        (vec![captured(1, 10, false), expired.clone(), late.clone()], None),
        (vec![captured(1, 10, false), late], Some("had not expired")),
        (vec![released(0, 40), captured(1, 0, false)], Some("after it was reversed")),
        (vec![expired, captured(1, 0, false)], Some("after it has expired")),
    ];
    for (changes, expected) in cases {
        let told = problems(changes.clone());
        match expected {
            None => assert_eq!(told, Vec::<String>::new(), "{changes:?}"),
            Some(what) => assert!(told.iter().any(|problem| problem.contains(what)), "{told:?}: {changes:?}"),
        }
    }
}

/// An audit of a life with these changes made to what it was told, and to the books it is held against.
fn audited(life: &Life, tell: &dyn Fn(&mut Change), books: &Books) -> Vec<String> {
    let (mut audit, mut then) = (Audit::default(), Books::default());
    for (change, stamp) in &life.changes {
        then.apply(change, stamp.position, stamp.time).expect("the same changes again");
        let mut told = change.clone();
        tell(&mut told);
        audit.see(&told, &then);
    }
    audit.finish(books)
}

#[test]
fn the_audit_finds_entries_that_are_missing_too_large_or_in_another_currency() {
    let mut life = held();
    [capture(0, 30, true), refund(1, 10)].iter().for_each(|op| life.step(op));
    life.end_group();
    let found = |tell: &dyn Fn(&mut Vec<Entry>)| {
        let tell = |change: &mut Change| {
            if let Change::Captured { entries, .. } = change {
                tell(entries);
            }
        };
        audited(&life, &tell, &life.books).iter().filter(|problem| problem.starts_with("I5")).count()
    };
    assert_eq!(found(&|_| {}), 0);
    assert!(found(&|entries| entries.truncate(1)) > 0, "the charge is missing");
    assert!(found(&|entries| entries[0].amount.0 = 0) > 0, "the release of the hold is missing");
    assert!(found(&|entries| entries[1].amount.0 += 1) > 0, "one more is charged");
    assert!(found(&|entries| entries[1].currency = Currency::Jpy) > 0, "it is in yen");
    let foreign = Entry::hold(Currency::Jpy, account_id(0), seller(0), Minor(1));
    assert_eq!(found(&|entries| entries.push(foreign)), 1, "a hold in yen besides");
    assert!(found(&|entries| entries[1].credit = LedgerAccount::Payable(seller(1))) > 0, "it is another's");
}

#[test]
fn the_audit_finds_a_batch_that_is_not_the_sum_of_what_was_booked_under_it() {
    let mut life = held();
    let dispute = Op::ChargeBack { seller: 0, order: 0, id: 0, amount: 4, reason: 0 };
    [capture(0, 30, true), refund(1, 10), dispute].iter().for_each(|op| life.step(op));
    life.end_group();
    let (_, batches) = life.books.batches().next().expect("the seller has a batch");
    let found = |change: &dyn Fn(&mut Cleared)| {
        let mut changed = batches.clone();
        let sums = changed.totals.values_mut().flat_map(|totals| totals.values_mut());
        sums.for_each(change);
        let mut books = shelf::load(&shelf::rows(&life.books));
        books.load(RowKey::Batches(seller(0)), Row::Batches(changed)).expect("a row");
        audited(&life, &|_| {}, &books).iter().filter(|problem| problem.contains("batch 1")).count()
    };
    assert_eq!(found(&|_| {}), 0);
    assert_eq!(found(&|sums| sums.captured.0 += 1), 1);
    assert_eq!(found(&|sums| sums.refunds -= 1), 1);
    assert_eq!(found(&|sums| sums.charged_back.0 -= 1), 1);
    let forgotten = |change: &mut Change| {
        if let Change::Captured { capture, .. } = change {
            capture.batch = 2;
        }
    };
    let told = audited(&life, &forgotten, &life.books);
    assert!(told.iter().any(|problem| problem.contains("batch 2")), "{told:?}");
}

#[test]
fn the_audit_finds_decisions_without_their_place_in_a_group() {
    let mut life = Life::new();
    life.step(&inquiry(0));
    life.step(&Op::Reverse { seller: 1, order: 0 });
    life.step(&inquiry_of(1, 0));
    life.end_group();
    life.check();
    let rows: Vec<_> = shelf::load(&shelf::rows(&life.books)).groups().cloned().collect();
    let [group] = rows.as_slice() else { panic!("one group holds both decisions") };
    assert_eq!(group.leaves.len(), 2);
    let problems = |change: &dyn Fn(&mut Group)| {
        let mut changed = group.clone();
        change(&mut changed);
        let mut books = shelf::load(&shelf::rows(&life.books));
        books.load(RowKey::Group(changed.first), Row::Group(changed)).expect("a group in itself");
        let mut audit = Audit::default();
        life.changes.iter().for_each(|(change, _)| audit.see(change, &life.books));
        let proven = audit.prove(&books).decisions;
        (proven, audit.finish(&books).iter().filter(|problem| problem.starts_with("I8")).count())
    };
    assert_eq!(problems(&|_| {}), (2, 0));
    assert_eq!(problems(&|g| g.leaves[1].1[0] ^= 1), (1, 1), "another leaf");
    assert_eq!(problems(&|g| g.leaves[0].0 -= 1), (1, 1), "another place");
    let last = group.leaves[1].0;
    assert_eq!(problems(&|g| g.leaves.truncate(1)), (1, 2), "a leaf is missing");
    assert_eq!(problems(&|g| g.leaves[0] = (last - 2, [0; 32])), (1, 1), "a leaf of nothing");
    assert_eq!(
        problems(&|g| g.last = {
            g.leaves.pop();
            last - 1
        }),
        (1, 1),
        "it ends too early"
    );
}

#[test]
fn cards_that_cannot_be_where_a_change_puts_them_are_refused_and_nothing_is_changed() {
    let mut life = Life::new();
    life.generation = 2;
    life.step(&Op::Rekey { card: 0 });
    let (id, other, nobody) = (account_id(0), account_id(1), AccountId([77; 16]));
    let (amount, currency, quote_hash) = (Minor(1), Currency::Gbp, [0; 32]);
    let (seller, order, deadline) = (seller(0), order(0), START.plus_seconds(9));
    let purchase = Purchase { seller, order, amount, currency, quote_hash, deadline };
    let fresh = acts::Fresh {
        reason: Reason::Approved,
        account: Some(id),
        enrolled: None,
        policy: 1,
        epoch: Epoch::NONE,
        at: 0,
    };
    let mut uncoded = acts::decided(purchase, fresh, Vec::new(), &life.policy, START);
    if let Change::Decided(decided) = &mut uncoded {
        decided.enrolled = Some([9; 32]);
    }
    let terms = |card| account(card, Currency::Gbp, 1, 0);
    let refused = [
        Change::Rekeyed { id, card: at_rest(0, 2) },
        Change::Rekeyed { id, card: at_rest(0, 1) },
        Change::Rekeyed { id: other, card: at_rest(0, 2) },
        Change::Rekeyed { id: nobody, card: at_rest(77, 2) },
        Change::Issued { id: nobody, enrolment: [1; 32], by: OPERATOR },
        Change::Restated { id: other, terms: terms(at_rest(0, 2)), by: OPERATOR },
        Change::Opened {
            id: nobody,
            account: terms(at_rest(1, 1)),
            entry: Entry::opening(Currency::Gbp, nobody, Minor(0)),
            by: OPERATOR,
        },
        Change::Restated { id: other, terms: account(at_rest(1, 1), Currency::Jpy, 80, 0), by: OPERATOR },
        uncoded,
    ];
    for change in refused {
        assert!(life.books.apply(&change, 99, START).is_err(), "{change:?}");
        life.check();
    }
    assert_eq!(life.books.generations().collect::<Vec<_>>(), [1, 2]);
    assert_eq!([1, 2, 3].map(|newest| life.books.older_than(newest)), [0, 4, 5]);
}

/// A life in which something never happens says nothing of it.
#[test]
fn everything_that_can_happen_happens_in_some_life() {
    let lives = prop::collection::vec(op(), 1..60);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut changes, mut states) = (BTreeMap::<&str, usize>::new(), BTreeMap::<String, usize>::new());
    for _ in 0..2_000 {
        let mut life = Life::new();
        let ops = lives.new_tree(&mut runner).expect("a life").current();
        ops.iter().for_each(|op| life.step(op));
        life.end();
        life.changes.iter().for_each(|(change, _)| *changes.entry(change.name()).or_default() += 1);
        for (_, charge) in life.books.charges() {
            let (parts, over) = (charge.captures.len().min(2), charge.ran_out);
            *states.entry(format!("{:?} in {parts} parts, ran out: {over}", charge.state)).or_default() += 1;
        }
    }
    let happens =
        ["captured", "released", "refunded", "charged back", "presented late", "reversed", "expired"];
    let to_accounts = ["stated", "repaid", "blocked", "unblocked", "limited", "closed", "written off"];
    for name in happens.iter().chain(&to_accounts).chain(&["batch closed", "rekeyed", "issued", "restated"]) {
        assert!(changes.get(name).is_some_and(|times| *times >= 5), "{name}: {changes:?}");
    }
    for state in [
        "Captured in 1 parts, ran out: true",
        "Captured in 2 parts, ran out: true",
        "Captured in 2 parts, ran out: false",
        "Expired in 0 parts, ran out: true",
        "Reversed in 0 parts, ran out: false",
        "Tombstone in 0 parts, ran out: false",
    ] {
        assert!(states.get(state).is_some_and(|times| *times >= 5), "{state}: {states:?}");
    }
}
