//! How many pieces of each product can be bought, as of the last durable group: what searches sort and
//! filter by, without a million reads of the shelf.

use std::sync::atomic::{AtomicU32, Ordering};

use kessai_shared::ids::Sku;

use crate::sales::{Books, Product};

/// All products of a shop, which stay the same while it is open, and what is available of each.
pub struct Stocks {
    /// In their own order.
    skus: Vec<Sku>,
    available: Vec<AtomicU32>,
    /// From how few pieces on a product runs out, and how many are sold out or running out.
    few: u32,
    sold_out: AtomicU32,
    running_out: AtomicU32,
}

/// A product is running out when so many pieces are left, unless the settings say otherwise.
pub const FEW: u32 = 10;

impl Stocks {
    pub fn of(books: &Books) -> Self {
        Self::among(books.products())
    }

    pub fn among<'a>(products: impl Iterator<Item = &'a Product>) -> Self {
        let mut rows: Vec<(Sku, u32)> = products.map(|product| (product.sku, available(product))).collect();
        rows.sort_unstable();
        let sold_out = rows.iter().filter(|(_, pieces)| *pieces == 0).count() as u32;
        let (skus, available) = rows.into_iter().map(|(sku, pieces)| (sku, AtomicU32::new(pieces))).unzip();
        let (sold_out, running_out) = (AtomicU32::new(sold_out), AtomicU32::new(0));
        Self { skus, available, few: 0, sold_out, running_out }.short_from(FEW)
    }

    /// The same in a shop where a product with so `few` pieces left, or fewer, is running out.
    #[must_use]
    pub fn short_from(self, few: u32) -> Self {
        let running_out = self.available.iter().filter(|pieces| is_few(pieces.load(Ordering::Relaxed), few));
        let running_out = AtomicU32::new(running_out.count() as u32);
        Self { few, running_out, ..self }
    }

    /// Of how many products nothing is left, and of how many others few pieces are.
    pub fn short(&self) -> (u32, u32) {
        (self.sold_out.load(Ordering::Relaxed), self.running_out.load(Ordering::Relaxed))
    }

    pub fn few(&self) -> u32 {
        self.few
    }

    /// All SKUs in their own order.
    pub fn skus(&self) -> &[Sku] {
        &self.skus
    }

    /// Where a product stands among them.
    pub fn place(&self, sku: &Sku) -> Option<usize> {
        self.skus.binary_search(sku).ok()
    }

    /// How many pieces can be bought of the product at a place.
    pub fn available(&self, place: usize) -> u32 {
        // Each is a number by itself: nobody concludes from one to another.
        self.available.get(place).map_or(0, |pieces| pieces.load(Ordering::Relaxed))
    }

    /// Takes over how a product stands in the books, all of which is durable.
    pub fn put(&self, books: &Books, sku: &Sku) {
        let Some(product) = books.product(sku) else { return };
        if let Some(pieces) = self.place(sku).and_then(|place| self.available.get(place)) {
            let now = available(product);
            let before = pieces.swap(now, Ordering::Relaxed);
            note(&self.sold_out, before == 0, now == 0);
            note(&self.running_out, is_few(before, self.few), is_few(now, self.few));
        }
    }
}

fn is_few(pieces: u32, few: u32) -> bool {
    (1..=few).contains(&pieces)
}

/// One product more, or one fewer, is so.
fn note(count: &AtomicU32, was: bool, is: bool) {
    match (was, is) {
        (false, true) => _ = count.fetch_add(1, Ordering::Relaxed),
        (true, false) => _ = count.fetch_sub(1, Ordering::Relaxed),
        (true, true) | (false, false) => {}
    }
}

fn available(product: &Product) -> u32 {
    u32::try_from(product.stock.available).unwrap_or(u32::MAX)
}
