//! What the terminal looks like: a pure drawing of the model into a buffer of cells.

pub(crate) mod ascii;
pub(crate) mod browse;
mod cart;
pub(crate) mod checkout;
pub(crate) mod dates;
mod drawn;
pub(crate) mod field;
pub mod frame;
pub(crate) mod help;
pub(crate) mod list;
mod look;
mod marks;
pub(crate) mod order;
mod orders;
pub(crate) mod outcome;
pub(crate) mod palette;
mod picture;
pub(crate) mod product;
pub(crate) mod receipt;
pub mod sheet;
pub(crate) mod states;
pub(crate) mod tabs;
pub(crate) mod text;
mod theme;
pub(crate) mod way;

pub use drawn::{Drawn, Placed, Spot, Target};
pub use look::Look;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Model, Overlay, Product, Screen};
use sheet::Sheet;

/// The smallest window in which anything can be shown that is worth showing.
pub const MIN_COLUMNS: u16 = 24;
pub const MIN_ROWS: u16 = 6;

/// Draws `model` into the whole of `buf`.
pub fn draw(model: &Model, buf: &mut Buffer) -> Drawn {
    let (area, look) = (buf.area, Look::of(model));
    let mut drawn = Drawn::default();
    buf.set_style(area, look.plain());
    if area.width < MIN_COLUMNS || area.height < MIN_ROWS {
        let mut sheet = Sheet::new(buf, area, look, &mut drawn);
        sheet.wrap(&look.say("window-too-small"), look.plain());
        return drawn;
    }
    let body = frame::draw(model, look, area, buf, &mut drawn);
    draw_body(model, look, body, buf, &mut drawn);
    if look.ascii {
        ascii::replace_signs(buf);
    }
    drawn
}

/// How many rows of what is told of `product` do not fit the window.
pub fn product_overflow(model: &Model, product: &Product) -> u16 {
    let window = Rect::new(0, 0, model.size.columns, model.size.rows);
    let look = Look::of(model);
    product::overflow(model, product, look, frame::room(model, look, window))
}

fn draw_body(model: &Model, look: Look, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let mut sheet = Sheet::new(buf, area, look, drawn);
    match model.overlay {
        Some(Overlay::Help { top }) => return help::draw(model, top, look, &mut sheet),
        Some(Overlay::Palette) => return palette::draw(model, look, &mut sheet),
        Some(Overlay::Leave) => return help::draw_leave(model, look, &mut sheet),
        None => {}
    }
    match &model.screen {
        Screen::Browse => browse::draw(model, look, &mut sheet),
        Screen::Product(product) => product::draw(model, product, look, &mut sheet),
        Screen::Cart => cart::draw(model, look, &mut sheet),
        Screen::Checkout(checkout) => checkout::draw(model, checkout, look, &mut sheet),
        Screen::Outcome => outcome::draw(model, look, &mut sheet),
        Screen::Orders => orders::draw(model, look, &mut sheet),
        Screen::Order(detail) => order::draw(model, detail, look, &mut sheet),
    }
}
