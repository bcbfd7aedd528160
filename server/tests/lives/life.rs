//! One life: the books under test, what stands beside them, and all that ever happened.

use std::collections::BTreeMap;

use kessai_server::sales::acts::{self, Cannot, Giving, Unshelved};
use kessai_server::sales::{
    About, Answer, Audit, Books, Change, LinePieces, Order, Reason, Terms, WayOut, Work, way_out,
};
use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{
    Decision, GroupHead, Inclusion, Quote, QuotedLine, Signature, Statement, Verdict,
};
use kessai_shared::store::{self, Stamp};
use kessai_shared::storefront::{Cancelled, FulfilmentState, Line, OrderState, Refusal};
use kessai_shared::time::Timestamp;

use crate::model::{self, Model};
use crate::ops::{Lines, Op};
use crate::shelf::{self, Checkpoints, Shelf};
use crate::till::{Meddling, Till};

pub const START: Timestamp = Timestamp(1_782_864_000_000_000);
/// The pieces of each product and what one costs at first; the last one is a free sample.
const PRODUCTS: [(u64, i64); 4] = [(9, 10), (12, 7), (0, 5), (8, 0)];
const OPERATOR: Pin = Pin([77; 32]);
const HOUR: u64 = 3_600;
/// Orders ship by themselves only late, so that operators come first now and then.
pub const TERMS: Terms = Terms {
    ship_after: Some(100 * HOUR),
    ship_within: 144 * HOUR,
    deliver_after: 168 * HOUR,
    recovered_for: 24 * HOUR,
};

pub fn sku(product: u8) -> Sku {
    Sku::new(&format!("sku {product}")).expect("a SKU")
}

pub fn order_id(number: u8) -> OrderId {
    OrderId::from_bytes([number; 16])
}

/// Two terminals, one of which serves two customers.
fn buyer(number: u8) -> (Pin, Customer) {
    let name = if number == 2 { "second" } else { "" };
    (Pin([number.min(1); 32]), Customer::new(name).expect("a customer"))
}

fn wanted(lines: &Lines) -> Vec<Line> {
    lines.iter().map(|(product, quantity)| Line { sku: sku(*product), quantity: *quantity }).collect()
}

/// The seller passes proofs on; only terminals check them.
pub fn proof() -> Inclusion {
    let (first, last, at, decisions) = (1, 1, Timestamp(1), 1);
    let head = GroupHead { first, last, at, decisions, root: [8; 32], journal: [9; 32] };
    Inclusion { head, signature: Signature::from([7; 64]), index: 0, path: Vec::new() }
}

#[derive(Default)]
pub struct Life {
    pub books: Books,
    /// The same books, made from the bytes of the changes.
    replayed: Books,
    shelf: Shelf,
    checkpoints: Checkpoints,
    model: Model,
    pub till: Till,
    pub changes: Vec<Change>,
    /// The errands that the courier is under way for, one an order.
    flying: BTreeMap<OrderId, Work>,
    past: Vec<(Work, Answer)>,
    now: u64,
    /// Nothing ships by itself.
    by_hand: bool,
}

impl Life {
    pub fn new() -> Self {
        let mut life = Self::default();
        for (product, (received, price)) in (0_u8..).zip(PRODUCTS) {
            let (sku, unit_price) = (sku(product), Minor(price));
            life.model.add(&sku, i64::try_from(received).expect("few pieces"));
            let (name, category) = ("name".to_owned(), "category".to_owned());
            life.apply(&Change::Stocked { sku, name, category, unit_price, received });
        }
        life
    }

    pub fn now(&self) -> Timestamp {
        START.plus_seconds(self.now)
    }

    /// Takes a change in as the store does, and a second time from its bytes.
    fn apply(&mut self, change: &Change) {
        self.changes.push(change.clone());
        self.now += 1;
        let stamp = Stamp { position: self.changes.len() as u64, time: self.now() };
        let taken = self.books.apply(change, stamp.position, stamp.time);
        taken.unwrap_or_else(|why| panic!("{why}: {change:?}"));
        let bytes = <Books as store::Books>::encode(change);
        let again = <Books as store::Books>::decode(&bytes).expect("the bytes of a change");
        assert_eq!(again, *change);
        store::Books::apply(&mut self.replayed, &again, stamp).expect("the same change again");
        self.shelf.take(&self.books, change);
        self.checkpoints.take(&self.books, self.changes.len());
    }

