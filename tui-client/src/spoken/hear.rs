//! What a line that was typed means where the shopper is.
//!
//! A line becomes steps, and each step becomes one event only when the steps before it have happened: a key
//! of the keymap, or text for a field. So a line can do nothing that keys could not.

use kessai_shared::card::NUMBER_DIGITS;
use zeroize::Zeroizing;

use super::teller::window;
use super::vocabulary;
use crate::app::keymap::{Action, Context};
use crate::app::model::{FilterRow, Model, Screen, Step as CheckoutStep};
use crate::app::{Event, Key};
use crate::words::{Lang, Message, Words};

/// What begins a word where a line is text: `:back` leaves a form, and `back` is what somebody may be called.
const MARK: [char; 2] = [':', '：'];

/// What was understood.
pub enum Heard {
    /// To be done one after another, each as [`event`] says.
    Steps(Vec<Step>),
    /// To be told everything once more.
    Again,
    /// Nothing happens; this is why.
    No(Message),
}

/// One thing to do. It derives no Debug: a text may be a card number.
pub enum Step {
    Do(Action),
    Press(Key),
    /// Empties the field that is open.
    Clear,
    Text(Zeroizing<String>),
}

/// The hint of a field that may stay empty.
const OPTIONAL: &str = "address-optional-hint";
/// Longest text a field can hold, in characters, so that clearing one always comes to an end.
const MOST_CLEARED: usize = 512;

/// What `line` means to `model`.
pub fn hear(model: &Model, line: &str) -> Heard {
    let context = model.context();
    let line = line.trim();
    let marked = line.strip_prefix(MARK).map(str::trim);
    // A field that may stay empty is left by a line that is.
    if line.is_empty() && may_stay_empty(model, context) {
        return Heard::Steps(vec![Step::Do(finishing(context))]);
    }
    if line.is_empty() || marked.is_some_and(str::is_empty) {
        return Heard::Again;
    }
    if context.takes_text() && marked.is_none() {
        return Heard::Steps(vec![Step::Clear, text(line), Step::Do(finishing(context))]);
    }
    let said = marked.unwrap_or(line);
    if means(said, "plain-word-repeat") {
        return Heard::Again;
    }
    if let Some(heard) = price(model, said) {
        return heard;
    }
    if let Some(number) = number(said) {
        return chosen(model, context, number);
    }
    if let Some(action) = vocabulary::action(model, context, said) {
        return Heard::Steps(vec![Step::Do(action)]);
    }
    if let Some(heard) = with_more(model, context, said) {
        return heard;
    }
    match key(said).map(|key| (key, model.settings.keys.action(context, key))) {
        // Money is spent by a word that nobody types by accident, not by a letter.
        Some((_, Some(Action::Pay))) => Heard::No(Message::new("plain-pay-in-full")),
        Some((key, Some(_))) => Heard::Steps(vec![Step::Press(key)]),
        // What may be the number of a card is not said again.
        Some((_, None)) | None if super::is_secret(model) || may_be_a_number(said) => {
            Heard::No(Message::new("plain-not-understood-here"))
        }
        Some((_, None)) | None => {
            Heard::No(Message::new("plain-not-understood").with("line", super::one_line(said)))
        }
    }
}

/// Whether there are as many digits in it as in the shortest number of a card.
fn may_be_a_number(said: &str) -> bool {
    said.chars().filter(|c| c.is_numeric()).count() >= *NUMBER_DIGITS.start()
}

/// The next event of a step, as long as it has one: `done` is how many it has had already.
pub fn event(model: &Model, step: &Step, done: usize) -> Option<Event> {
    match step {
        Step::Do(action) => (done == 0).then(|| key_for(model, *action)).flatten().map(Event::Key),
        Step::Press(key) => (done == 0).then_some(Event::Key(*key)),
        Step::Clear => (done < MOST_CLEARED && is_filled(model)).then_some(Event::Key(Key::Backspace)),
        Step::Text(text) => (done == 0).then(|| Event::Paste(text.clone())),
    }
}

fn key_for(model: &Model, action: Action) -> Option<Key> {
    model.settings.keys.keys(model.context(), action).next()
}

/// Whether the field that is open has anything in it.
fn is_filled(model: &Model) -> bool {
    if model.context() == Context::Palette {
        return !model.palette.typed.is_empty();
    }
    match &model.screen {
        Screen::Checkout(checkout) if checkout.step == CheckoutStep::AddressForm => {
            let form = &checkout.delivery.form;
            !form.text(form.field).is_empty()
        }
        Screen::Checkout(checkout) => !checkout.form.shown(checkout.form.field).is_empty(),
        Screen::Browse => match (&model.browse.search, &model.browse.filters) {
            (Some(typed), _) => !typed.is_empty(),
            (None, Some(form)) => match form.row {
                FilterRow::Least => !form.least.is_empty(),
                FilterRow::Most => !form.most.is_empty(),
                FilterRow::InStock | FilterRow::Sort => false,
            },
            (None, None) => false,
        },
        Screen::Orders => !model.orders.filter.text.is_empty(),
        Screen::Order(detail) => {
            let saving = detail.paper.as_ref().and_then(|paper| paper.saving.as_ref());
            saving.is_some_and(|saving| !saving.path.is_empty())
        }
        Screen::Product(_) | Screen::Cart | Screen::Outcome => false,
    }
}

fn may_stay_empty(model: &Model, context: Context) -> bool {
    let Screen::Checkout(checkout) = &model.screen else { return false };
    let form = &checkout.delivery.form;
    context == Context::AddressForm && (form.field.hint() == OPTIONAL || !form.text(form.field).is_empty())
}

