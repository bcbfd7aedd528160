//! An independent count over the changes, to hold against the books: I1, I3, I5, I8, I12.
//!
//! It adds up the double entries and the decisions by itself and shares no arithmetic with
//! [`Books::apply`], so that a mistake in one shows in the other.

use std::collections::{BTreeMap, HashMap};

use kessai_shared::money::Currency;
use kessai_shared::outcome::Reason;

use super::account::AccountId;
use super::books::{Books, Change, Key};
use super::entry::{Entry, LedgerAccount};
use super::hold::ChargeState;
use super::proofs::{Proofs, Proven};
use super::rulings::Rulings;

#[derive(Default)]
pub struct Audit {
    postings: HashMap<(Currency, LedgerAccount), i128>,
    decided: HashMap<Key, (Reason, i64)>,
    /// What was captured, with what had been given back of the hold before.
    captured: HashMap<Key, i64>,
    refunded: HashMap<Key, i64>,
    dead: HashMap<Key, &'static str>,
    /// How many changes were seen: where in the journal the last one stands.
    seen: u64,
    proofs: Proofs,
    rulings: Rulings,
    proven: Option<Proven>,
    problems: Vec<String>,
}

impl Audit {
    /// Begins with books that were loaded from a checkpoint of this position, instead of with none.
    /// What they hold is counted from the charges, and so held against the accounts in the end; what
    /// they owe is taken for their opening balance, as nothing before it can be seen.
    pub fn begin(&mut self, books: &Books, position: u64) {
        self.seen = position;
        for (id, account) in books.accounts() {
            self.post(&[Entry::opening(account.currency, *id, account.balance)]);
        }
        books.policies().all().for_each(|adopted| self.rulings.load(adopted));
        let mut refunds: HashMap<Key, i64> = HashMap::new();
        for ((seller, _), refund) in books.refunds() {
            *refunds.entry((*seller, refund.order)).or_default() += refund.amount.0;
        }
        for (key, charge) in books.charges() {
            if let Some((id, currency)) = charge.payer() {
                self.post(&[Entry::hold(currency, id, key.0, charge.live_hold())]);
            }
            if let Some(decided) = &charge.decided {
                self.decided.insert(*key, (decided.reason, decided.purchase.amount.0));
                self.proofs.load(*key, decided);
                let wrong = self.rulings.in_force_at(decided.position, decided.policy).err();
                wrong.iter().for_each(|what| self.problem("policy", key, what));
            }
            let refunded = refunds.remove(key).unwrap_or(0);
            if refunded > 0 {
                self.refunded.insert(*key, refunded);
            }
            // What was given back of a charge came after its capture, all else before it.
            let of_hold = refunded - charge.refunded.0;
            match charge.state {
                ChargeState::Captured => {
                    self.captured.insert(*key, charge.captured.0 + of_hold);
                }
                ChargeState::Reversed | ChargeState::Tombstone => {
                    self.dead.insert(*key, "was reversed");
                }
                ChargeState::Expired => {
                    self.dead.insert(*key, "has expired");
                }
                ChargeState::Held | ChargeState::Declined => {}
            }
            if of_hold < 0 || of_hold > charge.voided.0 {
                self.problem("I1", key, "has other refunds than its charge says");
            }
        }
        refunds.keys().for_each(|key| self.problem("I12", key, "has refunds and no charge"));
    }

