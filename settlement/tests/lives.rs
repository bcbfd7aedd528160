//! Random lives of the settlement's books: inquiries, reversals, captures, refunds and expiries in any
//! order, with ids that collide. A second set of books, of plain maps, says what must come of each.

#[path = "lives/model.rs"]
mod model;
#[path = "lives/ops.rs"]
mod ops;
#[path = "lives/shelf.rs"]
mod shelf;

use kessai_settlement::heads::Heads;
use kessai_settlement::ledger::acts::{self, Inquired};
use kessai_settlement::ledger::{
    Account, AccountId, AtRest, Audit, Books, Candidate, Change, ChargeState, Entry, Group, Policy,
    Presented, Proposed, Row, RowKey, Window,
};
use kessai_shared::identity::Identity;
use kessai_shared::ids::{OrderId, RefundId};
use kessai_shared::journal::{Hash, Head};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Purchase, Verdict};
use kessai_shared::settlement::Refusal;
use kessai_shared::store::{self, Stamp};
use kessai_shared::time::Timestamp;
use model::{End, Model};
use ops::{Op, Signs, op};
use proptest::prelude::*;
use shelf::{Checkpoints, Shelf};

const START: Timestamp = Timestamp(1_782_864_000_000_000);
const HOLD_SECONDS: u64 = 100;
const HOLDER: [u8; 32] = [1; 32];
/// How many wrong guesses a seller may let through, and for how long they count, in seconds.
const MAX_GUESSES: u64 = 2;
const GUESS_SECONDS: u64 = 150;

fn seller(number: u8) -> Pin {
    Pin([100 + number; 32])
}

fn order(number: u8) -> OrderId {
    OrderId::from_bytes([number; 16])
}

/// An account is known by what it was found by first.
fn account_id(card: u8) -> AccountId {
    AccountId(at_rest(card, 1).index)
}

/// A card under one key of the vault. Nothing of it is the same under another.
fn at_rest(card: u8, generation: u32) -> AtRest {
    let number = u8::try_from(generation).expect("few keys");
    let mut index = [card; 16];
    index[0] = number;
    AtRest { generation, index, sealed: vec![card, number], particulars: particulars(HOLDER, number) }
}

fn particulars(mut of: [u8; 32], generation: u8) -> [u8; 32] {
    of[0] = generation;
    of
}

fn account(card: AtRest, limit: i64, balance: i64) -> Account {
    let expiry = "2030-01".parse().expect("a month");
    Account { balance: Minor(balance), ..Account::new(card, expiry, Currency::Gbp, Minor(limit)) }
}

/// The books under test, the model beside them, and all that is kept of both.
struct Life {
    books: Books,
    /// The same books, made from the bytes of the changes.
    replayed: Books,
    shelf: Shelf,
    checkpoints: Checkpoints,
    model: Model,
    changes: Vec<(Change, Stamp)>,
    /// The groups of the journal so far: where each begins, and the head after it.
    groups: Vec<(u64, Head)>,
    /// The positions of the decisions.
    decided: Vec<u64>,
    policy: Policy,
    now: Timestamp,
    /// The newest key of the vault.
    generation: u32,
}

impl Life {
    fn new() -> Self {
        let seller_tries = Window { seconds: GUESS_SECONDS, max: MAX_GUESSES };
        let policy = Policy { hold_seconds: HOLD_SECONDS, seller_tries, ..Policy::default() };
        let (books, replayed) = (Books::default(), Books::default());
        let (shelf, model) = (Shelf::default(), Model::default());
        let (changes, groups, decided) = (Vec::new(), Vec::new(), Vec::new());
        let (now, generation) = (START, 1);
        let checkpoints = Checkpoints::default();
        let mut life = Self {
            books,
            replayed,
            shelf,
            checkpoints,
            model,
            changes,
            groups,
            decided,
            policy,
            now,
            generation,
        };
        let proposed = Proposed { version: None, policy: life.policy.clone() };
        let adopted = acts::adopt(&life.books, &proposed, seller(0)).expect("a sound policy");
        life.apply(adopted.expect("the first policy"));
        // The third account is over its limit from the beginning, and one of the pool has none.
        for (card, limit, balance) in [(0, 100, 0), (1, 80, -20), (2, 50, 60)] {
            life.apply(acts::open(account(at_rest(card, 1), limit, balance)));
            life.model.open(account_id(card), limit, balance);
        }
        life
    }

