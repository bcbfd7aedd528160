//! The card company: the settlement's books, by the acts that its daemon does, at the time of the trade.

use std::collections::HashMap;
use std::path::Path;

use kessai_server::sales::{Answer, Work};
use kessai_settlement::ledger::acts::{self, Booked, Inquired};
use kessai_settlement::ledger::{
    self, AccountAct, Audit, Books, Change, ChargeState, ClearingTerms, Proposed, Terms,
};
use kessai_settlement::vault::Vault;
use kessai_shared::card::Particulars;
use kessai_shared::ids::{CaptureId, OrderId, RefundId, RepaymentId};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, GroupHead, Inclusion, Signature};
use kessai_shared::settlement::{BatchTotals, Payout, Refusal};
use kessai_shared::time::{Timestamp, YearMonth};

/// Whoever does at the card company what an operator does.
pub const OPERATOR: Pin = Pin([9; 32]);

pub struct Company {
    pub books: Books,
    audit: Audit,
    position: u64,
    last: Timestamp,
    vault: Vault,
    cards: HashMap<String, Particulars>,
    terms: Terms,
    pub clearing: ClearingTerms,
    /// What left the bank and what came in, entry by entry.
    pub paid_out: i64,
    pub fees: i64,
}

impl Company {
    /// Opens the accounts of a table, as of an instant.
    pub fn open(table: &Path, at: Timestamp) -> Self {
        let keys = tempfile::tempdir().expect("a folder");
        let vault = Vault::load_or_create(&keys.path().join("vault.key"), &keys.path().join("journal"));
        let mut company = Self {
            books: Books::default(),
            audit: Audit::default(),
            position: 0,
            last: Timestamp(0),
            cards: cards(table),
            terms: Terms::default(),
            clearing: ClearingTerms::default(),
            paid_out: 0,
            fees: 0,
            vault: vault.expect("a vault"),
        };
        let policy = acts::adopt(&company.books, &Proposed::default(), OPERATOR).expect("the default policy");
        company.change(&policy.expect("a first policy"), at);
        let stated = kessai_settlement::import::accounts(table, &company.vault).expect("accounts").rows;
        for mut stated in stated {
            stated.account.life.billing.month = Some(at.month());
            stated.account.owe_late_months(at.month(), &company.terms);
            company.change(&acts::open(stated.account, OPERATOR), at);
        }
        company
    }

    pub fn card(&self, number: &str) -> &Particulars {
        self.cards.get(number).expect("a card of the table")
    }

    pub fn has_approved(&self, key: ledger::Key) -> bool {
        self.books.charge(&key).is_some_and(|charge| charge.state == ChargeState::Held)
    }

    fn refund(
        &mut self,
        seller: Pin,
        id: RefundId,
        (order, amount): (OrderId, Minor),
        at: Timestamp,
    ) -> Answer {
        let booked = acts::refund(&self.books, seller, id, order, amount);
        self.booked(booked, at).map_or_else(Answer::Refused, |batch| Answer::Refunded { batch })
    }

    /// Answers what a seller asks, as the service does.
    pub fn answer(&mut self, seller: Pin, work: &Work, card: Option<&str>, at: Timestamp) -> Answer {
        match work {
            Work::Inquire { purchase } => {
                let card = self.vault.present(self.card(card.expect("a card with the inquiry")));
                let policy = self.books.policies().policy();
                if let Inquired::Fresh(fresh) = acts::inquire(&self.books, purchase, Some(&card), policy, at)
                {
                    let change = acts::decided(*purchase, fresh, Vec::new(), policy, at);
                    self.change(&change, at);
                }
                let charge = self.books.charge(&(seller, purchase.order)).expect("a decision");
                let statement = charge.decided.as_ref().expect("a decision").statement();
                Answer::Decided(Box::new(Decision { statement, sealed_reason: Vec::new(), proof: proof() }))
            }
            Work::Reverse { order } => {
                let done = acts::reverse(&self.books, (seller, *order)).map(|change| self.take(change, at));
                done.map_or_else(Answer::Refused, |()| Answer::Reversed)
            }
            Work::Capture { order, nth, amount, last } => {
                let id = CaptureId::of(*order, *nth);
                let booked = acts::capture(&self.books, (seller, *order), id, *amount, *last);
                self.booked(booked, at).map_or_else(Answer::Refused, |batch| Answer::Captured { batch })
            }
            Work::Release { given, order, amount } => {
                let id = Work::refund_id(*given, *order);
                let done = acts::release(&self.books, seller, id, *order, *amount);
                let done = done.map(|change| self.take(change, at));
                done.map_or_else(Answer::Refused, |()| Answer::Released)
            }
            Work::Refund { given, order, amount } => {
                self.refund(seller, RefundId::of(*given, *order), (*order, *amount), at)
            }
            Work::Repay { order, refund, amount } => self.refund(seller, *refund, (*order, *amount), at),
        }
    }

