//! The sealed card: what only the settlement can open, and only for the purchase it was sealed for.
//!
//! The seal is HPKE (RFC 9180, base mode) to a key that the issuer's root signed. Its additional
//! data is the digest of the purchase, so that the blob opens for no other seller, order, amount,
//! currency, quote or deadline. Inside, beside the card, lies a secret of this order with which the
//! settlement seals its reason for the terminal. The terminal derives that secret from its own key
//! and the order id, so a terminal that was killed can still read the answer.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::{X25519HkdfSha256, XWing};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::card::Particulars;
use crate::codec;
use crate::digest::sha256;
use crate::outcome::Reason;
use crate::receipt::{IssuerKeys, Purchase};

/// Bytes of every sealed card before encryption: its length tells nothing about the card.
const CARD_BYTES: usize = 192;
/// Bytes of every reason before encryption.
const REASON_BYTES: usize = 16;
/// Most bytes an encapsulated key may have; X-Wing's, the largest, has 1,120.
const MAX_ENCAPSULATED_BYTES: usize = 1_200;
const INFO: &[u8] = b"kessai card seal v1";

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
    pub encapsulated: Vec<u8>,
    pub ciphertext: Vec<u8>,
}

/// The private half of a sealing key, made once from its seed because making it costs as much as
/// opening a seal. The library wipes it when it is dropped.
pub struct SealingKey {
    private: Private,
    public: Vec<u8>,
    key_id: [u8; 8],
}

enum Private {
    X25519(<X25519HkdfSha256 as Kem>::PrivateKey),
    XWing(Box<<XWing as Kem>::PrivateKey>),
}

/// With this the settlement seals its reason, and the terminal reads it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct ResponseSecret(pub [u8; 32]);

/// What comes out of an envelope.
#[derive(Serialize, Deserialize)]
pub struct SealedCard {
    pub card: Particulars,
    pub response: ResponseSecret,
}

/// The seal could not be made or does not open. Why is nobody's business but the sealer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealError;

impl Envelope {
    /// Whether it is of the size that a sealed card has. Anything else is not worth carrying.
    pub fn is_of_size(&self) -> bool {
        self.encapsulated.len() <= MAX_ENCAPSULATED_BYTES
            && self.ciphertext.len() == CARD_BYTES + CHACHA20_POLY1305.tag_len()
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
}

impl SealingKey {
    pub fn from_seed(suite: Suite, seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let (private, public) = match suite {
            Suite::X25519 => {
                let (private, public) = X25519HkdfSha256::derive_keypair(&seed[..]);
                (Private::X25519(private), public.to_bytes().to_vec())
            }
            Suite::XWing => {
                let (private, public) = XWing::derive_keypair(&seed[..]);
                (Private::XWing(Box::new(private)), public.to_bytes().to_vec())
            }
        };
        let digest = sha256(&[b"kessai sealing key id", &[suite as u8], &public]);
        let mut key_id = [0; 8];
        key_id.copy_from_slice(&digest[..8]);
        Self { private, public, key_id }
    }

    pub fn public(&self) -> Vec<u8> {
        self.public.clone()
    }

    pub fn key_id(&self) -> [u8; 8] {
        self.key_id
    }

    pub fn suite(&self) -> Suite {
        match self.private {
            Private::X25519(_) => Suite::X25519,
            Private::XWing(_) => Suite::XWing,
        }
    }

