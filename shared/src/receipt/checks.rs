//! Who checks a signature: somebody who does it afresh, or somebody who remembers what fitted before.
//!
//! A signature over a batch of quotes, or over a group of decisions, comes with every one of them. To
//! check it costs as much as all the rest of a purchase, and once is enough.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use super::{Forged, Signature};
use crate::pin::PUBLIC_KEY_BYTES;

/// Most signatures that one memory holds; the oldest goes first. One takes about 200 bytes.
const MAX_REMEMBERED: usize = 16_384;

/// Says whether a signature fits.
pub trait Checks {
    /// # Errors
    /// [`Forged::Signature`] when it is not that of this key over this digest.
    fn check(
        &self,
        signature: &Signature,
        public: &[u8; PUBLIC_KEY_BYTES],
        digest: &[u8; 32],
    ) -> Result<(), Forged>;
}

/// Does the whole work every time.
pub struct Afresh;

/// Does it once for each signature, as long as that is remembered. Only what fitted is remembered, and
/// it serves only for exactly the same key, digest and signature.
#[derive(Default)]
pub struct Remembering(Mutex<Fitted>);

#[derive(Default)]
struct Fitted {
    by_digest: HashMap<[u8; 32], ([u8; PUBLIC_KEY_BYTES], Signature)>,
    oldest_first: VecDeque<[u8; 32]>,
}

impl Checks for Afresh {
    fn check(
        &self,
        signature: &Signature,
        public: &[u8; PUBLIC_KEY_BYTES],
        digest: &[u8; 32],
    ) -> Result<(), Forged> {
        signature.check(public, digest)
    }
}

impl Checks for Remembering {
    fn check(
        &self,
        signature: &Signature,
        public: &[u8; PUBLIC_KEY_BYTES],
        digest: &[u8; 32],
    ) -> Result<(), Forged> {
        if self.knows(signature, public, digest) {
            return Ok(());
        }
        signature.check(public, digest)?;
        self.learn(signature, public, digest);
        Ok(())
    }
}

impl Remembering {
    /// Takes in a signature that the caller has just made, or checked, itself.
    pub fn learn(&self, signature: &Signature, public: &[u8; PUBLIC_KEY_BYTES], digest: &[u8; 32]) {
        let mut fitted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fitted.by_digest.insert(*digest, (*public, *signature)).is_some() {
            return;
        }
        fitted.oldest_first.push_back(*digest);
        if fitted.oldest_first.len() > MAX_REMEMBERED
            && let Some(oldest) = fitted.oldest_first.pop_front()
        {
            fitted.by_digest.remove(&oldest);
        }
    }

    fn knows(&self, signature: &Signature, public: &[u8; PUBLIC_KEY_BYTES], digest: &[u8; 32]) -> bool {
        let fitted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fitted.by_digest.get(digest).is_some_and(|(key, known)| key == public && known == signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;

    fn signed(seed: u8, digest: [u8; 32]) -> (Signature, [u8; 32]) {
        let key = Identity::from_seed(&[seed; 32]).unwrap();
        (key.sign(&digest).into(), key.public())
    }

    #[test]
    fn what_fitted_serves_for_exactly_the_same_and_for_nothing_else() {
        let memory = Remembering::default();
        let (signature, public) = signed(1, [7; 32]);
        assert_eq!(memory.check(&signature, &public, &[7; 32]), Ok(()));
        assert!(memory.knows(&signature, &public, &[7; 32]));
        let (other, other_key) = signed(2, [7; 32]);
        assert_eq!(memory.check(&other, &public, &[7; 32]), Err(Forged::Signature));
        assert_eq!(memory.check(&signature, &other_key, &[7; 32]), Err(Forged::Signature));
        assert_eq!(memory.check(&signature, &public, &[8; 32]), Err(Forged::Signature));
        // A refusal is not remembered as if it had fitted, and leaves what fitted alone.
        assert!(!memory.knows(&other, &public, &[7; 32]) && memory.knows(&signature, &public, &[7; 32]));
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let memory = Remembering::default();
        let (signature, public) = signed(1, [0; 32]);
        let digest = |n: usize| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&(n as u64).to_le_bytes());
            digest
        };
        (0..MAX_REMEMBERED + 2).for_each(|n| memory.learn(&signature, &public, &digest(n)));
        let fitted = memory.0.lock().unwrap();
        assert_eq!((fitted.by_digest.len(), fitted.oldest_first.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
        assert!(!fitted.by_digest.contains_key(&digest(1)) && fitted.by_digest.contains_key(&digest(2)));
    }
}
