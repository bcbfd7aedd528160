//! What a frame carries, as far as a stranger's tries and the counting need it, and how to send it again.

use std::net::{Ipv4Addr, SocketAddrV4};

/// Bytes before the payload of an Ethernet frame, of UDP, and the fewest of IPv4 and TCP.
const ETHERNET: usize = 14;
const UDP: usize = 8;
const IPV4: usize = 20;
const TCP: usize = 20;
/// EtherTypes and IP protocols.
const TYPE_IPV4: u16 = 0x0800;
const TYPE_ARP: u16 = 0x0806;
/// The EtherType of the dedicated line.
pub const TYPE_LINE: u16 = 0x88b5;
const PROTOCOL_ICMP: u8 = 1;
const PROTOCOL_TCP: u8 = 6;
const PROTOCOL_UDP: u8 = 17;
/// The flag of TCP that takes a connection or refuses it (RFC 9293 3.1).
const TCP_SYN: u8 = 0x02;
const TCP_RST: u8 = 0x04;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Udp,
    Tcp,
    /// A TCP segment that refuses.
    Reset,
    Icmp,
    /// A datagram of the dedicated line, without the length before it.
    Line,
    Arp,
    Other,
}

/// A frame, taken apart. What is no IPv4 has no addresses.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub kind: Kind,
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    pub payload: &'a [u8],
    /// Whether it begins a TCP connection, on either side.
    pub opens: bool,
}

const NOWHERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);

/// Takes a frame apart; whatever it is, there is an answer.
pub fn view(frame: &[u8]) -> View<'_> {
    let rest = frame.get(ETHERNET..).unwrap_or_default();
    let plain = |kind, payload| View { kind, from: NOWHERE, to: NOWHERE, payload, opens: false };
    match number(frame, ETHERNET - 2) {
        TYPE_IPV4 => ipv4(rest).unwrap_or(plain(Kind::Other, rest)),
        TYPE_ARP => plain(Kind::Arp, rest),
        TYPE_LINE => {
            let length = usize::from(number(rest, 0));
            plain(Kind::Line, rest.get(2..2 + length).unwrap_or_default())
        }
        _ => plain(Kind::Other, rest),
    }
}

fn ipv4(packet: &[u8]) -> Option<View<'_>> {
    let header = usize::from(packet.first()? & 0xf) * 4;
    let whole = usize::from(number(packet, 2));
    let (protocol, body) = (*packet.get(9)?, packet.get(header.max(IPV4)..whole)?);
    let address = |at: usize| {
        let bytes: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        Some(Ipv4Addr::from(bytes))
    };
    let (mut from, mut to) = (SocketAddrV4::new(address(12)?, 0), SocketAddrV4::new(address(16)?, 0));
    if [PROTOCOL_UDP, PROTOCOL_TCP].contains(&protocol) {
        from.set_port(number(body, 0));
        to.set_port(number(body, 2));
    }
    let flags = body.get(13).copied().unwrap_or_default();
    let (kind, payload, opens) = match protocol {
        PROTOCOL_UDP => (Kind::Udp, body.get(UDP..)?, false),
        PROTOCOL_TCP => {
            let header = usize::from(body.get(12)? >> 4) * 4;
            let kind = if flags & TCP_RST == 0 { Kind::Tcp } else { Kind::Reset };
            (kind, body.get(header.max(TCP)..)?, flags & TCP_SYN != 0)
        }
        PROTOCOL_ICMP => (Kind::Icmp, body, false),
        _ => (Kind::Other, body, false),
    };
    Some(View { kind, from, to, payload, opens })
}

/// A recorded frame as it can be sent again. A frame on a virtual wire has no sums yet where the sender's card
/// would have put them in; UDP over IPv4 may do without (RFC 768).
pub fn again(frame: &[u8]) -> Vec<u8> {
    let mut frame = frame.to_vec();
    let header = usize::from(frame.get(ETHERNET).copied().unwrap_or_default() & 0xf) * 4;
    if view(&frame).kind == Kind::Udp
        && let Some(sum) = frame.get_mut(ETHERNET + header + 6..ETHERNET + header + 8)
    {
        sum.fill(0);
    }
    frame
}

/// A frame with a UDP datagram that says it comes from elsewhere. The stations are those of `like`, a frame
/// that went the same way.
pub fn forged(like: &[u8], from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let length = |more: usize| u16::try_from(payload.len() + more).unwrap_or(u16::MAX).to_be_bytes();
    let mut header = [0; IPV4];
    header[0] = 0x45;
    header[2..4].copy_from_slice(&length(IPV4 + UDP));
    // Never fragmented, 64 hops.
    header[6] = 0x40;
    header[8] = 64;
    header[9] = PROTOCOL_UDP;
    header[12..16].copy_from_slice(&from.ip().octets());
    header[16..].copy_from_slice(&to.ip().octets());
    let sum = checksum(&header).to_be_bytes();
    header[10..12].copy_from_slice(&sum);
    let mut frame = like.get(..ETHERNET - 2).unwrap_or_default().to_vec();
    frame.extend_from_slice(&TYPE_IPV4.to_be_bytes());
    frame.extend_from_slice(&header);
    for field in [from.port().to_be_bytes(), to.port().to_be_bytes(), length(UDP), [0, 0]] {
        frame.extend_from_slice(&field);
    }
    frame.extend_from_slice(payload);
    frame
}

/// The checksum of an IPv4 header whose own field is zero (RFC 1071).
fn checksum(header: &[u8]) -> u16 {
    let sum = header.chunks(2).fold(0_u32, |sum, pair| sum + u32::from(number(pair, 0)));
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(u16::MAX)
}

fn number(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 1, 2, 3), 7);
    const THERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 200, 2, 4), 40_000);

    #[test]
    fn what_is_forged_reads_as_it_should() {
        let frame = forged(&[1; 14], HERE, THERE, b"a datagram");
        let seen = view(&frame);
        assert_eq!(
            (seen.kind, seen.from, seen.to, seen.payload),
            (Kind::Udp, HERE, THERE, &b"a datagram"[..])
        );
        // With its own sum in it, a header sums to nothing.
        assert_eq!(checksum(&frame[ETHERNET..ETHERNET + IPV4]), 0);
        assert_eq!(again(&frame), frame);
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(bytes in prop::collection::vec(any::<u8>(), 0..200), like in 0..4_usize) {
            let mut bytes = bytes;
            let kinds = [[0x08, 0x00], [0x08, 0x06], [0x88, 0xb5], [0, 0]];
            if let Some(place) = bytes.get_mut(12..14) {
                place.copy_from_slice(&kinds[like]);
            }
            let _ = view(&bytes);
            prop_assert_eq!(again(&bytes).len(), bytes.len());
        }
    }
}
