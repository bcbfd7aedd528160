//! A screen that nobody sees: what would be drawn as text, and the bytes a terminal would get for it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use crossterm::queue;
use crossterm::terminal::{Clear, ClearType};
use kessai_shared::console::Failure;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use unicode_width::UnicodeWidthStr;

use crate::app::model::Size;
use crate::runtime::Program;
use crate::terminal;

pub struct Paper {
    terminal: Terminal<CrosstermBackend<Ink>>,
    ink: Ink,
    text: String,
    pub size: Size,
}

/// Bytes that were drawn and not taken away yet.
#[derive(Clone, Default)]
struct Ink(Rc<RefCell<Vec<u8>>>);

impl Paper {
    pub fn new(size: Size) -> Result<Self, Failure> {
        let ink = Ink::default();
        Ok(Self { terminal: blank(size, &ink)?, ink, text: String::new(), size })
    }

    /// Goes on with an empty sheet of another size.
    pub fn resize(&mut self, size: Size) -> Result<(), Failure> {
        self.size = size;
        self.terminal = blank(size, &self.ink)?;
        queue!(self.ink, Clear(ClearType::All)).map_err(Failure::failed)
    }

    /// Draws the model and gives the bytes that a terminal would get for it.
    pub fn draw(&mut self, model: &impl Program) -> Result<Vec<u8>, Failure> {
        let drawn = self.terminal.draw(|frame| {
            terminal::paint(frame, model);
        });
        self.text = text_of(drawn.map_err(Failure::failed)?.buffer);
        Ok(self.ink.0.take())
    }

    /// What was drawn last, as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a text is on it. Neither capitals nor where lines are broken matter.
    pub fn shows(&self, text: &str) -> bool {
        let in_words = |text: &str| text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let all: String = self.text.split_whitespace().collect();
        // Where a language has no spaces between words, there is none where a line is broken either.
        let broken = !text.is_ascii() && all.contains(&text.split_whitespace().collect::<String>());
        broken || in_words(&self.text).contains(&in_words(text))
    }
}

/// The cells of a screen as lines of text.
pub fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let (mut line, mut covered) = (String::new(), 0);
        for x in buffer.area.left()..buffer.area.right() {
            // A wide character covers the cell after it.
            if covered > 0 {
                covered -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            covered = symbol.width().saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

impl Write for Ink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn blank(size: Size, ink: &Ink) -> Result<Terminal<CrosstermBackend<Ink>>, Failure> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, size.columns, size.rows));
    let made = Terminal::with_options(CrosstermBackend::new(ink.clone()), TerminalOptions { viewport });
    made.map_err(Failure::failed)
}
