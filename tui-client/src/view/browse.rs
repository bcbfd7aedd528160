//! The shelves: tabs, the search and what else narrows the list, and a window of the products.

pub(crate) mod filters;
mod pane;
mod rows;

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{field, look::Look, sheet::Sheet, text};
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::app::update::PANE_FROM_COLUMNS;

/// Columns of the pane beside the list, with the gap before it.
const PANE_COLUMNS: u16 = 46;
/// From this width on a tab tells how many products it has.
const COUNTS_FROM_COLUMNS: usize = 72;
/// The fewest columns that a search is typed into.
const FIELD_COLUMNS: usize = 12;

pub fn draw(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    tabs(model, look, sheet);
    narrowed(model, look, sheet);
    if let Some(form) = &model.browse.filters {
        filters::draw(model, form, look, sheet);
    }
    let browse = &model.browse;
    let waiting = browse.asked.is_some() && browse.total.is_some();
    match (&browse.problem, browse.total) {
        (Some(why), _) if !browse.is_current() => {
            sheet.gap();
            sheet.wrap(&look.tell("browse-problem", &[("why", why.clone().into())]), look.careful());
            sheet.wrap(&ask_again(model, look), look.plain());
        }
        // What is here stays readable, and its age is told around it.
        (Some(why), _) => {
            let key = look.key(model, Action::Refresh).into();
            sheet.say(
                &look.tell("browse-incomplete", &[("key", key), ("why", why.clone().into())]),
                look.careful(),
            );
            list(model, look, sheet);
        }
        (None, None) => sheet.say(&look.say("browse-asking"), look.dim()),
        (None, Some(0)) if !waiting => nothing(model, look, sheet),
        (None, Some(_)) => list(model, look, sheet),
    }
}

fn ask_again(model: &Model, look: Look) -> String {
    look.tell("browse-ask-again", &[("key", look.key(model, Action::Refresh).into())])
}

fn nothing(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    sheet.gap();
    sheet.say(&look.say("browse-nothing"), look.plain());
    let wanted = &model.browse.wanted;
    if !wanted.query.is_empty() || model.browse.is_filtered() {
        let key = look.key(model, Action::Back);
        sheet.wrap(&look.tell("browse-nothing-advice", &[("key", key.into())]), look.dim());
    }
}

fn list(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let rest = sheet.rest();
    if sheet.columns() < usize::from(PANE_FROM_COLUMNS) {
        return rows::draw(model, look, sheet);
    }
    let left = Rect { width: rest.width - PANE_COLUMNS, ..rest };
    rows::draw(model, look, &mut sheet.part(left));
    if let Some(item) = model.browse.selected() {
        let right = Rect { x: left.right(), width: PANE_COLUMNS, ..rest };
        pane::draw(model, item, look, &mut sheet.part(right));
    }
}

// The tabs scroll so that the chosen one is always seen; it stands in brackets, too, because a
// reversed word alone is lost on some terminals.
fn tabs(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let categories = model.shop.as_ref().map_or(&[][..], |shop| shop.categories.as_slice());
    let counts = sheet.columns() >= COUNTS_FROM_COLUMNS;
    let name = |category: &kessai_shared::storefront::Category| {
        let name = text::cut(&category.name, sheet.columns() / 2);
        if counts { format!("{name} {}", look.number(category.products)) } else { name }
    };
    let names: Vec<String> =
        std::iter::once(look.say("browse-all")).chain(categories.iter().map(name)).collect();
    let (room, chosen) = (sheet.text_columns(), model.browse.tab.min(names.len() - 1));
    let size = |name: &String| text::width(name) + 3;
    let mut first = 0;
    while first < chosen && names[first..=chosen].iter().map(size).sum::<usize>() > room {
        first += 1;
    }
    let mut spans = vec![Span::raw(if first > 0 { look.signs.before } else { " " })];
    let mut used = 1;
    for (at, name) in names.iter().enumerate().skip(first) {
        if used + size(name) > room + 1 && at > first {
            spans.push(Span::raw(look.signs.after));
            break;
        }
        used += size(name);
        if at == chosen {
            spans.push(Span::styled(format!("[{name}]"), look.selected()));
        } else {
            spans.push(Span::raw(format!(" {name} ")));
        }
        spans.push(Span::raw(" "));
    }
    sheet.put(&Line::from(spans));
}

/// The search, what else is on, and how many products are left.
fn narrowed(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let browse = &model.browse;
    let mut found = match browse.total {
        // Of what is wanted nothing is known, and what was found before is not on the screen.
        Some(_) if browse.problem.is_some() && !browse.is_current() => String::new(),
        Some(total) => look.tell("count-products", &[("count", total.into())]),
        None => String::new(),
    };
    if browse.total.is_some() && browse.problem.is_none() && !browse.is_current() {
        found.push_str(look.signs.more);
    }
    let room = sheet.text_columns().saturating_sub(text::width(&found) + 2);
    let filters = filters::words(model, look).join(&format!(" {} ", look.signs.dot));
    let mut spans = vec![Span::raw(" ")];
    if let Some(typed) = &browse.search {
        let label = look.say("browse-search");
        let at = text::width(&label) + 1;
        let beside = room.saturating_sub(at + FIELD_COLUMNS).min(text::width(&filters) + 3);
        let beside = if beside < FIELD_COLUMNS { 0 } else { beside };
        let (line, cursor) = field::shown(typed, room.saturating_sub(at + beside));
        sheet.cursor(1 + at + cursor);
        let filters = text::cut(&filters, beside.saturating_sub(3));
        spans.push(Span::styled(format!("{label} "), look.dim()));
        spans.push(Span::styled(
            text::left(&line, room.saturating_sub(at + text::width(&filters))),
            look.strong(),
        ));
        spans.push(Span::styled(filters, look.plain()));
    } else {
        let (line, strong) = at_rest(model, &filters, room, look);
        let style = if strong { look.strong() } else { look.dim() };
        spans.push(Span::styled(text::left(&line, room), style));
    }
    spans.push(Span::raw(format!("  {found}")));
    sheet.put(&Line::from(spans));
    sheet.gap();
}

fn at_rest(model: &Model, filters: &str, room: usize, look: Look) -> (String, bool) {
    let query = &model.browse.wanted.query;
    match (query.is_empty(), filters.is_empty()) {
        (true, true) => {
            let keys = [("search", Action::Search), ("filter", Action::Filters), ("sort", Action::Sort)];
            let keys = keys.map(|(name, action)| (name, look.key(model, action).into()));
            let whole = look.tell("browse-hint", &keys);
            let fits = text::width(&whole) <= room;
            (if fits { whole } else { look.tell("browse-hint-short", &keys[..1]) }, false)
        }
        (true, false) => (filters.to_owned(), true),
        (false, true) => (format!("{} {query}", look.say("browse-search")), true),
        (false, false) => {
            (format!("{} {query} {} {filters}", look.say("browse-search"), look.signs.dot), true)
        }
    }
}
