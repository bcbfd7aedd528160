//! Lists of what is in the books, for whoever keeps them: in an order of their own, from any place on,
//! and never all at once. And what a change is called and about, wherever changes are listed.

use std::ops::Bound::{Excluded, Included, Unbounded};
use std::ops::RangeBounds;

use kessai_shared::ids::{ChargebackId, Epoch, OrderId};
use kessai_shared::pin::Pin;

use super::{Account, AccountId, Books, Change, Charge, Chargeback, Entry, Key, Late, Timestamp};
use crate::ledger::life::Event;

impl Books {
    /// How many holds are live.
    pub fn live_holds(&self) -> usize {
        self.expiring.len()
    }

    /// The accounts behind one, or from the first; `None` when there is no such account.
    pub fn accounts_after(
        &self,
        after: Option<AccountId>,
    ) -> Option<impl Iterator<Item = (AccountId, &Account)>> {
        let place = match after {
            Some(id) => Some(self.account(id)?.place()),
            None => None,
        };
        Some(self.after(place))
    }

    /// A seller's charges older than an order, or from the newest on, the newest first.
    pub fn charges_before(
        &self,
        seller: Pin,
        before: Option<OrderId>,
    ) -> impl Iterator<Item = (OrderId, &Charge)> {
        let first = (seller, OrderId::from_bytes([0; 16]));
        let end = match before {
            Some(order) => Excluded((seller, order)),
            None => Included((seller, OrderId::from_bytes([0xff; 16]))),
        };
        // A range that ends before it begins has nothing in it, and is not to be asked for.
        let range = before.is_none_or(|before| before > first.1).then_some((Included(first), end));
        let keys = range.map(|range| self.by_order.range(range).rev());
        keys.into_iter().flatten().filter_map(|key| Some((key.1, self.charge(key)?)))
    }

    /// A seller's charges behind an order, or from the first on, in the order of their ids.
    pub fn charges_after(
        &self,
        seller: Pin,
        after: Option<OrderId>,
    ) -> impl Iterator<Item = (OrderId, &Charge)> {
        let last = (seller, OrderId::from_bytes([0xff; 16]));
        let from = match after {
            Some(order) => Excluded((seller, order)),
            None => Included((seller, OrderId::from_bytes([0; 16]))),
        };
        // A range that ends before it begins has nothing in it, and is not to be asked for.
        let range = after.is_none_or(|after| after < last.1).then_some((from, Included(last)));
        let keys = range.map(|range| self.by_order.range(range));
        keys.into_iter().flatten().filter_map(|key| Some((key.1, self.charge(key)?)))
    }

    /// Chargebacks whose ids are in a range.
    pub fn chargebacks_in(
        &self,
        range: impl RangeBounds<ChargebackId>,
    ) -> impl Iterator<Item = (&ChargebackId, &Chargeback)> {
        self.chargebacks.range(range)
    }

    /// Captures that came too late for orders in a range.
    pub fn late_in(&self, range: impl RangeBounds<Key>) -> impl Iterator<Item = (&Key, &Late)> {
        self.late.range(range)
    }

    /// The live holds behind one, or from the one that runs out first; `None` when there never was such
    /// a hold. One that is gone meanwhile still has its place.
    pub fn holds_after(&self, after: Option<Key>) -> Option<impl Iterator<Item = (Key, &Charge)>> {
        let from: std::ops::Bound<(Timestamp, Key)> = match after {
            Some(key) => Excluded((self.charge(&key)?.expires, key)),
            None => Unbounded,
        };
        let keys = self.expiring.range((from, Unbounded)).map(|(_, key)| *key);
        Some(keys.filter_map(|key| Some((key, self.charge(&key)?))))
    }
}

impl Change {
    /// The balanced entries of everything that it moves.
    pub fn entries(&self) -> &[Entry] {
        match self {
            Change::Opened { entry, .. } => std::slice::from_ref(entry),
            Change::Decided(decided) => &decided.entries,
            Change::Account(change) => &change.entries,
            Change::Reversed { entries, .. }
            | Change::Captured { entries, .. }
            | Change::Released { entries, .. }
            | Change::Refunded { entries, .. }
            | Change::ChargedBack { entries, .. }
            | Change::Expired { entries, .. } => entries,
            Change::Batch(batch) => batch.entries(),
            Change::Restated { .. }
            | Change::PresentedLate { .. }
            | Change::Rekeyed { .. }
            | Change::Issued { .. }
            | Change::PolicyAdopted(_)
            | Change::Operated { .. }
            | Change::Granted(_) => &[],
        }
    }

