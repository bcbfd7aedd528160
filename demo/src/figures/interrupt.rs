//! Whether somebody wants the run to end. A process that a signal kills outright leaves its namespaces behind, and
//! maybe a party that was stopped for a moment; one that looks now and then leaves nothing.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use kessai_shared::console::{self, Failure};

/// Set once a signal has come, and never taken back.
static WANTED: AtomicBool = AtomicBool::new(false);

/// Listens from now on to SIGINT, SIGTERM and SIGHUP.
///
/// # Errors
/// When the signals cannot be listened to.
pub fn listen() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let request = {
        let _inside = runtime.enter();
        console::stop_request(false)?
    };
    std::thread::spawn(move || {
        runtime.block_on(request);
        WANTED.store(true, Ordering::Relaxed);
    });
    Ok(())
}

/// Whether a signal has come.
pub fn is_wanted() -> bool {
    WANTED.load(Ordering::Relaxed)
}

/// Goes on as long as no signal has come.
///
/// # Errors
/// [`Failure`] once one has.
pub fn check() -> Result<(), Failure> {
    if is_wanted() { Err(stopped()) } else { Ok(()) }
}

/// What is said at the end of a run that was not let finish.
pub fn stopped() -> Failure {
    Failure::failed("stopped by a signal; its networks are removed")
}
