//! The settlement's end: a sealing key, and the sessions it has opened lately. The public-key work is
//! what costs; a session that is remembered saves it, and one that was forgotten is worked out again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hpke::aead::ExportOnlyAead;
use hpke::kdf::HkdfSha256;
use hpke::kem::{X25519HkdfSha256, XWing};
use hpke::{Deserializable, Kem, OpModeR, Serializable};
use zeroize::Zeroizing;

use super::binding::{SESSION_LABEL, SessionSecret, binding, key_digest};
use super::{Envelope, SealError, SealedCard, Suite, info};
use crate::codec;
use crate::digest::sha256;
use crate::receipt::Purchase;

/// Most sessions that are remembered for one key: 16,384 terminals, in about two megabytes.
pub const MAX_SESSIONS: usize = 16_384;

/// The private half of a sealing key, made once from its seed because making it costs as much as
/// opening a seal. The library wipes it when it is dropped.
pub struct SealingKey {
    private: Private,
    public: Vec<u8>,
    digest: [u8; 32],
}

enum Private {
    X25519(<X25519HkdfSha256 as Kem>::PrivateKey),
    XWing(Box<<XWing as Kem>::PrivateKey>),
}

/// Opens sealed cards with one sealing key. What it remembers goes with the key.
pub struct Opener {
    key: SealingKey,
    sessions: Mutex<Sessions>,
}

/// The sessions by the digest of their encapsulated key, in two halves: when the newer one is full,
/// the older one is forgotten. No session costs more than one insertion, however many are made up. A
/// map that grows moves what it holds and wipes nothing, so the secrets lie in boxes of their own.
#[derive(Default)]
struct Sessions {
    newer: HashMap<[u8; 32], Box<SessionSecret>>,
    older: HashMap<[u8; 32], Box<SessionSecret>>,
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
        let digest = key_digest(suite, &public);
        Self { private, public, digest }
    }

    pub fn public(&self) -> Vec<u8> {
        self.public.clone()
    }

    /// What the key goes by: the first bytes of its digest.
    pub fn key_id(&self) -> [u8; 8] {
        let mut key_id = [0; 8];
        key_id.copy_from_slice(&self.digest[..8]);
        key_id
    }

    pub fn suite(&self) -> Suite {
        match self.private {
            Private::X25519(_) => Suite::X25519,
            Private::XWing(_) => Suite::XWing,
        }
    }

    fn session(&self, encapsulated: &[u8]) -> Result<SessionSecret, SealError> {
        let info = info(self.suite(), &self.key_id());
        match &self.private {
            Private::X25519(private) => set_up::<X25519HkdfSha256>(private, encapsulated, &info),
            Private::XWing(private) => set_up::<XWing>(private, encapsulated, &info),
        }
    }
}

impl Opener {
    pub fn new(key: SealingKey) -> Self {
        Self { key, sessions: Mutex::default() }
    }

    pub fn key(&self) -> &SealingKey {
        &self.key
    }

    /// Opens an envelope that was sealed for exactly this purchase. A holder's proof that does not fit
    /// is left out of what comes back.
    ///
    /// # Errors
    /// [`SealError`] when it was sealed otherwise, for another key or purchase, or was changed.
    pub fn open(&self, envelope: &Envelope, purchase: &Purchase) -> Result<SealedCard, SealError> {
        let fits = envelope.is_of_size()
            && envelope.key_id == self.key.key_id()
            && Suite::from_id(envelope.suite)? == self.key.suite();
        if !fits {
            return Err(SealError);
        }
        let binding = binding(self.key.suite(), &self.key.digest, purchase);
        let name = sha256(&[&envelope.encapsulated]);
        let known = self.sessions().recall(&name);
        let secret = match &known {
            Some(secret) => secret.clone(),
            None => Box::new(self.key.session(&envelope.encapsulated)?),
        };
        let text = secret.decrypt(&binding, &envelope.ciphertext)?;
        let length = usize::from(u16::from_le_bytes([text[0], text[1]]));
        let body = text.get(2..2 + length).ok_or(SealError)?;
        let mut sealed: SealedCard = codec::decode(body).map_err(|_| SealError)?;
        if known.is_none() {
            // Only what opened a card is worth remembering.
            self.sessions().keep(name, secret);
        }
        if sealed.holder.as_ref().is_some_and(|proof| !proof.fits(&binding)) {
            sealed.holder = None;
        }
        Ok(sealed)
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    fn recall(&mut self, name: &[u8; 32]) -> Option<Box<SessionSecret>> {
        if let Some(secret) = self.newer.get(name) {
            return Some(secret.clone());
        }
        // A session that is still in use moves to the newer half, so that it is not forgotten.
        let secret = self.older.remove(name)?;
        self.keep(*name, secret.clone());
        Some(secret)
    }

    fn keep(&mut self, name: [u8; 32], secret: Box<SessionSecret>) {
        if self.newer.len() >= MAX_SESSIONS / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(name, secret);
    }
}

fn set_up<K: Kem>(
    private: &K::PrivateKey,
    encapsulated: &[u8],
    info: &[u8],
) -> Result<SessionSecret, SealError> {
    let encapsulated = K::EncappedKey::from_bytes(encapsulated).map_err(|_| SealError)?;
    let context =
        hpke::setup_receiver::<ExportOnlyAead, HkdfSha256, K>(&OpModeR::Base, private, &encapsulated, info)
            .map_err(|_| SealError)?;
    let mut secret = SessionSecret([0; 32]);
    context.export(SESSION_LABEL, &mut secret.0).map_err(|_| SealError)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_and_what_is_used_stays() {
        let mut sessions = Sessions::default();
        let name = |count: usize| sha256(&[&count.to_le_bytes()]);
        for count in 0..4 * MAX_SESSIONS {
            sessions.keep(name(count), Box::new(SessionSecret([0; 32])));
            assert!(sessions.recall(&name(0)).is_some(), "the one in use was forgotten at {count}");
            assert!(sessions.newer.len() + sessions.older.len() <= MAX_SESSIONS);
        }
        assert!(sessions.recall(&name(1)).is_none(), "one that nobody used is still there");
    }
}
