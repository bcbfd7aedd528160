//! The shop's books once more, piece by piece: every single piece that was ordered is followed from
//! the shelf to wherever it is. It shares no arithmetic with the sales.

use std::collections::BTreeMap;

use kessai_server::sales::{Answer, Books, LinePieces, Work};
use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, Verdict};
use kessai_shared::storefront::{Line, OrderState};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Reserved,
    Allocated,
    Shipped,
    /// Shipped, and on the shelf again, or not fit for it.
    Back {
        fit: bool,
    },
    /// Never left, and on the shelf again, or not fit for it.
    Freed {
        fit: bool,
    },
}

struct Piece {
    line: usize,
    sku: Sku,
    price: i64,
    place: Place,
    /// In the shipment that is under way.
    leaving: bool,
    given: Option<ReturnId>,
    paid_back: bool,
}

struct Held {
    buyer: (Pin, Customer),
    pieces: Vec<Piece>,
    /// How its story ended, or that it has not.
    outcome: Option<&'static str>,
}

/// Pieces that came back: of which order and line, what, at which price.
pub type Taken = (OrderId, usize, Sku, Minor, u32);

#[derive(Default)]
pub struct Model {
    /// What came in and was found, less what was written off on the shelf.
    owned: BTreeMap<Sku, i64>,
    orders: BTreeMap<OrderId, Held>,
    /// The approved orders that stand, the oldest approval first.
    lots: Vec<OrderId>,
    /// Which returns bring back what cannot be sold again.
    unfit: Vec<ReturnId>,
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
    pub fn add(&mut self, sku: &Sku, pieces: i64) {
        *self.owned.entry(*sku).or_default() += pieces;
    }

    fn count(&self, sku: &Sku, at: impl Fn(Place) -> bool) -> u64 {
        let pieces = self.orders.values().flat_map(|order| &order.pieces);
        pieces.filter(|piece| piece.sku == *sku && at(piece.place)).count() as u64
    }

    pub fn on_shelf(&self, sku: &Sku) -> u64 {
        let out = self.count(sku, |place| match place {
            Place::Reserved | Place::Allocated | Place::Shipped => true,
            Place::Back { fit } | Place::Freed { fit } => !fit,
        });
        let left = self.owned[sku] - i64::try_from(out).expect("few pieces");
        u64::try_from(left).unwrap_or_else(|_| panic!("I4: {sku} is oversold"))
    }

