//! What the node in charge waits for before it tells anybody: nothing, its standby, or the settlement.
//!
//! The settlement promotes a standby in `sync` mode whatever it has, so before that mode is claimed nothing
//! is told any more that the standby lacks, and nothing is told without the standby before the end of that
//! mode was granted. While a claim is not answered, both may be the case, and the stricter one holds.

use std::time::Duration;

use kessai_shared::ids::NodeId;
use kessai_shared::settlement::Mode;
use kessai_shared::writer::Rule;
use tokio::time::Instant;

use super::Charge;
use crate::sales::Tenure;
use crate::settings::{Gone, Wait};
use crate::standby::{Guard, Others};

/// How much earlier than the settlement may promote another this node stops telling anybody: its own looks
/// come a little late.
const MARGIN: Duration = Duration::from_millis(400);

/// Keeps mode and gate of the node in charge.
pub(super) struct Modes {
    guard: Guard,
    node: NodeId,
    last: Option<Tenure>,
    /// The mode that was granted last, and whether a claim is out whose end is not known.
    mode: Mode,
    in_doubt: bool,
    doubted_before: bool,
    /// Since when this mode counts.
    since: Instant,
    /// The standby that is to be waited for, and from which position on it is.
    joining: Option<(NodeId, u64)>,
    promote_after: Option<Duration>,
    beat_at: Option<Instant>,
}

impl Modes {
    pub(super) fn new(others: &Others, node: NodeId, last: Option<Tenure>) -> Self {
        let guard = others.guard.clone();
        let (mode, in_doubt, joining) = (Mode::Alone, false, None);
        let (doubted_before, since) = (false, Instant::now());
        let (promote_after, beat_at) = (None, None);
        Self { guard, node, last, mode, in_doubt, doubted_before, since, joining, promote_after, beat_at }
    }

    /// The mode to start in: one that waited for a standby goes on to, because that one has all that was
    /// ever told, and others perhaps do not.
    pub(super) fn at_start(&mut self) -> Mode {
        let own = self.last.filter(|last| last.node == self.node).map(|last| last.mode);
        let mode = match (self.guard.wait, own) {
            (Wait::Sync(_), Some(mode @ Mode::Sync { .. })) => mode,
            (Wait::Sync(_), Some(Mode::Alone | Mode::Async) | None) => Mode::Alone,
            (Wait::Async, _) if self.guard.feed.is_some() => Mode::Async,
            (Wait::Async, _) => Mode::Alone,
        };
        if matches!(mode, Mode::Sync { .. }) {
            self.guard.take(mode);
        }
        mode
    }

    /// Whether the settlement is to hear of this node now.
    pub(super) fn beat_due(&mut self, now: Instant, every: Duration) -> bool {
        let due = self.beat_at.is_none_or(|at| now.duration_since(at) >= every);
        if due {
            self.beat_at = Some(now);
        }
        due
    }

    /// A claim is on its way.
    pub(super) fn claims(&mut self) {
        (self.doubted_before, self.in_doubt) = (self.in_doubt, true);
    }

    pub(super) fn refused(&mut self) {
        self.in_doubt = self.doubted_before;
    }

    pub(super) fn granted(&mut self, promote_after: Duration) {
        self.promote_after = Some(promote_after);
    }

    /// A grant is in the journal: its mode is the one that counts.
    pub(super) fn takes(&mut self, mode: Mode) {
        (self.mode, self.in_doubt, self.joining) = (mode, false, None);
        self.since = Instant::now();
        self.guard.take(mode);
    }

    /// Nothing is told any more.
    pub(super) fn shut(&self) {
        self.guard.gate.set(Rule::Shut);
    }

    /// Sees to what is told: nothing, once the settlement may have promoted another.
    pub(super) fn look(&mut self, charge: &Charge) {
        let waits = self.joining.is_some() || matches!(self.mode, Mode::Sync { .. });
        let rule = if waits { Rule::Standby } else { Rule::Open };
        // A standby that is waited for tells nothing more to this node once it is promoted. Without one that
        // could be, nobody is promoted by itself.
        let leased = !waits && self.guard.feed.is_some();
        let lease = self.promote_after.map(|after| after.saturating_sub(MARGIN));
        let silent = charge.unheard_since().map(|heard| heard.elapsed());
        let is_over = leased && lease.zip(silent).is_some_and(|(lease, silent)| silent >= lease);
        self.guard.gate.set(if is_over { Rule::Shut } else { rule });
        // It may have been fenced between the look and this.
        if !charge.is_in_charge() {
            self.shut();
        }
    }

