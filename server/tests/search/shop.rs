//! A shop to search in: its catalogue, its stock, and the shelf that pages are read from.

use std::sync::Arc;

use kessai_server::catalogue::{Catalogue, NoPage};
use kessai_server::reader::Reader;
use kessai_server::record::VERSION;
use kessai_server::sales::{Product, Row, RowKey, Stock};
use kessai_server::stocks::Stocks;
use kessai_shared::codec;
use kessai_shared::ids::Sku;
use kessai_shared::journal::{Hash, Head};
use kessai_shared::money::Minor;
use kessai_shared::record::versioned;
use kessai_shared::shelf::Shelf;
use kessai_shared::storefront::{MAX_PAGE, Page, Search, Sort};
use kessai_shared::time::Timestamp;
use tempfile::TempDir;

pub struct Shop {
    pub catalogue: Catalogue,
    pub reader: Reader,
    pub stocks: Arc<Stocks>,
    folder: Arc<TempDir>,
}

impl Shop {
    pub fn of(products: &[Product]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the shelf");
        let shelf = Shelf::rebuild(&folder.path().join("shelf")).expect("an empty shelf");
        let row = |product: &Product| {
            let key = codec::encode(&RowKey::Product(product.sku));
            (key, Some(versioned(VERSION, &Row::Product(product.clone()))))
        };
        let mut rows: Vec<_> = products.iter().map(row).collect();
        rows.sort();
        let head = Head { position: 1, time: Timestamp(1), hash: Hash([7; 32]) };
        shelf.apply(&rows, head).expect("a shelf that works");
        let stocks = Arc::new(Stocks::among(products.iter()));
        let catalogue = Catalogue::of(products.iter(), Arc::clone(&stocks));
        Self { catalogue, reader: Reader::new(Arc::new(shelf)), stocks, folder: Arc::new(folder) }
    }

    /// The same shop as if nobody had searched in it yet.
    pub fn anew(&self, products: &[Product]) -> Self {
        let catalogue = Catalogue::of(products.iter(), Arc::clone(&self.stocks));
        let (reader, stocks) = (self.reader.clone(), Arc::clone(&self.stocks));
        Self { catalogue, reader, stocks, folder: Arc::clone(&self.folder) }
    }

    pub async fn page(&self, search: &Search, from: u32, limit: u16) -> Result<Page, NoPage> {
        self.catalogue.page(search, (from, limit), &self.reader).await
    }

    /// The SKUs of everything that a search finds, page after page.
    pub fn all(&self, search: &Search) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let mut all = Vec::new();
            loop {
                let from = u32::try_from(all.len()).expect("few products");
                let page = self.page(search, from, MAX_PAGE).await.expect("a page");
                all.extend(page.items.iter().map(|item| item.sku.to_string()));
                if all.len() as u32 >= page.total || page.items.is_empty() {
                    assert_eq!(all.len() as u32, page.total);
                    return all;
                }
            }
        })
    }
}

pub fn product(sku: &str, name: &str, category: &str, price: i64, pieces: u64) -> Product {
    Product {
        sku: Sku::new(sku).expect("a SKU"),
        name: name.to_owned(),
        category: category.to_owned(),
        unit_price: Minor(price),
        stock: Stock::of(pieces),
    }
}

pub fn words(query: &str) -> Search {
    Search { query: query.to_owned(), ..Search::default() }
}

pub fn sorted(sort: Sort) -> Search {
    Search { sort, ..Search::default() }
}
