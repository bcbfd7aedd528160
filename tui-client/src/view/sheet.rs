//! A part of the screen that is written on from top to bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text;

/// Columns between the edge of the screen and what is written.
const INDENT: usize = 1;
/// Columns of the labels of fields, so that their values line up.
const LABEL_COLUMNS: usize = 13;

pub struct Sheet<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    used: u16,
}

impl<'a> Sheet<'a> {
    pub fn new(buf: &'a mut Buffer, area: Rect) -> Self {
        Self { buf, area, used: 0 }
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

    pub fn say(&mut self, words: &str, style: Style) {
        let words = text::cut(words, self.text_columns());
        self.put(&Line::from(vec![Span::raw(" "), Span::styled(words, style)]));
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
        self.put(&Line::styled("─".repeat(columns), style));
    }

    /// An order's id: in one piece on one line, without its label where that leaves no room.
    pub fn order_id(&mut self, id: &str, style: Style) {
        if LABEL_COLUMNS + text::width(id) <= self.text_columns() {
            self.field("Order", id, style);
        } else {
            self.say(id, style);
        }
    }

    /// A label and what belongs to it: side by side, or below each other where they do not fit.
    pub fn field(&mut self, label: &str, value: &str, style: Style) {
        let value = text::clean(value);
        let dim = Style::new().add_modifier(ratatui::style::Modifier::DIM);
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
