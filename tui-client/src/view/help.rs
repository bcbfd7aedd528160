//! The keys of the screen below, and the question before leaving a payment.

use super::{look::Look, sheet::Sheet, text};
use crate::app::keymap::{Action, Binding};
use crate::app::model::Model;

/// Columns for keys: at least these, and more where the keys need it, up to a share of the width.
const LABEL_COLUMNS: usize = 8;
const LABEL_SHARE: usize = 3;
/// What works in so many places and more is told apart from what is special to this one.
const MANY_PLACES: usize = 6;

pub fn draw(model: &Model, top: u16, look: Look, sheet: &mut Sheet<'_>) {
    draw_keys(&rows(model, look), usize::from(top), look, sheet);
}

/// What the keys of any program do, from the row `top` on.
pub fn draw_keys(rows: &[Row], top: usize, look: Look, sheet: &mut Sheet<'_>) {
    let wanted =
        rows.iter().map(|row| row.keys.as_ref().map_or(0, |keys| text::width(keys))).max().unwrap_or(0);
    let labels = wanted.clamp(LABEL_COLUMNS, (sheet.columns() / LABEL_SHARE).max(LABEL_COLUMNS));
    let shown = sheet.rows_left();
    let top = top.min(rows.len().saturating_sub(shown));
    // The last row tells that there is more, as long as there is.
    let below = rows.len().saturating_sub(top + shown);
    let full = if below > 0 { shown.saturating_sub(1) } else { shown };
    for row in rows.iter().skip(top).take(full) {
        match &row.keys {
            Some(keys) => sheet.pair(&text::left(keys, labels), &row.text, look.accent(), look.plain()),
            None => sheet.say(&row.text, look.dim()),
        }
    }
    if below > 0 {
        let more = look.tell("keys-more", &[("count", (below + 1).into())]);
        sheet.say(&format!("{} {more}", look.signs.more), look.dim());
    }
}

pub fn draw_leave(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let keys =
        [("quit", look.key(model, Action::Confirm).into()), ("stay", look.key(model, Action::Back).into())];
    sheet.gap();
    sheet.wrap(&look.say("leave-under-way"), look.careful());
    sheet.gap();
    sheet.wrap(&look.say("leave-is-safe"), look.plain());
    sheet.gap();
    if let Some(order) = model.order_being_paid() {
        sheet.order_id(&order.to_string(), look.plain());
    }
    sheet.wrap(&look.tell("leave-question", &keys), look.strong());
}

/// A heading, or keys and what they do.
pub struct Row {
    pub keys: Option<String>,
    pub text: String,
}

// What is special to this screen comes first. Keys that do the same stand on one line.
fn rows(model: &Model, look: Look) -> Vec<Row> {
    let (keymap, context) = (&model.settings.keys, model.context_below());
    let (mut here, mut everywhere): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    let mut told: Vec<Action> = Vec::new();
    for binding in keymap.bindings(context) {
        if told.contains(&binding.action) {
            continue;
        }
        told.push(binding.action);
        let keys: Vec<String> =
            keymap.keys(context, binding.action).map(|key| key.label(look.ascii)).collect();
        let row = Row { keys: Some(keys.join(" ")), text: look.say(binding.help) };
        if is_everywhere(binding) { everywhere.push(row) } else { here.push(row) }
    }
    let heading = |id: &str| Row { keys: None, text: look.say(id) };
    let mut rows = vec![heading("keys-here")];
    rows.append(&mut here);
    rows.push(heading("keys-everywhere"));
    rows.append(&mut everywhere);
    rows
}

fn is_everywhere(binding: &Binding) -> bool {
    binding.contexts.len() >= MANY_PLACES
}
