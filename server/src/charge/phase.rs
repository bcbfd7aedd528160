//! PURE: what a node is in its shop, and what a refusal of the settlement makes of it.

use kessai_shared::ids::Epoch;
use kessai_shared::settlement::Refusal;
use tokio::time::Instant;

use crate::standing::Standing;

/// What a node is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody has granted this run anything yet. It shows what it has, and changes nothing.
    Starting,
    /// It follows another node, and knew all that this one did at that moment. It shows what it has, and
    /// changes nothing.
    Following { as_of: Option<Instant> },
    /// It has the newest epoch it knows of, durable in its own journal.
    InCharge { epoch: Epoch },
    /// Another run is in charge. Nothing leads out of this but another start.
    Fenced { epoch: Epoch },
}

impl Phase {
    /// By what right a node answers terminals.
    #[must_use]
    pub fn standing(self) -> Standing {
        match self {
            Phase::Starting => Standing::Starting,
            Phase::Following { as_of } => Standing::Standby { as_of },
            Phase::InCharge { epoch } => Standing::InCharge { epoch },
            Phase::Fenced { .. } => Standing::Standby { as_of: None },
        }
    }
}

/// What becomes of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    GoesOn,
    Becomes(Phase),
}

/// What a refusal means to run `run` of a node whose journal has come to `epoch`.
#[must_use]
pub fn judge(phase: Phase, epoch: Epoch, run: [u8; 8], refusal: Refusal) -> Verdict {
    let Refusal::Fenced { epoch: newest, run: of } = refusal else { return Verdict::GoesOn };
    match phase {
        // A message of before the own last grant was overtaken by it; the same request is made again.
        Phase::InCharge { .. } if of == run => Verdict::GoesOn,
        Phase::InCharge { .. } if newest >= epoch && newest > Epoch::NONE => {
            Verdict::Becomes(Phase::Fenced { epoch: newest })
        }
        // The settlement has forgotten this run's grant, or never had it: it is asked anew.
        Phase::InCharge { .. } => Verdict::Becomes(Phase::Starting),
        // Nobody was told anything yet, so there is nothing to stop.
        Phase::Starting | Phase::Following { .. } | Phase::Fenced { .. } => Verdict::GoesOn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [u8; 8] = [1; 8];
    const OTHER: [u8; 8] = [2; 8];

    #[test]
    fn only_another_runs_newer_epoch_ends_the_node_in_charge() {
        let in_charge = Phase::InCharge { epoch: Epoch(5) };
        let fenced = |epoch, run| Refusal::Fenced { epoch: Epoch(epoch), run };
        let ends = |epoch| Verdict::Becomes(Phase::Fenced { epoch: Epoch(epoch) });
        let cases = [
            (in_charge, fenced(6, OTHER), ends(6)),
            // The same epoch in other hands says that this run's grant was never the one that counts.
            (in_charge, fenced(5, OTHER), ends(5)),
            (in_charge, fenced(6, OWN), Verdict::GoesOn),
            (in_charge, fenced(4, OTHER), Verdict::Becomes(Phase::Starting)),
            (in_charge, fenced(0, [0; 8]), Verdict::Becomes(Phase::Starting)),
            (in_charge, Refusal::Behind, Verdict::GoesOn),
            (in_charge, Refusal::StillHeard, Verdict::GoesOn),
            (in_charge, Refusal::TryLater, Verdict::GoesOn),
            (in_charge, Refusal::NotCaughtUp { epoch: Epoch(6), position: 1 }, Verdict::GoesOn),
            (Phase::Starting, fenced(6, OTHER), Verdict::GoesOn),
            (Phase::Following { as_of: None }, fenced(6, OTHER), Verdict::GoesOn),
            (Phase::Fenced { epoch: Epoch(6) }, fenced(7, OTHER), Verdict::GoesOn),
        ];
        for (phase, refusal, verdict) in cases {
            assert_eq!(judge(phase, Epoch(5), OWN, refusal), verdict, "{phase:?}, {refusal:?}");
        }
    }
}