    /// Takes a change in as the store does, and a second time from its bytes.
    fn apply(&mut self, change: Change) {
        let stamp = Stamp { position: self.changes.len() as u64 + 1, time: self.now };
        self.changes.push((change.clone(), stamp));
        if matches!(change, Change::Decided(_)) {
            self.decided.push(stamp.position);
        }
        self.books.apply(&change, stamp.position, stamp.time).expect("an act proposes what can follow");
        let bytes = <Books as store::Books>::encode(&change);
        let again = <Books as store::Books>::decode(&bytes).expect("the bytes of a change");
        assert_eq!(again, change);
        store::Books::apply(&mut self.replayed, &again, stamp).expect("the same change again");
        self.shelf.take(&self.books, &change);
    }

    /// Ends the group as the store does, and a second time for the replayed books.
    fn end_group(&mut self) {
        let first = self.groups.last().map_or(1, |(_, head)| head.position + 1);
        let (position, time) = (self.changes.len() as u64, self.now);
        if position < first {
            return;
        }
        let head = Head { position, time, hash: Hash([position as u8; 32]) };
        self.groups.push((first, head));
        store::Books::end_group(&mut self.books, first, head);
        store::Books::end_group(&mut self.replayed, first, head);
        self.checkpoints.take(&self.books, self.changes.len());
    }

    fn step(&mut self, op: &Op) {
        let model = &mut self.model;
        match *op {
            Op::Inquire { .. } => self.inquire(op),
            Op::Reverse { seller: by, order: of } => {
                let key = (seller(by), order(of));
                let (act, expected) = (acts::reverse(&self.books, key), model.reverse(key));
                self.carry_out(act, expected, op);
            }
            Op::Capture { seller: by, order: of, amount } => {
                let key = (seller(by), order(of));
                let act = acts::capture(&self.books, key, Minor(amount), self.now);
                let expected = model.capture(key, amount, self.now);
                self.carry_out(act, expected, op);
            }
            Op::Refund { seller: by, refund, order: of, amount } => {
                let (by, of, refund) = (seller(by), order(of), RefundId::from_bytes([refund; 16]));
                let act = acts::refund(&self.books, by, refund, of, Minor(amount));
                let expected = model.refund((by, of), refund, amount);
                self.carry_out(act, expected, op);
            }
            Op::Wait { seconds } => self.now = self.now.plus_seconds(seconds),
            Op::EndGroup => self.end_group(),
            Op::Round => self.round(),
            Op::Restate { card, limit } => {
                let id = account_id(card);
                self.model.restate(id, limit, self.generation);
                self.apply(Change::Restated { id, terms: account(at_rest(card, self.generation), limit, 0) });
            }
            Op::NewKey => {
                // The last key is dropped only when nothing is kept under it any more.
                if self.books.older_than(self.generation) == 0 && self.generation < 200 {
                    self.generation += 1;
                }
            }
            Op::Rekey { card } => {
                let id = account_id(card);
                if self.model.generation(id) < self.generation {
                    self.model.rekey(id, self.generation);
                    self.apply(Change::Rekeyed { id, card: at_rest(card, self.generation) });
                }
            }
            Op::Issue { card, code } => {
                self.model.issue(account_id(card), [code; 32]);
                self.apply(Change::Issued { id: account_id(card), enrolment: [code; 32] });
            }
        }
    }

