//! What anyone on the path can read of a QUIC datagram: the headers (RFC 9000, section 17), and no more.

use super::cursor::Cursor;

/// The one version that we speak.
pub const VERSION_1: u32 = 1;

/// The longest connection id of version 1, in bytes.
const MOST_ID_BYTES: u8 = 20;
/// Packets in one datagram that are told apart; more than four have no reason to be there.
const MOST_COALESCED: usize = 16;
/// What authenticates a packet, at its end, in bytes (RFC 9001, section 5.3); so long is a retry's tag too.
const TAG_BYTES: usize = 16;

/// A long header's type, or that it is a short one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PacketType {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
    VersionNegotiation,
    /// A short header: everything once the keys are agreed.
    OneRtt,
    /// A long header of a version that we do not know.
    OtherVersion,
}

/// One packet of a datagram, as an observer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuicPacket {
    pub kind: PacketType,
    /// 0 for a short header, which has none, and for version negotiation.
    pub version: u32,
    /// The ids of a long header. A short one does not say how long its id is.
    pub to_id: Vec<u8>,
    pub from_id: Vec<u8>,
    /// All of it, header and tag, in bytes.
    pub bytes: usize,
}

impl PacketType {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initial => "Initial",
            Self::ZeroRtt => "0-RTT",
            Self::Handshake => "Handshake",
            Self::Retry => "Retry",
            Self::VersionNegotiation => "Version Negotiation",
            Self::OneRtt => "1-RTT",
            Self::OtherVersion => "QUIC of another version",
        }
    }

    pub const fn is_long(self) -> bool {
        !matches!(self, Self::OneRtt)
    }
}

/// The least that a packet has, in bytes: shorter ones are never sent (RFC 9000, 10.3).
const LEAST_BYTES: usize = 21;

/// The packets of a datagram, in their order. One that begins with a short header is all of one packet, since
/// only its receiver knows more. `None` when a long header contradicts itself or is cut off.
pub fn datagram(bytes: &[u8]) -> Option<Vec<QuicPacket>> {
    let mut packets = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() && packets.len() < MOST_COALESCED {
        // Zeros fill a handshake's datagram up, and are no packet of their own.
        if !packets.is_empty() && (rest.len() < LEAST_BYTES || rest.iter().all(|byte| *byte == 0)) {
            break;
        }
        let Some(packet) = first(rest) else {
            // What follows the packets of a handshake may be filling, which is not a packet of its own.
            return (!packets.is_empty()).then_some(packets);
        };
        rest = rest.get(packet.bytes..)?;
        packets.push(packet);
    }
    (!packets.is_empty()).then_some(packets)
}

fn first(bytes: &[u8]) -> Option<QuicPacket> {
    let mut cursor = Cursor::of(bytes);
    let form = cursor.byte()?;
    if form & 0x80 == 0 {
        let packet = QuicPacket {
            kind: PacketType::OneRtt,
            version: 0,
            to_id: Vec::new(),
            from_id: Vec::new(),
            bytes: bytes.len(),
        };
        return Some(packet);
    }
    let version = cursor.four()?;
    let to_id = id(&mut cursor, version)?;
    let from_id = id(&mut cursor, version)?;
    let (kind, end) = match version {
        0 => (PacketType::VersionNegotiation, bytes.len()),
        VERSION_1 => of_version_1(form, cursor, bytes.len())?,
        _ => (PacketType::OtherVersion, bytes.len()),
    };
    Some(QuicPacket { kind, version, to_id, from_id, bytes: end })
}

fn id(cursor: &mut Cursor<'_>, version: u32) -> Option<Vec<u8>> {
    let length = cursor.byte()?;
    if version == VERSION_1 && length > MOST_ID_BYTES {
        return None;
    }
    cursor.take(length.into()).map(<[u8]>::to_vec)
}

/// The type, and where the packet ends within so many bytes.
fn of_version_1(form: u8, mut cursor: Cursor<'_>, whole: usize) -> Option<(PacketType, usize)> {
    let kind = match form >> 4 & 3 {
        0 => PacketType::Initial,
        1 => PacketType::ZeroRtt,
        2 => PacketType::Handshake,
        _ => PacketType::Retry,
    };
    if kind == PacketType::Retry {
        cursor.take(TAG_BYTES)?;
        return Some((kind, whole));
    }
    if kind == PacketType::Initial {
        let token = cursor.variable()?;
        cursor.take(usize::try_from(token).ok()?)?;
    }
    let length = usize::try_from(cursor.variable()?).ok()?;
    cursor.take(length)?;
    Some((kind, whole - cursor.rest().len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A long header packet with a token that is empty.
    fn long(form: u8, body: usize) -> Vec<u8> {
        let mut bytes = vec![form, 0, 0, 0, 1, 2, 0xaa, 0xbb, 1, 0xcc];
        if form >> 4 & 3 == 0 {
            bytes.push(0);
        }
        bytes.extend(u16::try_from(0x4000 | body).expect("short").to_be_bytes());
        bytes.resize(bytes.len() + body, 7);
        bytes
    }

    #[test]
    fn coalesced_packets_are_told_apart() {
        let mut bytes = [long(0xc0, 30), long(0xe0, 50)].concat();
        bytes.extend([0x41; 40]);
        let packets = datagram(&bytes).expect("readable");
        let seen: Vec<_> = packets.iter().map(|packet| (packet.kind, packet.bytes)).collect();
        assert_eq!(seen, [(PacketType::Initial, 43), (PacketType::Handshake, 62), (PacketType::OneRtt, 40)]);
        assert_eq!(
            (packets[0].to_id.as_slice(), packets[0].from_id.as_slice()),
            (&[0xaa, 0xbb][..], &[0xcc][..])
        );
    }

    #[test]
    fn filling_is_no_packet() {
        for filling in [vec![0; 900], vec![0x41; LEAST_BYTES - 1]] {
            let packets = datagram(&[long(0xc0, 30), filling].concat()).expect("readable");
            assert_eq!(packets.len(), 1, "{packets:?}");
        }
    }

    #[test]
    fn retry_and_negotiation_are_known() {
        let retry = [&[0xf0, 0, 0, 0, 1, 0, 1, 9][..], &[1; 20]].concat();
        assert_eq!(datagram(&retry).expect("readable")[0].kind, PacketType::Retry);
        let negotiation = [0xca, 0, 0, 0, 0, 1, 1, 1, 2, 0, 0, 0, 1];
        assert_eq!(datagram(&negotiation).expect("readable")[0].kind, PacketType::VersionNegotiation);
        let other = [0xca, 0xfa, 0xce, 0, 2, 1, 1, 1, 2, 0, 0, 0, 1];
        assert_eq!(datagram(&other).expect("readable")[0].kind, PacketType::OtherVersion);
    }

    #[test]
    fn a_header_that_is_cut_off_is_no_packet() {
        let whole = long(0xc0, 30);
        for end in 0..whole.len() {
            assert_eq!(datagram(&whole[..end]), None, "{end} bytes");
        }
        let mut long_id = whole;
        long_id[5] = 21;
        assert_eq!(datagram(&long_id), None);
    }
}
