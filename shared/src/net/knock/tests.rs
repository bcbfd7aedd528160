//! The parts of the gate by themselves, without sockets and clocks.

mod claims;
mod ids;
mod judging;
mod key_file;
mod sifting;

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;

use super::datagram::{SHORTEST_FIRST, VERSION};
use super::first::{self, FirstId, NONCE_BYTES};
use super::judge::Judge;
use super::own::{OwnId, OwnKey};
use super::sellers::Sellers;
use super::{KnockKey, KnockRoot, Moment};
use crate::identity::Identity;
use crate::pin::Pin;
use crate::pin_set::PinSet;

/// 2026-11-22 00:00:00 UTC.
const WALL_MS: u64 = 1_795_305_600_000;

/// So many milliseconds after the gate was made.
fn at(since_ms: u64) -> Moment {
    Moment { wall_ms: WALL_MS + since_ms, since_ms }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 77, 0, 1], port))
}

fn pin(byte: u8) -> Pin {
    Pin([byte; 32])
}

fn knock_at(key: &hmac::Key, since_ms: u64, nonce: u8) -> FirstId {
    first::mint(key, WALL_MS + since_ms, [nonce; NONCE_BYTES])
}

/// A settlement's judge with sellers on its list, and what a test needs to act for them.
struct Site {
    root: KnockRoot,
    list: Arc<PinSet>,
    own: Arc<OwnKey>,
    judge: Judge,
}

impl Site {
    fn with(sellers: &[Pin]) -> Self {
        Self::of(&Identity::generate().expect("a key"), sellers)
    }

    fn of(identity: &Identity, sellers: &[Pin]) -> Self {
        let (list, own) = (Arc::new(PinSet::of(sellers.iter().copied())), Arc::new(OwnKey::new()));
        let judge = Judge::that_answers(Arc::clone(&own), Sellers::new(KnockRoot::of(identity), &list));
        Self { root: KnockRoot::of(identity), list, own, judge }
    }

    fn key_of(&self, seller: &Pin) -> hmac::Key {
        KnockKey::of_root(&self.root, seller).for_macs()
    }
}

/// A client's first datagram, with this id.
fn initial(id: &FirstId) -> Vec<u8> {
    long(0xc3, VERSION, id, SHORTEST_FIRST)
}

fn long(first: u8, version: u32, id: &[u8], length: usize) -> Vec<u8> {
    let id_length = u8::try_from(id.len()).expect("an id that QUIC has room for");
    let mut datagram = [&[first][..], &version.to_be_bytes(), &[id_length], id].concat();
    datagram.resize(length.max(datagram.len()), 0x5a);
    datagram
}

fn short(id: &OwnId, length: usize) -> Vec<u8> {
    let mut datagram = [&[0x45][..], id].concat();
    datagram.resize(length, 0x5a);
    datagram
}