    fn inquire(&mut self, op: &Op) {
        let Op::Inquire { seller: by, order: of, card, amount, right, luhn, content, late, signs } = *op
        else {
            return;
        };
        let deadline = START.plus_seconds(if late { 0 } else { 100_000 });
        let (seller, order, quote_hash) = (seller(by), order(of), [content; 32]);
        let purchase =
            Purchase { seller, order, amount: Minor(amount), currency: Currency::Gbp, quote_hash, deadline };
        let given = if right { HOLDER } else { [2; 32] };
        // A card that was never kept is looked for like any other.
        let candidates = [self.generation.saturating_sub(1), self.generation].map(|generation| {
            let AtRest { index, .. } = at_rest(card, generation);
            let particulars = particulars(given, u8::try_from(generation).expect("few keys"));
            Candidate { generation, index, particulars }
        });
        let known = (luhn && card < 3).then(|| account_id(card));
        let (holder, enrolment) = self.signature(signs, known, amount);
        let presented = Presented {
            holder,
            enrolment,
            passes_luhn: luhn,
            candidates: candidates.to_vec(),
            expiry: "2030-01".parse().expect("a month"),
        };
        let inquired = acts::inquire(&self.books, &purchase, Some(&presented), &self.policy, self.now);
        let expected = self.model.inquire(purchase, known, right, (holder, enrolment), self.now);
        match inquired {
            Inquired::Known => {
                assert_eq!(expected, model::Inquiry::Known, "{op:?}");
                let decided = self.books.charge(&(seller, order)).and_then(|charge| charge.decided.as_ref());
                let decided = decided.expect("a known decision is in the books");
                assert_eq!(
                    (decided.purchase, Some(decided.reason)),
                    (purchase, self.model.answer(&purchase))
                );
            }
            Inquired::Duplicate => assert_eq!(expected, model::Inquiry::Duplicate, "{op:?}"),
            Inquired::Over(refusal) => assert_eq!(expected, model::Inquiry::Over(refusal), "{op:?}"),
            Inquired::Fresh(fresh) => {
                assert_eq!(expected, model::Inquiry::Fresh(fresh.reason), "{op:?}");
                let enrols = known.filter(|id| self.model.enrols(*id, fresh.reason, (holder, enrolment)));
                self.apply(acts::decided(purchase, fresh, vec![amount as u8], &self.policy, self.now));
                self.model.decided(purchase, fresh.reason, fresh.account, self.now, HOLD_SECONDS);
                enrols.zip(holder).into_iter().for_each(|(id, key)| self.model.enrol(id, key));
            }
        }
    }

    /// The key that signs and the code that comes with it.
    fn signature(&self, signs: Signs, card: Option<AccountId>, amount: i64) -> model::Signed {
        let there = card.map(|id| self.model.holder(id)).unwrap_or_default();
        let new = Some([40 + amount.unsigned_abs() as u8; 32]);
        match signs {
            Signs::Nobody => (None, None),
            Signs::Holder => (there.key.or(new), None),
            Signs::Thief => (Some([200; 32]), None),
            Signs::WithCode => (new, there.code),
            Signs::WithWrongCode => (new, Some([201; 32])),
            Signs::CodeAlone => (None, there.code),
        }
    }

    fn carry_out(&mut self, act: acts::Act, expected: Result<bool, Refusal>, op: &Op) {
        match act {
            Ok(Some(change)) => {
                assert_eq!(expected, Ok(true), "{op:?} changes the books");
                self.apply(change);
            }
            Ok(None) => assert_eq!(expected, Ok(false), "{op:?} finds all done"),
            Err(refusal) => assert_eq!(expected, Err(refusal), "{op:?} is refused"),
        }
    }

    fn round(&mut self) {
        let due: Vec<_> = self.books.expired(self.now).collect();
        assert_eq!(due, self.model.due(self.now));
        for key in due {
            let change = acts::expire(&self.books, key).expect("a hold that runs out is live");
            self.apply(change);
            self.model.expire(key);
        }
    }

    /// All that must hold after a change, by the house's own audit and by the model.
    fn check(&self) {
        let mut audit = Audit::default();
        let mut books = Books::default();
        for (change, stamp) in &self.changes {
            books.apply(change, stamp.position, stamp.time).expect("the same changes again");
            audit.see(change, &books);
            if let Some((first, head)) = self.groups.iter().find(|(_, head)| head.position == stamp.position)
            {
                store::Books::end_group(&mut books, *first, *head);
            }
        }
        assert!(books.groups().eq(self.books.groups()), "the same groups again");
        let open = self.decided.iter().filter(|at| !self.ended(**at)).count();
        assert_eq!(audit.prove(&self.books).decisions as usize, self.decided.len() - open);
        let problems = audit.finish(&self.books);
        let (groupless, others): (Vec<_>, Vec<_>) =
            problems.into_iter().partition(|problem| problem.ends_with("stands in no group"));
        assert_eq!((groupless.len(), others), (open, Vec::new()), "only the open group is not signed yet");
        self.compare_groups();
        self.model.compare(&self.books);
        let changes: Vec<_> = self.changes.iter().map(|(change, _)| change.clone()).collect();
        self.model.compare_entries(&changes);
        self.shelf.compare(&self.books);
        self.shelf.compare(&self.replayed);
        self.checkpoints.compare(&self.books, &self.changes, open);
        let rows = shelf::rows(&self.books);
        let loaded = shelf::load(&rows);
        assert!(shelf::rows(&loaded) == rows && shelf::rows(&self.replayed) == rows, "the same rows");
        let ever = Timestamp(u64::MAX);
        for other in [&self.replayed, &loaded] {
            assert_eq!(other.totals(), self.books.totals());
            assert!(other.expired(ever).eq(self.books.expired(ever)), "the same holds run out");
            assert!(other.groups().eq(self.books.groups()), "the same groups");
        }
    }

