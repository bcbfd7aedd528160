//! What the windows show: the real loop on a real screen, at a shop made of values. Each is a test only so
//! that this program can start itself in a window as one; run as a test it does nothing.

use std::future::pending;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use kessai_shared::console::{self, Failure};
use kessai_tui_client::app::{Effect, Settings};
use kessai_tui_client::plain;
use kessai_tui_client::runtime::{Perform, Performance, run_with};
use kessai_tui_client::terminal::panics;
use portable_pty::CommandBuilder;

use crate::pty::Window;
use crate::support::{self, World};

/// A window with one of the plays below in it, whose log goes into this folder.
pub fn window(play: &str, folder: &std::path::Path) -> Window {
    Window::open(command(play, folder), 80, 24)
}

/// The command that plays it.
pub fn command(play: &str, folder: &std::path::Path) -> CommandBuilder {
    command_of("played", play, folder)
}

/// The same for a play that stands in another module.
pub fn command_of(module: &str, play: &str, folder: &std::path::Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", &format!("{module}::{play}"), "--ignored", "--nocapture"]);
    command.env("TERM", "xterm-256color");
    command.env("KESSAI_TEST_FOLDER", folder);
    command
}

#[test]
#[ignore = "a part that others start in a window"]
fn shop() {
    play(Arc::new(|effect, _| answered(effect)));
}

#[test]
#[ignore = "a part that others start in a window"]
fn payment_without_an_answer() {
    play(Arc::new(|effect, _| match effect {
        Effect::Pay { .. } => pending().boxed(),
        other => answered(other),
    }));
}

/// The order list's question breaks, in a task.
#[test]
#[ignore = "a part that others start in a window"]
fn task_that_panics() {
    play(Arc::new(|effect, _| match effect {
        Effect::LoadOrders { .. } => async { panic!("the task fell over") }.boxed(),
        other => answered(other),
    }));
}

/// The payment breaks, in a task, and the order is not found out about either.
#[test]
#[ignore = "a part that others start in a window"]
fn payment_that_panics() {
    play(Arc::new(|effect, _| match effect {
        Effect::Pay { .. } => async { panic!("the payment fell over") }.boxed(),
        Effect::LoadOrder { .. } => pending().boxed(),
        other => answered(other),
    }));
}

/// A thread that nobody waits for breaks.
#[test]
#[ignore = "a part that others start in a window"]
fn thread_that_panics() {
    play(Arc::new(|effect, _| match effect {
        Effect::LoadOrders { .. } => {
            std::thread::spawn(|| panic!("the thread fell over"));
            pending().boxed()
        }
        other => answered(other),
    }));
}

/// The thread that draws breaks.
#[test]
#[ignore = "a part that others start in a window"]
fn screen_that_panics() {
    play(Arc::new(|effect, _| match effect {
        Effect::LoadOrders { .. } => panic!("the screen fell over"),
        other => answered(other),
    }));
}

/// A log line that comes while the screen is on, and the mouse as well.
#[test]
#[ignore = "a part that others start in a window"]
fn log_line_and_mouse() {
    console::start();
    let settings = Settings { mouse: true, ..Settings::default() };
    play_with(
        settings,
        Arc::new(|effect, _| match effect {
            Effect::LoadOrders { .. } => {
                tracing::warn!("a line for the log");
                pending().boxed()
            }
            other => answered(other),
        }),
    );
}

#[test]
#[ignore = "a part that others start in a window"]
fn lines() {
    tell(Arc::new(|effect, _| answered(effect)));
}

/// The order list's question breaks, in a task.
#[test]
#[ignore = "a part that others start in a window"]
fn lines_whose_task_panics() {
    tell(Arc::new(|effect, _| match effect {
        Effect::LoadOrders { .. } => async { panic!("the task fell over") }.boxed(),
        other => answered(other),
    }));
}

#[test]
#[ignore = "a part that others start in a window"]
fn lines_that_panic() {
    tell(Arc::new(|effect, _| match effect {
        Effect::LoadOrders { .. } => panic!("the talk fell over"),
        other => answered(other),
    }));
}

fn tell(perform: Perform) {
    let settings = Settings::default();
    on_stage(plain::run_with(perform, pending(), support::cards(), settings, plain::Why::Asked));
}

fn play(perform: Perform) {
    play_with(Settings::default(), perform);
}

fn play_with(settings: Settings, perform: Perform) {
    on_stage(run_with(perform, pending::<Failure>(), support::cards(), settings));
}

pub fn on_stage(act: impl Future<Output = Result<(), Failure>>) {
    let Some(folder) = std::env::var_os("KESSAI_TEST_FOLDER").map(PathBuf::from) else { return };
    if !std::io::stdout().is_terminal() {
        return;
    }
    let runtime = console::runtime().expect("a runtime");
    panics::log_into(&folder);
    let end = runtime.block_on(act);
    // What is said here stands where the shopper's shell goes on.
    let code = match end {
        Ok(()) => 0,
        Err(Failure { line, code }) => {
            println!("\nkessai: {line}");
            i32::from(code)
        }
    };
    std::process::exit(code);
}

/// What the shop made of values says, and of what it has no answer to: nothing, for ever.
fn answered(effect: Effect) -> Performance {
    static WORLD: Mutex<Option<World>> = Mutex::new(None);
    let mut world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    let world = world.get_or_insert_with(|| World::open(80, 24));
    match world.try_answer(&effect) {
        Some(event) => std::future::ready(Some(event)).boxed(),
        // What is only to be kept is kept without a word.
        None if matches!(effect, Effect::KeepCart { .. } | Effect::NoteEnd { .. }) => {
            std::future::ready(None).boxed()
        }
        None => pending().boxed(),
    }
}

/// Puts something into the cart and pays for it.
pub fn pay(window: &mut Window) {
    for (keys, then) in [("a", "Cart 1"), ("c", "Quantity"), ("\r", "Price holds"), ("\r", "Which card?")] {
        window.press(keys);
        window.wait_for(then);
    }
    window.press("\r");
    window.wait_for("Press p to pay");
    window.press("p");
}
