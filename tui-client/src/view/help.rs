//! The keys of the screen below, and the question before leaving a payment.

use super::{sheet::Sheet, text, theme::Theme};
use crate::app::keymap::{self, Action, Context};
use crate::app::model::Model;

const LABEL_COLUMNS: usize = 10;

pub fn draw(context: Context, top: u16, theme: Theme, sheet: &mut Sheet<'_>) {
    let rows = rows(context);
    let shown = sheet.rows_left();
    let top = usize::from(top).min(rows.len().saturating_sub(shown));
    for (labels, help) in rows.iter().skip(top).take(shown) {
        sheet.say(&format!("{}  {help}", text::left(labels, LABEL_COLUMNS)), theme.plain());
    }
}

pub fn draw_leave(model: &Model, theme: Theme, sheet: &mut Sheet<'_>) {
    sheet.gap();
    sheet.wrap("A payment is under way.", theme.careful());
    sheet.gap();
    sheet.wrap(
        "Quitting is safe: the order id is kept on this machine, and the order can be looked up under it \
         later. It will not be paid twice.",
        theme.plain(),
    );
    sheet.gap();
    if let Some(order) = model.order_being_paid() {
        sheet.order_id(&order.to_string(), theme.plain());
    }
    sheet.wrap("Quit now? y quits, n stays.", theme.strong());
}

// Keys that do the same stand on one line.
fn rows(context: Context) -> Vec<(String, &'static str)> {
    let mut rows: Vec<(Action, String, &'static str)> = Vec::new();
    for binding in keymap::bindings(context) {
        match rows.iter_mut().find(|row| row.0 == binding.action) {
            Some(row) => row.1 = format!("{} {}", row.1, binding.label),
            None => rows.push((binding.action, binding.label.to_owned(), binding.help)),
        }
    }
    rows.into_iter().map(|(_, labels, help)| (labels, help)).collect()
}
