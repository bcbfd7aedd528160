//! The lives of card accounts: months and statements, repayments and lateness, blocks, limit, close and
//! write-off, by the acts themselves and by the writer with its clock.

mod lateness;
mod model;
mod months;
mod operators;
mod rounds;

use kessai_settlement::ledger::acts::{self, Inquired};
use kessai_settlement::ledger::{
    self, Account, AccountAct, AccountId, AtRest, Audit, Books, Candidate, Change, NotDone, Presented,
    Statement, Terms,
};
use kessai_shared::ids::{CaptureId, OrderId, RefundId, RepaymentId, ReturnId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::store::{self, Stamp};
use kessai_shared::time::{Timestamp, YearMonth};

const SELLER: Pin = Pin([100; 32]);
const OPERATOR: Pin = Pin([77; 32]);
const HOLDER: [u8; 32] = [1; 32];
const DAY: u64 = 86_400;

fn month(text: &str) -> YearMonth {
    text.parse().expect("a month")
}

/// Noon of a day, UTC.
fn noon(text: &str) -> Timestamp {
    let days = |date: &str| {
        let mut parts = date.split('-').map(|part| part.parse::<i64>().expect("a number"));
        let mut next = || parts.next().expect("a part");
        let (year, month, day) = (next(), next(), next());
        // Days from civil, after Howard Hinnant.
        let year = if month <= 2 { year - 1 } else { year };
        let shifted = (month + 9) % 12;
        let of_year = (153 * shifted + 2) / 5 + day - 1;
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
    };
    Timestamp((days(text).unsigned_abs() * DAY + DAY / 2) * 1_000_000)
}

fn id(card: u8) -> AccountId {
    AccountId([card; 16])
}

fn new_account(card: u8, limit: i64, balance: i64) -> Account {
    let kept = AtRest { generation: 1, index: [card; 16], sealed: vec![card], particulars: HOLDER };
    let account = Account::new(kept, month("2040-01"), Currency::Gbp, Minor(limit));
    Account { balance: Minor(balance), ..account }
}

fn presented(card: u8) -> Presented {
    Presented {
        passes_luhn: true,
        candidates: vec![Candidate { generation: 1, index: [card; 16], particulars: HOLDER }],
        expiry: month("2040-01"),
        holder: None,
        enrolment: None,
    }
}

/// Books, and the changes that they are made of.
struct World {
    books: Books,
    changes: Vec<(Change, Stamp)>,
    terms: Terms,
    now: Timestamp,
    numbers: u64,
}

impl World {
    fn new(day: &str) -> Self {
        let terms = Terms { late_fee: Minor(250), ..Terms::default() };
        Self { books: Books::default(), changes: Vec::new(), terms, now: noon(day), numbers: 0 }
    }

    /// One account with money to spend, opened on this day.
    fn with_account(day: &str, limit: i64, balance: i64) -> Self {
        let mut world = Self::new(day);
        world.apply(acts::open(new_account(1, limit, balance), OPERATOR));
        world
    }

    fn on(&mut self, day: &str) -> &mut Self {
        self.now = self.now.max(noon(day));
        self
    }

    fn apply(&mut self, change: Change) {
        let position = self.changes.len() as u64 + 1;
        let stamp = Stamp { position, time: self.now };
        // What is decided here comes back from its bytes.
        let bytes = <Books as store::Books>::encode(&change);
        assert_eq!(<Books as store::Books>::decode(&bytes).as_ref(), Ok(&change));
        self.books.apply(&change, position, self.now).expect("an act proposes what can follow");
        self.changes.push((change, stamp));
    }

    fn account(&self, card: u8) -> &Account {
        self.books.account(id(card)).expect("an account")
    }

    fn statements(&self, card: u8) -> Vec<Statement> {
        self.books.statements_of(id(card)).copied().collect()
    }

    fn number(&mut self) -> [u8; 16] {
        self.numbers += 1;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.numbers.to_le_bytes());
        bytes
    }

    fn purchase(&mut self, amount: i64) -> Purchase {
        let (order, deadline) = (OrderId::from_bytes(self.number()), self.now.plus_seconds(60));
        let (amount, currency, quote_hash) = (Minor(amount), Currency::Gbp, [0; 32]);
        Purchase { seller: SELLER, order, amount, currency, quote_hash, deadline }
    }

    /// What the credit rules say of a purchase; an approval is held.
    fn inquire(&mut self, card: u8, amount: i64) -> (OrderId, Reason) {
        let purchase = self.purchase(amount);
        let policy = self.books.policies().policy().clone();
        let asked = acts::inquire(&self.books, &purchase, Some(&presented(card)), &policy, self.now);
        let Inquired::Fresh(fresh) = asked else { panic!("{asked:?}") };
        let reason = fresh.reason;
        let change = acts::decided(purchase, fresh, Vec::new(), &policy, self.now);
        self.apply(change);
        (purchase.order, reason)
    }

    /// A purchase that is approved and charged at once.
    fn buy(&mut self, card: u8, amount: i64) -> OrderId {
        let (order, reason) = self.inquire(card, amount);
        assert_eq!(reason, Reason::Approved);
        self.charge(order, amount);
        order
    }

    fn charge(&mut self, order: OrderId, amount: i64) {
        let capture = CaptureId::of(order, 1);
        let booked = acts::capture(&self.books, (SELLER, order), capture, Minor(amount), true);
        self.apply(booked.expect("a live hold").change.expect("a first capture"));
    }

    fn give_back(&mut self, order: OrderId, amount: i64) {
        let refund = RefundId::of(ReturnId::from_bytes(self.number()), order);
        let booked = acts::refund(&self.books, SELLER, refund, order, Minor(amount));
        self.apply(booked.expect("a charge").change.expect("a first refund"));
    }

    fn act(&mut self, card: u8, act: &AccountAct) -> Result<bool, NotDone> {
        let change = ledger::act(&self.books, id(card), act, (OPERATOR, self.now))?;
        let changes = change.is_some();
        change.into_iter().for_each(|change| self.apply(change));
        Ok(changes)
    }

    fn repay(&mut self, card: u8, amount: i64) {
        let repayment = RepaymentId::from_bytes(self.number());
        let act = AccountAct::Repay { repayment, amount: Minor(amount) };
        assert_eq!(self.act(card, &act), Ok(true));
    }

    /// Closes a month wherever it is open, and says of how many accounts.
    fn close(&mut self, until: &str) -> usize {
        let until = month(until);
        let mut closed = 0;
        loop {
            let next = self.books.to_close(until).next();
            let Some(id) = next else { return closed };
            let change = ledger::close_month(&self.books, id, until, &self.terms, None);
            self.apply(change.expect("an account that is to be closed"));
            closed += 1;
        }
    }

    /// All that the house's own audit finds wrong, from the beginning and from loaded rows; and the same
    /// books come from the changes and from the rows.
    fn check(&self) {
        let (mut audit, mut books, mut half) = (Audit::default(), Books::default(), None);
        for (at, (change, stamp)) in self.changes.iter().enumerate() {
            if at == self.changes.len() / 2 {
                half = Some((at, loaded(&books)));
            }
            books.apply(change, stamp.position, stamp.time).expect("the same changes again");
            audit.see(change, &books);
        }
        let others = |problems: Vec<String>| -> Vec<String> {
            problems.into_iter().filter(|problem| !problem.ends_with("stands in no group")).collect()
        };
        assert_eq!(others(audit.finish(&self.books)), Vec::<String>::new());
        if let Some((at, mut books)) = half {
            let mut audit = Audit::default();
            audit.begin(&books, at as u64);
            for (change, stamp) in &self.changes[at..] {
                books.apply(change, stamp.position, stamp.time).expect("the same changes again");
                audit.see(change, &books);
            }
            assert_eq!(others(audit.finish(&books)), Vec::<String>::new(), "from change {at} on");
        }
        let again = loaded(&self.books);
        assert!(again.accounts().all(|(id, account)| self.books.account(*id) == Some(account)));
        assert!(
            again.to_close(YearMonth::LAST).eq(self.books.to_close(YearMonth::LAST)),
            "the same to close"
        );
        assert!(again.statements().eq(self.books.statements()));
    }
}

/// The same books from their rows.
fn loaded(books: &Books) -> Books {
    let mut again = Books::default();
    let mut each = |key: &[u8], row: &[u8]| {
        store::Books::load(&mut again, key, row).expect("a row that was given");
        Ok(())
    };
    store::Books::rows(books, &mut each).expect("nobody refuses a row");
    again
}
