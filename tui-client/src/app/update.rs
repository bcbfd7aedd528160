//! The one door through which anything changes.

mod addresses;
mod answers;
mod browse;
mod cancel;
mod cart;
mod checkout;
mod details;
mod filters;
mod form;
mod giveback;
mod kept;
mod mouse;
mod orders;
mod outcome;
mod palette;
mod pay;
mod product;
mod receipt;

pub use details::{PANE_FROM_COLUMNS, picture as shown_picture};
use kessai_shared::time::Timestamp;

use super::effect::Effect;
use super::event::{Event, Key};
use super::keymap::{Action, Context};
use super::model::{Link, Model, Overlay, Screen, Size};
use super::text_field::Edit;
use crate::words::Message;

/// Rows that a screen spends on what is not its list.
const ROWS_AROUND_LIST: u16 = 6;

/// What has to be done before anything has happened.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let mut effects = vec![greet(model), kept::ask(model), Effect::LoadReturns];
    effects.extend(browse::fill(model));
    effects
}

/// Lets `event` happen to `model` and returns what the world has to do about it.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    let mut effects = happened(model, event);
    effects.extend(details::fill(model));
    kept::keep_cart_with(model, &mut effects);
    effects
}

fn happened(model: &mut Model, event: Event) -> Vec<Effect> {
    match event {
        Event::Key(key) => pressed(model, key),
        Event::Paste(text) => pasted(model, &text),
        Event::Resize { columns, rows } => {
            model.size = Size { columns, rows };
            browse::fill(model)
        }
        Event::Point(target) => mouse::pointed(model, target),
        Event::Wheel(steps) => mouse::wheeled(model, steps),
        Event::Background(background) => {
            model.settings.background = Some(background);
            Vec::new()
        }
        Event::Tick(now) => ticked(model, now),
        Event::Broke => broke(model),
        Event::ShownBy(shown) => {
            model.hears_of(shown);
            Vec::new()
        }
        Event::Welcomed(seq, answer) => answers::welcomed(model, seq, answer),
        Event::PageLoaded(seq, answer) => {
            model.sees_page(seq, &answer);
            browse::loaded(model, seq, answer)
        }
        Event::ProductLoaded(seq, answer) => {
            details::product_loaded(model, seq, answer);
            Vec::new()
        }
        Event::PictureLoaded(seq, answer) => {
            details::picture_loaded(model, seq, answer);
            Vec::new()
        }
        Event::CheckoutOpened(seq, answer) => checkout::opened(model, seq, answer),
        Event::Quoted(seq, answer) => checkout::quoted(model, seq, answer),
        Event::Leg(seq, leg) => pay::came_to(model, seq, leg),
        Event::Paid(seq, answer) => pay::paid(model, seq, answer),
        Event::StockChecked(seq, answer) => cart::stock_checked(model, seq, answer),
        Event::Restored(seq, what) => kept::restored(model, seq, *what),
        Event::AddressesKept(seq, answer) => addresses::kept(model, seq, answer),
        Event::NotKept(why) => {
            model.warn(why);
            Vec::new()
        }
        Event::OrdersLoaded(seq, answer) => {
            model.sees_orders(seq, &answer);
            orders::loaded(model, seq, answer)
        }
        Event::OrderLoaded(seq, answer) => {
            model.sees_order(seq, &answer);
            answers::order_loaded(model, seq, answer)
        }
        Event::ReturnMinted(seq, answer) => giveback::minted(model, seq, answer),
        Event::ReturnsKept(answer) => giveback::kept(model, answer),
        Event::ReceiptLoaded(seq, answer) => receipt::loaded(model, seq, answer),
        Event::ReceiptSaved(seq, answer) => receipt::saved(model, seq, answer),
        Event::Cancelled(seq, answer) => cancel::answered(model, seq, answer),
        Event::Returned(seq, answer) => giveback::returned(model, seq, answer),
    }
}

fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    model.notice = None;
    let context = model.context();
    if let Some(action) = model.settings.keys.action(context, key) {
        return act(model, context, action);
    }
    if let Key::Char(c) = key {
        return typed(model, context, c.encode_utf8(&mut [0; 4]));
    }
    Edit::of(key).map_or_else(Vec::new, |edit| edited(model, context, edit))
}

fn act(model: &mut Model, context: Context, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => open(model, Overlay::Help { top: 0 }),
        Action::Palette => palette::open(model),
        Action::Quit if model.is_paying() => open(model, Overlay::Leave),
        Action::Quit => vec![Effect::Quit],
        Action::Cart => cart::show(model),
        Action::Orders => orders::show(model),
        Action::Up
        | Action::Down
        | Action::Left
        | Action::Right
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last
        | Action::Next
        | Action::Back
        | Action::Pay
        | Action::Add
        | Action::More
        | Action::Fewer
        | Action::Remove
        | Action::Undo
        | Action::Fit
        | Action::Addresses
        | Action::Edit
        | Action::Prefer
        | Action::Search
        | Action::Filters
        | Action::Sort
        | Action::TryAgain
        | Action::Return
        | Action::Everything
        | Action::Cancel
        | Action::Receipt
        | Action::Save
        | Action::Refresh
        | Action::Confirm => act_in(model, context, action),
    }
}

fn act_in(model: &mut Model, context: Context, action: Action) -> Vec<Effect> {
    match context {
        Context::Browse => browse::act(model, action),
        Context::Search => browse::act_in_search(model, action),
        Context::Filters => filters::act(model, action),
        Context::Product => product::act(model, action),
        Context::Cart => cart::act(model, action),
        Context::Review => checkout::act_in_review(model, action),
        Context::Addresses => addresses::act(model, action),
        Context::AddressForm => addresses::act_in_form(model, action),
        Context::Cards => checkout::act_in_cards(model, action),
        Context::Form => form::act(model, action),
        Context::Confirm => pay::act(model, action),
        Context::Paying => Vec::new(),
        Context::Outcome => outcome::act(model, action),
        Context::Orders => orders::act(model, action),
        Context::Order => orders::act_on_order(model, action),
        Context::Return => giveback::act(model, action),
        Context::OrdersSearch => orders::act_in_search(model, action),
        Context::Receipt => receipt::act(model, action),
        Context::SaveReceipt => receipt::act_on_path(model, action),
        Context::Help => act_in_help(model, action),
        Context::Palette => palette::act(model, action),
        Context::Leave => act_in_leave(model, action),
    }
}

fn typed(model: &mut Model, context: Context, text: &str) -> Vec<Effect> {
    match context {
        Context::Search => return browse::typed(model, text),
        Context::OrdersSearch => return orders::typed(model, text),
        Context::SaveReceipt => receipt::typed(model, text),
        Context::Filters => return filters::typed(model, text),
        Context::Palette => return palette::typed(model, text),
        Context::Form => form::typed(model, text),
        Context::AddressForm => addresses::typed(model, text),
        Context::Product => product::typed(model, text),
        Context::Cart => cart::typed(model, text),
        Context::Browse
        | Context::Review
        | Context::Addresses
        | Context::Cards
        | Context::Confirm
        | Context::Paying
        | Context::Outcome
        | Context::Orders
        | Context::Order
        | Context::Return
        | Context::Receipt
        | Context::Help
        | Context::Leave => {}
    }
    Vec::new()
}

fn edited(model: &mut Model, context: Context, edit: Edit) -> Vec<Effect> {
    match context {
        Context::AddressForm => addresses::edited(model, edit),
        Context::Search => return browse::edited(model, edit),
        Context::OrdersSearch => return orders::edited(model, edit),
        Context::SaveReceipt => receipt::edited(model, edit),
        Context::Filters => return filters::edited(model, edit),
        Context::Palette => return palette::edited(model, edit),
        Context::Form if edit == Edit::Backspace => form::erased(model),
        Context::Product if edit == Edit::Backspace => product::erased(model),
        Context::Cart if edit == Edit::Backspace => cart::erased(model),
        Context::Form
        | Context::Product
        | Context::Cart
        | Context::Browse
        | Context::Review
        | Context::Addresses
        | Context::Cards
        | Context::Confirm
        | Context::Paying
        | Context::Outcome
        | Context::Orders
        | Context::Order
        | Context::Return
        | Context::Receipt
        | Context::Help
        | Context::Leave => {}
    }
    Vec::new()
}

