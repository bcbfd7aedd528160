//! The file in which an issuer hands a card to its holder: sealed with a passphrase that travels
//! another way, and read once, by the holder's wallet.

use std::path::Path;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::card::Particulars;
use crate::codec;
use crate::digest::sha256_of_secrets;
use crate::pin::Pin;
use crate::sealed_file::{self, Cost, Kind, Passphrase, SealedFileError, SealedFileFault};

/// Longest label of a card, in bytes.
pub const MAX_LABEL_BYTES: usize = 64;
/// The version of what is kept inside the seal.
const VERSION: u8 = 1;
/// More bytes than an encoded card ever has.
const MAX_CARD_BYTES: usize = 512;
const BAD_LABEL: &str =
    "the label of its card is not 1 to 64 bytes without control characters or a space at its ends";

/// With this the holder of a card proves, once, that the issuer handed the card to them, and enrols
/// the key without which the card no longer pays.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct EnrolmentCode(pub [u8; 32]);

/// A card as its issuer hands it out.
#[derive(Clone, Serialize, Deserialize)]
pub struct IssuedCard {
    /// What the holder's wallet calls it at first.
    pub label: String,
    pub card: Particulars,
    /// The root of the issuer: the card is sealed for nobody else.
    pub issuer_root: Pin,
    /// `None` for a card that pays without a key of its holder.
    pub enrolment: Option<EnrolmentCode>,
}

/// A text that is no label of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLabel;

impl EnrolmentCode {
    /// A new code.
    ///
    /// # Errors
    /// When the machine yields no randomness.
    pub fn generate() -> Result<Self, Unspecified> {
        let mut code = Self([0; 32]);
        rand::fill(&mut code.0)?;
        Ok(code)
    }

    /// What the issuer keeps of the code. The code is as random as a key, so its plain digest
    /// gives nothing away.
    pub fn digest(&self) -> [u8; 32] {
        sha256_of_secrets(&[b"kessai enrolment v1", &self.0])
    }
}

impl IssuedCard {
    /// Writes the card into a new file.
    ///
    /// # Errors
    /// [`SealedFileError`] when the label is none, or the file is there or cannot be written.
    pub fn write(&self, path: &Path, passphrase: &Passphrase) -> Result<(), SealedFileError> {
        self.write_at(path, passphrase, Cost::DEFAULT)
    }

    /// Writes as [`IssuedCard::write`] does, at another cost than the default.
    ///
    /// # Errors
    /// As [`IssuedCard::write`].
    pub fn write_at(&self, path: &Path, passphrase: &Passphrase, cost: Cost) -> Result<(), SealedFileError> {
        check_label(&self.label)
            .map_err(|_| SealedFileFault::Content(BAD_LABEL))
            .map_err(SealedFileError::at(path))?;
        let mut head = Vec::with_capacity(MAX_CARD_BYTES);
        head.push(VERSION);
        let content = Zeroizing::new(codec::encode_after(head, self));
        sealed_file::create(path, Kind::IssuedCard, &content, passphrase, cost)
    }

    /// Reads the card in a file.
    ///
    /// # Errors
    /// [`SealedFileError`] says in one line what is wrong and what to do.
    pub fn read(path: &Path, passphrase: &Passphrase) -> Result<Self, SealedFileError> {
        let (content, _) = sealed_file::read(path, Kind::IssuedCard, passphrase)?;
        Self::decode(&content).map_err(SealedFileError::at(path))
    }

    fn decode(content: &[u8]) -> Result<Self, SealedFileFault> {
        match content.split_first() {
            Some((&VERSION, body)) => {
                let card: Self = codec::decode(body)
                    .map_err(|_| SealedFileFault::Content("what is in it is not a card of an issuer"))?;
                check_label(&card.label).map_err(|_| SealedFileFault::Content(BAD_LABEL))?;
                Ok(card)
            }
            Some((version, _)) if *version > VERSION => Err(SealedFileFault::Newer(*version)),
            Some(_) | None => Err(SealedFileFault::Content("nothing of ours is in it")),
        }
    }
}

/// Whether a text can be the label of a card.
///
/// # Errors
/// [`BadLabel`] when it is empty, too long, or not plain text.
pub fn check_label(label: &str) -> Result<(), BadLabel> {
    let fits = !label.is_empty() && label.len() <= MAX_LABEL_BYTES && label.trim() == label;
    if fits && !label.chars().any(char::is_control) { Ok(()) } else { Err(BadLabel) }
}

impl std::fmt::Display for BadLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a label has 1 to {MAX_LABEL_BYTES} bytes, no control characters and no space at its ends")
    }
}

impl std::error::Error for BadLabel {}
