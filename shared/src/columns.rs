//! Tables for people: columns that line up, and nothing in them that could steer a terminal.

use std::fmt;

use unicode_width::UnicodeWidthStr;

/// Between two columns, in cells.
const GAP: usize = 2;

/// Rows of text under headings. A heading that begins with `>` has its column at the right, as numbers
/// stand.
#[derive(Clone, Debug)]
pub struct Columns {
    headings: Vec<(&'static str, bool)>,
    rows: Vec<Vec<String>>,
}

impl Columns {
    pub fn new(headings: &[&'static str]) -> Self {
        let heading = |text: &&'static str| (text.trim_start_matches('>'), text.starts_with('>'));
        Self { headings: headings.iter().map(heading).collect(), rows: Vec::new() }
    }

    /// Adds a row, which has a cell for each heading.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The text without what a terminal would obey: names come from tables and from strangers.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A word for an empty cell.
pub fn or_dash<T: fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head: Vec<String> = self.headings.iter().map(|(text, _)| text.to_uppercase()).collect();
        let all = || std::iter::once(&head).chain(&self.rows);
        let widest =
            |at: usize| all().map(|row| row.get(at).map_or(0, |cell| cell.width())).max().unwrap_or(0);
        let widths: Vec<usize> = (0..head.len()).map(widest).collect();
        for row in all() {
            let mut line = String::new();
            for ((cell, width), (_, right)) in row.iter().zip(&widths).zip(&self.headings) {
                let blank = " ".repeat(width - cell.width().min(*width));
                let (before, behind) = if *right { (blank.as_str(), "") } else { ("", blank.as_str()) };
                line.push_str(&format!("{before}{cell}{behind}{}", " ".repeat(GAP)));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_steer_no_terminal() {
        let mut table = Columns::new(&["sku", "name", ">available"]);
        table.row(["TEA".into(), "緑茶".into(), "7".into()]);
        table.row(["LONGER".into(), "\u{1b}[2J".into(), "1200".into()]);
        let expected = "SKU     NAME  AVAILABLE\nTEA     緑茶          7\nLONGER  \u{fffd}[2J       1200\n";
        assert_eq!(table.to_string(), expected);
    }
}
