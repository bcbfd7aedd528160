//! How many there are of everything, without going through all of it.

use kessai_shared::storefront::PaymentState;

use super::Books;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub products: u64,
    pub orders: u64,
    /// Orders that wait for an answer from the settlement.
    pub open: u64,
    /// Of these, those that wait for their decision, and those of which nobody knows whether they were
    /// approved, as far as they were looked at.
    pub pending: u64,
    pub unknown: u64,
    /// And those of which the settlement is asked to hold nothing any more.
    pub reversing: u64,
}

impl Books {
    /// Counts, looking at `most` orders at most.
    pub fn counts(&self, most: usize) -> Counts {
        let mut counts = Counts {
            products: self.products.len() as u64,
            orders: self.orders.len() as u64,
            open: self.lists.open.len() as u64,
            ..Counts::default()
        };
        for order in self.open_orders().take(most).filter_map(|id| self.order(id)) {
            counts.pending += u64::from(order.payment == PaymentState::Pending);
            counts.unknown += u64::from(order.payment == PaymentState::Unknown);
            let cancelling = order.cancelling.is_some() && !order.captured.is_positive();
            counts.reversing += u64::from(order.payment == PaymentState::Unknown || cancelling);
        }
        counts
    }
}
