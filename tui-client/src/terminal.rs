//! Taking the terminal over, and giving it back whole whatever happens.

use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::Notify;

use kessai_shared::console::Failure;

use crate::app::Model;
use crate::app::model::Size;
use crate::view::{self, Theme};

/// Exit code when the terminal cannot show what this program shows.
pub const UNSUITABLE: u8 = 2;
/// Exit code when the session ended by a fault.
pub const FAULT: u8 = 1;

/// The terminal while it is taken over. Dropping it gives the terminal back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<FrameWriter>>,
    theme: Theme,
}

/// Whether the terminal is taken over at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Held while anything is written, so that a frame is never written onto a terminal given back.
static GATE: Mutex<()> = Mutex::new(());
static PANIC: Mutex<Option<String>> = Mutex::new(None);
static PANICKED: Notify = Notify::const_new();
static HOOK: Once = Once::new();

/// Whether this terminal can be taken over. Writes nothing to it.
///
/// # Errors
/// [`Failure`] with [`UNSUITABLE`] when input or output is no terminal, or one that cannot move its
/// cursor.
pub fn check() -> Result<(), Failure> {
    let unsuitable = |line: &str| Err(Failure { line: line.to_owned(), code: UNSUITABLE });
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return unsuitable("this needs a terminal: input and output must not be redirected");
    }
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return unsuitable("this needs a terminal that can move its cursor: TERM is dumb");
    }
    Ok(())
}

/// Gives the terminal back. Safe to call from anywhere and any number of times; tells whether there
/// was anything to give back.
pub fn restore() -> bool {
    let _gate = gate();
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return false;
    }
    // A terminal that is gone cannot be restored, and then nobody is there to tell.
    let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = terminal::disable_raw_mode();
    true
}

/// Resolves when a panic anywhere in the process has made the screen be given back.
pub async fn panicked() -> Failure {
    PANICKED.notified().await;
    panic_failure()
}

/// What the last panic said, as one line.
pub fn panic_failure() -> Failure {
    let said = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    let line = said.unwrap_or_else(|| "internal error".to_owned());
    Failure { line, code: FAULT }
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// [`Failure`] as [`check`], and when the terminal does not do as it is told.
    pub fn enter() -> Result<Self, Failure> {
        check()?;
        HOOK.call_once(hook_panics);
        take_over().map_err(give_up)?;
        let backend = CrosstermBackend::new(FrameWriter { frame: Vec::new() });
        let terminal = Terminal::new(backend).map_err(give_up)?;
        let theme = Theme::from_no_color(std::env::var("NO_COLOR").ok().as_deref());
        Ok(Self { terminal, theme })
    }

    pub fn size(&self) -> Result<Size, Failure> {
        let size = self.terminal.size().map_err(give_up)?;
        Ok(Size { columns: size.width, rows: size.height })
    }

    pub fn draw(&mut self, model: &Model) -> Result<(), Failure> {
        let theme = self.theme;
        let drawn = self.terminal.draw(|frame| view::draw(model, theme, frame.buffer_mut()));
        drawn.map(drop).map_err(give_up)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
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
        let _gate = gate();
        let frame = std::mem::take(&mut self.frame);
        if frame.is_empty() || !TAKEN.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        out.write_all(&frame)?;
        out.flush()
    }
}

fn take_over() -> io::Result<()> {
    let _gate = gate();
    terminal::enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    queue!(out, EnterAlternateScreen, EnableBracketedPaste, Hide)?;
    out.flush()
}

// The screen goes back first: a message on the other screen would vanish with it. The message
// itself is left to whoever runs the session, because only one line of it is for people.
fn hook_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if restore() {
            *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(one_line(info));
            PANICKED.notify_one();
        } else {
            before(info);
        }
    }));
}

fn one_line(info: &PanicHookInfo<'_>) -> String {
    let said = info.payload().downcast_ref::<&str>().copied();
    let said = said.or_else(|| info.payload().downcast_ref::<String>().map(String::as_str));
    let said = said.and_then(|said| said.lines().next()).unwrap_or("no words");
    let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
    format!("internal error: {said}{}", place.unwrap_or_default())
}

fn gate() -> MutexGuard<'static, ()> {
    GATE.lock().unwrap_or_else(PoisonError::into_inner)
}

// Some of the terminal may have been taken over already when the rest of it fails.
fn give_up(why: io::Error) -> Failure {
    restore();
    Failure { line: format!("the terminal cannot be used: {why}"), code: FAULT }
}
