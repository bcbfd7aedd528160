//! Random lives of the settlement's books: inquiries, reversals, captures in parts, releases, refunds,
//! chargebacks and expiries, in any order and again, for several sellers and currencies, with ids that
//! collide. A second set of books, of plain maps, says what must come of each.
//!
//! `KESSAI_LIVES` says how many lives are lived. An act on accounts gets a variant in `ops.rs`, an arm
//! in [`Life::step`] and its own arithmetic in `model.rs`.

mod check;
mod decisions;
mod inquire;
mod model;
mod named;
mod ops;
mod shelf;

use std::collections::BTreeMap;

use kessai_settlement::ledger::acts::{self, Booked};
use kessai_settlement::ledger::{
    Account, AccountId, AtRest, Audit, Books, Change, Key, LedgerAccount, Policy, Proposed, Window,
};
use kessai_shared::ids::{CaptureId, ChargebackId, OrderId, RefundId};
use kessai_shared::journal::{Hash, Head};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::ChargebackReason;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::Refusal;
use kessai_shared::store::{self, Stamp};
use kessai_shared::time::Timestamp;
use model::Model;
use ops::{Op, op};
use proptest::prelude::*;
use shelf::{Checkpoints, Shelf};

const START: Timestamp = Timestamp(1_782_864_000_000_000);
const HOLD_SECONDS: u64 = 100;
const GRACE_SECONDS: u64 = 30;
const HOLDER: [u8; 32] = [1; 32];
const OPERATOR: Pin = Pin([77; 32]);
/// How many wrong guesses a seller may let through, and for how long they count, in seconds.
const MAX_GUESSES: u64 = 2;
const GUESS_SECONDS: u64 = 150;
/// How many lives are lived unless `KESSAI_LIVES` says otherwise.
const LIVES: u32 = 10_000;

/// The cards: currency, limit and opening balance. The third is over its limit from the beginning; the
/// number after the last is nobody's.
const CARDS: [(Currency, i64, i64); 5] = [
    (Currency::Gbp, 100, 0),
    (Currency::Gbp, 80, -20),
    (Currency::Gbp, 50, 60),
    (Currency::Jpy, 120, 10),
    (Currency::Eur, 90, 0),
];

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

fn account(card: AtRest, currency: Currency, limit: i64, balance: i64) -> Account {
    let expiry = "2030-01".parse().expect("a month");
    Account { balance: Minor(balance), ..Account::new(card, expiry, currency, Minor(limit)) }
}

/// The books under test, the model beside them, and all that is kept of both.
struct Life {
    books: Books,
    /// The same books, made from the bytes of the changes.
    replayed: Books,
    shelf: Shelf,
    checkpoints: Checkpoints,
    model: Model,
    /// What the entries put on every account, added up here.
    posted: BTreeMap<(Currency, LedgerAccount), i64>,
    changes: Vec<(Change, Stamp)>,
    /// What was asked for, to be asked for again.
    asked: Vec<Op>,
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
        let policy = Policy {
            hold_seconds: HOLD_SECONDS,
            hold_grace_seconds: GRACE_SECONDS,
            seller_tries,
            ..Policy::default()
        };
        let mut life = Self {
            books: Books::default(),
            replayed: Books::default(),
            shelf: Shelf::default(),
            checkpoints: Checkpoints::default(),
            model: Model::default(),
            posted: BTreeMap::new(),
            changes: Vec::new(),
            asked: Vec::new(),
            groups: Vec::new(),
            decided: Vec::new(),
            policy,
            now: START,
            generation: 1,
        };
        let proposed = Proposed { version: None, policy: life.policy.clone() };
        let adopted = acts::adopt(&life.books, &proposed, OPERATOR).expect("a sound policy");
        life.apply(adopted.expect("the first policy"));
        for (card, (currency, limit, balance)) in (0..).zip(CARDS) {
            life.apply(acts::open(account(at_rest(card, 1), currency, limit, balance), OPERATOR));
            life.model.open(account_id(card), currency, limit, balance);
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
        self.post(&change);
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
        if let Op::Again { back } = *op {
            let then = self.asked.iter().rev().nth(usize::from(back)).cloned();
            return then.iter().for_each(|op| self.step(op));
        }
        self.asked.push(op.clone());
        match *op {
            Op::Inquire { seller: by, order: of, .. } => {
                self.end_overdue((seller(by), order(of)));
                self.inquire(op);
            }
            Op::Reverse { .. }
            | Op::Capture { .. }
            | Op::Release { .. }
            | Op::Refund { .. }
            | Op::ChargeBack { .. } => self.move_money(op),
            Op::Wait { seconds } => self.now = self.now.plus_seconds(seconds),
            Op::EndGroup => self.end_group(),
            Op::Round => self.round(),
            Op::Restate { card, limit } => {
                let (id, (currency, ..)) = (account_id(card), CARDS[usize::from(card)]);
                self.model.restate(id, limit, self.generation);
                let terms = account(at_rest(card, self.generation), currency, limit, 0);
                self.apply(Change::Restated { id, terms, by: OPERATOR });
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
                self.apply(Change::Issued { id: account_id(card), enrolment: [code; 32], by: OPERATOR });
            }
            Op::Again { .. } => {}
        }
    }

