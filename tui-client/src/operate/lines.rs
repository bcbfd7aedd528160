//! The dashboard by lines: nothing is typed, nothing that was written is changed, and no code is sent that
//! only a terminal understands.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use kessai_shared::console::Failure;
use kessai_shared::writer::Clock;

use crate::app::model::Size;
use crate::dashboard::Model;
use crate::dashboard::told::Teller;
use crate::runtime::{Make, Next, Perform, Session, Signals};
use crate::terminal::FAULT;

/// The window that lines are told in, which nobody sees: wide enough that the model asks for the minute over
/// which percentiles are told.
const WINDOW: Size = Size { columns: 80, rows: 24 };

/// Tells what both daemons do until a signal ends it, or nobody reads it any more.
///
/// # Errors
/// [`Failure`] on a signal, and when the output fails.
pub async fn run(
    perform: Perform<Model>,
    make: Make<Model>,
    clock: Clock,
    mut teller: Teller,
) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let model = make(WINDOW, clock());
    let mut session = Session::new(model, perform, clock.clone());
    let mut next = session.begin();
    while next == Next::GoOn {
        if !say(&teller.news(&session.model))? {
            return Ok(());
        }
        let wake = session.model.wake_at().map(|at| Duration::from_micros(at.0.saturating_sub(clock().0)));
        next = tokio::select! {
            biased;
            stop = signals.next() => return Err(stop),
            answer = session.answer() => session.hear(answer),
            () = tokio::time::sleep(wake.unwrap_or_default()), if wake.is_some() => session.tick(),
        };
    }
    Ok(())
}

/// Writes lines; false once nobody reads them, which is no failure, as with `head`.
fn say(lines: &[String]) -> Result<bool, Failure> {
    let mut out = io::stdout().lock();
    let written = lines.iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush());
    match written {
        Ok(()) => Ok(true),
        Err(why) if why.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(why) => Err(Failure { line: format!("the output cannot be written: {why}"), code: FAULT }),
    }
}
