//! A line of text that is being typed, with a cursor in it. Search, forms and the palette share it; a card's
//! number does not pass through here, because its fields wipe what they held.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::event::Key;

/// A line and the place in it where the next letter goes. Letters are what people take for one (Unicode's
/// extended grapheme clusters, UAX #29): a base with its combining marks is passed and deleted as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextField {
    text: String,
    /// In bytes; always between two letters.
    cursor: usize,
    max_bytes: usize,
}

/// What an editing key does to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    Left,
    Right,
    Home,
    End,
    /// Deletes the letter before the cursor.
    Backspace,
    /// Deletes the letter behind the cursor.
    Delete,
    /// Deletes back to the beginning of the word before the cursor.
    DeleteWord,
    /// Deletes everything before the cursor.
    DeleteToStart,
    /// Deletes everything behind the cursor.
    DeleteToEnd,
}

impl Edit {
    /// What `key` does in a line, if it is a key for editing. A keymap may give it another meaning first.
    pub fn of(key: Key) -> Option<Self> {
        match key {
            Key::Left | Key::Ctrl('b') => Some(Edit::Left),
            Key::Right | Key::Ctrl('f') => Some(Edit::Right),
            Key::Home | Key::Ctrl('a') => Some(Edit::Home),
            Key::End | Key::Ctrl('e') => Some(Edit::End),
            Key::Backspace | Key::Ctrl('h') => Some(Edit::Backspace),
            Key::Delete | Key::Ctrl('d') => Some(Edit::Delete),
            Key::Ctrl('w') => Some(Edit::DeleteWord),
            Key::Ctrl('u') => Some(Edit::DeleteToStart),
            Key::Ctrl('k') => Some(Edit::DeleteToEnd),
            _no_editing_key => None,
        }
    }
}

impl TextField {
    /// An empty line that never holds more than `max_bytes` of UTF-8.
    pub const fn new(max_bytes: usize) -> Self {
        Self { text: String::new(), cursor: 0, max_bytes }
    }