    /// What has happened, in a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Change::Account(change) => match change.event {
                Event::Stated { .. } => "stated",
                Event::Passed { .. } => "passed",
                Event::Repaid { .. } => "repaid",
                Event::Blocked { .. } => "blocked",
                Event::Unblocked { .. } => "unblocked",
                Event::Limited { .. } => "limited",
                Event::Closed { .. } => "closed",
                Event::WrittenOff { .. } => "written off",
            },
            Change::Opened { .. } => "opened",
            Change::Restated { .. } => "restated",
            Change::Decided(_) => "decided",
            Change::Reversed { .. } => "reversed",
            Change::Captured { .. } => "captured",
            Change::Released { .. } => "released",
            Change::Refunded { .. } => "refunded",
            Change::ChargedBack { .. } => "charged back",
            Change::PresentedLate { .. } => "presented late",
            Change::Expired { .. } => "expired",
            Change::Batch(batch) => batch.name(),
            Change::Rekeyed { .. } => "rekeyed",
            Change::Issued { .. } => "issued",
            Change::PolicyAdopted(_) => "policy adopted",
            Change::Granted(_) => "granted",
            Change::Operated { what, .. } => what.name(),
        }
    }

    /// The seller whose node had it done, and the epoch that node acted under.
    pub fn under(&self) -> Option<(Pin, Epoch)> {
        match self {
            Change::Decided(decided) => Some((decided.purchase.seller, decided.epoch)),
            Change::Reversed { key, epoch, .. }
            | Change::Captured { key, epoch, .. }
            | Change::Released { key, epoch, .. }
            | Change::Refunded { key, epoch, .. } => Some((key.0, *epoch)),
            Change::ChargedBack { .. }
            | Change::PresentedLate { .. }
            | Change::Expired { .. }
            | Change::Batch(_)
            | Change::Opened { .. }
            | Change::Restated { .. }
            | Change::Rekeyed { .. }
            | Change::Issued { .. }
            | Change::PolicyAdopted(_)
            | Change::Granted(_)
            | Change::Operated { .. }
            | Change::Account(_) => None,
        }
    }

    /// The seller's order that it is about, if it is about one.
    pub fn order(&self) -> Option<(Pin, OrderId)> {
        match self {
            Change::Decided(decided) => Some((decided.purchase.seller, decided.purchase.order)),
            Change::Reversed { key, .. }
            | Change::Captured { key, .. }
            | Change::Released { key, .. }
            | Change::Refunded { key, .. }
            | Change::PresentedLate { key, .. }
            | Change::Expired { key, .. } => Some(*key),
            Change::ChargedBack { chargeback, .. } => Some(chargeback.key),
            Change::Batch(_)
            | Change::Opened { .. }
            | Change::Restated { .. }
            | Change::Rekeyed { .. }
            | Change::Issued { .. }
            | Change::PolicyAdopted(_)
            | Change::Granted(_)
            | Change::Operated { .. }
            | Change::Account(_) => None,
        }
    }

    /// The operator whose act it was, if it was one's.
    pub fn by(&self) -> Option<Pin> {
        match self {
            Change::Opened { by, .. }
            | Change::Restated { by, .. }
            | Change::Issued { by, .. }
            | Change::Operated { by, .. } => Some(*by),
            Change::ChargedBack { chargeback, .. } => Some(chargeback.by),
            Change::PolicyAdopted(adoption) => Some(adoption.by),
            Change::Account(change) => match &change.event {
                Event::Stated { by, .. } | Event::Passed { by, .. } => *by,
                Event::Repaid { by, .. }
                | Event::Blocked { by, .. }
                | Event::Unblocked { by }
                | Event::Limited { by, .. }
                | Event::Closed { by }
                | Event::WrittenOff { by, .. } => Some(*by),
            },
            Change::Batch(batch) => batch.by(),
            Change::Decided(_)
            | Change::Reversed { .. }
            | Change::Captured { .. }
            | Change::Released { .. }
            | Change::Refunded { .. }
            | Change::PresentedLate { .. }
            | Change::Expired { .. }
            | Change::Rekeyed { .. }
            | Change::Granted(_) => None,
        }
    }
}
