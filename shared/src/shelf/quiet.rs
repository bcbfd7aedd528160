//! Runs sled so that its panics become errors.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use super::ShelfError;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Does some work and turns a panic into an error without printing it.
///
/// The hook of the process is wrapped once and for all, and it stays silent only on a thread that
/// is inside this function: panics elsewhere are printed as ever, even at the same moment.
///
/// # Errors
/// `Sled` with the text of the panic.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, ShelfError> {
    static WRAP_HOOK: Once = Once::new();
    WRAP_HOOK.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.try_with(Cell::get).unwrap_or(false) {
                previous(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    // After a panic nothing that the work touched is used again: a shelf that failed to open was
    // never handed out, and an open one is broken.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    outcome.map_err(|payload| ShelfError::Sled(text(payload.as_ref())))
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    format!("it panicked: {}", text.unwrap_or("without a reason"))
}
