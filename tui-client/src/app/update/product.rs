//! One product: how many of it, and its description passing by.

use kessai_shared::storefront::Item;

use super::{cart, go, moved, page_step};
use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::{Model, Product, Quantity, Screen};

/// The screen of a product of the list.
pub fn opened(item: Item) -> Product {
    Product { item, quantity: Quantity::default(), top: 0 }
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let (page, most) = (page_step(model), most_top(model));
    let Screen::Product(product) = &mut model.screen else { return Vec::new() };
    match action {
        Action::More => product.quantity = product.quantity.more(),
        Action::Fewer => product.quantity = product.quantity.fewer(),
        Action::Add => {
            let (item, quantity) = (product.item.clone(), product.quantity);
            return cart::add(model, &item, quantity);
        }
        Action::Next => return cart::show(model),
        Action::Back => return go(model, Screen::Browse),
        Action::Refresh => {
            model.details.failed = None;
            model.details.renew = Some(product.item.sku);
            model.details.pictures.try_again();
        }
        moving => {
            let rows = usize::from(most) + 1;
            let to = moved(moving, usize::from(product.top), rows, page);
            product.top = to.and_then(|to| u16::try_from(to).ok()).unwrap_or(product.top);
        }
    }
    Vec::new()
}

pub fn typed(model: &mut Model, text: &str) {
    let Some(digit) = text.chars().next().and_then(|c| c.to_digit(10)) else { return };
    if let Screen::Product(product) = &mut model.screen {
        product.quantity = product.quantity.typed(digit);
    }
}

pub fn erased(model: &mut Model) {
    if let Screen::Product(product) = &mut model.screen {
        product.quantity = product.quantity.erased();
    }
}

/// How far the page can be moved up: what it takes in rows depends on the words and the window, and only
/// the drawing knows both. It is as pure as this is.
fn most_top(model: &Model) -> u16 {
    match &model.screen {
        Screen::Product(product) => crate::view::product_overflow(model, product),
        _no_product => 0,
    }
}
