//! Clicks and the wheel. They do what keys do, but for one thing: no click pays.

use super::act;
use crate::app::effect::Effect;
use crate::app::event::Target;
use crate::app::keymap::{Action, Context};
use crate::app::model::{Model, Screen};
use crate::app::palette;
use crate::words::Message;

/// Rows that one step of the wheel goes.
const WHEEL_ROWS: usize = 3;

pub fn pointed(model: &mut Model, target: Target) -> Vec<Effect> {
    model.notice = None;
    let context = model.context();
    match target {
        Target::Does(Action::Pay) => {
            let key = model.settings.keys.key(context, Action::Pay);
            let key = key.map(|key| key.label(model.settings.ascii)).unwrap_or_default();
            model.say(Message::new("mouse-never-pays").with("key", key));
            Vec::new()
        }
        // What was drawn may be a moment older than what is there now.
        Target::Does(action) if model.settings.keys.keys(context, action).next().is_none() => Vec::new(),
        Target::Does(action) => act(model, context, action),
        Target::Row(row) => on_row(model, context, row),
        Target::Place(_) => Vec::new(),
    }
}

/// A positive number of steps goes down.
pub fn wheeled(model: &mut Model, steps: i8) -> Vec<Effect> {
    let context = model.context();
    let action = if steps < 0 { Action::Up } else { Action::Down };
    if context == Context::Form || model.settings.keys.keys(context, action).next().is_none() {
        return Vec::new();
    }
    let rows = WHEEL_ROWS * usize::from(steps.unsigned_abs());
    (0..rows).flat_map(|_| act(model, context, action)).collect()
}

/// The first click selects a row, and one on the selected row goes on with it.
fn on_row(model: &mut Model, context: Context, row: usize) -> Vec<Effect> {
    let Some((cursor, rows)) = list(model, context) else { return Vec::new() };
    if row >= rows {
        return Vec::new();
    }
    if row == cursor {
        let goes_on = model.settings.keys.keys(context, Action::Next).next().is_some();
        return if goes_on { act(model, context, Action::Next) } else { Vec::new() };
    }
    let (action, steps) =
        if row < cursor { (Action::Up, cursor - row) } else { (Action::Down, row - cursor) };
    // A row that far away is not on the screen, and was clicked on an older one.
    if steps > usize::from(model.size.rows) {
        return Vec::new();
    }
    (0..steps).flat_map(|_| act(model, context, action)).collect()
}

/// Which row of the list here is selected, and how many there are.
fn list(model: &Model, context: Context) -> Option<(usize, usize)> {
    match (context, &model.screen) {
        (Context::Palette, _) => Some((model.palette.cursor, palette::found(model).len())),
        // The keys that would go to a product move among the filters while these are open.
        (Context::Help | Context::Leave | Context::Filters, _) => None,
        (_, Screen::Browse) => Some((model.browse.cursor as usize, model.browse.total.unwrap_or(0) as usize)),
        (_, Screen::Cart) => Some((model.cart.cursor, model.cart.goods.len())),
        (Context::Review, Screen::Checkout(checkout)) => Some((checkout.top, checkout.goods.len())),
        (Context::Cards, Screen::Checkout(checkout)) => Some((checkout.row, model.cards.len() + 1)),
        (_, Screen::Orders) => Some((model.orders.cursor, model.orders.shown.len())),
        (_, Screen::Order(detail)) => Some((detail.cursor, detail.lines())),
        (_, Screen::Checkout(_) | Screen::Product(_) | Screen::Outcome) => None,
    }
}