    pub fn step(&mut self, op: &Op) {
        match op {
            Op::Place { order, buyer: by, lines } => self.place(*order, *by, lines),
            Op::Send { order } => {
                let id = order_id(*order);
                if let Some(work) = Work::next(&self.books, id) {
                    self.flying.entry(id).or_insert(work);
                }
            }
            Op::Answer { order, how } => self.answer(order_id(*order), *how),
            Op::Again { which } => self.again(usize::from(*which)),
            Op::Echo { which } => self.echo(usize::from(*which)),
            Op::Meddle { order, how } => {
                let how = [Meddling::ChargedBack, Meddling::HoldShrinks, Meddling::ChargedByNobody]
                    [usize::from(*how) % 3];
                self.till.meddle(order_id(*order), how);
            }
            Op::Ship { order, lines } => self.ship(order_id(*order), lines, Some(OPERATOR)),
            Op::Pass { hours } => {
                self.now += u64::from(*hours) * HOUR;
                self.round();
            }
            Op::Cancel { order, by_shop } => self.cancel(order_id(*order), *by_shop),
            Op::Deliver { order } => self.deliver(order_id(*order), Some(OPERATOR)),
            Op::GiveBack { id, buyer: by, from, lines, restock } => {
                self.give_back(*id, *by, *from, lines, *restock);
            }
            Op::Relist { product, price } => {
                let (name, category) = ("other".to_owned(), String::new());
                let (sku, unit_price) = (sku(*product), Minor(*price));
                self.apply(&Change::Relisted { sku, name, category, unit_price });
                let (description, picture) = (format!("at {price}"), None);
                self.apply(&Change::Described { sku, about: About { description, picture } });
            }
            Op::Receive { product, pieces } => self.receive(&sku(*product), *pieces),
            Op::Adjust { product, pieces, reason } => {
                self.adjust(&sku(*product), *pieces, Reason::ALL[usize::from(*reason) % 4]);
            }
        }
    }

    fn quote(&self, order: u8, by: u8, lines: &Lines) -> Quote {
        let quoted = lines.iter().map(|(product, quantity)| {
            let sku = sku(*product);
            let unit_price = self.books.product(&sku).expect("a product").unit_price;
            QuotedLine { sku, quantity: *quantity, unit_price }
        });
        let lines: Vec<_> = quoted.collect();
        let total = Minor(lines.iter().map(|line| i64::from(line.quantity) * line.unit_price.0).sum());
        let deadline = START.plus_seconds(100_000_000);
        let (seller, order, customer) = (Pin([50; 32]), order_id(order), buyer(by).1);
        Quote { seller, order, customer, lines, total, currency: Currency::Gbp, deadline }
    }

    fn place(&mut self, order: u8, by: u8, lines: &Lines) {
        let (quote, owner) = (self.quote(order, by, lines), buyer(by).0);
        let placed = acts::place(&self.books, (&quote, None), owner, self.now());
        if let Some(known) = self.books.order(quote.order) {
            let same = known.quote == quote && known.owner == owner;
            assert_eq!(placed, if same { Ok(None) } else { Err(Refusal::Duplicate) });
            return;
        }
        let change = placed.expect("a fresh order").expect("a fresh order changes the books");
        match &change {
            Change::Placed { .. } => {
                assert_eq!(self.model.lacks(&quote), None);
                self.model.place(&quote, owner);
            }
            Change::TurnedAway { sku, available, .. } => {
                assert_eq!(self.model.lacks(&quote), Some((*sku, u64::from(*available))));
            }
            other => panic!("no way to place an order: {other:?}"),
        }
        self.apply(&change);
    }

    /// The courier comes back, or does not: messages are lost on the way there and on the way back.
    fn answer(&mut self, id: OrderId, how: u8) {
        let Some(work) = self.flying.get(&id).cloned().or_else(|| Work::next(&self.books, id)) else {
            return;
        };
        let lost_there = how == 0;
        if lost_there {
            return;
        }
        let may_lapse = matches!(work, Work::Capture { .. } | Work::Release { .. });
        if how == 1 && may_lapse {
            self.till.expire(id);
        }
        let answer = match &work {
            Work::Inquire { purchase } => {
                let decided = self.till.inquire(purchase, how != 2);
                match decided.filter(|_| how != 3) {
                    Some(approves) => self.decision(&work, approves),
                    None => Answer::Doubt,
                }
            }
            Work::Reverse { .. }
            | Work::Capture { .. }
            | Work::Release { .. }
            | Work::Refund { .. }
            | Work::Repay { .. } => self.till.ask(&work),
        };
        let lost_back = (4..7).contains(&how);
        if !lost_back {
            self.flying.remove(&id);
            self.arrive(work, answer);
        }
    }

