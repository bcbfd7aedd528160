//! The catalogue as shoppers look through it: names and categories, which change only while the
//! daemon is stopped. Prices and stock are read fresh for every page.

use kessai_shared::ids::Sku;
use kessai_shared::storefront::{Item, MAX_PAGE, Page};

use crate::reader::{Reader, Unreadable};
use crate::sales::Product;

pub struct Catalogue {
    entries: Vec<Entry>,
    categories: Vec<String>,
}

struct Entry {
    sku: Sku,
    category: String,
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
            category: product.category,
        };
        Self { entries: products.into_iter().map(entry).collect(), categories }
    }

    pub fn categories(&self) -> &[String] {
        &self.categories
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
