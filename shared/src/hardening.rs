//! What keeps the memory of a process to itself: no core file, no reader of the same user, no swap.
//!
//! Card data and keys are wiped when they are dropped, but while they are in use they are in memory,
//! and a core file or a swapped page would keep them for years.

use std::fmt;
use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// The pages may be swapped out. The line says how to allow them to be locked.
#[derive(Debug)]
pub struct Unlocked(io::Error);

/// Keeps this process from leaving a core file, and from being read by processes of the same user.
///
/// The limit alone would not do: where the kernel pipes core files into a program it does not count.
/// The other way round, the flag alone is lost with the next `exec`, and the limit is not.
///
/// # Errors
/// When the system refuses; then a crash may leave a core file.
pub fn forbid_dumps() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

/// Keeps all pages of this process, those of later too, out of the swap. Called before there are
/// other threads.
///
/// Pages are locked as they are touched and not when they are mapped: a daemon maps hundreds of
/// megabytes of stacks and arenas that it never touches, and they are to cost nothing.
///
/// # Errors
/// [`Unlocked`] when the limit on locked memory is in the way. A process that is over its limit
/// could not map anything any more, so it is all pages or none.
pub fn lock_memory() -> Result<(), Unlocked> {
    let given = getrlimit(Resource::Memlock);
    // Any process may raise its own limit as far as its hard limit goes.
    let raised = Rlimit { current: given.maximum, maximum: given.maximum };
    setrlimit(Resource::Memlock, raised).map_err(unlocked)?;
    if given.maximum.is_none() {
        return lock_all();
    }
    // With a limit of nothing only a process that is privileged, and so never held to any limit, can
    // lock at all. A capability by itself proves less: in a container it may not count.
    let nothing = Rlimit { current: Some(0), maximum: given.maximum };
    setrlimit(Resource::Memlock, nothing).map_err(unlocked)?;
    let locked = lock_all();
    setrlimit(Resource::Memlock, raised).map_err(unlocked)?;
    locked
}

fn lock_all() -> Result<(), Unlocked> {
    let pages = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    mlockall(pages).map_err(unlocked)
}

fn unlocked(error: rustix::io::Errno) -> Unlocked {
    Unlocked(error.into())
}

impl fmt::Display for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "memory is not locked and may be swapped out ({}); allow it with LimitMEMLOCK=infinity in the \
             systemd unit or with ulimit -l unlimited, or run without swap",
            self.0
        )
    }
}

impl std::error::Error for Unlocked {}
