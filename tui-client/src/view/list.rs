//! Lists that show a window of their rows, and rows that line up.

use std::ops::Range;

use super::text;

/// Columns for a total: the largest amount an order may come to fits.
pub const TOTAL_COLUMNS: usize = 20;

/// A column at the right of a row.
pub struct Column {
    pub columns: usize,
    pub text: String,
}

/// Which rows of `total` to show in `rows` lines: the cursor's stays in the middle until an end of
/// the list is reached.
pub fn window(cursor: usize, total: usize, rows: usize) -> Range<usize> {
    let top = cursor.saturating_sub(rows / 2).min(total.saturating_sub(rows));
    top..top.saturating_add(rows).min(total)
}

/// One row: the sign of the selection, the name, and the columns, each at the right of its place.
pub fn row(width: usize, selected: bool, name: &str, columns: &[Column]) -> String {
    let taken: usize = columns.iter().map(|column| column.columns + 2).sum();
    let sign = if selected { " ▸ " } else { "   " };
    let mut row = String::from(sign);
    row.push_str(&text::left(name, width.saturating_sub(text::width(sign) + taken + 1)));
    for column in columns {
        row.push_str("  ");
        row.push_str(&text::right(&column.text, column.columns));
    }
    row.push(' ');
    row
}

/// Columns for an amount on one line of a list: what is usual fits anywhere, the rest where it can.
pub const fn money_columns(width: usize) -> usize {
    match width {
        0..80 => 11,
        80..100 => 13,
        _ => 18,
    }
}

pub fn column(columns: usize, text: impl Into<String>) -> Column {
    Column { columns, text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_follows_the_cursor_and_stays_inside() {
        assert_eq!(window(0, 100, 10), 0..10);
        assert_eq!(window(50, 100, 10), 45..55);
        assert_eq!(window(99, 100, 10), 90..100);
        assert_eq!(window(2, 3, 10), 0..3);
        assert_eq!(window(0, 0, 10), 0..0);
        assert_eq!(window(5, 10, 0), 5..5);
    }
}
