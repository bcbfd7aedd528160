//! The signals that ask this program to stop. It stops the ordinary way, so that the terminal is
//! given back.

use std::sync::{Mutex, PoisonError};

use tokio::signal::unix::{Signal, SignalKind, signal};

use kessai_shared::console::Failure;

use crate::terminal::FAULT;

/// What a shell adds to a signal's number to make an exit code of it.
const SIGNAL_BASE: u8 = 128;

/// SIGTSTP and SIGCONT, which the runtime has no names for.
const STOP: i32 = rustix::process::Signal::TSTP.as_raw();
const GO_ON: i32 = rustix::process::Signal::CONT.as_raw();

/// Carries something out until a signal ends it, and so what it holds is dropped in good order.
///
/// # Errors
/// [`Failure`] of its own, or with the signal's name.
pub async fn stoppable<T>(act: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        biased;
        stop = signals.next() => {
            let advice = ADVICE.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
            Err(Failure { line: format!("{}{advice}", stop.line), ..stop })
        }
        end = act => end,
    }
}

/// What whoever stops this program now should be told to do.
static ADVICE: Mutex<Option<String>> = Mutex::new(None);

/// Sets what to tell whoever stops this program from here on.
pub fn advise(advice: &str) {
    *ADVICE.lock().unwrap_or_else(PoisonError::into_inner) = Some(advice.to_owned());
}

pub struct Signals {
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
}

impl Signals {
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self {
            hangup: on(SignalKind::hangup())?,
            interrupt: on(SignalKind::interrupt())?,
            quit: on(SignalKind::quit())?,
            terminate: on(SignalKind::terminate())?,
        })
    }

    pub async fn next(&mut self) -> Failure {
        self.asked().await.failure()
    }

    /// Which of them comes next.
    pub async fn asked(&mut self) -> Asked {
        tokio::select! {
            _ = self.hangup.recv() => Asked::Hangup,
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.quit.recv() => Asked::Quit,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}

/// A signal that asks this program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Hangup,
    Interrupt,
    Quit,
    Terminate,
}

impl Asked {
    /// What stopping for it ends with.
    pub fn failure(self) -> Failure {
        let (name, number) = match self {
            Asked::Hangup => ("SIGHUP", 1),
            Asked::Interrupt => ("SIGINT", 2),
            Asked::Quit => ("SIGQUIT", 3),
            Asked::Terminate => ("SIGTERM", 15),
        };
        Failure { line: format!("stopped by {name}"), code: SIGNAL_BASE + number }
    }
}

/// The signals with which a shell stops a job and lets it go on.
pub struct JobControl {
    stop: Signal,
    go_on: Signal,
}

/// What somebody outside wants of this process, or has done to it.
pub enum Job {
    Stop,
    /// It was stopped, by itself or without a warning, and goes on.
    GoOn,
}

impl JobControl {
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self { stop: on(SignalKind::from_raw(STOP))?, go_on: on(SignalKind::from_raw(GO_ON))? })
    }

    pub async fn next(&mut self) -> Job {
        tokio::select! {
            _ = self.stop.recv() => Job::Stop,
            _ = self.go_on.recv() => Job::GoOn,
        }
    }

    /// Waits until the process goes on after it stopped.
    pub async fn resumed(&mut self) {
        self.go_on.recv().await;
    }
}

fn on(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|why| Failure { line: format!("signals cannot be heard: {why}"), code: FAULT })
}
