//! The ground endpoints stand on, which a simulator can replace.

pub mod knock;
pub mod line;
mod network;
pub mod packet;
pub mod side;
mod socket;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::{hmac, rand};
use quinn::{AsyncUdpSocket, ConnectionId, ConnectionIdGenerator, Endpoint, EndpointConfig, TokioRuntime};

use crate::identity::Identity;
use knock::Gate;
pub use network::{ForwardingError, MAX_INTERFACE_BYTES, MAX_PEERS, refuse_forwarding};
use side::Side;

/// The longest datagram that is sent or taken, in bytes of UDP payload: a jumbo frame of 9,000 less
/// what IPv6 and UDP put before it. Each connection finds out by probes what its path carries, from
/// the 1,200 that every path does. Longer ones, which only loopback takes, cost as much a byte.
pub const MAX_DATAGRAM_BYTES: u16 = 9_000 - 40 - 8;

/// Opens endpoints.
pub trait Net: Clone + Send + Sync + 'static {
    /// An endpoint on a local address, which accepts connections when `server` is there.
    ///
    /// # Errors
    ///
    /// When the address cannot be had, as when another process holds the port.
    fn endpoint(&self, addr: SocketAddr, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint>;

    /// As [`Net::endpoint`], heard and sent on one interface alone. A host with two networks takes in what
    /// is sent to an address of the one on the interface of the other, too, unless it is told not to.
    ///
    /// # Errors
    ///
    /// As [`Net::endpoint`]; also when the interface cannot be had.
    fn endpoint_on(
        &self,
        interface: &str,
        _addr: SocketAddr,
        _server: Option<quinn::ServerConfig>,
    ) -> io::Result<Endpoint> {
        Err(io::Error::new(io::ErrorKind::Unsupported, format!("there is no interface {interface} here")))
    }

    /// An endpoint on the closed side, which answers nobody whom its gate does not know.
    ///
    /// # Errors
    ///
    /// As [`Net::endpoint`]; also when the interface or the line cannot be had.
    fn closed(&self, side: &Side, gate: &Gate, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint>;
}

/// UDP sockets of the machine.
#[derive(Clone, Default)]
pub struct RealNet {
    reset_key: Option<Arc<hmac::Key>>,
}

impl RealNet {
    /// Endpoints that outlive their process: after a crash and a restart they tell the clients of
    /// the former process at once that its connections are gone, which clients would otherwise
    /// find out only by waiting.
    #[must_use]
    pub fn of_identity(identity: &Identity) -> Self {
        Self { reset_key: Some(Arc::new(reset_key(identity))) }
    }

    fn endpoint_over(
        &self,
        socket: Arc<dyn AsyncUdpSocket>,
        server: Option<quinn::ServerConfig>,
    ) -> io::Result<Endpoint> {
        match &self.reset_key {
            Some(key) => {
                let config = lasting_config(Arc::clone(key));
                Endpoint::new_with_abstract_socket(config, server, socket, Arc::new(TokioRuntime))
            }
            None => endpoint_over(socket, server),
        }
    }
}

impl Net for RealNet {
    fn endpoint(&self, addr: SocketAddr, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint> {
        self.endpoint_over(bind(addr)?, server)
    }

    fn endpoint_on(
        &self,
        interface: &str,
        addr: SocketAddr,
        server: Option<quinn::ServerConfig>,
    ) -> io::Result<Endpoint> {
        self.endpoint_over(network::open(addr, Some(interface))?, server)
    }

    fn closed(&self, side: &Side, gate: &Gate, server: Option<quinn::ServerConfig>) -> io::Result<Endpoint> {
        closed_over(join(side)?, gate, server)
    }
}

/// The socket of an end of the closed side, before any gate.
fn join(side: &Side) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    match side {
        Side::Network { bind, interface, peers } if peers.is_empty() => {
            network::open(*bind, interface.as_deref())
        }
        Side::Network { bind, interface, peers } => network::open_to(*bind, interface.as_deref(), peers),
        Side::Ethernet { end, interface, peer } => line::ethernet(*end, interface, *peer),
        Side::Unix { end, path } => line::unix(*end, path),
    }
}

/// A UDP socket of the machine that bears the bursts of an endpoint. A socket that wraps it has to pass
/// on how many segments it takes at once: a longer burst of long datagrams is lost without a word.
///
/// # Errors
///
/// As [`Net::endpoint`].
pub fn bind(addr: SocketAddr) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    network::open(addr, None)
}

/// An endpoint over a socket that is not bound here, as one that counts what goes through it.
///
/// # Errors
///
/// As [`Net::endpoint`].
pub fn endpoint_over(
    socket: Arc<dyn AsyncUdpSocket>,
    server: Option<quinn::ServerConfig>,
) -> io::Result<Endpoint> {
    let config = with_long_datagrams(EndpointConfig::default());
    Endpoint::new_with_abstract_socket(config, server, socket, Arc::new(TokioRuntime))
}

/// An endpoint of the closed side over a socket that is not bound here.
///
/// # Errors
///
/// As [`Net::closed`].
pub fn closed_over(
    socket: Arc<dyn AsyncUdpSocket>,
    gate: &Gate,
    server: Option<quinn::ServerConfig>,
) -> io::Result<Endpoint> {
    let (config, socket) = (gate.endpoint_config(), gate.before(socket));
    Endpoint::new_with_abstract_socket(config, server, socket, Arc::new(TokioRuntime))
}

/// The key by which a restarted process can disown the connections of the one before it.
#[must_use]
pub fn reset_key(identity: &Identity) -> hmac::Key {
    let secret = identity.derive(b"quic stateless reset", b"");
    hmac::Key::new(hmac::HMAC_SHA256, &secret)
}

/// The endpoint configuration that goes with [`reset_key`].
#[must_use]
pub fn lasting_config(key: Arc<hmac::Key>) -> EndpointConfig {
    let mut config = EndpointConfig::new(key);
    // The usual generator marks its ids by a key of the process, and a packet that bears the mark
    // of another process would be dropped without a word.
    config.cid_generator(|| Box::new(UnmarkedIds));
    with_long_datagrams(config)
}

/// The only version of QUIC that is spoken (RFC 9000); others are drafts of it.
const VERSION: u32 = 1;

/// Tells peers how long a datagram they may send.
fn with_long_datagrams(mut config: EndpointConfig) -> EndpointConfig {
    config.supported_versions(vec![VERSION]);
    config.max_udp_payload_size(MAX_DATAGRAM_BYTES).expect("QUIC allows any size from 1,200 bytes");
    config
}

/// Length of a connection id, in bytes: enough that two never meet.
const CONNECTION_ID_BYTES: usize = 8;

struct UnmarkedIds;

impl ConnectionIdGenerator for UnmarkedIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = [0; CONNECTION_ID_BYTES];
        rand::fill(&mut id).expect("the machine has randomness, since a key was loaded or made");
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        CONNECTION_ID_BYTES
    }

    fn cid_lifetime(&self) -> Option<std::time::Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = RealNet::default().endpoint(any, None).unwrap();
        let taken = first.local_addr().unwrap();
        let error = RealNet::default().endpoint(taken, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&taken.to_string()), "{error}");
    }
}
