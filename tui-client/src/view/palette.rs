//! The palette: the line that is typed, and what fits it.

use ratatui::text::{Line, Span};

use super::list::window;
use super::{field, look::Look, sheet::Sheet, text};
use crate::app::keymap::Context;
use crate::app::model::Model;
use crate::app::palette::{Command, Offer, found};

/// Columns for the key that does the same.
const KEY_COLUMNS: usize = 10;

pub fn draw(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let room = sheet.text_columns().saturating_sub(2);
    let (typed, at) = field::shown(&model.palette.typed, room);
    sheet.cursor(3 + at);
    let typed = match typed.is_empty() {
        true => Span::styled(text::cut(&look.say("palette-hint"), room), look.dim()),
        false => Span::styled(typed, look.strong()),
    };
    sheet.put(&Line::from(vec![Span::raw(" "), Span::styled("> ", look.accent()), typed]));
    sheet.gap();
    let offers = found(model);
    if offers.is_empty() {
        sheet.say(&look.say("palette-nothing"), look.dim());
    }
    let below = model.context_below();
    for at in window(model.palette.cursor, offers.len(), sheet.rows_left()) {
        let selected = at == model.palette.cursor;
        let style = if selected { look.selected() } else { look.plain() };
        let row = row(model, below, offers[at], selected, look, sheet.columns());
        sheet.row(at, &row, style);
    }
}

fn row(model: &Model, below: Context, offer: Offer, selected: bool, look: Look, columns: usize) -> String {
    let key = match offer.command {
        Command::Do(action) => model.settings.keys.keys(below, action).next(),
        Command::Shelves
        | Command::Search
        | Command::Theme(_)
        | Command::Language(_)
        | Command::Mouse(_)
        | Command::Ascii(_)
        | Command::Still(_) => None,
    };
    let key = key.map(|key| key.label(look.ascii)).unwrap_or_default();
    let sign = if selected { look.signs.chosen } else { " " };
    let name = text::left(&look.say(offer.text), columns.saturating_sub(KEY_COLUMNS + 5));
    format!(" {sign} {name} {} ", text::right(&key, KEY_COLUMNS))
}
