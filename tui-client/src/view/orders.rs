//! The list of orders, newest first: which are looked at, and a window of them.

use kessai_shared::storefront::OrderView;
use ratatui::text::{Line, Span};

use super::list::{Column, column, money_columns, row, window};
use super::{dates, field, look::Look, sheet::Sheet, states, tabs, text};
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::app::model::standing::{Group, Standing};
use crate::words::Lang;

/// From this width on a row has its total; below, the line under the list has it.
const TOTAL_FROM: usize = 60;
/// From this width on the day has its year, and the state room for its longest word.
const WIDE: usize = 72;

pub fn draw(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    groups(model, look, sheet);
    search(model, look, sheet);
    let orders = &model.orders;
    if let Some(why) = &orders.problem {
        let why = look.message(why);
        sheet.wrap(&look.tell("orders-cannot-be-listed", &[("why", why.into())]), look.careful());
        let again = look.key(model, Action::Refresh);
        sheet.wrap(&look.tell("orders-ask-again", &[("key", again.into())]), look.plain());
    }
    if orders.shown.is_empty() {
        match (orders.asked, &orders.problem) {
            (Some(_), _) => sheet.say(&look.say("orders-asking"), look.dim()),
            (None, None) if orders.list.is_empty() => sheet.say(&look.say("orders-none"), look.plain()),
            (None, None) => sheet.say(&look.say("orders-none-match"), look.plain()),
            (None, Some(_)) => {}
        }
        return;
    }
    rows(model, look, sheet);
    foot(model, look, sheet);
}

fn groups(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let name = |group: &Group| {
        look.say(match group {
            Group::All => "orders-all",
            Group::Open => "orders-open",
            Group::Shipped => "orders-shipped",
            Group::Returned => "orders-returned",
            Group::Cancelled => "orders-cancelled",
        })
    };
    let names: Vec<String> = Group::ALL.iter().map(name).collect();
    let chosen = Group::ALL.iter().position(|group| *group == model.orders.filter.group).unwrap_or(0);
    tabs::draw(&names, chosen, look, sheet);
}

fn search(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let filter = &model.orders.filter;
    let found = told(model, look);
    let room = sheet.text_columns().saturating_sub(text::width(&found) + 2);
    let line = |shown: String| look.tell("orders-search", &[("text", shown.into())]);
    let label = text::width(&line(String::new()));
    let (line, style) = if filter.typing {
        let (shown, at) = field::shown(&filter.text, room.saturating_sub(label));
        sheet.cursor(1 + label + at);
        (line(shown), look.strong())
    } else if filter.text.is_empty() {
        let key = look.key(model, Action::Search);
        (look.tell("orders-search-hint", &[("key", key.into())]), look.dim())
    } else {
        (line(filter.text.text().to_owned()), look.plain())
    };
    let spans =
        vec![Span::raw(" "), Span::styled(text::left(&line, room), style), Span::raw(format!("  {found}"))];
    sheet.put(&Line::from(spans));
    sheet.gap();
}

// How many there are. How old that is stands below the screen.
fn told(model: &Model, look: Look) -> String {
    let orders = &model.orders;
    if orders.loaded_at.is_none() {
        return String::new();
    }
    let count = look.tell("orders-count", &[("count", orders.shown.len().into())]);
    if orders.complete { count } else { format!("{count}{}", look.signs.more) }
}

fn rows(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let (orders, width) = (&model.orders, sheet.columns());
    let head = named(width, look, &look.say("orders-day"), &look.say("orders-what"));
    let cells = columns(width, look.say("orders-state"), look.say("orders-total"));
    sheet.put(&Line::styled(row(width, false, &head, &cells), look.dim()));
    for at in window(orders.cursor, orders.shown.len(), sheet.rows_left().saturating_sub(1)) {
        let selected = at == orders.cursor;
        let Some((view, _)) = orders.shown.get(at).and_then(|place| orders.list.get(*place)) else {
            continue;
        };
        let style = if selected { look.selected() } else { look.plain() };
        sheet.row(at, &order_row(width, selected, view, look), style);
    }
}

fn order_row(width: usize, selected: bool, view: &OrderView, look: Look) -> String {
    let quote = &view.quote.quote;
    let day =
        if width < WIDE { dates::short_day(look, view.placed_at) } else { dates::day(look, view.placed_at) };
    let state = look.say(states::standing(Standing::of(view)));
    let cells = columns(width, state, quote.total.show(quote.currency));
    let taken: usize = cells.iter().map(|column| column.columns + 2).sum();
    let room = width.saturating_sub(taken + 4 + day_columns(width, look) + 2);
    row(width, selected, &named(width, look, &day, &what(view, look, room)), &cells)
}

// The first product, and how many more: the number stays whatever has to be cut.
fn what(view: &OrderView, look: Look, room: usize) -> String {
    let sku = view.quote.quote.lines.first().map_or("", |line| line.sku.as_str());
    let first = view.names.first().map_or(sku, String::as_str);
    let more = view.quote.quote.lines.len().saturating_sub(1);
    if more == 0 {
        return first.to_owned();
    }
    let with =
        |first: String| look.tell("orders-what-and-more", &[("first", first.into()), ("more", more.into())]);
    let bare = text::width(&with(String::new()));
    with(text::cut(first, room.saturating_sub(bare)))
}

fn named(width: usize, look: Look, day: &str, what: &str) -> String {
    format!("{}  {what}", text::left(day, day_columns(width, look)))
}

fn day_columns(width: usize, look: Look) -> usize {
    match (width < WIDE, look.lang()) {
        (true, _) => 6,
        (false, Lang::English) => 11,
        (false, Lang::Japanese) => 14,
    }
}

fn columns(width: usize, state: String, total: String) -> Vec<Column> {
    let mut columns = vec![column(if width < WIDE { 11 } else { 13 }, state)];
    if width >= TOTAL_FROM {
        columns.push(column(money_columns(width), total));
    }
    columns
}

// What is chosen, as far as its row has no room for it; and a return of it that nobody answered.
fn foot(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let Some((view, _)) = model.orders.selected() else { return };
    let quote = &view.quote.quote;
    if model.kept_returns.iter().any(|kept| kept.order == quote.order) {
        let key = look.key(model, Action::Next);
        return sheet.say(&look.tell("orders-unanswered", &[("key", key.into())]), look.careful());
    }
    if model.orders.asked.is_some() && !model.orders.anew {
        return sheet.say(&look.say("orders-asking-older"), look.dim());
    }
    let pieces: u64 = quote.lines.iter().map(|line| u64::from(line.quantity)).sum();
    let pieces = look.tell("count-pieces", &[("count", pieces.into())]);
    let (dot, total) = (look.signs.dot, quote.total.show(quote.currency));
    let whole = format!("{total} {dot} {pieces} {dot} {}", quote.order);
    let line =
        if text::width(&whole) <= sheet.text_columns() { whole } else { format!("{total} {dot} {pieces}") };
    sheet.say(&line, look.dim());
}
