//! The shopper's cards, kept in one file that a passphrase opens. Nothing here derives Debug, and
//! everything is wiped when dropped.

mod ask;
pub mod commands;
mod file;
mod print;

pub use file::{WalletError, WalletFile};

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use kessai_shared::card::Particulars;
use kessai_shared::card_file::{self, BadLabel, EnrolmentCode, IssuedCard};
use kessai_shared::identity::{Identity, IdentityError, SEED_BYTES};
use kessai_shared::pin::Pin;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cards::{HolderKey, LabelledCard, PayingCard};

/// Most cards that one wallet keeps.
pub const MAX_CARDS: usize = 100;

/// Cards in the order they came, one of them the default, no two of one label or one number.
#[derive(Default, Serialize, Deserialize)]
#[allow(clippy::vec_box, reason = "a list that grows or closes up would leave unwiped copies of keys behind")]
pub struct Wallet {
    entries: Vec<Box<Entry>>,
    /// Where the default card stands; of no meaning while there are no cards.
    default: u32,
}

/// One card of a wallet.
#[derive(Clone, Serialize, Deserialize)]
pub struct Entry {
    pub label: String,
    pub card: Particulars,
    /// The root of the one issuer that the card is sealed for, when it is known.
    pub issuer_root: Option<Pin>,
    pub holder: Option<HolderSeed>,
    pub enrolment: Option<EnrolmentCode>,
}

/// The secret half of a holder key.
#[derive(Clone, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct HolderSeed([u8; SEED_BYTES]);

/// Why a wallet stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalletFault {
    NoSuchCard(String),
    LabelTaken(String),
    /// The card with this masked number is there under this label.
    CardTaken {
        number: String,
        label: String,
    },
    /// The card of this label is there, with a key.
    KeyTaken(String),
    BadLabel(BadLabel),
    Full,
    /// The card's holder key would be lost with it.
    KeyWouldBeLost(String),
    /// Several cards could not be taken in, each for its own reason.
    Several(Vec<WalletFault>),
}

impl Wallet {
    pub fn entries(&self) -> &[Box<Entry>] {
        &self.entries
    }

    /// The label of the default card.
    pub fn default_label(&self) -> Option<&str> {
        self.default_at().and_then(|at| self.entries.get(at)).map(|entry| entry.label.as_str())
    }

    /// Takes a card in, at the end; the first becomes the default.
    ///
    /// # Errors
    /// [`WalletFault`] when there is no room for it or it is there already.
    pub fn add(&mut self, entry: Entry) -> Result<(), WalletFault> {
        card_file::check_label(&entry.label).map_err(WalletFault::BadLabel)?;
        if self.position(&entry.label).is_ok() {
            return Err(WalletFault::LabelTaken(entry.label));
        }
        if let Some(there) = self.entries.iter().find(|there| there.card.number == entry.card.number) {
            let (number, label) = (entry.card.number.masked(), there.label.clone());
            return Err(WalletFault::CardTaken { number, label });
        }
        if self.entries.len() >= MAX_CARDS {
            return Err(WalletFault::Full);
        }
        self.entries.push(Box::new(entry));
        Ok(())
    }

    /// Takes a card in that its issuer handed out, in the place of the same card where that is there
    /// already; the default stays the default. Returns the label it goes by, and whether it was there.
    ///
    /// # Errors
    /// As [`Wallet::add`]; [`WalletFault::KeyTaken`] when it is there with a key and is not to be
    /// replaced: the file may be an older one, and then that key is the one that pays.
    pub fn take_issued(
        &mut self,
        entry: Entry,
        label: Option<String>,
        replace: bool,
    ) -> Result<(String, bool), WalletFault> {
        let Some(at) = self.entries.iter().position(|there| there.card.number == entry.card.number) else {
            let label = label.unwrap_or_else(|| entry.label.clone());
            self.add(Entry { label: label.clone(), ..entry })?;
            return Ok((label, false));
        };
        let there = &self.entries[at];
        if there.holder.is_some() && !replace {
            return Err(WalletFault::KeyTaken(there.label.clone()));
        }
        let label = label.unwrap_or_else(|| there.label.clone());
        if self.position(&label).is_ok_and(|found| found != at) {
            return Err(WalletFault::LabelTaken(label));
        }
        *self.entries[at] = Entry { label: label.clone(), ..entry };
        Ok((label, true))
    }

    /// Takes all of these cards in, or none.
    ///
    /// # Errors
    /// [`WalletFault`] with everything that is wrong.
    pub fn add_all(&mut self, entries: Vec<Entry>) -> Result<(), WalletFault> {
        let there = self.entries.len();
        let mut faults: Vec<_> = entries.into_iter().filter_map(|entry| self.add(entry).err()).collect();
        // That there is no room is said once, however many cards there is no room for.
        faults.dedup_by(|one, other| *one == WalletFault::Full && one == other);
        if faults.is_empty() {
            return Ok(());
        }
        self.entries.truncate(there);
        Err(WalletFault::Several(faults))
    }

    /// Takes a card out. Without the default, the first of those that are left is the default.
    ///
    /// # Errors
    /// [`WalletFault::NoSuchCard`]; [`WalletFault::KeyWouldBeLost`] unless that is what is wanted.
    pub fn remove(&mut self, label: &str, forget_key: bool) -> Result<Box<Entry>, WalletFault> {
        let at = self.position(label)?;
        if self.entries[at].holder.is_some() && !forget_key {
            return Err(WalletFault::KeyWouldBeLost(self.entries[at].label.clone()));
        }
        let default = self.default_at().unwrap_or(0);
        let removed = self.entries.remove(at);
        self.set_default(match at.cmp(&default) {
            std::cmp::Ordering::Less => default - 1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => default,
        });
        Ok(removed)
    }

