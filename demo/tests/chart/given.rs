//! Frames made by hand.

use std::net::SocketAddr;
use std::time::Duration;

use kessai_demo::chart::Frame;

/// Whose addresses are whose.
pub const TERMINAL: &str = "10.77.1.1:40000";
pub const SELLER: &str = "10.77.1.2:4433";
pub const SELLER_INSIDE: &str = "10.77.2.1:50000";
pub const SETTLEMENT: &str = "10.77.2.2:4434";
pub const STRANGER: &str = "10.77.1.66:6666";

pub const NAMES: [&str; 6] = [
    "10.77.1.1=terminal",
    "10.77.1.2=seller",
    "10.77.1.3=settlement",
    "10.77.2.1=seller",
    "10.77.2.2=settlement",
    "10.77.1.66=stranger",
];

/// An id of eight bytes, which ends of these conversations are spoken to by.
const ID: [u8; 8] = [7; 8];

/// A UDP datagram between two ends, on a wire, so many microseconds after the start.
pub fn udp(at: u64, wire: &str, from: &str, to: &str, payload: &[u8]) -> Frame {
    let (from, to): (SocketAddr, SocketAddr) = (from.parse().expect("an end"), to.parse().expect("an end"));
    let length = u16::try_from(payload.len() + 8).expect("short");
    let ports = [from.port().to_be_bytes(), to.port().to_be_bytes(), length.to_be_bytes(), [0; 2]].concat();
    let datagram = [&ports, payload].concat();
    let bytes = match (from, to) {
        (SocketAddr::V4(from), SocketAddr::V4(to)) => {
            let whole = (length + 20).to_be_bytes();
            let head = [0x45, 0, whole[0], whole[1], 0, 0, 0, 0, 64, 17, 0, 0];
            let hosts = [from.ip().octets(), to.ip().octets()].concat();
            [&ether(0x0800)[..], &head, &hosts, &datagram].concat()
        }
        (SocketAddr::V6(from), SocketAddr::V6(to)) => {
            let length = length.to_be_bytes();
            let head = [0x60, 0, 0, 0, length[0], length[1], 17, 64];
            let hosts = [from.ip().octets(), to.ip().octets()].concat();
            [&ether(0x86dd)[..], &head, &hosts, &datagram].concat()
        }
        _ => panic!("two versions of IP do not meet"),
    };
    Frame { at: Duration::from_micros(at), wire: wire.to_owned(), bytes, ..Frame::default() }
}

/// A frame of the dedicated line, filled up as cards do.
pub fn line(at: u64, from: u8, to: u8, payload: &[u8]) -> Frame {
    let length = u16::try_from(payload.len()).expect("short").to_be_bytes();
    let macs = [2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x88, 0xb5];
    let mut bytes = [&macs[..], &length, payload].concat();
    bytes.resize(bytes.len().max(60), 0);
    Frame { at: Duration::from_micros(at), wire: "line".to_owned(), bytes, ..Frame::default() }
}

pub fn ether(kind: u16) -> [u8; 14] {
    let [high, low] = kind.to_be_bytes();
    [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, high, low]
}

/// A datagram of one long header packet: 0 Initial, 1 0-RTT, 2 Handshake.
pub fn long(kind: u8, bytes: usize) -> Vec<u8> {
    let token: &[u8] = if kind == 0 { &[0] } else { &[] };
    let head = [&[0xc0 | kind << 4, 0, 0, 0, 1, 8][..], &ID, &[8], &ID, token].concat();
    let body = u16::try_from(bytes - head.len() - 2).expect("short");
    let mut packet = [&head[..], &(0x4000 | body).to_be_bytes()].concat();
    packet.resize(bytes, 0x55);
    packet
}

/// A datagram of one short header packet.
pub fn short(bytes: usize) -> Vec<u8> {
    let mut packet = vec![0x41];
    packet.resize(bytes, 0xee);
    packet
}

/// One purchase over two wires, with a stranger who is not answered.
pub fn purchase() -> Vec<Frame> {
    let open = |at, from, to, payload: Vec<u8>| udp(at, "open network", from, to, &payload);
    let closed = |at, from, to, payload: Vec<u8>| udp(at, "closed network", from, to, &payload);
    let mut frames = vec![
        closed(0, SELLER_INSIDE, SETTLEMENT, long(0, 1_200)),
        closed(700, SETTLEMENT, SELLER_INSIDE, [long(0, 200), long(2, 1_000)].concat()),
        closed(1_100, SELLER_INSIDE, SETTLEMENT, [long(2, 100), short(60)].concat()),
        closed(1_300, SETTLEMENT, SELLER_INSIDE, short(38)),
        open(900_000, TERMINAL, SELLER, long(0, 1_200)),
        open(900_400, SELLER, TERMINAL, long(2, 1_200)),
        open(900_800, TERMINAL, SELLER, long(2, 90)),
        open(901_000, TERMINAL, SELLER, short(312)),
        open(901_020, SELLER, TERMINAL, short(34)),
        open(901_100, SELLER, TERMINAL, short(1_452)),
        open(901_500, SELLER, TERMINAL, short(420)),
        open(902_000, TERMINAL, SELLER, short(1_190)),
        open(902_010, TERMINAL, SELLER, short(500)),
        closed(902_900, SELLER_INSIDE, SETTLEMENT, short(1_180)),
        closed(905_000, SETTLEMENT, SELLER_INSIDE, short(349)),
        open(905_600, SELLER, TERMINAL, short(553)),
    ];
    frames.extend((0..40).map(|at| open(906_000 + at * 50, STRANGER, SELLER, long(0, 1_200))));
    frames
}
