//! Typing a card that is not on the list.

use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::{Checkout, ChosenCard, Model, Screen, Step};

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    let form = &mut checkout.form;
    match action {
        Action::Back => checkout.step = Step::Cards,
        Action::Up => form.field = form.field.before().unwrap_or(form.field),
        Action::Down => form.field = form.field.next().unwrap_or(form.field),
        Action::Next => go_on(checkout),
        _without_meaning_here => {}
    }
    Vec::new()
}

pub fn typed(model: &mut Model, text: &str) {
    if let Screen::Checkout(checkout) = &mut model.screen {
        checkout.form.type_in(text);
    }
}

pub fn erased(model: &mut Model) {
    if let Screen::Checkout(checkout) = &mut model.screen {
        checkout.form.erase();
    }
}

fn go_on(checkout: &mut Checkout) {
    let form = &mut checkout.form;
    if !form.check_field() {
        return;
    }
    if let Some(next) = form.field.next() {
        form.field = next;
    } else if let Some(card) = form.read() {
        checkout.card = Some(ChosenCard::Typed(Box::new(card)));
        checkout.step = Step::Confirm;
    }
}
