//! The palette: the line that is typed, and what fits it.

use ratatui::text::{Line, Span};

use super::list::window;
use super::{field, look::Look, sheet::Sheet, text};
use crate::app::model::Model;
use crate::app::palette::{Command, found};
use crate::app::{Key, TextField};

/// Columns for the key that does the same.
const KEY_COLUMNS: usize = 10;

/// Something that is offered: the id of what it is called, and the key that does the same.
pub type Row = (&'static str, Option<Key>);

pub fn draw(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let below = model.context_below();
    let key = |command: Command| match command {
        Command::Do(action) => model.settings.keys.keys(below, action).next(),
        Command::Shelves
        | Command::Search
        | Command::Theme(_)
        | Command::Language(_)
        | Command::Mouse(_)
        | Command::Ascii(_)
        | Command::Still(_) => None,
    };
    let rows: Vec<Row> = found(model).iter().map(|offer| (offer.text, key(offer.command))).collect();
    draw_offers(&model.palette.typed, &rows, model.palette.cursor, look, sheet);
}

/// The line that is typed in any program's palette, and what fits it.
pub fn draw_offers(typed: &TextField, rows: &[Row], cursor: usize, look: Look, sheet: &mut Sheet<'_>) {
    let room = sheet.text_columns().saturating_sub(2);
    let (shown, at) = field::shown(typed, room);
    sheet.cursor(3 + at);
    let shown = match shown.is_empty() {
        true => Span::styled(text::cut(&look.say("palette-hint"), room), look.dim()),
        false => Span::styled(shown, look.strong()),
    };
    sheet.put(&Line::from(vec![Span::raw(" "), Span::styled("> ", look.accent()), shown]));
    sheet.gap();
    if rows.is_empty() {
        sheet.say(&look.say("palette-nothing"), look.dim());
    }
    for at in window(cursor, rows.len(), sheet.rows_left()) {
        let ((id, key), selected) = (rows[at], at == cursor);
        let key = key.map(|key| key.label(look.ascii)).unwrap_or_default();
        let sign = if selected { look.signs.chosen } else { " " };
        let name = text::left(&look.say(id), sheet.columns().saturating_sub(KEY_COLUMNS + 5));
        let style = if selected { look.selected() } else { look.plain() };
        sheet.row(at, &format!(" {sign} {name} {} ", text::right(&key, KEY_COLUMNS)), style);
    }
}
