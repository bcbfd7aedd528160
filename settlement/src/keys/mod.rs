//! The issuer's keys: the root that terminals pin with the card, and under it the keys that cards are
//! sealed to, each for a short time, and the key that decisions are signed with.
//!
//! The root signs ahead and may then be kept elsewhere. While its file lies in the folder, new sealing
//! keys are made and signed by themselves; without it, they are signed in a ceremony ([`ceremony`]).

pub mod ceremony;
mod epoch;
mod folder;
mod schedule;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use kessai_shared::credentials;
use kessai_shared::folder::may_make_key;
use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::private_file;
use kessai_shared::receipt::{IssuerKeys, Purchase, SignedIssuerKeys};
use kessai_shared::seal::{Envelope, SealError, SealedCard, Suite};
use kessai_shared::time::Timestamp;

use folder::Tended;

pub use epoch::Epoch;
pub use schedule::{EpochTerms, Span};

const ROOT_KEY: &str = "issuer-root.key";
const ROOT_PIN: &str = "issuer-root.pin";
/// Most sealing keys that are shown to terminals at a time: the current one, and what is next.
const MAX_SHOWN: usize = 3;
/// How long the clock has to say that a key's time is over before it is destroyed, or as long as keys
/// overlap where that is shorter. What a clock does that was wrong for a moment cannot be undone.
const LAST_GRACE: Duration = Duration::from_secs(120);
/// Most sealing keys there may be at a time.
const MAX_EPOCHS: usize = 1_000;

pub struct Keys {
    pub identity: Identity,
    pub root: Pin,
    pub decision: Identity,
    /// `None` when the root is kept elsewhere.
    root_key: Option<Identity>,
    root_file: PathBuf,
    folder: PathBuf,
    suite: Suite,
    terms: EpochTerms,
    /// The sealing keys there are; they are never held while a file is.
    epochs: RwLock<Vec<Arc<Epoch>>>,
    /// The newest certificate of a key that is destroyed already: old decisions are checked with it.
    last: Mutex<Option<SignedIssuerKeys>>,
    tended: Mutex<Tended>,
}

impl Keys {
    /// Loads the keys in a folder, or makes them where there are no books yet.
    ///
    /// # Errors
    /// A line on what is wrong with a key file.
    pub fn load_or_create(
        folder: &Path,
        books: &Path,
        (suite, terms): (Suite, EpochTerms),
        now: Timestamp,
    ) -> Result<Self, String> {
        // With other keys nothing that terminals and sellers have pinned would fit any more.
        let identity = |name: &str| {
            let key = credentials::instead_of(&folder.join(name));
            may_make_key(&key, books)?;
            Identity::load_or_create(key).map_err(|error| error.to_string())
        };
        let (root, root_key) = root(folder, books)?;
        let decision = identity("decision.key")?;
        let keys = Self {
            identity: identity("settlement.key")?,
            root,
            decision,
            root_key,
            root_file: credentials::instead_of(&folder.join(ROOT_KEY)),
            folder: folder.join("epochs"),
            suite,
            terms,
            epochs: RwLock::default(),
            last: Mutex::default(),
            tended: Mutex::default(),
        };
        epoch::destroy_left_behind(folder)?;
        // At the start a bad file is for the operator to see to, before a new key takes its place.
        let mut all = Vec::new();
        lock(&keys.tended).read_anew(&keys.folder, &mut all)?;
        let none = !all.iter().any(|epoch| epoch.is_signed());
        *keys.epochs.write().unwrap_or_else(PoisonError::into_inner) = all;
        let outlived = epoch::outlived(&keys.folder)?.into_iter().map(|(_, signed)| signed);
        *lock(&keys.last) = outlived.max_by_key(|signed| signed.keys.not_after);
        // Whoever only looks at the keys changes nothing about them; the first ones are made here.
        if none {
            keys.tend(now)?;
        }
        Ok(keys)
    }

    /// Whether new sealing keys are signed by themselves: the root's key was here at the start, and
    /// nobody has taken its file away since.
    pub fn root_is_here(&self) -> bool {
        self.root_key.is_some() && self.root_file.exists()
    }

    /// What terminals are shown: the current key first, then what is next. Where no key is current, the
    /// last one is shown all the same, because old decisions are checked with it.
    pub fn shown(&self, now: Timestamp) -> Vec<SignedIssuerKeys> {
        let signed: Vec<Arc<Epoch>> = self.list().into_iter().filter(|epoch| epoch.is_signed()).collect();
        let spans: Vec<Span> = signed.iter().map(|epoch| epoch.span).collect();
        let first = self.terms.current(&spans, now).unwrap_or(signed.len().saturating_sub(1));
        let shown = signed.iter().skip(first).take(MAX_SHOWN).filter_map(|epoch| epoch.signed.clone());
        let shown: Vec<_> = shown.collect();
        if shown.is_empty() { lock(&self.last).iter().cloned().collect() } else { shown }
    }

    /// The id of the key that terminals seal with now, if there is one.
    pub fn current(&self, now: Timestamp) -> Option<[u8; 8]> {
        let shown = self.shown(now).into_iter().next()?;
        let stands = shown.verify_now(self.root, now).is_ok() && self.epoch(shown.keys.key_id).is_some();
        stands.then_some(shown.keys.key_id)
    }

    /// Opens a sealed card with the key it names.
    ///
    /// # Errors
    /// [`SealError`] when that key is unknown, destroyed, or not the one it was sealed to for exactly
    /// this purchase.
    pub fn open(&self, card: &Envelope, purchase: &Purchase) -> Result<SealedCard, SealError> {
        self.epoch(card.key_id).ok_or(SealError)?.opener.open(card, purchase)
    }

