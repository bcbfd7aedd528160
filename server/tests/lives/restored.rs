//! Lives whose books are put back to an older copy, while the settlement has everything: they catch up from it,
//! terminals ask again or do not, and answers are lost as ever.

use std::collections::BTreeMap;

use kessai_server::sales::acts;
use kessai_server::sales::{Answer, Audit, Books, Change, Order, RecoveredState, Tenure, Work};
use kessai_shared::ids::{Epoch, NodeId, OrderId, RefundId};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Quote, Statement, Verdict};
use kessai_shared::settlement::{Approved, Mode};
use kessai_shared::storefront::{OrderState, Refusal};
use kessai_shared::time::Timestamp;

use crate::life::{Life, START, proof};
use crate::ops::{Dice, Op};
use crate::shelf;
use crate::till::Till;

/// How many things happen before the copy is put back, and at random after it.
const LENGTH: u64 = 60;
const AFTER: u64 = 40;
/// One step of so many is followed by a look at everything.
const CHECK_EVERY: u64 = 12;
/// How often all that is owed is answered until nothing may be left.
const ROUNDS: usize = 100;
/// How long recovered orders wait for their terminals, in seconds.
const WAIT: u64 = 1_000;

pub struct Restored {
    pub books: Books,
    pub till: Till,
    changes: Vec<Change>,
    now: u64,
    /// Whatever was ever ordered, with its buyer.
    quotes: BTreeMap<OrderId, (Quote, Pin)>,
}

/// Lives one life, puts its books back to a moment of it, and lives on.
pub fn live(seed: u64) {
    let mut dice = Dice(seed);
    let mut life = Life::new();
    let begun = life.changes.len();
    for _ in 0..dice.roll() % LENGTH {
        match dice.op() {
            // What happens to a card without the shop is for other lives.
            Op::Meddle { .. } => {}
            op => life.step(&op),
        }
    }
    let lost = dice.roll() as usize % (life.changes.len() - begun + 1);
    let mut restored = Restored::of(life, lost);
    restored.catch_up();
    for _ in 0..dice.roll() % AFTER {
        restored.step(&mut dice);
        if dice.roll().is_multiple_of(CHECK_EVERY) {
            restored.check();
        }
    }
    restored.finish();
}

impl Restored {
    /// The books of a life without its last changes, beside a settlement that has everything.
    pub fn of(life: Life, lost: usize) -> Self {
        let mut quotes = BTreeMap::new();
        for change in &life.changes {
            if let Change::Placed { quote, owner, .. } = change {
                quotes.insert(quote.order, (quote.clone(), *owner));
            }
        }
        let kept = life.changes.len() - lost;
        let mut till = life.till;
        till.forgetful = true;
        let (books, changes) = (Books::default(), Vec::new());
        let mut restored = Self { books, till, changes, now: 0, quotes };
        life.changes[..kept].iter().for_each(|change| restored.apply(change));
        restored
    }

    fn now(&self) -> Timestamp {
        START.plus_seconds(self.now)
    }

    pub fn apply(&mut self, change: &Change) {
        self.changes.push(change.clone());
        self.now += 1;
        let taken = self.books.apply(change, self.changes.len() as u64, self.now());
        taken.unwrap_or_else(|why| panic!("{why}: {change:?}"));
    }

    /// As the clerk does after a promotion by force.
    pub fn catch_up(&mut self) {
        let (epoch, node, mode, by) = (Epoch(1), NodeId::from_bytes([1; 16]), Mode::Alone, None);
        self.apply(&Change::Granted(Tenure { epoch, node, mode, by, behind: true }));
        assert!(self.books.is_behind());
        let own = acts::own_refunds(&self.books);
        let theirs = self.till.approved();
        let until = self.now().plus_seconds(WAIT);
        let take = |restored: &mut Self, order: &Approved| {
            let change = acts::recover(&restored.books, &own, order, until);
            change.iter().for_each(|change| restored.apply(change));
            change.is_some()
        };
        for order in &theirs {
            take(self, order);
        }
        // A start in the middle of it begins with the first page again.
        assert!(!theirs.iter().any(|order| take(self, order)), "what was taken over is no news");
        self.apply(&Change::CaughtUp);
    }

