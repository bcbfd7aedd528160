//! Keeps what the settlement has shown, and holds nothing up for it.

use std::time::Duration;

use kessai_shared::settlement::Witness;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use super::{Charge, WitnessFile};

/// How often it is kept.
pub(super) const KEEP_EVERY: Duration = Duration::from_secs(1);

/// What the settlement has shown, as it is kept.
pub(super) struct Kept {
    file: WitnessFile,
    witness: Witness,
    at: Instant,
    as_task: bool,
    writing: Option<JoinHandle<()>>,
}

impl Kept {
    pub(super) fn new(file: WitnessFile, charge: &Charge, as_task: bool) -> Self {
        Self { file, witness: charge.witnessed(), at: Instant::now(), as_task, writing: None }
    }

    /// Has it kept when that is due. Nobody waits for it: the settlement is to hear of a node whose disk takes a
    /// second or two, or another one takes its place.
    pub(super) fn if_due(&mut self, charge: &Charge) {
        let is_written = self.writing.as_ref().is_none_or(JoinHandle::is_finished);
        if is_written && self.at.elapsed() >= KEEP_EVERY {
            self.begin(charge);
        }
    }

    /// It is on the disk once this returns.
    pub(super) async fn now(&mut self, charge: &Charge) {
        self.written().await;
        self.begin(charge);
        self.written().await;
    }

    fn begin(&mut self, charge: &Charge) {
        let newest = charge.witnessed();
        if newest == self.witness {
            return;
        }
        (self.witness, self.at) = (newest, Instant::now());
        let (file, charge) = (self.file.clone(), charge.clone());
        if self.as_task {
            file.keep(&charge);
        } else {
            // A sync must not hold up a thread that carries purchases.
            self.writing = Some(spawn_blocking(move || file.keep(&charge)));
        }
    }

    async fn written(&mut self) {
        if let Some(writing) = &mut self.writing {
            let _ = writing.await;
        }
        self.writing = None;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;
    use crate::charge::lock;
    use crate::sales::Books;

    fn shows(charge: &Charge, position: u64) -> Witness {
        let shown = Witness { position, ..Witness::default() };
        *lock(&charge.0.witness) = shown;
        shown
    }

    #[tokio::test]
    async fn a_disk_that_hangs_holds_up_nobody_but_a_claim() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = WitnessFile::in_folder(folder.path());
        let charge = Charge::at_rest(&Books::default());
        let mut kept = Kept::new(file.clone(), &charge, false);
        let newest = {
            let _hangs = file.hang();
            for position in [1, 2] {
                shows(&charge, position);
                kept.at -= KEEP_EVERY;
                kept.if_due(&charge);
            }
            let newest = shows(&charge, 3);
            let mut waits = Context::from_waker(Waker::noop());
            assert!(pin!(kept.now(&charge)).poll(&mut waits).is_pending(), "a claim waits for the disk");
            newest
        };
        kept.now(&charge).await;
        assert_eq!(file.load().expect("what was kept"), newest);
    }
}
