//! What the closed wire says of who is in charge, with every field unlike the others.

use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::settlement::{
    Answered, Asked, Claim, Mode, Refusal, Reply, Request, Run, Sender, Why, Witness,
};

const EPOCH: Epoch = Epoch(300);
const RUN: [u8; 8] = [0x44; 8];

pub fn modes() -> Vec<Mode> {
    vec![Mode::Alone, Mode::Sync { standby: NodeId::from_bytes([0x22; 16]) }, Mode::Async]
}

pub fn whys() -> Vec<Why> {
    vec![Why::Start, Why::Promote { auto: true, force: false }, Why::Mode]
}

pub fn claim() -> Request {
    let [_, mode, _] = modes().try_into().expect("three modes");
    Request::Claim(Claim {
        why: Why::Promote { auto: false, force: true },
        mode,
        run: Run { id: RUN, nth: 2 },
    })
}

pub fn granted() -> Reply {
    Reply::Granted { epoch: EPOCH, promote_after_ms: 1_500 }
}

pub fn refusals() -> Vec<Refusal> {
    vec![
        Refusal::Fenced { epoch: EPOCH, run: RUN },
        Refusal::Behind,
        Refusal::NotCaughtUp { epoch: EPOCH, position: 70_000 },
        Refusal::StillHeard,
    ]
}

pub fn witness() -> Witness {
    Witness { epoch: Epoch(2), position: 80_000, hash: [0x55; 32], code: [0x66; 16] }
}

pub fn asked() -> Asked {
    let node = NodeId::from_bytes([0x11; 16]);
    let by = Sender { epoch: EPOCH, node, at: 70_000, witnessed: witness() };
    Asked { by, what: Request::Beat }
}

pub fn answered() -> Answered {
    Answered { witness: witness(), reply: Reply::Beat }
}
