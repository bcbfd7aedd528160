//! The closed side: where an end of the link between seller and settlement stands.

mod take;

use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use super::packet::Mac;

pub use take::{Bind, GivenLink, Interface};

/// The two ends of a dedicated line have no addresses. QUIC wants some, so these stand for them: the
/// documentation prefix (RFC 3849), which no network has.
pub const SETTLEMENT_END: SocketAddr = end(1);
/// As [`SETTLEMENT_END`], of the seller's.
pub const SELLER_END: SocketAddr = end(2);

const fn end(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, port)), port)
}

/// Which end of the link this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Settlement,
    Seller,
}

/// How an end is joined to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// An IP network that strangers cannot enter (`link = "closed-network"`).
    Network {
        bind: SocketAddr,
        /// The one interface that is listened on and sent from (`link_interface`).
        interface: Option<String>,
        /// The only addresses that are heard, each by a connected socket of its own, so that the port
        /// looks closed to all others (`link_peers`). Port 0 stands for any port of the address. Without
        /// any, every address is heard, and those that do not know the knock are not answered.
        peers: Vec<SocketAddr>,
    },
    /// Raw Ethernet frames on an interface without an address (`link = "ethernet-line"`).
    Ethernet {
        end: End,
        interface: String,
        /// The only station that is heard and spoken to (`link_peer`); without it, whoever is there.
        peer: Option<Mac>,
    },
    /// Unix datagrams on one host (`link = "unix-line"`): a socket for each end in this folder
    /// (`link_path`).
    Unix { end: End, path: PathBuf },
}

impl Side {
    /// An end on an IP network, with nothing said but where.
    #[must_use]
    pub fn at(bind: SocketAddr) -> Self {
        Self::Network { bind, interface: None, peers: Vec::new() }
    }

    /// Whether it is a line with two ends, on which nothing has an address.
    #[must_use]
    pub fn is_line(&self) -> bool {
        match self {
            Self::Network { .. } => false,
            Self::Ethernet { .. } | Self::Unix { .. } => true,
        }
    }
}
