//! What the courier is under way for: one errand an order at a time, and no more at once than it can
//! carry. An errand for which there is no room is owed all the same, because the books say so; it is taken
//! up when another has ended.

use std::collections::{BTreeSet, HashMap};

use kessai_shared::ids::OrderId;
use tokio::sync::mpsc;

use crate::courier::{Errand, MAX_INQUIRIES, MAX_OWED};
use crate::sales::Work;

pub struct Errands {
    courier: mpsc::Sender<Errand>,
    under_way: HashMap<OrderId, Lane>,
    inquiries: Traffic,
    owed: Traffic,
}

/// Shoppers wait for inquiries, so they have a lane where nothing else is in their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Inquiries,
    Owed,
}

#[derive(Default)]
struct Traffic {
    under_way: usize,
    /// The orders that found no room. What each of them owes is looked up when there is some.
    behind: BTreeSet<OrderId>,
}

impl Errands {
    pub fn new(courier: mpsc::Sender<Errand>) -> Self {
        let (inquiries, owed) = (Traffic::default(), Traffic::default());
        Self { courier, under_way: HashMap::new(), inquiries, owed }
    }

    pub fn courier(&self) -> mpsc::Sender<Errand> {
        self.courier.clone()
    }

    /// The errand to send the courier on, unless it is under way for this order or has no room.
    pub fn begin(&mut self, work: Work) -> Option<Errand> {
        let (order, lane) = (work.order(), Lane::of(&work));
        if self.under_way.contains_key(&order) {
            return None;
        }
        let traffic = self.traffic(lane);
        if traffic.under_way >= lane.most() {
            traffic.behind.insert(order);
            return None;
        }
        traffic.under_way += 1;
        self.under_way.insert(order, lane);
        Some(Errand { work })
    }

    /// The courier is back from the errand of this order.
    pub fn ended(&mut self, order: OrderId) {
        if let Some(lane) = self.under_way.remove(&order) {
            self.traffic(lane).under_way -= 1;
        }
    }

    /// An order that found no room when there was none, as long as there is some now.
    pub fn next_behind(&mut self) -> Option<OrderId> {
        [Lane::Inquiries, Lane::Owed].into_iter().find_map(|lane| {
            let traffic = self.traffic(lane);
            if traffic.under_way < lane.most() { traffic.behind.pop_first() } else { None }
        })
    }

    /// Whether the inquiry of a new order would be sent at once. A shopper is not kept waiting for more.
    pub fn has_room_to_inquire(&self) -> bool {
        self.inquiries.under_way < MAX_INQUIRIES
    }

    /// The orders whose errand was sent, or may have been before a restart: those that wait for their turn
    /// too, because the courier of the process before may have carried them.
    pub fn perhaps_sent(&self) -> impl Iterator<Item = OrderId> {
        let waiting = self.inquiries.behind.iter().chain(&self.owed.behind);
        self.under_way.keys().chain(waiting).copied()
    }

    fn traffic(&mut self, lane: Lane) -> &mut Traffic {
        match lane {
            Lane::Inquiries => &mut self.inquiries,
            Lane::Owed => &mut self.owed,
        }
    }
}

impl Lane {
    fn of(work: &Work) -> Self {
        match work {
            Work::Inquire { .. } => Lane::Inquiries,
            Work::Reverse { .. }
            | Work::Capture { .. }
            | Work::Release { .. }
            | Work::Refund { .. }
            | Work::Repay { .. } => Lane::Owed,
        }
    }

    const fn most(self) -> usize {
        match self {
            Lane::Inquiries => MAX_INQUIRIES,
            Lane::Owed => MAX_OWED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier;

    fn order(number: usize) -> OrderId {
        OrderId::from_bytes((number as u128).to_be_bytes())
    }

    fn reverse(number: usize) -> Work {
        Work::Reverse { order: order(number) }
    }

    #[test]
    fn an_order_has_one_errand_at_a_time() {
        let (courier, _errands) = courier::errands();
        let mut errands = Errands::new(courier);
        assert!(errands.begin(reverse(1)).is_some());
        assert!(errands.begin(reverse(1)).is_none());
        assert_eq!(errands.next_behind(), None, "it is under way, and not behind");
        errands.ended(order(1));
        assert!(errands.begin(reverse(1)).is_some());
    }

    #[test]
    fn what_finds_no_room_is_taken_up_when_there_is_some_and_leaves_inquiries_their_own() {
        let (courier, _errands) = courier::errands();
        let mut errands = Errands::new(courier);
        let more = 10;
        let begun = (0..MAX_OWED + more).filter(|number| errands.begin(reverse(*number)).is_some()).count();
        assert_eq!(begun, MAX_OWED);
        assert!(errands.has_room_to_inquire());
        assert_eq!(errands.next_behind(), None, "there is no room yet");
        // A process before may have sent what waits now, and books that are closed count on it.
        let behind: Vec<_> = errands.owed.behind.iter().chain(&errands.inquiries.behind).copied().collect();
        assert!(!behind.is_empty() && behind.iter().all(|id| errands.perhaps_sent().any(|sent| sent == *id)));
        for number in 0..more {
            errands.ended(order(number));
            let next = errands.next_behind().expect("the one that has waited longest");
            assert_eq!(next, order(MAX_OWED + number));
            assert!(errands.begin(Work::Reverse { order: next }).is_some());
        }
        errands.ended(order(more));
        assert_eq!(errands.next_behind(), None);
    }
}
