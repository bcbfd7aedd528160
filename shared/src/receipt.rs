//! What is signed: the seller's quote, the issuer's keys, and the groups of the settlement's journal
//! that its decisions stand in.
//!
//! Each is signed over a digest that begins with a label of its own, so that a signature made for
//! one purpose never serves another.

mod checks;
mod decision;
mod quote;

use serde::{Deserialize, Serialize};

use crate::codec;
use crate::digest::sha256;
use crate::identity::{self, Identity};
use crate::ids::OrderId;
use crate::money::{Currency, Minor};
use crate::pin::Pin;
use crate::time::Timestamp;

pub use checks::{Afresh, Checks, Remembering};
pub use decision::{Decision, GroupHead, Inclusion, Statement};
pub use quote::{Among, Quote, QuotedLine, SignedQuote, sign_all};

/// An Ed25519 signature in its two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature([u8; 32], [u8; 32]);

/// What a sealed card is bound to, and what a decision speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    pub seller: Pin,
    pub order: OrderId,
    pub amount: Minor,
    pub currency: Currency,
    pub quote_hash: [u8; 32],
    pub deadline: Timestamp,
}

/// All that the seller learns of a credit decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    Approved,
    Declined,
}

/// The keys of an issuer for a span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerKeys {
    pub key_id: [u8; 8],
    pub suite: u8,
    #[serde(with = "serde_bytes")]
    pub sealing_key: Vec<u8>,
    pub decision_key: [u8; 32],
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// Issuer keys that the issuer's root, which the terminal pins, has signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIssuerKeys {
    pub keys: IssuerKeys,
    pub root: [u8; 32],
    pub signature: Signature,
}

/// Why something signed is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forged {
    /// The signing key is not the pinned one.
    OtherKey,
    /// The signature does not belong to the content.
    Signature,
    /// The content speaks of another purchase than the one asked about.
    OtherPurchase,
    /// The keys are not valid at this time.
    OutOfDate,
    /// The decision's position is outside the group whose head it carries.
    OtherGroup,
    /// The path does not lead from the decision to the root of its group.
    NotInGroup,
    /// The path does not lead from the quote to a root of so many quotes.
    NotAmong,
}

impl Signature {
    fn bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.0);
        bytes[32..].copy_from_slice(&self.1);
        bytes
    }

    pub(crate) fn check(&self, public: &[u8; 32], digest: &[u8; 32]) -> Result<(), Forged> {
        if identity::verify(public, digest, &self.bytes()) { Ok(()) } else { Err(Forged::Signature) }
    }
}

impl From<[u8; 64]> for Signature {
    fn from(bytes: [u8; 64]) -> Self {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        first.copy_from_slice(&bytes[..32]);
        second.copy_from_slice(&bytes[32..]);
        Self(first, second)
    }
}

impl IssuerKeys {
    pub fn sign(self, root: &Identity) -> SignedIssuerKeys {
        let signature = root.sign(&self.digest()).into();
        SignedIssuerKeys { keys: self, root: root.public(), signature }
    }

    /// Whether the keys may be used at this time.
    pub fn span_contains(&self, at: Timestamp) -> bool {
        self.not_before <= at && at < self.not_after
    }

    fn digest(&self) -> [u8; 32] {
        sha256(&[b"kessai issuer keys v1", &codec::encode(self)])
    }
}

impl SignedIssuerKeys {
    /// The keys, when the pinned root signed them; [`SignedIssuerKeys::verify_now`] also asks when.
    ///
    /// # Errors
    /// [`Forged`] when another root signed, or nobody did.
    pub fn verify(&self, root: Pin) -> Result<&IssuerKeys, Forged> {
        if Pin::of_public_key(&self.root) != root {
            return Err(Forged::OtherKey);
        }
        self.signature.check(&self.root, &self.keys.digest())?;
        Ok(&self.keys)
    }

    /// The keys, when the pinned root signed them and they may be used to seal at `now`.
    ///
    /// # Errors
    /// [`Forged`] as [`SignedIssuerKeys::verify`], and when `now` is outside their span.
    pub fn verify_now(&self, root: Pin, now: Timestamp) -> Result<&IssuerKeys, Forged> {
        let keys = self.verify(root)?;
        if keys.span_contains(now) { Ok(keys) } else { Err(Forged::OutOfDate) }
    }
}

impl std::fmt::Display for Forged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Forged::OtherKey => "signed by another key than the pinned one",
            Forged::Signature => "the signature does not fit",
            Forged::OtherPurchase => "it speaks of another purchase",
            Forged::OutOfDate => "the keys are not valid at that time",
            Forged::OtherGroup => "it stands outside the group of the journal that it names",
            Forged::NotAmong => "its path does not lead to those that it was signed with",
            Forged::NotInGroup => "its path does not lead to the group of the journal that it names",
        })
    }
}

impl std::error::Error for Forged {}
