//! Asking the terminal what is behind its text, and picking its answer out of the keys.
//!
//! The question is xterm's OSC 11, which many terminals answer and the others ignore. Nothing waits for the
//! answer: it comes the way keys come, now or late or never, and must then not be taken for keys.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};

use crate::app::settings::Background;

/// What the terminal is sent.
pub const QUESTION: &[u8] = b"\x1b]11;?\x1b\\";
/// Longest answer, in characters: `11;rgba:` and four numbers of four digits, and room.
const MAX_CHARS: usize = 40;

/// Reads what comes from the terminal, and keeps back what is part of an answer.
#[derive(Default)]
pub struct Listener {
    /// What there is of an answer, while one comes.
    answer: Option<String>,
}

/// What has come.
pub enum Heard {
    Input(Input),
    Background(Background),
    /// A part of an answer.
    Nothing,
}

impl Listener {
    /// Takes in what came next.
    pub fn take(&mut self, input: Input) -> Heard {
        let Input::Key(key) = &input else { return Heard::Input(input) };
        let Some(mut answer) = self.answer.take() else {
            // An answer begins with the escape sequence that a key with Alt sends.
            if is_with(key, ']', KeyModifiers::ALT) {
                self.answer = Some(String::new());
                return Heard::Nothing;
            }
            return Heard::Input(input);
        };
        if is_with(key, '\\', KeyModifiers::ALT) || is_with(key, 'g', KeyModifiers::CONTROL) {
            return background(&answer).map_or(Heard::Nothing, Heard::Background);
        }
        match key.code {
            KeyCode::Char(c) if is_of_answer(&answer, c) && answer.len() < MAX_CHARS => {
                answer.push(c);
                self.answer = Some(answer);
                Heard::Nothing
            }
            _no_answer_after_all => Heard::Input(input),
        }
    }
}

fn is_with(key: &KeyEvent, letter: char, modifiers: KeyModifiers) -> bool {
    key.code == KeyCode::Char(letter) && key.modifiers == modifiers
}

/// Whether `next` can follow in an answer of which this much is there.
fn is_of_answer(answer: &str, next: char) -> bool {
    const BEGINNING: &str = "11;rgb";
    match BEGINNING.chars().nth(answer.len()) {
        Some(expected) => next == expected,
        None => next.is_ascii_hexdigit() || matches!(next, 'a' | ':' | '/'),
    }
}

/// Reads `11;rgb:1616/1919/1f1f`, with one to four digits a colour.
fn background(answer: &str) -> Option<Background> {
    let (_, colours) = answer.split_once(':')?;
    let share = |digits: &str| {
        let value = u32::from_str_radix(digits, 16).ok()?;
        let most = 16_u32.checked_pow(u32::try_from(digits.len()).ok()?)?.checked_sub(1)?;
        Some(f64::from(value) / f64::from(most))
    };
    let mut shares = colours.split('/').map(share);
    let (red, green, blue) = (shares.next()??, shares.next()??, shares.next()??);
    // How bright the eye finds it, as for television (ITU-R BT.601).
    let brightness = 0.299 * red + 0.587 * green + 0.114 * blue;
    Some(if brightness > 0.5 { Background::Light } else { Background::Dark })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys as crossterm reads them from the bytes of an answer.
    fn keys(answer: &str, end: KeyEvent) -> Vec<KeyEvent> {
        let mut keys = vec![KeyEvent::new(KeyCode::Char(']'), KeyModifiers::ALT)];
        keys.extend(answer.chars().map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        keys.push(end);
        keys
    }

    fn st() -> KeyEvent {
        KeyEvent::new(KeyCode::Char('\\'), KeyModifiers::ALT)
    }

    /// What was told of the background, and the letters that went through as keys.
    fn heard(keys: Vec<KeyEvent>) -> (Option<Background>, String) {
        let (mut listener, mut told, mut through) = (Listener::default(), None, String::new());
        for key in keys {
            match listener.take(Input::Key(key)) {
                Heard::Background(background) => told = Some(background),
                Heard::Nothing => {}
                Heard::Input(Input::Key(key)) => through.extend(key.code.as_char()),
                Heard::Input(_) => panic!("only keys went in"),
            }
        }
        (told, through)
    }

    #[test]
    fn an_answer_is_understood_and_is_no_key() {
        let bell = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL);
        for end in [st(), bell] {
            assert_eq!(heard(keys("11;rgb:1616/1919/1f1f", end)), (Some(Background::Dark), String::new()));
            assert_eq!(heard(keys("11;rgba:ff/fa/f0/ff", end)), (Some(Background::Light), String::new()));
        }
    }

    #[test]
    fn what_only_looks_like_an_answer_goes_on_as_keys() {
        assert_eq!(heard(keys("p", st())), (None, "p\\".to_owned()));
        let (told, through) = heard(keys(&format!("11;rgb:{}", "0".repeat(100)), st()));
        assert_eq!(told, None);
        assert!(through.len() > 50, "a key that is held down is heard again");
        assert_eq!(heard(keys("11;rgb:xx/", st())).0, None);
        assert_eq!(heard(keys("11;rgb:", st())).0, None);
        assert_eq!(heard(keys("11;rgb:12345/0/0", st())).0, Some(Background::Dark));
    }
}
