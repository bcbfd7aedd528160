//! The catalogue as shoppers look through it and as quotes are made from it: names, categories and
//! prices, which change only while the daemon is stopped. Stock is read for every page, from the shelf, which
//! is a moment behind.

use std::collections::HashMap;

use kessai_shared::ids::Sku;
use kessai_shared::money::Minor;
use kessai_shared::storefront::{Item, MAX_PAGE, Page};

use crate::reader::{Reader, Unreadable};
use crate::sales::Product;

pub struct Catalogue {
    entries: Vec<Entry>,
    /// Where in the entries a product stands.
    places: HashMap<Sku, usize>,
    categories: Vec<String>,
    /// All SKUs in their own order.
    skus: Vec<Sku>,
}

struct Entry {
    sku: Sku,
    name: String,
    category: String,
    unit_price: Minor,
    /// Name and SKU in lower case, as searches are compared.
    text: String,
}

impl Catalogue {
    pub fn of(mut products: Vec<Product>) -> Self {
        products.sort_by(|a, b| (&a.category, &a.name, &a.sku).cmp(&(&b.category, &b.name, &b.sku)));
        let mut categories: Vec<String> = products.iter().map(|product| product.category.clone()).collect();
        categories.dedup();
        categories.retain(|category| !category.is_empty());
        let entry = |product: Product| Entry {
            text: format!("{} {}", product.name, product.sku).to_lowercase(),
            sku: product.sku,
            name: product.name,
            category: product.category,
            unit_price: product.unit_price,
        };
        let entries: Vec<Entry> = products.into_iter().map(entry).collect();
        let places = entries.iter().enumerate().map(|(place, entry)| (entry.sku, place)).collect();
        let mut skus: Vec<Sku> = entries.iter().map(|entry| entry.sku).collect();
        skus.sort_unstable();
        Self { entries, places, categories, skus }
    }

    /// What one piece of a product costs; `None` when the shop does not list it.
    pub fn price(&self, sku: &Sku) -> Option<Minor> {
        self.entry(sku).map(|entry| entry.unit_price)
    }

    /// What a product is called; empty when the shop does not list it.
    pub fn name(&self, sku: &Sku) -> &str {
        self.entry(sku).map_or("", |entry| &entry.name)
    }

    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// At most `limit` SKUs behind one, or from the first, and what to ask on from, if there are more.
    pub fn skus(&self, after: Option<Sku>, limit: usize) -> (Vec<Sku>, Option<Sku>) {
        let from = after.map_or(0, |after| self.skus.partition_point(|sku| *sku <= after));
        let rest = self.skus.get(from..).unwrap_or_default();
        let page = &rest[..rest.len().min(limit)];
        let next = if rest.len() > page.len() { page.last().copied() } else { None };
        (page.to_vec(), next)
    }

    /// The products that hold every word of `query`, in the order of the catalogue.
    ///
    /// # Errors
    /// [`Unreadable`] when the store fails.
    pub fn page(
        &self,
        (query, category): (&str, Option<&str>),
        (from, limit): (u32, u16),
        reader: &Reader,
    ) -> Result<Page, Unreadable> {
        let query = query.to_lowercase();
        let words: Vec<&str> = query.split_whitespace().collect();
        let fits = |entry: &&Entry| {
            category.is_none_or(|category| entry.category == category)
                && words.iter().all(|word| entry.text.contains(word))
        };
        let found: Vec<&Entry> = self.entries.iter().filter(fits).collect();
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        for entry in found.iter().skip(from).take(usize::from(limit.min(MAX_PAGE))) {
            items.extend(reader.product(&entry.sku)?.map(item));
        }
        Ok(Page { items, total: u32::try_from(found.len()).unwrap_or(u32::MAX) })
    }

    fn entry(&self, sku: &Sku) -> Option<&Entry> {
        self.entries.get(*self.places.get(sku)?)
    }
}

/// A product as a shopper sees it.
pub fn item(product: Product) -> Item {
    Item {
        sku: product.sku,
        name: product.name,
        category: product.category,
        unit_price: product.unit_price,
        available: u32::try_from(product.stock.available).unwrap_or(u32::MAX),
    }
}