    fn step(&mut self, dice: &mut Dice) {
        match dice.roll() % 8 {
            // Its time may be over at any moment.
            0 if dice.roll().is_multiple_of(3) => {
                let waiting: Vec<_> = self.books.unclaimed(Timestamp(u64::MAX)).collect();
                if let Some(order) = waiting.get(dice.roll() as usize % waiting.len().max(1)) {
                    self.apply(&Change::RecoveredGivenUp { order: *order });
                }
            }
            0 | 1 => self.ask_again(dice),
            2 | 3 => self.forward(),
            4 => {
                let due: Vec<_> = self.books.shippable(Timestamp(u64::MAX)).collect();
                if let Some(id) = due.get(dice.roll() as usize % due.len().max(1)) {
                    acts::ship_rest(&self.books, *id).iter().for_each(|change| self.apply(change));
                }
            }
            how => {
                let open: Vec<_> = self.books.open_orders().collect();
                if let Some(id) = open.get(dice.roll() as usize % open.len().max(1)) {
                    self.answer(*id, how == 7);
                }
            }
        }
    }

    /// A terminal asks for its order again, with the quote that it has.
    fn ask_again(&mut self, dice: &mut Dice) {
        let Some(id) = self.quotes.keys().nth(dice.roll() as usize % self.quotes.len().max(1)) else {
            return;
        };
        let (id, change) = (*id, self.asked_again(*id));
        let waits = self.books.recovered(id).is_some_and(|row| row.state == RecoveredState::Waiting);
        if !waits && self.books.order(id).is_none() {
            assert!(change.is_err(), "a quote that has expired, or was given back: {change:?}");
        }
        if let Ok(Some(change)) = change {
            self.apply(&change);
        }
    }

    /// What its terminal is told that asks for an order again.
    pub fn asked_again(&self, id: OrderId) -> Result<Option<Change>, Refusal> {
        let (quote, owner) = &self.quotes[&id];
        // Long after the quote's deadline: what was decided in its time is still an order.
        acts::place(&self.books, (quote, None), *owner, quote.deadline.plus_seconds(1))
    }

    fn forward(&mut self) {
        let behind: Vec<_> = self.books.behind_settlement().collect();
        for id in behind {
            acts::forward(&self.books, id).iter().for_each(|change| self.apply(change));
        }
    }

    fn answer(&mut self, id: OrderId, lost: bool) {
        let Some(work) = Work::next(&self.books, id) else { return };
        let answer = match &work {
            Work::Inquire { purchase } => match self.till.inquire(purchase, true) {
                Some(approves) => {
                    let verdict = if approves { Verdict::Approved } else { Verdict::Declined };
                    let (purchase, position, decided_at) = (*purchase, 1, self.now());
                    let statement = Statement { purchase, verdict, position, decided_at };
                    Answer::Decided(Box::new(Decision {
                        statement,
                        sealed_reason: Vec::new(),
                        proof: proof(),
                    }))
                }
                None => Answer::Doubt,
            },
            Work::Reverse { .. }
            | Work::Capture { .. }
            | Work::Release { .. }
            | Work::Refund { .. }
            | Work::Repay { .. } => self.till.ask(&work),
        };
        if lost {
            return;
        }
        let change = work.answered(&self.books, answer.clone());
        let change = change.unwrap_or_else(|| panic!("an answer to what is asked: {work:?} {answer:?}"));
        self.apply(&change);
    }

