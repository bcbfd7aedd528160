//! A line with two ends and nobody else on it, and no IP: QUIC's datagrams as Ethernet frames, or as Unix
//! datagrams on one host.

mod card;
mod ethernet;
mod handed;
pub mod opener;
mod reactor;
mod socket;
mod unix;

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use quinn::AsyncUdpSocket;

use super::packet::Mac;
use super::side::End;
use socket::LineSocket;

pub use ethernet::ETHER_TYPE;

/// The name under which the descriptor of a line is handed over (`LISTEN_FDNAMES`).
pub const HANDED_NAME: &str = "kessai-line";

/// What a line is made of.
trait Wire: fmt::Debug + Send + Sync + 'static {
    /// What has to be readable before something can have come, and writable before something can go. It is
    /// asked for once.
    fn ends(&self) -> io::Result<(OwnedFd, OwnedFd)>;

    /// Sends a datagram. `WouldBlock` when there is no room for it now, and the descriptor to send on becomes
    /// writable when there is; whatever else goes wrong, it is lost, as datagrams may be.
    fn send(&self, datagram: &[u8]) -> io::Result<()>;

    /// Takes the next datagram into `buffer` and gives its length; `None` for something that is none of ours.
    /// `WouldBlock` when nothing came.
    fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>>;
}

/// The end of a line of Ethernet frames. The descriptor is taken from whoever started this process when there
/// is one, and opened otherwise.
///
/// # Errors
///
/// When the interface is not there, has an address, or is too short for QUIC; when the descriptor is another
/// one than the configuration says, or there is none and this process may not open one.
pub(super) fn ethernet(end: End, interface: &str, peer: Option<Mac>) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    let socket = match handed::over(interface)? {
        Some(socket) => socket,
        None => {
            let socket = card::open(interface).map_err(|error| {
                let way = match error.kind() {
                    io::ErrorKind::PermissionDenied => "; start this with open-line",
                    _ => "",
                };
                io::Error::new(error.kind(), format!("{error}{way}"))
            })?;
            tracing::warn!(
                "this process opened interface {interface} itself, so it has privileges that it does not need; \
                 start it with open-line"
            );
            socket
        }
    };
    Ok(Arc::new(LineSocket::new(ethernet::Ethernet::over(socket, peer)?, end)?))
}

/// The end of a line of Unix datagrams.
///
/// # Errors
///
/// When the folder cannot be made, others may write to it, or another process has this end already.
pub(super) fn unix(end: End, folder: &Path) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    Ok(Arc::new(LineSocket::new(unix::Unix::join(end, folder)?, end)?))
}

#[cfg(test)]
mod tests;
