//! The filters: each change is asked for at once.

use super::browse::look_anew;
use super::moved;
use crate::app::Edit;
use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::{FilterForm, FilterRow, Model, turned};

pub fn open(model: &mut Model) -> Vec<Effect> {
    model.browse.filters = Some(FilterForm::of(&model.browse.wanted, model.currency()));
    Vec::new()
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(form) = &mut model.browse.filters else { return Vec::new() };
    match (action, form.row) {
        (Action::Back | Action::Filters, _) => model.browse.filters = None,
        (Action::Left | Action::Right | Action::Next, FilterRow::InStock) => {
            model.browse.wanted.in_stock = !model.browse.wanted.in_stock;
            return look_anew(model);
        }
        (Action::Left, FilterRow::Sort) => return turn_sort(model, -1),
        (Action::Right | Action::Next, FilterRow::Sort) => return turn_sort(model, 1),
        (Action::Left, FilterRow::Least | FilterRow::Most) => return edited(model, Edit::Left),
        (Action::Right, FilterRow::Least | FilterRow::Most) => return edited(model, Edit::Right),
        (Action::Next, FilterRow::Least | FilterRow::Most) => step(form, Action::Down),
        (moving, _) => step(form, moving),
    }
    Vec::new()
}

pub fn turn_sort(model: &mut Model, by: isize) -> Vec<Effect> {
    model.browse.wanted.sort = turned(model.browse.wanted.sort, by);
    look_anew(model)
}

pub fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    let field = model.browse.filters.as_mut().and_then(FilterForm::field);
    let number: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let changed = field.is_some_and(|field| field.insert(&number));
    priced(model, changed)
}

pub fn edited(model: &mut Model, edit: Edit) -> Vec<Effect> {
    let field = model.browse.filters.as_mut().and_then(FilterForm::field);
    let changed = field.is_some_and(|field| field.edit(edit));
    priced(model, changed)
}

fn priced(model: &mut Model, changed: bool) -> Vec<Effect> {
    let currency = model.currency();
    let Some(form) = model.browse.filters.as_ref().filter(|_| changed) else { return Vec::new() };
    let price = form.price(currency);
    if price == model.browse.wanted.price {
        return Vec::new();
    }
    model.browse.wanted.price = price;
    look_anew(model)
}

fn step(form: &mut FilterForm, moving: Action) {
    let at = FilterRow::ALL.iter().position(|row| *row == form.row).unwrap_or(0);
    let to = moved(moving, at, FilterRow::ALL.len(), FilterRow::ALL.len());
    form.row = to.and_then(|to| FilterRow::ALL.get(to)).copied().unwrap_or(form.row);
}
