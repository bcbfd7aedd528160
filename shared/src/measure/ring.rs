//! The last hour of a daemon, second by second, in little room.

use std::collections::VecDeque;

use crate::codec;
use crate::operator::live::{MAX_SECONDS, REMEMBERED, Second};

/// Most bytes that one answer about the past has, so that it fits into a frame with what is around it.
const PAST_BYTES: usize = 384 * 1024;

/// Seconds as bytes, the oldest first: what did not happen takes no room, and a busy second about a
/// thousand bytes, so that an hour takes some four megabytes at most.
#[derive(Default)]
pub struct Ring {
    seconds: VecDeque<(u64, Box<[u8]>)>,
    bytes: usize,
}

impl Ring {
    /// Remembers a second, which has to come after all others, and forgets the one an hour before it.
    pub fn push(&mut self, second: &Second) {
        let encoded = codec::encode(second).into_boxed_slice();
        self.bytes += encoded.len();
        self.seconds.push_back((second.tick, encoded));
        while self.seconds.len() > REMEMBERED {
            let gone = self.seconds.pop_front();
            self.bytes -= gone.map_or(0, |(_, bytes)| bytes.len());
        }
    }

    /// How many seconds are remembered.
    pub fn len(&self) -> usize {
        self.seconds.len()
    }

    pub fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }

    /// What they take, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The last second; 0 before there is one.
    pub fn tick(&self) -> u64 {
        self.seconds.back().map_or(0, |(tick, _)| *tick)
    }

    /// Seconds before one, or from the last on, the newest first: at most `limit`, and
    /// [`MAX_SECONDS`], and no more than fit into an answer.
    pub fn past(&self, before: Option<u64>, limit: u16) -> Vec<Second> {
        let end =
            before.map_or(self.seconds.len(), |end| self.seconds.partition_point(|(tick, _)| *tick < end));
        let (mut room, mut found) = (PAST_BYTES, Vec::new());
        for (_, bytes) in self.seconds.range(..end).rev().take(usize::from(limit.clamp(1, MAX_SECONDS))) {
            if bytes.len() > room {
                break;
            }
            room -= bytes.len();
            // They were encoded here, so all of them decode.
            found.extend(codec::decode::<Second>(bytes));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Buckets, Count, Gauge, Spread};
    use crate::time::Timestamp;

    /// A second in which everything happens.
    fn busy(tick: u64) -> Second {
        let mut buckets = Buckets::default();
        (0..40).for_each(|n| buckets.add((1 << (n % 20)) | (n * 7)));
        Second {
            tick,
            at: Timestamp(1_700_000_000_000_000 + tick * 1_000_000),
            counts: Count::all().map(|count| (count, 3_000 + tick)).collect(),
            spreads: Spread::all().map(|spread| (spread, buckets.clone())).collect(),
            gauges: Gauge::all().map(|gauge| (gauge, 1_000_000_000)).collect(),
        }
    }

    #[test]
    fn an_hour_is_remembered_and_no_more_in_few_megabytes() {
        let mut ring = Ring::default();
        (1..=4_000).for_each(|tick| ring.push(&busy(tick)));
        assert_eq!((ring.len(), ring.tick()), (REMEMBERED, 4_000));
        assert!(ring.bytes() < 6 << 20, "{} bytes", ring.bytes());
        assert_eq!(ring.bytes(), ring.seconds.iter().map(|(_, bytes)| bytes.len()).sum::<usize>());
        assert_eq!(ring.past(Some(402), 60).len(), 1, "only one second is older than that");
    }

    #[test]
    fn the_past_comes_newest_first_in_parts_that_join() {
        let mut ring = Ring::default();
        assert!(ring.past(None, 60).is_empty() && ring.is_empty());
        (1..=150).for_each(|tick| ring.push(&busy(tick)));
        let (mut before, mut ticks) = (None, Vec::new());
        loop {
            let part = ring.past(before, u16::MAX);
            let Some(last) = part.last() else { break };
            assert!(part.len() <= usize::from(MAX_SECONDS));
            before = Some(last.tick);
            assert!(part.iter().all(|second| *second == busy(second.tick)));
            ticks.extend(part.iter().map(|second| second.tick));
        }
        assert_eq!(ticks, (1..=150).rev().collect::<Vec<_>>());
    }
}
