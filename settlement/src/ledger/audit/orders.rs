//! The money of every order once more, and what each clearing batch comes to, from the changes and
//! their entries alone: I1, I9, I12.

use std::collections::{HashMap, HashSet};

use kessai_shared::ids::{CaptureId, ChargebackId, RefundId};
use kessai_shared::money::Currency;
use kessai_shared::pin::Pin;

use crate::ledger::books::{Books, Change, Key};
use crate::ledger::entry::{Entry, LedgerAccount};
use crate::ledger::given::GivenBack;
use crate::ledger::hold::{Charge, ChargeState};

/// Something that is wrong with an order: the invariant that is broken, and how.
pub(super) type Problem = (&'static str, Key, &'static str);

/// What the changes have done to one order, in minor units.
#[derive(Clone, Copy, Default)]
struct Line {
    approved: bool,
    held: i64,
    captured: i64,
    /// Refunds and chargebacks together.
    taken_back: i64,
    ended: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Reversed,
    Expired,
}

/// What a movement of money goes by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum MoneyId {
    Capture(Key, CaptureId),
    /// A release or a refund.
    GivenBack(Pin, RefundId),
    Chargeback(ChargebackId),
}

/// Counts and sums of captures, refunds and chargebacks.
type Sums = [(u64, i128); 3];

#[derive(Clone, Copy)]
enum Kind {
    Capture = 0,
    Refund = 1,
    Chargeback = 2,
}

#[derive(Default)]
pub(super) struct Orders {
    lines: HashMap<Key, Line>,
    batches: HashMap<(Pin, u32, Currency), Sums>,
    /// Every id of a capture, release, refund and chargeback; one of them moves money once.
    ids: HashSet<MoneyId>,
    problems: Vec<Problem>,
}

impl Orders {
    /// Begins with the rows of a checkpoint. Sums are made from the single captures, refunds and
    /// chargebacks, not read from the sums that the books keep.
    pub(super) fn begin(&mut self, books: &Books) {
        for (key, charge) in books.charges() {
            let line = self.lines.entry(*key).or_default();
            line.approved = charge.account.is_some();
            line.held = charge.live_hold().0;
            line.ended = end_of(charge);
            for capture in &charge.captures {
                line.captured += capture.amount.0;
                self.ids.insert(MoneyId::Capture(*key, capture.id));
            }
            let Some((_, currency)) = charge.payer() else { continue };
            for capture in &charge.captures {
                self.add((key.0, capture.batch, currency), Kind::Capture, capture.amount.0);
            }
        }
        let mut released: HashMap<Key, i64> = HashMap::new();
        for ((seller, id), refund) in books.refunds() {
            let key = (*seller, refund.order);
            self.ids.insert(MoneyId::GivenBack(*seller, *id));
            match refund.given {
                GivenBack::Released => *released.entry(key).or_default() += refund.amount.0,
                GivenBack::Refunded { batch } => {
                    self.taken_back(books, key, batch, Kind::Refund, refund.amount.0);
                }
            }
        }
        for (id, chargeback) in books.chargebacks() {
            self.ids.insert(MoneyId::Chargeback(*id));
            self.taken_back(books, chargeback.key, chargeback.batch, Kind::Chargeback, chargeback.amount.0);
        }
        for (key, released) in released {
            if books.charge(&key).is_none_or(|charge| released > charge.voided.0) {
                self.problems.push(("I1", key, "has other releases than its charge says"));
            }
        }
    }

    fn taken_back(&mut self, books: &Books, key: Key, batch: u32, kind: Kind, amount: i64) {
        self.lines.entry(key).or_default().taken_back += amount;
        match books.charge(&key).and_then(Charge::payer) {
            Some((_, currency)) => self.add((key.0, batch, currency), kind, amount),
            None => self.problems.push(("I12", key, "has money given back and no charge")),
        }
    }

    pub(super) fn approved(&mut self, key: Key, amount: i64) {
        let line = self.lines.entry(key).or_default();
        if let Some(end) = line.ended {
            self.problems.push((
                "I9",
                key,
                end.told("is approved after it was reversed", "is approved after it has expired"),
            ));
        }
        (line.approved, line.held) = (true, amount);
    }

