//! What comes first, what is left out, and that pages fit together.

use kessai_server::sales::Product;
use kessai_shared::money::Minor;
use kessai_shared::storefront::{PriceRange, Search, Sort};

use crate::shop::{Shop, product, sorted, words};

fn goods() -> Vec<Product> {
    vec![
        product("W-1", "Tetsubin iron kettle", "Tea ware", 14_800, 4),
        product("W-2", "Kyusu teapot, Tokoname clay", "Tea ware", 6_200, 0),
        product("W-3", "Chawan bowl, white Hagi glaze", "Tea ware", 5_400, 8),
        product("T-1", "Sencha, first flush", "Tea", 1_450, 80),
        product("T-2", "Hojicha, charcoal roasted", "Tea", 980, 120),
        product("T-3", "Café au lait bowl", "Tea ware", 980, 3),
        product("H-1", "Fountain pen", "Stationery", 2_900, 25),
        product("H-2", "Ink for fountain pens", "Stationery", 1_650, 25),
        product("J-1", "白萩茶碗", "茶道具", 5_400, 2),
        product("J-2", "チャワン 赤", "茶道具", 3_000, 1),
        product("Z-1", "zebra wood spoon", "", 700, 9),
    ]
}

fn found(search: &Search) -> Vec<String> {
    Shop::of(&goods()).all(search)
}

#[test]
fn without_a_query_it_is_the_order_of_the_catalogue() {
    let all = ["Z-1", "H-1", "H-2", "T-2", "T-1", "T-3", "W-3", "W-2", "W-1", "J-2", "J-1"];
    assert_eq!(found(&Search::default()), all);
}

#[test]
fn letters_in_their_order_are_enough_and_the_best_comes_first() {
    assert_eq!(found(&words("tetsbn")), ["W-1"], "letters may be missing");
    assert_eq!(found(&words("tpot")), ["W-2"]);
    assert_eq!(found(&words("ttesubin")), Vec::<String>::new(), "they may not be in another order");
    assert_eq!(found(&words("fountain")), ["H-1", "H-2"], "where it begins the name it fits better");
    assert_eq!(found(&words("pen fountain")), ["H-1", "H-2"], "the order of words makes no difference");
    assert_eq!(found(&words("fountain ink")), ["H-2"], "every word must be there");
    assert_eq!(found(&words("W-3")), ["W-3"]);
    assert_eq!(found(&words("w3")), Vec::<String>::new(), "two letters stand as they are");
}

#[test]
fn a_category_counts_as_a_word_and_less_than_a_name() {
    let tea = found(&words("tea"));
    assert_eq!(tea.first().map(String::as_str), Some("W-2"), "{tea:?}: only a teapot has tea in its name");
    assert!(["T-1", "T-2", "W-1", "W-3"].iter().all(|sku| tea.iter().any(|found| found == sku)), "{tea:?}");
    assert!(found(&words("stationery")).len() == 2 && found(&words("sttnry")).is_empty());
}

#[test]
fn words_of_two_letters_stand_as_they_are() {
    assert_eq!(found(&words("ze")), ["Z-1", "W-3"], "zebra, and glaze");
    assert_eq!(found(&words("zb")), Vec::<String>::new());
}

#[test]
fn case_accents_width_and_kana_make_no_difference() {
    for query in ["cafe lait", "CAFÉ", "Cafe\u{301}", "ｃａｆｅ"] {
        assert_eq!(found(&words(query)), ["T-3"], "{query}");
    }
    assert_eq!(found(&words("茶碗")), ["J-1"]);
    assert_eq!(found(&words("萩碗")), Vec::<String>::new(), "two letters stand as they are");
    assert_eq!(found(&words("白萩碗")), ["J-1"]);
    assert_eq!(found(&words("ちゃわん")), ["J-2"]);
    assert_eq!(found(&words("茶道具\u{3000}赤")), ["J-2"], "a wide space parts words");
}

