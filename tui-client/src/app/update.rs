//! The one door through which anything changes.

mod answers;
mod browse;
mod cancel;
mod cart;
mod checkout;
mod form;
mod giveback;
mod orders;
mod outcome;
mod pay;

use kessai_shared::time::Timestamp;

use super::effect::Effect;
use super::event::{Event, Key};
use super::keymap::{self, Action, Context};
use super::model::{Link, Model, Overlay, Screen, Size};

/// Rows that a screen spends on what is not its list.
const ROWS_AROUND_LIST: u16 = 6;

/// What has to be done before anything has happened.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let mut effects = vec![greet(model)];
    effects.extend(browse::fill(model));
    effects
}

/// Lets `event` happen to `model` and returns what the world has to do about it.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    match event {
        Event::Key(key) => pressed(model, key),
        Event::Paste(text) => pasted(model, &text),
        Event::Resize { columns, rows } => {
            model.size = Size { columns, rows };
            browse::fill(model)
        }
        Event::Tick(now) => ticked(model, now),
        Event::Welcomed(seq, answer) => answers::welcomed(model, seq, answer),
        Event::PageLoaded(seq, answer) => browse::loaded(model, seq, answer),
        Event::CheckoutOpened(seq, answer) => checkout::opened(model, seq, answer),
        Event::Quoted(seq, answer) => checkout::quoted(model, seq, answer),
        Event::Paid(seq, answer) => pay::paid(model, seq, answer),
        Event::OrdersLoaded(seq, answer) => orders::loaded(model, seq, answer),
        Event::OrderLoaded(seq, answer) => answers::order_loaded(model, seq, answer),
        Event::ReturnMinted(seq, id) => giveback::minted(model, seq, id),
        Event::Cancelled(seq, answer) => cancel::answered(model, seq, answer),
        Event::Returned(seq, answer) => giveback::returned(model, seq, answer),
    }
}

fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    model.notice = None;
    let context = model.context();
    if let Some(action) = keymap::action(context, key) {
        return act(model, context, action);
    }
    if let Key::Char(c) = key {
        typed(model, context, c.encode_utf8(&mut [0; 4]));
    } else if key == Key::Backspace {
        erased(model, context);
    }
    Vec::new()
}

fn act(model: &mut Model, context: Context, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => open(model, Overlay::Help { top: 0 }),
        Action::Quit if model.is_paying() => open(model, Overlay::Leave),
        Action::Quit => vec![Effect::Quit],
        Action::Cart => go(model, Screen::Cart),
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
        | Action::Search
        | Action::TryAgain
        | Action::Return
        | Action::Everything
        | Action::Cancel
        | Action::Refresh
        | Action::Confirm => act_in(model, context, action),
    }
}

fn act_in(model: &mut Model, context: Context, action: Action) -> Vec<Effect> {
    match context {
        Context::Browse => browse::act(model, action),
        Context::Search => browse::act_in_search(model, action),
        Context::Product => cart::act_on_product(model, action),
        Context::Cart => cart::act(model, action),
        Context::Review => checkout::act_in_review(model, action),
        Context::Cards => checkout::act_in_cards(model, action),
        Context::Form => form::act(model, action),
        Context::Confirm => pay::act(model, action),
        Context::Paying => Vec::new(),
        Context::Outcome => outcome::act(model, action),
        Context::Orders => orders::act(model, action),
        Context::Order => orders::act_on_order(model, action),
        Context::Return => giveback::act(model, action),
        Context::Help => act_in_help(model, action),
        Context::Leave => act_in_leave(model, action),
    }
}

fn typed(model: &mut Model, context: Context, text: &str) {
    match context {
        Context::Search => browse::typed(model, text),
        Context::Form => form::typed(model, text),
        Context::Product | Context::Cart => cart::typed(model, text),
        Context::Browse
        | Context::Review
        | Context::Cards
        | Context::Confirm
        | Context::Paying
        | Context::Outcome
        | Context::Orders
        | Context::Order
        | Context::Return
        | Context::Help
        | Context::Leave => {}
    }
}

fn erased(model: &mut Model, context: Context) {
    match context {
        Context::Search => browse::erased(model),
        Context::Form => form::erased(model),
        Context::Product | Context::Cart => cart::erased(model),
        Context::Browse
        | Context::Review
        | Context::Cards
        | Context::Confirm
        | Context::Paying
        | Context::Outcome
        | Context::Orders
        | Context::Order
        | Context::Return
        | Context::Help
        | Context::Leave => {}
    }
}

// A paste fills text fields and does nothing else: pasted text must never act as keys.
fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    let context = model.context();
    if context.takes_text() {
        typed(model, context, text);
    }
    Vec::new()
}

fn ticked(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    model.now = model.now.max(now);
    let mut effects = outcome::poll(model);
    let retry = matches!(model.link, Link::Down { retry_at } if model.now >= retry_at);
    if retry && model.greeting.is_none() {
        effects.push(greet(model));
    }
    effects
}

fn act_in_help(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::Confirm {
        return quit_or_ask(model);
    }
    let Some(Overlay::Help { top }) = model.overlay else { return Vec::new() };
    let rows = keymap::bindings(model.context_below()).count();
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
        | Action::Search
        | Action::TryAgain
        | Action::Return
        | Action::Everything
        | Action::Cancel
        | Action::Refresh
        | Action::Cart
        | Action::Orders
        | Action::Help
        | Action::Quit
        | Action::Confirm => return None,
    };
    Some(to.min(last))
}
