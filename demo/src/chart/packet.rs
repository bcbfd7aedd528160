//! From a frame to what it carries: Ethernet, then IP and UDP or TCP, or a line without IP.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::cursor::Cursor;

/// EtherTypes (IEEE 802 numbers). The last is our dedicated line's, of `shared/src/net/line/`.
const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const VLAN: u16 = 0x8100;
const PROVIDER_VLAN: u16 = 0x88a8;
const IPV6: u16 = 0x86dd;
const LINE: u16 = kessai_shared::net::line::ETHER_TYPE;

/// Tags before the EtherType that are passed over; a frame has one or two.
const MOST_TAGS: usize = 2;
/// Extension headers of IPv6 that are passed over; real packets have one or two.
const MOST_EXTENSIONS: usize = 8;

/// Protocol numbers within IP (IANA).
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP_V6: u8 = 58;

/// One end of what was sent, as exactly as the frame tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Station {
    Hardware([u8; 6]),
    Host(IpAddr),
    Port(SocketAddr),
}

/// What carries the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    Udp,
    Tcp(TcpFlags),
    /// The dedicated line: a QUIC datagram in a frame, without IP.
    Line,
    Arp,
    Icmp,
    /// A later part of an IP packet, whose ports stand in its first part.
    Fragment,
    /// Another protocol within IP, by its number.
    OtherIp(u8),
    /// Another EtherType.
    OtherEther(u16),
    /// Too short for what it says it is.
    Unreadable,
}

/// The flags of a TCP segment (RFC 9293, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

/// A frame, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub from: Station,
    pub to: Station,
    pub carrier: Carrier,
    /// What the carrier carries: a datagram's or a segment's content.
    pub payload: &'a [u8],
}

impl TcpFlags {
    const FIN: u8 = 1;
    const SYN: u8 = 2;
    const RST: u8 = 4;
    const ACK: u8 = 16;

    pub fn opens(self) -> bool {
        self.0 & Self::SYN != 0
    }
}

impl fmt::Display for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(Self::SYN, "SYN"), (Self::FIN, "FIN"), (Self::RST, "RST"), (Self::ACK, "ACK")];
        let set: Vec<_> = names.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| *name).collect();
        f.write_str(&set.join("+"))
    }
}

impl Station {
    /// The same station without its port.
    pub fn host(self) -> Self {
        match self {
            Self::Port(address) => Self::Host(address.ip()),
            Self::Host(_) | Self::Hardware(_) => self,
        }
    }
}

impl fmt::Display for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardware([a, b, c, d, e, g]) => {
                write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
            }
            Self::Host(ip) => ip.fmt(f),
            Self::Port(address) => address.fmt(f),
        }
    }
}

impl<'a> Packet<'a> {
    /// Reads a frame. Whatever the bytes are, there is an answer: what cannot be read says so.
    pub fn read(frame: &'a [u8]) -> Self {
        let mut cursor = Cursor::of(frame);
        let (to, from) = (cursor.array(), cursor.array());
        let (to, from) = (to.unwrap_or_default(), from.unwrap_or_default());
        let stations = (Station::Hardware(from), Station::Hardware(to));
        Self::of_frame(cursor, stations).unwrap_or(Self::plain(stations, Carrier::Unreadable, frame))
    }

    fn plain((from, to): (Station, Station), carrier: Carrier, payload: &'a [u8]) -> Self {
        Self { from, to, carrier, payload }
    }

    fn of_frame(mut cursor: Cursor<'a>, stations: (Station, Station)) -> Option<Self> {
        let mut kind = cursor.two()?;
        for _ in 0..MOST_TAGS {
            if kind == VLAN || kind == PROVIDER_VLAN {
                cursor.two()?;
                kind = cursor.two()?;
            }
        }
        match kind {
            IPV4 => Self::of_ipv4(cursor),
            IPV6 => Self::of_ipv6(cursor),
            ARP => Some(Self::plain(stations, Carrier::Arp, cursor.rest())),
            LINE => {
                let length = cursor.two()?;
                Some(Self::plain(stations, Carrier::Line, cursor.take(length.into())?))
            }
            other => Some(Self::plain(stations, Carrier::OtherEther(other), cursor.rest())),
        }
    }