    /// Makes a card the default, and tells how its label is spelt.
    ///
    /// # Errors
    /// [`WalletFault::NoSuchCard`].
    pub fn choose(&mut self, label: &str) -> Result<String, WalletFault> {
        let at = self.position(label)?;
        self.set_default(at);
        Ok(self.entries[at].label.clone())
    }

    /// Gives a card another label.
    ///
    /// # Errors
    /// [`WalletFault`] when there is no such card, or the label is another's or none.
    pub fn rename(&mut self, label: &str, new: &str) -> Result<(), WalletFault> {
        let at = self.position(label)?;
        card_file::check_label(new).map_err(WalletFault::BadLabel)?;
        if self.position(new).is_ok_and(|other| other != at) {
            return Err(WalletFault::LabelTaken(new.to_owned()));
        }
        new.clone_into(&mut self.entries[at].label);
        Ok(())
    }

    /// What can be paid with, the default first.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn cards(&self) -> Result<Vec<LabelledCard>, IdentityError> {
        let mut cards = self.entries.iter().map(|entry| entry.labelled()).collect::<Result<Vec<_>, _>>()?;
        if let Some(default) = self.default_at() {
            cards[..=default].rotate_right(1);
        }
        Ok(cards)
    }

    fn default_at(&self) -> Option<usize> {
        let at = usize::try_from(self.default).ok()?;
        (at < self.entries.len()).then_some(at)
    }

    // There are at most a hundred cards, so that every place of one fits.
    fn set_default(&mut self, at: usize) {
        self.default = u32::try_from(at).unwrap_or(0);
    }

    // Labels differ by more than the case of their letters, or a card could not be named for certain.
    fn position(&self, label: &str) -> Result<usize, WalletFault> {
        let labelled = |entry: &Entry| entry.label.eq_ignore_ascii_case(label);
        // The last digits will do where they are of one card only, as for paying.
        let ends_so = |entry: &Entry| label.len() >= 4 && entry.card.number.digits().ends_with(label);
        let numbered = || {
            let mut found = self.entries.iter().enumerate().filter(|(_, entry)| ends_so(entry));
            found.next().filter(|_| found.next().is_none()).map(|(at, _)| at)
        };
        let at = self.entries.iter().position(|entry| labelled(entry)).or_else(numbered);
        at.ok_or_else(|| WalletFault::NoSuchCard(label.to_owned()))
    }

    /// Whether this is a wallet that the operations above can have made.
    fn is_sound(&self) -> bool {
        let mut again = Self::default();
        let added = self.entries.iter().all(|entry| again.add(Entry::clone(entry)).is_ok());
        added && (self.entries.is_empty() || self.default_at().is_some())
    }
}

impl Entry {
    /// A card that nothing is known of but what stands on it.
    pub fn plain(label: String, card: Particulars) -> Self {
        Self { label, card, issuer_root: None, holder: None, enrolment: None }
    }

    /// A card that its issuer handed out. With a code to enrol a key comes a key to enrol.
    ///
    /// # Errors
    /// When the machine yields no randomness.
    pub fn issued(issued: IssuedCard) -> Result<Self, Unspecified> {
        let IssuedCard { label, card, issuer_root, enrolment } = issued;
        let holder = enrolment.as_ref().map(|_| HolderSeed::generate()).transpose()?;
        Ok(Self { label, card, issuer_root: Some(issuer_root), holder, enrolment })
    }

    fn labelled(&self) -> Result<LabelledCard, IdentityError> {
        let holder = match &self.holder {
            Some(seed) => {
                let key = Arc::new(Identity::from_seed(&seed.0)?);
                Some(HolderKey { key, enrolment: self.enrolment.clone() })
            }
            None => None,
        };
        let paying = PayingCard { card: self.card.clone(), issuer: self.issuer_root, holder };
        Ok(LabelledCard { label: self.label.clone(), paying })
    }
}

impl HolderSeed {
    fn generate() -> Result<Self, Unspecified> {
        let mut seed = Self([0; SEED_BYTES]);
        rand::fill(&mut seed.0)?;
        Ok(seed)
    }
}

impl fmt::Display for WalletFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchCard(label) => {
                write!(f, "there is no card '{label}' in it; see `kessai wallet list`")
            }
            Self::LabelTaken(label) => {
                write!(f, "there is a card '{label}' in it already; name another label")
            }
            Self::CardTaken { number, label } => {
                write!(f, "the card {number} is in it already, as '{label}'")
            }
            Self::KeyTaken(label) => write!(
                f,
                "the card is in it already, as '{label}', with a key; if its issuer has sent this file since, \
                 run again with --replace"
            ),
            Self::BadLabel(bad) => bad.fmt(f),
            Self::Full => write!(f, "a wallet keeps at most {MAX_CARDS} cards"),
            Self::KeyWouldBeLost(label) => write!(
                f,
                "the key of '{label}' is nowhere but here, and once enrolled the card pays with no other; \
                 run again with --forget-key to lose it"
            ),
            Self::Several(faults) => {
                let lines: Vec<String> = faults.iter().map(Self::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for WalletFault {}
