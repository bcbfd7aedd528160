//! A line that is being typed, in as many columns as there are for it.

use unicode_segmentation::UnicodeSegmentation;

use super::text;
use crate::app::TextField;

/// Columns that the cursor needs where it stands: a wide letter may be composed there.
const CURSOR_COLUMNS: usize = 2;

/// What of `field` is seen in `columns`, and how many of these columns are before the cursor. The line slides
/// so that the cursor always is among what is seen.
pub fn shown(field: &TextField, columns: usize) -> (String, usize) {
    let (before, behind) = field.halves();
    let mut seen = before;
    while text::width(&text::clean(seen)) + CURSOR_COLUMNS > columns {
        let Some(first) = seen.graphemes(true).next() else { break };
        seen = &seen[first.len()..];
    }
    let mut line = text::clean(seen);
    let at = text::width(&line);
    for letter in behind.graphemes(true) {
        let letter = text::clean(letter);
        if text::width(&line) + text::width(&letter) > columns {
            break;
        }
        line.push_str(&letter);
    }
    (line, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Edit;

    #[test]
    fn the_cursor_is_always_seen() {
        let mut field = TextField::with(100, "緑茶のカップ");
        assert_eq!(shown(&field, 20), ("緑茶のカップ".to_owned(), 12));
        assert_eq!(shown(&field, 7), ("ップ".to_owned(), 4));
        field.edit(Edit::Home);
        assert_eq!(shown(&field, 7), ("緑茶の".to_owned(), 0));
        field.edit(Edit::Right);
        assert_eq!(shown(&field, 7), ("緑茶の".to_owned(), 2));
        assert_eq!(shown(&field, 0), (String::new(), 0));
    }
}