    /// Closes the seller's batch, if anything was booked under it.
    pub fn close_batch(&mut self, seller: Pin, at: Timestamp) -> Option<(u32, Vec<Payout>)> {
        let number = self.books.open_batch(seller);
        let change = ledger::closing::close(&self.books, seller, None, &self.clearing).ok()?;
        self.change(&change, at);
        let closed = self.books.batches_of(seller)?.closed.get(&number)?;
        Some((number, closed.payouts.clone()))
    }

    /// 0500: whether the seller's totals of a batch are the same.
    pub fn reconcile(&mut self, seller: Pin, batch: u32, totals: &[BatchTotals], at: Timestamp) -> bool {
        let (change, answer) =
            ledger::closing::reconcile(&self.books, seller, batch, totals).expect("a closed batch");
        self.take(change, at);
        answer.agrees
    }

    /// States the month of every account, and gives the sums of what moved.
    pub fn state(&mut self, month: YearMonth, at: Timestamp) -> ledger::Moved {
        let due: Vec<_> = self.books.to_close(month).collect();
        let mut sums = ledger::Moved::default();
        for id in due {
            let change =
                ledger::close_month(&self.books, id, month, &self.terms, None).expect("an open month");
            self.change(&change, at);
            let Some(statement) = self.books.statements_of(id).next_back().filter(|s| s.month == month)
            else {
                continue;
            };
            assert!(statement.adds_up(), "{statement:?}");
            sums.purchases.0 += statement.moved.purchases.0;
            sums.refunds.0 += statement.moved.refunds.0;
            sums.repayments.0 += statement.moved.repayments.0;
            sums.fees.0 += statement.moved.fees.0;
        }
        assert_eq!(self.books.count_to_close(month), 0, "a month stays open");
        sums
    }

    /// Cardholders pay what they were last asked for: most of them all of it, some the least they have to,
    /// and a few nothing at all. Gives the sum.
    pub fn repay_all(&mut self, month: YearMonth, at: Timestamp) -> i64 {
        let mut asked: Vec<_> = self
            .books
            .statements()
            .filter(|((_, of), _)| *of == month)
            .map(|((id, _), s)| (*id, *s))
            .collect();
        asked.sort_unstable_by_key(|(id, _)| *id);
        let mut sum = 0;
        for (id, statement) in asked {
            let amount = match id.0[0] % 10 {
                0 => Minor::ZERO,
                1..=3 => statement.minimum_due,
                _ => statement.closing,
            };
            if !amount.is_positive() {
                continue;
            }
            let mut random = [0; 10];
            random.copy_from_slice(&id.0[..10]);
            let act = AccountAct::Repay { repayment: RepaymentId::mint(at, random), amount };
            let change =
                ledger::act(&self.books, id, &act, (OPERATOR, at)).expect("a repayment").expect("a new one");
            self.change(&change, at);
            sum += amount.0;
        }
        sum
    }

    pub fn owed(&self) -> i64 {
        self.books.accounts().map(|(_, account)| account.balance.0).sum()
    }

    pub fn held(&self) -> i64 {
        self.books.accounts().map(|(_, account)| account.held.0).sum()
    }

    /// Everything that the audit finds wrong.
    pub fn problems(self) -> Vec<String> {
        self.audit.finish(&self.books)
    }

    fn booked(&mut self, booked: Result<Booked, Refusal>, at: Timestamp) -> Result<u32, Refusal> {
        let Booked { batch, change } = booked?;
        self.take(change, at);
        Ok(batch)
    }

    fn take(&mut self, change: Option<Change>, at: Timestamp) {
        change.iter().for_each(|change| self.change(change, at));
    }

    fn change(&mut self, change: &Change, at: Timestamp) {
        self.position += 1;
        self.last = at.max(Timestamp(self.last.0 + 1));
        self.books.apply(change, self.position, self.last).unwrap_or_else(|why| panic!("{why}: {change:?}"));
        self.books.end_group(self.position, self.position, self.last, [0; 32]);
        self.audit.see(change, &self.books);
        for entry in change.entries() {
            if entry.credit == ledger::LedgerAccount::Bank && matches!(change, Change::Batch(_)) {
                self.paid_out += entry.amount.0;
            }
            if entry.credit == ledger::LedgerAccount::MerchantFees {
                self.fees += entry.amount.0;
            }
        }
    }
}

fn cards(table: &Path) -> HashMap<String, Particulars> {
    let mut rows = csv::Reader::from_path(table).expect("the accounts");
    let rows = rows.records().map(|row| row.expect("a row"));
    let card = |row: &csv::StringRecord| Particulars {
        number: row[0].parse().expect("a number"),
        name: row[1].parse().expect("a name"),
        birth_date: row[2].parse().expect("a day"),
        expiry: row[3].parse().expect("a month"),
    };
    rows.map(|row| (row[0].to_owned(), card(&row))).collect()
}

/// Nobody here asks for a proof; the seller passes it on as it is.
fn proof() -> Inclusion {
    let (first, last, at, decisions) = (1, 1, Timestamp(1), 1);
    let head = GroupHead { first, last, at, decisions, root: [8; 32], journal: [9; 32] };
    Inclusion { head, signature: Signature::from([7; 64]), index: 0, path: Vec::new() }
}
