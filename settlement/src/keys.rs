//! The issuer's keys: the root that terminals pin, and under it the key that cards are sealed to and
//! the key that decisions are signed with.

use std::path::Path;

use kessai_shared::folder::may_make_key;
use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{IssuerKeys, SignedIssuerKeys};
use kessai_shared::seal::{SealingKey, Suite};
use kessai_shared::time::Timestamp;

use crate::secret_file;

/// How long the root's signature on the keys stands, in seconds; it is given anew in good time.
const KEYS_SECONDS: u64 = 400 * 24 * 3_600;
/// How far terminals' clocks may be behind ours, in seconds.
const CLOCK_SKEW_SECONDS: u64 = 24 * 3_600;
const DAY_MICROS: u64 = 24 * 3_600 * 1_000_000;

pub struct Keys {
    pub identity: Identity,
    pub root: Pin,
    pub sealing: SealingKey,
    pub decision: Identity,
    /// As they were signed at the start; [`Keys::current`] is what is given out.
    pub signed: SignedIssuerKeys,
    root_key: Identity,
}

impl Keys {
    /// Loads the keys in a folder, or makes them where there are no books yet.
    ///
    /// # Errors
    /// A line on what is wrong with a key file.
    pub fn load_or_create(folder: &Path, books: &Path, suite: Suite, now: Timestamp) -> Result<Self, String> {
        // With other keys nothing that terminals and sellers have pinned would fit any more.
        let identity = |name: &str| {
            may_make_key(&folder.join(name), books)?;
            Identity::load_or_create(folder.join(name)).map_err(|error| error.to_string())
        };
        let root = identity("issuer-root.key")?;
        let decision = identity("decision.key")?;
        may_make_key(&folder.join("sealing.key"), books)?;
        let seed = secret_file::load_or_create(&folder.join("sealing.key"))?;
        let sealing = SealingKey::from_seed(suite, *seed);
        let (not_before, not_after) = span(now);
        let signed = IssuerKeys {
            key_id: sealing.key_id(),
            suite: suite as u8,
            sealing_key: sealing.public(),
            decision_key: decision.public(),
            not_before,
            not_after,
        }
        .sign(&root);
        let identity = identity("settlement.key")?;
        Ok(Self { identity, root: root.pin(), sealing, decision, signed, root_key: root })
    }

    /// The keys with a signature that stands now. The one of the start does not when the clock was
    /// wrong then, or when the start is long ago. A new one is the same for a whole day.
    pub fn current(&self, now: Timestamp) -> SignedIssuerKeys {
        let stands = |keys: &IssuerKeys| {
            keys.not_before.plus_seconds(CLOCK_SKEW_SECONDS / 2) <= now
                && now < keys.not_after.minus_seconds(KEYS_SECONDS / 2)
        };
        if stands(&self.signed.keys) {
            return self.signed.clone();
        }
        let today = Timestamp(now.0 - now.0 % DAY_MICROS);
        let (not_before, not_after) = span(today);
        IssuerKeys { not_before, not_after, ..self.signed.keys.clone() }.sign(&self.root_key)
    }
}

fn span(now: Timestamp) -> (Timestamp, Timestamp) {
    (now.minus_seconds(CLOCK_SKEW_SECONDS), now.plus_seconds(KEYS_SECONDS))
}
