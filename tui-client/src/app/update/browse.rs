//! The shelves: moving, tabs, the search, and the pages that have to be fetched for them.

use kessai_shared::storefront::{MAX_NAME_BYTES, MAX_QUERY_BYTES, Page, Welcome};

use super::{answers, filters, go, moved, page_step, product};
use crate::app::effect::{Effect, PAGE_ROWS};
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{Asked, Model, Screen};
use crate::app::{Edit, TextField};

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    model.browse.open_first = false;
    match action {
        Action::Left => turn_tab(model, -1),
        Action::Right => turn_tab(model, 1),
        Action::Search => {
            model.browse.search = Some(TextField::with(MAX_QUERY_BYTES, &model.browse.wanted.query));
            Vec::new()
        }
        Action::Filters => filters::open(model),
        Action::Sort => filters::turn_sort(model, 1),
        Action::Back => {
            if model.browse.clear_a_step() {
                return look_anew(model);
            }
            Vec::new()
        }
        Action::Refresh => {
            renew(model);
            let mut effects = vec![super::greet(model)];
            effects.extend(fill(model));
            effects
        }
        Action::Next => match model.browse.selected().cloned() {
            Some(item) => {
                // What is known of it may be old; the page shows what the shop says now.
                model.details.renew = Some(item.sku);
                go(model, Screen::Product(product::opened(item)))
            }
            None => Vec::new(),
        },
        Action::Add => match model.browse.selected().cloned() {
            Some(item) => super::cart::add(model, &item, crate::app::model::Quantity::default()),
            None => Vec::new(),
        },
        moving => {
            let total = model.browse.total.unwrap_or(0) as usize;
            let to = moved(moving, model.browse.cursor as usize, total, page_step(model));
            if let Some(to) = to.and_then(|to| u32::try_from(to).ok()) {
                model.browse.cursor = to;
            }
            fill(model)
        }
    }
}

/// The list stays usable while the field is open, and Enter opens what is chosen in it.
pub fn act_in_search(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Next if model.browse.is_current() => {
            model.browse.search = None;
            act(model, action)
        }
        Action::Next => {
            // What is on the screen was found with other words; the answer to these opens its first.
            model.browse.search = None;
            model.browse.open_first = true;
            fill(model)
        }
        Action::Back => {
            model.browse.search = None;
            Vec::new()
        }
        Action::Up | Action::Down | Action::PageUp | Action::PageDown => act(model, action),
        _without_meaning_here => Vec::new(),
    }
}

pub fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    let changed = model.browse.search.as_mut().is_some_and(|field| field.insert(text));
    searched(model, changed)
}

pub fn edited(model: &mut Model, edit: Edit) -> Vec<Effect> {
    let changed = model.browse.search.as_mut().is_some_and(|field| field.edit(edit));
    searched(model, changed)
}

fn searched(model: &mut Model, changed: bool) -> Vec<Effect> {
    let Some(field) = model.browse.search.as_ref().filter(|_| changed) else { return Vec::new() };
    let query = field.text().trim();
    if query == model.browse.wanted.query {
        return Vec::new();
    }
    model.browse.wanted.query = query.to_owned();
    look_anew(model)
}

/// Asks for what is wanted now. The rows that are here stay on the screen until the answer is.
pub fn look_anew(model: &mut Model) -> Vec<Effect> {
    model.browse.problem = None;
    model.browse.open_first = false;
    fill(model)
}

/// Has what is shown asked for once more, though it is here.
pub fn renew(model: &mut Model) {
    model.browse.problem = None;
    model.browse.renew = true;
    model.details.failed = None;
    model.details.pictures.try_again();
}

/// Asks for the page that is missing. One at a time: the answer asks for the next, so that neither a
/// held-down key nor fast typing floods the shop, and of what was typed meanwhile only the newest is asked.
pub fn fill(model: &mut Model) -> Vec<Effect> {
    let browse = &model.browse;
    if browse.asked.is_some() || browse.problem.is_some() {
        return Vec::new();
    }
    let Some((page, anew)) = browse.next_page(u32::from(model.size.rows)) else { return Vec::new() };
    let (seq, search) = (model.counter.ask(), browse.wanted.clone());
    model.browse.renew = false;
    model.browse.asked = Some(Asked { seq, search: search.clone(), page, anew });
    let from = page.saturating_mul(u32::from(PAGE_ROWS));
    vec![Effect::LoadPage { seq, search, from }]
}

pub fn loaded(model: &mut Model, seq: Seq, answer: Answer<Page>) -> Vec<Effect> {
    answers::heard(model, &answer);
    let Some(asked) = model.browse.asked.take_if(|asked| asked.seq == seq) else { return Vec::new() };
    let newest = asked.search == model.browse.wanted;
    match answer {
        Ok(mut page) => {
            page.items.truncate(usize::from(PAGE_ROWS));
            for item in &mut page.items {
                shorten(&mut item.name);
                shorten(&mut item.category);
            }
            model.browse.keep(asked, page.items, page.total, model.now);
            if newest && std::mem::take(&mut model.browse.open_first) {
                return act(model, Action::Next);
            }
        }
        Err(why) if newest => {
            model.browse.open_first = false;
            model.browse.problem = Some(why.message());
        }
        // What failed is wanted no more; the newest may fare better.
        Err(_) => {}
    }
    fill(model)
}

/// What a welcome says about the categories: the chosen one stays chosen where it still is.
pub fn welcomed(model: &mut Model, welcome: &Welcome) {
    let Some(chosen) = &model.browse.wanted.category else { return };
    let at = welcome.categories.iter().position(|category| category.name == *chosen);
    model.browse.tab = at.map_or(0, |at| at + 1);
    if at.is_none() {
        model.browse.wanted.category = None;
    }
}

// A seller may be anybody, and no honest one has longer names.
fn shorten(name: &mut String) {
    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
}

fn turn_tab(model: &mut Model, by: isize) -> Vec<Effect> {
    let categories = model.shop.as_ref().map_or(&[][..], |shop| shop.categories.as_slice());
    let to = model.browse.tab.saturating_add_signed(by).min(categories.len());
    if to == model.browse.tab {
        return Vec::new();
    }
    let category = to.checked_sub(1).and_then(|at| categories.get(at));
    model.browse.wanted.category = category.map(|category| category.name.clone());
    model.browse.tab = to;
    look_anew(model)
}
