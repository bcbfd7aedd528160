//! Random lives of the shop's books: orders, decisions, doubts, shipments, lapses and returns in any
//! order, few products, lines that name a product twice, and goods that cost nothing. A model that
//! follows every single piece says what must come of each.

#[path = "lives/model.rs"]
mod model;
#[path = "lives/shelf.rs"]
mod shelf;
#[path = "lives/till.rs"]
mod till;

use kessai_server::sales::acts::{self, Giving};
use kessai_server::sales::{Audit, Books, Change, Order, Work};
use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{
    Decision, GroupHead, Inclusion, Quote, QuotedLine, Signature, Statement, Verdict,
};
use kessai_shared::store::{self, Stamp};
use kessai_shared::storefront::{Cancelled, FulfilmentState, Line, OrderState, PaymentState, Refusal};
use kessai_shared::time::Timestamp;
use model::Model;
use proptest::prelude::*;
use shelf::{Checkpoints, Shelf};
use till::Till;

const START: Timestamp = Timestamp(1_782_864_000_000_000);
/// The pieces of each product and what one costs at first; the last one is a free sample.
const PRODUCTS: [(u64, i64); 4] = [(9, 10), (12, 7), (0, 5), (8, 0)];

type Lines = Vec<(u8, u32)>;

/// One thing that happens to the books. Numbers are picks from small pools.
#[derive(Clone, Debug)]
enum Op {
    Place {
        order: u8,
        buyer: u8,
        lines: Lines,
    },
    /// The courier is back from what the order waits for; `how` picks among the answers there are.
    Answer {
        order: u8,
        how: u8,
    },
    /// A round of shipments begins.
    Ship {
        most: usize,
    },
    GiveBack {
        id: u8,
        buyer: u8,
        from: Option<u8>,
        lines: Lines,
    },
    Relist {
        product: u8,
        price: i64,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let product = || prop_oneof![8 => 0..2_u8, 1 => Just(2_u8), 3 => Just(3_u8)];
    let lines = (product(), 1..4_u32);
    let lines = prop::collection::vec(lines, 1..4);
    let from = prop::option::weighted(0.3, 0..8_u8);
    let given = prop::collection::vec((product(), 1..6_u32), 1..4);
    prop_oneof![
        4 => (0..8_u8, 0..3_u8, lines).prop_map(|(order, buyer, lines)| Op::Place { order, buyer, lines }),
        9 => (0..8_u8, 0..8_u8).prop_map(|(order, how)| Op::Answer { order, how }),
        2 => (1..4_usize).prop_map(|most| Op::Ship { most }),
        4 => (0..9_u8, 0..3_u8, from, given).prop_map(|(id, buyer, from, lines)| {
            Op::GiveBack { id, buyer, from, lines }
        }),
        1 => (0..3_u8, 0..20_i64).prop_map(|(product, price)| Op::Relist { product, price }),
    ]
}

fn sku(product: u8) -> Sku {
    Sku::new(&format!("sku {product}")).expect("a SKU")
}

fn order_id(number: u8) -> OrderId {
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

/// The books under test, what stands beside them, and all that ever happened.
#[derive(Default)]
struct Life {
    books: Books,
    /// The same books, made from the bytes of the changes.
    replayed: Books,
    shelf: Shelf,
    checkpoints: Checkpoints,
    model: Model,
    till: Till,
    changes: Vec<Change>,
    now: u64,
}

/// The seller passes proofs on; only terminals check them.
fn proof() -> Inclusion {
    let (first, last, at, decisions) = (1, 1, Timestamp(1), 1);
    let head = GroupHead { first, last, at, decisions, root: [8; 32], journal: [9; 32] };
    Inclusion { head, signature: Signature::from([7; 64]), index: 0, path: Vec::new() }
}

impl Life {
    fn new() -> Self {
        let mut life = Self::default();
        for (product, (received, price)) in (0_u8..).zip(PRODUCTS) {
            let (sku, unit_price) = (sku(product), Minor(price));
            life.model.receive(&sku, received);
            let (name, category) = ("name".to_owned(), "category".to_owned());
            life.apply(&Change::Stocked { sku, name, category, unit_price, received });
        }
        life
    }

    fn now(&self) -> Timestamp {
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

    fn step(&mut self, op: &Op) {
        match op {
            Op::Place { order, buyer: by, lines } => self.place(*order, *by, lines),
            Op::Answer { order, how } => self.answer(order_id(*order), *how),
            Op::Ship { most } => self.ship(*most),
            Op::GiveBack { id, buyer: by, from, lines } => self.give_back(*id, *by, *from, lines),
            Op::Relist { product, price } => {
                let (name, category) = ("other".to_owned(), String::new());
                let (sku, unit_price) = (sku(*product), Minor(*price));
                self.apply(&Change::Relisted { sku, name, category, unit_price });
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
        let deadline = START.plus_seconds(100_000);
        let (seller, order, customer) = (Pin([50; 32]), order_id(order), buyer(by).1);
        Quote { seller, order, customer, lines, total, currency: Currency::Gbp, deadline }
    }

    fn place(&mut self, order: u8, by: u8, lines: &Lines) {
        let (quote, owner) = (self.quote(order, by, lines), buyer(by).0);
        let placed = acts::place(&self.books, &quote, owner, self.now());
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

    fn answer(&mut self, id: OrderId, how: u8) {
        let Some(work) = Work::next(&self.books, id) else { return };
        let change = match &work {
            Work::Inquire { purchase } if how < 7 => {
                let approves = self.till.inquire(purchase, how > 0);
                let verdict = if approves { Verdict::Approved } else { Verdict::Declined };
                let (position, decided_at) = (1, self.now());
                let statement = Statement { purchase: *purchase, verdict, position, decided_at };
                let decision = Decision { statement, sealed_reason: Vec::new(), proof: proof() };
                self.model.decided(id, approves);
                Change::Decided { order: id, decision }
            }
            Work::Inquire { .. } => Change::Doubted { order: id },
            Work::Reverse { order } => {
                self.till.reverse(*order);
                self.model.freed(*order);
                Change::Reversed { order: *order }
            }
            Work::Capture { order, amount } => {
                assert_eq!(*amount, self.model.capturing(*order), "the charge is for what is kept");
                if how == 0 {
                    self.till.expire(*order);
                }
                if self.till.capture(*order, *amount, work.moves_money()) {
                    self.model.shipped(*order);
                    Change::Shipped { order: *order }
                } else {
                    self.model.lapsed(*order);
                    Change::Lapsed { order: *order }
                }
            }
            Work::Refund { given, order, amount } => {
                assert_eq!(*amount, self.model.worth_back(*given, *order), "at the price that was paid");
                if how == 0 {
                    self.till.expire(*order);
                }
                self.till.refund(*order, *amount, work.moves_money());
                self.model.refunded(*given, *order);
                Change::Refunded { id: *given, order: *order }
            }
        };
        self.apply(&change);
    }

    fn ship(&mut self, most: usize) {
        let due: Vec<_> = self.books.shippable(self.now()).take(most).collect();
        for order in due {
            assert!(Work::next(&self.books, order).is_none(), "no money of the order moves yet");
            self.model.ship_started(order);
            self.apply(&Change::CaptureStarted { order });
        }
    }

    fn give_back(&mut self, id: u8, by: u8, from: Option<u8>, lines: &Lines) {
        let (id, (owner, customer)) = (ReturnId::from_bytes([id; 16]), buyer(by));
        let (from, lines) = (from.map(order_id), wanted(lines));
        let giving = Giving { id, owner, customer: &customer, from, lines: &lines };
        let act = acts::give_back(&self.books, &giving);
        if let Some(known) = self.books.given(id) {
            let same = (known.owner, &known.customer, known.from) == (owner, &customer, from);
            let same = same && known.is_same(known.owner, &known.customer, known.from, &lines);
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
        let change = act.expect("a fresh return").expect("a fresh return changes the books");
        let Change::GivenBack { given, .. } = &change else { panic!("no way to return: {change:?}") };
        let taken = self.model.give_back(id, (owner, customer), from, &lines);
        let parts = given
            .parts
            .iter()
            .map(|part| (part.order, usize::from(part.line), part.sku, part.unit_price, part.quantity));
        assert_eq!(model::counted(parts), model::counted(taken), "the newest lots at the price paid");
        self.apply(&change);
    }

    /// All that must hold after a change, by the house's own audit and by the model.
    fn check(&self) {
        let mut audit = Audit::default();
        self.changes.iter().for_each(|change| audit.see(change));
        assert_eq!(audit.finish(&self.books), Vec::<String>::new());
        self.model.compare(&self.books);
        self.till.compare(&self.books);
        self.shelf.compare(&self.books);
        self.shelf.compare(&self.replayed);
        self.checkpoints.compare(&self.books, &self.changes);
        let rows = shelf::rows(&self.books);
        let loaded = shelf::load(&rows);
        assert!(shelf::rows(&loaded) == rows && shelf::rows(&self.replayed) == rows, "the same rows");
        same_lists(&self.books, &self.replayed);
        same_lists(&self.books, &loaded);
        let open: Vec<_> = self.books.open_orders().collect();
        for (id, order) in self.books.orders() {
            let owes = Work::next(&self.books, *id).is_some();
            assert_eq!(open.contains(id), owes, "the open orders are those that wait for an answer");
            assert!(owes || is_final(order) || order.is_shippable(), "{id} is stuck: {order:?}");
        }
    }

    /// Answers all that is owed and ships all that waits, until nothing is left to do.
    fn finish(&mut self) {
        for _ in 0..200 {
            let open: Vec<_> = self.books.open_orders().collect();
            open.iter().for_each(|id| self.answer(*id, 1));
            self.ship(usize::MAX);
            if open.is_empty() && self.books.open_orders().next().is_none() {
                break;
            }
        }
        self.check();
        for (id, order) in self.books.orders() {
            assert!(is_final(order), "{id} never comes to an end: {order:?}");
        }
        for product in self.books.products() {
            let (reserved, allocated) = (product.stock.reserved, product.stock.allocated);
            assert_eq!((reserved, allocated), (0, 0), "{} is nobody's and not on the shelf", product.sku);
        }
    }
}

/// Whether the order needs nothing more from anybody.
fn is_final(order: &Order) -> bool {
    let at_rest = order.refunding.is_empty() && order.capturing.is_none();
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
    for number in 0..3 {
        let (owner, customer) = buyer(number);
        assert!(one.lots(owner, &customer).eq(other.lots(owner, &customer)), "the same lots");
    }
}

/// A life in which these things have happened, checked after each of them.
fn life(ops: &[Op]) -> Life {
    let mut life = Life::new();
    for op in ops {
        life.step(op);
        life.check();
    }
    life
}

fn bought(order: u8, lines: &[(u8, u32)]) -> [Op; 2] {
    [Op::Place { order, buyer: 0, lines: lines.to_vec() }, Op::Answer { order, how: 1 }]
}

fn back(id: u8, lines: &[(u8, u32)]) -> Op {
    Op::GiveBack { id, buyer: 0, from: None, lines: lines.to_vec() }
}

fn answered(order: u8) -> Op {
    Op::Answer { order, how: 1 }
}

fn lives(parts: &[&[Op]]) -> Life {
    life(&parts.concat())
}

fn order(life: &Life, number: u8) -> &Order {
    life.books.order(order_id(number)).expect("the order is known")
}

#[test]
fn goods_given_back_while_their_capture_is_under_way_are_charged_and_then_refunded() {
    let mut life =
        lives(&[&bought(0, &[(0, 2), (0, 1)]), &[Op::Ship { most: 1 }, back(0, &[(0, 3)]), answered(0)]]);
    assert_eq!((order(&life, 0).captured, order(&life, 0).payment), (Minor(30), PaymentState::Captured));
    life.finish();
    let order = order(&life, 0);
    assert_eq!((order.refunded, order.payment), (Minor(30), PaymentState::Refunded));
    assert_eq!(order.fulfilment, FulfilmentState::Returned);
}

#[test]
fn a_hold_that_runs_out_under_open_refunds_frees_every_piece_once() {
    let lapse = Op::Answer { order: 0, how: 0 };
    let mut life =
        lives(&[&bought(0, &[(0, 3), (0, 1)]), &[Op::Ship { most: 1 }, back(0, &[(0, 2)]), lapse]]);
    let product = |life: &Life| life.books.product(&sku(0)).expect("a product").stock;
    assert_eq!((product(&life).allocated, product(&life).available), (2, 7), "two wait for their refund");
    life.finish();
    assert_eq!((product(&life).allocated, product(&life).available), (0, 9));
    assert_eq!(order(&life, 0).cancelled, Some(Cancelled::HoldExpired));
}

#[test]
fn all_lines_of_an_order_together_may_not_be_more_than_is_there() {
    let life = life(&[Op::Place { order: 0, buyer: 0, lines: vec![(0, 5), (1, 1), (0, 5)] }]);
    let cancelled = Cancelled::OutOfStock { sku: sku(0), available: 9 };
    assert_eq!(order(&life, 0).cancelled, Some(cancelled));
}

#[test]
fn the_newest_lot_comes_back_first_at_the_price_that_was_paid() {
    let dearer = Op::Relist { product: 0, price: 15 };
    let mut life = lives(&[&bought(1, &[(0, 2)]), &[dearer], &bought(0, &[(0, 2)]), &[back(0, &[(0, 3)])]]);
    life.finish();
    assert_eq!(order(&life, 0).refunded, Minor(30), "both of the newer lot");
    assert_eq!(order(&life, 1).refunded, Minor(10), "one of the older lot");
}

#[test]
fn a_free_piece_comes_back_without_any_money_moving() {
    let mut life = lives(&[&bought(0, &[(0, 1), (3, 1)]), &[back(0, &[(3, 1)])]]);
    let work = Work::next(&life.books, order_id(0)).expect("the return waits for its end");
    assert!(!work.moves_money(), "the settlement refunds no nothing");
    life.finish();
    assert_eq!((order(&life, 0).captured, order(&life, 0).refunded), (Minor(10), Minor(0)));
}

#[test]
fn a_free_piece_is_shipped_when_all_that_cost_something_was_given_back() {
    let mut life = lives(&[&bought(0, &[(0, 1), (3, 2)]), &[back(0, &[(0, 1)])]]);
    life.finish();
    let shipped = life.books.product(&sku(3)).expect("a product").stock.shipped;
    assert_eq!((shipped, order(&life, 0).payment), (2, PaymentState::Voided));
    life.step(&back(1, &[(3, 2)]));
    life.check();
    life.finish();
    assert_eq!(life.books.product(&sku(3)).expect("a product").stock.available, 8);
    assert_eq!(order(&life, 0).fulfilment, FulfilmentState::Returned);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

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
        life.finish();
    }
}
