//! QUIC packets laid by hand (RFC 9000, section 17), so that they can be laid wrongly as well.

use kessai_shared::console::Failure;
use rustls::Side;
use rustls::quic::{Keys, Suite, Version};

/// Version 1 of QUIC (RFC 9000).
pub const V1: u32 = 1;
/// The least length of a datagram with a client's Initial, in bytes (RFC 9000, section 14.1).
pub const MIN_INITIAL_BYTES: usize = 1_200;

/// First bytes of long headers, with a packet number of four bytes (RFC 9000, section 17.2).
pub const INITIAL: u8 = 0b1100_0011;
pub const ZERO_RTT: u8 = 0b1101_0011;
pub const HANDSHAKE: u8 = 0b1110_0011;
pub const RETRY: u8 = 0b1111_0000;

/// How long packet numbers are here, in bytes.
const NUMBER_BYTES: usize = 4;
/// How long the tag of the Initials' AEAD is, in bytes.
const TAG_BYTES: usize = 16;
/// The most that a frame's header takes here: its type, an offset and a length, in bytes.
const MAX_FRAME_HEADER_BYTES: usize = 1 + 4 + 4;

/// A long header as far as the ids: what every version of QUIC has in common (RFC 8999).
pub fn long_header(first: u8, version: u32, to: &[u8], from: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(1_500);
    packet.push(first);
    packet.extend(version.to_be_bytes());
    // An id of more than 255 bytes cannot be written down, in no version.
    packet.push(u8::try_from(to.len()).unwrap_or(u8::MAX));
    packet.extend(to);
    packet.push(u8::try_from(from.len()).unwrap_or(u8::MAX));
    packet.extend(from);
    packet
}

/// A number of variable length (RFC 9000, section 16), always in four bytes.
pub fn number(value: usize) -> [u8; 4] {
    let value = u32::try_from(value).unwrap_or(u32::MAX) & 0x3fff_ffff;
    (value | 0x8000_0000).to_be_bytes()
}

/// Seals Initials of version 1.
pub struct Sealer(Suite);

impl Sealer {
    /// # Errors
    /// [`Failure`] when the cryptographic library has not the suite that Initials are sealed by.
    pub fn new() -> Result<Self, Failure> {
        use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
        let suite = TLS13_AES_128_GCM_SHA256.tls13().and_then(rustls::Tls13CipherSuite::quic_suite);
        suite.map(Self).ok_or_else(|| Failure::failed("there is no cipher for Initials"))
    }

    /// A datagram of one Initial, padded to the least length that servers take, with a piece of the
    /// TLS stream, which begins at `offset`.
    ///
    /// # Errors
    /// [`Failure`] when the cryptographic library fails.
    pub fn initial(
        &self,
        (to, from): (&[u8], &[u8]),
        packet_number: u32,
        (offset, piece): (usize, &[u8]),
    ) -> Result<Vec<u8>, Failure> {
        let mut packet = long_header(INITIAL, V1, to, from);
        // No token.
        packet.push(0);
        let before = packet.len() + 4 + NUMBER_BYTES + TAG_BYTES;
        let whole = (before + MAX_FRAME_HEADER_BYTES + piece.len()).max(MIN_INITIAL_BYTES);
        let content = whole - before;
        packet.extend(number(NUMBER_BYTES + content + TAG_BYTES));
        let number_at = packet.len();
        packet.extend(packet_number.to_be_bytes());
        let content_at = packet.len();
        // A CRYPTO frame, and padding behind it.
        packet.push(0x06);
        packet.extend(number(offset));
        packet.extend(number(piece.len()));
        packet.extend(piece);
        packet.resize(content_at + content, 0);
        let keys: Keys = self.0.keys(to, Side::Client, Version::V1);
        let (header, content) = packet.split_at_mut(content_at);
        let tag = keys.local.packet.encrypt_in_place(u64::from(packet_number), header, content)?;
        packet.extend(tag.as_ref());
        let (header, rest) = packet.split_at_mut(content_at);
        let (first, number) = header.split_at_mut(number_at);
        let sample = &rest[..keys.local.header.sample_len()];
        keys.local.header.encrypt_in_place(sample, &mut first[0], number)?;
        Ok(packet)
    }
}
