//! The heads of a screen's parts, one of which is chosen.

use ratatui::text::{Line, Span};

use super::{look::Look, sheet::Sheet, text};

/// Draws the heads on one line. They scroll so that the chosen one is always seen; it stands in brackets, too,
/// because a reversed word alone is lost on some terminals.
pub fn draw(names: &[String], chosen: usize, look: Look, sheet: &mut Sheet<'_>) {
    let room = sheet.text_columns();
    let size = |name: &String| text::width(name) + 3;
    let mut first = 0;
    while first < chosen && names[first..=chosen].iter().map(size).sum::<usize>() > room {
        first += 1;
    }
    let mut spans = vec![Span::raw(if first > 0 { look.signs.before } else { " " })];
    for (at, name) in names.iter().enumerate().skip(first) {
        if at == chosen {
            spans.push(Span::styled(format!("[{name}]"), look.selected()));
        } else {
            spans.push(Span::raw(format!(" {name} ")));
        }
        spans.push(Span::raw(" "));
    }
    sheet.put(&Line::from(spans));
}
