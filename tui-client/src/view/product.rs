//! One product, and how many of it.

use super::{sheet::Sheet, theme::Theme, words};
use crate::app::model::{Model, Product};

pub fn draw(model: &Model, product: &Product, theme: Theme, sheet: &mut Sheet<'_>) {
    let (item, currency) = (&product.item, model.currency());
    sheet.gap();
    sheet.wrap(&item.name, theme.strong());
    sheet.gap();
    sheet.field("Price", &item.unit_price.show(currency), theme.plain());
    let stock = match item.available {
        0 => "sold out".to_owned(),
        some => words::grouped(u64::from(some)),
    };
    sheet.field("In stock", &stock, theme.plain());
    sheet.field("SKU", item.sku.as_str(), theme.plain());
    sheet.field("Category", &item.category, theme.plain());
    sheet.gap();
    let count = product.quantity.get();
    sheet.field("Quantity", &format!("‹ {} ›", words::grouped(u64::from(count))), theme.strong());
    let sum = item.unit_price.times(count);
    let sum = sum.map_or("more than an order may come to".to_owned(), |sum| sum.show(currency));
    sheet.field("Sum", &sum, theme.strong());
    if count > item.available {
        sheet.wrap(&format!("! Only {} in stock.", item.available), theme.careful());
    }
    let in_cart = model.cart.goods.iter().find(|goods| goods.item.sku == item.sku);
    if let Some(goods) = in_cart {
        sheet.gap();
        sheet.say(&format!("{} in the cart already", goods.quantity.get()), theme.dim());
    }
}
