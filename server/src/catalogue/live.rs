//! The catalogue as it is now. In charge it stays the same while the daemon runs; at a standby, products of
//! the node in charge come in.

use std::sync::{Arc, PoisonError, RwLock};

use super::Catalogue;

/// Clones share it.
#[derive(Clone)]
pub struct Live(Arc<RwLock<Arc<Catalogue>>>);

impl Live {
    pub fn of(catalogue: Catalogue) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(catalogue))))
    }

    /// The catalogue of this moment, whole.
    pub fn now(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another in its place.
    pub fn put(&self, catalogue: Catalogue) {
        let catalogue = Arc::new(catalogue);
        // The one before is dropped only when the lock is free again.
        let before =
            std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), catalogue);
        drop(before);
    }
}
