//! How a card is kept at rest: found by a keyed hash of its number, and encrypted. Without the key,
//! which does not lie with the books, neither number nor holder can be read or guessed.
//!
//! The key has generations. While a rekey is under way there are two; a presented card is then looked
//! for under both, and what is written is written under the newer.

pub mod key_file;
mod live;

use std::io::Write;
use std::path::Path;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use kessai_shared::card::{CardNumber, Particulars};
use kessai_shared::codec;
use kessai_shared::folder::may_make_key;
use zeroize::Zeroizing;

use crate::ledger::{AtRest, Books, Candidate, Presented};
use key_file::MasterKey;
pub use live::LiveVault;

/// Bytes of a day as it is written, such as 1981-12-09.
const DAY_BYTES: usize = 10;

/// One or two generations of keys, the oldest first.
pub struct Vault {
    generations: Vec<Generation>,
    newest: u32,
}

struct Generation {
    number: u32,
    index: hmac::Key,
    seal: LessSafeKey,
}

impl Vault {
    /// Loads the vault's keys, or makes the first where there are no books yet.
    ///
    /// # Errors
    /// A line on what is wrong with the key file.
    pub fn load_or_create(path: &Path, books: &Path) -> Result<Self, String> {
        // With a new key no account of the books would ever be found again.
        may_make_key(path, books)?;
        let keys = match key_file::read(path)? {
            Some(keys) => keys,
            None => {
                let keys = vec![MasterKey::random(1)?];
                let failed = |error| format!("{}: cannot be written: {error}", path.display());
                key_file::write(path, &keys).map_err(failed)?;
                keys
            }
        };
        Self::of(&keys)
    }

    /// The vault of these keys, the oldest generation first.
    ///
    /// # Errors
    /// A line when there is no key at all.
    pub fn of(keys: &[MasterKey]) -> Result<Self, String> {
        let generations = keys.iter().map(Generation::of).collect::<Result<Vec<_>, _>>()?;
        let newest = generations.last().ok_or("the vault has no key")?.number;
        Ok(Self { generations, newest })
    }

    /// The generation that cards are kept under from now on.
    pub fn newest(&self) -> u32 {
        self.newest
    }

    /// Whether there is an older generation, which a rekey is about to leave behind.
    pub fn is_between_keys(&self) -> bool {
        self.generations.len() > 1
    }

    /// The card as it is kept, under every generation, the newest first.
    pub fn keep(&self, card: &Particulars) -> Vec<AtRest> {
        self.generations.iter().rev().map(|generation| generation.keep(card)).collect()
    }

    /// What the books need of a card that was presented: the same work for every card.
    pub fn present(&self, card: &Particulars) -> Presented {
        Presented {
            passes_luhn: card.number.passes_luhn(),
            candidates: self.generations.iter().map(|generation| generation.candidate(card)).collect(),
            expiry: card.expiry,
            holder: None,
            enrolment: None,
        }
    }

    /// Where an account of this number would be found, the newest generation first.
    pub fn places(&self, number: &CardNumber) -> Vec<(u32, [u8; 16])> {
        self.generations
            .iter()
            .rev()
            .map(|generation| (generation.number, generation.index(number)))
            .collect()
    }

    /// Decrypts a card, for the card company alone. `None` when it was not kept with these keys.
    pub fn open(&self, kept: &AtRest) -> Option<Particulars> {
        self.generations.iter().find(|generation| generation.number == kept.generation)?.open(kept)
    }

    /// Whether these keys open the accounts of the books, as far as one of each generation shows it.
    ///
    /// # Errors
    /// A line on which generation is missing or is not the one that the books were written with.
    pub fn fits(&self, books: &Books) -> Result<(), String> {
        for generation in books.generations() {
            let before = generation.checked_sub(1).map(|before| (before, [0xff; 16]));
            let Some((_, account)) = books.after(before).next() else { continue };
            if self.open(&account.at_rest()).is_none() {
                return Err(format!(
                    "the vault's key does not open accounts of generation {generation}, which these books \
                     have: books and vault.key are not of the same time; restore the vault.key of these books"
                ));
            }
        }
        Ok(())
    }
}

impl Generation {
    fn of(key: &MasterKey) -> Result<Self, String> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, &key.secret[..]);
        let seal = derived(&master, b"kessai vault seal v1");
        let seal = UnboundKey::new(&CHACHA20_POLY1305, &seal[..]).map_err(|_| "no key fits the cipher")?;
        let index = derived(&master, b"kessai vault index v1");
        let index = hmac::Key::new(hmac::HMAC_SHA256, &index[..]);
        Ok(Self { number: key.generation, index, seal: LessSafeKey::new(seal) })
    }

    fn index(&self, number: &CardNumber) -> [u8; 16] {
        let mut index = [0; 16];
        index.copy_from_slice(&self.hash(b"number", number.digits().as_bytes())[..16]);
        index
    }

    fn candidate(&self, card: &Particulars) -> Candidate {
        let index = self.index(&card.number);
        let name = card.name.canonical();
        // With room for all of it from the start: text that grows leaves a copy of itself behind.
        let mut text = Zeroizing::new(Vec::with_capacity(index.len() + DAY_BYTES + name.len()));
        text.extend_from_slice(&index);
        // Writing to memory does not fail.
        let _ = write!(text, "{}", card.birth_date);
        text.extend_from_slice(name.as_bytes());
        Candidate { generation: self.number, index, particulars: self.hash(b"particulars", &text) }
    }

    fn keep(&self, card: &Particulars) -> AtRest {
        let Candidate { generation, index, particulars } = self.candidate(card);
        AtRest { generation, index, sealed: self.seal(index, card), particulars }
    }

    /// The whole card, encrypted. The nonce comes from the content, so that the same card always
    /// gives the same bytes and no nonce ever serves two texts.
    fn seal(&self, index: [u8; 16], card: &Particulars) -> Vec<u8> {
        let mut text = codec::encode_secret(card);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&self.hash(b"nonce", &text)[..NONCE_LEN]);
        let aad = Aad::from(index);
        let sealed =
            self.seal.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text);
        sealed.map_or_else(|_| Vec::new(), |tag| [nonce.as_slice(), &text, tag.as_ref()].concat())
    }

    fn open(&self, kept: &AtRest) -> Option<Particulars> {
        let (nonce, sealed) = kept.sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let card = self.seal.open_in_place(nonce, Aad::from(kept.index), &mut text).ok()?;
        codec::decode(card).ok()
    }

    fn hash(&self, label: &[u8], text: &[u8]) -> [u8; 32] {
        let label_bytes = (label.len() as u64).to_le_bytes();
        let mut whole = Zeroizing::new(Vec::with_capacity(label_bytes.len() + label.len() + text.len()));
        whole.extend_from_slice(&label_bytes);
        whole.extend_from_slice(label);
        whole.extend_from_slice(text);
        let mut hash = [0; 32];
        // In one go and in place: a context keeps the end of the text, and leaves copies of itself where it is moved.
        hmac::sign_to_buffer(&self.index, &whole, &mut hash).expect("a tag has 32 bytes");
        hash
    }
}

fn derived(master: &hmac::Key, label: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(hmac::sign(master, label).as_ref());
    key
}