    /// Takes in one change; `books` are as they are after it.
    pub fn see(&mut self, change: &Change, books: &Books) {
        self.seen += 1;
        match change {
            Change::Opened { entry, .. } => self.post(&[*entry]),
            // None of these moves money.
            Change::Restated { .. } | Change::Rekeyed { .. } | Change::Issued { .. } => {}
            Change::PolicyAdopted(adoption) => {
                self.problems.extend(self.rulings.adopt(adoption, self.seen));
            }
            Change::Decided(decided) => {
                let key = (decided.purchase.seller, decided.purchase.order);
                let wrong = self.rulings.judge(decided, self.seen, books).err();
                wrong.iter().for_each(|what| self.problem("policy", &key, what));
                self.post(&decided.entries);
                let amount = decided.purchase.amount.0;
                if self.decided.insert(key, (decided.reason, amount)).is_some() {
                    self.problem("I8", &key, "has two decisions");
                }
                if let Some(known) = books.charge(&key).and_then(|charge| charge.decided.as_ref()) {
                    self.proofs.see(decided, self.seen, known.at);
                }
                if decided.reason == Reason::Approved {
                    self.alive(&key, "is approved");
                    self.within_limit(decided.account, books, &key);
                }
            }
            Change::Captured { key, amount, entries } => {
                self.post(entries);
                self.alive(key, "is captured");
                self.approved(key, "is captured");
                // What was given back of the hold cannot be captured any more, and what was not
                // captured cannot be given back after it.
                let taken = amount.0 + self.refunded.get(key).copied().unwrap_or(0);
                if self.captured.insert(*key, taken).is_some() {
                    self.problem("I1", key, "is captured twice");
                }
                let authorized = self.decided.get(key).map_or(0, |(_, amount)| *amount);
                if taken > authorized {
                    self.problem("I1", key, "is captured for more than was held");
                }
            }
            Change::Refunded { key, amount, entries, .. } => {
                self.post(entries);
                self.approved(key, "is refunded");
                let refunded = self.refunded.entry(*key).or_default();
                *refunded += amount.0;
                let authorized = self.decided.get(key).map_or(0, |(_, amount)| *amount);
                if *refunded > self.captured.get(key).copied().unwrap_or(authorized) {
                    self.problem("I1", key, "is refunded for more than was taken");
                }
            }
            Change::Reversed { key, entries } => {
                self.post(entries);
                self.dead.insert(*key, "was reversed");
            }
            Change::Expired { key, entries } => {
                self.post(entries);
                self.dead.insert(*key, "has expired");
            }
        }
    }

    /// How many decisions have their place in a group of the journal, after the last change. Those
    /// that have none are among what [`Audit::finish`] tells.
    pub fn prove(&mut self, books: &Books) -> Proven {
        if let Some(proven) = self.proven {
            return proven;
        }
        let (proven, problems) = self.proofs.check(books);
        problems.iter().for_each(|(key, what)| self.problem("I8", key, what));
        self.proven = Some(proven);
        proven
    }

    /// Everything that is wrong, one sentence each, after the last change.
    pub fn finish(mut self, books: &Books) -> Vec<String> {
        self.prove(books);
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for ((currency, _), sum) in &self.postings {
            *sums.entry(*currency).or_default() += sum;
        }
        for (currency, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            let code = currency.code();
            self.problems.push(format!("I5: the entries in {code} sum to {sum}, not to zero"));
        }
        for (id, account) in books.accounts() {
            let posted = |kind| self.postings.get(&(account.currency, kind)).copied().unwrap_or(0);
            let balance = posted(LedgerAccount::Receivable(*id));
            let held = posted(LedgerAccount::Held(*id));
            if balance != i128::from(account.balance.0) || held != i128::from(account.held.0) {
                let text = format!(
                    "I5: account {id:?} has balance {} and holds {}, its entries say {balance} and {held}",
                    account.balance, account.held
                );
                self.problems.push(text);
            }
        }
        for (key, charge) in books.charges() {
            let live = charge.live_hold().0;
            if live < 0 || charge.captured.0 + charge.voided.0 + live != charge.authorized.0 {
                self.problem("I1", key, "does not account for all that was held");
            }
            if live > 0 && self.dead.contains_key(key) {
                self.problem("I9", key, "has a live hold after its end");
            }
        }
        self.problems
    }

    fn post(&mut self, entries: &[Entry]) {
        for entry in entries {
            *self.postings.entry((entry.currency, entry.debit)).or_default() += i128::from(entry.amount.0);
            *self.postings.entry((entry.currency, entry.credit)).or_default() -= i128::from(entry.amount.0);
        }
    }

    fn within_limit(&mut self, account: Option<AccountId>, books: &Books, key: &Key) {
        let account = account.and_then(|id| books.account(id));
        if account.is_none_or(|account| account.open_to_buy().0 < 0) {
            self.problem("I3", key, "took its account over the limit");
        }
    }

    fn alive(&mut self, key: &Key, what: &str) {
        if let Some(end) = self.dead.get(key) {
            self.problem("I9", key, &format!("{what} after it {end}"));
        }
    }

    fn approved(&mut self, key: &Key, what: &str) {
        if !matches!(self.decided.get(key), Some((Reason::Approved, _))) {
            self.problem("I12", key, &format!("{what} without an approval"));
        }
    }

    fn problem(&mut self, invariant: &str, key: &Key, what: &str) {
        self.problems.push(format!("{invariant}: order {} {what}", key.1));
    }
}