    fn decision(&self, work: &Work, approves: bool) -> Answer {
        let Work::Inquire { purchase } = work else { panic!("only inquiries are decided") };
        let verdict = if approves { Verdict::Approved } else { Verdict::Declined };
        let (position, decided_at) = (1, self.now());
        let statement = Statement { purchase: *purchase, verdict, position, decided_at };
        Answer::Decided(Box::new(Decision { statement, sealed_reason: Vec::new(), proof: proof() }))
    }

    /// An answer changes the books exactly when it is to what the order waits for.
    fn arrive(&mut self, work: Work, answer: Answer) {
        let current = Work::next(&self.books, work.order()).as_ref() == Some(&work);
        let change = work.answered(&self.books, answer.clone());
        assert_eq!(change.is_some(), current, "{work:?} {answer:?}");
        self.past.push((work.clone(), answer.clone()));
        let Some(change) = change else { return };
        let asks = match &work {
            Work::Inquire { purchase } => Some(purchase.amount),
            Work::Reverse { .. } => None,
            Work::Capture { amount, .. }
            | Work::Release { amount, .. }
            | Work::Refund { amount, .. }
            | Work::Repay { amount, .. } => Some(*amount),
        };
        if let Some(amount) = asks {
            assert_eq!(amount.0, self.model.worth(&work), "the price that was quoted: {work:?}");
        }
        self.model.answered(&work, &answer);
        self.apply(&change);
    }

    fn again(&mut self, which: usize) {
        let Some((work, answer)) = self.past.get(which % self.past.len().max(1)).cloned() else { return };
        assert_eq!(work.answered(&self.books, answer), None, "no answer counts twice: {work:?}");
    }

    fn echo(&mut self, which: usize) {
        let Some((work, _)) = self.past.get(which % self.past.len().max(1)) else { return };
        match work {
            Work::Inquire { purchase } => {
                self.till.inquire(purchase, true);
            }
            Work::Reverse { .. }
            | Work::Capture { .. }
            | Work::Release { .. }
            | Work::Refund { .. }
            | Work::Repay { .. } => {
                self.till.ask(work);
            }
        }
    }

    fn ship(&mut self, id: OrderId, lines: &[LinePieces], by: Option<Pin>) {
        match acts::ship(&self.books, id, lines, None, by) {
            Ok(change) => {
                let Change::CaptureStarted { shipping, .. } = &change else {
                    panic!("no way to ship: {change:?}")
                };
                assert!(Work::next(&self.books, id).is_none(), "no money of the order moves yet");
                assert_eq!(shipping.amount.0, self.model.ship_started(id, &shipping.lines));
                self.apply(&change);
            }
            Err(why) => {
                let order = self.books.order(id);
                let can = order.is_some_and(Order::is_shippable);
                assert!(!can || matches!(why, Cannot::Line { .. } | Cannot::NothingNamed), "{why:?}");
            }
        }
    }

    pub fn by_hand(&mut self) {
        self.by_hand = true;
    }

    /// What the clerk does by himself, now and then.
    fn round(&mut self) {
        let after = TERMS.ship_after.filter(|_| !self.by_hand).unwrap_or(u64::MAX);
        let due: Vec<_> = self.books.shippable(self.now().minus_seconds(after)).collect();
        due.into_iter().for_each(|id| self.ship(id, &[], None));
        let until = self.now().minus_seconds(TERMS.ship_within);
        let overdue: Vec<_> = self.books.overdue(until).collect();
        for id in overdue {
            let act = acts::cancel(&self.books, id, Cancelled::NotShippedInTime, None);
            self.apply(&act.expect("it can be cancelled").expect("nobody asked for it yet"));
        }
        let until = self.now().minus_seconds(TERMS.deliver_after);
        let arrived: Vec<_> = self.books.undelivered(until).collect();
        arrived.into_iter().for_each(|id| self.deliver(id, None));
    }

