//! One host: a network namespace, and how to do things in it.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::thread;

use kessai_shared::console::Failure;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Where iproute2 keeps namespaces by their names.
const NAMESPACES: &str = "/run/netns";
/// What keeps a host from talking IPv6 by itself, which nobody here wants to read.
const IPV6_OFF: [&str; 2] =
    ["/proc/sys/net/ipv6/conf/all/disable_ipv6", "/proc/sys/net/ipv6/conf/default/disable_ipv6"];

/// Whether a host is a router, which a new namespace may have taken over from the machine, and nobody here is
/// unless he is told to.
const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// A host of a [`super::Lan`].
#[derive(Clone, Debug)]
pub struct Host {
    name: String,
    namespace: String,
}

impl Host {
    pub(super) fn of(name: &str, namespace: String) -> Self {
        Self { name: name.to_owned(), namespace }
    }

    /// What it was called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its namespace, for `ip netns exec`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Does something on this host. Sockets that are opened and processes that are started there stay on it,
    /// whoever uses them afterwards.
    ///
    /// # Errors
    /// [`Failure`] when the namespace cannot be entered.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Result<T, Failure> {
        let path = PathBuf::from(NAMESPACES).join(&self.namespace);
        let wrong = |error: &dyn std::fmt::Display| Failure::failed(format!("{}: {error}", path.display()));
        let namespace = File::open(&path).map_err(|error| wrong(&error))?;
        // A thread of its own: one that moved could not be trusted with anything else afterwards.
        thread::scope(|scope| {
            let acting = scope.spawn(|| {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
                Ok(act())
            });
            match acting.join() {
                Ok(done) => done.map_err(|error: rustix::io::Errno| wrong(&error)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Sets a kernel parameter of this host alone, by its path below `/proc/sys`.
    ///
    /// # Errors
    /// [`Failure`] when the kernel refuses it.
    pub fn sysctl(&self, path: &str, value: &str) -> Result<(), Failure> {
        let path = PathBuf::from("/proc/sys").join(path);
        self.inside(|| std::fs::write(&path, value))?
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
    }

    /// Turns IPv6 off, where the kernel has any, and forwarding.
    pub(super) fn quiet(&self) -> Result<(), Failure> {
        self.inside(|| {
            for path in IPV6_OFF {
                let _ = std::fs::write(path, "1");
            }
            // Where the settings cannot be written, it is enough that nothing has to be.
            match std::fs::write(FORWARDING, "0") {
                Err(_) if std::fs::read_to_string(FORWARDING).is_ok_and(|is| is.trim() == "0") => Ok(()),
                written => written,
            }
        })?
        .map_err(|error| Failure::failed(format!("{FORWARDING}: {error}")))
    }
}
