//! The name a key goes by: the SHA-256 of its public half.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// Length of a pin, in bytes.
pub const PIN_BYTES: usize = 32;

/// Length of an Ed25519 public key, in bytes.
pub const PUBLIC_KEY_BYTES: usize = 32;

/// Length of the DER encoding of an Ed25519 SubjectPublicKeyInfo, in bytes.
const SPKI_BYTES: usize = SPKI_PREFIX.len() + PUBLIC_KEY_BYTES;

/// Everything that precedes the key in an Ed25519 SubjectPublicKeyInfo (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The SHA-256 of an Ed25519 SubjectPublicKeyInfo, written as 64 lowercase hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pin(pub [u8; PIN_BYTES]);

impl Pin {
    /// The pin of an Ed25519 public key.
    #[must_use]
    pub fn of_public_key(public: &[u8; PUBLIC_KEY_BYTES]) -> Self {
        let mut spki = [0; SPKI_BYTES];
        spki[..SPKI_PREFIX.len()].copy_from_slice(&SPKI_PREFIX);
        spki[SPKI_PREFIX.len()..].copy_from_slice(public);
        Self::hash(&spki)
    }

    /// The pin of a DER SubjectPublicKeyInfo, or `None` when the key is not Ed25519.
    #[must_use]
    pub fn of_spki(spki: &[u8]) -> Option<Self> {
        let ed25519 = spki.len() == SPKI_BYTES && spki.starts_with(&SPKI_PREFIX);
        ed25519.then(|| Self::hash(spki))
    }

    fn hash(spki: &[u8]) -> Self {
        let mut pin = [0; PIN_BYTES];
        pin.copy_from_slice(digest::digest(&digest::SHA256, spki).as_ref());
        Self(pin)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = NotAPin;

    fn from_str(text: &str) -> Result<Self, NotAPin> {
        // Capitals are refused so that one key has exactly one spelling in every file and log.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(NotAPin);
        }
        let mut pin = [0; PIN_BYTES];
        from_hex(text, &mut pin).ok_or(NotAPin)?;
        Ok(Self(pin))
    }
}

/// A text that is not 64 lowercase hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPin;

impl fmt::Display for NotAPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pin is 64 lowercase hex digits")
    }
}

impl std::error::Error for NotAPin {}

/// Fills `out` from hex digits; `None` unless the text is exactly that many digits.
pub fn from_hex(text: &str, out: &mut [u8]) -> Option<()> {
    let digits = text.as_bytes();
    if digits.len() != 2 * out.len() {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_reads_back_what_it_writes() {
        let pin = Pin::of_public_key(&[7; PUBLIC_KEY_BYTES]);
        assert_eq!(pin.to_string().parse(), Ok(pin));
        assert_eq!(pin.to_string().len(), 64);
    }

    #[test]
    fn a_pin_has_one_spelling() {
        let text = Pin([0xab; PIN_BYTES]).to_string();
        for wrong in [
            text.to_uppercase(),
            text[1..].to_string(),
            format!("{text}0"),
            text.replacen('a', "g", 1),
            text.replacen('a', "+", 1),
            format!("é{}", &text[2..]),
        ] {
            assert_eq!(wrong.parse::<Pin>(), Err(NotAPin), "{wrong}");
        }
    }

    #[test]
    fn only_an_ed25519_key_has_a_pin() {
        let mut spki = SPKI_PREFIX.to_vec();
        spki.extend([7; PUBLIC_KEY_BYTES]);
        assert_eq!(Pin::of_spki(&spki), Some(Pin::of_public_key(&[7; PUBLIC_KEY_BYTES])));
        // 0x6e in the last octet of the object identifier is X25519, not Ed25519.
        spki[8] = 0x6e;
        assert_eq!(Pin::of_spki(&spki), None);
        assert_eq!(Pin::of_spki(&[]), None);
    }
}
