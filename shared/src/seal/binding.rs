//! What a card is bound to, and the encryption of one card for one purchase.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, rand};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{CARD_BYTES, SealError, Suite};
use crate::codec;
use crate::digest::sha256;
use crate::receipt::Purchase;

const TAG_BYTES: usize = 16;
/// Bytes of every ciphertext.
pub(super) const SEALED_BYTES: usize = NONCE_LEN + CARD_BYTES + TAG_BYTES;
/// The label under which both ends export their secret from the HPKE context.
pub(super) const SESSION_LABEL: &[u8] = b"kessai card session v2";
const PURCHASE_LABEL: &[u8] = b"kessai card purchase v2";

/// What both ends of a session know: every purchase of the session has a key derived from it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct SessionSecret(pub [u8; 32]);

/// The digest of a sealing key; its first bytes are the id that the key goes by.
pub(super) fn key_digest(suite: Suite, public: &[u8]) -> [u8; 32] {
    sha256(&[b"kessai sealing key id", &[suite as u8], public])
}

/// The digest of everything that a sealed card is bound to. The whole key counts, not its short id,
/// so that what is bound to one key is bound to no other that was made to have the same id.
pub(super) fn binding(suite: Suite, key: &[u8; 32], purchase: &Purchase) -> [u8; 32] {
    sha256(&[b"kessai card binding v2", &[suite as u8], key, &codec::encode(purchase)])
}

impl SessionSecret {
    /// Encrypts under the key of this purchase. The nonce is random, because a terminal may seal two
    /// cards for one purchase: when the first was never sent, and its holder chose another.
    pub fn encrypt(&self, binding: &[u8; 32], text: &[u8; CARD_BYTES]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| SealError)?;
        let mut sealed = Vec::with_capacity(SEALED_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let (_, body) = sealed.split_at_mut(NONCE_LEN);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .purchase_key(binding)?
            .seal_in_place_separate_tag(nonce, Aad::from(binding), body)
            .map_err(|_| SealError)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    pub fn decrypt(
        &self,
        binding: &[u8; 32],
        sealed: &[u8],
    ) -> Result<Zeroizing<[u8; CARD_BYTES]>, SealError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self
            .purchase_key(binding)?
            .open_in_place(nonce, Aad::from(binding), &mut body)
            .map_err(|_| SealError)?;
        let mut text = Zeroizing::new([0; CARD_BYTES]);
        let fits = plain.len() == CARD_BYTES;
        fits.then(|| text.copy_from_slice(plain)).ok_or(SealError)?;
        Ok(text)
    }

    /// HKDF-Expand over the whole binding, not over the order id alone: two purchases that differ in
    /// anything at all have different keys.
    fn purchase_key(&self, binding: &[u8; 32]) -> Result<LessSafeKey, SealError> {
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &self.0)
            .expand(&[PURCHASE_LABEL, binding], &CHACHA20_POLY1305)
            .map(UnboundKey::from)
            .map(LessSafeKey::new)
            .map_err(|_| SealError)
    }
}
