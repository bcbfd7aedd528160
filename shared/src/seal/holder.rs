//! The holder's own key: a card that it was enrolled for buys nothing without its signature.

use serde::{Deserialize, Serialize};

use crate::card_file::EnrolmentCode;
use crate::digest::sha256;
use crate::identity::Identity;
use crate::receipt::Signature;

/// That the holder of a key wants this purchase, and perhaps that the key be the card's from now on.
#[derive(Clone, Serialize, Deserialize)]
pub struct HolderProof {
    pub public: [u8; 32],
    pub signature: Signature,
    pub enrolment: Option<EnrolmentCode>,
}

impl HolderProof {
    /// Signs what [`super::SealingSession::to_sign`] gives for a purchase.
    pub fn sign(key: &Identity, to_sign: &[u8; 32], enrolment: Option<EnrolmentCode>) -> Self {
        Self { public: key.public(), signature: key.sign(to_sign).into(), enrolment }
    }

    /// Whether the key signed for exactly this binding.
    pub(super) fn fits(&self, binding: &[u8; 32]) -> bool {
        self.signature.check(&self.public, &signed_digest(binding)).is_ok()
    }
}

/// The signature is over a digest of its own, so that it never serves as anything else.
pub(super) fn signed_digest(binding: &[u8; 32]) -> [u8; 32] {
    sha256(&[b"kessai holder v1", binding])
}
