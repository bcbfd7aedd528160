//! Networks of our own: hosts and wires as network namespaces, which nothing outside can reach, and
//! which are gone when we are.

mod carrier;
mod enter;
mod host;
mod ip;
mod wire;

use std::cell::RefCell;

use kessai_shared::console::Failure;

pub use carrier::{Carrier, Faults};
pub use enter::{enter, may};
pub use host::Host;
pub use wire::{Port, Wire};

/// Hosts and wires that belong together. They are deleted with it.
pub struct Lan {
    /// What the names of all its namespaces begin with.
    prefix: String,
    namespaces: RefCell<Vec<String>>,
}

impl Lan {
    /// A place for hosts and wires. `tag` tells several of one process apart, and goes into the names of the
    /// namespaces.
    ///
    /// # Errors
    /// [`Failure`] with a line on why there can be no namespaces.
    pub fn new(tag: &str) -> Result<Self, Failure> {
        may().map_err(Failure::failed)?;
        Ok(Self { prefix: format!("kessai-{tag}-{}", std::process::id()), namespaces: RefCell::default() })
    }

    /// A host without any wire. Names are short: they become names of interfaces.
    ///
    /// # Errors
    /// [`Failure`] when the kernel makes none.
    pub fn host(&self, name: &str) -> Result<Host, Failure> {
        let namespace = self.namespace(name)?;
        let host = Host::of(name, namespace);
        host.quiet()?;
        ip::run(&["-n", host.namespace(), "link", "set", "lo", "up"])?;
        Ok(host)
    }

    /// A wire that joins hosts, each with an address such as `10.77.0.1/24` on it, or none. It is a hub:
    /// whatever one sends, all others see, so that a stranger at it reads everything. The interface of a host
    /// has the wire's name.
    ///
    /// # Errors
    /// [`Failure`] when a name is too long, or the kernel makes none.
    pub fn wire(&self, name: &str, ends: &[(&Host, Option<&str>)]) -> Result<Wire, Failure> {
        let hub = Host::of(name, self.namespace(&format!("wire-{name}"))?);
        hub.quiet()?;
        let ports = wire::lay(name, &hub, ends)?;
        wire::join(&hub, &ports)?;
        Ok(Wire { name: name.to_owned(), hub, ports })
    }

    /// As [`Lan::wire`], but nothing joins its ports until a [`Carrier`] does, which can be a bad one.
    ///
    /// # Errors
    /// As [`Lan::wire`].
    pub fn open_wire(&self, name: &str, ends: &[(&Host, Option<&str>)]) -> Result<Wire, Failure> {
        let hub = Host::of(name, self.namespace(&format!("wire-{name}"))?);
        hub.quiet()?;
        let ports = wire::lay(name, &hub, ends)?;
        Ok(Wire { name: name.to_owned(), hub, ports })
    }

    fn namespace(&self, name: &str) -> Result<String, Failure> {
        let namespace = format!("{}-{name}", self.prefix);
        ip::run(&["netns", "add", &namespace])?;
        self.namespaces.borrow_mut().push(namespace.clone());
        Ok(namespace)
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for namespace in self.namespaces.borrow().iter() {
            // One that cannot be deleted has no wire any more at least.
            let _ = ip::run(&["netns", "del", namespace]);
        }
    }
}

#[cfg(test)]
mod tests;
