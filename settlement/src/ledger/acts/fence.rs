//! Who may change anything, and who is put in charge: the rules of fencing (F16, F17, F18).

use kessai_shared::ids::Epoch;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{Claim, Mode, Refusal, Sender, Why};

use crate::ledger::books::{Books, Change};
use crate::ledger::fence::{Fence, Grant};

/// What is known of the node in charge besides the books. None of it survives a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastHeard {
    /// The highest position that it said its journal has.
    pub position: u64,
    /// Whether nothing was heard of it for as long as automatic promotion waits.
    pub is_silent: bool,
}

/// Whether a node may change anything now.
///
/// # Errors
/// [`Refusal::Fenced`] unless it is the node in charge, and under the newest epoch.
pub fn admit(books: &Books, seller: Pin, by: &Sender) -> Result<(), Refusal> {
    match books.fences().of(seller) {
        Some(fence) if fence.epoch == by.epoch && fence.node == by.node => Ok(()),
        Some(fence) => Err(fenced(fence)),
        // Nobody has claimed the shop, so nobody is in charge of it.
        None => Err(Refusal::Fenced { epoch: Epoch::NONE, run: [0; 8] }),
    }
}

/// The change that puts the node that claims in charge, always under a new epoch.
///
/// # Errors
/// [`Refusal::Fenced`] when it is not its turn, [`Refusal::NotCaughtUp`] when its journal lacks what the
/// node in charge had, [`Refusal::StillHeard`] when that one is there, and [`Refusal::Behind`] when the
/// claimer knows of epochs that these books do not have.
pub fn claim(
    books: &Books,
    seller: Pin,
    by: &Sender,
    claim: &Claim,
    heard: LastHeard,
) -> Result<Change, Refusal> {
    let newest = match books.fences().of(seller) {
        Some(fence) => {
            may_claim(fence, by, claim, heard)?;
            fence.epoch.max(by.epoch)
        }
        None if claim.why == Why::Mode => return Err(Refusal::Fenced { epoch: Epoch::NONE, run: [0; 8] }),
        // A shop that comes from another settlement keeps on counting where it was.
        None => by.epoch,
    };
    // At the end of a u64 there is no other epoch, and nobody gets there in earnest.
    let epoch = newest.next().ok_or(Refusal::TryLater)?;
    let Claim { why, mode, run } = *claim;
    let grant = Grant { seller, epoch, node: by.node, mode, run, why, at: by.at };
    Ok(Change::Granted(Box::new(grant)))
}

fn may_claim(fence: &Fence, by: &Sender, claim: &Claim, heard: LastHeard) -> Result<(), Refusal> {
    // Books that lack the newest grant are books of less; only an operator goes on from them.
    if by.epoch > fence.epoch && !is_forced(claim.why) {
        return Err(Refusal::Behind);
    }
    // The run in charge may always claim again, because it may not have heard of its last grant. What it
    // sent before that grant comes too late.
    if fence.node == by.node && fence.run.id == claim.run.id {
        return if claim.run.nth > fence.run.nth { Ok(()) } else { Err(fenced(fence)) };
    }
    let reached = fence.position.max(heard.position);
    let has_all = by.at >= reached;
    let not_caught_up = Err(Refusal::NotCaughtUp { epoch: fence.epoch, position: reached });
    match claim.why {
        Why::Mode => Err(fenced(fence)),
        Why::Start if fence.node != by.node => Err(fenced(fence)),
        Why::Start if has_all => Ok(()),
        Why::Start => not_caught_up,
        Why::Promote { auto: true, .. } if !heard.is_silent => Err(Refusal::StillHeard),
        Why::Promote { .. } => {
            // In sync mode nothing is acknowledged that its standby has not, however far the other one got.
            let in_sync = fence.mode == Mode::Sync { standby: by.node };
            // Where the node in charge waits for another standby, it goes on telling what only that one has.
            let waits_for_other = matches!(fence.mode, Mode::Sync { .. });
            let caught_up = by.epoch == fence.epoch && has_all && !waits_for_other;
            if in_sync || caught_up || is_forced(claim.why) { Ok(()) } else { not_caught_up }
        }
    }
}

fn is_forced(why: Why) -> bool {
    matches!(why, Why::Promote { auto: false, force: true })
}

fn fenced(fence: &Fence) -> Refusal {
    Refusal::Fenced { epoch: fence.epoch, run: fence.run.id }
}