    /// The first product of which not all is there, as the buyer is told.
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
                let (leaving, given, paid_back) = (false, None, false);
                pieces.push(Piece { line, sku, price, place, leaving, given, paid_back });
            }
        }
        let held = Held { buyer: (owner, quote.customer), pieces, outcome: None };
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

    /// The order is given up before it was decided: its goods are free at once.
    pub fn doubted(&mut self, id: OrderId) {
        self.carry(id, Place::Reserved, Place::Freed { fit: true }, |_| true);
    }

    pub fn ship_started(&mut self, id: OrderId, lines: &[LinePieces]) -> i64 {
        let order = self.order(id);
        let waits = |piece: &Piece| piece.place == Place::Allocated && piece.given.is_some();
        assert!(!order.pieces.iter().any(|piece| piece.leaving || waits(piece)), "one movement at a time");
        let mut worth = 0;
        for (line, pieces) in lines {
            let here = |piece: &&mut Piece| {
                piece.line == usize::from(*line) && piece.place == Place::Allocated && !piece.leaving
            };
            for _ in 0..*pieces {
                let piece = order.pieces.iter_mut().find(here).expect("I4: nothing leaves that is not here");
                piece.leaving = true;
                worth += piece.price;
            }
        }
        worth
    }

    /// What the errand has to ask for.
    pub fn worth(&self, work: &Work) -> i64 {
        let order = &self.orders[&work.order()];
        let worth = |which: &dyn Fn(&Piece) -> bool| {
            order.pieces.iter().filter(|piece| which(piece)).map(|piece| piece.price).sum()
        };
        match work {
            Work::Inquire { .. } => worth(&|_| true),
            Work::Reverse { .. } => 0,
            Work::Capture { .. } => worth(&|piece| piece.leaving),
            Work::Release { given: Some(given), .. } => {
                worth(&|piece| piece.given == Some(*given) && piece.place == Place::Allocated)
            }
            Work::Release { given: None, .. } => worth(&|piece| piece.place == Place::Allocated),
            Work::Repay { .. } => panic!("nothing is recovered in these lives"),
            Work::Refund { given, .. } => {
                worth(&|piece| piece.given == Some(*given) && piece.place == Place::Shipped)
            }
        }
    }

    /// What an answer means for every piece.
    pub fn answered(&mut self, work: &Work, answer: &Answer) {
        let id = work.order();
        match (work, answer) {
            (Work::Inquire { .. }, Answer::Decided(decision)) => {
                if decision.statement.verdict == Verdict::Approved {
                    self.carry(id, Place::Reserved, Place::Allocated, |_| true);
                    self.lots.push(id);
                } else {
                    self.ends(id, "was declined");
                    self.doubted(id);
                }
            }
            (Work::Inquire { .. }, _) => self.doubted(id),
            (Work::Reverse { .. }, _) | (Work::Release { given: None, .. }, _) => self.give_up(id),
            (Work::Capture { .. }, Answer::Captured { .. }) => {
                self.carry(id, Place::Allocated, Place::Shipped, |piece| piece.leaving);
                self.stays(id);
                self.ends_if_empty(id);
            }
            (Work::Capture { .. }, Answer::Lapsed) => {
                self.stays(id);
                self.give_up(id);
            }
            (Work::Capture { .. }, _) => self.stays(id),
            (Work::Release { given: Some(given), .. }, _) => {
                let fit = !self.unfit.contains(given);
                self.pay_back(*given, id, Place::Allocated);
                self.carry(id, Place::Allocated, Place::Freed { fit }, |piece| piece.given == Some(*given));
                self.ends_if_empty(id);
            }
            (Work::Repay { .. }, _) => panic!("nothing is recovered in these lives"),
            (Work::Refund { given, .. }, answer) => {
                let fit = !self.unfit.contains(given);
                if matches!(answer, Answer::Refunded { .. }) {
                    self.pay_back(*given, id, Place::Shipped);
                }
                self.carry(id, Place::Shipped, Place::Back { fit }, |piece| piece.given == Some(*given));
            }
        }
    }

    fn stays(&mut self, id: OrderId) {
        self.order(id).pieces.iter_mut().for_each(|piece| piece.leaving = false);
    }

    fn pay_back(&mut self, given: ReturnId, id: OrderId, from: Place) {
        let theirs = |piece: &&mut Piece| piece.given == Some(given) && piece.place == from;
        self.order(id).pieces.iter_mut().filter(theirs).for_each(|piece| piece.paid_back = true);
    }

    /// What is still here and nobody brings back is on the shelf again.
    fn give_up(&mut self, id: OrderId) {
        self.carry(id, Place::Allocated, Place::Freed { fit: true }, |piece| piece.given.is_none());
        let left = |piece: &Piece| matches!(piece.place, Place::Shipped | Place::Back { .. });
        if self.orders[&id].pieces.iter().any(left) {
            self.ends_if_empty(id);
        } else {
            self.ends(id, "came to nothing");
            self.lots.retain(|lot| *lot != id);
        }
    }

    fn ends_if_empty(&mut self, id: OrderId) {
        let order = self.order(id);
        let here = order.pieces.iter().any(|piece| piece.place == Place::Allocated);
        if !here && order.outcome.is_none() {
            order.outcome = Some("has nothing left to ship");
        }
    }

    /// Takes back piece by piece: for each wanted piece the newest lot that still has one, and of that a
    /// piece that has not left, if there is one. `skip` names the lots that have to wait.
    pub fn give_back(
        &mut self,
        (id, fit): (ReturnId, bool),
        buyer: (Pin, Customer),
        from: Option<OrderId>,
        lines: &[Line],
        skip: impl Fn(OrderId) -> bool,
    ) -> Vec<Taken> {
        if !fit {
            self.unfit.push(id);
        }
        let mut taken = Vec::new();
        for line in lines {
            for _ in 0..line.quantity {
                let lots = self.lots.iter().rev().filter(|lot| from.is_none_or(|from| from == **lot));
                for lot in lots.filter(|lot| !skip(**lot)) {
                    let order = self.orders.get_mut(lot).expect("a lot is an order");
                    let theirs = order.buyer == buyer;
                    let can = |piece: &&mut Piece| {
                        theirs && piece.sku == line.sku && piece.given.is_none() && can_come_back(piece)
                    };
                    let wanted = order.pieces.iter_mut().filter(can);
                    // Line by line, as they were bought.
                    let piece = wanted.min_by_key(|p| (p.line, p.place == Place::Shipped, p.leaving));
                    let Some(piece) = piece else { continue };
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
            assert_eq!(stock.available, self.on_shelf(sku), "I4: {sku}");
            assert_eq!(stock.reserved, self.count(sku, |place| place == Place::Reserved), "I4: {sku}");
            assert_eq!(stock.allocated, self.count(sku, |place| place == Place::Allocated), "I4: {sku}");
            let back = self.count(sku, |place| matches!(place, Place::Back { .. }));
            assert_eq!(stock.shipped - back, self.count(sku, |p| p == Place::Shipped), "I4: {sku}");
            assert_eq!(stock.returned, back, "I4: {sku}");
        }
        for (id, held) in &self.orders {
            let order = books.order(*id).expect("the order is in the books");
            let ended = !matches!(order.order, OrderState::Pending | OrderState::Confirmed);
            assert_eq!(ended, held.outcome.is_some(), "{id}: {:?} {:?}", order.order, held.outcome);
            let paid = held.pieces.iter().filter(|piece| piece.paid_back);
            assert_eq!(order.refunded.0, paid.map(|piece| piece.price).sum::<i64>(), "{id}");
            let left = held.pieces.iter().filter(|p| matches!(p.place, Place::Shipped | Place::Back { .. }));
            assert_eq!(order.captured.0, left.map(|piece| piece.price).sum::<i64>(), "I1: {id}");
        }
    }
}

fn can_come_back(piece: &Piece) -> bool {
    match piece.place {
        Place::Allocated | Place::Shipped => true,
        Place::Reserved | Place::Back { .. } | Place::Freed { .. } => false,
    }
}
