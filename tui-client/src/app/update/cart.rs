//! The product and the cart: how many of what.

use kessai_shared::storefront::{Item, MAX_LINES};

use super::{checkout, go, moved, page_step};
use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::{Model, Quantity, Screen};

pub fn act_on_product(model: &mut Model, action: Action) -> Vec<Effect> {
    let Screen::Product(product) = &mut model.screen else { return Vec::new() };
    match action {
        Action::More => product.quantity = product.quantity.more(),
        Action::Fewer => product.quantity = product.quantity.fewer(),
        Action::Add => {
            let (item, quantity) = (product.item.clone(), product.quantity);
            return add(model, &item, quantity);
        }
        Action::Next => return go(model, Screen::Cart),
        Action::Back => return go(model, Screen::Browse),
        _without_meaning_here => {}
    }
    Vec::new()
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::More => change(model, Quantity::more),
        Action::Fewer => change(model, Quantity::fewer),
        Action::Remove => {
            if let Some(gone) = model.cart.remove_selected() {
                model.say(format!("Taken off: {}", gone.item.name));
            }
        }
        Action::Next => return checkout::open(model),
        Action::Back => return go(model, Screen::Browse),
        moving => {
            let to = moved(moving, model.cart.cursor, model.cart.goods.len(), page_step(model));
            model.cart.cursor = to.unwrap_or(model.cart.cursor);
        }
    }
    Vec::new()
}

pub fn add(model: &mut Model, item: &Item, quantity: Quantity) -> Vec<Effect> {
    match model.cart.add(item, quantity) {
        Some(count) => model.say(format!("Added: {} ({count} in the cart)", item.name)),
        None => model.warn(format!("The cart is full: {MAX_LINES} different products")),
    }
    Vec::new()
}

pub fn typed(model: &mut Model, text: &str) {
    let Some(digit) = text.chars().next().and_then(|c| c.to_digit(10)) else { return };
    match &mut model.screen {
        Screen::Product(product) => product.quantity = product.quantity.typed(digit),
        _cart => change(model, |quantity| quantity.typed(digit)),
    }
}

pub fn erased(model: &mut Model) {
    match &mut model.screen {
        Screen::Product(product) => product.quantity = product.quantity.erased(),
        _cart => change(model, Quantity::erased),
    }
}

fn change(model: &mut Model, how: impl Fn(Quantity) -> Quantity) {
    if let Some(goods) = model.cart.goods.get_mut(model.cart.cursor) {
        goods.quantity = how(goods.quantity);
    }
}
