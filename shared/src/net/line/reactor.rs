//! A descriptor that tokio watches.
#![allow(unsafe_code, reason = "tokio takes it on trust that a descriptor stays open while it is watched")]

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Has a descriptor watched, for as long as what this gives is there.
pub(super) fn watch(descriptor: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is one open descriptor, the same one always, until it is dropped; and the
    // `AsyncFd` that owns it stops watching before that.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, interest) }?)
}
