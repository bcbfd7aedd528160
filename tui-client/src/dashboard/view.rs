//! What the dashboard looks like: a pure drawing of its model into a buffer of cells.
//!
//! A screen is a list of panes, each of one daemon; they stand in as many columns as the window has room for.
//! To add a figure, give it a line in its pane in [`screens`] and its words in `words/*/dashboard.ftl`.

mod alarms;
mod chart;
pub mod figure;
mod frame;
mod help;
mod pane;
pub(super) mod screens;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::model::{Model, Overlay, Screen};
use crate::view::sheet::Sheet;
use crate::view::{Drawn, Look, MIN_COLUMNS, MIN_ROWS, ascii};

/// Columns that a pane wants at least, and most columns of panes beside each other.
const PANE_COLUMNS: u16 = 38;
const MOST_BESIDE: u16 = 4;
/// Columns between two panes.
const GUTTER: u16 = 2;

/// Draws `model` into the whole of `buf`.
pub fn draw(model: &Model, buf: &mut Buffer) -> Drawn {
    let (area, look) = (buf.area, Look::with(&model.settings));
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

fn draw_body(model: &Model, look: Look, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let mut sheet = Sheet::new(buf, area, look, drawn);
    if let Some(confirm) = &model.confirm {
        return help::draw_confirm(model, confirm, look, &mut sheet);
    }
    match model.overlay {
        Some(Overlay::Help { top }) => return help::draw(model, top, look, &mut sheet),
        Some(Overlay::Palette) => return help::draw_palette(model, look, &mut sheet),
        None => {}
    }
    match model.pages.last() {
        Some(page) => page.draw(look, model.now, &mut sheet),
        None if model.screen == Screen::Alarms => alarms::draw(model, look, &mut sheet),
        None => draw_panes(model, look, &mut sheet),
    }
}

/// How many rows of a screen do not fit the window.
pub fn overflow(model: &Model) -> usize {
    let look = Look::with(&model.settings);
    let window = Rect::new(0, 0, model.size.columns, model.size.rows);
    let room = frame::room(model, look, window);
    let columns = columns(model, look, room);
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    longest.saturating_sub(usize::from(room.height))
}

fn draw_panes(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let room = sheet.rest();
    let columns = columns(model, look, room);
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let rows = usize::from(room.height);
    let top = model.top.min(longest.saturating_sub(rows));
    // The last row tells that there is more, as long as there is.
    let below = longest.saturating_sub(top + rows);
    let shown = if below > 0 { rows.saturating_sub(1) } else { rows };
    let wide = width_of(room.width, columns.len());
    let (buf, _) = sheet.cells();
    for (at, lines) in (0_u16..).zip(&columns) {
        let x = room.x + at * (wide + GUTTER);
        for (y, line) in (room.y..).zip(lines.iter().skip(top).take(shown)) {
            buf.set_line(x, y, line, wide);
        }
    }
    if below > 0 {
        let more = look.tell("keys-more", &[("count", (below + 1).into())]);
        let line = Line::styled(format!(" {} {more}", look.signs.more), look.dim());
        buf.set_line(room.x, room.bottom().saturating_sub(1), &line, room.width);
    }
}

/// The panes of the screen, in columns: each pane goes where there is the most room left.
fn columns(model: &Model, look: Look, room: Rect) -> Vec<Vec<Line<'static>>> {
    let most = (room.width / PANE_COLUMNS).clamp(1, MOST_BESIDE);
    let panes = |beside: u16| {
        let wide = width_of(room.width, usize::from(beside));
        // By the window and not by the room: what a row more above takes away must not turn the panes over.
        screens::panes(model, look, usize::from(wide), usize::from(model.size.rows))
    };
    let mut panes_here = panes(most);
    let beside = most.min(u16::try_from(panes_here.len()).unwrap_or(most)).max(1);
    if beside < most {
        panes_here = panes(beside);
    }
    let mut columns: Vec<Vec<Line<'static>>> = vec![Vec::new(); usize::from(beside)];
    for pane in panes_here {
        let Some(column) = columns.iter_mut().min_by_key(|column| column.len()) else { break };
        if !column.is_empty() {
            column.push(Line::default());
        }
        column.extend(pane);
    }
    columns
}

fn width_of(room: u16, beside: usize) -> u16 {
    let beside = u16::try_from(beside).unwrap_or(1).max(1);
    room.saturating_sub(GUTTER * (beside - 1)) / beside
}
