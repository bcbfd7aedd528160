//! What a daemon tells systemd of itself, where it runs under it: that it is ready, that it is alive, that it
//! stops (sd_notify(3)). A few datagrams to the socket that `NOTIFY_SOCKET` names; without it, nothing.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::OnceLock;

/// Most characters of a status line.
const MAX_STATUS: usize = 200;

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