    /// The mode that is to be claimed now, if another than the one that was granted.
    pub(super) fn wanted(&mut self) -> Option<Mode> {
        let Wait::Sync(gone) = self.guard.wait else { return None };
        match (self.mode, self.joining) {
            // A claim whose answer was lost may have been granted: then only another grant ends the doubt.
            (Mode::Sync { standby }, _) => {
                self.leaves(standby, gone).or_else(|| self.in_doubt.then_some(self.mode))
            }
            (Mode::Alone | Mode::Async, Some((standby, from))) => self.joins(standby, from),
            (Mode::Alone | Mode::Async, None) => {
                let standby = self.guard.candidate()?;
                // From here on nothing is told that it lacks; what was told before it has to get first.
                self.guard.take(Mode::Sync { standby });
                self.joining = Some((standby, self.head()));
                None
            }
        }
    }

    fn joins(&mut self, standby: NodeId, from: u64) -> Option<Mode> {
        if !self.guard.is_connected(standby) {
            if self.in_doubt {
                // It may have been granted: only the grant of another mode ends that.
                return Some(Mode::Alone);
            }
            self.joining = None;
            self.guard.take(self.mode);
            return None;
        }
        (self.guard.gate.reached() >= from).then_some(Mode::Sync { standby })
    }

    fn leaves(&self, standby: NodeId, gone: Gone) -> Option<Mode> {
        let Gone::Alone(after) = gone else { return None };
        let followers = self.guard.feed.as_ref().map(|feed| feed.followers());
        let heard = followers.and_then(|all| all.borrow().get(&standby).map(|standby| standby.heard_at));
        let since = heard.map_or(self.since, |heard| heard.max(self.since));
        (since.elapsed() >= after).then_some(Mode::Alone)
    }

    fn head(&self) -> u64 {
        self.guard.feed.as_ref().map_or(0, |feed| feed.source().ring().head().borrow().position)
    }
}

#[cfg(test)]
mod tests {
    use kessai_shared::writer::Gate;

    use super::*;

    const STANDBY: NodeId = NodeId::from_bytes([2; 16]);
    const SYNC: Mode = Mode::Sync { standby: STANDBY };

    fn in_mode(mode: Mode) -> Modes {
        let guard = Guard { gate: Gate::default(), feed: None, wait: Wait::Sync(Gone::Stop) };
        let (node, last, joining) = (NodeId::from_bytes([1; 16]), None, None);
        let (in_doubt, doubted_before, since) = (false, false, Instant::now());
        let (promote_after, beat_at) = (None, None);
        Modes { guard, node, last, mode, in_doubt, doubted_before, since, joining, promote_after, beat_at }
    }

    #[test]
    fn a_claim_whose_answer_was_lost_is_made_again_until_one_is_granted() {
        let mut modes = in_mode(SYNC);
        assert_eq!(modes.wanted(), None, "nothing is in doubt");
        modes.claims();
        // The settlement may have recorded that this node goes on alone: then it promotes the standby no more.
        assert_eq!(modes.wanted(), Some(SYNC));
        modes.claims();
        modes.refused();
        assert_eq!(modes.wanted(), Some(SYNC), "a refusal says nothing of the claim before it");
        modes.takes(SYNC);
        assert_eq!(modes.wanted(), None, "a grant ends it");
        modes.claims();
        modes.refused();
        assert_eq!(modes.wanted(), None, "and so does a refusal where nothing was in doubt before");
    }

    #[test]
    fn a_standby_that_may_have_been_joined_is_left_only_by_a_grant() {
        let mut modes = in_mode(Mode::Alone);
        modes.joining = Some((STANDBY, 0));
        modes.claims();
        // It is gone, and may be waited for all the same by the settlement's books.
        assert_eq!(modes.wanted(), Some(Mode::Alone));
        modes.takes(Mode::Alone);
        modes.joining = Some((STANDBY, 0));
        assert_eq!(
            (modes.wanted(), modes.joining),
            (None, None),
            "nothing was claimed, so nothing is in doubt"
        );
    }
}
