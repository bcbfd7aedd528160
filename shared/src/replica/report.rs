//! What operators are told of those who follow, and of following.

use std::time::Duration;

use super::{Feed, Following};
use crate::journal::Head;
use crate::operator::nodes::{Follows, StandbyRow};
use crate::time::Timestamp;

impl Feed {
    /// Everybody who has followed since the start, by node.
    #[must_use]
    pub fn report(&self, now: Timestamp) -> Vec<StandbyRow> {
        let (followers, guard) = (self.followers(), self.guarded());
        let followers = followers.borrow();
        let rows = followers.iter().map(|(node, standby)| {
            let (lag_records, lag) = standby.lag(self.source().ring(), now);
            StandbyRow {
                node: *node,
                connected: standby.is_connected(),
                waited_for: guard == Some(*node),
                durable: standby.durable.position,
                lag_records,
                lag_ms: millis(lag),
                heard_ms: millis(standby.heard_at.elapsed()),
            }
        });
        rows.collect()
    }
}

impl Following {
    /// How a node follows whose own journal ends there.
    #[must_use]
    pub fn report(&self, durable: Head) -> Follows {
        let lag_records = self.theirs.position.saturating_sub(durable.position);
        // What it lacks was there already when the one in charge last said anything.
        let lacking = Duration::from_micros(self.theirs.time.0.saturating_sub(durable.time.0));
        let lacking = if lag_records > 0 { lacking } else { Duration::ZERO };
        Follows {
            of: self.of,
            connected: self.connected,
            lag_records,
            lag_ms: self.heard_at.map(|at| millis(at.elapsed() + lacking)),
            problem: self.problem.clone(),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