    fn check(&self) {
        let mut audit = Audit::default();
        self.changes.iter().for_each(|change| audit.see(change));
        assert_eq!(audit.finish(&self.books), Vec::<String>::new());
        let rows = shelf::rows(&self.books);
        let loaded = shelf::load(&rows);
        assert!(shelf::rows(&loaded) == rows, "the same rows");
        assert!(loaded.open_orders().eq(self.books.open_orders()));
        assert!(loaded.behind_settlement().eq(self.books.behind_settlement()));
        assert!(loaded.unclaimed(Timestamp(u64::MAX)).eq(self.books.unclaimed(Timestamp(u64::MAX))));
        let mut audit = Audit::default();
        audit.begin(&loaded);
        assert_eq!(audit.finish(&self.books), Vec::<String>::new(), "from a checkpoint on");
    }

    /// Faults stop and time goes by: everything ends by itself.
    pub fn finish(&mut self) {
        for _ in 0..ROUNDS {
            self.forward();
            let open: Vec<_> = self.books.open_orders().collect();
            open.iter().for_each(|id| self.answer(*id, false));
            let unclaimed: Vec<_> = self.books.unclaimed(self.now().plus_seconds(WAIT)).collect();
            for order in unclaimed {
                self.apply(&Change::RecoveredGivenUp { order });
            }
            let due: Vec<_> = self.books.shippable(Timestamp(u64::MAX)).collect();
            for id in due {
                acts::ship_rest(&self.books, id).iter().for_each(|change| self.apply(change));
            }
        }
        self.check();
        self.till.compare_batch(&self.books);
        assert_eq!(self.books.open_orders().next(), None, "something is owed for ever");
        assert_eq!(self.books.open_recovered(), 0, "something is recovered and never ends");
        for theirs in self.till.approved() {
            let id = theirs.purchase.order;
            let known = self.books.order(id).is_some() || self.books.recovered(id).is_some();
            let moved = !theirs.captures.is_empty() || !theirs.refunds.is_empty();
            assert!(known || !moved, "F18: {id} was charged, and nobody here knows of it: {theirs:?}");
            if self.books.order(id).is_none() {
                assert!(self.asked_again(id).is_err(), "F18: {id} was given back, and is placed again");
            }
            self.has_goods_or_money(&theirs);
        }
    }

    /// What was charged and not given back is what the buyer keeps, and nothing is held for nobody.
    fn has_goods_or_money(&self, theirs: &Approved) {
        let id = theirs.purchase.order;
        let (order, row) = (self.books.order(id), self.books.recovered(id));
        let charged: i64 = theirs.captures.iter().map(|capture| capture.amount.0).sum();
        let back: i64 = theirs.refunds.iter().map(|refund| refund.amount.0).sum();
        assert!(charged <= theirs.purchase.amount.0 && back <= charged, "I1: {id} {theirs:?}");
        if order.is_some_and(|order| order.refused.is_some()) || row.is_some_and(|row| row.refused.is_some())
        {
            // The settlement would not do what these books believed it owed; an operator is told.
            return;
        }
        // Returns that these books do not know of are explained by nobody's pieces.
        let unknown: i64 = row.iter().flat_map(|row| &row.refunds).map(|refund| refund.amount.0).sum();
        let recovered: i64 = row.iter().flat_map(|row| &row.captures).map(|capture| capture.amount.0).sum();
        let sold = order.filter(|order| matches!(order.order, OrderState::Completed));
        let kept = sold.map_or(0, |order: &Order| order.kept().0);
        assert_eq!(charged - back, kept + recovered - unknown, "I7: {id} {theirs:?} {order:?} {row:?}");
        // What was refunded for goods that our own order says are the buyer's pays for no lost shipment.
        let repaid: i64 = row.map_or(0, |row| {
            let known = |nth| row.refunds.iter().find(|of| of.id == RefundId::of_recovered(id, nth));
            (0..).map_while(known).map(|refund| refund.amount.0).sum()
        });
        let of_lost = (unknown - repaid - kept).max(0);
        assert!(recovered <= repaid + of_lost, "I7: {id} is charged for nothing: {order:?} {row:?}");
        assert_eq!(theirs.held.0, 0, "I12: {id} is held for nobody: {theirs:?} {order:?} {row:?}");
    }
}
