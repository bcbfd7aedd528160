//! The issuer's keys: the root that terminals pin with the card, and under it the keys that cards are
//! sealed to, each for a short time, and the key that decisions are signed with.
//!
//! The root signs ahead and may then be kept elsewhere. While its file lies in the folder, new sealing
//! keys are made and signed by themselves; without it, they are signed in a ceremony ([`ceremony`]).

pub mod ceremony;
mod epoch;
mod schedule;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use kessai_shared::folder::may_make_key;
use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::private_file;
use kessai_shared::receipt::{IssuerKeys, Purchase, SignedIssuerKeys};
use kessai_shared::seal::{Envelope, SealError, SealedCard, Suite};
use kessai_shared::time::Timestamp;
use tokio::time::Instant;

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
    folder: PathBuf,
    suite: Suite,
    terms: EpochTerms,
    epochs: RwLock<Epochs>,
}

#[derive(Default)]
struct Epochs {
    all: Vec<Arc<Epoch>>,
    /// The files that were read, as they were then.
    seen: Vec<(PathBuf, Option<SystemTime>)>,
    /// The keys whose time is over, and since when that is known.
    doomed: HashMap<[u8; 8], Instant>,
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
            may_make_key(&folder.join(name), books)?;
            Identity::load_or_create(folder.join(name)).map_err(|error| error.to_string())
        };
        let (root, root_key) = root(folder, books)?;
        let decision = identity("decision.key")?;
        let keys = Self {
            identity: identity("settlement.key")?,
            root,
            decision,
            root_key,
            folder: folder.join("epochs"),
            suite,
            terms,
            epochs: RwLock::default(),
        };
        // At the start a bad file is for the operator to see to, before a new key takes its place.
        keys.epochs.write().unwrap_or_else(PoisonError::into_inner).read_anew(&keys.folder)?;
        keys.tend(now)?;
        Ok(keys)
    }

    /// Whether new sealing keys are signed by themselves.
    pub fn root_is_here(&self) -> bool {
        self.root_key.is_some()
    }

    /// What terminals are shown: the current key first, then what is next. Where no key is current, the
    /// last one is shown all the same, because old decisions are checked with it.
    pub fn shown(&self, now: Timestamp) -> Vec<SignedIssuerKeys> {
        let epochs = self.epochs();
        let mut signed: Vec<&Arc<Epoch>> = epochs.all.iter().filter(|epoch| epoch.is_signed()).collect();
        signed.sort_by_key(|epoch| epoch.span);
        let spans: Vec<Span> = signed.iter().map(|epoch| epoch.span).collect();
        let first = self.terms.current(&spans, now).unwrap_or(signed.len().saturating_sub(1));
        let shown = signed.into_iter().skip(first).take(MAX_SHOWN);
        shown.filter_map(|epoch| epoch.signed.clone()).collect()
    }

    /// Opens a sealed card with the key it names.
    ///
    /// # Errors
    /// [`SealError`] when that key is unknown, destroyed, or not the one it was sealed to for exactly
    /// this purchase.
    pub fn open(&self, card: &Envelope, purchase: &Purchase) -> Result<SealedCard, SealError> {
        let named = |epoch: &&Arc<Epoch>| epoch.is_signed() && epoch.keys.key_id == card.key_id;
        let epoch = self.epochs().all.iter().find(named).cloned();
        epoch.ok_or(SealError)?.opener.open(card, purchase)
    }

    /// Reads what was added to the folder, destroys what is over, and makes what is needed next.
    ///
    /// # Errors
    /// A line on the file that fails; everything else is done.
    pub fn tend(&self, now: Timestamp) -> Result<(), String> {
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        let read = epochs.read_anew(&self.folder);
        let spans = epochs.spans();
        let mut failed = read.err();
        let over = |epoch: &Epoch| self.terms.death(&spans, epoch.span) <= now;
        let grace = LAST_GRACE.min(Duration::from_secs(self.terms.overlap_seconds));
        for key in epochs.doom(over, grace) {
            failed = destroy(&epoch::path(&self.folder, &key)).err().or(failed);
        }
        if let Some(root) = &self.root_key
            && let Some(span) = self.terms.wanted(&epochs.spans(), now)
            && epochs.all.len() < MAX_EPOCHS
        {
            let sign = |keys: &IssuerKeys| Some(keys.clone().sign(root));
            let made =
                Epoch::make(&self.folder, (self.suite, self.terms, span), self.decision.public(), sign)?;
            tracing::debug!("a new sealing key serves from {} to {}", span.starts, span.ends);
            epochs.all.push(Arc::new(made));
        }
        failed.map_or(Ok(()), Err)
    }

    /// Until when there are signed keys to seal with, when somebody else has to sign new ones.
    pub fn runs_out(&self) -> Option<Timestamp> {
        let signed = |epoch: &&Arc<Epoch>| epoch.is_signed();
        let ends = || self.epochs().all.iter().filter(signed).map(|epoch| epoch.span.ends).max();
        if self.root_is_here() { None } else { Some(ends().unwrap_or_default()) }
    }

    /// Every sealing key there is, in the order of their time.
    pub fn list(&self) -> Vec<Arc<Epoch>> {
        let mut all = self.epochs().all.clone();
        all.sort_by_key(|epoch| epoch.span);
        all
    }

    fn epochs(&self) -> std::sync::RwLockReadGuard<'_, Epochs> {
        self.epochs.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Epochs {
    /// The spans of the keys that terminals may know.
    fn spans(&self) -> Vec<Span> {
        self.all.iter().filter(|epoch| epoch.is_signed()).map(|epoch| epoch.span).collect()
    }

    /// Takes out the keys whose time has been over for so long.
    fn doom(&mut self, over: impl Fn(&Epoch) -> bool, grace: Duration) -> Vec<IssuerKeys> {
        let now = Instant::now();
        let doomed: HashMap<_, _> = self
            .all
            .iter()
            .filter(|epoch| over(epoch))
            .map(|epoch| {
                let id = epoch.keys.key_id;
                (id, self.doomed.get(&id).copied().unwrap_or(now))
            })
            .collect();
        self.doomed = doomed;
        let ends =
            |epoch: &Epoch| self.doomed.get(&epoch.keys.key_id).is_some_and(|since| now - *since >= grace);
        let out = self.all.iter().filter(|epoch| ends(epoch)).map(|epoch| epoch.keys.clone()).collect();
        let stays: Vec<_> = self.all.iter().filter(|epoch| !ends(epoch)).cloned().collect();
        self.all = stays;
        out
    }

    /// Reads the files that are new or changed. A bad one keeps none of the others away.
    fn read_anew(&mut self, folder: &Path) -> Result<(), String> {
        let files = epoch::files(folder)?;
        let now: Vec<_> = files.into_iter().map(|path| (path.clone(), modified(&path))).collect();
        if now == self.seen {
            return Ok(());
        }
        let mut failed = None;
        for (path, at) in now.iter().take(MAX_EPOCHS) {
            if self.seen.contains(&(path.clone(), *at)) {
                continue;
            }
            match Epoch::load(path) {
                Ok(epoch) => {
                    let same = |known: &Arc<Epoch>| {
                        known.keys.key_id == epoch.keys.key_id && known.is_signed() == epoch.is_signed()
                    };
                    // A key that we made ourselves keeps what it remembers.
                    if !self.all.iter().any(same) {
                        self.all.retain(|known| known.keys.key_id != epoch.keys.key_id);
                        self.all.push(Arc::new(epoch));
                    }
                }
                // Another process has seen to its end meanwhile.
                Err(_) if !path.exists() => {}
                Err(why) => failed = Some(why),
            }
        }
        self.seen = now;
        failed.map_or(Ok(()), Err)
    }
}

/// The root's pin, and its key where that is here.
fn root(folder: &Path, books: &Path) -> Result<(Pin, Option<Identity>), String> {
    let (key, pin) = (folder.join(ROOT_KEY), folder.join(ROOT_PIN));
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

fn destroy(path: &Path) -> Result<(), String> {
    match private_file::destroy(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: cannot be destroyed: {error}", path.display()))
        }
        _ => {
            tracing::info!("{}: its time is over, and it is destroyed", path.display());
            Ok(())
        }
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}
