//! Clearing batches over many days: random captures, refunds and chargebacks of two sellers in two
//! currencies, closed by the clock and by hand, told rightly and wrongly, against sums of the test's own.

use std::collections::{BTreeMap, BTreeSet};

use kessai_settlement::ledger::acts::{self, Fresh};
use kessai_settlement::ledger::closing::{self, Days};
use kessai_settlement::ledger::listing;
use kessai_settlement::ledger::{
    Account, AtRest, Audit, BatchState, Books, Change, ClearingTerms, LedgerAccount, Policy, Proposed,
};
use kessai_shared::ids::{CaptureId, ChargebackId, OrderId, RefundId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::operator::rows::{BatchStanding, NotDone};
use kessai_shared::outcome::{ChargebackReason, Reason};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::settlement::{BatchTotals, Refusal};
use kessai_shared::store;
use kessai_shared::time::Timestamp;
use proptest::prelude::*;

const DAY: u64 = 86_400;
/// Noon of a day of UTC.
const START: Timestamp = Timestamp((20_000 * DAY + DAY / 2) * 1_000_000);
const SELLERS: [Pin; 2] = [Pin([101; 32]), Pin([102; 32])];
const CURRENCIES: [Currency; 2] = [Currency::Gbp, Currency::Jpy];
const OPERATOR: Pin = Pin([7; 32]);
const TERMS: ClearingTerms = ClearingTerms { fee_basis_points: 150, seconds: DAY };

/// What the test itself knows of a batch in one currency: captures, refunds, chargebacks.
type Sums = BTreeMap<Currency, [(u64, i64); 3]>;

/// The books, and beside them what the test adds up itself.
struct Shop {
    books: Books,
    audit: Audit,
    changes: Vec<Change>,
    now: Timestamp,
    days: Days,
    /// What was booked, by seller and batch, as the answers said.
    booked: BTreeMap<(Pin, u32), Sums>,
    /// What left the bank.
    paid: BTreeMap<(Pin, Currency), i64>,
    /// The orders that were captured: seller, order, currency and what is left to give back.
    orders: Vec<(Pin, OrderId, Currency, i64)>,
    made: u64,
}

impl Shop {
    fn new() -> Self {
        let (books, audit, changes, days) = (Books::default(), Audit::default(), Vec::new(), Days::default());
        let (booked, paid, orders) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let mut shop = Self { books, audit, changes, now: START, days, booked, paid, orders, made: 0 };
        let policy = acts::adopt(&shop.books, &Proposed::default(), OPERATOR).expect("the default policy");
        shop.apply(policy.expect("a first policy"));
        for currency in CURRENCIES {
            shop.apply(acts::open(account(currency), OPERATOR));
        }
        shop
    }

    fn apply(&mut self, change: Change) {
        let position = self.changes.len() as u64 + 1;
        self.books.apply(&change, position, self.now).expect("an act proposes what can follow");
        store::Books::end_group(
            &mut self.books,
            position,
            kessai_shared::journal::Head {
                position,
                time: self.now,
                hash: kessai_shared::journal::Hash([position as u8; 32]),
            },
        );
        self.audit.see(&change, &self.books);
        for entry in change.entries() {
            if let (LedgerAccount::Payable(seller), LedgerAccount::Bank) = (entry.debit, entry.credit) {
                *self.paid.entry((seller, entry.currency)).or_default() += entry.amount.0;
            }
        }
        self.changes.push(change);
    }

    /// An order is approved and captured in full; the batch that the answer names.
    fn sell(&mut self, seller: Pin, currency: Currency, amount: i64) -> u32 {
        self.made += 1;
        let order = OrderId::from_bytes(u128::from(self.made).to_be_bytes());
        let deadline = self.now.plus_seconds(600);
        let (amount, quote_hash) = (Minor(amount), [1; 32]);
        let purchase = Purchase { seller, order, amount, currency, quote_hash, deadline };
        let account = kessai_settlement::ledger::AccountId(account(currency).index);
        let policy = self.books.policies().sequence();
        let epoch = self.books.fences().epoch(seller);
        let (reason, account) = (Reason::Approved, Some(account));
        let fresh = Fresh { reason, account, enrolled: None, policy, epoch, at: 0 };
        self.apply(acts::decided(purchase, fresh, vec![1], &Policy::default(), self.now));
        let id = CaptureId::of(order, 1);
        let booked = acts::capture(&self.books, (seller, order), id, amount, true).expect("a capture");
        self.apply(booked.change.expect("a new one"));
        let again = acts::capture(&self.books, (seller, order), id, amount, true).expect("the same again");
        assert_eq!((again.batch, again.change), (booked.batch, None), "a capture is in one batch for ever");
        self.orders.push((seller, order, currency, amount.0));
        self.note(seller, booked.batch, currency, 0, amount.0);
        booked.batch
    }

    /// Gives back of an order, as a refund or as a chargeback.
    fn give_back(&mut self, pick: usize, part: i64, disputed: bool) {
        if self.orders.is_empty() {
            return;
        }
        let pick = pick % self.orders.len();
        let (seller, order, currency, left) = self.orders[pick];
        let amount = (left * part / 100).max(1);
        if amount > left {
            return;
        }
        self.made += 1;
        let id = u128::from(self.made).to_be_bytes();
        let booked = if disputed {
            let (id, reason) = (ChargebackId::from_bytes(id), ChargebackReason::NotReceived);
            acts::charge_back(&self.books, id, (seller, order), Minor(amount), reason, OPERATOR)
        } else {
            acts::refund(&self.books, seller, RefundId::from_bytes(id), order, Minor(amount))
        };
        let booked = booked.expect("it is of what was captured");
        self.apply(booked.change.expect("a new one"));
        self.orders[pick].3 -= amount;
        self.note(seller, booked.batch, currency, if disputed { 2 } else { 1 }, amount);
    }

    fn note(&mut self, seller: Pin, batch: u32, currency: Currency, what: usize, amount: i64) {
        assert_eq!(batch, self.books.open_batch(seller), "it is booked under the open batch");
        let (count, sum) =
            &mut self.booked.entry((seller, batch)).or_default().entry(currency).or_default()[what];
        (*count, *sum) = (*count + 1, *sum + amount);
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus_seconds(seconds);
    }

    /// A round of the clerk: closes what is due.
    fn tick(&mut self) -> Vec<Pin> {
        let due = self.days.over(&self.books, self.now, &TERMS, 10);
        for seller in &due {
            let change = closing::close(&self.books, *seller, None, &TERMS).expect("something is in it");
            self.apply(change);
        }
        due
    }

    fn close(&mut self, seller: Pin) -> Result<u32, NotDone> {
        let batch = self.books.open_batch(seller);
        let change = closing::close(&self.books, seller, Some(OPERATOR), &TERMS)?;
        self.apply(change);
        Ok(batch)
    }

    fn totals(&self, seller: Pin, batch: u32) -> Vec<BatchTotals> {
        let booked = self.booked.get(&(seller, batch)).into_iter().flatten();
        let line = |(currency, sums): (&Currency, &[(u64, i64); 3])| BatchTotals {
            currency: *currency,
            captures: sums[0].0,
            captured: Minor(sums[0].1),
            refunds: sums[1].0,
            refunded: Minor(sums[1].1),
        };
        booked.map(line).collect()
    }

    fn reconcile(&mut self, seller: Pin, batch: u32, totals: &[BatchTotals]) -> Result<bool, Refusal> {
        let (change, answer) = closing::reconcile(&self.books, seller, batch, totals)?;
        if let Some(change) = change {
            self.apply(change);
        }
        let (again, same) = closing::reconcile(&self.books, seller, batch, totals).expect("the same again");
        assert_eq!((again, &same), (None, &answer), "the same totals have the same answer");
        Ok(answer.agrees)
    }

    fn accept(&mut self, seller: Pin, batch: u32, reason: &str) -> Result<(), NotDone> {
        let change = closing::accept(&self.books, seller, batch, OPERATOR, reason)?;
        self.apply(change);
        Ok(())
    }

    fn paid(&self, seller: Pin, currency: Currency) -> i64 {
        self.paid.get(&(seller, currency)).copied().unwrap_or(0)
    }

    /// What the settled batches come to, with the test's own arithmetic: what is positive in their order
    /// was paid, what is not was carried on.
    fn due(&self, seller: Pin, currency: Currency, settled: &[u32]) -> i64 {
        let (mut paid, mut carried) = (0, 0);
        for batch in settled {
            let Some([captured, refunded, disputed]) =
                self.booked.get(&(seller, *batch)).and_then(|sums| sums.get(&currency)).copied()
            else {
                continue;
            };
            // 1.5 %, half up, in whole numbers: twice the fee in hundredths of a per cent and one half more.
            let fee = (captured.1 * 300 + 10_000) / 20_000;
            carried += captured.1 - refunded.1 - disputed.1 - fee;
            if carried > 0 {
                paid += carried;
                carried = 0;
            }
        }
        paid
    }

    /// The audit finds nothing, and the books are the same when made again from the bytes of the changes.
    fn finish(self) {
        let problems = self.audit.finish(&self.books);
        assert_eq!(problems, Vec::<String>::new());
        for (seller, batches) in self.books.batches() {
            for (number, sums) in &batches.totals {
                let there: Vec<_> =
                    sums.iter().map(|(currency, c)| (*currency, (c.captures, c.captured.0))).collect();
                let own = self.booked[&(*seller, *number)].iter().filter(|(_, s)| s.iter().any(|s| s.0 > 0));
                let own: Vec<_> = own.map(|(currency, s)| (*currency, s[0])).collect();
                assert_eq!(there, own, "batch {number}");
            }
        }
    }
}

fn account(currency: Currency) -> Account {
    let index = [currency as u8 + 1; 16];
    let card = AtRest { generation: 1, index, sealed: vec![1], particulars: [index[0]; 32] };
    let expiry = "2099-01".parse().expect("a month");
    Account::new(card, expiry, currency, Minor(1_000_000_000_000))
}

#[derive(Clone, Debug)]
enum Op {
    Sell { seller: usize, currency: usize, amount: i64 },
    GiveBack { pick: usize, part: i64, disputed: bool },
    Wait { seconds: u64 },
    Tick,
    Close { seller: usize },
    Tell { seller: usize, wrong: bool },
    Accept { seller: usize },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..2_usize, 0..2_usize, 1..100_000_i64)
            .prop_map(|(seller, currency, amount)| Op::Sell { seller, currency, amount }),
        4 => (0..100_usize, 1..101_i64, prop::bool::weighted(0.3))
            .prop_map(|(pick, part, disputed)| Op::GiveBack { pick, part, disputed }),
        3 => (0..2 * DAY).prop_map(|seconds| Op::Wait { seconds }),
        3 => Just(Op::Tick),
        1 => (0..2_usize).prop_map(|seller| Op::Close { seller }),
        4 => (0..2_usize, prop::bool::weighted(0.3)).prop_map(|(seller, wrong)| Op::Tell { seller, wrong }),
        2 => (0..2_usize).prop_map(|seller| Op::Accept { seller }),
    ]
}