    fn of_ipv4(mut cursor: Cursor<'a>) -> Option<Self> {
        let whole = cursor.rest();
        let first = cursor.byte()?;
        let header = usize::from(first & 0x0f) * 4;
        cursor.byte()?;
        let length = usize::from(cursor.two()?);
        cursor.two()?;
        let fragment = cursor.two()? & 0x1fff;
        cursor.byte()?;
        let protocol = cursor.byte()?;
        cursor.two()?;
        let (from, to): ([u8; 4], [u8; 4]) = (cursor.array()?, cursor.array()?);
        // A packet that the card is to cut has no length yet.
        let end = if length == 0 { whole.len() } else { length };
        let content = whole.get(header..end.min(whole.len()))?;
        if first >> 4 != 4 || header < 20 || end > whole.len() {
            return None;
        }
        let hosts = (Ipv4Addr::from(from).into(), Ipv4Addr::from(to).into());
        Self::of_ip(hosts, protocol, fragment > 0, content)
    }

    fn of_ipv6(mut cursor: Cursor<'a>) -> Option<Self> {
        if cursor.four()? >> 28 != 6 {
            return None;
        }
        let length = usize::from(cursor.two()?);
        let mut protocol = cursor.byte()?;
        cursor.byte()?;
        let (from, to): ([u8; 16], [u8; 16]) = (cursor.array()?, cursor.array()?);
        let mut content = if length == 0 { cursor } else { Cursor::of(cursor.take(length)?) };
        let mut later = false;
        for _ in 0..MOST_EXTENSIONS {
            match protocol {
                // Hop-by-hop, routing and destination options (RFC 8200, section 4).
                0 | 43 | 60 => {
                    protocol = content.byte()?;
                    let eights = usize::from(content.byte()?);
                    content.take(6 + eights * 8)?;
                }
                // A fragment.
                44 => {
                    protocol = content.byte()?;
                    content.byte()?;
                    later = content.two()? >> 3 > 0;
                    content.four()?;
                }
                _ => break,
            }
        }
        let hosts = (Ipv6Addr::from(from).into(), Ipv6Addr::from(to).into());
        Self::of_ip(hosts, protocol, later, content.rest())
    }

    fn of_ip((from, to): (IpAddr, IpAddr), protocol: u8, later: bool, content: &'a [u8]) -> Option<Self> {
        let hosts = (Station::Host(from), Station::Host(to));
        if later {
            return Some(Self::plain(hosts, Carrier::Fragment, content));
        }
        let mut cursor = Cursor::of(content);
        let ports = |cursor: &mut Cursor<'_>| {
            let (source, destination) = (cursor.two()?, cursor.two()?);
            let port = |host, port| Station::Port(SocketAddr::new(host, port));
            Some((port(from, source), port(to, destination)))
        };
        Some(match protocol {
            UDP => {
                let ends = ports(&mut cursor)?;
                let length = usize::from(cursor.two()?);
                cursor.two()?;
                // What a card is to cut into datagrams may be longer than the field can say.
                let datagram = if length < 8 { cursor.rest() } else { cursor.take(length - 8)? };
                Self::plain(ends, Carrier::Udp, datagram)
            }
            TCP => {
                let ends = ports(&mut cursor)?;
                cursor.take(8)?;
                let header = usize::from(cursor.byte()? >> 4) * 4;
                let flags = TcpFlags(cursor.byte()?);
                let segment = content.get(header.max(20)..)?;
                Self::plain(ends, Carrier::Tcp(flags), segment)
            }
            ICMP | ICMP_V6 => Self::plain(hosts, Carrier::Icmp, content),
            other => Self::plain(hosts, Carrier::OtherIp(other), content),
        })
    }
}