#[test]
fn filters_leave_out_and_the_total_counts_what_is_left() {
    let tea_ware = Search { category: Some("Tea ware".to_owned()), ..Search::default() };
    assert_eq!(found(&tea_ware), ["T-3", "W-3", "W-2", "W-1"]);
    assert_eq!(found(&Search { in_stock: true, ..tea_ware.clone() }), ["T-3", "W-3", "W-1"]);
    let price = PriceRange { least: Some(Minor(5_400)), most: Some(Minor(6_200)) };
    assert_eq!(found(&Search { price, ..tea_ware.clone() }), ["W-3", "W-2"], "both ends count");
    assert_eq!(found(&Search { price, in_stock: true, query: "bowl".to_owned(), ..tea_ware }), ["W-3"]);
    let none = Search { category: Some("Tea".to_owned()), query: "bowl".to_owned(), ..Search::default() };
    assert_eq!(found(&none), Vec::<String>::new());
    for category in ["", "Te", "tea", "Tea ware "] {
        let category = Some(category.to_owned());
        let rows = found(&Search { category, ..Search::default() });
        assert!(rows.is_empty() || rows == ["Z-1"], "{rows:?}");
    }
    let upside_down = PriceRange { least: Some(Minor(2)), most: Some(Minor(1)) };
    assert_eq!(found(&Search { price: upside_down, ..Search::default() }), Vec::<String>::new());
}

#[test]
fn every_order_keeps_alike_products_in_the_order_of_the_catalogue() {
    let names = ["T-3", "W-3", "H-1", "T-2", "H-2", "W-2", "T-1", "W-1", "Z-1", "J-2", "J-1"];
    assert_eq!(found(&sorted(Sort::Name)), names);
    let up = ["Z-1", "T-2", "T-3", "T-1", "H-2", "H-1", "J-2", "W-3", "J-1", "W-2", "W-1"];
    assert_eq!(found(&sorted(Sort::PriceUp)), up);
    let down = ["W-1", "W-2", "W-3", "J-1", "J-2", "H-1", "H-2", "T-1", "T-2", "T-3", "Z-1"];
    assert_eq!(found(&sorted(Sort::PriceDown)), down);
    let stock = ["T-2", "T-1", "H-1", "H-2", "Z-1", "W-3", "W-1", "T-3", "J-1", "J-2", "W-2"];
    assert_eq!(found(&sorted(Sort::Stock)), stock);
    assert_eq!(found(&Search { query: "bowl".to_owned(), ..sorted(Sort::PriceDown) }), ["W-3", "T-3"]);
}

#[tokio::test]
async fn pages_fit_together_whatever_was_asked_for_before() {
    let shop = Shop::of(&goods());
    let search = Search { query: "e".to_owned(), ..sorted(Sort::Name) };
    let whole = shop.page(&search, 0, 50).await.expect("a page");
    let mut rows = Vec::new();
    for from in (0..whole.total).step_by(2) {
        // Typing on and off between two pages.
        shop.page(&words("et"), 0, 1).await.expect("a page");
        shop.page(&words("fountain pen"), 0, 1).await.expect("a page");
        let page = shop.page(&search, from, 2).await.expect("a page");
        assert_eq!(page.total, whole.total);
        rows.extend(page.items);
    }
    assert_eq!(rows, whole.items);
    for (from, limit, rows) in
        [(whole.total, 50, 0), (u32::MAX, 50, 0), (0, 0, 0), (1, u16::MAX, whole.total - 1)]
    {
        let page = shop.page(&search, from, limit).await.expect("a page");
        assert_eq!((page.items.len() as u32, page.total), (rows, whole.total));
    }
    let item = &whole.items[0];
    assert_eq!((item.sku.as_str(), item.available, item.on_hand), ("T-3", 3, 3));
}

#[test]
fn categories_are_named_with_how_many_products_they_have() {
    let shop = Shop::of(&goods());
    let categories = shop.catalogue.categories().iter();
    let counts: Vec<(&str, u32)> = categories.map(|c| (c.name.as_str(), c.products)).collect();
    assert_eq!(counts, [("Stationery", 2), ("Tea", 2), ("Tea ware", 4), ("茶道具", 2)]);
    let sku = goods()[0].sku;
    assert_eq!(
        (shop.catalogue.name(&sku), shop.catalogue.price(&sku)),
        ("Tetsubin iron kettle", Some(Minor(14_800)))
    );
}
