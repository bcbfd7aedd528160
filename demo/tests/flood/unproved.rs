//! What an address gets that has not shown that it is real: for anything it sends, no more than that.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use kessai_shared::pin::Pin;

use crate::half_open::HalfOpen;
use crate::support::{Dice, until};

/// Datagrams of each kind.
const EACH: usize = 150;
/// A version of QUIC that nobody speaks (RFC 9000, section 15).
const RESERVED_VERSION: u32 = 0x1a2a_3a4a;

type Kind = (&'static str, fn(&mut Dice) -> Vec<u8>);

const KINDS: [Kind; 8] = [
    ("noise", |dice| noise(dice, 1, 1_400)),
    ("a version nobody speaks", |dice| long(dice, RESERVED_VERSION, 8, 1_200)),
    ("a version nobody speaks, briefly", |dice| long(dice, RESERVED_VERSION, 20, 60)),
    ("a draft of version 1", |dice| long(dice, 0xff00_001d, 8, 1_200)),
    ("a first packet with an id that is too short", |dice| long(dice, 1, 4, 1_200)),
    ("a first packet of noise", |dice| long(dice, 1, 8, 1_200)),
    ("a first packet of noise with a token of noise", |dice| {
        let mut datagram = long(dice, 1, 8, 1_200);
        // Behind both ids: a token of 60 bytes.
        datagram[LONG_HEADER + 2 * 8] = 60;
        datagram
    }),
    ("a packet of a connection that is not", |dice| {
        let mut datagram = noise(dice, 1, 1_400);
        datagram[0] = 0x40 | datagram[0] & 0x3f;
        datagram
    }),
];

/// The first byte, the version, and the lengths of both ids.
const LONG_HEADER: usize = 7;

/// Sends everything that anybody answers, and holds what comes against it.
pub fn is_not_amplified(seller: SocketAddr, pin: Pin) {
    let mut dice = Dice::new(5);
    let mut kinds = Vec::new();
    for (at, (what, make)) in KINDS.into_iter().enumerate() {
        let socket = UdpSocket::bind((IpAddr::from([127, 5, 5, at as u8 + 1]), 0)).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket with patience");
        let (mut sent, mut received, mut room) = (0, 0, [0; 9_000]);
        for nth in 0..EACH {
            let datagram = make(&mut dice);
            sent += socket.send_to(&datagram, seller).expect("sent");
            // Answers are waited for now and then, because most of these have none.
            if nth % 25 == 24 {
                while let Ok(length) = socket.recv(&mut room) {
                    received += length;
                    assert!(received <= sent, "{what}: {received} bytes for {sent}");
                }
            }
        }
        println!("{what}: {received} bytes for {sent}");
        kinds.push((what, socket, received, sent));
    }
    // Those that QUIC has to answer are answered, however late, so something was measured.
    until("answers to three kinds", || {
        for (what, socket, received, sent) in &mut kinds {
            while let Ok(length) = socket.recv(&mut [0; 9_000]) {
                *received += length;
                assert!(received <= sent, "{what}: {received} bytes for {sent}");
            }
        }
        kinds.iter().filter(|(_, _, received, _)| *received > 0).count() >= 3
    });
    // Real first packets are answered with a Retry, and with nothing else.
    let mut first = HalfOpen::new(seller, pin, vec![IpAddr::from([127, 5, 5, 100])]);
    first.prepare(300);
    first.begin(500);
    // A server that stood still for a moment answers late.
    until("first packets that come back", || {
        first.hear_all();
        first.seen().came_back > 200
    });
    let seen = first.seen();
    println!("real first packets: {seen:?}");
    assert!(seen.received > 0 && seen.received <= seen.sent, "{seen:?}");
    assert_eq!(seen.other_answers, 0, "{seen:?}");
}

fn noise(dice: &mut Dice, least: u64, most: u64) -> Vec<u8> {
    (0..least + dice.below(most)).map(|_| dice.below(256) as u8).collect()
}

/// A datagram that begins as a first packet does (RFC 9000, section 17.2).
fn long(dice: &mut Dice, version: u32, id_bytes: u8, length: usize) -> Vec<u8> {
    let mut datagram = vec![0xc0 | dice.below(16) as u8];
    datagram.extend(version.to_be_bytes());
    for _ in 0..2 {
        datagram.push(id_bytes);
        datagram.extend((0..id_bytes).map(|_| dice.below(256) as u8));
    }
    // No token, and everything else is one packet, whose length takes two bytes.
    datagram.push(0);
    let rest = length.saturating_sub(datagram.len() + 2) as u16;
    datagram.extend((0x4000 | rest).to_be_bytes());
    datagram.extend((0..rest).map(|_| dice.below(256) as u8));
    datagram
}
