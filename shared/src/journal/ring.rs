//! The newest groups of a journal, in memory, for whoever has to have each as soon as it is durable.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Head, RawGroup};
use crate::time::Timestamp;

/// What the groups that are kept take at most, in bytes; the newest is kept whatever its size.
const RING_BYTES: usize = 16 << 20;
/// What each group takes besides its body, in bytes.
const EACH_BYTES: usize = 128;

/// The newest groups of a journal and where it ends, every one durable. Clones share it.
#[derive(Clone, Debug)]
pub struct Ring {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    groups: Mutex<Groups>,
    head: watch::Sender<Head>,
}

#[derive(Debug, Default)]
struct Groups {
    newest: VecDeque<RawGroup>,
    bytes: usize,
}

impl Ring {
    /// No group yet of a journal that ends there.
    #[must_use]
    pub fn new(head: Head) -> Self {
        let head = watch::Sender::new(head);
        Self { inner: Arc::new(Inner { groups: Mutex::default(), head }) }
    }

    /// Where the journal ends, and whoever holds this hears of every group.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Head> {
        self.inner.head.subscribe()
    }

    /// Takes in a group that is durable now.
    pub(super) fn push(&self, group: RawGroup, head: Head) {
        let mut groups = self.lock();
        groups.bytes += group.body.len() + EACH_BYTES;
        groups.newest.push_back(group);
        while groups.bytes > RING_BYTES && groups.newest.len() > 1 {
            let gone = groups.newest.pop_front().map_or(0, |group| group.body.len() + EACH_BYTES);
            groups.bytes = groups.bytes.saturating_sub(gone);
        }
        drop(groups);
        self.inner.head.send_replace(head);
    }

    /// The groups behind a position, as many as `most` bytes hold but at least one; `None` when the one
    /// that follows is not in memory, and the files have to be read.
    #[must_use]
    pub fn after(&self, position: u64, most: usize) -> Option<Vec<RawGroup>> {
        let groups = self.lock();
        if self.inner.head.borrow().position == position {
            return Some(Vec::new());
        }
        let at = groups.newest.partition_point(|group| group.first <= position);
        groups.newest.get(at).filter(|group| Some(group.first) == position.checked_add(1))?;
        let mut bytes = 0;
        let fits = |group: &&RawGroup| {
            let is_first = bytes == 0;
            bytes += group.sent_bytes();
            is_first || bytes <= most
        };
        Some(groups.newest.iter().skip(at).take_while(fits).cloned().collect())
    }

    /// When the first record behind a position was written, where that is in memory.
    #[must_use]
    pub fn time_after(&self, position: u64) -> Option<Timestamp> {
        let groups = self.lock();
        let at = groups.newest.partition_point(|group| group.last() <= position);
        let group = groups.newest.get(at).filter(|group| group.first <= position.saturating_add(1))?;
        group.first_time()
    }

    fn lock(&self) -> MutexGuard<'_, Groups> {
        // Every change leaves the groups whole, so a panic elsewhere spoils nothing.
        self.inner.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
