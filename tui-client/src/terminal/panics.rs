//! What a panic does. One in the thread that draws ends the session, with the terminal given back first.
//! One anywhere else, in a task or in a thread of the network's, does not: it is written down, nothing of it
//! goes on the screen, and the session is told.

use std::cell::Cell;
use std::future::Future;
use std::panic::PanicHookInfo;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Mutex, Once, PoisonError};
use std::task::{Context, Poll};
use std::thread::ThreadId;

use kessai_shared::console::{self, Failure};
use kessai_shared::time::Timestamp;
use tokio::sync::Notify;

use super::{FAULT, hold};

/// The log of a terminal, in its own folder.
pub const LOG_FILE: &str = "kessai.log";

/// The thread that draws, while one does.
static DRAWS: Mutex<Option<ThreadId>> = Mutex::new(None);
static SAID: Mutex<Option<String>> = Mutex::new(None);
static ELSEWHERE: Notify = Notify::const_new();
static HOOK: Once = Once::new();

thread_local! {
    /// Whether this thread is running a task of the session, rather than the session.
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
}

/// Says what becomes of panics from here on; the thread that calls this is the one that draws.
pub fn watch() {
    *held(&DRAWS) = Some(std::thread::current().id());
    HOOK.call_once(hook);
}

/// Where panics of tasks, and log lines while a session is on, are written.
pub fn log_into(folder: &Path) {
    console::log_beside_screen(folder.join(LOG_FILE));
}

/// Resolves when something panicked that is not the thread that draws.
pub async fn elsewhere() {
    ELSEWHERE.notified().await;
}

/// What the panic that ended the session said, as one line.
pub fn failure() -> Failure {
    let line = held(&SAID).take().unwrap_or_else(|| "internal error".to_owned());
    Failure { line, code: FAULT }
}

/// A task of the session: when it panics, that is no panic of the thread that draws, even where one
/// thread runs both.
pub struct Contained<F>(pub F);

impl<F: Future + Unpin> Future for Contained<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _inside = Inside(IN_TASK.replace(true));
        Pin::new(&mut self.0).poll(context)
    }
}

/// Says again, however a poll ends, what was said before it.
struct Inside(bool);

impl Drop for Inside {
    fn drop(&mut self) {
        IN_TASK.set(self.0);
    }
}

// The screen goes back first: a message on the other screen would vanish with it. The message itself is
// left to whoever runs the session, because only one line of it is for people.
fn hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let draws = *held(&DRAWS) == Some(std::thread::current().id()) && !IN_TASK.get();
        if draws && hold::restore() {
            *held(&SAID) = Some(one_line(info));
        } else if !draws && hold::is_taken() {
            write_down(&one_line(info));
            ELSEWHERE.notify_one();
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

fn write_down(line: &str) {
    console::write_beside_screen(&format!("{} {line}", Timestamp::from_system_clock()));
}

fn held<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
