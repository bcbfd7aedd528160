//! A part of the screen that is written on from top to bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::drawn::{Drawn, Spot, Target};
use super::look::Look;
use super::text;

/// Columns between the edge of the screen and what is written.
const INDENT: usize = 1;
/// Columns of the labels of fields, so that their values line up.
const LABEL_COLUMNS: usize = 13;

pub struct Sheet<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    look: Look,
    drawn: &'a mut Drawn,
    used: u16,
}

impl<'a> Sheet<'a> {
    pub fn new(buf: &'a mut Buffer, area: Rect, look: Look, drawn: &'a mut Drawn) -> Self {
        Self { buf, area, look, drawn, used: 0 }
    }

    pub fn columns(&self) -> usize {
        usize::from(self.area.width)
    }

    /// Columns for text that keeps away from both edges.
    pub fn text_columns(&self) -> usize {
        self.columns().saturating_sub(2 * INDENT)
    }

    pub fn rows_left(&self) -> usize {
        usize::from(self.area.height.saturating_sub(self.used))
    }

    /// Whether the window has rows to spare for gaps.
    pub fn is_roomy(&self) -> bool {
        self.area.height >= 14
    }

    /// Writes one line over the whole width. What does not fit on the sheet is left out.
    pub fn put(&mut self, line: &Line<'_>) {
        if self.rows_left() > 0 {
            self.buf.set_line(self.area.x, self.area.y + self.used, line, self.area.width);
            self.used += 1;
        }
    }

    /// Writes one line and styles the row to its end, as a selection needs.
    pub fn bar(&mut self, text: &str, style: Style) {
        let columns = self.columns();
        self.put(&Line::styled(text::left(text, columns), style));
    }

    /// One row of a list, which can be clicked.
    pub fn row(&mut self, index: usize, text: &str, style: Style) {
        self.spot(Target::Row(index));
        self.bar(text, style);
    }

    /// The same for a row whose parts have styles of their own, over that of the row.
    pub fn row_of(&mut self, index: usize, spans: Vec<Span<'_>>, style: Style) {
        self.spot(Target::Row(index));
        self.put(&Line::from(spans).style(style));
    }

    /// A part of this sheet, to be written on by itself.
    pub fn part(&mut self, area: Rect) -> Sheet<'_> {
        Sheet { buf: self.buf, area, look: self.look, drawn: self.drawn, used: 0 }
    }

    /// The cells themselves, and what is told besides them.
    pub fn cells(&mut self) -> (&mut Buffer, &mut Drawn) {
        (self.buf, self.drawn)
    }

    /// Leaves so many rows to what was drawn there otherwise.
    pub fn skip(&mut self, rows: u16) {
        self.used = self.used.saturating_add(rows).min(self.area.height);
    }

    /// Makes the next row one that can be clicked.
    pub fn spot(&mut self, target: Target) {
        if self.rows_left() > 0 {
            let area = Rect { y: self.area.y + self.used, height: 1, ..self.area };
            self.drawn.spots.push(Spot { area, target });
        }
    }

    /// Puts the real cursor into the next row, behind so many columns.
    pub fn cursor(&mut self, columns: usize) {
        if self.rows_left() > 0 {
            let last = self.area.right().saturating_sub(1);
            let x = self.area.x.saturating_add(u16::try_from(columns).unwrap_or(u16::MAX)).min(last);
            self.drawn.cursor = Some(Position { x, y: self.area.y + self.used });
        }
    }

    /// The rest of the sheet, for what is drawn otherwise.
    pub fn rest(&self) -> Rect {
        let rows = self.area.height.saturating_sub(self.used);
        Rect { y: self.area.y + self.used.min(self.area.height), height: rows, ..self.area }
    }

    /// What is told besides the cells.
    pub fn drawn(&mut self) -> &mut Drawn {
        self.drawn
    }

    pub fn say(&mut self, words: &str, style: Style) {
        let words = text::cut(words, self.text_columns());
        self.put(&Line::from(vec![Span::raw(" "), Span::styled(words, style)]));
    }

    /// Two texts side by side, each in its own style.
    pub fn pair(&mut self, one: &str, other: &str, style: Style, others: Style) {
        let room = self.text_columns().saturating_sub(text::width(one) + 2);
        let other = text::cut(other, room);
        let spans = vec![
            Span::raw(" "),
            Span::styled(text::clean(one), style),
            Span::raw("  "),
            Span::styled(other, others),
        ];
        self.put(&Line::from(spans));
    }

    pub fn wrap(&mut self, words: &str, style: Style) {
        for line in text::wrap(words, self.text_columns()) {
            self.say(&line, style);
        }
    }

    pub fn gap(&mut self) {
        if self.is_roomy() && self.rows_left() > 0 {
            self.used += 1;
        }
    }

    pub fn rule(&mut self, style: Style) {
        let columns = self.columns();
        self.put(&Line::styled(self.look.signs.rule.repeat(columns), style));
    }

    /// An order's id: in one piece on one line, without its label where that leaves no room.
    pub fn order_id(&mut self, id: &str, style: Style) {
        if LABEL_COLUMNS + text::width(id) <= self.text_columns() {
            self.field(&self.look.say("label-order"), id, style);
        } else {
            self.say(id, style);
        }
    }

    /// A label and what belongs to it: side by side, or below each other where they do not fit.
    pub fn field(&mut self, label: &str, value: &str, style: Style) {
        let value = text::clean(value);
        let dim = self.look.dim();
        if LABEL_COLUMNS + text::width(&value) <= self.text_columns() {
            let label = text::left(label, LABEL_COLUMNS);
            let spans = vec![Span::raw(" "), Span::styled(label, dim), Span::styled(value, style)];
            self.put(&Line::from(spans));
        } else {
            self.say(label, dim);
            self.wrap(&value, style);
        }
    }
}
