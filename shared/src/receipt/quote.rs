//! The seller's quote, and its signature: for one quote alone, or for all that were asked for at once.

use serde::{Deserialize, Serialize};

use super::{Afresh, Checks, Forged, Purchase, Remembering, Signature};
use crate::codec;
use crate::digest::sha256;
use crate::identity::Identity;
use crate::ids::{Customer, OrderId, Sku};
use crate::merkle::{self, Node, Tree};
use crate::money::{Currency, Minor};
use crate::pin::Pin;
use crate::time::Timestamp;

/// One line of a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotedLine {
    pub sku: Sku,
    pub quantity: u32,
    pub unit_price: Minor,
}

/// What the seller asks for these goods, until the deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub seller: Pin,
    pub order: OrderId,
    pub customer: Customer,
    pub lines: Vec<QuotedLine>,
    pub total: Minor,
    pub currency: Currency,
    pub deadline: Timestamp,
}

/// A quote that the seller cannot deny.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedQuote {
    pub quote: Quote,
    pub public_key: [u8; 32],
    pub signature: Signature,
    /// Where the quote stands among those that the signature is for; `None` when it is for this alone.
    pub among: Option<Among>,
}

/// Where a quote stands among those that were signed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Among {
    /// How many they are, and which of them it is, from 0.
    pub size: u32,
    pub index: u32,
    /// At most [`merkle::MAX_PATH`] hashes.
    pub path: Vec<Node>,
}

impl Quote {
    /// The digest that the card is bound to and that the signature covers.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[b"kessai quote v1", &codec::encode(self)])
    }

    pub fn sign(self, seller: &Identity) -> SignedQuote {
        let signature = seller.sign(&self.hash()).into();
        SignedQuote { quote: self, public_key: seller.public(), signature, among: None }
    }

    pub fn purchase(&self) -> Purchase {
        Purchase {
            seller: self.seller,
            order: self.order,
            amount: self.total,
            currency: self.currency,
            quote_hash: self.hash(),
            deadline: self.deadline,
        }
    }
}

impl SignedQuote {
    /// Whether `seller`, and nobody else, made this quote.
    ///
    /// # Errors
    /// [`Forged`] when the key is not the pinned one, the signature does not fit, or the quote is not
    /// among those that it is for.
    pub fn verify(&self, seller: Pin) -> Result<&Quote, Forged> {
        self.verify_by(seller, &Afresh)
    }

    /// As [`SignedQuote::verify`], the signature checked by somebody who may remember it.
    ///
    /// # Errors
    /// As [`SignedQuote::verify`].
    pub fn verify_by(&self, seller: Pin, checks: &impl Checks) -> Result<&Quote, Forged> {
        if Pin::of_public_key(&self.public_key) != seller || self.quote.seller != seller {
            return Err(Forged::OtherKey);
        }
        checks.check(&self.signature, &self.public_key, &self.signed_digest()?)?;
        Ok(&self.quote)
    }

    /// Spares a memory the work of checking a signature that the caller has just made itself.
    pub fn signature_known_to(&self, memory: &Remembering) {
        if let Ok(digest) = self.signed_digest() {
            memory.learn(&self.signature, &self.public_key, &digest);
        }
    }

    fn signed_digest(&self) -> Result<[u8; 32], Forged> {
        let hash = self.quote.hash();
        let Some(Among { size, index, path }) = &self.among else { return Ok(hash) };
        let root = merkle::climb(&merkle::leaf(&hash), *index, *size, path);
        Ok(together(*size, &root.ok_or(Forged::NotAmong)?))
    }
}

/// Signs many quotes at once: one signature, over the root of a Merkle tree of their hashes, and for
/// each its path in that tree. One alone is signed as [`Quote::sign`] does.
pub fn sign_all(quotes: Vec<Quote>, seller: &Identity) -> Vec<SignedQuote> {
    if quotes.len() < 2 {
        return quotes.into_iter().map(|quote| quote.sign(seller)).collect();
    }
    // A batch is bounded far below by whoever gathers it.
    let size = u32::try_from(quotes.len()).unwrap_or(u32::MAX);
    let tree = Tree::new(quotes.iter().map(|quote| merkle::leaf(&quote.hash())).collect());
    let signature = seller.sign(&together(size, &tree.root())).into();
    let signed = (0..size).zip(quotes).map(|(index, quote)| {
        let path = tree.path(index as usize).unwrap_or_default();
        let among = Some(Among { size, index, path });
        SignedQuote { quote, public_key: seller.public(), signature, among }
    });
    signed.collect()
}

/// What is signed for so many quotes with this root.
fn together(size: u32, root: &Node) -> [u8; 32] {
    sha256(&[b"kessai quotes v1", &size.to_le_bytes(), root])
}
