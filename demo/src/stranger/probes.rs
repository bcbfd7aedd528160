//! Probes of each kind, one unlike the other, made as fast as they are sent.

use kessai_shared::console::Failure;
use kessai_shared::journal::Dice;
use kessai_shared::settlement::ALPN;

use super::hello::{Hello, ID_BYTES};
use super::kind::Kind;
use super::packet::{
    HANDSHAKE, INITIAL, MIN_INITIAL_BYTES, RETRY, Sealer, V1, ZERO_RTT, long_header, number,
};
use super::recorded::Recorded;
use super::services;

/// The longest probe, in bytes of UDP payload: what an Ethernet frame carries over IPv4.
const MAX_PROBE_BYTES: usize = 1_500 - 20 - 8;
/// How many hellos there are of each length.
const HELLOS: u64 = 8;
/// How much chance is kept ready, in bytes: to take a piece of it is cheaper than to make one.
const POOL_BYTES: usize = 64 * 1024;
/// How much of a hello that takes two datagrams goes into the first, in bytes.
const FIRST_PIECE_BYTES: usize = 1_000;

/// Versions of QUIC that are not version 1: 2 (RFC 9369), drafts, Google's, Facebook's, the largest
/// one, and two of those that are reserved to provoke a negotiation (RFC 9000, section 15).
const OTHER_VERSIONS: [u32; 12] = [
    0x6b33_43cf,
    0xff00_001d,
    0xff00_001b,
    0xff00_0020,
    0x5130_3530,
    0x5130_3433,
    0xface_b002,
    0x0000_0002,
    0x0a0a_0a0a,
    0x1a2a_3a4a,
    0xbaba_baba,
    0xffff_ffff,
];

/// Makes probes.
pub struct Probes {
    dice: Dice,
    pool: Vec<u8>,
    sealer: Sealer,
    hellos: Vec<Hello>,
    /// The second half of a hello whose first was the last Initial.
    half: Option<Vec<u8>>,
    /// Initials to break.
    initials: Vec<Vec<u8>>,
    greetings: Vec<(&'static str, Vec<u8>)>,
    recorded: Recorded,
}

impl Probes {
    /// Probes that are the same for the same seed but for the keys in hellos.
    ///
    /// # Errors
    /// [`Failure`] when the cryptographic library fails.
    pub fn new(seed: u64, recorded: Recorded) -> Result<Self, Failure> {
        let mut dice = Dice::new(seed);
        let pool = (0..POOL_BYTES / 8).flat_map(|_| dice.roll().to_le_bytes()).collect();
        let sealer = Sealer::new()?;
        let mut hellos = Vec::new();
        for at in 0..2 * HELLOS {
            hellos.push(Hello::new(dice.roll().to_le_bytes(), ALPN, at % 2 == 1)?);
        }
        let greetings = services::greetings();
        let mut probes =
            Self { dice, pool, sealer, hellos, half: None, initials: Vec::new(), greetings, recorded };
        for _ in 0..HELLOS {
            let initial = probes.initial()?;
            probes.initials.push(initial);
        }
        Ok(probes)
    }

    /// Takes over what was recorded since.
    pub fn heard(&mut self, recorded: Recorded) {
        self.recorded = recorded;
    }

    /// The next probe of a kind.
    ///
    /// # Errors
    /// [`Failure`] when the cryptographic library fails.
    pub fn next(&mut self, kind: Kind) -> Result<Vec<u8>, Failure> {
        Ok(match kind {
            Kind::Random => self.noise(1, MAX_PROBE_BYTES).to_vec(),
            Kind::Empty => Vec::new(),
            // What a whole client sends it sends by itself.
            Kind::Initial | Kind::Client | Kind::ClientWithoutProtocol => self.initial()?,
            Kind::InitialOfNoise => {
                let ids = self.ids(8, 20);
                let noise = self.noise(1, MIN_INITIAL_BYTES).to_vec();
                self.sealer.initial((&ids.0, &ids.1), 0, (0, &noise))?
            }
            Kind::BrokenInitial => self.broken_initial(),
            Kind::OddId => self.odd_id()?,
            Kind::OtherVersion => self.other_version(),
            Kind::VersionNegotiation => {
                let first = 0x80 | self.dice.roll() as u8;
                let mut packet = self.long(first, 0);
                packet.extend(V1.to_be_bytes());
                packet.extend(self.noise(4, 64));
                packet
            }
            Kind::ShortHeader => {
                let mut packet = self.noise(1, MAX_PROBE_BYTES).to_vec();
                packet[0] = packet[0] & 0x3f | 0x40;
                packet
            }
            Kind::HeardId => self.heard_id(),
            Kind::Retry => {
                let mut packet = self.long(RETRY, V1);
                packet.extend(self.noise(16, 100));
                packet
            }
            Kind::Handshake => self.with_length(HANDSHAKE),
            Kind::ZeroRtt => self.with_length(ZERO_RTT),
            Kind::Replay => {
                let at = self.dice.roll() as usize;
                self.recorded.datagram(at).map_or_else(Vec::new, <[u8]>::to_vec)
            }
            Kind::OtherServices => {
                let at = self.dice.below(self.greetings.len());
                self.greetings[at].1.clone()
            }
        })
    }