    fn cancel(&mut self, id: OrderId, by_shop: bool) {
        let why = if by_shop { Cancelled::ByShop } else { Cancelled::ByShopper };
        let pending = self.books.order(id).is_some_and(|order| order.order == OrderState::Pending);
        match acts::cancel(&self.books, id, why, by_shop.then_some(OPERATOR)) {
            Ok(Some(change)) => {
                if pending {
                    self.model.doubted(id);
                }
                self.apply(&change);
            }
            Ok(None) => {
                let order = self.books.order(id).expect("it is known");
                let over = order.lines.iter().any(|pieces| pieces.cancelled > 0) || !order.is_confirmed();
                assert!(over || order.cancelling.is_some(), "it was not cancelled: {order:?}");
            }
            Err(Cannot::UnknownOrder) => assert!(self.books.order(id).is_none()),
            Err(why) => {
                assert_eq!(why, Cannot::AlreadyShipped);
                let order = self.books.order(id).expect("it is known");
                let leaves = order.shipping.as_ref().is_some_and(|shipping| shipping.last);
                assert!(leaves || !order.has_unshipped(), "it could be cancelled: {order:?}");
            }
        }
    }

    fn deliver(&mut self, id: OrderId, by: Option<Pin>) {
        let before = self.books.order(id).map(|order| order.fulfilment);
        match acts::deliver(&self.books, id, by) {
            Ok(Some(change)) => {
                assert_eq!(before, Some(FulfilmentState::Shipped));
                self.apply(&change);
            }
            Ok(None) => {
                assert!(matches!(before, Some(FulfilmentState::Delivered | FulfilmentState::Returned)));
            }
            Err(Cannot::UnknownOrder) => assert_eq!(before, None),
            Err(why) => assert_eq!((why, before), (Cannot::NotShipped, Some(FulfilmentState::NotFulfilled))),
        }
    }

    fn receive(&mut self, sku: &Sku, pieces: u32) {
        match acts::receive(&self.books, sku, pieces, "a note", OPERATOR) {
            Ok(change) => {
                self.model.add(sku, pieces.into());
                self.apply(&change);
            }
            Err(why) => assert_eq!((why, pieces), (Unshelved::NoPieces, 0)),
        }
    }

    fn adjust(&mut self, sku: &Sku, pieces: i64, reason: Reason) {
        let free = self.model.on_shelf(sku);
        match acts::adjust(&self.books, sku, pieces, reason, OPERATOR) {
            Ok(change) => {
                self.model.add(sku, pieces);
                self.apply(&change);
            }
            Err(Unshelved::NoPieces) => assert_eq!(pieces, 0),
            Err(Unshelved::Reason(_)) => assert!(!reason.allows(pieces > 0)),
            Err(why) => {
                assert_eq!(why, Unshelved::Oversold { available: free });
                assert!(pieces.unsigned_abs() > free, "never oversold, never refused without need");
            }
        }
    }

    fn give_back(&mut self, id: u8, by: u8, from: Option<u8>, lines: &Lines, restock: bool) {
        let (id, (owner, customer)) = (ReturnId::from_bytes([id; 16]), buyer(by));
        let (from, lines) = (from.map(order_id), wanted(lines));
        let operator = (!restock).then_some(OPERATOR);
        let giving = Giving { id, owner, customer: &customer, from, lines: &lines, by: operator, restock };
        let act = acts::give_back(&self.books, &giving);
        if let Some(known) = self.books.given(id) {
            let same = known.is_same(owner, &customer, from, &lines) && known.restock == restock;
            assert_eq!(act, if same { Ok(None) } else { Err(Refusal::Duplicate) });
            return;
        }
        let theirs = |id| {
            let order: Option<&Order> = self.books.order(id);
            order.is_some_and(|order| order.owner == owner && order.quote.customer == customer)
        };
        if from.is_some_and(|id| !theirs(id)) {
            assert_eq!(act, Err(Refusal::UnknownOrder));
            return;
        }
        let waits = |id| self.books.order(id).is_some_and(|order: &Order| order.cancelling.is_some());
        if from.is_some_and(waits) {
            assert_eq!(act, Err(Refusal::TryLater));
            return;
        }
        let change = act.expect("a fresh return").expect("a fresh return changes the books");
        let Change::GivenBack { given, .. } = &change else { panic!("no way to return: {change:?}") };
        let taken = self.model.give_back((id, restock), (owner, customer), from, &lines, waits);
        let parts = given
            .parts
            .iter()
            .map(|part| (part.order, usize::from(part.line), part.sku, part.unit_price, part.quantity));
        assert_eq!(model::counted(parts), model::counted(taken), "the newest lots at the price paid");
        self.apply(&change);
    }

