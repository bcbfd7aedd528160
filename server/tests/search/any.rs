//! Any search at all, against a slow one that shares nothing with it; and queries of any bytes.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use kessai_server::catalogue::{Base, Entries, Wanted, find};
use kessai_server::sales::Product;
use kessai_server::stocks::Stocks;
use kessai_shared::money::Minor;
use kessai_shared::storefront::{PriceRange, Search, Sort};
use proptest::prelude::*;

use crate::shop::{Shop, product};

const NAMES: [&str; 12] =
    ["red", "tea", "teapot", "mug", "lantern", "note", "book", "wire", "heart", "ink", "白萩茶碗", "jar"];
const CATEGORIES: [&str; 4] = ["", "garden", "home", "茶tea"];
/// More than one thread's share, and not a multiple of it.
const MANY: u64 = 40_001;

/// A shop whose every number comes from `nth`.
fn goods(count: u64) -> Vec<Product> {
    let one = |nth: u64| {
        let dice =
            |salt: u64| (nth + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ salt.wrapping_mul(0xff51_afd7)) >> 33;
        let pick = |salt: u64| NAMES[dice(salt) as usize % NAMES.len()];
        let name = format!("{} {} {}", pick(1), pick(2), pick(3));
        let category = CATEGORIES[dice(4) as usize % CATEGORIES.len()];
        product(&format!("s{nth}"), &name, category, (dice(5) % 7) as i64, dice(6) % 3)
    };
    (0..count).map(one).collect()
}

fn search() -> impl Strategy<Value = Search> {
    let letters = prop::sample::select(vec![
        "",
        "t",
        "te",
        "tea",
        "teap",
        "teapt",
        "rd",
        "red",
        "mug jar",
        "lntrn",
        "s1",
        "s12",
        "home",
        "ink tea",
        "ea",
        "xq",
        "茶碗",
        "碗",
        "白茶碗",
        "萩碗",
        "red 茶",
    ]);
    let category = prop::option::of(prop::sample::select(vec!["garden", "home", "茶tea", "no such"]));
    let bound = || prop::option::of((-1_i64..8).prop_map(Minor));
    let sort = prop::sample::select(Sort::ALL.to_vec());
    (letters, category, any::<bool>(), bound(), bound(), sort).prop_map(
        |(query, category, in_stock, least, most, sort)| Search {
            query: query.to_owned(),
            category: category.map(str::to_owned),
            in_stock,
            price: PriceRange { least, most },
            sort,
        },
    )
}

/// Whether the letters of `word` stand in `text` in their order.
fn holds(text: &str, word: &str) -> bool {
    if word.chars().count() < 3 {
        return text.contains(word);
    }
    let mut letters = text.chars();
    word.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

/// What a search must find, in any order.
fn slowly(products: &[Product], search: &Search) -> Vec<String> {
    let fits = |product: &&Product| {
        search.category.as_ref().is_none_or(|category| product.category == *category)
            && (!search.in_stock || product.stock.available > 0)
            && search.price.least.is_none_or(|least| product.unit_price >= least)
            && search.price.most.is_none_or(|most| product.unit_price <= most)
            && search.query.split(' ').all(|word| {
                holds(&product.name, word)
                    || holds(product.sku.as_str(), word)
                    || product.category.contains(word)
            })
    };
    let mut skus: Vec<String> = products.iter().filter(fits).map(|product| product.sku.to_string()).collect();
    skus.sort();
    skus
}

static FEW: LazyLock<Vec<Product>> = LazyLock::new(|| goods(300));
static SHOP: LazyLock<Shop> = LazyLock::new(|| Shop::of(&FEW));

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_finds_what_a_slow_search_finds_in_the_order_that_was_asked_for(
        searches in prop::collection::vec(search(), 1..6),
    ) {
        let products = &*FEW;
        let shop = SHOP.anew(products);
        // One after another, so that the later ones go on from what the earlier ones found.
        for search in &searches {
            let found = shop.all(search);
            let of = |sku: &String| products.iter().find(|product| product.sku.as_str() == sku).expect("a product");
            let rows: Vec<&Product> = found.iter().map(of).collect();
            let catalogue = |product: &Product| (product.category.clone(), product.name.clone(), product.sku);
            let in_order = rows.windows(2).all(|pair| {
                let (a, b) = (pair[0], pair[1]);
                let behind = catalogue(a) < catalogue(b);
                match search.sort {
                    Sort::Best => !search.query.is_empty() || behind,
                    Sort::Name => a.name < b.name || (a.name == b.name && behind),
                    Sort::PriceUp => a.unit_price < b.unit_price || (a.unit_price == b.unit_price && behind),
                    Sort::PriceDown => a.unit_price > b.unit_price || (a.unit_price == b.unit_price && behind),
                    Sort::Stock => {
                        let (a, b) = (a.stock.available, b.stock.available);
                        a > b || (a == b && behind)
                    }
                }
            });
            prop_assert!(in_order, "{search:?}: {found:?}");
            let mut sorted = found;
            sorted.sort();
            prop_assert_eq!(sorted, slowly(products, search), "{:?}", search);
        }
        // What was found before changes nothing about what is found now.
        for search in &searches {
            let fresh = SHOP.anew(products).all(search);
            prop_assert_eq!(shop.all(search), fresh, "{:?}", search);
        }
    }
}

static PRODUCTS: LazyLock<Vec<Product>> = LazyLock::new(|| goods(MANY));
static LARGE: LazyLock<Entries> =
    LazyLock::new(|| Entries::of(PRODUCTS.iter(), Arc::new(Stocks::among(PRODUCTS.iter()))));

/// The letters that queries are mostly made of, so that many of them find something.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec!["t", "e", "a", " ", "te", "tea", "n", "o", "r", "\u{3000}", "é", "İ", "ß", "茶"])
            .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..100).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_query_at_all_is_slow_or_makes_a_search_panic(query in hostile(), letter in any::<char>()) {
        let begun = Instant::now();
        let search = Search { query: query.clone(), ..Search::default() };
        let rows = Wanted::of(&search, &LARGE).map(|wanted| find(&LARGE, &wanted, None)).unwrap_or_default();
        prop_assert!(rows.len() as u64 <= MANY);
        let longer = Search { query: format!("{query}{letter}"), ..search };
        let _ = Wanted::of(&longer, &LARGE).map(|wanted| find(&LARGE, &wanted, None));
        // Unoptimised, and on a machine that does other things too: it is told from minutes.
        prop_assert!(begun.elapsed() < Duration::from_secs(60), "{query:?}");
    }

    #[test]
    fn several_threads_find_what_one_does_and_a_wider_list_changes_nothing(search in search()) {
        let Some(wanted) = Wanted::of(&search, &LARGE) else { return Ok(()) };
        let rows = find(&LARGE, &wanted, None);
        let distinct: BTreeSet<&u32> = rows.iter().collect();
        prop_assert_eq!(distinct.len(), rows.len());
        prop_assert_eq!(rows.len(), slowly(&PRODUCTS, &search).len());
        let wider = Search { sort: Sort::Name, in_stock: false, ..search.clone() };
        if let Some(wider) = Wanted::of(&wider, &LARGE) {
            let wider = find(&LARGE, &wider, None);
            let base = Base { rows: &wider, same_words: true };
            prop_assert_eq!(&rows, &find(&LARGE, &wanted, Some(&base)));
        }
    }
}
