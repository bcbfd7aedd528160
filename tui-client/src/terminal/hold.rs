//! Who has the terminal: this program while it is taken over, the shell before and after. The one place
//! that changes its modes, so that all of them are undone together.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossterm::cursor::{Hide, SetCursorStyle, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::queue;
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{self, Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use kessai_shared::console;
use rustix::process::{Signal, kill_current_process_group};

use super::echo;

/// Whether the terminal is taken over at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether it is used by lines, so that none of its modes were changed and no codes may be sent to it.
static LINES: AtomicBool = AtomicBool::new(false);
/// Whether the terminal is to tell where the mouse is while it is taken over.
static MOUSE: AtomicBool = AtomicBool::new(false);
/// Held while anything is written, so that a frame is never written onto a terminal given back.
static GATE: Mutex<()> = Mutex::new(());

/// Takes the terminal over; once more when it is already, because it may not be as it was left.
///
/// # Errors
/// When the terminal does not do as it is told.
pub fn take_over() -> io::Result<()> {
    let _gate = gate();
    // A process that was stopped without a warning could not give the terminal back, and raw mode that
    // is thought to be on would not be set again.
    terminal::disable_raw_mode()?;
    terminal::enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    console::keep_log_off_screen(true);
    send(&opening(MOUSE.load(Ordering::SeqCst))?)
}

/// Uses the terminal by lines, as it is. What hides its typing is undone by [`restore`].
pub fn take_lines() {
    let _gate = gate();
    LINES.store(true, Ordering::SeqCst);
    TAKEN.store(true, Ordering::SeqCst);
    console::keep_log_off_screen(true);
}

/// Gives the terminal back. Safe to call from anywhere and any number of times; tells whether there
/// was anything to give back.
pub fn restore() -> bool {
    let _gate = gate();
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return false;
    }
    // A terminal that is gone cannot be restored, and then nobody is there to tell.
    if LINES.swap(false, Ordering::SeqCst) {
        let _ = echo::show_typing(true);
        console::keep_log_off_screen(false);
        return true;
    }
    let _ = closing().and_then(|bytes| send(&bytes));
    let _ = terminal::disable_raw_mode();
    console::keep_log_off_screen(false);
    true
}

/// Whether the terminal is taken over at the moment.
pub fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Whether the terminal tells where the mouse is, from now on and after every resumption.
///
/// # Errors
/// When the terminal cannot be written to.
pub fn watch_mouse(on: bool) -> io::Result<()> {
    let _gate = gate();
    let was = MOUSE.swap(on, Ordering::SeqCst);
    if was == on || !TAKEN.load(Ordering::SeqCst) {
        return Ok(());
    }
    let mut bytes = Vec::new();
    if on {
        queue!(bytes, EnableMouseCapture)?
    } else {
        queue!(bytes, DisableMouseCapture)?
    }
    send(&bytes)
}

/// Writes a frame as a whole, unless the terminal was given back meanwhile.
///
/// # Errors
/// When the terminal cannot be written to.
pub fn write(frame: &[u8]) -> io::Result<()> {
    let _gate = gate();
    if frame.is_empty() || !TAKEN.load(Ordering::SeqCst) { Ok(()) } else { send(frame) }
}

/// Gives the terminal back and stops this process and those it runs with, as a shell expects of a job
/// that is suspended. It may still run for a moment when this returns: it goes on for good only with
/// SIGCONT.
///
/// # Errors
/// When the system does not let it stop itself.
pub fn suspend() -> io::Result<()> {
    restore();
    Ok(kill_current_process_group(Signal::STOP)?)
}

/// Whether somebody is there who could let this process go on after it stopped: a parent in its session,
/// as a shell is. The first process of a terminal window has none, and would hang for ever.
pub fn can_be_resumed() -> bool {
    let Some(own) = Kin::of("self") else { return false };
    let Some(parent) = Kin::of(&own.parent) else { return false };
    own.session == parent.session && own.session != std::process::id().to_string()
}

/// Where a process stands among others, as the system tells. It is read rather than asked for by a call,
/// because a session that began outside the process numbers of a container has the number 0 inside,
/// which the call's library takes for impossible.
struct Kin {
    parent: String,
    session: String,
}

impl Kin {
    fn of(process: &str) -> Option<Self> {
        let told = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name of the program stands in brackets before these and may hold anything.
        let mut after_name = told.rsplit_once(')')?.1.split_whitespace().skip(1);
        let (parent, _group, session) = (after_name.next()?, after_name.next()?, after_name.next()?);
        Some(Self { parent: parent.to_string(), session: session.to_string() })
    }
}

/// What a terminal is sent when a session begins.
///
/// # Errors
/// None that a buffer can have.
pub fn opening(mouse: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, Clear(ClearType::All), EnableBracketedPaste, Hide)?;
    if mouse {
        queue!(bytes, EnableMouseCapture)?;
    }
    Ok(bytes)
}

/// What a terminal is sent when a session ends: everything that any part of it may have switched on is
/// switched off, whether it is known to be on or not.
///
/// # Errors
/// None that a buffer can have.
pub fn closing() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    queue!(bytes, SetAttribute(Attribute::Reset), DisableMouseCapture, DisableBracketedPaste)?;
    queue!(bytes, SetCursorStyle::DefaultUserShape, LeaveAlternateScreen, Show)?;
    Ok(bytes)
}

fn send(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn gate() -> MutexGuard<'static, ()> {
    GATE.lock().unwrap_or_else(PoisonError::into_inner)
}
