//! What a daemon tells systemd of itself, where it runs under it: that it is ready, that it is alive, that it
//! stops (sd_notify(3)). A few datagrams to the socket that `NOTIFY_SOCKET` names; without it, nothing.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// Most characters of a status line.
const MAX_STATUS: usize = 200;

/// How soon a step of long work is told after another, in milliseconds.
const STEP_MS: u64 = 1_000;

/// How many changeovers are under way.
static CHANGEOVERS: AtomicUsize = AtomicUsize::new(0);
/// When the last step was told, in milliseconds since the first; 0 for never.
static TOLD: AtomicU64 = AtomicU64::new(0);
static FIRST: OnceLock<Instant> = OnceLock::new();

/// The socket to whoever started this process, as its environment named it at the first word.
static SOCKET: OnceLock<Option<UnixDatagram>> = OnceLock::new();

/// It serves from now on; one line says what.
pub fn ready(status: &str) {
    let status: String = status.chars().filter(|c| !c.is_control()).take(MAX_STATUS).collect();
    tell(&format!("READY=1\nSTATUS={status}\n"));
}

/// It is alive and does its work. To be said more often than the unit's `WatchdogSec`.
pub fn alive() {
    tell("WATCHDOG=1\n");
}

/// While this is there, the daemon closes books or opens them, and nobody looks at it once a second: it is alive
/// as long as that comes a step further.
pub struct Changeover(());

impl Changeover {
    #[must_use]
    pub fn begin() -> Self {
        CHANGEOVERS.fetch_add(1, Ordering::Relaxed);
        step();
        Self(())
    }
}

impl Drop for Changeover {
    fn drop(&mut self) {
        CHANGEOVERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Work that may take long has come a step further. It says that the daemon is alive only in a [`Changeover`]:
/// at any other time work beside the writer proves nothing of the writer.
pub fn step() {
    if CHANGEOVERS.load(Ordering::Relaxed) == 0 {
        return;
    }
    let since = FIRST.get_or_init(Instant::now).elapsed().as_millis();
    let now = u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1);
    let told = TOLD.load(Ordering::Relaxed);
    let is_due = told == 0 || now.saturating_sub(told) >= STEP_MS;
    // Of several that come at once, one tells it.
    if is_due && TOLD.compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        alive();
    }
}

/// It is about to end.
pub fn stopping() {
    tell("STOPPING=1\n");
}

fn tell(what: &str) {
    let socket = SOCKET.get_or_init(|| {
        let name = std::env::var_os("NOTIFY_SOCKET")?;
        match connect(name.as_bytes()) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::warn!("{}: systemd cannot be told anything: {error}", name.display());
                None
            }
        }
    });
    if let Some(socket) = socket {
        // A manager that does not listen any more has nothing to be told.
        let _ = socket.send(what.as_bytes());
    }
}

/// A name that begins with `@` is none of the file system's.
fn connect(name: &[u8]) -> io::Result<UnixDatagram> {
    let address = match name.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(std::path::Path::new(std::ffi::OsStr::from_bytes(name)))?,
    };
    let socket = UnixDatagram::unbound()?;
    // Nobody waits for a manager that is busy: a word that is lost is said again in a second.
    socket.set_nonblocking(true)?;
    socket.connect_addr(&address)?;
    Ok(socket)
}
