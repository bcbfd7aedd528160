//! What an Ethernet frame carries, as far as it matters for telling an answer from the kernel's own talk.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

const ETHERNET_BYTES: usize = 14;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const ARP: u16 = 0x0806;

/// Protocol numbers of IP (IANA).
const HOP_BY_HOP: u8 = 0;
const ICMP: u8 = 1;
const IGMP: u8 = 2;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// Sorts of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carried {
    Udp,
    /// ICMP but for the neighbour discovery of IPv6.
    Icmp,
    /// What a kernel says by itself on any network, whatever runs on it: ARP, IPv6 neighbour discovery, and
    /// who listens to which multicast group.
    Neighbours,
    Other,
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub carried: Carried,
    pub from: Option<SocketAddr>,
    /// Whom it is for; of an ICMP error, whose datagram it is about. Port 0 when it names none.
    pub to: Option<SocketAddr>,
    /// What a UDP datagram carries; of anything else, nothing.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads a frame. One that makes no sense carries something other.
    #[must_use]
    pub fn read(frame: &'a [u8]) -> Self {
        let other = Self { carried: Carried::Other, from: None, to: None, payload: &[] };
        let Some(rest) = frame.get(ETHERNET_BYTES..) else { return other };
        match u16::from_be_bytes([frame[12], frame[13]]) {
            ARP => Self { carried: Carried::Neighbours, ..other },
            IPV4 => ipv4(rest).map_or(other, Packet::frame),
            IPV6 => ipv6(rest).map_or(other, Packet::frame),
            _ => other,
        }
    }
}

/// An IP packet.
struct Packet<'a> {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    content: &'a [u8],
}

fn ipv4(packet: &[u8]) -> Option<Packet<'_>> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let address = |at: usize| -> Option<IpAddr> {
        let bytes: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        Some(Ipv4Addr::from(bytes).into())
    };
    let protocol = *packet.get(9)?;
    Some(Packet { from: address(12)?, to: address(16)?, protocol, content: packet.get(header..)? })
}

fn ipv6(packet: &[u8]) -> Option<Packet<'_>> {
    let address = |at: usize| -> Option<IpAddr> {
        let bytes: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
        Some(Ipv6Addr::from(bytes).into())
    };
    let (mut protocol, mut content) = (*packet.get(6)?, packet.get(40..)?);
    // Reports of multicast listeners have one such header before them (RFC 3810, section 5).
    if protocol == HOP_BY_HOP {
        let length = 8 * (usize::from(*content.get(1)?) + 1);
        (protocol, content) = (content[0], content.get(length..)?);
    }
    Some(Packet { from: address(8)?, to: address(24)?, protocol, content })
}

impl<'a> Packet<'a> {
    fn frame(self) -> Frame<'a> {
        let (from, to) = self.ports();
        let carried = match self.protocol {
            UDP => Carried::Udp,
            IGMP => Carried::Neighbours,
            ICMP => Carried::Icmp,
            // Listeners, and from router solicitation to redirect (RFC 3810, RFC 4861).
            ICMPV6 if matches!(self.content.first(), Some(130..=137 | 143)) => Carried::Neighbours,
            ICMPV6 => Carried::Icmp,
            _ => Carried::Other,
        };
        let payload = if carried == Carried::Udp { datagram(self.content) } else { &[] };
        let (from, to) = (SocketAddr::new(self.from, from), SocketAddr::new(self.to, to));
        Frame { carried, from: Some(from), to: Some(to), payload }
    }

    /// The ports of a datagram. An ICMP error is about a datagram that it quotes, from the port that it is
    /// sent back to.
    fn ports(&self) -> (u16, u16) {
        let port = |bytes: &[u8], at: usize| {
            bytes.get(at..at + 2).map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
        };
        match self.protocol {
            UDP => (port(self.content, 0), port(self.content, 2)),
            ICMP | ICMPV6 => {
                let quoted = self.content.get(8..).unwrap_or_default();
                let packet = if self.protocol == ICMP { ipv4(quoted) } else { ipv6(quoted) };
                let quoted = packet.filter(|packet| packet.protocol == UDP);
                quoted.map_or((0, 0), |packet| (port(packet.content, 2), port(packet.content, 0)))
            }
            _ => (0, 0),
        }
    }
}

/// What a UDP datagram carries: an Ethernet frame may be longer, since the shortest ones are padded.
fn datagram(content: &[u8]) -> &[u8] {
    let length = content.get(4..6).map_or(0, |bytes| usize::from(u16::from_be_bytes([bytes[0], bytes[1]])));
    content.get(8..length).or(content.get(8..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u16, content: &[u8]) -> Vec<u8> {
        [&[2; 12][..], &kind.to_be_bytes(), content].concat()
    }

    fn ip(protocol: u8, from: u8, to: u8, content: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
        packet.extend(content);
        packet
    }

    #[test]
    fn answers_are_told_from_what_a_kernel_says_by_itself() {
        let udp = [0x1b, 0x58, 0x1b, 0x59, 0, 10, 0, 0, 7, 7, 0, 0, 0];
        let datagram = frame(IPV4, &ip(UDP, 1, 2, &udp));
        let read = Frame::read(&datagram);
        let (one, other) = (SocketAddr::from(([10, 0, 0, 1], 7000)), SocketAddr::from(([10, 0, 0, 2], 7001)));
        let expected = Frame { carried: Carried::Udp, from: Some(one), to: Some(other), payload: &[7, 7] };
        assert_eq!(read, expected);
        // Host 2 says that nobody is at port 7001.
        let quoted = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &ip(UDP, 1, 2, &udp)].concat();
        let error = frame(IPV4, &ip(ICMP, 2, 1, &quoted));
        let read = Frame::read(&error);
        assert_eq!((read.carried, read.from, read.to), (Carried::Icmp, Some(other), Some(one)));
        assert_eq!(Frame::read(&frame(ARP, &[0; 28])).carried, Carried::Neighbours);
        let mut solicitation = vec![0x60, 0, 0, 0, 0, 0, ICMPV6, 255];
        solicitation.extend([0; 32]);
        solicitation.push(135);
        assert_eq!(Frame::read(&frame(IPV6, &solicitation)).carried, Carried::Neighbours);
        *solicitation.last_mut().expect("a type") = 1;
        assert_eq!(Frame::read(&frame(IPV6, &solicitation)).carried, Carried::Icmp);
        assert_eq!(Frame::read(&frame(IPV4, &ip(6, 1, 2, &udp))).carried, Carried::Other);
    }

    #[test]
    fn no_frame_is_too_short_to_be_read() {
        let quoted = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &ip(UDP, 1, 2, &[0; 8])].concat();
        let mut six = vec![0x60, 0, 0, 0, 0, 0, HOP_BY_HOP, 255];
        six.extend([0; 32]);
        six.extend([ICMPV6, 0, 0, 0, 0, 0, 0, 0, 143]);
        for whole in [frame(IPV4, &ip(ICMP, 2, 1, &quoted)), frame(IPV6, &six), frame(ARP, &[])] {
            for length in 0..whole.len() {
                let _ = Frame::read(&whole[..length]);
            }
        }
    }
}
