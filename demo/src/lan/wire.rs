//! One wire: a hub in a namespace of its own, where nobody but a tap can be.

use kessai_shared::console::Failure;

use super::host::Host;
use super::ip;

/// The longest name of an interface, in bytes (IFNAMSIZ less its zero).
const MAX_INTERFACE_NAME: usize = 15;
/// The name of the hub's bridge.
const HUB: &str = "hub";

/// A wire of a [`super::Lan`].
#[derive(Clone, Debug)]
pub struct Wire {
    pub name: String,
    /// Where the ports are. Whoever listens there sees each frame once a port.
    pub hub: Host,
    pub ports: Vec<Port>,
}

/// Where a host is joined to a wire.
#[derive(Clone, Debug)]
pub struct Port {
    pub host: Host,
    /// The interface at the wire's end, on the hub. It has the host's name.
    pub port: String,
    /// The interface at the host's end. It has the wire's name.
    pub interface: String,
}

impl Wire {
    /// The port of a host.
    #[must_use]
    pub fn port_of(&self, host: &str) -> Option<&Port> {
        self.ports.iter().find(|port| port.host.name() == host)
    }

    /// Unplugs a host, or plugs it in again. An unplugged host keeps its addresses.
    ///
    /// # Errors
    /// [`Failure`] when the kernel refuses.
    pub fn plug(&self, host: &str, is_in: bool) -> Result<(), Failure> {
        let port =
            self.port_of(host).ok_or_else(|| Failure::failed(format!("{host} is not on this wire")))?;
        let state = if is_in { "up" } else { "down" };
        ip::run(&["-n", self.hub.namespace(), "link", "set", &port.port, state])
    }
}

/// Lays a cable from each host to the hub.
pub(super) fn lay(name: &str, hub: &Host, ends: &[(&Host, Option<&str>)]) -> Result<Vec<Port>, Failure> {
    let mut ports = Vec::new();
    for (host, address) in ends {
        let (inner, outer) = (name.to_owned(), host.name().to_owned());
        if inner.len() > MAX_INTERFACE_NAME || outer.len() > MAX_INTERFACE_NAME || outer == HUB {
            return Err(Failure::failed(format!("{inner} or {outer} cannot be the name of an interface")));
        }
        let (at_host, at_hub) = (host.namespace(), hub.namespace());
        ip::run(&[
            "-n", at_host, "link", "add", "name", &inner, "type", "veth", "peer", "name", &outer, "netns",
            at_hub,
        ])?;
        // One datagram is one frame: joined ones would be counted as one, and no real wire carries them.
        for (namespace, interface) in [(at_host, &inner), (at_hub, &outer)] {
            ip::run(&["-n", namespace, "link", "set", "dev", interface, "gso_max_segs", "1"])?;
            ip::run(&["-n", namespace, "link", "set", "dev", interface, "up"])?;
        }
        if let Some(address) = address {
            ip::run(&["-n", at_host, "address", "add", address, "dev", &inner])?;
        }
        ports.push(Port { host: (*host).clone(), port: outer, interface: inner });
    }
    Ok(ports)
}

/// Joins the ports. A bridge that forgets at once whom it has heard sends everything everywhere.
pub(super) fn join(hub: &Host, ports: &[Port]) -> Result<(), Failure> {
    let at = hub.namespace();
    ip::run(&["-n", at, "link", "add", "name", HUB, "type", "bridge", "ageing_time", "0"])?;
    for Port { port, .. } in ports {
        ip::run(&["-n", at, "link", "set", "dev", port, "master", HUB])?;
    }
    ip::run(&["-n", at, "link", "set", "dev", HUB, "up"])
}
