//! Breaking text into lines of so many cells.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The most lines of one text.
const MOST_LINES: usize = 40;

/// The text in lines of at most so many cells, broken between words where that can be, but not at a space that
/// says that it does not break.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split([' ', '\t', '\n']).filter(|word| !word.is_empty()) {
        for piece in pieces(word, width) {
            if !line.is_empty() && line.width() + 1 + piece.width() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&piece);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines.truncate(MOST_LINES);
    lines
}

/// The beginning of the text that fits, with a sign where something is missing.
pub fn clip(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut clipped = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        clipped.push(c);
    }
    if width > 0 {
        clipped.push('…');
    }
    clipped
}

fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for c in word.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width {
            pieces.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_long_words_break_too() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("緑茶緑茶 x", 5), ["緑茶", "緑茶", "x"]);
        assert_eq!(wrap("of 1,200\u{a0}B", 8), ["of", "1,200\u{a0}B"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(clip("settlement", 6), "settl…");
        assert_eq!(clip("緑茶緑", 4), "緑…");
    }
}
