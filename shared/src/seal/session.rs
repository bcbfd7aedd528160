//! The terminal's end: one HPKE context a session and key, and a card sealed under it for each
//! purchase. The public-key work is done once; what is left for each purchase is symmetric.

use hpke::aead::ExportOnlyAead;
use hpke::kdf::HkdfSha256;
use hpke::kem::{X25519HkdfSha256, XWing};
use hpke::{Deserializable, Kem, OpModeS, Serializable};
use zeroize::Zeroizing;

use super::binding::{SESSION_LABEL, SessionSecret, binding, key_digest};
use super::holder::signed_digest;
use super::{CARD_BYTES, Envelope, SealError, SealedCard, Suite, info};
use crate::codec;
use crate::receipt::{IssuerKeys, Purchase};

/// What a terminal keeps of one session with one sealing key of an issuer. Whoever has it can read
/// the cards that were sealed under it, so it lives in memory only and is wiped when it is dropped.
pub struct SealingSession {
    suite: Suite,
    key_id: [u8; 8],
    /// The issuer's key, and its digest.
    public: Vec<u8>,
    key: [u8; 32],
    encapsulated: Vec<u8>,
    secret: SessionSecret,
}

impl SealingSession {
    /// Begins a session with an issuer's sealing key.
    ///
    /// # Errors
    /// [`SealError`] when the key is not one of a known suite, or goes by an id that is not its own.
    pub fn begin(keys: &IssuerKeys) -> Result<Self, SealError> {
        let suite = Suite::from_id(keys.suite)?;
        let key = key_digest(suite, &keys.sealing_key);
        if !key.starts_with(&keys.key_id) {
            return Err(SealError);
        }
        let info = info(suite, &keys.key_id);
        let (encapsulated, secret) = match suite {
            Suite::X25519 => set_up::<X25519HkdfSha256>(&keys.sealing_key, &info),
            Suite::XWing => set_up::<XWing>(&keys.sealing_key, &info),
        }?;
        let public = keys.sealing_key.clone();
        Ok(Self { suite, key_id: keys.key_id, public, key, encapsulated, secret })
    }

    /// Whether it is a session with this key.
    pub fn is_with(&self, keys: &IssuerKeys) -> bool {
        self.suite as u8 == keys.suite && self.public == keys.sealing_key
    }

    /// What the card's holder key has to sign for this purchase.
    pub fn to_sign(&self, purchase: &Purchase) -> [u8; 32] {
        signed_digest(&binding(self.suite, &self.key, purchase))
    }

    /// Seals a card for one purchase.
    ///
    /// # Errors
    /// [`SealError`] when the card does not fit, or the machine has no random bytes.
    pub fn seal(&self, card: &SealedCard, purchase: &Purchase) -> Result<Envelope, SealError> {
        let body = codec::encode_secret(card);
        let mut text = Zeroizing::new([0_u8; CARD_BYTES]);
        let length = u16::try_from(body.len()).map_err(|_| SealError)?;
        text[..2].copy_from_slice(&length.to_le_bytes());
        text.get_mut(2..2 + body.len()).ok_or(SealError)?.copy_from_slice(&body);
        let binding = binding(self.suite, &self.key, purchase);
        Ok(Envelope {
            suite: self.suite as u8,
            key_id: self.key_id,
            encapsulated: self.encapsulated.clone(),
            ciphertext: self.secret.encrypt(&binding, &text)?,
        })
    }
}

fn set_up<K: Kem>(public: &[u8], info: &[u8]) -> Result<(Vec<u8>, SessionSecret), SealError> {
    let public = K::PublicKey::from_bytes(public).map_err(|_| SealError)?;
    let (encapsulated, context) =
        hpke::setup_sender::<ExportOnlyAead, HkdfSha256, K>(&OpModeS::Base, &public, info)
            .map_err(|_| SealError)?;
    let mut secret = SessionSecret([0; 32]);
    context.export(SESSION_LABEL, &mut secret.0).map_err(|_| SealError)?;
    Ok((encapsulated.to_bytes().to_vec(), secret))
}
