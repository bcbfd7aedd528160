//! How a card is kept at rest: found by a keyed hash of its number, and encrypted. Without the key,
//! which does not lie with the books, neither number nor holder can be read or guessed.

use std::io::Write;
use std::path::Path;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use kessai_shared::card::{CardNumber, HolderName, Particulars};
use kessai_shared::codec;
use kessai_shared::folder::may_make_key;
use kessai_shared::time::Day;
use zeroize::Zeroizing;

use crate::ledger::{AccountId, Presented};
use crate::secret_file;

/// Bytes of a day as it is written, such as 1981-12-09.
const DAY_BYTES: usize = 10;

pub struct Vault {
    index: hmac::Key,
    seal: LessSafeKey,
}

impl Vault {
    /// Loads the vault's key, or makes one where there are no books yet.
    ///
    /// # Errors
    /// A line on what is wrong with the key file.
    pub fn load_or_create(path: &Path, books: &Path) -> Result<Self, String> {
        // With a new key no account of the books would ever be found again.
        may_make_key(path, books)?;
        let master = secret_file::load_or_create(path)?;
        let master = hmac::Key::new(hmac::HMAC_SHA256, &master[..]);
        let seal = derived(&master, b"kessai vault seal v1");
        let seal = UnboundKey::new(&CHACHA20_POLY1305, &seal[..]).map_err(|_| "no key fits the cipher")?;
        let index = derived(&master, b"kessai vault index v1");
        Ok(Self { index: hmac::Key::new(hmac::HMAC_SHA256, &index[..]), seal: LessSafeKey::new(seal) })
    }

    pub fn account(&self, number: &CardNumber) -> AccountId {
        let mut id = [0; 16];
        id.copy_from_slice(&self.hash(b"number", number.digits().as_bytes())[..16]);
        AccountId(id)
    }

    /// The keyed hash that a purchase's name and birth date have to match.
    pub fn particulars(&self, account: AccountId, name: &HolderName, birth_date: Day) -> [u8; 32] {
        let name = name.canonical();
        // With room for all of it from the start: text that grows leaves a copy of itself behind.
        let mut text = Zeroizing::new(Vec::with_capacity(account.0.len() + DAY_BYTES + name.len()));
        text.extend_from_slice(&account.0);
        // Writing to memory does not fail.
        let _ = write!(text, "{birth_date}");
        text.extend_from_slice(name.as_bytes());
        self.hash(b"particulars", &text)
    }

    /// What the books need of a card that was presented.
    pub fn present(&self, card: &Particulars) -> Presented {
        let account = self.account(&card.number);
        Presented {
            passes_luhn: card.number.passes_luhn(),
            account,
            particulars: self.particulars(account, &card.name, card.birth_date),
            expiry: card.expiry,
        }
    }

    /// The whole card, encrypted. The nonce comes from the content, so that the same card always
    /// gives the same bytes and no nonce ever serves two texts.
    pub fn seal(&self, account: AccountId, card: &Particulars) -> Vec<u8> {
        let mut text = codec::encode_secret(card);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&self.hash(b"nonce", &text)[..NONCE_LEN]);
        let aad = Aad::from(account.0);
        let sealed =
            self.seal.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text);
        sealed.map_or_else(|_| Vec::new(), |tag| [nonce.as_slice(), &text, tag.as_ref()].concat())
    }

    fn hash(&self, label: &[u8], text: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(&(label.len() as u64).to_le_bytes());
        context.update(label);
        context.update(text);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        hash
    }
}

fn derived(master: &hmac::Key, label: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(hmac::sign(master, label).as_ref());
    key
}
