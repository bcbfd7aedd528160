//! What keys are called: by the configuration file, and on the screen.

use std::str::FromStr;

use super::Key;

/// The last of the function keys that terminals tell apart.
const LAST_FUNCTION_KEY: u8 = 24;

/// Keys with a name of their own: in the file, on the screen, and on a screen of ASCII only.
const NAMED: [(Key, &str, &str, &str); 15] = [
    (Key::Enter, "enter", "Enter", "Enter"),
    (Key::Esc, "esc", "Esc", "Esc"),
    (Key::Backspace, "backspace", "Backspace", "Backspace"),
    (Key::Delete, "delete", "Del", "Del"),
    (Key::Tab, "tab", "Tab", "Tab"),
    (Key::BackTab, "shift-tab", "⇧Tab", "Shift-Tab"),
    (Key::Up, "up", "↑", "Up"),
    (Key::Down, "down", "↓", "Down"),
    (Key::Left, "left", "←", "Left"),
    (Key::Right, "right", "→", "Right"),
    (Key::PageUp, "pgup", "PgUp", "PgUp"),
    (Key::PageDown, "pgdn", "PgDn", "PgDn"),
    (Key::Home, "home", "Home", "Home"),
    (Key::End, "end", "End", "End"),
    (Key::Char(' '), "space", "Space", "Space"),
];

impl Key {
    /// What the screen calls it; with signs of ASCII only where it must be so.
    pub fn label(self, ascii: bool) -> String {
        let named = NAMED.iter().find(|(key, ..)| *key == self);
        if let Some((_, _, label, plain)) = named {
            return (*if ascii { plain } else { label }).to_owned();
        }
        match self {
            Key::Char(c) => c.to_string(),
            Key::Ctrl(c) => format!("Ctrl-{}", c.to_uppercase()),
            Key::F(nth) => format!("F{nth}"),
            Key::Interrupt => "Ctrl-C".to_owned(),
            Key::Enter
            | Key::Esc
            | Key::Backspace
            | Key::Delete
            | Key::Tab
            | Key::BackTab
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::Right
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End => String::new(),
        }
    }

    /// What the configuration file calls it.
    pub fn written(self) -> String {
        match NAMED.iter().find(|(key, ..)| *key == self) {
            Some((_, written, ..)) => (*written).to_owned(),
            None => match self {
                Key::Char(c) => c.to_string(),
                _marked => self.label(true).to_lowercase(),
            },
        }
    }
}

impl FromStr for Key {
    type Err = ();

    /// Reads `p`, `P`, `あ`, `space`, `ctrl-p`, `f1`. A letter alone is that very letter; names are the same
    /// in capitals. What no terminal tells from another key is refused: Ctrl-I is Tab, Ctrl-M is Enter,
    /// Ctrl-H is Backspace on many, and Ctrl-J and Ctrl-\[ are like them.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            let is_key = !c.is_control() && (c == ' ' || !c.is_whitespace());
            return is_key.then_some(Key::Char(c)).ok_or(());
        }
        let name = text.to_lowercase();
        if let Some((key, ..)) = NAMED.iter().find(|(_, written, ..)| *written == name) {
            return Ok(*key);
        }
        if let Some(letter) = name.strip_prefix("ctrl-") {
            return match letter.as_bytes() {
                [b'c'] => Ok(Key::Interrupt),
                [b'h' | b'i' | b'j' | b'm'] => Err(()),
                [letter @ b'a'..=b'z'] => Ok(Key::Ctrl(char::from(*letter))),
                _none => Err(()),
            };
        }
        let number: u8 = name.strip_prefix('f').and_then(|number| number.parse().ok()).ok_or(())?;
        (1..=LAST_FUNCTION_KEY).contains(&number).then_some(Key::F(number)).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let marked =
            [Key::Char('p'), Key::Char('P'), Key::Char('あ'), Key::Ctrl('p'), Key::F(12), Key::Interrupt];
        for key in NAMED.iter().map(|(key, ..)| *key).chain(marked) {
            assert!(key.written().parse() == Ok(key), "{}", key.written());
            assert!(!key.label(true).is_empty() && !key.label(false).is_empty());
        }
        assert!("CTRL-P".parse() == Ok(Key::Ctrl('p')) && "F1".parse() == Ok(Key::F(1)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in
            ["", "pp", "ctrl-", "ctrl-1", "ctrl-i", "ctrl-m", "f0", "f25", "f1x", "\n", "\u{1b}", "alt-x"]
        {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
    }
}
