//! The clerk's part in catching up from the settlement (F18): books that an operator put in charge although
//! they are an older copy take over what the settlement has more, before anything else moves.

use std::collections::HashSet;

use kessai_shared::ids::{Epoch, RefundId};
use kessai_shared::settlement::ApprovedOrders;
use kessai_shared::store::Fault;
use kessai_shared::time::Timestamp;
use tokio::sync::mpsc;

use super::{Clerk, Desk, MAX_SHIPMENTS_A_ROUND, Tell, answer};
use crate::recoverer::Asked;
use crate::sales::{Books, Change, acts};

/// What is under way about catching up. Not stored: books that are behind say so.
#[derive(Default)]
pub(super) struct Recovery {
    /// None for books whose daemon does not run.
    wish: Option<mpsc::Sender<Epoch>>,
    /// What was read so far. Nothing moves meanwhile.
    read: Option<Read>,
}

/// How far the pages of one recovery were read.
struct Read {
    /// The page that comes next.
    next: Asked,
    /// The refunds of these books.
    own: HashSet<RefundId>,
    found: u64,
}

impl Recovery {
    pub(super) fn asking(wish: mpsc::Sender<Epoch>) -> Self {
        Self { wish: Some(wish), ..Self::default() }
    }

    /// Has the settlement asked. While that is under way, another wish says nothing more.
    pub(super) fn wish(&self, books: &Books) {
        let epoch = books.tenure().map_or(Epoch::NONE, |tenure| tenure.epoch);
        // One that waits already is as good; whoever hears it is gone only when the daemon stops.
        let _ = self.wish.as_ref().map(|wish| wish.try_send(epoch));
    }

    /// Takes up what was read before this page: nothing before the first one. None for a page that is not the
    /// next one of these books' own recovery: it was asked for before an operator promoted this node once
    /// more, and what it leads on from was never read since.
    fn take_up(&mut self, asked: Asked, books: &Books) -> Option<Read> {
        let is_ours = books.tenure().is_some_and(|tenure| tenure.behind && tenure.epoch == asked.epoch);
        let read = self.read.take_if(|_| is_ours);
        match (is_ours, asked.after) {
            (false, _) => None,
            (true, None) => Some(Read { next: asked, own: acts::own_refunds(books), found: 0 }),
            (true, Some(_)) if read.as_ref().is_some_and(|read| read.next == asked) => read,
            (true, Some(_)) => {
                self.read = read;
                None
            }
        }
    }
}

impl Clerk {
    /// Takes over a page of what the settlement has; tells whether it was the one that is waited for.
    pub(super) fn recover(
        &mut self,
        (asked, page): (Asked, &ApprovedOrders),
        tell: Tell<bool>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        let Some(mut read) = self.recovery.take_up(asked, desk.books()) else {
            answer(desk, tell, false);
            return Ok(());
        };
        let until = (self.clock)().plus_seconds(self.terms.recovered_for);
        for theirs in &page.orders {
            if let Some(change) = acts::recover(desk.books(), &read.own, theirs, until) {
                desk.change(&change)?;
                let (shown, id) = (self.shown.clone(), theirs.purchase.order);
                desk.after(move |books| shown.put(books, id));
                read.found += 1;
            }
        }
        if page.next.is_some() {
            let next = Asked { after: page.next, ..asked };
            self.recovery.read = Some(Read { next, ..read });
        } else {
            desk.change(&Change::CaughtUp)?;
            let shown = self.shown.clone();
            desk.after(move |books| shown.put_behind(books));
            tracing::warn!(
                "these books were behind the settlement's: {} orders were recovered from it; `kessai-server \
                 orders recovered` lists them, and what no terminal asks for again is given back",
                read.found
            );
        }
        answer(desk, tell, true);
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
