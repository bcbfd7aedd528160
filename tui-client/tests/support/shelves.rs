//! What the shop of values has: its products, what is found among them, and one picture.

use std::sync::Arc;

use kessai_shared::picture::PictureName;
use kessai_shared::storefront::{Item, Page, ProductView, Search, Sort};
use kessai_tui_client::app::effect::PAGE_ROWS;
use kessai_tui_client::app::pixels::Pixels;

use super::{PRODUCTS, item};

/// The page of what `search` finds, from the row `from`: words that names hold as they are.
pub fn found(search: &Search, from: u32) -> Page {
    let words: Vec<String> = search.query.split_whitespace().map(str::to_lowercase).collect();
    let fits = |item: &Item| {
        words.iter().all(|word| item.name.to_lowercase().contains(word))
            && (!search.in_stock || item.available > 0)
            && search.price.holds(item.unit_price)
    };
    let mut items: Vec<Item> = (0..PRODUCTS).map(item).filter(fits).collect();
    match search.sort {
        Sort::Best => {}
        Sort::Name => items.sort_by(|a, b| a.name.cmp(&b.name)),
        Sort::PriceUp => items.sort_by_key(|item| item.unit_price),
        Sort::PriceDown => items.sort_by_key(|item| std::cmp::Reverse(item.unit_price)),
        Sort::Stock => items.sort_by_key(|item| std::cmp::Reverse(item.available)),
    }
    let total = u32::try_from(items.len()).expect("a small shop");
    let items = items.into_iter().skip(from as usize).take(usize::from(PAGE_ROWS)).collect();
    Page { items, total }
}

/// Every third product has a long description, and every other one a picture.
pub fn product(item: Item) -> ProductView {
    let number: u32 = item.sku.as_str()[4..].parse().expect("a number");
    let description = match number % 3 {
        0 => String::new(),
        1 => "Holds 300 ml. Dishwasher safe.".to_owned(),
        _ => LONG.repeat(2),
    };
    let picture = number.is_multiple_of(2).then(picture_name);
    ProductView { item, description, picture }
}

const LONG: &str = "Made by hand in a small workshop on the hill, one after the other, so that no two are \
    quite alike; the walnut comes from storms and not from saws.\n\nRub it with oil twice a year, and never \
    leave it in water. 木のぬくもりを毎日の台所で。手入れは年に二回、油を塗るだけです。\n\n40 × 28 × 3 cm, 2.1 kg.\n";

pub fn picture_name() -> PictureName {
    PictureName::of(b"a mug")
}

/// A mug: round below, with a handle, on nothing.
pub fn picture() -> Arc<Pixels> {
    let (width, height) = (48, 48);
    let colour = |x: u32, y: u32| -> [u8; 4] {
        let (dx, dy) = (i64::from(x) - 38, i64::from(y) - 24);
        let ring = (36..=100).contains(&(dx * dx + dy * dy));
        match (x, y) {
            (6..=34, 8..=42) if y <= 38 || (10..=30).contains(&x) => [60, 120, 200, 255],
            _ if ring && x >= 34 => [40, 80, 180, 255],
            _ => [0; 4],
        }
    };
    let bytes = (0..height).flat_map(|y| (0..width).flat_map(move |x| colour(x, y))).collect();
    Arc::new(Pixels::new(width, height, bytes).expect("pixels"))
}
