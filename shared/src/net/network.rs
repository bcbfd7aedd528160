//! The UDP sockets of an end: one that hears everybody, or one for each address that is heard; on every
//! interface, or on one.

mod forwarding;
mod joined;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::AsyncUdpSocket;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::socket;
pub use forwarding::{ForwardingError, refuse_forwarding};
use joined::{Joined, Place};

/// Most addresses that are heard, each by a socket of its own. A settlement has as many sellers, or a
/// seller as many settlements.
pub const MAX_PEERS: usize = 64;

/// Longest name of an interface, in bytes (`IFNAMSIZ` less the end mark).
pub const MAX_INTERFACE_BYTES: usize = 15;

/// One instruction of classic BPF: return 0, the bytes of the packet to keep. It is `BPF_RET | BPF_K`.
const RETURN: u16 = 0x06;

/// One socket for all who send to an address, on one interface or on any.
pub(super) fn open(addr: SocketAddr, interface: Option<&str>) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    let socket = unbound(addr, interface)?;
    bind(&socket, addr)?;
    socket::open(UdpSocket::from(socket))
}

/// A connected socket for each address that is heard. To the kernel the port is closed to all others, and
/// it answers them what it answers at any closed port.
pub(super) fn open_to(
    addr: SocketAddr,
    interface: Option<&str>,
    peers: &[SocketAddr],
) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    if peers.len() > MAX_PEERS {
        let why = format!("{} peers; at most {MAX_PEERS} are heard", peers.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    // The sockets below share their address, which the kernel allows to whoever asks for it. So it is first
    // seen to that nobody else has it, and which it is when any port will do.
    let alone = unbound(addr, interface)?;
    bind(&alone, addr)?;
    let port = UdpSocket::from(alone).local_addr()?.port();
    let addr = SocketAddr::new(addr.ip(), port);
    let mut places: Vec<Place> = Vec::new();
    for peer in peers {
        if places.iter().all(|place| place.peer != *peer) {
            let socket = connected(addr, interface, *peer)?;
            places.push(Place { peer: *peer, socket: socket::open(UdpSocket::from(socket))? });
        }
    }
    Ok(Arc::new(Joined::of(places)))
}

fn connected(addr: SocketAddr, interface: Option<&str>, peer: SocketAddr) -> io::Result<Socket> {
    if addr.is_ipv4() != peer.is_ipv4() {
        let why = format!("the peer {peer} cannot be reached from {addr}: one is IPv4, the other IPv6");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let socket = unbound(addr, interface)?;
    socket.set_reuse_port(true)?;
    // Between its binding and its connecting a socket would take in what anybody sends.
    socket.attach_filter(&[SockFilter::new(RETURN, 0, 0, 0)])?;
    bind(&socket, addr)?;
    let told = |error: io::Error| io::Error::new(error.kind(), format!("no way to the peer {peer}: {error}"));
    socket.connect(&peer.into()).map_err(told)?;
    socket.detach_filter()?;
    Ok(socket)
}

fn unbound(addr: SocketAddr, interface: Option<&str>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    if let Some(interface) = interface {
        socket.bind_device(Some(interface.as_bytes())).map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    format!(
                        "may not use the interface {interface} alone: {error}; this kernel wants CAP_NET_RAW"
                    )
                }
                _ => format!("cannot use the interface {interface} alone: {error}"),
            };
            io::Error::new(error.kind(), why)
        })?;
    }
    Ok(socket)
}

fn bind(socket: &Socket, addr: SocketAddr) -> io::Result<()> {
    socket
        .bind(&addr.into())
        .map_err(|error| io::Error::new(error.kind(), format!("cannot bind UDP {addr}: {error}")))
}