    fn move_money(&mut self, op: &Op) {
        let (books, now) = (&self.books, self.now);
        match *op {
            Op::Reverse { seller: by, order: of } => {
                let key = (seller(by), order(of));
                self.end_overdue(key);
                let expected = self.model.reverse(key);
                self.carry_out(acts::reverse(&self.books, key), expected, op);
            }
            Op::Capture { seller: by, order: of, capture, amount, last } => {
                let (key, id) = ((seller(by), order(of)), CaptureId::from_bytes([capture; 16]));
                self.end_overdue(key);
                let booked = acts::capture(&self.books, key, id, Minor(amount), last);
                let late = booked == Err(Refusal::Expired);
                let expected = self.model.capture(key, id, amount, last, now);
                self.book(booked, expected, op);
                if late {
                    self.note_late(key, id, amount);
                }
            }
            Op::Release { seller: by, refund, order: of, amount } => {
                let (key, refund) = ((seller(by), order(of)), RefundId::from_bytes([refund; 16]));
                self.end_overdue(key);
                let act = acts::release(&self.books, key.0, refund, key.1, Minor(amount));
                let expected = self.model.release(key, refund, amount);
                self.carry_out(act, expected, op);
            }
            Op::Refund { seller: by, refund, order: of, amount } => {
                let (key, refund) = ((seller(by), order(of)), RefundId::from_bytes([refund; 16]));
                let booked = acts::refund(books, key.0, refund, key.1, Minor(amount));
                let expected = self.model.refund(key, refund, amount);
                self.book(booked, expected, op);
            }
            Op::ChargeBack { seller: by, order: of, id, amount, reason } => {
                let (key, id) = ((seller(by), order(of)), ChargebackId::from_bytes([id; 16]));
                let reason = ChargebackReason::ALL[usize::from(reason)];
                let booked = acts::charge_back(books, id, key, Minor(amount), reason, OPERATOR);
                let expected = self.model.charge_back(key, id, amount, reason);
                self.book(booked, expected, op);
            }
            Op::Inquire { .. }
            | Op::Wait { .. }
            | Op::EndGroup
            | Op::Round
            | Op::Restate { .. }
            | Op::NewKey
            | Op::Rekey { .. }
            | Op::Issue { .. }
            | Op::Again { .. } => {}
        }
    }

    /// What the writer does before it looks at an order.
    fn end_overdue(&mut self, key: Key) {
        let overdue = acts::overdue(&self.books, key, &self.policy, self.now);
        assert_eq!(overdue.is_some(), self.model.is_overdue(key, self.now));
        if let Some(change) = overdue {
            self.apply(change);
            self.model.expire(key);
        }
    }

    /// What the writer does after a capture that came too late.
    fn note_late(&mut self, key: Key, capture: CaptureId, amount: i64) {
        let late = acts::presented_late(&self.books, key, capture, Minor(amount));
        assert_eq!(late.is_some(), self.model.note_late(key, amount));
        late.into_iter().for_each(|change| self.apply(change));
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

    /// The model says the batch, and whether it was booked now.
    fn book(&mut self, booked: Result<Booked, Refusal>, expected: Result<(u32, bool), Refusal>, op: &Op) {
        let (batch, change) = match booked {
            Ok(Booked { batch, change }) => (batch, change),
            Err(refusal) => return assert_eq!(expected, Err(refusal), "{op:?} is refused"),
        };
        assert_eq!(expected, Ok((batch, change.is_some())), "{op:?} is booked");
        change.into_iter().for_each(|change| self.apply(change));
    }

    fn round(&mut self) {
        let due: Vec<_> = self.books.expired(self.policy.gives_back_until(self.now)).collect();
        assert_eq!(due, self.model.due(self.now));
        for key in due {
            let change = acts::expire(&self.books, key).expect("a hold that runs out is live");
            self.apply(change);
            self.model.expire(key);
        }
    }

    /// The faults are over: whatever is still held runs out, and every order has come to its end.
    fn end(&mut self) {
        self.now = self.now.plus_seconds(HOLD_SECONDS + GRACE_SECONDS);
        self.round();
        self.end_group();
        assert_eq!(self.books.totals().live_holds, 0, "I14: every hold ends");
        assert!(self.books.accounts().all(|(_, account)| account.held == Minor::ZERO));
    }
}

fn lives() -> u32 {
    let asked = std::env::var("KESSAI_LIVES").ok();
    asked.map_or(LIVES, |lives| lives.parse().expect("KESSAI_LIVES is a number"))
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(lives()))]

    #[test]
    fn every_life_keeps_the_invariants_and_ends(ops in prop::collection::vec(op(), 1..60)) {
        let mut life = Life::new();
        for op in &ops {
            let before = life.changes.len();
            life.step(op);
            if life.changes.len() > before {
                life.check_step();
            }
        }
        life.end();
        life.check();
    }
}

proptest! {
    #![proptest_config(cases(lives().div_ceil(50)))]

    /// The same, with everything that is kept of the books compared after every change.
    #[test]
    fn every_copy_of_the_books_is_the_same_after_every_change(ops in prop::collection::vec(op(), 1..70)) {
        let mut life = Life::new();
        for op in &ops {
            let before = life.changes.len();
            life.step(op);
            if life.changes.len() > before {
                life.check();
            }
        }
        life.end();
        life.check();
        life.compare_decisions();
    }
}