    /// A line with as much of `text` as fits, and the cursor at its end.
    #[must_use]
    pub fn with(max_bytes: usize, text: &str) -> Self {
        let mut field = Self::new(max_bytes);
        field.insert(text);
        field
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What is before the cursor, and what is behind it.
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Puts `text` in at the cursor, as much of it as fits and without what is no letter, and tells whether
    /// the line is another one now. A line break becomes a space, since a paste may have some.
    pub fn insert(&mut self, text: &str) -> bool {
        let before = self.text.len();
        for letter in text.graphemes(true) {
            let letter: String = letter.chars().map(spaced).filter(|c| !c.is_control()).collect();
            if self.text.len() + letter.len() > self.max_bytes {
                break;
            }
            self.text.insert_str(self.cursor, &letter);
            self.cursor += letter.len();
        }
        // What was put in may join the letters around it, and the cursor stands between two of them.
        self.settle();
        self.text.len() != before
    }

    /// Moves or deletes, and tells whether the line is another one now.
    pub fn edit(&mut self, edit: Edit) -> bool {
        let end = self.text.len();
        match edit {
            Edit::Left => self.cursor = self.before(self.cursor),
            Edit::Right => self.cursor = self.behind(self.cursor),
            Edit::Home => self.cursor = 0,
            Edit::End => self.cursor = end,
            Edit::Backspace => self.delete(self.before(self.cursor), self.cursor),
            Edit::Delete => self.delete(self.cursor, self.behind(self.cursor)),
            Edit::DeleteWord => self.delete(self.word_start(), self.cursor),
            Edit::DeleteToStart => self.delete(0, self.cursor),
            Edit::DeleteToEnd => self.delete(self.cursor, end),
        }
        self.text.len() != end
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.text.drain(from..to);
        self.cursor = from;
        self.settle();
    }

    fn before(&self, at: usize) -> usize {
        self.text[..at].grapheme_indices(true).next_back().map_or(0, |(start, _)| start)
    }

    fn behind(&self, at: usize) -> usize {
        self.text[at..].graphemes(true).next().map_or(at, |letter| at + letter.len())
    }

    /// Where the word before the cursor begins: spaces right before the cursor belong to it, as in a shell.
    fn word_start(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before.char_indices().rev().find(|(_, c)| c.is_whitespace()).map_or(0, |(at, c)| at + c.len_utf8())
    }

    /// Two halves that are letters by themselves may be one letter once they stand side by side.
    fn settle(&mut self) {
        let end = self.text.len();
        let mut cursor = GraphemeCursor::new(self.cursor, end, true);
        if cursor.is_boundary(&self.text, 0) != Ok(true) {
            self.cursor = cursor.next_boundary(&self.text, 0).ok().flatten().unwrap_or(end);
        }
    }
}

fn spaced(c: char) -> char {
    if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(text: &str) -> TextField {
        TextField::with(40, text)
    }

    #[test]
    fn the_cursor_passes_letters_and_not_bytes() {
        let mut field = field("caf\u{65}\u{301}緑👩‍👧");
        field.edit(Edit::Left);
        assert_eq!(field.halves(), ("cafe\u{301}緑", "👩‍👧"));
        field.edit(Edit::Left);
        field.edit(Edit::Left);
        assert_eq!(field.halves(), ("caf", "e\u{301}緑👩‍👧"));
        field.edit(Edit::Delete);
        assert_eq!(field.halves(), ("caf", "緑👩‍👧"));
        field.edit(Edit::Right);
        field.edit(Edit::Backspace);
        assert_eq!(field.halves(), ("caf", "👩‍👧"));
    }

    #[test]
    fn words_and_halves_are_deleted_as_in_a_shell() {
        let mut field = field("green  tea cup");
        assert!(field.edit(Edit::DeleteWord));
        assert_eq!(field.text(), "green  tea ");
        assert!(field.edit(Edit::DeleteWord));
        assert_eq!(field.text(), "green  ");
        field.insert("mug");
        field.edit(Edit::Home);
        assert!(!field.edit(Edit::DeleteWord));
        field.edit(Edit::Right);
        assert!(field.edit(Edit::DeleteToEnd));
        assert_eq!(field.text(), "g");
        assert!(field.edit(Edit::DeleteToStart));
        assert!(field.is_empty());
        assert!(!field.edit(Edit::Backspace) && !field.edit(Edit::Left));
    }

    #[test]
    fn typing_goes_where_the_cursor_is() {
        let mut field = field("ac");
        field.edit(Edit::Left);
        assert!(field.insert("b"));
        assert_eq!(field.halves(), ("ab", "c"));
        assert!(field.insert("\u{1b}\n\u{7}d"));
        assert_eq!(field.text(), "ab dc");
        assert!(!field.insert("\u{1b}"));
    }

    #[test]
    fn a_line_is_full_at_its_limit_and_never_holds_half_a_letter() {
        let mut field = TextField::new(7);
        assert!(field.insert("緑茶e\u{301}"));
        assert_eq!(field.text(), "緑茶");
        assert!(field.insert("x") && !field.insert("y"));
        assert_eq!(field.text().len(), 7);
    }

    fn edits() -> impl Strategy<Value = Edit> {
        prop::sample::select(vec![
            Edit::Left,
            Edit::Right,
            Edit::Home,
            Edit::End,
            Edit::Backspace,
            Edit::Delete,
            Edit::DeleteWord,
            Edit::DeleteToStart,
            Edit::DeleteToEnd,
        ])
    }

    proptest! {
        #[test]
        fn whatever_is_typed_the_cursor_is_between_letters_and_the_limit_holds(
            steps in prop::collection::vec(prop_oneof![
                edits().prop_map(Err),
                "[a-z ]{0,3}|[e\u{301}\u{200d}👩👧🇯🇵緑]{0,4}|\\PC{0,6}|[\u{0}-\u{20}]{0,2}".prop_map(Ok),
            ], 0..40),
        ) {
            let mut field = TextField::new(50);
            for step in steps {
                let before = field.text().to_owned();
                let changed = match step {
                    Ok(text) => field.insert(&text),
                    Err(edit) => field.edit(edit),
                };
                prop_assert_eq!(changed, field.text() != before);
                prop_assert!(field.text().len() <= 50);
                prop_assert!(!field.text().chars().any(char::is_control));
                let at = field.halves().0.len();
                let end = at == field.text().len();
                prop_assert!(end || field.text().grapheme_indices(true).any(|(start, _)| start == at));
            }
        }
    }
}
