//! What every program of ours does on its way in and out: log lines, signals, exit codes.

mod line;
mod log;

pub use line::LogFormat;
pub use log::{keep_log_off_screen, log_beside_screen, write_beside_screen};

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use crate::hardening::{self, Unlocked};
use crate::notify;

/// Everything went as asked.
pub const OK: u8 = 0;
/// Something is wrong, and the line on standard error says what.
pub const FAILED: u8 = 1;
/// Another node of the shop is in charge, so this one has ended: it is not to be started again as it is.
pub const FENCED: u8 = 3;
/// Whoever read what a command printed has gone: what a shell shows of a program that SIGPIPE has ended.
pub const UNREAD: u8 = 128 + 13;
/// The command line or a configuration file is not as it should be.
pub const USAGE: u8 = 2;

/// What the names of our own crates begin with.
const OURS: &str = "kessai";

/// How the standard library begins to say that it could not print, and what it says of a pipe that nobody reads.
const NOT_PRINTED: &str = "failed printing to stdout: ";
const UNREAD_PIPE: &str = "Broken pipe";

/// Why the start could not lock the memory of this process, if it could not.
static UNLOCKED: OnceLock<Unlocked> = OnceLock::new();

/// How a command that did not succeed ends: a line for people and a code for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: u8,
    pub line: String,
}

impl Failure {
    pub fn usage(line: impl std::fmt::Display) -> Self {
        Self { code: USAGE, line: line.to_string() }
    }
}

impl Failure {
    pub fn failed(line: impl std::fmt::Display) -> Self {
        Self { code: FAILED, line: line.to_string() }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { code: FAILED, line: error.to_string() }
    }
}

/// Ends a program: says what is wrong, if something is.
pub fn exit(program: &str, end: Result<u8, Failure>) -> ExitCode {
    match end {
        Ok(code) => ExitCode::from(code),
        Err(Failure { code, line }) => {
            line.lines().for_each(|line| eprintln!("{program}: {line}"));
            ExitCode::from(code)
        }
    }
}

/// The first thing that every program of ours does: it keeps its memory to itself, and writes log
/// lines to standard error: what an operator should know, or what `RUST_LOG` names the level of. From
/// `debug` on each leg of each order has a line.
pub fn start() {
    end_quietly_when_unread();
    // First of all, so that there is nothing yet that a core file or the swap could have.
    let forbidden = hardening::forbid_dumps();
    let locked = hardening::lock_memory();
    let level = std::env::var("RUST_LOG").ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(Level::INFO);
    // Whoever follows an order does not want every packet of the libraries below.
    let others = if level == Level::TRACE { level } else { level.min(Level::INFO) };
    let subscriber = tracing_subscriber::fmt()
        .with_writer(|| log::LogLine)
        .event_format(line::Lines::new())
        .with_max_level(level)
        .finish()
        .with(Targets::new().with_target(OURS, level).with_default(others));
    // Only a second start in one process fails, and the first one serves as well.
    let _ = tracing::subscriber::set_global_default(subscriber);
    if let Err(error) = forbidden {
        tracing::warn!("a crash may leave a core file: {error}");
    }
    if let Err(unlocked) = locked {
        // Most shoppers may not lock memory and can do nothing about it, so only daemons say it.
        let _ = UNLOCKED.set(unlocked);
    }
}

/// Has a program end without a word when nobody reads any more what it prints, as in `| head`. The standard
/// library panics then, and to bring back the signal that ends others takes unsafe code.
fn end_quietly_when_unread() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        match panic.payload().downcast_ref::<String>().and_then(|said| said.strip_prefix(NOT_PRINTED)) {
            Some(why) if why.contains(UNREAD_PIPE) => std::process::exit(UNREAD.into()),
            Some(why) => {
                eprintln!("standard output cannot be written: {why}");
                std::process::exit(FAILED.into());
            }
            None => before(panic),
        }
    }));
}

/// Tells the operator of a daemon that is ready when its memory may be swapped out.
pub fn warn_if_unlocked() {
    if let Some(unlocked) = UNLOCKED.get() {
        tracing::warn!("{unlocked}");
    }
}

/// The data folder that was named, or the program's own in the user's data folder.
///
/// # Errors
/// [`Failure`] when there is no home folder to put it in.
pub fn data_folder(named: Option<&Path>, program: &str) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let home = directories::ProjectDirs::from("", "", program);
    let home = home.ok_or_else(|| Failure::usage("there is no home folder; name one with --data DIR"))?;
    Ok(home.data_dir().to_owned())
}

/// The runtime of a daemon or a command, on half of the processors. A request passes through several
/// tasks, and waking another thread for each costs more than what the task does; and the writer and
/// the other daemon want processors of their own. `TOKIO_WORKER_THREADS` says otherwise.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    runtime_of_least(1)
}

/// The same, on so many threads at least: for whoever serves strangers, so that the work for one of them
/// leaves a thread to those who are known.
///
/// # Errors
/// As [`runtime`].
pub fn runtime_of_least(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        builder.worker_threads((processors / 2).max(threads));
    }
    builder.enable_all().build()
}

/// Waits for somebody to stop this process: SIGTERM, SIGINT, SIGHUP, or, when `with_parent` is set,
/// the end of standard input, which comes when the parent is gone however it went.
///
/// # Errors
/// When the signals cannot be listened to.
pub fn stop_request(with_parent: bool) -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        let parent_gone = async {
            let mut stdin = tokio::io::stdin();
            let mut byte = [0; 64];
            while matches!(stdin.read(&mut byte).await, Ok(1..)) {}
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
            () = parent_gone, if with_parent => {}
        }
        notify::stopping();
    })
}