    /// Reads what was added to the folder, destroys what is over, and makes what is needed next. Cards
    /// are opened meanwhile.
    ///
    /// # Errors
    /// A line on the file that fails; everything else is done.
    pub fn tend(&self, now: Timestamp) -> Result<(), String> {
        self.see_to(now, true)
    }

    /// The same at a node that follows: what is needed next is made by the one in charge alone.
    ///
    /// # Errors
    /// As [`Keys::tend`].
    pub fn follow(&self, now: Timestamp) -> Result<(), String> {
        self.see_to(now, false)
    }

    fn see_to(&self, now: Timestamp, makes: bool) -> Result<(), String> {
        let mut tended = lock(&self.tended);
        let mut all = self.list();
        let mut failed = tended.read_anew(&self.folder, &mut all).err();
        let spans = spans(&all);
        let over = |epoch: &Epoch| self.terms.death(&spans, epoch.span) <= now;
        let grace = LAST_GRACE.min(Duration::from_secs(self.terms.overlap_seconds));
        let mut ended = tended.doom(&mut all, over, grace);
        ended.append(&mut tended.unburied);
        let wanted = self.terms.wanted(&self::spans(&all), now).filter(|_| makes);
        if wanted.is_some() && all.len() >= MAX_EPOCHS {
            failed = Some(format!("{MAX_EPOCHS} sealing keys are there already, so none is made"));
        }
        let wanted = wanted.filter(|_| all.len() < MAX_EPOCHS);
        let root_key = self.root_key.as_ref().filter(|_| self.root_is_here());
        let made = root_key.zip(wanted).map(|(root, span)| {
            let sign = |keys: &IssuerKeys| Some(keys.clone().sign(root));
            let plan = (self.suite, self.terms, span);
            tracing::debug!("a new sealing key serves from {} to {}", span.starts, span.ends);
            Epoch::make(&self.folder, plan, self.decision.public(), sign)
        });
        match made.transpose() {
            Ok(made) => all.extend(made.map(Arc::new)),
            Err(why) => failed = Some(why),
        }
        // What is about to be destroyed opens nothing any more before it is.
        *self.epochs.write().unwrap_or_else(PoisonError::into_inner) = all;
        for epoch in ended {
            if let Err(why) = self.bury(&epoch) {
                failed = Some(why);
                tended.unburied.push(epoch);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Destroys a key, and keeps of all certificates of destroyed keys the newest.
    fn bury(&self, epoch: &Epoch) -> Result<(), String> {
        let path = epoch::path(&self.folder, &epoch.keys);
        epoch::destroy(&path)?;
        tracing::info!("{}: its time is over, and it is destroyed", path.display());
        let mut last = lock(&self.last);
        let ends = |signed: &Option<SignedIssuerKeys>| signed.as_ref().map(|signed| signed.keys.not_after);
        if ends(&epoch.signed) > ends(&last) {
            last.clone_from(&epoch.signed);
        }
        for (path, signed) in epoch::outlived(&self.folder)? {
            if last.as_ref() != Some(&signed) {
                epoch::remove_certificate(&path)?;
            }
        }
        Ok(())
    }

    /// Until when there are signed keys to seal with, when somebody else has to sign new ones.
    pub fn runs_out(&self) -> Option<Timestamp> {
        let ends = || spans(&self.list()).iter().map(|span| span.ends).max();
        if self.root_is_here() { None } else { ends() }
    }

    /// When a key is destroyed, as things stand.
    pub fn death(&self, epoch: &Epoch) -> Timestamp {
        self.terms.death(&spans(&self.list()), epoch.span)
    }

    /// Every sealing key there is, in the order of their time.
    pub fn list(&self) -> Vec<Arc<Epoch>> {
        let mut all = self.epochs.read().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort_by_key(|epoch| epoch.span);
        all
    }

    fn epoch(&self, key_id: [u8; 8]) -> Option<Arc<Epoch>> {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        epochs.iter().find(|epoch| epoch.is_signed() && epoch.keys.key_id == key_id).cloned()
    }
}

/// The spans of the keys that terminals may know.
fn spans(all: &[Arc<Epoch>]) -> Vec<Span> {
    all.iter().filter(|epoch| epoch.is_signed()).map(|epoch| epoch.span).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The root's pin, and its key where that is here.
/// The pin of the issuer's root, wherever its key is.
///
/// # Errors
/// As [`Keys::load_or_create`].
pub fn root_pin(folder: &Path, books: &Path) -> Result<Pin, String> {
    root(folder, books).map(|(pin, _)| pin)
}

fn root(folder: &Path, books: &Path) -> Result<(Pin, Option<Identity>), String> {
    let (key, pin) = (credentials::instead_of(&folder.join(ROOT_KEY)), folder.join(ROOT_PIN));
    if !key.exists() && pin.exists() {
        let text = std::fs::read_to_string(&pin).map_err(|error| format!("{}: {error}", pin.display()))?;
        let wrong = |error| format!("{}: {error}; restore it from a backup", pin.display());
        return Ok((text.trim().parse().map_err(wrong)?, None));
    }
    may_make_key(&key, books)?;
    let root = Identity::load_or_create(&key).map_err(|error| error.to_string())?;
    let text = format!("{}\n", root.pin());
    // Nothing secret stands in it; it is what is left here when the key is taken away.
    if std::fs::read_to_string(&pin).ok().as_ref() != Some(&text) {
        private_file::replace(&pin, text.as_bytes())
            .map_err(|error| format!("{}: cannot be written: {error}", pin.display()))?;
    }
    Ok((root.pin(), Some(root)))
}