    /// Opens an envelope that was sealed for exactly this purchase.
    ///
    /// # Errors
    /// [`SealError`] when it was sealed otherwise, for another key or purchase, or was changed.
    pub fn open(&self, envelope: &Envelope, purchase: &Purchase) -> Result<SealedCard, SealError> {
        let fits = envelope.is_of_size()
            && envelope.key_id == self.key_id
            && Suite::from_id(envelope.suite)? == self.suite();
        if !fits {
            return Err(SealError);
        }
        let aad = binding(envelope.suite, &envelope.key_id, purchase);
        let plain = match &self.private {
            Private::X25519(private) => open_with::<X25519HkdfSha256>(private, envelope, &aad),
            Private::XWing(private) => open_with::<XWing>(private, envelope, &aad),
        }?;
        let length = plain.first().map_or(0, |n| usize::from(*n));
        let body = plain.get(1..=length).ok_or(SealError)?;
        codec::decode(body).map_err(|_| SealError)
    }
}

/// Seals a card for one purchase with the issuer's current key.
///
/// # Errors
/// [`SealError`] when the issuer's key is not one of a known suite.
pub fn seal(card: &SealedCard, purchase: &Purchase, keys: &IssuerKeys) -> Result<Envelope, SealError> {
    let suite = Suite::from_id(keys.suite)?;
    let body = codec::encode_secret(card);
    let mut plain = Zeroizing::new([0_u8; CARD_BYTES]);
    plain[0] = u8::try_from(body.len()).map_err(|_| SealError)?;
    plain.get_mut(1..=body.len()).ok_or(SealError)?.copy_from_slice(&body);
    let aad = binding(keys.suite, &keys.key_id, purchase);
    let (encapsulated, ciphertext) = match suite {
        Suite::X25519 => seal_with::<X25519HkdfSha256>(&keys.sealing_key, &plain[..], &aad),
        Suite::XWing => seal_with::<XWing>(&keys.sealing_key, &plain[..], &aad),
    }?;
    Ok(Envelope { suite: keys.suite, key_id: keys.key_id, encapsulated, ciphertext })
}

/// Seals the reason of a decision for the terminal. The same reason for the same purchase gives the
/// same bytes, and another reason takes another nonce, so that no nonce ever serves two texts.
pub fn seal_reason(reason: Reason, purchase: &Purchase, secret: &ResponseSecret) -> Vec<u8> {
    let mut plain = codec::encode(&reason);
    plain.resize(REASON_BYTES, 0);
    let digest = Zeroizing::new(sha256(&[b"kessai reason nonce v1", &secret.0, &plain]));
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&digest[..NONCE_LEN]);
    let sealed = reason_key(purchase, secret).and_then(|key| {
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut plain)
            .map_err(|_| SealError)
    });
    // Neither step fails for a text this short; an empty reason reads as one that was not sealed.
    sealed.map_or_else(|_| Vec::new(), |()| [nonce.as_slice(), &plain].concat())
}

/// Reads the reason that the settlement sealed for this terminal.
///
/// # Errors
/// [`SealError`] when it was sealed with another secret or changed on the way.
pub fn open_reason(sealed: &[u8], purchase: &Purchase, secret: &ResponseSecret) -> Result<Reason, SealError> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
    let mut buffer = text.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = reason_key(purchase, secret)?
        .open_in_place(nonce, Aad::empty(), &mut buffer)
        .map_err(|_| SealError)?;
    let reason = plain.first().and_then(|at| Reason::ALL.get(usize::from(*at)));
    reason.copied().ok_or(SealError)
}

fn reason_key(purchase: &Purchase, secret: &ResponseSecret) -> Result<LessSafeKey, SealError> {
    let key = Zeroizing::new(sha256(&[b"kessai reason v1", &secret.0, &codec::encode(purchase)]));
    UnboundKey::new(&CHACHA20_POLY1305, &key[..]).map(LessSafeKey::new).map_err(|_| SealError)
}

fn binding(suite: u8, key_id: &[u8; 8], purchase: &Purchase) -> [u8; 32] {
    sha256(&[b"kessai card binding v1", &[suite], key_id, &codec::encode(purchase)])
}

fn seal_with<K: Kem>(public: &[u8], plain: &[u8], aad: &[u8]) -> Result<(Vec<u8>, Vec<u8>), SealError> {
    let public = K::PublicKey::from_bytes(public).map_err(|_| SealError)?;
    let (encapsulated, mut context) =
        hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, K>(&OpModeS::Base, &public, INFO)
            .map_err(|_| SealError)?;
    let ciphertext = context.seal(plain, aad).map_err(|_| SealError)?;
    Ok((encapsulated.to_bytes().to_vec(), ciphertext))
}

fn open_with<K: Kem>(
    private: &K::PrivateKey,
    envelope: &Envelope,
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let encapsulated = K::EncappedKey::from_bytes(&envelope.encapsulated).map_err(|_| SealError)?;
    let mut context =
        hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, K>(&OpModeR::Base, private, &encapsulated, INFO)
            .map_err(|_| SealError)?;
    context.open(&envelope.ciphertext, aad).map(Zeroizing::new).map_err(|_| SealError)
}

impl std::fmt::Display for SealError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the seal does not open")
    }
}

impl std::error::Error for SealError {}
