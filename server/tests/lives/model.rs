//! The shop's books once more, piece by piece: every single piece that was ordered is followed from
//! the shelf to wherever it is. It shares no arithmetic with the sales.

use std::collections::BTreeMap;

use kessai_server::sales::Books;
use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Quote;
use kessai_shared::storefront::{Line, OrderState};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Reserved,
    Allocated,
    Shipped,
    /// Shipped, and on the shelf again.
    Back,
    /// On the shelf again without ever having left.
    Freed,
}

struct Piece {
    line: usize,
    sku: Sku,
    price: i64,
    place: Place,
    given: Option<ReturnId>,
    /// Whether the return it was given back with was answered.
    answered: bool,
}

struct Held {
    buyer: (Pin, Customer),
    pieces: Vec<Piece>,
    capturing: Option<i64>,
    /// How its story ended, or that it has not.
    outcome: Option<&'static str>,
}

/// Pieces that came back: of which order and line, what, at which price.
pub type Taken = (OrderId, usize, Sku, Minor, u32);

#[derive(Default)]
pub struct Model {
    received: BTreeMap<Sku, u64>,
    orders: BTreeMap<OrderId, Held>,
    /// The approved orders that have not lapsed, the oldest approval first.
    lots: Vec<OrderId>,
}

/// Adds up what is alike, so that it does not matter in how many steps it was listed.
pub fn counted(taken: impl IntoIterator<Item = Taken>) -> BTreeMap<(OrderId, usize, Sku, Minor), u32> {
    let mut sums = BTreeMap::new();
    for (order, line, sku, price, quantity) in taken {
        *sums.entry((order, line, sku, price)).or_default() += quantity;
    }
    sums
}

impl Model {
    pub fn receive(&mut self, sku: &Sku, pieces: u64) {
        self.received.insert(*sku, pieces);
    }

    fn count(&self, sku: &Sku, places: &[Place]) -> u64 {
        let pieces = self.orders.values().flat_map(|order| &order.pieces);
        pieces.filter(|piece| piece.sku == *sku && places.contains(&piece.place)).count() as u64
    }

    fn on_shelf(&self, sku: &Sku) -> u64 {
        let out = self.count(sku, &[Place::Reserved, Place::Allocated, Place::Shipped]);
        let received = self.received[sku];
        assert!(out <= received, "I4: {sku} is oversold");
        received - out
    }

    /// The first line whose product is short, with how many pieces there are.
    pub fn lacks(&self, quote: &Quote) -> Option<(Sku, u64)> {
        quote.lines.iter().find_map(|line| {
            let same = quote.lines.iter().filter(|other| other.sku == line.sku);
            let wanted: u64 = same.map(|other| u64::from(other.quantity)).sum();
            let there = self.on_shelf(&line.sku);
            (there < wanted).then_some((line.sku, there))
        })
    }

    pub fn place(&mut self, quote: &Quote, owner: Pin) {
        let mut pieces = Vec::new();
        for (line, quoted) in quote.lines.iter().enumerate() {
            for _ in 0..quoted.quantity {
                let (sku, price, place) = (quoted.sku, quoted.unit_price.0, Place::Reserved);
                pieces.push(Piece { line, sku, price, place, given: None, answered: false });
            }
        }
        let buyer = (owner, quote.customer);
        let held = Held { buyer, pieces, capturing: None, outcome: None };
        assert!(self.orders.insert(quote.order, held).is_none(), "I8: an order is placed twice");
    }

    fn order(&mut self, id: OrderId) -> &mut Held {
        self.orders.get_mut(&id).expect("the order was placed")
    }

    fn ends(&mut self, id: OrderId, outcome: &'static str) {
        let before = self.order(id).outcome.replace(outcome);
        assert_eq!(before, None, "{id} has two outcomes, the later is that it {outcome}");
    }

    /// Moves all pieces that are in one place, or only some of them, to another.
    fn carry(&mut self, id: OrderId, from: Place, to: Place, which: impl Fn(&Piece) -> bool) {
        let pieces = self.order(id).pieces.iter_mut();
        pieces.filter(|piece| piece.place == from && which(piece)).for_each(|piece| piece.place = to);
    }

    pub fn decided(&mut self, id: OrderId, approves: bool) {
        if approves {
            self.carry(id, Place::Reserved, Place::Allocated, |_| true);
            self.lots.push(id);
        } else {
            self.freed(id);
        }
    }

    pub fn freed(&mut self, id: OrderId) {
        self.ends(id, "came to nothing");
        self.carry(id, Place::Reserved, Place::Freed, |_| true);
    }

