//! When a sealing key begins, when the next one takes over, and when its private half is destroyed.
//! Pure: the time arrives as an argument.

use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a sealing key is given out, and how long around that it is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochTerms {
    /// How long terminals are given one key, in seconds.
    pub epoch_seconds: u64,
    /// How long a key is kept after the next one has taken over, in seconds. For half of it, before
    /// and after, terminals with a wrong clock may still seal with it.
    pub overlap_seconds: u64,
}

/// The time in which a key is the one that terminals are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub starts: Timestamp,
    pub ends: Timestamp,
}

impl Default for EpochTerms {
    fn default() -> Self {
        Self { epoch_seconds: 24 * 3_600, overlap_seconds: 12 * 3_600 }
    }
}

impl EpochTerms {
    pub fn span_from(self, starts: Timestamp) -> Span {
        Span { starts, ends: starts.plus_seconds(self.epoch_seconds) }
    }

    /// From when to when a terminal may seal with the key of a span.
    pub fn validity(self, span: Span) -> (Timestamp, Timestamp) {
        let skew = self.overlap_seconds / 2;
        (span.starts.minus_seconds(skew), span.ends.plus_seconds(skew))
    }

    /// Which of these spans is the current one: the latest that has begun and may still be used.
    pub fn current(self, spans: &[Span], now: Timestamp) -> Option<usize> {
        let begun = spans.iter().enumerate().filter(|(_, span)| span.starts <= now);
        let usable = begun.filter(|(_, span)| now < self.validity(**span).1);
        usable.max_by_key(|(_, span)| **span).map(|(at, _)| at)
    }

    /// When the private half of a span's key is destroyed: after the overlap with whatever follows it.
    pub fn death(self, spans: &[Span], of: Span) -> Timestamp {
        let next = spans.iter().map(|span| span.starts).filter(|starts| *starts > of.starts).min();
        next.map_or(of.ends, |next| next.min(of.ends)).plus_seconds(self.overlap_seconds)
    }

    /// The span that has to be made now, so that terminals always have a key, and hear of the next one
    /// before they need it.
    pub fn wanted(self, spans: &[Span], now: Timestamp) -> Option<Span> {
        let current = self.current(spans, now).map(|at| spans[at]).filter(|span| now < span.ends);
        let Some(current) = current else { return Some(self.span_from(now)) };
        let followed = spans.iter().any(|span| current.starts < span.starts && span.starts <= current.ends);
        let due = now.plus_seconds(self.overlap_seconds / 2) >= current.ends;
        (due && !followed).then(|| self.span_from(current.ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: EpochTerms = EpochTerms { epoch_seconds: 100, overlap_seconds: 20 };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().plus_seconds(seconds)
    }

    /// Plays a clock through the schedule as the settlement does, and gives the spans that are left.
    fn tend(spans: &mut Vec<Span>, now: Timestamp) {
        let all = spans.clone();
        spans.retain(|span| now < TERMS.death(&all, *span));
        spans.extend(TERMS.wanted(spans, now));
    }

    #[test]
    fn there_is_always_one_current_key_and_never_more_than_three() {
        let mut spans = Vec::new();
        for second in 1_000..2_000 {
            tend(&mut spans, at(second));
            let current = spans[TERMS.current(&spans, at(second)).expect("a current key")];
            assert!(current.starts <= at(second) && at(second) < current.ends);
            assert!(spans.len() <= 3, "{spans:?} at {second}");
        }
    }

    #[test]
    fn a_key_that_a_terminal_may_use_is_there_until_well_after() {
        let mut spans = Vec::new();
        let mut seen: Vec<Span> = Vec::new();
        for second in 1_000..2_000 {
            tend(&mut spans, at(second));
            seen.extend(spans.iter().filter(|span| !seen.contains(span)).copied().collect::<Vec<_>>());
            for span in &seen {
                let (_, not_after) = TERMS.validity(*span);
                let needed = at(second) < not_after.plus_seconds(TERMS.overlap_seconds / 2);
                assert_eq!(spans.contains(span), needed, "{span:?} at {second}");
            }
        }
        assert_eq!(seen.len(), 11);
    }

    #[test]
    fn a_clock_that_is_set_back_or_far_ahead_finds_a_key() {
        let mut spans = Vec::new();
        for second in [1_000, 400, 1_000, 900_000, 1_010, 401, 900_050] {
            tend(&mut spans, at(second));
            let current = TERMS.current(&spans, at(second)).map(|at| spans[at]);
            assert!(current.is_some_and(|span| at(second) < span.ends), "{spans:?} at {second}");
        }
    }

    #[test]
    fn a_new_key_made_by_hand_takes_over_at_once_and_shortens_the_old_one() {
        let old = TERMS.span_from(at(1_000));
        let spans = [old, TERMS.span_from(at(1_040))];
        assert_eq!(TERMS.current(&spans, at(1_039)), Some(0));
        assert_eq!(TERMS.current(&spans, at(1_040)), Some(1));
        assert_eq!(TERMS.death(&spans, old), at(1_060));
    }
}