    /// What is cheap to look at after every single change.
    pub fn check_lightly(&self) {
        self.model.compare(&self.books);
        self.till.compare(&self.books);
        for (id, order) in self.books.orders() {
            let owes = Work::next(&self.books, *id).is_some();
            assert_eq!(owes, order.is_owed_an_answer(), "{id}: {order:?}");
            assert!(owes || is_final(order) || order.is_shippable(), "{id} is stuck: {order:?}");
            let out = way_out(order, &TERMS);
            assert_eq!(out == Some(WayOut::Answer), owes, "{id}: {order:?}");
            assert!(order.legs.is_sorted_by_key(|leg| leg.at) && !order.legs.is_empty());
        }
    }

    /// All that must hold after a change, by the house's own audit and by the model.
    pub fn check(&self) {
        self.check_lightly();
        let mut audit = Audit::default();
        self.changes.iter().for_each(|change| audit.see(change));
        assert_eq!(audit.finish(&self.books), Vec::<String>::new());
        self.shelf.compare(&self.books);
        self.shelf.compare(&self.replayed);
        self.checkpoints.compare(&self.books, &self.changes);
        let rows = shelf::rows(&self.books);
        let loaded = shelf::load(&rows);
        assert!(shelf::rows(&loaded) == rows && shelf::rows(&self.replayed) == rows, "the same rows");
        same_lists(&self.books, &self.replayed);
        same_lists(&self.books, &loaded);
        let open: Vec<_> = self.books.open_orders().collect();
        for (id, _) in self.books.orders() {
            let owes = Work::next(&self.books, *id).is_some();
            assert_eq!(open.contains(id), owes, "the open orders are those that wait for an answer");
        }
    }

    /// The faults stop: all that is owed is answered, and time goes by. Every order ends by itself, by the
    /// deadline that its state has.
    pub fn finish(&mut self) {
        for _ in 0..200 {
            let mut open: Vec<_> = self.books.open_orders().collect();
            open.extend(self.flying.keys());
            open.iter().for_each(|id| self.answer(*id, 20));
            if self.books.open_orders().next().is_none() && self.flying.is_empty() {
                let ends = self.books.orders().filter_map(|(_, order)| match way_out(order, &TERMS)? {
                    WayOut::Answer => None,
                    WayOut::Ship { until } | WayOut::Deliver { until } => Some(until),
                });
                let Some(next) = ends.min() else { break };
                self.now = self.now.max((next.0 - START.0) / 1_000_000 + 1);
                self.round();
            }
        }
        self.check();
        self.till.compare_batch(&self.books);
        for (id, order) in self.books.orders() {
            assert_eq!(way_out(order, &TERMS), None, "{id} never comes to an end: {order:?}");
            assert!(is_final(order), "{id} never comes to an end: {order:?}");
        }
        for product in self.books.products() {
            let (reserved, allocated) = (product.stock.reserved, product.stock.allocated);
            assert_eq!((reserved, allocated), (0, 0), "{} is nobody's and not on the shelf", product.sku);
        }
    }
}

/// Whether the order needs nothing more from anybody but the time that its arrival takes.
fn is_final(order: &Order) -> bool {
    let at_rest = order.refunding.is_empty() && order.shipping.is_none() && order.cancelling.is_none();
    at_rest
        && match order.order {
            OrderState::Pending | OrderState::Confirmed => false,
            OrderState::Completed | OrderState::Cancelled | OrderState::Expired => true,
        }
}

fn same_lists(one: &Books, other: &Books) {
    assert_eq!(one.totals(), other.totals());
    assert!(one.open_orders().eq(other.open_orders()), "the same orders wait for an answer");
    let ever = Timestamp(u64::MAX);
    assert!(one.shippable(ever).eq(other.shippable(ever)), "the same orders wait to be shipped");
    assert!(one.overdue(ever).eq(other.overdue(ever)), "the same orders can be too late");
    assert!(one.undelivered(ever).eq(other.undelivered(ever)), "the same orders are on their way");
    for number in 0..3 {
        let (owner, customer) = buyer(number);
        assert!(one.lots(owner, &customer).eq(other.lots(owner, &customer)), "the same lots");
    }
}
