//! A descriptor that whoever started this process opened for it, as systemd hands them over:
//! `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` of sd_listen_fds(3).

use std::io;
use std::os::fd::{IntoRawFd, OwnedFd};

use super::HANDED_NAME;
use super::ethernet::ETHER_TYPE;
use crate::net::packet::{PacketSocket, Protocol};

/// Most descriptors that are looked at.
const MAX_HANDED: u32 = 64;

/// The line that was handed over, when one was.
///
/// # Errors
///
/// When it is no line, or not the one of this interface.
pub(super) fn over(interface: &str) -> io::Result<Option<PacketSocket>> {
    let count = std::env::var("LISTEN_FDS").ok().and_then(|count| count.parse::<u32>().ok());
    if count.is_some_and(|count| count > MAX_HANDED) {
        return Err(not_understood());
    }
    let handed = sd_listen_fds::get().map_err(|_| not_understood())?;
    let mut line = None;
    for (name, descriptor) in handed {
        let descriptor = OwnedFd::from(descriptor.into_std());
        if name.as_deref() == Some(HANDED_NAME) && line.is_none() {
            line = Some(descriptor.try_clone());
        }
        // What was handed over stays open: the next to ask is told of it again, and a number that the
        // environment names wrongly is not ours to close.
        let _ = descriptor.into_raw_fd();
    }
    let Some(line) = line else { return Ok(None) };
    PacketSocket::inherited(line?, Some(interface), Protocol::Ether(ETHER_TYPE)).map(Some).map_err(|error| {
        io::Error::new(error.kind(), format!("the descriptor {HANDED_NAME} is not this line: {error}"))
    })
}

fn not_understood() -> io::Error {
    let why = format!("LISTEN_FDS is no number of descriptors up to {MAX_HANDED}");
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
