//! The list of orders and one order looked at closely.

use kessai_shared::storefront::OrderView;

use super::{answers, cancel, giveback, go, moved, page_step};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{Detail, Giving, MAX_ORDERS, Model, Orders, Screen, Stopping};
use crate::shop::Ending;

/// Shows the orders, asked for anew: they change without this terminal.
pub fn show(model: &mut Model) -> Vec<Effect> {
    model.screen = Screen::Orders;
    refresh(model)
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Back => go(model, Screen::Browse),
        Action::Refresh => refresh(model),
        Action::Next => look(model),
        moving => {
            let to = moved(moving, model.orders.cursor, model.orders.list.len(), page_step(model));
            model.orders.cursor = to.unwrap_or(model.orders.cursor);
            load_older(model)
        }
    }
}

pub fn loaded(model: &mut Model, seq: Seq, answer: Answer<Vec<(OrderView, Ending)>>) -> Vec<Effect> {
    answers::heard(model, &answer);
    if model.orders.asked != Some(seq) {
        return Vec::new();
    }
    let orders = &mut model.orders;
    orders.asked = None;
    match answer {
        Ok(older) => {
            orders.complete = older.is_empty();
            orders.list.extend(older);
            orders.list.truncate(MAX_ORDERS);
            load_older(model)
        }
        Err(why) => {
            orders.problem = Some(why.to_string());
            Vec::new()
        }
    }
}

pub fn act_on_order(model: &mut Model, action: Action) -> Vec<Effect> {
    let page = page_step(model);
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    match action {
        Action::Back if detail.stopping == Stopping::Asked => {
            detail.stopping = Stopping::No;
            Vec::new()
        }
        Action::Back => go(model, Screen::Orders),
        Action::Refresh => ask_about(model),
        Action::Return => giveback::begin(model),
        Action::Cancel => cancel::ask(model),
        moving => {
            detail.cursor = moved(moving, detail.cursor, detail.lines(), page).unwrap_or(detail.cursor);
            Vec::new()
        }
    }
}

pub fn refreshed(model: &mut Model, seq: Seq, answer: Answer<Box<(OrderView, Ending)>>) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    if detail.asked != Some(seq) {
        return Vec::new();
    }
    detail.asked = None;
    match answer {
        Ok(found) if found.0.quote.quote.order == detail.view.quote.quote.order => {
            let (view, ending) = *found;
            detail.cursor = detail.cursor.min(view.quote.quote.lines.len().saturating_sub(1));
            // What is being given back was chosen from the old view, so it must still fit.
            let fits = view.quote.quote.lines.len() == detail.lines()
                && view.returned == detail.view.returned
                && view.cancelled == detail.view.cancelled;
            let locked = detail.giving.as_ref().is_some_and(Giving::is_locked);
            if !fits && !locked {
                detail.giving = None;
            }
            (detail.view, detail.ending) = (view, ending);
        }
        Ok(_of_another_order) => model.warn("The shop answered about another order"),
        Err(why) => model.warn(why.to_string()),
    }
    Vec::new()
}

/// Asks how the order on the screen stands.
pub fn ask_about(model: &mut Model) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    let seq = model.counter.ask();
    detail.asked = Some(seq);
    vec![Effect::LoadOrder { seq, order: detail.view.quote.quote.order }]
}

fn refresh(model: &mut Model) -> Vec<Effect> {
    model.orders = Orders::default();
    load_older(model)
}

// Asks for older orders once the end of those that are here comes near.
fn load_older(model: &mut Model) -> Vec<Effect> {
    let near_end = model.orders.cursor + usize::from(model.size.rows) >= model.orders.list.len();
    let orders = &mut model.orders;
    let enough = orders.complete || orders.list.len() >= MAX_ORDERS;
    if !near_end || enough || orders.asked.is_some() || orders.problem.is_some() {
        return Vec::new();
    }
    let seq = model.counter.ask();
    orders.asked = Some(seq);
    let before = orders.list.last().map(|(view, _)| view.quote.quote.order);
    vec![Effect::LoadOrders { seq, before }]
}

fn look(model: &mut Model) -> Vec<Effect> {
    let Some((view, ending)) = model.orders.selected().cloned() else { return Vec::new() };
    let seq = model.counter.ask();
    let order = view.quote.quote.order;
    model.screen = Screen::Order(Box::new(Detail::new(view, ending, seq)));
    vec![Effect::LoadOrder { seq, order }]
}
