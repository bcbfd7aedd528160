//! What the shopper means to buy.

use kessai_shared::ids::Sku;
use kessai_shared::money::Minor;
use kessai_shared::storefront::{Item, Line, MAX_LINES, MAX_QUANTITY};

use crate::app::event::Seq;

/// How many pieces: from one to as many as the protocol takes on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    count: u32,
    /// Whether the next digit continues this number rather than beginning a new one.
    typing: bool,
}

/// One product in the cart.
#[derive(Clone)]
pub struct Goods {
    pub item: Item,
    pub quantity: Quantity,
}

#[derive(Default)]
pub struct Cart {
    pub goods: Vec<Goods>,
    pub cursor: usize,
    /// What was last taken off, and from where.
    undo: Option<(usize, Goods)>,
    /// Counts the changes, so that each is kept on this machine once.
    revision: u64,
    /// The question for what the shop has of it, while it is under way.
    pub checking: Option<Seq>,
}

impl Default for Quantity {
    fn default() -> Self {
        Self::of(1)
    }
}

impl Quantity {
    pub fn of(count: u32) -> Self {
        Self { count: count.clamp(1, MAX_QUANTITY), typing: false }
    }

    pub fn get(self) -> u32 {
        self.count
    }

    pub fn more(self) -> Self {
        Self::of(self.count.saturating_add(1))
    }

    pub fn fewer(self) -> Self {
        Self::of(self.count.saturating_sub(1))
    }

    pub fn and(self, other: Self) -> Self {
        Self::of(self.count.saturating_add(other.count))
    }

    /// The number with one more digit typed at its end; the first digit begins a new number.
    pub fn typed(self, digit: u32) -> Self {
        let so_far = if self.typing { self.count } else { 0 };
        let count = so_far.saturating_mul(10).saturating_add(digit);
        Self { typing: true, ..Self::of(count) }
    }

    pub fn erased(self) -> Self {
        Self { typing: self.count >= 10, ..Self::of(self.count / 10) }
    }
}

impl Goods {
    pub fn line(&self) -> Line {
        Line { sku: self.item.sku, quantity: self.quantity.get() }
    }

    /// What these pieces cost at the listed price, or nothing when that is beyond any order.
    pub fn sum(&self) -> Option<Minor> {
        self.item.unit_price.times(self.quantity.get())
    }

    pub fn is_short(&self) -> bool {
        self.quantity.get() > self.item.available
    }
}

impl Cart {
    pub fn total(&self) -> Option<Minor> {
        let sums: Option<Vec<Minor>> = self.goods.iter().map(Goods::sum).collect();
        Minor::sum(sums?)
    }

    pub fn pieces(&self) -> u64 {
        self.goods.iter().map(|goods| u64::from(goods.quantity.get())).sum()
    }

    /// How many lines are of more pieces than the shop has, as far as is known here.
    pub fn short(&self) -> usize {
        self.goods.iter().filter(|goods| goods.is_short()).count()
    }

    /// How often it was changed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Adds pieces of a product and returns how many are in the cart now, or `None` when the cart
    /// holds as many different products as an order may have.
    pub fn add(&mut self, item: &Item, quantity: Quantity) -> Option<u32> {
        if let Some(goods) = self.goods.iter_mut().find(|goods| goods.item.sku == item.sku) {
            goods.quantity = goods.quantity.and(quantity);
            goods.item = item.clone();
            self.revision += 1;
            return Some(goods.quantity.get());
        }
        if self.goods.len() >= MAX_LINES {
            return None;
        }
        self.goods.push(Goods { item: item.clone(), quantity });
        self.revision += 1;
        Some(quantity.get())
    }

    /// Gives the selected line another number of pieces.
    pub fn change_selected(&mut self, how: impl Fn(Quantity) -> Quantity) {
        if let Some(goods) = self.goods.get_mut(self.cursor) {
            goods.quantity = how(goods.quantity);
            self.revision += 1;
        }
    }

    pub fn remove_selected(&mut self) -> Option<Goods> {
        let gone = (self.cursor < self.goods.len()).then(|| self.goods.remove(self.cursor))?;
        self.undo = Some((self.cursor, gone.clone()));
        self.cursor = self.cursor.min(self.goods.len().saturating_sub(1));
        self.revision += 1;
        Some(gone)
    }

    /// Brings back what was last taken off, and returns it. When the product is in the cart again
    /// meanwhile, that line stays as it is.
    pub fn undo(&mut self) -> Option<Goods> {
        let (at, goods) = self.undo.take()?;
        let there = self.goods.iter().any(|other| other.item.sku == goods.item.sku);
        if there || self.goods.len() >= MAX_LINES {
            return None;
        }
        self.cursor = at.min(self.goods.len());
        self.goods.insert(self.cursor, goods.clone());
        self.revision += 1;
        Some(goods)
    }

    /// Sets the selected line to what the shop has, when that is less; with nothing there, the line goes.
    pub fn fit_selected(&mut self) -> Fit {
        let Some(goods) = self.goods.get_mut(self.cursor).filter(|goods| goods.is_short()) else {
            return Fit::Enough;
        };
        if goods.item.available == 0 {
            return self.remove_selected().map_or(Fit::Enough, Fit::Gone);
        }
        goods.quantity = Quantity::of(goods.item.available);
        self.revision += 1;
        Fit::Fewer(goods.clone())
    }

    /// Takes in what the shop says now of the products in the cart.
    pub fn refresh(&mut self, stock: &[(Sku, Option<Item>)]) {
        refresh(&mut self.goods, stock);
    }

    pub fn skus(&self) -> Vec<Sku> {
        self.goods.iter().map(|goods| goods.item.sku).collect()
    }

    /// Counts as changed, since what it is kept with has changed.
    pub fn touch(&mut self) {
        self.revision += 1;
    }

    pub fn clear(&mut self) {
        self.goods.clear();
        self.cursor = 0;
        self.undo = None;
        self.revision += 1;
    }

    /// Takes goods back that were not bought after all. What the shopper has put in meanwhile
    /// stays as it is.
    pub fn put_back(&mut self, goods: &[Goods]) {
        for back in goods {
            let there = self.goods.iter().any(|goods| goods.item.sku == back.item.sku);
            if !there && self.goods.len() < MAX_LINES {
                self.goods.push(back.clone());
            }
        }
        self.revision += 1;
    }
}

/// What became of a line that was to fit what the shop has.
pub enum Fit {
    Enough,
    Fewer(Goods),
    Gone(Goods),
}

/// Takes in what the shop says now of these products: their prices, and how many there are. Of one that it
/// does not have any more there are none.
pub fn refresh(goods: &mut [Goods], stock: &[(Sku, Option<Item>)]) {
    for goods in goods {
        match stock.iter().find(|(sku, _)| *sku == goods.item.sku) {
            Some((_, Some(item))) => goods.item = item.clone(),
            Some((_, None)) => goods.item.available = 0,
            None => {}
        }
    }
}
