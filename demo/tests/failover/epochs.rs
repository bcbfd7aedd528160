//! Under which epoch each record of a seller's journal was written, read from the files themselves.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use kessai_server::sales::{Books, Change, Tenure};
use kessai_server::settings::JOURNAL;
use kessai_shared::ids::{Epoch, OrderId};
use kessai_shared::journal::{Browsed, FileDisk, Record, browse};
use kessai_shared::receipt::Verdict;
use kessai_shared::store::Books as _;

use crate::load::Told;

/// What a journal says of its epochs.
#[derive(Default)]
pub struct Epochs {
    /// The first position of each epoch.
    pub grants: BTreeMap<Epoch, u64>,
    /// Where each order was approved, and under which epoch.
    approved: BTreeMap<OrderId, (u64, Epoch)>,
    /// Positions before this one are only in a checkpoint.
    pub begins: u64,
}

impl Epochs {
    /// Reads the journal of a node that is at rest. Epochs have to rise, and positions too.
    pub fn read(data: &Path) -> Self {
        let disk = FileDisk::read_only(&data.join("journal")).expect("a journal");
        let (mut found, mut now, mut last) = (Self::default(), Epoch::NONE, 0);
        let mut from = 1;
        loop {
            let browsed = browse(&disk, JOURNAL, (from, u64::MAX), &mut |record| {
                assert!(record.position > last, "position {} comes after {last}", record.position);
                last = record.position;
                match Books::decode(&record.payload).expect("a change") {
                    Change::Granted(tenure) => {
                        assert!(tenure.epoch > now, "epoch {} is granted after {now}", tenure.epoch);
                        now = tenure.epoch;
                        found.grants.insert(now, record.position);
                    }
                    Change::Decided { order, decision }
                        if decision.statement.verdict == Verdict::Approved =>
                    {
                        let before = found.approved.insert(order, (record.position, now));
                        assert_eq!(before, None, "{order} is approved twice");
                    }
                    _another_change => {}
                }
                ControlFlow::Continue(())
            });
            let browsed = browsed.expect("a sound journal");
            found.begins = browsed.begins;
            match browsed.next {
                Some(next) => from = next,
                None => return found,
            }
        }
    }

    /// The newest grant behind a position in the journal of a node that runs, and the position up to which this
    /// was looked for; what is being written at the moment is left for the next look.
    pub fn newest(data: &Path, behind: u64) -> (Option<Tenure>, u64) {
        let (mut tenure, mut at) = (None, behind);
        let Ok(disk) = FileDisk::read_only(&data.join("journal")) else { return (None, behind) };
        let mut each = |record: Record| {
            if let Ok(Change::Granted(granted)) = Books::decode(&record.payload) {
                tenure = Some(granted);
            }
            at = record.position;
            ControlFlow::Continue(())
        };
        let mut from = behind + 1;
        while let Ok(Browsed { next: Some(next), .. }) = browse(&disk, JOURNAL, (from, u64::MAX), &mut each) {
            from = next;
        }
        (tenure, at)
    }

    /// Every approval that a terminal was told of stands in this journal under no later epoch than the one by
    /// which it was told: nobody told anything of a position that another epoch has written.
    pub fn hold(&self, told: &[Told]) {
        for told in told.iter().filter(|told| told.accepted) {
            match self.approved.get(&told.order) {
                Some((position, epoch)) => {
                    let by = told.epoch.expect("only a node in charge tells of an approval");
                    assert!(
                        *epoch <= by,
                        "told under epoch {by} of position {position} of {epoch}: {told:?}"
                    );
                }
                None => assert!(self.begins > 1, "no approval in the journal: {told:?}"),
            }
        }
    }
}