// A paste fills text fields and does nothing else: pasted text must never act as keys.
fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    let context = model.context();
    if context.takes_text() {
        return typed(model, context, text);
    }
    Vec::new()
}

fn ticked(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    model.now = model.now.max(now);
    let mut effects = outcome::poll(model);
    effects.extend(orders::watch(model));
    let retry = matches!(model.link, Link::Down { retry_at } if model.now >= retry_at);
    let stale = model.standby.is_some_and(|standby| model.now >= standby.ask_again_at);
    if (retry || stale) && model.greeting.is_none() {
        effects.push(greet(model));
    }
    effects
}

// Of a payment nothing is said here: it counts as unknown, and is looked up under its own order id.
fn broke(model: &mut Model) -> Vec<Effect> {
    model.warn(Message::new("broke"));
    Vec::new()
}

fn act_in_help(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::Confirm {
        return quit_or_ask(model);
    }
    let Some(Overlay::Help { top }) = model.overlay else { return Vec::new() };
    let rows = model.settings.keys.bindings(model.context_below()).count();
    let to = moved(action, usize::from(top), rows, page_step(model));
    // The view stops the list at its last row; here it only must not run away.
    model.overlay = to.map(|top| Overlay::Help { top: top.try_into().unwrap_or(u16::MAX) });
    Vec::new()
}

fn act_in_leave(model: &mut Model, action: Action) -> Vec<Effect> {
    model.overlay = None;
    if action == Action::Confirm { vec![Effect::Quit] } else { Vec::new() }
}

fn quit_or_ask(model: &mut Model) -> Vec<Effect> {
    if model.is_paying() { open(model, Overlay::Leave) } else { vec![Effect::Quit] }
}

fn open(model: &mut Model, overlay: Overlay) -> Vec<Effect> {
    model.overlay = Some(overlay);
    Vec::new()
}

fn go(model: &mut Model, screen: Screen) -> Vec<Effect> {
    model.screen = screen;
    Vec::new()
}

fn greet(model: &mut Model) -> Effect {
    let seq = model.counter.ask();
    model.greeting = Some(seq);
    Effect::Greet { seq }
}

/// How far one press of PgUp or PgDn goes.
fn page_step(model: &Model) -> usize {
    usize::from(model.size.rows.saturating_sub(ROWS_AROUND_LIST).max(1))
}

/// Where a cursor in a list of `len` rows goes, or `None` when the action does not move it.
fn moved(action: Action, cursor: usize, len: usize, page: usize) -> Option<usize> {
    let last = len.saturating_sub(1);
    let to = match action {
        Action::Up => cursor.saturating_sub(1),
        Action::Down => cursor.saturating_add(1),
        Action::PageUp => cursor.saturating_sub(page),
        Action::PageDown => cursor.saturating_add(page),
        Action::First => 0,
        Action::Last => last,
        Action::Left
        | Action::Right
        | Action::Next
        | Action::Back
        | Action::Pay
        | Action::Add
        | Action::More
        | Action::Fewer
        | Action::Remove
        | Action::Undo
        | Action::Fit
        | Action::Addresses
        | Action::Edit
        | Action::Prefer
        | Action::Search
        | Action::Filters
        | Action::Sort
        | Action::TryAgain
        | Action::Return
        | Action::Everything
        | Action::Cancel
        | Action::Receipt
        | Action::Save
        | Action::Refresh
        | Action::Cart
        | Action::Orders
        | Action::Help
        | Action::Palette
        | Action::Quit
        | Action::Confirm => return None,
    };
    Some(to.min(last))
}
