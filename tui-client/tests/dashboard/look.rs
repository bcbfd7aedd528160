//! A drawing as text, and the styles of what is not plain in it.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// The symbols of a row with their columns, without what wide letters cover.
pub fn symbols(buf: &Buffer, y: u16) -> Vec<(u16, String)> {
    let (mut all, mut x) = (Vec::new(), 0);
    while x < buf.area.width {
        let symbol = buf[(x, y)].symbol();
        all.push((x, symbol.to_owned()));
        x += u16::try_from(symbol.width()).expect("a width").max(1);
    }
    all
}

pub fn text(buf: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buf.area.height {
        let line: String = symbols(buf, y).into_iter().map(|(_, symbol)| symbol).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The styles of a drawing: the row, its columns, and how they differ from plain text.
pub fn styles(buf: &Buffer) -> String {
    let mut all = String::new();
    for y in 0..buf.area.height {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for (x, symbol) in symbols(buf, y) {
            let end = x + u16::try_from(symbol.width()).expect("a width").max(1) - 1;
            let style = style(&buf[(x, y)]);
            match runs.last_mut() {
                Some((_, last, same)) if *same == style => *last = end,
                _ => runs.push((x, end, style)),
            }
        }
        for (from, to, style) in runs.into_iter().filter(|(.., style)| !style.is_empty()) {
            writeln!(all, "{y}: {from}-{to} {style}").expect("a text");
        }
    }
    all
}

fn style(cell: &Cell) -> String {
    let mut words = Vec::new();
    for (name, modifier) in
        [("bold", Modifier::BOLD), ("dim", Modifier::DIM), ("reversed", Modifier::REVERSED)]
    {
        if cell.modifier.contains(modifier) {
            words.push(name.to_owned());
        }
    }
    for (name, colour) in [("", cell.fg), ("behind=", cell.bg)] {
        if colour != Color::Reset {
            words.push(format!("{name}{colour}"));
        }
    }
    words.join(" ")
}
