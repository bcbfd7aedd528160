//! The shelves: moving, tabs, the search, and the pages that have to be fetched for them.

use kessai_shared::storefront::{MAX_QUERY_BYTES, Page};

use super::{answers, go, moved, page_step};
use crate::app::effect::{Effect, PAGE_ROWS};
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{Asked, Model, Product, Quantity, Screen};

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let browse = &mut model.browse;
    match action {
        Action::Left => turn_tab(model, -1),
        Action::Right => turn_tab(model, 1),
        Action::Search => {
            browse.search = Some(browse.query.clone());
            Vec::new()
        }
        Action::Back if browse.query.is_empty() => Vec::new(),
        Action::Back => search(model, String::new()),
        Action::Refresh => {
            browse.start_over();
            let mut effects = vec![super::greet(model)];
            effects.extend(fill(model));
            effects
        }
        Action::Next => match browse.selected().cloned() {
            Some(item) => go(model, Screen::Product(Product { item, quantity: Quantity::default() })),
            None => Vec::new(),
        },
        Action::Add => match browse.selected().cloned() {
            Some(item) => super::cart::add(model, &item, Quantity::default()),
            None => Vec::new(),
        },
        moving => {
            let total = browse.total.unwrap_or(0) as usize;
            let to = moved(moving, browse.cursor as usize, total, page_step(model));
            if let Some(to) = to.and_then(|to| u32::try_from(to).ok()) {
                model.browse.cursor = to;
            }
            fill(model)
        }
    }
}

pub fn act_in_search(model: &mut Model, action: Action) -> Vec<Effect> {
    match (action, model.browse.search.take()) {
        (Action::Next, Some(text)) => search(model, text.trim().to_owned()),
        (Action::Back, _) => Vec::new(),
        (Action::Up | Action::Down, text) => {
            // The list stays usable while the field is open.
            let effects = act(model, action);
            model.browse.search = text;
            effects
        }
        (_, text) => {
            model.browse.search = text;
            Vec::new()
        }
    }
}

pub fn typed(model: &mut Model, text: &str) {
    let Some(search) = &mut model.browse.search else { return };
    for c in text.chars().filter(|c| !c.is_control()) {
        if search.len() + c.len_utf8() <= MAX_QUERY_BYTES {
            search.push(c);
        }
    }
}

pub fn erased(model: &mut Model) {
    if let Some(search) = &mut model.browse.search {
        search.pop();
    }
}

/// Asks for the page that is missing around the cursor. One at a time: the answer asks for the
/// next, so that a held-down key never floods the shop.
pub fn fill(model: &mut Model) -> Vec<Effect> {
    let browse = &model.browse;
    if browse.asked.is_some() || browse.problem.is_some() {
        return Vec::new();
    }
    let Some(page) = browse.missing_page(u32::from(model.size.rows)) else { return Vec::new() };
    let category = match (browse.tab, &model.shop) {
        (0, _) | (_, None) => None,
        (tab, Some(shop)) => shop.categories.get(tab - 1).cloned(),
    };
    let seq = model.counter.ask();
    model.browse.asked = Some(Asked { seq, page });
    let from = page.saturating_mul(u32::from(PAGE_ROWS));
    vec![Effect::LoadPage { seq, query: model.browse.query.clone(), category, from }]
}

pub fn loaded(model: &mut Model, seq: Seq, answer: Answer<Page>) -> Vec<Effect> {
    answers::heard(model, &answer);
    let Some(asked) = model.browse.asked.filter(|asked| asked.seq == seq) else { return Vec::new() };
    model.browse.asked = None;
    match answer {
        Ok(mut page) => {
            page.items.truncate(usize::from(PAGE_ROWS));
            model.browse.keep(asked.page, page.items, page.total);
            fill(model)
        }
        Err(why) => {
            model.browse.problem = Some(why.to_string());
            Vec::new()
        }
    }
}

fn turn_tab(model: &mut Model, by: isize) -> Vec<Effect> {
    let tabs = model.shop.as_ref().map_or(0, |shop| shop.categories.len()) + 1;
    let to = model.browse.tab.saturating_add_signed(by).min(tabs - 1);
    if to == model.browse.tab {
        return Vec::new();
    }
    model.browse.tab = to;
    model.browse.start_over();
    fill(model)
}

fn search(model: &mut Model, query: String) -> Vec<Effect> {
    model.browse.query = query;
    model.browse.start_over();
    fill(model)
}
