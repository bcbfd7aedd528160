//! The product that is chosen in the list, told beside it where the window is wide.

use kessai_shared::storefront::Item;
use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::update::shown_picture;
use crate::view::{look::Look, picture, product, sheet::Sheet, text};

/// Columns between the list and what is told.
const GAP_COLUMNS: u16 = 2;
/// Most rows of the picture, and the fewest that are left for words below it.
const PICTURE_ROWS: u16 = 14;
const WORDS_ROWS: u16 = 9;

pub fn draw(model: &Model, item: &Item, look: Look, sheet: &mut Sheet<'_>) {
    let rest = sheet.rest();
    let area = Rect { x: rest.x + GAP_COLUMNS, width: rest.width - GAP_COLUMNS, ..rest };
    let mut sheet = sheet.part(area);
    if let Some((name, pixels)) = shown_picture(model, item.sku) {
        let room = area.height.saturating_sub(WORDS_ROWS).min(PICTURE_ROWS);
        let wide = area.width - 1;
        let place = Rect { height: picture::rows(pixels, wide, room), width: wide, ..area };
        let (buf, drawn) = sheet.cells();
        picture::draw(name, pixels, place, look.theme, buf, drawn);
        sheet.skip(place.height);
    }
    sheet.wrap(&item.name, look.strong());
    let price = item.unit_price.show(model.currency());
    sheet.say(&format!("{price} {} {}", look.signs.dot, product::stock_words(item, look)), look.plain());
    sheet.gap();
    let told = product::told(model, item.sku, look, sheet.text_columns());
    let room = sheet.rows_left();
    for (at, line) in told.iter().enumerate().take(room) {
        let cut = at + 1 == room && told.len() > room;
        let line = if cut {
            format!("{} {}", text::cut(line, sheet.text_columns().saturating_sub(2)), look.signs.more)
        } else {
            line.clone()
        };
        sheet.say(&line, look.plain());
    }
}
