//! The clerk's part in catching up from the settlement (F18): books that an operator put in charge although
//! they are an older copy take over what the settlement has more, before anything else moves.

use std::collections::HashSet;

use kessai_shared::ids::RefundId;
use kessai_shared::settlement::ApprovedOrders;
use kessai_shared::store::Fault;
use kessai_shared::time::Timestamp;
use tokio::sync::mpsc;

use super::{Clerk, Desk, MAX_SHIPMENTS_A_ROUND, Tell, answer};
use crate::sales::{Change, acts};

/// What is under way about catching up. Not stored: books that are behind say so.
#[derive(Default)]
pub(super) struct Recovery {
    /// None for books whose daemon does not run.
    wish: Option<mpsc::Sender<()>>,
    /// The refunds of these books, while they catch up; nothing moves meanwhile.
    own: Option<HashSet<RefundId>>,
    found: u64,
}

impl Recovery {
    pub(super) fn asking(wish: mpsc::Sender<()>) -> Self {
        Self { wish: Some(wish), ..Self::default() }
    }

    /// Has the settlement asked. While that is under way, another wish says nothing more.
    pub(super) fn wish(&self) {
        // One that waits already is as good; whoever hears it is gone only when the daemon stops.
        let _ = self.wish.as_ref().map(|wish| wish.try_send(()));
    }
}

impl Clerk {
    /// Takes over a page of what the settlement has.
    pub(super) fn recover(
        &mut self,
        page: &ApprovedOrders,
        tell: Tell<()>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        if !desk.books().is_behind() {
            answer(desk, tell, ());
            return Ok(());
        }
        let own = self.recovery.own.take().unwrap_or_else(|| acts::own_refunds(desk.books()));
        let until = (self.clock)().plus_seconds(self.terms.recovered_for);
        for theirs in &page.orders {
            if let Some(change) = acts::recover(desk.books(), &own, theirs, until) {
                desk.change(&change)?;
                let (shown, id) = (self.shown.clone(), theirs.purchase.order);
                desk.after(move |books| shown.put(books, id));
                self.recovery.found += 1;
            }
        }
        self.recovery.own = Some(own);
        if page.next.is_none() {
            desk.change(&Change::CaughtUp)?;
            let shown = self.shown.clone();
            desk.after(move |books| shown.put_behind(books));
            let found = std::mem::take(&mut self.recovery.found);
            self.recovery.own = None;
            tracing::warn!(
                "these books were behind the settlement's: {found} orders were recovered from it; `kessai-server \
                 orders recovered` lists them, and what no terminal asks for again is given back"
            );
        }
        answer(desk, tell, ());
        Ok(())
    }

    /// Brings forward what was recovered, and gives back what nobody has asked for again.
    pub(super) fn follow_recovered(&mut self, now: Timestamp, desk: &mut Desk<'_>) -> Result<(), Fault> {
        let behind: Vec<_> = desk.books().behind_settlement().take(MAX_SHIPMENTS_A_ROUND).collect();
        for id in behind {
            if let Some(change) = acts::forward(desk.books(), id) {
                desk.change(&change)?;
                self.follow_up(id, desk);
            }
        }
        let unclaimed: Vec<_> = desk.books().unclaimed(now).take(MAX_SHIPMENTS_A_ROUND).collect();
        for id in unclaimed {
            desk.change(&Change::RecoveredGivenUp { order: id })?;
            self.follow_up(id, desk);
        }
        Ok(())
    }
}