    /// Bytes without a meaning, at least so many.
    fn noise(&mut self, least: usize, most: usize) -> &[u8] {
        let length = least + self.dice.below(most - least + 1);
        let at = self.dice.below(self.pool.len() - length);
        &self.pool[at..at + length]
    }

    /// Two connection ids.
    fn ids(&mut self, least: usize, most: usize) -> (Vec<u8>, Vec<u8>) {
        let to = self.noise(least, most).to_vec();
        (to, self.noise(0, 20).to_vec())
    }

    fn initial(&mut self) -> Result<Vec<u8>, Failure> {
        if let Some(half) = self.half.take() {
            return Ok(half);
        }
        let to = self.noise(8, 20).to_vec();
        let hello = &self.hellos[self.dice.below(self.hellos.len())];
        let first = hello.stream.len().min(FIRST_PIECE_BYTES);
        let (one, other) = hello.stream.split_at(first);
        if !other.is_empty() {
            self.half = Some(self.sealer.initial((&to, &hello.id), 1, (first, other))?);
        }
        self.sealer.initial((&to, &hello.id), 0, (0, one))
    }

    fn broken_initial(&mut self) -> Vec<u8> {
        let mut packet = self.initials[self.dice.below(self.initials.len())].clone();
        // Behind version and ids: with another version it would be of another kind.
        let behind = 7 + usize::from(packet[5]) + ID_BYTES;
        match self.dice.below(4) {
            0 => {
                let at = behind + self.dice.below(packet.len() - behind);
                packet[at] ^= 1 << self.dice.below(8);
            }
            1 => packet.truncate(self.dice.below(packet.len())),
            2 => packet[behind] = self.dice.roll() as u8 | 1,
            _ => packet[behind + 1..behind + 5].copy_from_slice(&(self.dice.roll() as u32).to_be_bytes()),
        }
        packet
    }

    fn odd_id(&mut self) -> Result<Vec<u8>, Failure> {
        let length = match self.dice.below(3) {
            0 => self.dice.below(8),
            1 => self.dice.below(21),
            _ => 21 + self.dice.below(235),
        };
        let to = self.noise(length, length).to_vec();
        if length <= 20 {
            let hello = &self.hellos[self.dice.below(self.hellos.len())];
            let one = &hello.stream[..hello.stream.len().min(FIRST_PIECE_BYTES)];
            return self.sealer.initial((&to, &hello.id), 0, (0, one));
        }
        let mut packet = long_header(INITIAL, V1, &to, &[7; ID_BYTES]);
        packet.extend(self.noise(MIN_INITIAL_BYTES - 280, MIN_INITIAL_BYTES));
        Ok(packet)
    }

    fn other_version(&mut self) -> Vec<u8> {
        let at = self.dice.below(OTHER_VERSIONS.len() + 1);
        let version = OTHER_VERSIONS.get(at).copied().unwrap_or(self.dice.roll() as u32 | 2);
        let mut packet = self.long(INITIAL, version);
        // Servers answer only what is as long as an Initial has to be, but for old ones.
        let length = if self.dice.percent(70) { MIN_INITIAL_BYTES } else { 1 };
        packet.extend(self.noise(length, MIN_INITIAL_BYTES + 100));
        packet
    }

    fn heard_id(&mut self) -> Vec<u8> {
        let at = self.dice.roll() as usize;
        let mut packet = vec![0x40 | (self.dice.roll() as u8 & 0x3f)];
        packet.extend(self.recorded.id(at).unwrap_or(&[7; 16]));
        packet.extend(self.noise(1, MIN_INITIAL_BYTES));
        packet
    }

    /// A long header to an id that was heard, or to one that nobody has.
    fn long(&mut self, first: u8, version: u32) -> Vec<u8> {
        let (made_up, from) = self.ids(0, 20);
        let at = self.dice.roll() as usize;
        let heard = self.recorded.id(at).filter(|_| at.is_multiple_of(2));
        long_header(first, version, heard.unwrap_or(&made_up), &from)
    }

    fn with_length(&mut self, first: u8) -> Vec<u8> {
        let mut packet = self.long(first, V1);
        let content = self.noise(20, 1_200).to_vec();
        packet.extend(number(content.len()));
        packet.extend(content);
        packet
    }
}
