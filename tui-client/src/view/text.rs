//! Fitting text into columns, counted as a terminal counts them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` without what could move the cursor, hide itself or turn the reading direction: names come
/// from a shop, and a shop may not draw on this screen.
pub fn clean(text: &str) -> String {
    text.chars().filter(|c| !is_format(*c)).map(|c| if c.is_control() { '·' } else { c }).collect()
}

/// `text` in at most `columns`, cut with an ellipsis where it is longer.
pub fn cut(text: &str, columns: usize) -> String {
    let text = clean(text);
    if text.width() <= columns {
        return text;
    }
    let mut short = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        short.push(c);
    }
    if columns > 0 {
        short.push('…');
    }
    short
}

/// `text` in exactly `columns`, at their left.
pub fn left(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    let missing = columns.saturating_sub(text.width());
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// `text` in exactly `columns`, at their right.
pub fn right(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let missing = columns.saturating_sub(text.width());
    let mut padded = " ".repeat(missing);
    padded.push_str(&text);
    padded
}

/// The end of `text` in at most `columns`: while a text is typed, its end is what matters.
pub fn tail(text: &str, columns: usize) -> String {
    let text = clean(text);
    let mut shown = text.as_str();
    while shown.width() > columns {
        let mut rest = shown.chars();
        rest.next();
        shown = rest.as_str();
    }
    shown.to_owned()
}

/// `text` in lines of at most `columns`, broken between words where that is possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in clean(text).split_whitespace() {
        if !line.is_empty() && word.width() + 1 > columns.saturating_sub(used) {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if !line.is_empty() {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if used + wide > columns.max(1) && !line.is_empty() {
                // A line does not begin with what ends a phrase: the letter before it comes along.
                let before = line.chars().next_back().filter(|before| {
                    let fit = before.width().unwrap_or(0) + wide <= columns;
                    ends_a_phrase(c) && !ends_a_phrase(*before) && line.len() > before.len_utf8() && fit
                });
                line.truncate(line.len() - before.map_or(0, char::len_utf8));
                lines.push(std::mem::take(&mut line));
                line.extend(before);
                used = line.width();
            }
            line.push(c);
            used += wide;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Signs that Japanese typesetting never puts at the beginning of a line (JIS X 4051).
fn ends_a_phrase(c: char) -> bool {
    "、。，．・：；？！」』）］｝〉》】〕ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々〜".contains(c)
}

fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_and_not_by_letters() {
        assert_eq!(cut("緑茶のカップ", 7), "緑茶の…");
        assert_eq!(cut("緑茶のカップ", 6), "緑茶…");
        assert_eq!(left("mug", 5), "mug  ");
        assert_eq!(right("£8.50", 7), "  £8.50");
        assert_eq!(cut("mug", 0), "");
    }

    #[test]
    fn a_name_cannot_draw_on_the_screen() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c"), "a·[2Jbc");
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("緑茶", 1), ["緑", "茶"]);
    }

    #[test]
    fn no_line_begins_with_what_ends_a_phrase() {
        assert_eq!(wrap("年に二回、油を塗る。", 8), ["年に二", "回、油を", "塗る。"]);
        assert_eq!(wrap("、、、、", 2), ["、", "、", "、", "、"].map(str::to_owned));
    }
}
