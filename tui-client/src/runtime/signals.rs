//! The signals that ask this program to stop. It stops the ordinary way, so that the terminal is
//! given back.

use std::sync::{Mutex, PoisonError};

use tokio::signal::unix::{Signal, SignalKind, signal};

use kessai_shared::console::Failure;

use crate::terminal::FAULT;

/// What a shell adds to a signal's number to make an exit code of it.
const SIGNAL_BASE: u8 = 128;

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
    terminate: Signal,
}

impl Signals {
    pub fn listen() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind)
                .map_err(|why| Failure { line: format!("signals cannot be heard: {why}"), code: FAULT })
        };
        Ok(Self {
            hangup: on(SignalKind::hangup())?,
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
        })
    }

    pub async fn next(&mut self) -> Failure {
        let (name, number) = tokio::select! {
            _ = self.hangup.recv() => ("SIGHUP", 1),
            _ = self.interrupt.recv() => ("SIGINT", 2),
            _ = self.terminate.recv() => ("SIGTERM", 15),
        };
        Failure { line: format!("stopped by {name}"), code: SIGNAL_BASE + number }
    }
}
