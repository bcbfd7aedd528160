//! A grant and the row that it makes, with every field unlike the others.

use kessai_settlement::ledger::{Fence, Grant};
use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{Mode, Run, Why};
use kessai_shared::time::Timestamp;

pub const EPOCH: Epoch = Epoch(67_000);

const NODE: NodeId = NodeId::from_bytes([0x11; 16]);
const RUN: Run = Run { id: [0x22; 8], nth: 3 };

pub fn grant(seller: Pin) -> Grant {
    let (mode, why) = (Mode::Sync { standby: NodeId::from_bytes([0x33; 16]) }, Why::Start);
    Grant { seller, epoch: EPOCH, node: NODE, mode, run: RUN, why, at: 66_000 }
}

pub fn fence() -> Fence {
    let (mode, since) = (Mode::Async, Timestamp(15));
    Fence { epoch: EPOCH, node: NODE, mode, run: RUN, position: 66_000, since }
}
