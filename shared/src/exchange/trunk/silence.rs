//! When a connection counts as silent: the peer lets us ask and acknowledges nothing.

use std::time::Duration;

use tokio::time::Instant;

use crate::exchange::client::Signs;

/// How long nothing may be heard after something was sent. Every packet that asks for it is acknowledged
/// within a round trip and 25 ms (RFC 9000, section 18.2), however busy the peer is with what it was asked.
const PATIENCE: Duration = Duration::from_millis(300);

/// The same in round trips, where they are long: room for one packet that was lost and sent again.
const PATIENCE_ROUND_TRIPS: u32 = 4;

/// Most that it comes to, so that a round trip that was once very long does not keep calls waiting.
const LONGEST_PATIENCE: Duration = Duration::from_secs(1);

/// Listens to one connection.
#[derive(Default)]
pub(super) struct Silence {
    last: Signs,
    /// Since when something was sent and nothing heard.
    since: Option<Instant>,
}

impl Silence {
    /// Takes in what the transport has noticed up to now, while calls wait for their replies or not.
    /// True once the peer has been silent for too long.
    pub(super) fn observe(&mut self, now: Instant, busy: bool, signs: Signs) -> bool {
        let (asked, heard) = (signs.asked > self.last.asked, signs.heard > self.last.heard);
        self.last = signs;
        if heard || !busy {
            // What was asked since the last look may have come before what was heard. If it is lost, the
            // transport sends it again, and that counts.
            self.since = None;
        } else if asked && self.since.is_none() {
            self.since = Some(now);
        }
        self.since.is_some_and(|since| now - since >= patience(signs.round_trip))
    }
}

fn patience(round_trip: Duration) -> Duration {
    (round_trip * PATIENCE_ROUND_TRIPS).clamp(PATIENCE, LONGEST_PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One look every 50 ms at these counts of what was asked and heard; the first that finds silence.
    fn looks(busy: bool, round_trip: u64, counts: impl IntoIterator<Item = (u64, u64)>) -> Option<u64> {
        let (begun, mut silence) = (Instant::now(), Silence::default());
        for (nth, (asked, heard)) in counts.into_iter().enumerate() {
            let now = begun + Duration::from_millis(50) * nth as u32;
            let round_trip = Duration::from_millis(round_trip);
            if silence.observe(now, busy, Signs { asked, heard, round_trip, ..Signs::default() }) {
                return Some(nth as u64 * 50);
            }
        }
        None
    }

    #[test]
    fn who_acknowledges_may_take_any_time_to_answer() {
        assert_eq!(looks(true, 1, [(1, 1); 100]), None);
        // Acknowledged one look later.
        assert_eq!(looks(true, 1, [(1, 0)].into_iter().chain([(1, 1); 100])), None);
    }

    #[test]
    fn a_peer_that_is_asked_again_and_again_and_never_heard_is_silent() {
        assert_eq!(looks(true, 1, (1..100).map(|asked| (asked, 0))), Some(300));
        assert_eq!(looks(true, 1, [(9, 9), (10, 9)].into_iter().chain([(10, 9); 100])), Some(350));
        // A packet in between puts it off.
        let between = (1..100).map(|asked| (asked, u64::from(asked > 4)));
        assert_eq!(looks(true, 1, between), Some(200 + 50 + 300));
    }

    #[test]
    fn a_long_way_takes_longer_but_not_for_ever() {
        assert_eq!(looks(true, 120, (1..100).map(|asked| (asked, 0))), Some(500));
        assert_eq!(looks(true, 60_000, (1..100).map(|asked| (asked, 0))), Some(1_000));
    }

    #[test]
    fn nobody_is_silent_whom_nobody_waits_for() {
        assert_eq!(looks(false, 1, (1..100).map(|asked| (asked, 0))), None);
    }
}
