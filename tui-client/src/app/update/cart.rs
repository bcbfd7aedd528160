//! The cart: how many of what.

use kessai_shared::ids::Sku;
use kessai_shared::storefront::{Item, MAX_LINES};

use super::{answers, checkout, go, moved, page_step};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{Fit, Model, Quantity, Screen, refresh};
use crate::words::Message;

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::More => model.cart.change_selected(Quantity::more),
        Action::Fewer => model.cart.change_selected(Quantity::fewer),
        Action::Remove => {
            if let Some(gone) = model.cart.remove_selected() {
                model.say(Message::new("cart-taken-off").with("name", gone.item.name));
            }
        }
        Action::Undo => match model.cart.undo() {
            Some(back) => model.say(Message::new("cart-brought-back").with("name", back.item.name)),
            None => model.say(Message::new("nothing-to-bring-back")),
        },
        Action::Fit => match model.cart.fit_selected() {
            Fit::Enough => model.say(Message::new("cart-all-there")),
            Fit::Fewer(goods) => {
                let (name, count) = (goods.item.name.as_str(), goods.quantity.get());
                model.say(Message::new("cart-fitted").with("name", name).with("count", count));
            }
            Fit::Gone(goods) => model.say(Message::new("cart-none-left").with("name", goods.item.name)),
        },
        Action::Refresh => return check_stock(model),
        Action::Next => return checkout::open(model),
        Action::Back => return go(model, Screen::Browse),
        moving => {
            let to = moved(moving, model.cart.cursor, model.cart.goods.len(), page_step(model));
            model.cart.cursor = to.unwrap_or(model.cart.cursor);
        }
    }
    Vec::new()
}

/// Shows the cart, and asks how much of it the shop has now.
pub fn show(model: &mut Model) -> Vec<Effect> {
    model.screen = Screen::Cart;
    check_stock(model)
}

/// Asks how many the shop has of what is in the cart.
pub fn check_stock(model: &mut Model) -> Vec<Effect> {
    let skus = model.cart.skus();
    if skus.is_empty() {
        return Vec::new();
    }
    let seq = model.counter.ask();
    model.cart.checking = Some(seq);
    vec![Effect::CheckStock { seq, skus }]
}

/// What is short is marked; that nobody could be asked is no news here, the next step tells it.
pub fn stock_checked(model: &mut Model, seq: Seq, answer: Answer<Vec<(Sku, Option<Item>)>>) -> Vec<Effect> {
    answers::heard(model, &answer);
    if model.cart.checking != Some(seq) {
        return Vec::new();
    }
    model.cart.checking = None;
    if let Ok(stock) = answer {
        model.cart.refresh(&stock);
        if let Screen::Checkout(checkout) = &mut model.screen {
            refresh(&mut checkout.goods, &stock);
        }
    }
    Vec::new()
}

pub fn add(model: &mut Model, item: &Item, quantity: Quantity) -> Vec<Effect> {
    match model.cart.add(item, quantity) {
        Some(count) => {
            model.say(Message::new("cart-added").with("name", item.name.as_str()).with("count", count))
        }
        None => model.warn(Message::new("cart-full").with("lines", MAX_LINES)),
    }
    Vec::new()
}

pub fn typed(model: &mut Model, text: &str) {
    let Some(digit) = text.chars().next().and_then(|c| c.to_digit(10)) else { return };
    model.cart.change_selected(|quantity| quantity.typed(digit));
}

pub fn erased(model: &mut Model) {
    model.cart.change_selected(Quantity::erased);
}
