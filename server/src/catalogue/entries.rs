//! All products of a shop, laid out for searching: by column, and in the order of the catalogue, which is
//! by category, name and SKU. A product takes some 160 bytes here with a name of 30 letters.

use std::ops::Range;
use std::sync::Arc;

use kessai_shared::ids::Sku;
use kessai_shared::money::Minor;
use kessai_shared::storefront::Category;

use super::fold::fold;
use super::texts::{Names, Texts};
use crate::sales::Product;
use crate::stocks::Stocks;

pub struct Entries {
    pub(super) stocks: Arc<Stocks>,
    /// Where each product stands among the SKUs, and which product stands at each place there.
    places: Vec<u32>,
    by_sku: Vec<u32>,
    written: Names,
    pub(super) names: Texts,
    pub(super) skus: Texts,
    pub(super) prices: Vec<Minor>,
    /// One behind the other they are all products; the first may have no name.
    pub(super) aisles: Vec<Aisle>,
    pub(super) by_name: Vec<u32>,
    /// The cheapest first.
    pub(super) by_price: Vec<u32>,
}

/// The products of one category, which stand side by side.
pub struct Aisle {
    name: String,
    pub(super) text: Vec<char>,
    pub(super) rows: Range<u32>,
}

impl Entries {
    /// Of more products than a `u32` counts, the first ones; a table has five million at most.
    pub fn of<'a>(products: impl Iterator<Item = &'a Product>, stocks: Arc<Stocks>) -> Self {
        let mut products: Vec<(String, &Product)> = products
            .take(u32::MAX as usize)
            .map(|product| (fold(&product.name).collect(), product))
            .collect();
        products.sort_unstable_by(|(folded, a), (other, b)| {
            (&a.category, folded, &a.name, &a.sku).cmp(&(&b.category, other, &b.name, &b.sku))
        });
        let count = products.len() as u32;
        let mut by_name: Vec<u32> = (0..count).collect();
        // Stable, so that alike names stay in the order of the catalogue; and quick, because each
        // category is in order already.
        by_name.sort_by(|a, b| {
            let name = |at: u32| products.get(at as usize).map(|(folded, product)| (folded, &product.name));
            name(*a).cmp(&name(*b))
        });
        let mut by_price: Vec<u32> = (0..count).collect();
        by_price.sort_by_key(|at| products.get(*at as usize).map(|(_, product)| product.unit_price));
        let mut entries = Self {
            places: Vec::with_capacity(products.len()),
            by_sku: vec![0; stocks.skus().len()],
            written: Names::default(),
            names: Texts::default(),
            skus: Texts::default(),
            prices: Vec::with_capacity(products.len()),
            aisles: Vec::new(),
            by_name,
            by_price,
            stocks,
        };
        (0..count).zip(products).for_each(|(row, (folded, product))| entries.push(row, &folded, product));
        entries
    }

    fn push(&mut self, row: u32, folded: &str, product: &Product) {
        let place = self.stocks.place(&product.sku).unwrap_or(usize::MAX);
        self.places.push(u32::try_from(place).unwrap_or(u32::MAX));
        if let Some(by_sku) = self.by_sku.get_mut(place) {
            *by_sku = row;
        }
        self.written.push(&product.name);
        self.names.push(folded.chars());
        self.skus.push(fold(product.sku.as_str()));
        self.prices.push(product.unit_price);
        match self.aisles.last_mut() {
            Some(aisle) if aisle.name == product.category => aisle.rows.end = row + 1,
            Some(_) | None => self.aisles.push(Aisle {
                name: product.category.clone(),
                text: fold(&product.category).collect(),
                rows: row..row + 1,
            }),
        }
    }

    pub fn len(&self) -> u32 {
        self.prices.len() as u32
    }

    pub fn is_empty(&self) -> bool {
        self.prices.is_empty()
    }

    pub fn categories(&self) -> Vec<Category> {
        let named = self.aisles.iter().filter(|aisle| !aisle.name.is_empty());
        named.map(|aisle| Category { name: aisle.name.clone(), products: aisle.rows.len() as u32 }).collect()
    }

    /// The rows of a category.
    pub(super) fn aisle(&self, category: &str) -> Option<Range<u32>> {
        let at = self.aisles.binary_search_by(|aisle| aisle.name.as_str().cmp(category)).ok()?;
        self.aisles.get(at).map(|aisle| aisle.rows.clone())
    }

    pub fn price(&self, sku: &Sku) -> Option<Minor> {
        self.prices.get(self.row(sku)?).copied()
    }

    pub fn name(&self, sku: &Sku) -> &str {
        self.row(sku).map_or("", |row| self.written.get(row))
    }

    pub(super) fn sku(&self, row: u32) -> Option<Sku> {
        self.stocks.skus().get(*self.places.get(row as usize)? as usize).copied()
    }

    pub(super) fn available(&self, row: u32) -> u32 {
        self.places.get(row as usize).map_or(0, |place| self.stocks.available(*place as usize))
    }

    fn row(&self, sku: &Sku) -> Option<usize> {
        self.by_sku.get(self.stocks.place(sku)?).map(|row| *row as usize)
    }
}
