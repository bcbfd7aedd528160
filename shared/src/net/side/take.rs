//! `link` and what belongs to it, from the command line and the configuration.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::{End, Side};
use crate::config::Config;
use crate::net::packet::Mac;
use crate::net::{MAX_INTERFACE_BYTES, MAX_PEERS};

const A_LINK: &str = "\"closed-network\", \"ethernet-line\" or \"unix-line\"";
const AN_INTERFACE: &str = "the name of an interface such as \"eth1\"";
const A_STATION: &str = "the address of one Ethernet station such as \"02:00:00:00:00:01\"";
const SOME_PEERS: &str = "up to 64 addresses such as \"10.0.0.2\" or \"10.0.0.2:7100\"";
const A_FOLDER: &str = "the name of a folder that both daemons share";

/// What the command line says of the link, before the file.
#[derive(Args, Clone, Default)]
pub struct GivenLink {
    /// How seller and settlement are joined [default: closed-network].
    #[arg(long, value_name = "KIND")]
    link: Option<Kind>,
    /// The interface of an ethernet-line, or the only one of a closed-network.
    #[arg(long, value_name = "NAME")]
    link_interface: Option<Interface>,
    /// The only addresses of a closed-network that are heard; any port of each without one.
    #[arg(long, value_name = "ADDRESS")]
    link_peers: Vec<Peer>,
    /// The only station of an ethernet-line that is heard and spoken to.
    #[arg(long, value_name = "STATION")]
    link_peer: Option<Station>,
    /// The folder of a unix-line, the same for both daemons.
    #[arg(long, value_name = "DIR")]
    link_path: Option<PathBuf>,
}

/// Where an end of a closed network is bound.
pub struct Bind {
    /// The key that names it.
    pub key: &'static str,
    pub named: Option<SocketAddr>,
    pub otherwise: SocketAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    ClosedNetwork,
    EthernetLine,
    UnixLine,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::ClosedNetwork => "a closed-network",
            Self::EthernetLine => "an ethernet-line",
            Self::UnixLine => "a unix-line",
        }
    }
}

impl Side {
    /// Reads `link` and what belongs to it from a daemon's configuration, noting every mistake there. What
    /// the command line says goes before the file.
    pub fn take(config: &mut Config, given: GivenLink, end: End, bind: &Bind) -> Self {
        let has_kind = config.holds("link");
        let kind = config.take_parsed("link", A_LINK);
        let wrong_kind = has_kind && kind.is_none() && given.link.is_none();
        let kind = given.link.or(kind).unwrap_or(Kind::ClosedNetwork);
        let interface = config.take_parsed("link_interface", AN_INTERFACE);
        let interface = given.link_interface.or(interface).map(|Interface(name)| name);
        let peers = config.take_list("link_peers", SOME_PEERS);
        let peers = if given.link_peers.is_empty() { peers } else { given.link_peers };
        let peer = config.take_parsed("link_peer", A_STATION);
        let peer = given.link_peer.or(peer).map(|Station(mac)| mac);
        let path = config.take::<PathBuf>("link_path", A_FOLDER).map(|path| config.beside(&path));
        let path = given.link_path.or(path);
        if peers.len() > MAX_PEERS {
            config.mistake(&format!("link_peers: expected {SOME_PEERS}"));
        }
        let fits = [
            ("link_interface", interface.is_some(), kind != Kind::UnixLine),
            ("link_peers", !peers.is_empty(), kind == Kind::ClosedNetwork),
            ("link_peer", peer.is_some(), kind == Kind::EthernetLine),
            ("link_path", path.is_some(), kind == Kind::UnixLine),
            (bind.key, bind.named.is_some(), kind == Kind::ClosedNetwork),
        ];
        for (key, is_there, fits) in fits {
            // What a kind that is none would need cannot be told.
            if is_there && !fits && !wrong_kind {
                config.mistake(&format!("{key}: {} has none; leave it out", kind.name()));
            }
        }
        match kind {
            Kind::ClosedNetwork => {
                let peers = peers.into_iter().map(|Peer(address)| address).collect();
                Self::Network { bind: bind.named.unwrap_or(bind.otherwise), interface, peers }
            }
            Kind::EthernetLine => {
                let interface = needed(config, interface, "link_interface", AN_INTERFACE);
                Self::Ethernet { end, interface, peer }
            }
            Kind::UnixLine => Self::Unix { end, path: needed(config, path, "link_path", A_FOLDER) },
        }
    }
}

fn needed<T: Default>(config: &mut Config, value: Option<T>, key: &str, expected: &str) -> T {
    value.unwrap_or_else(|| {
        config.mistake(&format!("{key}: is missing; expected {expected}"));
        T::default()
    })
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ValueEnum::from_str(text, false)
    }
}

/// The name of an interface, which is safe in a path.
#[derive(Clone)]
pub struct Interface(pub String);

impl FromStr for Interface {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = |byte: u8| byte.is_ascii_graphic() && byte != b'/' && byte != b':';
        let is_name = (1..=MAX_INTERFACE_BYTES).contains(&text.len()) && text.bytes().all(known);
        let is_name = is_name && text != "." && text != "..";
        if is_name { Ok(Self(text.to_owned())) } else { Err(format!("expected {AN_INTERFACE}")) }
    }
}

#[derive(Clone, Copy)]
struct Peer(SocketAddr);

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let any_port = |address: IpAddr| SocketAddr::new(address, 0);
        let address = text.parse().or_else(|_| text.parse().map(any_port));
        address.map(Self).map_err(|_| format!("expected {SOME_PEERS}"))
    }
}

#[derive(Clone, Copy)]
struct Station(Mac);

impl FromStr for Station {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut mac = [0; 6];
        let mut bytes = text.split(':');
        let is_byte = |text: &str| text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        for room in &mut mac {
            let byte = bytes.next().filter(|text| is_byte(text));
            let byte = byte.and_then(|text| u8::from_str_radix(text, 16).ok());
            *room = byte.ok_or_else(|| format!("expected {A_STATION}"))?;
        }
        // The lowest bit of the first byte is set in the addresses of groups (IEEE 802).
        let is_group = mac[0] & 1 == 1;
        if bytes.next().is_some() || is_group || mac == [0; 6] {
            return Err(format!("expected {A_STATION}"));
        }
        Ok(Self(mac))
    }
}

#[cfg(test)]
mod tests;
