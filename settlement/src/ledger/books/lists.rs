//! Lists of what is in the books, for whoever keeps them: in an order of their own, from any place on,
//! and never all at once. And what a change is called and about, wherever changes are listed.

use std::ops::Bound::{Excluded, Included, Unbounded};

use kessai_shared::ids::OrderId;
use kessai_shared::pin::Pin;

use super::{Account, AccountId, Books, Change, Charge, Key, Timestamp};

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
    /// What has happened, in a word.
    pub const fn name(&self) -> &'static str {
        match self {
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
            | Change::Issued { .. } => None,
        }
    }
}
