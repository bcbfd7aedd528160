//! What a search costs among 1,000,000 products: `cargo bench -p kessai-server --bench search`.
//!
//! `cold` is a search that nothing is known of, `typing_on` one that goes on from what was found a letter
//! before, and `paging` a further page of 50 products of one that was made, with its stock. Making the shop
//! takes some seconds before that; what its catalogue takes in memory is told then.

#[path = "../../shared/benches/support/timing.rs"]
mod timing;

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use divan::{Bencher, black_box};
use kessai_server::catalogue::{Base, Catalogue, Entries, Wanted, find};
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
use kessai_shared::storefront::{PriceRange, Search, Sort};
use kessai_shared::time::Timestamp;
use tempfile::TempDir;

const PRODUCTS: u32 = 1_000_000;
/// Products on a page, as terminals ask for them.
const PAGE: u16 = 50;
/// Of these a name has three to five, so that queries find as much or as little as in a real shop.
const WORDS: &str = "Red Blue Green White Ivory Pink Walnut Mug Tea Towel Lantern Notebook Hanging Heart Cake \
    Stand Candle Teapot Jar Vintage Retro Spot Small Large Set Glass Metal Wooden Box Bag Holder \
    Sign Christmas Garland Ribbon Paper Napkins Bunting Frame Clock Doormat Cushion Cover Drawer \
    茶碗 急須 ふろしき うちわ";
const CATEGORIES: [&str; 8] = ["Garden", "Home", "Kitchen", "Paper", "Toys", "Stationery", "茶道具", ""];

struct Case {
    name: &'static str,
    search: fn() -> Search,
}

fn words(query: &str) -> Search {
    Search { query: query.to_owned(), ..Search::default() }
}

const COLD: [Case; 15] = [
    Case { name: "one letter: e", search: || words("e") },
    Case { name: "two letters: te", search: || words("te") },
    Case { name: "three letters: tea", search: || words("tea") },
    Case { name: "three letters: ate", search: || words("ate") },
    Case { name: "a word: lantern", search: || words("lantern") },
    Case { name: "with letters missing: lntrn", search: || words("lntrn") },
    Case { name: "two words: ivory jar", search: || words("ivory jar") },
    Case { name: "two short words: ea st", search: || words("ea st") },
    Case { name: "Japanese: 茶碗", search: || words("茶碗") },
    Case { name: "a SKU: SKU-0012345", search: || words("SKU-0012345") },
    Case { name: "no such word: zeppelin", search: || words("zeppelin") },
    Case {
        name: "a word in a category",
        search: || Search { category: Some("Home".into()), ..words("lantern") },
    },
    Case { name: "in stock", search: || Search { in_stock: true, ..Search::default() } },
    Case {
        name: "10 to 20, cheapest first",
        search: || {
            let price = PriceRange { least: Some(Minor(1_000)), most: Some(Minor(2_000)) };
            Search { price, sort: Sort::PriceUp, ..Search::default() }
        },
    },
    Case {
        name: "everything, most in stock first",
        search: || Search { sort: Sort::Stock, ..Search::default() },
    },
];

/// What was typed before, and what is typed now.
struct Typed(&'static str, &'static str);

const TYPING: [Typed; 4] =
    [Typed("tea", "teap"), Typed("lan", "lant"), Typed("lanter", "lantern"), Typed("ivory", "ivory jar")];

static SHOP: LazyLock<Shop> = LazyLock::new(Shop::new);

fn main() {
    timing::run();
}

#[divan::bench(args = COLD)]
fn cold(bencher: Bencher, case: &Case) {
    let wanted = Wanted::of(&(case.search)(), &SHOP.entries).expect("something to look for");
    bencher.bench(|| find(&SHOP.entries, black_box(&wanted), None));
}

#[divan::bench(args = TYPING)]
fn typing_on(bencher: Bencher, Typed(before, now): &Typed) {
    let wanted = |query: &str| Wanted::of(&words(query), &SHOP.entries).expect("something to look for");
    let rows = find(&SHOP.entries, &wanted(before), None);
    let (base, now) = (Base { rows: &rows, same_words: false }, wanted(now));
    bencher.bench(|| find(&SHOP.entries, black_box(&now), Some(&base)));
}

#[divan::bench(args = ["everything", "lantern"])]
fn paging(bencher: Bencher, query: &str) {
    let search = if query == "everything" { Search::default() } else { words(query) };
    let page = |from| SHOP.runtime.block_on(SHOP.catalogue.page(&search, (from, PAGE), &SHOP.reader));
    let first = page(0).expect("a shelf that works");
    assert_eq!(first.items.len(), usize::from(PAGE), "{query} finds {} products", first.total);
    bencher.bench(|| page(black_box(0)));
}

struct Shop {
    entries: Entries,
    catalogue: Catalogue,
    reader: Reader,
    runtime: tokio::runtime::Runtime,
    _folder: TempDir,
}

impl Shop {
    fn new() -> Self {
        let products: Vec<Product> = (0..PRODUCTS).map(product).collect();
        let (before, begun) = (resident(), Instant::now());
        let stocks = Arc::new(Stocks::among(products.iter()));
        let catalogue = Catalogue::of(products.iter(), Arc::clone(&stocks));
        let (grown, took) = (resident().saturating_sub(before), begun.elapsed());
        println!("catalogue made in {took:.1?}, {} bytes a product", grown / u64::from(PRODUCTS));
        let entries = Entries::of(products.iter(), stocks);
        let folder = tempfile::tempdir().expect("a folder for the shelf");
        let shelf = Shelf::rebuild(&folder.path().join("shelf")).expect("an empty shelf");
        let mut rows: Vec<_> = products.iter().map(row).collect();
        rows.sort();
        let head = Head { position: 1, time: Timestamp(1), hash: Hash([7; 32]) };
        shelf.apply(&rows, head).expect("a shelf that works");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().expect("a runtime");
        Self { entries, catalogue, reader: Reader::new(Arc::new(shelf)), runtime, _folder: folder }
    }
}

fn row(product: &Product) -> (Vec<u8>, Option<Vec<u8>>) {
    let key = codec::encode(&RowKey::Product(product.sku));
    (key, Some(versioned(VERSION, &Row::Product(product.clone()))))
}

/// One of the products; every number comes from `nth`.
fn product(nth: u32) -> Product {
    let dice = |salt: u32| {
        let mixed = (u64::from(nth) << 32 | u64::from(salt)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as usize
    };
    let vocabulary: Vec<&str> = WORDS.split(' ').collect();
    let word = |at| vocabulary[dice(at) % vocabulary.len()];
    let words: Vec<&str> = (0..3 + dice(9) as u32 % 3).map(word).collect();
    Product {
        sku: Sku::new(&format!("SKU-{nth:07}")).expect("a SKU"),
        name: format!("{} {nth}", words.join(" ")),
        category: CATEGORIES[dice(10) % CATEGORIES.len()].to_owned(),
        unit_price: Minor((dice(11) % 10_000) as i64),
        stock: Stock::of((dice(12) % 200) as u64),
    }
}

/// What this process takes in memory, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").expect("the kernel's word");
    status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number of pages") * 4_096
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, then {}", self.0, self.1)
    }
}
