//! What the terminal looks like: a pure drawing of the model into a buffer of cells.

mod browse;
mod cart;
mod checkout;
mod frame;
mod help;
mod list;
mod order;
mod orders;
mod outcome;
mod product;
mod sheet;
pub(crate) mod text;
mod theme;
mod words;

pub use theme::Theme;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Model, Overlay, Screen};
use sheet::Sheet;

/// The smallest window in which anything can be shown that is worth showing.
pub const MIN_COLUMNS: u16 = 24;
pub const MIN_ROWS: u16 = 6;

/// Draws `model` into the whole of `buf`.
pub fn draw(model: &Model, theme: Theme, buf: &mut Buffer) {
    let area = buf.area;
    if area.width < MIN_COLUMNS || area.height < MIN_ROWS {
        let mut sheet = Sheet::new(buf, area);
        sheet.wrap("The window is too small.", theme.plain());
        return;
    }
    let body = frame::draw(model, theme, area, buf);
    draw_body(model, theme, body, buf);
}

fn draw_body(model: &Model, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut sheet = Sheet::new(buf, area);
    match model.overlay {
        Some(Overlay::Help { top }) => return help::draw(model.context_below(), top, theme, &mut sheet),
        Some(Overlay::Leave) => return help::draw_leave(model, theme, &mut sheet),
        None => {}
    }
    match &model.screen {
        Screen::Browse => browse::draw(model, theme, &mut sheet),
        Screen::Product(product) => product::draw(model, product, theme, &mut sheet),
        Screen::Cart => cart::draw(model, theme, &mut sheet),
        Screen::Checkout(checkout) => checkout::draw(model, checkout, theme, &mut sheet),
        Screen::Outcome => outcome::draw(model, theme, &mut sheet),
        Screen::Orders => orders::draw(model, theme, &mut sheet),
        Screen::Order(detail) => order::draw(detail, theme, &mut sheet),
    }
}
