//! Keeps what terminals are shown current at a node that follows another one: its changes come whole, and
//! nobody here has proposed them.

use std::time::Duration;

use kessai_shared::store::Copied;
use tokio::time::Instant;

use crate::catalogue::{Catalogue, Live};
use crate::sales::{Books, Change};
use crate::shown::Shown;

/// How much longer than it took the last time is waited before the catalogue is made anew, while more
/// products come in.
const RESTS: u32 = 20;

/// What has to be made anew of the books.
#[derive(Default)]
pub(super) struct Following {
    catalogue: Option<Live>,
    /// Whether products came in that the catalogue does not have.
    is_stale: bool,
    /// When the catalogue was last made anew, and how long that took.
    last: Option<(Instant, Duration)>,
}

impl Following {
    pub(super) fn showing(catalogue: Live) -> Self {
        Self { catalogue: Some(catalogue), ..Self::default() }
    }

    /// Shows what groups of the node in charge have changed, all of which is durable.
    pub(super) fn copied(&mut self, groups: &[Copied<Change>], books: &Books, shown: &Shown) {
        for (change, _) in groups.iter().flat_map(Copied::changes) {
            self.is_stale |= show(change, books, shown);
        }
    }

    /// Makes the catalogue anew when it is stale: at once where somebody is about to sell by it, else when
    /// enough time has passed.
    pub(super) fn refresh(&mut self, books: &Books, shown: &Shown, at_once: bool) {
        let rests = self.last.is_some_and(|(at, took)| at.elapsed() < took * RESTS);
        let Some(catalogue) = self.catalogue.as_ref().filter(|_| self.is_stale && (at_once || !rests)) else {
            return;
        };
        let begun = Instant::now();
        shown.restock(books);
        catalogue.put(Catalogue::of(books.products(), shown.stocks()));
        self.is_stale = false;
        self.last = Some((Instant::now(), begun.elapsed()));
    }
}

/// Shows what a change has changed; tells whether it concerns the catalogue.
fn show(change: &Change, books: &Books, shown: &Shown) -> bool {
    match change {
        Change::Stocked { .. } | Change::Relisted { .. } => return true,
        Change::Received { sku, .. } | Change::Adjusted { sku, .. } => shown.put_stock(books, sku),
        Change::Placed { quote, .. } | Change::TurnedAway { quote, .. } => shown.put(books, quote.order),
        Change::Decided { order, .. }
        | Change::Doubted { order }
        | Change::Reversed { order }
        | Change::CaptureStarted { order, .. }
        | Change::Shipped { order, .. }
        | Change::Lapsed { order }
        | Change::Delivered { order, .. }
        | Change::CancelAsked { order, .. }
        | Change::Cancelled { order }
        | Change::Refused { order, .. } => shown.put(books, *order),
        Change::Released { id, order, .. } | Change::Refunded { id, order, .. } => {
            shown.put(books, *order);
            shown.put_return(books, *id);
        }
        Change::GivenBack { id, given } => {
            given.parts.iter().for_each(|part| shown.put(books, part.order));
            shown.put_return(books, *id);
        }
        Change::Recovered { order, .. }
        | Change::RecoveredGivenUp { order }
        | Change::RecoveredStep { order, .. } => shown.put(books, *order),
        Change::Granted(_) | Change::CaughtUp => shown.put_behind(books),
        // Their rows are read from the shelf, or shown to nobody.
        Change::Described { .. } | Change::BatchCompared { .. } | Change::Operated { .. } => {}
    }
    false
}