    /// Takes in a change that is about the money of an order; others are none of its business.
    pub(super) fn see(&mut self, change: &Change) {
        match change {
            Change::Captured { key, capture, entries, .. } => {
                self.once(*key, MoneyId::Capture(*key, capture.id));
                self.book(key.0, capture.batch, Kind::Capture, entries);
                let line = self.alive(*key, "is captured without an approval");
                if let Some(end) = line.ended {
                    let what =
                        end.told("is captured after it was reversed", "is captured after it has expired");
                    self.problems.push(("I9", *key, what));
                }
                let line = self.lines.entry(*key).or_default();
                line.held -= capture.amount.0;
                line.captured += capture.amount.0;
                if line.held < 0 || capture.amount.0 <= 0 {
                    self.problems.push(("I1", *key, "is captured for more than was held"));
                } else if capture.last {
                    line.held = 0;
                }
            }
            Change::Released { key, release, amount, .. } => {
                self.once(*key, MoneyId::GivenBack(key.0, *release));
                self.alive(*key, "is released without an approval");
                let line = self.lines.entry(*key).or_default();
                line.held -= amount.0;
                if line.held < 0 || amount.0 <= 0 {
                    self.problems.push(("I1", *key, "is released for more than was held"));
                } else if line.held == 0 && line.captured == 0 {
                    line.ended = Some(End::Reversed);
                }
            }
            Change::Refunded { key, refund, amount, batch, entries, .. } => {
                self.once(*key, MoneyId::GivenBack(key.0, *refund));
                self.give_back(*key, *batch, Kind::Refund, amount.0, entries);
            }
            Change::ChargedBack { id, chargeback, entries } => {
                let key = chargeback.key;
                self.once(key, MoneyId::Chargeback(*id));
                self.give_back(key, chargeback.batch, Kind::Chargeback, chargeback.amount.0, entries);
            }
            Change::Reversed { key, .. } => {
                let line = self.lines.entry(*key).or_default();
                if line.captured > 0 {
                    self.problems.push(("I1", *key, "is reversed after it was captured"));
                }
                (line.held, line.ended) = (0, Some(End::Reversed));
            }
            Change::Expired { key, .. } => {
                let line = self.alive(*key, "expires without an approval");
                (line.held, line.ended) = (0, Some(End::Expired));
            }
            Change::PresentedLate { key, .. } => {
                if self.lines.get(key).is_none_or(|line| line.ended != Some(End::Expired)) {
                    self.problems.push(("I9", *key, "is captured too late, and had not expired"));
                }
            }
            // What leaves a batch once it is closed is counted from the entries alone.
            Change::Batch(_)
            | Change::Opened { .. }
            | Change::Restated { .. }
            | Change::Decided(_)
            | Change::Rekeyed { .. }
            | Change::Issued { .. }
            | Change::Account(_)
            | Change::PolicyAdopted(_)
            | Change::Granted(_)
            | Change::Operated { .. } => {}
        }
    }

    /// What is wrong, after the last change.
    pub(super) fn finish(mut self, books: &Books) -> (Vec<Problem>, Vec<String>) {
        for (key, charge) in books.charges() {
            let live = charge.live_hold().0;
            if live < 0 || charge.captured.0 + charge.voided.0 + live != charge.authorized.0 {
                self.problems.push(("I1", *key, "does not account for all that was held"));
            }
            let line = self.lines.get(key).copied().unwrap_or_default();
            if live > 0 && line.ended.is_some() {
                self.problems.push(("I9", *key, "has a live hold after its end"));
            }
            let money = (live, charge.captured.0, charge.refunded.0 + charge.charged_back.0);
            if money != (line.held, line.captured, line.taken_back) {
                self.problems.push(("I1", *key, "has other money than its changes say"));
            }
        }
        let batches = self.batch_problems(books);
        (self.problems, batches)
    }

    fn batch_problems(&mut self, books: &Books) -> Vec<String> {
        let mut problems = Vec::new();
        for (seller, batches) in books.batches() {
            for (batch, totals) in &batches.totals {
                for (currency, cleared) in totals {
                    let sums = self.batches.remove(&(*seller, *batch, *currency)).unwrap_or_default();
                    let there = [
                        (cleared.captures, i128::from(cleared.captured.0)),
                        (cleared.refunds, i128::from(cleared.refunded.0)),
                        (cleared.chargebacks, i128::from(cleared.charged_back.0)),
                    ];
                    if sums != there || *batch > batches.open {
                        let code = currency.code();
                        problems.push(format!(
                            "I5: batch {batch} of seller {seller} has {there:?} in {code}, its entries say {sums:?}"
                        ));
                    }
                }
            }
        }
        for (seller, batch, currency) in self.batches.keys() {
            let code = currency.code();
            problems.push(format!("I5: batch {batch} of seller {seller} is not in the books in {code}"));
        }
        problems
    }

    fn give_back(&mut self, key: Key, batch: u32, kind: Kind, amount: i64, entries: &[Entry]) {
        self.book(key.0, batch, kind, entries);
        let line = self.alive(key, "is refunded without an approval");
        line.taken_back += amount;
        if line.taken_back > line.captured || amount <= 0 {
            self.problems.push(("I1", key, "is refunded for more than was taken"));
        }
    }

    /// Adds what the entries move between anybody and what the seller is owed.
    fn book(&mut self, seller: Pin, batch: u32, kind: Kind, entries: &[Entry]) {
        let payable = LedgerAccount::Payable(seller);
        for entry in entries.iter().filter(|entry| entry.credit == payable || entry.debit == payable) {
            let to_seller = if entry.credit == payable { entry.amount.0 } else { -entry.amount.0 };
            let amount = match kind {
                Kind::Capture => to_seller,
                Kind::Refund | Kind::Chargeback => -to_seller,
            };
            self.add((seller, batch, entry.currency), kind, amount);
        }
    }

    fn add(&mut self, batch: (Pin, u32, Currency), kind: Kind, amount: i64) {
        let (count, sum) = &mut self.batches.entry(batch).or_default()[kind as usize];
        *count += 1;
        *sum += i128::from(amount);
    }

    fn once(&mut self, key: Key, id: MoneyId) {
        if !self.ids.insert(id) {
            self.problems.push(("I1", key, "has one id for two movements of money"));
        }
    }

    fn alive(&mut self, key: Key, problem: &'static str) -> &mut Line {
        let line = self.lines.entry(key).or_default();
        if !line.approved {
            self.problems.push(("I12", key, problem));
        }
        line
    }
}

impl End {
    fn told(self, reversed: &'static str, expired: &'static str) -> &'static str {
        match self {
            End::Reversed => reversed,
            End::Expired => expired,
        }
    }
}

fn end_of(charge: &Charge) -> Option<End> {
    match charge.state {
        ChargeState::Reversed | ChargeState::Tombstone => Some(End::Reversed),
        ChargeState::Expired => Some(End::Expired),
        ChargeState::Captured if charge.ran_out => Some(End::Expired),
        ChargeState::Captured | ChargeState::Held | ChargeState::Declined => None,
    }
}