    /// Whether the group around this position has ended.
    fn ended(&self, position: u64) -> bool {
        self.groups.last().is_some_and(|(_, head)| position <= head.position)
    }

    /// The books have a group for each one that ended with decisions in it, and each decision has its
    /// place in its own.
    fn compare_groups(&self) {
        let inside =
            |first: u64, last: u64| self.decided.iter().filter(move |at| (first..=last).contains(*at));
        let with_some = self.groups.iter().filter(|(first, head)| inside(*first, head.position).count() > 0);
        let mut there = self.books.groups();
        for (first, head) in with_some {
            let group = there.next().expect("a group of the books");
            let (last, at, journal) = (group.last, group.at, group.journal);
            assert_eq!((group.first, last, at, journal), (*first, head.position, head.time, head.hash.0));
            let positions: Vec<u64> = group.leaves.iter().map(|(position, _)| *position).collect();
            assert!(positions.iter().eq(inside(*first, last)), "{positions:?}");
            for (index, position) in positions.iter().enumerate() {
                assert_eq!(self.books.group_of(*position).map(|group| group.first), Some(*first));
                assert_eq!(group.index_of(*position), Some(index));
            }
        }
        assert!(there.next().is_none(), "and no other");
        let open = self.decided.iter().filter(|at| !self.ended(**at));
        open.for_each(|at| assert!(self.books.group_of(*at).is_none(), "an open group proves nothing"));
    }

    /// Every decision as anybody who asks gets it: the same bytes from the books that lived through it
    /// all, from replayed ones and from those of a checkpoint, each with a cache of its own.
    fn compare_decisions(&self) {
        let key = Identity::generate().expect("a key");
        let loaded = shelf::load(&shelf::rows(&self.books));
        let all = [&self.books, &self.replayed, &loaded].map(|books| (books, Heads::default()));
        for (place, charge) in self.books.charges() {
            let Some(decided) = charge.decided.as_ref().filter(|decided| self.ended(decided.position)) else {
                continue;
            };
            let proved = all.each_ref().map(|(books, heads)| {
                let decided = books.charge(place).and_then(|charge| charge.decided.clone());
                let decided = decided.expect("the same decision");
                let group = books.group_of(decided.position).expect("its group");
                heads.prove(&decided, group, &key).expect("its place in it")
            });
            let verdict = proved[0].verify(&decided.purchase, &key.public());
            let approved = self.model.answer(&decided.purchase) == Some(Reason::Approved);
            let expected = if approved { Verdict::Approved } else { Verdict::Declined };
            assert_eq!(verdict, Ok(expected));
            assert!(proved.iter().all(|other| *other == proved[0]), "the same bytes for ever");
        }
    }
}

/// A life with one order of 40 held for the first card.
fn held() -> Life {
    let mut life = Life::new();
    life.step(&inquiry(0));
    assert_eq!(life.model.end(&(seller(0), order(0))), Some(End::Held));
    life
}

fn inquiry(content: u8) -> Op {
    let (seller, order, card, amount) = (0, 0, 0, 40);
    Op::Inquire {
        seller,
        order,
        card,
        amount,
        right: true,
        luhn: true,
        content,
        late: false,
        signs: Signs::Holder,
    }
}

fn state(life: &Life) -> ChargeState {
    life.books.charge(&(seller(0), order(0))).expect("the order is known").state
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
    assert_eq!(life.books.totals().held, Minor(0));
    life.check();
}

