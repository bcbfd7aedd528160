//! An independent count over the changes, to hold against the books: I1, I3, I5, I8, I9, I10, I12.
//!
//! It adds up the double entries and the decisions by itself and shares no arithmetic with
//! [`Books::apply`], so that a mistake in one shows in the other.

mod clearing;
mod epochs;
mod orders;

use std::collections::{BTreeMap, HashMap, HashSet};

use kessai_shared::money::Currency;
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::trail::TrailAudit;

use super::account::AccountId;
use super::books::{Books, Change, DecidedChange, Key};
use super::entry::{Entry, LedgerAccount};
use super::life::LifeAudit;
use super::proofs::{Proofs, Proven};
use super::rulings::Rulings;
use epochs::Epochs;
use orders::Orders;

#[derive(Default)]
pub struct Audit {
    postings: HashMap<(Currency, LedgerAccount), i128>,
    /// The orders that are decided.
    decided: HashSet<Key>,
    orders: Orders,
    /// How many changes were seen: where in the journal the last one stands.
    seen: u64,
    proofs: Proofs,
    lives: LifeAudit,
    rulings: Rulings,
    epochs: Epochs,
    trail: TrailAudit,
    proven: Option<Proven>,
    problems: Vec<String>,
}

impl Audit {
    /// Begins with books that were loaded from a checkpoint of this position, instead of with none.
    /// What they hold is counted from the charges, and so held against the accounts in the end; what
    /// they owe is taken for their opening balance, as nothing before it can be seen.
    pub fn begin(&mut self, books: &Books, position: u64) {
        self.seen = position;
        self.lives.begin(books);
        for (id, account) in books.accounts() {
            self.post(&[Entry::opening(account.currency, *id, account.balance)]);
        }
        books.policies().all().for_each(|adopted| self.rulings.load(adopted));
        for (key, charge) in books.charges() {
            if let Some((id, currency)) = charge.payer() {
                self.post(&[Entry::hold(currency, id, key.0, charge.live_hold())]);
            }
            if let Some(decided) = &charge.decided {
                self.decided.insert(*key);
                self.proofs.load(*key, decided);
                let wrong = self.rulings.in_force_at(decided.position, decided.policy).err();
                wrong.iter().for_each(|what| self.problem("policy", key, what));
            }
        }
        for (seller, batches) in books.batches() {
            for (currency, owed) in clearing::owed(batches) {
                self.owe(*seller, currency, owed);
            }
        }
        self.orders.begin(books);
        self.epochs.begin(books);
        self.trail.begin(books.trail());
    }

    /// Takes what a seller is owed in the rows of a checkpoint as it is: nothing before it can be seen.
    fn owe(&mut self, seller: Pin, currency: Currency, owed: i128) {
        *self.postings.entry((currency, LedgerAccount::Payable(seller))).or_default() -= owed;
        *self.postings.entry((currency, LedgerAccount::Opening)).or_default() += owed;
    }

    /// Takes in one change; `books` are as they are after it.
    pub fn see(&mut self, change: &Change, books: &Books) {
        self.seen += 1;
        self.lives.see(change, books);
        self.trail.see(change.by());
        let entries = change.entries();
        self.post(entries);
        self.orders.see(change);
        self.problems.extend(self.epochs.see(change, self.seen));
        if let Change::Decided(decided) = change {
            self.decide(decided, books);
        }
        if let Change::PolicyAdopted(adoption) = change {
            self.problems.extend(self.rulings.adopt(adoption, self.seen));
        }
        self.owes_what_is_posted(entries, books);
    }

    fn decide(&mut self, decided: &DecidedChange, books: &Books) {
        let key = (decided.purchase.seller, decided.purchase.order);
        if !self.decided.insert(key) {
            self.problem("I8", &key, "has two decisions");
        }
        let wrong = self.rulings.judge(decided, self.seen, books).err();
        wrong.iter().for_each(|what| self.problem("policy", &key, what));
        if let Some(known) = books.charge(&key).and_then(|charge| charge.decided.as_ref()) {
            self.proofs.see(decided, self.seen, known.at);
        }
        if decided.reason == Reason::Approved {
            self.orders.approved(key, decided.purchase.amount.0);
            self.within_limit(decided.account, books, &key);
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
        for (id, _) in books.accounts() {
            self.owes(*id, books);
        }
        self.problems.extend(std::mem::take(&mut self.lives).finish(books));
        self.foreign(books);
        self.problems.extend(clearing::problems(books, &self.postings));
        self.problems.extend(std::mem::take(&mut self.epochs).finish(books));
        self.problems.extend(std::mem::take(&mut self.trail).finish(books.trail()));
        let (orders, batches) = std::mem::take(&mut self.orders).finish(books);
        orders.iter().for_each(|(invariant, key, what)| self.problem(invariant, key, what));
        self.problems.extend(batches);
        self.problems
    }

    fn post(&mut self, entries: &[Entry]) {
        for entry in entries {
            *self.postings.entry((entry.currency, entry.debit)).or_default() += i128::from(entry.amount.0);
            *self.postings.entry((entry.currency, entry.credit)).or_default() -= i128::from(entry.amount.0);
        }
    }

    /// I5 for every account that these entries are about.
    fn owes_what_is_posted(&mut self, entries: &[Entry], books: &Books) {
        let mut ids: Vec<AccountId> = entries
            .iter()
            .flat_map(|entry| [cardholder(entry.debit), cardholder(entry.credit)])
            .flatten()
            .collect();
        ids.dedup();
        ids.into_iter().for_each(|id| self.owes(id, books));
    }

    fn owes(&mut self, id: AccountId, books: &Books) {
        let Some(account) = books.account(id) else {
            self.problems.push(format!("I5: there are entries of account {id:?}, which does not exist"));
            return;
        };
        let posted = |kind| self.postings.get(&(account.currency, kind)).copied().unwrap_or(0);
        let (balance, held) = (posted(LedgerAccount::Receivable(id)), posted(LedgerAccount::Held(id)));
        if balance != i128::from(account.balance.0) || held != i128::from(account.held.0) {
            self.problems.push(format!(
                "I5: account {id:?} has balance {} and holds {}, its entries say {balance} and {held}",
                account.balance, account.held
            ));
        }
    }

    /// An account has one currency; no entry of it may be in another.
    fn foreign(&mut self, books: &Books) {
        for (currency, account) in self.postings.keys() {
            let own = cardholder(*account).and_then(|id| books.account(id)).map(|account| account.currency);
            if own.is_some_and(|own| own != *currency) {
                let code = currency.code();
                self.problems
                    .push(format!("I5: {account:?} has entries in {code}, which is not its currency"));
            }
        }
    }

    fn within_limit(&mut self, account: Option<AccountId>, books: &Books, key: &Key) {
        let account = account.and_then(|id| books.account(id));
        if account.is_none_or(|account| account.open_to_buy().0 < 0) {
            self.problem("I3", key, "took its account over the limit");
        }
    }

    fn problem(&mut self, invariant: &str, key: &Key, what: &str) {
        self.problems.push(format!("{invariant}: order {} {what}", key.1));
    }
}

fn cardholder(account: LedgerAccount) -> Option<AccountId> {
    match account {
        LedgerAccount::Receivable(id) | LedgerAccount::Held(id) => Some(id),
        LedgerAccount::Payable(_)
        | LedgerAccount::PayableOnCapture(_)
        | LedgerAccount::Opening
        | LedgerAccount::Bank
        | LedgerAccount::MerchantFees
        | LedgerAccount::CardholderFees
        | LedgerAccount::WriteOffs => None,
    }
}