    pub fn ship_started(&mut self, id: OrderId) {
        let order = self.order(id);
        assert_eq!(order.capturing, None, "one movement of money at a time");
        let waits = order.pieces.iter().any(|piece| piece.given.is_some() && !piece.answered);
        assert!(!waits, "a capture overtakes a refund of {id}");
        let kept = order.pieces.iter().filter(|piece| piece.given.is_none());
        order.capturing = Some(kept.map(|piece| piece.price).sum());
    }

    pub fn capturing(&self, id: OrderId) -> Minor {
        Minor(self.orders[&id].capturing.expect("a capture was begun"))
    }

    /// All that is still here leaves, also what was given back since the capture began.
    pub fn shipped(&mut self, id: OrderId) {
        self.ends(id, "was shipped");
        self.order(id).capturing = None;
        self.carry(id, Place::Allocated, Place::Shipped, |_| true);
    }

    pub fn lapsed(&mut self, id: OrderId) {
        self.ends(id, "lapsed");
        self.order(id).capturing = None;
        self.carry(id, Place::Allocated, Place::Freed, |piece| piece.given.is_none());
        self.lots.retain(|lot| *lot != id);
    }

    pub fn worth_back(&self, given: ReturnId, id: OrderId) -> Minor {
        let order = &self.orders[&id];
        assert_eq!(order.capturing, None, "one movement of money at a time");
        let pieces = order.pieces.iter().filter(|piece| piece.given == Some(given));
        Minor(pieces.map(|piece| piece.price).sum())
    }

    pub fn refunded(&mut self, given: ReturnId, id: OrderId) {
        let theirs = |piece: &Piece| piece.given == Some(given);
        self.carry(id, Place::Allocated, Place::Freed, theirs);
        self.carry(id, Place::Shipped, Place::Back, theirs);
        let order = self.order(id);
        order.pieces.iter_mut().filter(|piece| theirs(piece)).for_each(|piece| piece.answered = true);
        if order.outcome.is_none() && order.pieces.iter().all(|piece| piece.answered) {
            self.ends(id, "was given back before it was shipped");
        }
    }

    /// Takes back piece by piece: for each wanted piece the newest lot that still has one.
    pub fn give_back(
        &mut self,
        id: ReturnId,
        buyer: (Pin, Customer),
        from: Option<OrderId>,
        lines: &[Line],
    ) -> Vec<Taken> {
        let mut taken = Vec::new();
        for line in lines {
            for _ in 0..line.quantity {
                for lot in self.lots.iter().rev().filter(|lot| from.is_none_or(|from| from == **lot)) {
                    let order = self.orders.get_mut(lot).expect("a lot is an order");
                    let mut theirs = order.pieces.iter_mut().filter(|_| order.buyer == buyer);
                    let Some(piece) = theirs.find(|p| p.sku == line.sku && p.given.is_none()) else {
                        continue;
                    };
                    piece.given = Some(id);
                    taken.push((*lot, piece.line, piece.sku, Minor(piece.price), 1));
                    break;
                }
            }
        }
        taken
    }

    /// Every product's pieces are where the model has them (I4), and every order's story agrees.
    pub fn compare(&self, books: &Books) {
        for product in books.products() {
            let (stock, sku) = (product.stock, &product.sku);
            assert!(stock.balances(), "I4: {sku} {stock:?}");
            assert_eq!(stock.received, self.received[sku]);
            assert_eq!(stock.available, self.on_shelf(sku), "I4: {sku}");
            assert_eq!(stock.reserved, self.count(sku, &[Place::Reserved]), "I4: {sku}");
            assert_eq!(stock.allocated, self.count(sku, &[Place::Allocated]), "I4: {sku}");
            assert_eq!(stock.shipped, self.count(sku, &[Place::Shipped, Place::Back]), "I4: {sku}");
            assert_eq!(stock.returned, self.count(sku, &[Place::Back]), "I4: {sku}");
        }
        for (id, held) in &self.orders {
            let order = books.order(*id).expect("the order is in the books");
            let ended = !matches!(order.order, OrderState::Pending | OrderState::Confirmed);
            assert_eq!(ended, held.outcome.is_some(), "{id}: {:?} {:?}", order.order, held.outcome);
            let kept = held.pieces.iter().filter(|piece| piece.given.is_none());
            assert_eq!(order.kept().0, kept.map(|piece| piece.price).sum::<i64>(), "{id}");
            let answered = held.pieces.iter().filter(|piece| piece.answered);
            assert_eq!(order.refunded.0, answered.map(|piece| piece.price).sum::<i64>(), "{id}");
        }
    }
}
