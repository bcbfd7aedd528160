//! What the node in charge knows of those who follow it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::NodeId;
use crate::journal::{Head, Ring};
use crate::time::Timestamp;

/// A standby that was not heard for so long does not count as connected. It pulls more often than twice a
/// second.
const HEARD_FOR: Duration = Duration::from_millis(1_500);

/// Everybody who has followed since the start, by node.
pub type Followers = BTreeMap<NodeId, Standby>;

/// A standby as the node in charge knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standby {
    /// The last position that was sent to it.
    pub sent: u64,
    /// What it has said is durable there.
    pub durable: Head,
    pub heard_at: Instant,
}

impl Standby {
    /// Whether it was heard a moment ago.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.heard_at.elapsed() < HEARD_FOR
    }

    /// How far it is behind the end of the journal: in records, and by how long the first that it lacks
    /// has been there. Of a record that is not among the newest any more, the time of what it has counts.
    #[must_use]
    pub fn lag(&self, ring: &Ring, now: Timestamp) -> (u64, Duration) {
        let head = *ring.head().borrow();
        let records = head.position.saturating_sub(self.durable.position);
        if records == 0 {
            return (0, Duration::ZERO);
        }
        let since = ring.time_after(self.durable.position).unwrap_or(self.durable.time);
        (records, Duration::from_micros(now.0.saturating_sub(since.0)))
    }
}