#[test]
fn the_same_inquiry_has_the_same_answer_for_ever_and_another_is_a_duplicate() {
    let ends: [&[Op]; 4] = [
        &[],
        &[Op::Reverse { seller: 0, order: 0 }],
        &[Op::Capture { seller: 0, order: 0, amount: 40 }],
        &[Op::Wait { seconds: HOLD_SECONDS }, Op::Round],
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

#[test]
fn of_capture_and_expiry_exactly_one_wins() {
    for (waited, round_first, winner) in [
        (HOLD_SECONDS - 1, true, ChargeState::Captured),
        (HOLD_SECONDS - 1, false, ChargeState::Captured),
        (HOLD_SECONDS, true, ChargeState::Expired),
        (HOLD_SECONDS, false, ChargeState::Expired),
    ] {
        let mut life = held();
        life.step(&Op::Wait { seconds: waited });
        let mut race = [Op::Round, Op::Capture { seller: 0, order: 0, amount: 40 }];
        if !round_first {
            race.reverse();
        }
        race.iter().for_each(|op| life.step(op));
        life.step(&Op::Wait { seconds: 2 });
        life.step(&Op::Round);
        assert_eq!(state(&life), winner, "after {waited} seconds");
        life.check();
    }
}

#[test]
fn refunds_never_come_to_more_than_was_taken() {
    let mut life = held();
    let refund = |refund, amount| Op::Refund { seller: 0, refund, order: 0, amount };
    let ops = [
        refund(0, 5),
        Op::Capture { seller: 0, order: 0, amount: 30 },
        refund(1, 29),
        refund(2, 2),
        refund(3, 1),
    ];
    ops.iter().for_each(|op| life.step(op));
    let charge = life.books.charge(&(seller(0), order(0))).expect("the order is known");
    assert_eq!((charge.voided, charge.captured, charge.refunded), (Minor(10), Minor(30), Minor(30)));
    assert!(
        life.books.refund(seller(0), RefundId::from_bytes([2; 16])).is_none(),
        "two were more than was left"
    );
    life.check();
}

#[test]
fn the_audit_finds_more_refunded_than_was_charged_and_more_charged_than_was_left() {
    let key = (seller(0), order(0));
    let refunded = |number, amount| Change::Refunded {
        key,
        refund: RefundId::from_bytes([number; 16]),
        amount: Minor(amount),
        entries: Vec::new(),
    };
    let captured = |amount| Change::Captured { key, amount: Minor(amount), entries: Vec::new() };
    let problems = |more: [Change; 3]| {
        let life = held();
        let mut audit = Audit::default();
        let changes = life.changes.iter().map(|(change, _)| change);
        changes.chain(&more).for_each(|change| audit.see(change, &life.books));
        audit.finish(&life.books).into_iter().filter(|problem| problem.starts_with("I1")).count()
    };
    assert_eq!(problems([refunded(0, 5), captured(30), refunded(1, 30)]), 0, "40 are held");
    assert_eq!(problems([refunded(0, 5), captured(30), refunded(1, 31)]), 1, "one more than was charged");
    assert_eq!(problems([refunded(0, 5), captured(36), refunded(1, 30)]), 1, "one more than was left");
}

#[test]
fn the_audit_finds_decisions_without_their_place_in_a_group() {
    let mut life = Life::new();
    life.step(&inquiry(0));
    life.step(&Op::Reverse { seller: 1, order: 0 });
    let Op::Inquire { card, amount, right, luhn, content, late, .. } = inquiry(0) else { return };
    life.step(&Op::Inquire {
        seller: 1,
        order: 1,
        card,
        amount,
        right,
        luhn,
        content,
        late,
        signs: Signs::Holder,
    });
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
    let fresh = acts::Fresh { reason: Reason::Approved, account: Some(id), enrolled: None, policy: 1 };
    let mut uncoded = acts::decided(purchase, fresh, Vec::new(), &life.policy, START);
    if let Change::Decided(decided) = &mut uncoded {
        decided.enrolled = Some([9; 32]);
    }
    let terms = |card| account(card, 1, 0);
    let refused = [
        Change::Rekeyed { id, card: at_rest(0, 2) },
        Change::Rekeyed { id, card: at_rest(0, 1) },
        Change::Rekeyed { id: other, card: at_rest(0, 2) },
        Change::Rekeyed { id: nobody, card: at_rest(77, 2) },
        Change::Issued { id: nobody, enrolment: [1; 32] },
        Change::Restated { id: other, terms: terms(at_rest(0, 2)) },
        Change::Opened {
            id: nobody,
            account: terms(at_rest(1, 1)),
            entry: Entry::opening(Currency::Gbp, nobody, Minor(0)),
        },
        uncoded,
    ];
    for change in refused {
        assert!(life.books.apply(&change, 99, START).is_err(), "{change:?}");
        life.check();
    }
    assert_eq!(life.books.generations().collect::<Vec<_>>(), [1, 2]);
    assert_eq!([1, 2, 3].map(|newest| life.books.older_than(newest)), [0, 2, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_life_keeps_the_invariants_after_every_change(ops in prop::collection::vec(op(), 1..70)) {
        let mut life = Life::new();
        for op in &ops {
            let before = life.changes.len();
            life.step(op);
            if life.changes.len() > before {
                life.check();
            }
        }
        life.end_group();
        life.check();
        life.compare_decisions();
    }
}
