//! The sealed card: what only the settlement can open, and only for the purchase it was sealed for.
//!
//! A terminal sets up one HPKE context (RFC 9180, base mode, export only) a session, to a key that the
//! issuer's root signed. Both ends export a secret from it, and each purchase is encrypted under a key
//! derived from that secret and the digest of the purchase, so the blob opens for no other seller,
//! order, amount, currency, quote or deadline. The envelope always carries the encapsulated key: the
//! settlement remembers recent sessions, but needs none of them to open a card.
//!
//! Inside, beside the card, lies a secret of this order with which the settlement seals its reason for
//! the terminal. The terminal derives it from its own key and the order id, so a terminal that was
//! killed can still read the answer.

mod binding;
mod holder;
mod opener;
mod reason;
mod session;

use hpke::Kem;
use hpke::kem::{X25519HkdfSha256, XWing};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::card::Particulars;

pub use holder::HolderProof;
pub use opener::{MAX_SESSIONS, Opener, SealingKey};
pub use reason::{open_reason, seal_reason};
pub use session::SealingSession;

/// Bytes of every sealed card before encryption: its length tells nothing about the card, nor about
/// whether a holder's key signed.
const CARD_BYTES: usize = 320;
/// What the key schedule is bound to, besides the suite and the id of the key: the version of all this.
const INFO: &[u8] = b"kessai card seal v2";

/// How a card is sealed. The number is the algorithm id in the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Suite {
    /// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
    X25519 = 1,
    /// X-Wing (X25519 with ML-KEM-768), HKDF-SHA256, ChaCha20-Poly1305. The default.
    XWing = 2,
}

/// A sealed card on its way.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub suite: u8,
    pub key_id: [u8; 8],
    #[serde(with = "serde_bytes")]
    pub encapsulated: Vec<u8>,
    /// The nonce, the encrypted card and its tag.
    #[serde(with = "serde_bytes")]
    pub ciphertext: Vec<u8>,
}

/// With this the settlement seals its reason, and the terminal reads it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct ResponseSecret(pub [u8; 32]);

/// What comes out of an envelope.
#[derive(Serialize, Deserialize)]
pub struct SealedCard {
    pub card: Particulars,
    pub response: ResponseSecret,
    /// That the holder of the card's own key wants this purchase.
    pub holder: Option<HolderProof>,
}

/// The seal could not be made or does not open. Why is nobody's business but the sealer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealError;

impl Envelope {
    /// Whether it is of the size that a sealed card has. Anything else is not worth carrying.
    pub fn is_of_size(&self) -> bool {
        Suite::from_id(self.suite).is_ok_and(|suite| self.encapsulated.len() == suite.encapsulated_bytes())
            && self.ciphertext.len() == binding::SEALED_BYTES
    }
}

impl Suite {
    fn from_id(id: u8) -> Result<Self, SealError> {
        match id {
            1 => Ok(Suite::X25519),
            2 => Ok(Suite::XWing),
            _ => Err(SealError),
        }
    }

    /// How long an encapsulated key is: 32 bytes, or 1,120 with the post-quantum half.
    pub fn encapsulated_bytes(self) -> usize {
        match self {
            Suite::X25519 => size::<<X25519HkdfSha256 as Kem>::EncappedKey>(),
            Suite::XWing => size::<<XWing as Kem>::EncappedKey>(),
        }
    }
}

fn size<T: hpke::Serializable>() -> usize {
    T::size()
}

fn info(suite: Suite, key_id: &[u8; 8]) -> Vec<u8> {
    [INFO, &[suite as u8], key_id].concat()
}

impl std::fmt::Display for SealError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the seal does not open")
    }
}

impl std::error::Error for SealError {}
