//! When a clearing batch is complete: the settlement has closed it, and everything that was sent before
//! this shop heard of that is answered. Only then do the shop's books hold all that the batch does.

use std::collections::{HashSet, VecDeque};

use kessai_shared::ids::OrderId;

/// Most closes that are waited for one by one; a later one is then waited for together with the last.
const MAX_WAVES: usize = 8;

/// What is still waited for. Not stored: after a start, every order whose money is under way by the books
/// counts as sent before the close, which is at most too many.
#[derive(Default)]
pub struct Closing {
    /// The batch that is open at the settlement, as far as this shop has heard; 0 before it heard any.
    open: u32,
    /// All batches before this one are complete.
    complete: u32,
    /// The batch that was open when a close was heard of, and the orders whose answers are waited for.
    waves: VecDeque<(u32, HashSet<OrderId>)>,
}

impl Closing {
    /// Takes in that this batch is open now, while money of these orders is under way.
    pub fn heard(&mut self, open: u32, under_way: impl Iterator<Item = OrderId>) {
        if open <= self.open {
            return;
        }
        self.open = open;
        if self.waves.len() == MAX_WAVES
            && let Some((last, waiting)) = self.waves.back_mut()
        {
            *last = open;
            waiting.extend(under_way);
        } else {
            self.waves.push_back((open, under_way.collect()));
        }
        self.settle();
    }

    /// Takes in that what was under way for an order is answered, and the answer is in the books.
    pub fn answered(&mut self, order: OrderId) {
        self.waves.iter_mut().for_each(|(_, waiting)| {
            waiting.remove(&order);
        });
        self.settle();
    }

    /// The batch that is open at the settlement, as far as this shop has heard; 0 before it heard any.
    pub fn open(&self) -> u32 {
        self.open
    }

    /// All batches before this one are complete, and can be reconciled.
    pub fn complete_before(&self) -> u32 {
        self.complete
    }

    fn settle(&mut self) {
        while let Some((open, waiting)) = self.waves.front()
            && waiting.is_empty()
        {
            self.complete = *open;
            self.waves.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(numbers: &[u8]) -> impl Iterator<Item = OrderId> {
        numbers.iter().map(|number| OrderId::from_bytes([*number; 16]))
    }

    #[test]
    fn a_batch_is_complete_once_all_that_was_sent_before_is_answered() {
        let mut closing = Closing::default();
        closing.heard(1, orders(&[]));
        assert_eq!(closing.complete_before(), 1);
        closing.heard(2, orders(&[1, 2]));
        assert_eq!((closing.open(), closing.complete_before()), (2, 1));
        // What was sent later is of a later batch, and is not waited for.
        closing.heard(2, orders(&[3]));
        orders(&[1, 3]).for_each(|order| closing.answered(order));
        assert_eq!(closing.complete_before(), 1);
        orders(&[2]).for_each(|order| closing.answered(order));
        assert_eq!(closing.complete_before(), 2);
    }

    #[test]
    fn a_later_close_does_not_overtake_an_earlier_one() {
        let mut closing = Closing::default();
        closing.heard(2, orders(&[1]));
        closing.heard(3, orders(&[]));
        assert_eq!(closing.complete_before(), 0);
        orders(&[1]).for_each(|order| closing.answered(order));
        assert_eq!(closing.complete_before(), 3);
    }

    #[test]
    fn many_closes_are_waited_for_together() {
        let mut closing = Closing::default();
        for open in 2..100_u8 {
            closing.heard(u32::from(open), orders(&[1, open]));
        }
        assert!(closing.waves.len() <= MAX_WAVES);
        (1..100).for_each(|order| orders(&[order]).for_each(|order| closing.answered(order)));
        assert_eq!(closing.complete_before(), 99);
    }
}
