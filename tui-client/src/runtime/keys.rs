//! From the terminal's input to the model's events.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use zeroize::Zeroizing;

use crate::app::{Event, Key};

/// What the model is told of an input, if it is anything to it.
pub fn event(input: Input) -> Option<Event> {
    match input {
        Input::Key(key) => self::key(key).map(Event::Key),
        Input::Paste(text) => Some(Event::Paste(Zeroizing::new(text))),
        Input::Resize(columns, rows) => Some(Event::Resize { columns, rows }),
        Input::FocusGained | Input::FocusLost | Input::Mouse(_) => None,
    }
}

fn key(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER) {
        let interrupt = key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
        return interrupt.then_some(Key::Interrupt);
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
        _ => None,
    }
}