/// What ends a field once its text is in it.
fn finishing(context: Context) -> Action {
    match context {
        // The shop was asked with each letter; going on would open the first that it finds.
        Context::Search => Action::Back,
        Context::SaveReceipt => Action::Save,
        Context::Filters
        | Context::OrdersSearch
        | Context::Receipt
        | Context::Form
        | Context::Addresses
        | Context::AddressForm
        | Context::Browse
        | Context::Product
        | Context::Cart
        | Context::Review
        | Context::Cards
        | Context::Confirm
        | Context::Paying
        | Context::Outcome
        | Context::Orders
        | Context::Order
        | Context::Return
        | Context::Help
        | Context::Palette
        | Context::Leave => Action::Next,
    }
}

fn text(line: &str) -> Step {
    Step::Text(Zeroizing::new(line.to_owned()))
}

/// A word with something behind it: what to search for, or how many.
fn with_more(model: &Model, context: Context, said: &str) -> Option<Heard> {
    let (word, rest) = said.split_once([' ', '\u{3000}'])?;
    let rest = rest.trim();
    if vocabulary::action(model, context, word) == Some(Action::Search) {
        let field = if context == Context::Orders { Context::OrdersSearch } else { Context::Search };
        let steps = vec![Step::Do(Action::Search), Step::Clear, text(rest), Step::Do(finishing(field))];
        return Some(Heard::Steps(steps));
    }
    let counts = matches!(context, Context::Product | Context::Cart);
    let count = number(rest).filter(|_| counts && means(word, "plain-word-quantity"))?;
    Some(quantity(count))
}

/// What a number alone means: a row of the list as it was told, or how many of a product.
fn chosen(model: &Model, context: Context, number: usize) -> Heard {
    if context == Context::Product {
        return quantity(number);
    }
    let list = if vocabulary::chooses_rows(context) { list(model) } else { None };
    let Some((cursor, total)) = list else {
        return Heard::No(Message::new("plain-no-number-here"));
    };
    let told = window(cursor, total);
    let Some(to) = number.checked_sub(1).filter(|to| told.contains(to)) else {
        let (from, last) = (told.start + 1, told.end);
        return Heard::No(Message::new("plain-no-such-row").with("from", from).with("last", last));
    };
    let way = if to > cursor { Action::Down } else { Action::Up };
    let mut steps: Vec<Step> = (0..to.abs_diff(cursor)).map(|_| Step::Do(way)).collect();
    match context {
        // What is opened by its row costs nothing and can be left again.
        Context::Browse | Context::Orders | Context::Cards | Context::Addresses => {
            steps.push(Step::Do(Action::Next))
        }
        Context::Cart | Context::Filters | Context::Order | Context::Return => {}
        Context::Search
        | Context::OrdersSearch
        | Context::Receipt
        | Context::SaveReceipt
        | Context::Product
        | Context::Review
        | Context::AddressForm
        | Context::Form
        | Context::Confirm
        | Context::Paying
        | Context::Outcome
        | Context::Help
        | Context::Palette
        | Context::Leave => return Heard::No(Message::new("plain-no-number-here")),
    }
    Heard::Steps(steps)
}

/// A price for the field that is open among the filters.
fn price(model: &Model, said: &str) -> Option<Heard> {
    let form = model.browse.filters.as_ref().filter(|_| model.context() == Context::Filters)?;
    let is_open = matches!(form.row, FilterRow::Least | FilterRow::Most);
    let is_price = said.chars().all(|c| c.is_ascii_digit() || c == '.');
    (is_open && is_price).then(|| {
        let typed = said.chars().map(|c| Step::Press(Key::Char(c)));
        Heard::Steps([Step::Clear].into_iter().chain(typed).collect())
    })
}

/// The cursor of the list that is told, and how many rows there are.
fn list(model: &Model) -> Option<(usize, usize)> {
    let (cursor, total) = match &model.screen {
        Screen::Browse => match &model.browse.filters {
            Some(form) => {
                let here = FilterRow::ALL.iter().position(|row| *row == form.row)?;
                (here, FilterRow::ALL.len())
            }
            None => (model.browse.cursor as usize, model.browse.total? as usize),
        },
        Screen::Cart => (model.cart.cursor, model.cart.goods.len()),
        Screen::Checkout(checkout) if checkout.step == CheckoutStep::Addresses => {
            (checkout.delivery.row, model.addresses.entries().len() + 1)
        }
        Screen::Checkout(checkout) => (checkout.row, model.cards.len() + 1),
        Screen::Orders => (model.orders.cursor, model.orders.shown.len()),
        Screen::Order(detail) => (detail.cursor, detail.lines()),
        Screen::Product(_) | Screen::Outcome => return None,
    };
    (total > 0).then_some((cursor, total))
}

// A digit continues the number before it, unless a key came between: so one more and one fewer first.
fn quantity(count: usize) -> Heard {
    let digits = count.to_string();
    let typed = digits.chars().map(|digit| Step::Press(Key::Char(digit)));
    Heard::Steps([Step::Do(Action::More), Step::Do(Action::Fewer)].into_iter().chain(typed).collect())
}

/// Whether this is the word with this id, in any language.
fn means(said: &str, id: &str) -> bool {
    let said = said.to_lowercase();
    Lang::ALL.iter().any(|lang| Words::of(*lang).tell(id, &[]).to_lowercase() == said)
}

/// A whole number, in the digits of either width.
fn number(said: &str) -> Option<usize> {
    let digit = |c: char| match c {
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32),
        other => Some(other).filter(char::is_ascii_digit),
    };
    said.chars().map(digit).collect::<Option<String>>()?.parse().ok()
}

/// A key by its name, as the configuration file writes it.
fn key(said: &str) -> Option<Key> {
    said.parse().ok()
}