/// The first batch of a seller that is closed and not settled.
fn unsettled(books: &Books, seller: Pin) -> Option<(u32, bool)> {
    let batches = books.batches_of(seller)?;
    let first = batches.closed.iter().find(|(_, closed)| !closed.is_settled())?;
    Some((*first.0, first.1.is_disputed()))
}

/// Every batch that is disputed, one by one.
fn disputed(books: &Books) -> BTreeSet<(Pin, u32)> {
    let all =
        books.batches().flat_map(|(seller, of)| of.closed.iter().map(|(number, of)| (*seller, *number, of)));
    all.filter(|(_, _, closed)| closed.is_disputed()).map(|(seller, number, _)| (seller, number)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_come_to_what_was_booked_under_them(ops in prop::collection::vec(op(), 1..120)) {
        let mut shop = Shop::new();
        let mut settled: BTreeMap<Pin, Vec<u32>> = BTreeMap::new();
        for op in ops {
            match op {
                Op::Sell { seller, currency, amount } => {
                    shop.sell(SELLERS[seller], CURRENCIES[currency], amount);
                }
                Op::GiveBack { pick, part, disputed } => shop.give_back(pick, part, disputed),
                Op::Wait { seconds } => shop.wait(seconds),
                Op::Tick => { shop.tick(); }
                Op::Close { seller } => {
                    let seller = SELLERS[seller];
                    let empty = !shop.booked.contains_key(&(seller, shop.books.open_batch(seller)));
                    prop_assert_eq!(shop.close(seller).is_err(), empty);
                }
                Op::Tell { seller, wrong } => {
                    let seller = SELLERS[seller];
                    let Some((batch, _)) = unsettled(&shop.books, seller) else { continue };
                    let mut totals = shop.totals(seller, batch);
                    if wrong {
                        // A capture is missing from the seller's books, or it has one too many.
                        let Some(line) = totals.first_mut() else { continue };
                        line.captures += 1;
                    }
                    prop_assert_eq!(shop.reconcile(seller, batch, &totals), Ok(!wrong));
                    if !wrong {
                        settled.entry(seller).or_default().push(batch);
                        prop_assert_eq!(shop.reconcile(seller, batch, &[]).is_err(), !totals_empty(&totals));
                    }
                }
                Op::Accept { seller } => {
                    let seller = SELLERS[seller];
                    let Some((batch, disputed)) = unsettled(&shop.books, seller) else { continue };
                    let done = shop.accept(seller, batch, "counted by hand");
                    prop_assert_eq!(done, if disputed { Ok(()) } else { Err(NotDone::NotCompared) });
                    if disputed {
                        settled.entry(seller).or_default().push(batch);
                    }
                }
            }
            for (seller, currency) in SELLERS.into_iter().flat_map(|s| CURRENCIES.map(|c| (s, c))) {
                let own = settled.get(&seller).map_or(0, |settled| shop.due(seller, currency, settled));
                prop_assert_eq!(shop.paid(seller, currency), own, "{:?}", currency);
            }
            prop_assert_eq!(shop.books.disputed_batches(), &disputed(&shop.books));
        }
        shop.finish();
    }
}

fn totals_empty(totals: &[BatchTotals]) -> bool {
    totals.iter().all(|line| line.captures == 0 && line.refunds == 0)
}

#[test]
fn a_batch_closes_when_its_day_is_over_and_not_before() {
    let mut shop = Shop::new();
    assert_eq!(shop.tick(), Vec::new());
    shop.sell(SELLERS[0], Currency::Gbp, 500);
    shop.wait(DAY / 2 - 1);
    assert_eq!(shop.tick(), Vec::new(), "a second before midnight");
    shop.wait(1);
    assert_eq!(shop.tick(), vec![SELLERS[0]]);
    assert_eq!(shop.tick(), Vec::new(), "nothing is in the next");
    // The capture that comes a moment later is of the next batch, and of no other.
    assert_eq!(shop.sell(SELLERS[0], Currency::Gbp, 700), 2);
    let batches = shop.books.batches_of(SELLERS[0]).expect("batches");
    assert_eq!(batches.closed[&1].payouts[0].totals.captured, Minor(500));
    shop.finish();
}

#[test]
fn a_ledger_that_is_ahead_of_the_clock_still_closes_its_batches() {
    let mut shop = Shop::new();
    // The journal's time is of a clock that once ran ten years ahead.
    let real = shop.now;
    shop.now = real.plus_seconds(3_650 * DAY);
    shop.sell(SELLERS[0], Currency::Gbp, 500);
    let ahead = std::mem::replace(&mut shop.now, real);
    let over = |shop: &mut Shop, now: Timestamp| shop.days.over(&shop.books, now, &TERMS, 10);
    assert_eq!(over(&mut shop, real), Vec::new());
    assert_eq!(over(&mut shop, real.plus_seconds(DAY)), vec![SELLERS[0]]);
    assert!(ahead > real);
}

#[test]
fn what_differs_is_not_paid_until_an_operator_says_so() {
    let mut shop = Shop::new();
    let seller = SELLERS[0];
    shop.sell(seller, Currency::Gbp, 10_000);
    assert_eq!(shop.reconcile(seller, 1, &[]), Err(Refusal::NotClosed));
    assert_eq!(shop.close(seller), Ok(1));
    assert_eq!(shop.close(seller), Err(NotDone::Empty));
    assert_eq!(shop.accept(seller, 1, "too early"), Err(NotDone::NotCompared));
    assert_eq!(shop.reconcile(seller, 1, &[]), Ok(false));
    assert_eq!(shop.paid(seller, Currency::Gbp), 0, "nothing is paid");
    let shown = listing::sellers(&shop.books, None, 10).rows;
    assert_eq!((shown[0].1.batch, shown[0].1.standing), (1, BatchStanding::Disputed));
    assert_eq!(shop.accept(seller, 1, " "), Err(NotDone::Reason));
    assert_eq!(shop.accept(seller, 1, "a\nb"), Err(NotDone::Reason));
    assert_eq!(shop.accept(seller, 2, "x"), Err(NotDone::Open));
    assert_eq!(shop.accept(seller, 9, "x"), Err(NotDone::UnknownBatch));
    assert_eq!(shop.accept(seller, 1, "the seller lost a day"), Ok(()));
    assert_eq!(shop.paid(seller, Currency::Gbp), 9_850);
    assert_eq!(shop.accept(seller, 1, "again"), Err(NotDone::Settled));
    // The seller hears that it is settled, with the totals it gave and with the right ones; not with others.
    assert_eq!(shop.reconcile(seller, 1, &[]), Ok(true));
    let right = shop.totals(seller, 1);
    assert_eq!(shop.reconcile(seller, 1, &right), Ok(true));
    let other = [BatchTotals { captures: 2, ..right[0] }];
    assert_eq!(shop.reconcile(seller, 1, &other), Err(Refusal::Duplicate));
    assert_eq!(shop.paid(seller, Currency::Gbp), 9_850, "and it was paid once");
    let state = &shop.books.batches_of(seller).expect("batches").closed[&1].state;
    assert!(
        matches!(state, BatchState::Accepted { by: OPERATOR, reason, .. } if reason == "the seller lost a day")
    );
    shop.finish();
}

#[test]
fn a_seller_that_mends_its_books_ends_the_dispute_itself() {
    let mut shop = Shop::new();
    let seller = SELLERS[0];
    shop.sell(seller, Currency::Jpy, 333);
    assert_eq!(shop.close(seller), Ok(1));
    assert_eq!(shop.reconcile(seller, 1, &[]), Ok(false));
    let right = shop.totals(seller, 1);
    let twice = [right[0], right[0]];
    assert_eq!(shop.reconcile(seller, 1, &twice).err(), Some(Refusal::Amount));
    assert_eq!(shop.reconcile(seller, 1, &right), Ok(true));
    // 1.5 % of 333 yen are 4.995: five whole yen.
    assert_eq!(shop.paid(seller, Currency::Jpy), 328);
    shop.finish();
}

#[test]
fn a_batch_that_comes_to_less_than_nothing_is_kept_back_from_the_next() {
    let mut shop = Shop::new();
    let seller = SELLERS[0];
    shop.sell(seller, Currency::Gbp, 1_000);
    assert_eq!(shop.close(seller), Ok(1));
    shop.give_back(0, 100, true);
    assert_eq!(shop.close(seller), Ok(2));
    shop.sell(seller, Currency::Gbp, 2_000);
    assert_eq!(shop.close(seller), Ok(3));
    for (batch, paid) in [(1, 985), (2, 985), (3, 985 + 1_970 - 1_000)] {
        let totals = shop.totals(seller, batch);
        assert_eq!(shop.reconcile(seller, batch, &totals), Ok(true));
        assert_eq!(shop.paid(seller, Currency::Gbp), paid, "after batch {batch}");
    }
    shop.finish();
}

#[test]
fn lists_are_paged_without_gaps() {
    let mut shop = Shop::new();
    for _ in 0..5 {
        shop.sell(SELLERS[0], Currency::Gbp, 100);
        shop.close(SELLERS[0]).expect("something is in it");
    }
    shop.sell(SELLERS[1], Currency::Jpy, 100);
    let (mut numbers, mut before) = (Vec::new(), None);
    loop {
        let page = listing::batches(&shop.books, SELLERS[0], before, 2);
        numbers.extend(page.rows.iter().map(|batch| batch.batch));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(numbers, [6, 5, 4, 3, 2, 1]);
    let (mut orders, mut before) = (Vec::new(), None);
    loop {
        let page = listing::charges(&shop.books, SELLERS[0], before, 2);
        orders.extend(page.rows.iter().map(|charge| charge.order));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let mut own: Vec<_> =
        shop.orders.iter().filter(|(s, ..)| *s == SELLERS[0]).map(|(_, id, ..)| *id).collect();
    own.reverse();
    assert_eq!(orders, own, "and none of another seller's");
    let first = Some(OrderId::from_bytes([0; 16]));
    assert!(listing::charges(&shop.books, SELLERS[0], first, 2).rows.is_empty());
}
