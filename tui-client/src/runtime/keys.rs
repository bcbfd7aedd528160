//! From the terminal's input to the model's events.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use zeroize::Zeroizing;

use crate::app::{Key, Outside};

/// What a model is told of an input, if it is anything to it.
pub fn event(input: Input) -> Option<Outside> {
    match input {
        Input::Key(key) => self::key(key).map(Outside::Key),
        Input::Paste(text) => Some(Outside::Paste(Zeroizing::new(text))),
        Input::Resize(columns, rows) => Some(Outside::Resize { columns, rows }),
        Input::FocusGained | Input::FocusLost | Input::Mouse(_) => None,
    }
}

/// Whether an input asks for this program to be suspended, as Ctrl-Z does where the terminal does not
/// make a signal of it.
pub fn is_suspend(input: &Input) -> bool {
    matches!(input, Input::Key(key) if key.kind != KeyEventKind::Release
        && key.code == KeyCode::Char('z') && key.modifiers == KeyModifiers::CONTROL)
}

fn key(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER) {
        return match key.code {
            _ if key.modifiers != KeyModifiers::CONTROL => None,
            KeyCode::Char('c') => Some(Key::Interrupt),
            KeyCode::Char(letter @ 'a'..='z') => Some(Key::Ctrl(letter)),
            _none => None,
        };
    }
    match key.code {
        KeyCode::Char(c) => Some(Key::Char(c)),
        KeyCode::Enter => Some(Key::Enter),
        KeyCode::Esc => Some(Key::Esc),
        KeyCode::Backspace => Some(Key::Backspace),
        KeyCode::Delete => Some(Key::Delete),
        KeyCode::Tab => Some(Key::Tab),
        KeyCode::BackTab => Some(Key::BackTab),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        KeyCode::Left => Some(Key::Left),
        KeyCode::Right => Some(Key::Right),
        KeyCode::PageUp => Some(Key::PageUp),
        KeyCode::PageDown => Some(Key::PageDown),
        KeyCode::Home => Some(Key::Home),
        KeyCode::End => Some(Key::End),
        KeyCode::F(number) => Some(Key::F(number)),
        _ => None,
    }
}
