//! What lies over a screen: its keys, the palette, and the question before something is changed.

use ratatui::text::{Line, Span};

use crate::dashboard::confirm::Confirm;
use crate::dashboard::keymap::{self, Action, Context};
use crate::dashboard::model::Model;
use crate::dashboard::palette::{Wish, found};
use crate::view::list::window;
use crate::view::sheet::Sheet;
use crate::view::{Look, field, text};

/// Columns for keys.
const KEY_COLUMNS: usize = 14;

/// The keys of the screen below.
pub fn draw(model: &Model, top: usize, look: Look, sheet: &mut Sheet<'_>) {
    let rows: Vec<_> =
        keymap::offered(model.context_below(), model.readonly).map(|(_, binding)| binding).collect();
    let shown = sheet.rows_left();
    let top = top.min(rows.len().saturating_sub(shown));
    // The last row tells that there is more, as long as there is.
    let below = rows.len().saturating_sub(top + shown);
    let full = if below > 0 { shown.saturating_sub(1) } else { shown };
    for binding in rows.iter().skip(top).take(full) {
        let keys: Vec<String> = binding.keys.iter().map(|key| key.label(look.ascii)).collect();
        let keys = text::left(&keys.join(" "), KEY_COLUMNS);
        sheet.pair(&keys, &look.say(binding.help), look.accent(), look.plain());
    }
    if below > 0 {
        let more = look.tell("keys-more", &[("count", (below + 1).into())]);
        sheet.say(&format!("{} {more}", look.signs.more), look.dim());
    }
}

pub fn draw_palette(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let room = sheet.text_columns().saturating_sub(2);
    let (typed, at) = field::shown(&model.palette.field, room);
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
    for at in window(model.palette.cursor, offers.len(), sheet.rows_left()) {
        let selected = at == model.palette.cursor;
        let key = match offers[at].wish {
            Wish::Do(action) => keymap::key(model.context_below(), action),
            Wish::Set(_) => None,
        };
        let key = key.map(|key| key.label(look.ascii)).unwrap_or_default();
        let sign = if selected { look.signs.chosen } else { " " };
        let name = text::left(&look.say(offers[at].text), sheet.columns().saturating_sub(15));
        let style = if selected { look.selected() } else { look.plain() };
        sheet.row(at, &format!(" {sign} {name} {} ", text::right(&key, 10)), style);
    }
}

/// What would be done, and how to answer.
pub fn draw_confirm(confirm: &Confirm, look: Look, sheet: &mut Sheet<'_>) {
    sheet.gap();
    sheet.wrap(&look.message(&confirm.question), look.careful());
    sheet.gap();
    confirm.lines.iter().for_each(|line| sheet.wrap(&look.message(line), look.plain()));
    sheet.gap();
    let key = |action| {
        let key = keymap::key(Context::Confirm, action);
        key.map(|key| key.label(look.ascii)).unwrap_or_default()
    };
    let (yes, no) = (key(Action::Confirm), key(Action::Back));
    sheet.wrap(&look.tell("dash-confirm-keys", &[("yes", yes.into()), ("no", no.into())]), look.strong());
}
