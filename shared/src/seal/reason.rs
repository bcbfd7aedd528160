//! The reason of a decision, sealed for the terminal that sealed the card.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::{ResponseSecret, SealError};
use crate::codec;
use crate::digest::sha256_of_secrets;
use crate::outcome::Reason;
use crate::receipt::Purchase;

/// Bytes of every reason before encryption.
const REASON_BYTES: usize = 16;

/// Seals the reason of a decision for the terminal. The same reason for the same purchase gives the
/// same bytes, and another reason takes another nonce, so that no nonce ever serves two texts.
pub fn seal_reason(reason: Reason, purchase: &Purchase, secret: &ResponseSecret) -> Vec<u8> {
    let mut plain = codec::encode(&reason);
    plain.resize(REASON_BYTES, 0);
    let digest = Zeroizing::new(sha256_of_secrets(&[b"kessai reason nonce v1", &secret.0, &plain]));
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
    let key = Zeroizing::new(sha256_of_secrets(&[b"kessai reason v1", &secret.0, &codec::encode(purchase)]));
    UnboundKey::new(&CHACHA20_POLY1305, &key[..]).map(LessSafeKey::new).map_err(|_| SealError)
}
