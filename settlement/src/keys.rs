//! The issuer's keys: the root that terminals pin, and under it the key that cards are sealed to and
//! the key that decisions are signed with.

use std::path::Path;

use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{IssuerKeys, SignedIssuerKeys};
use kessai_shared::seal::{SealingKey, Suite};
use kessai_shared::time::Timestamp;

use crate::secret_file;

/// How long the root's signature on the keys stands, in seconds; it is signed anew at every start.
const KEYS_SECONDS: u64 = 400 * 24 * 3_600;
/// How far terminals' clocks may be behind ours, in seconds.
const CLOCK_SKEW_SECONDS: u64 = 24 * 3_600;

pub struct Keys {
    pub identity: Identity,
    pub root: Pin,
    pub sealing: SealingKey,
    pub decision: Identity,
    pub signed: SignedIssuerKeys,
}

impl Keys {
    /// Loads the keys in a folder, or makes them.
    ///
    /// # Errors
    /// A line on what is wrong with a key file.
    pub fn load_or_create(folder: &Path, suite: Suite, now: Timestamp) -> Result<Self, String> {
        let identity =
            |name: &str| Identity::load_or_create(folder.join(name)).map_err(|error| error.to_string());
        let root = identity("issuer-root.key")?;
        let decision = identity("decision.key")?;
        let seed = secret_file::load_or_create(&folder.join("sealing.key"))?;
        let sealing = SealingKey::from_seed(suite, *seed);
        let signed = IssuerKeys {
            key_id: sealing.key_id(),
            suite: suite as u8,
            sealing_key: sealing.public(),
            decision_key: decision.public(),
            not_before: now.minus_seconds(CLOCK_SKEW_SECONDS),
            not_after: now.plus_seconds(KEYS_SECONDS),
        }
        .sign(&root);
        Ok(Self { identity: identity("settlement.key")?, root: root.pin(), sealing, decision, signed })
    }
}
