//! The list of orders and one order looked at closely.

use kessai_shared::storefront::OrderView;

use super::{answers, cancel, giveback, go, moved, page_step, receipt};
use crate::app::Edit;
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::standing::Group;
use crate::app::model::{Detail, Giving, Link, MAX_ORDERS, Model, Part, Screen, Sending, Stopping};
use crate::shop::Ending;
use crate::words::Message;

/// Shows the orders, asked for anew: they change without this terminal.
pub fn show(model: &mut Model) -> Vec<Effect> {
    model.screen = Screen::Orders;
    refresh(model)
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let filter = &mut model.orders.filter;
    match action {
        Action::Back if !filter.is_empty() => {
            filter.group = Group::All;
            filter.text.clear();
            sift(model)
        }
        Action::Back => go(model, Screen::Browse),
        Action::Refresh => refresh(model),
        Action::Next => look(model),
        Action::Search => {
            filter.typing = true;
            Vec::new()
        }
        Action::Left | Action::Right => {
            let at = Group::ALL.iter().position(|group| *group == filter.group).unwrap_or(0);
            let last = Group::ALL.len() - 1;
            let to = if action == Action::Left { at.saturating_sub(1) } else { (at + 1).min(last) };
            filter.group = Group::ALL[to];
            sift(model)
        }
        moving => travel(model, moving),
    }
}

/// What a key that is no letter does while the orders are searched.
pub fn act_in_search(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Next | Action::Back => {
            model.orders.filter.typing = false;
            Vec::new()
        }
        moving => travel(model, moving),
    }
}

pub fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.orders.filter.text.insert(text) { sift(model) } else { Vec::new() }
}

pub fn edited(model: &mut Model, edit: Edit) -> Vec<Effect> {
    if model.orders.filter.text.edit(edit) { sift(model) } else { Vec::new() }
}

pub fn loaded(model: &mut Model, seq: Seq, answer: Answer<Vec<(OrderView, Ending)>>) -> Vec<Effect> {
    answers::heard(model, &answer);
    if model.orders.asked != Some(seq) {
        return Vec::new();
    }
    let (orders, now) = (&mut model.orders, model.now);
    orders.asked = None;
    match answer {
        Ok(newest) if orders.anew => {
            orders.anew = false;
            orders.complete = newest.is_empty();
            orders.replace(newest, now);
            load_older(model)
        }
        Ok(older) => {
            orders.complete = older.is_empty();
            orders.append(older);
            load_older(model)
        }
        Err(why) => {
            orders.problem = Some(why.message());
            Vec::new()
        }
    }
}

pub fn act_on_order(model: &mut Model, action: Action) -> Vec<Effect> {
    let page = page_step(model);
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    match action {
        Action::Back if detail.stopping == Stopping::Asked => detail.stopping = Stopping::No,
        Action::Back => return go(model, Screen::Orders),
        Action::Refresh => return ask_about(model),
        Action::Return => return giveback::begin(model),
        Action::Cancel => return cancel::ask(model),
        Action::Receipt => return receipt::open(model),
        Action::Left => detail.part = Part::Goods,
        Action::Right => detail.part = Part::Way,
        moving => match detail.part {
            Part::Goods => {
                detail.cursor = moved(moving, detail.cursor, detail.lines(), page).unwrap_or(detail.cursor);
            }
            Part::Way => {
                detail.top = moved(moving, detail.top, detail.way_rows(), page).unwrap_or(detail.top);
            }
        },
    }
    Vec::new()
}

pub fn refreshed(model: &mut Model, seq: Seq, answer: Answer<Box<(OrderView, Ending)>>) -> Vec<Effect> {
    let now = model.now;
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    if detail.asked != Some(seq) {
        return Vec::new();
    }
    detail.asked = None;
    match answer {
        Ok(found) if found.0.quote.quote.order == detail.order() => {
            let (view, ending) = *found;
            let changed = view != detail.view || ending != detail.ending;
            detail.watch.looked(changed, now);
            detail.loaded_at = now;
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
            model.orders.note(&detail.view, &detail.ending);
        }
        Ok(_of_another_order) => model.warn(Message::new("answer-about-another-order")),
        Err(why) => {
            detail.watch.looked(false, now);
            model.warn(why.message());
        }
    }
    Vec::new()
}

/// Asks how the order on the screen stands.
pub fn ask_about(model: &mut Model) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    let seq = model.counter.ask();
    detail.asked = Some(seq);
    vec![Effect::LoadOrder { seq, order: detail.order() }]
}

/// Asks about the order on the screen again when that is due: while it is moving, less and less often while
/// nothing changes, and never where nobody answers.
pub fn watch(model: &mut Model) -> Vec<Effect> {
    let (now, up) = (model.now, model.link == Link::Up);
    let Screen::Order(detail) = &model.screen else { return Vec::new() };
    let busy = detail.asked.is_some() || matches!(detail.stopping, Stopping::Sent(_));
    let sending = detail.giving.as_ref().is_some_and(|giving| match giving.sending {
        Sending::Minting(_) | Sending::Sent { .. } => true,
        Sending::No | Sending::Unanswered { .. } => false,
    });
    let due = up && detail.is_moving() && !busy && !sending && now >= detail.watch.next;
    if due { ask_about(model) } else { Vec::new() }
}

/// Asks for older orders once the end of those that are shown comes near.
fn load_older(model: &mut Model) -> Vec<Effect> {
    if !matches!(model.screen, Screen::Orders) {
        return Vec::new();
    }
    let near_end = model.orders.cursor + usize::from(model.size.rows) >= model.orders.shown.len();
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

// What is shown stays until the answer is here: an old list is better than none where nobody answers.
fn refresh(model: &mut Model) -> Vec<Effect> {
    let seq = model.counter.ask();
    let orders = &mut model.orders;
    orders.problem = None;
    (orders.asked, orders.anew) = (Some(seq), true);
    vec![Effect::LoadOrders { seq, before: None }]
}

fn sift(model: &mut Model) -> Vec<Effect> {
    model.orders.sift();
    load_older(model)
}

fn travel(model: &mut Model, moving: Action) -> Vec<Effect> {
    let to = moved(moving, model.orders.cursor, model.orders.shown.len(), page_step(model));
    model.orders.cursor = to.unwrap_or(model.orders.cursor);
    load_older(model)
}

fn look(model: &mut Model) -> Vec<Effect> {
    let Some((view, ending)) = model.orders.selected().cloned() else { return Vec::new() };
    let seq = model.counter.ask();
    let order = view.quote.quote.order;
    let told_at = model.orders.loaded_at.unwrap_or(model.now);
    let mut detail = Detail::new(view, ending, seq, told_at);
    if let Some(kept) = model.kept_returns.iter().find(|kept| kept.order == order) {
        detail.resume(kept);
    }
    model.screen = Screen::Order(Box::new(detail));
    vec![Effect::LoadOrder { seq, order }]
}
