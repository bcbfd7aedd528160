//! Whether a terminal shows what is typed on it while lines are read: everything but what is secret.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// How the terminal was before typing was hidden, while it is.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Whether somebody can type, rather than a pipe be read.
pub fn is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Shows what is typed from now on, or hides it. Without a terminal there is nothing to hide.
///
/// # Errors
/// When the terminal does not do as it is told: then a secret must not be asked for.
pub fn show_typing(shown: bool) -> io::Result<()> {
    let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    let stdin = io::stdin();
    match (shown, before.as_ref()) {
        (true, Some(modes)) => {
            tcsetattr(stdin.as_fd(), OptionalActions::Now, modes)?;
            *before = None;
        }
        (false, None) if stdin.is_terminal() => {
            let modes = tcgetattr(stdin.as_fd())?;
            let mut hidden = modes.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            // The end of the line is shown, so that the next line begins on one of its own.
            hidden.local_modes.insert(LocalModes::ECHONL);
            tcsetattr(stdin.as_fd(), OptionalActions::Now, &hidden)?;
            *before = Some(modes);
        }
        (true, None) | (false, _) => {}
    }
    Ok(())
}
