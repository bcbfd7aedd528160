//! What a page of the catalogue costs: `cargo bench -p kessai-server --bench search`.
//!
//! Time for one page of 50 products, out of 4,000 and out of 1,000,000: from the beginning, from the
//! middle, of one category, with a word that one in nine products has, with two words, with one SKU, and
//! with a word that none has. Stock is read with it. Making the shops takes some seconds before that.

#[path = "../../shared/benches/support/timing.rs"]
mod timing;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use divan::{Bencher, black_box};
use kessai_server::catalogue::Catalogue;
use kessai_server::reader::Reader;
use kessai_server::record::VERSION;
use kessai_server::sales::{Product, Row, RowKey, Stock};
use kessai_shared::codec;
use kessai_shared::ids::Sku;
use kessai_shared::journal::{Hash, Head};
use kessai_shared::money::Minor;
use kessai_shared::record::versioned;
use kessai_shared::shelf::Shelf;
use kessai_shared::storefront::Page;
use kessai_shared::time::Timestamp;
use tempfile::TempDir;

const FEW: u32 = 4_000;
const MANY: u32 = 1_000_000;
/// Products on a page, as terminals ask for them.
const PAGE: u16 = 50;
const COLOURS: [&str; 7] = ["Red", "Blue", "Green", "White", "Ivory", "Pink", "Walnut"];
const THINGS: [&str; 9] =
    ["Mug", "Tea towel", "Lantern", "Notebook", "Hanging heart", "Cake stand", "Candle", "Teapot", "Jar"];
const CATEGORIES: [&str; 5] = ["Garden", "Home", "Kitchen", "Paper", "Toys"];

/// What a shopper asks for; `half` starts in the middle of all products.
#[derive(Clone, Copy)]
struct Search {
    name: &'static str,
    query: &'static str,
    category: Option<&'static str>,
    half: bool,
    /// How many of so many products that finds, within one.
    share: fn(u32) -> u32,
}

const SEARCHES: [Search; 7] = [
    Search { name: "everything", query: "", category: None, half: false, share: |all| all },
    Search { name: "everything, middle", query: "", category: None, half: true, share: |all| all },
    Search { name: "a category", query: "", category: Some("Home"), half: false, share: |all| all / 5 },
    Search { name: "a common word", query: "lantern", category: None, half: false, share: |all| all / 9 },
    Search { name: "two words", query: "ivory jar", category: None, half: false, share: |all| all / 63 },
    Search { name: "one SKU", query: "SKU-0001234", category: None, half: false, share: |_| 1 },
    Search { name: "no such word", query: "zeppelin", category: None, half: false, share: |_| 0 },
];

static SMALL: LazyLock<Shop> = LazyLock::new(|| Shop::with(FEW));
static LARGE: LazyLock<Shop> = LazyLock::new(|| Shop::with(MANY));

fn main() {
    timing::run();
}

#[divan::bench(args = SEARCHES)]
fn of_4_000(bencher: Bencher, search: &Search) {
    measure(bencher, &SMALL, search);
}

#[divan::bench(args = SEARCHES)]
fn of_1_000_000(bencher: Bencher, search: &Search) {
    measure(bencher, &LARGE, search);
}

fn measure(bencher: Bencher, shop: &Shop, search: &Search) {
    let (page, expected) = (shop.page(search), (search.share)(shop.products));
    assert!(page.total.abs_diff(expected) <= 1, "{search} finds {} products", page.total);
    let from = if search.half { shop.products / 2 } else { 0 };
    assert_eq!(page.items.len(), usize::from(PAGE).min((page.total - from) as usize), "{search}");
    bencher.bench(|| shop.page(black_box(search)));
}

struct Shop {
    products: u32,
    catalogue: Catalogue,
    reader: Reader,
    _folder: TempDir,
}

impl Shop {
    fn with(products: u32) -> Self {
        let mut listed: Vec<Product> = (0..products).map(product).collect();
        let folder = tempfile::tempdir().expect("a folder for the shelf");
        let shelf = Shelf::rebuild(&folder.path().join("shelf")).expect("an empty shelf");
        let head = Head { position: 1, time: Timestamp(1), hash: Hash([7; 32]) };
        listed.sort_by(|a, b| (&a.category, &a.name, &a.sku).cmp(&(&b.category, &b.name, &b.sku)));
        shelf.apply(&shown(&listed), head).expect("a shelf that works");
        let (catalogue, reader) = (Catalogue::of(listed), Reader::new(Arc::new(shelf)));
        Self { products, catalogue, reader, _folder: folder }
    }

    fn page(&self, search: &Search) -> Page {
        let from = if search.half { self.products / 2 } else { 0 };
        let found = self.catalogue.page((search.query, search.category), (from, PAGE), &self.reader);
        found.expect("a shelf that works")
    }
}

/// The rows of the products that some search here shows: a million rows of others would make the set-up
/// slow, and none of them is read.
fn shown(listed: &[Product]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let mut rows = BTreeMap::new();
    for search in SEARCHES {
        let words: Vec<String> = search.query.split_whitespace().map(str::to_lowercase).collect();
        let fits = |product: &&Product| {
            let text = format!("{} {}", product.name, product.sku).to_lowercase();
            search.category.is_none_or(|category| product.category == category)
                && words.iter().all(|word| text.contains(word))
        };
        let from = if search.half { listed.len() / 2 } else { 0 };
        for product in listed.iter().filter(fits).skip(from).take(usize::from(PAGE)) {
            let key = codec::encode(&RowKey::Product(product.sku));
            rows.insert(key, Some(versioned(VERSION, &Row::Product(product.clone()))));
        }
    }
    rows.into_iter().collect()
}

/// One of the products. There are 7 colours, 9 things and 5 categories, which have no divisor in common, so
/// that every mixture occurs as often as any other.
fn product(nth: u32) -> Product {
    let pick = |from: &[&'static str]| from[nth as usize % from.len()];
    let (colour, thing) = (pick(&COLOURS), pick(&THINGS));
    Product {
        sku: Sku::new(&format!("SKU-{nth:07}")).expect("a SKU"),
        name: format!("{colour} {thing} no. {nth}"),
        category: pick(&CATEGORIES).to_owned(),
        unit_price: Minor(255),
        stock: Stock::of(1_000),
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
