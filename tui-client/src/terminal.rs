//! The terminal while a session has it: what is drawn on it, and where it is taken over and given back.

pub mod echo;
pub mod hold;
pub mod panics;

use std::io::{self, IsTerminal, Write};

use crossterm::queue;
use crossterm::terminal::{Clear, ClearType};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::{Frame, Terminal};

use kessai_shared::console::Failure;

use crate::app::model::Size;
use crate::picture::Painter;
use crate::runtime::Program;
use crate::view::Drawn;
pub use hold::restore;

/// Exit code when the terminal cannot show what this program shows.
pub const UNSUITABLE: u8 = 2;
/// Exit code when the session ended by a fault.
pub const FAULT: u8 = 1;

/// The terminal while it is taken over. Dropping it gives the terminal back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<FrameWriter>>,
    drawn: Drawn,
    painter: Painter,
    /// The cells that the terminal shows, once it shows any.
    shown: Option<Buffer>,
}

/// Kinds of terminals that cannot move their cursor (terminfo).
const DUMB: [&str; 3] = ["dumb", "unknown", ""];

/// Whether somebody sits at a terminal that cannot move its cursor.
pub fn is_dumb() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| DUMB.iter().any(|kind| term == *kind));
    dumb && io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// Whether this terminal can be taken over. Writes nothing to it.
///
/// # Errors
/// [`Failure`] with [`UNSUITABLE`] when input or output is no terminal, or one that cannot move its
/// cursor.
pub fn check() -> Result<(), Failure> {
    let unsuitable = |line: &str| Err(Failure { line: line.to_owned(), code: UNSUITABLE });
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return unsuitable(
            "this needs a terminal: input and output must not be redirected; --plain works without one",
        );
    }
    if is_dumb() {
        return unsuitable("this needs a terminal that can move its cursor; --plain works without one");
    }
    Ok(())
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// [`Failure`] as [`check`], and when the terminal does not do as it is told.
    pub fn enter() -> Result<Self, Failure> {
        check()?;
        panics::watch();
        hold::take_over().map_err(give_up)?;
        let terminal = blank(Vec::new()).map_err(give_up)?;
        Ok(Self { terminal, drawn: Drawn::default(), painter: Painter::default(), shown: None })
    }

    /// Takes the terminal over once more, after this process was stopped: whoever had it meanwhile has
    /// left modes and text of their own. The next frame is drawn whole.
    ///
    /// # Errors
    /// [`Failure`] when the terminal does not do as it is told.
    pub fn resume(&mut self) -> Result<(), Failure> {
        hold::take_over().map_err(give_up)?;
        self.begin_anew(Vec::new())
    }

    /// Draws the next frame whole, because the window has changed its size: what it did with what it showed
    /// is not known, not even when it has its old size again.
    ///
    /// # Errors
    /// [`Failure`] when the terminal does not do as it is told.
    pub fn resized(&mut self) -> Result<(), Failure> {
        let mut clear = Vec::new();
        queue!(clear, Clear(ClearType::All)).map_err(give_up)?;
        self.begin_anew(clear)
    }

    // Clearing it through the old one would ask the terminal where its cursor is, and its answer would have
    // to be picked out of the keys.
    fn begin_anew(&mut self, first: Vec<u8>) -> Result<(), Failure> {
        self.terminal = blank(first).map_err(give_up)?;
        self.painter.forget();
        self.shown = None;
        Ok(())
    }

    /// How large the terminal is now.
    ///
    /// # Errors
    /// [`Failure`] when it does not say.
    pub fn size(&self) -> Result<Size, Failure> {
        let size = self.terminal.size().map_err(give_up)?;
        Ok(Size { columns: size.width, rows: size.height })
    }

    /// Draws what of the model's screen is not shown yet. When all of it is, nothing at all is written.
    ///
    /// # Errors
    /// [`Failure`] when the terminal does not take it.
    pub fn draw(&mut self, model: &impl Program) -> Result<(), Failure> {
        hold::watch_mouse(model.settings().mouse).map_err(give_up)?;
        self.terminal.autoresize().map_err(give_up)?;
        let mut cells = Buffer::empty(self.terminal.get_frame().area());
        let drawn = model.draw(&mut cells);
        model.paint(&mut self.painter, &drawn, &mut cells);
        if self.shown.as_ref() != Some(&cells) || drawn.cursor != self.drawn.cursor {
            let mut fits = true;
            let put = |frame: &mut Frame<'_>| {
                fits = frame.area() == cells.area;
                if !fits {
                    // The window was changed since it was measured.
                    paint(frame, model);
                    return;
                }
                frame.buffer_mut().clone_from(&cells);
                if let Some(cursor) = drawn.cursor {
                    frame.set_cursor_position(cursor);
                }
            };
            self.terminal.draw(put).map_err(give_up)?;
            self.shown = fits.then_some(cells);
        }
        self.drawn = drawn;
        Ok(())
    }

    /// What the last drawing told besides its cells.
    pub fn drawn(&self) -> &Drawn {
        &self.drawn
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// A terminal that shows nothing, once it has been sent what it is to be sent first.
fn blank(first: Vec<u8>) -> io::Result<Terminal<CrosstermBackend<FrameWriter>>> {
    Terminal::new(CrosstermBackend::new(FrameWriter { frame: first }))
}

/// Draws the model into a frame, whatever the frame goes to.
pub fn paint(frame: &mut Frame<'_>, model: &impl Program) -> Drawn {
    let drawn = model.draw(frame.buffer_mut());
    if let Some(cursor) = drawn.cursor {
        frame.set_cursor_position(cursor);
    }
    drawn
}

/// Collects a frame and writes it as a whole, unless the terminal was given back meanwhile.
struct FrameWriter {
    frame: Vec<u8>,
}

impl Write for FrameWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        hold::write(&self.frame)?;
        self.frame.clear();
        Ok(())
    }
}

// Some of the terminal may have been taken over already when the rest of it fails.
fn give_up(why: io::Error) -> Failure {
    restore();
    Failure { line: format!("the terminal cannot be used: {why}"), code: FAULT }
}
