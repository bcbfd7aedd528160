//! What the shopper means to buy.

use kessai_shared::money::Minor;
use kessai_shared::storefront::{Item, Line, MAX_LINES, MAX_QUANTITY};

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

    /// Adds pieces of a product and returns how many are in the cart now, or `None` when the cart
    /// holds as many different products as an order may have.
    pub fn add(&mut self, item: &Item, quantity: Quantity) -> Option<u32> {
        if let Some(goods) = self.goods.iter_mut().find(|goods| goods.item.sku == item.sku) {
            goods.quantity = goods.quantity.and(quantity);
            goods.item = item.clone();
            return Some(goods.quantity.get());
        }
        if self.goods.len() >= MAX_LINES {
            return None;
        }
        self.goods.push(Goods { item: item.clone(), quantity });
        Some(quantity.get())
    }

    pub fn remove_selected(&mut self) -> Option<Goods> {
        let gone = (self.cursor < self.goods.len()).then(|| self.goods.remove(self.cursor));
        self.cursor = self.cursor.min(self.goods.len().saturating_sub(1));
        gone
    }

    pub fn clear(&mut self) {
        self.goods.clear();
        self.cursor = 0;
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
    }
}
