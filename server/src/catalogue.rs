//! The catalogue as shoppers look through it and as quotes are made from it: names, categories and
//! prices, which change only while the daemon is stopped.
//!
//! Of stock there are two views. The numbers on a page are read for that page from the shelf, which is a
//! moment behind. Which products are in stock, and what order that makes, is told by [`Stocks`] when a
//! search is carried out; its list then holds for ten seconds, so that its pages fit together. A product
//! that was sold out within these seconds is still on the list, with 0 on its row.

mod bits;
mod entries;
mod find;
mod finder;
mod fold;
mod kept;
mod live;
mod texts;
mod wanted;

use std::sync::Arc;

use kessai_shared::ids::Sku;
use kessai_shared::money::Minor;
use kessai_shared::storefront::{Category, Item, MAX_PAGE, Page, Search};

use crate::reader::{Reader, Unreadable};
use crate::sales::Product;
use crate::stocks::Stocks;

pub use entries::Entries;
pub use find::{Base, find};
pub use finder::{Busy, Found};
pub use live::Live;
pub use wanted::Wanted;

use finder::Finder;

pub struct Catalogue {
    entries: Arc<Entries>,
    categories: Vec<Category>,
    finder: Finder,
}

/// Why there is no page.
#[derive(Clone, Debug)]
pub enum NoPage {
    Busy,
    Unreadable(Unreadable),
}

impl Catalogue {
    /// The products must be those that the stocks are of.
    pub fn of<'a>(products: impl Iterator<Item = &'a Product>, stocks: Arc<Stocks>) -> Self {
        let entries = Arc::new(Entries::of(products, stocks));
        let (categories, finder) = (entries.categories(), Finder::new(Arc::clone(&entries)));
        Self { entries, categories, finder }
    }

    /// What one piece of a product costs; `None` when the shop does not list it.
    pub fn price(&self, sku: &Sku) -> Option<Minor> {
        self.entries.price(sku)
    }

    /// What a product is called; empty when the shop does not list it.
    pub fn name(&self, sku: &Sku) -> &str {
        self.entries.name(sku)
    }

    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// At most `limit` SKUs behind one, or from the first, and what to ask on from, if there are more.
    pub fn skus(&self, after: Option<Sku>, limit: usize) -> (Vec<Sku>, Option<Sku>) {
        let skus = self.entries.stocks.skus();
        let from = after.map_or(0, |after| skus.partition_point(|sku| *sku <= after));
        let rest = skus.get(from..).unwrap_or_default();
        let page = &rest[..rest.len().min(limit)];
        let next = if rest.len() > page.len() { page.last().copied() } else { None };
        (page.to_vec(), next)
    }

    /// A page of what a search finds: `limit` rows from the one at `from` on.
    ///
    /// # Errors
    /// [`NoPage::Busy`] when too many search at once, [`NoPage::Unreadable`] when the store fails.
    pub async fn page(
        &self,
        search: &Search,
        (from, limit): (u32, u16),
        reader: &Reader,
    ) -> Result<Page, NoPage> {
        let found = self.finder.find(search).await.map_err(|Busy| NoPage::Busy)?;
        let mut items = Vec::new();
        for row in found.page(from, usize::from(limit.min(MAX_PAGE))) {
            let Some(sku) = self.entries.sku(row) else { continue };
            items.extend(reader.product(&sku).map_err(NoPage::Unreadable)?.map(item));
        }
        Ok(Page { items, total: found.total() })
    }
}

/// A product as a shopper sees it.
pub fn item(product: Product) -> Item {
    let count = |pieces: u64| u32::try_from(pieces).unwrap_or(u32::MAX);
    Item {
        available: count(product.stock.available),
        on_hand: count(product.stock.on_hand()),
        sku: product.sku,
        name: product.name,
        category: product.category,
        unit_price: product.unit_price,
    }
}
