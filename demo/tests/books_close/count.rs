//! The same trade counted from the decisions alone: which orders were approved, what of them was cancelled,
//! what came back before and after it left. It knows nothing of holds, captures, entries or batches.

use std::collections::{BTreeMap, HashMap};

use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::receipt::Quote;
use kessai_shared::time::{Day, YearMonth};

use crate::trade::Deed;

#[derive(Default)]
pub struct Count {
    lots: HashMap<OrderId, Lot>,
    /// What each customer was approved for, in the order it was.
    bought: HashMap<Customer, Vec<OrderId>>,
    pub approved: i64,
    pub cancelled: i64,
    /// What was given back before it left.
    pub kept_here: i64,
    pub days: BTreeMap<Day, Sums>,
    pub months: BTreeMap<YearMonth, Sums>,
}

/// What was charged and what was given back of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub captured: i64,
    pub refunded: i64,
}

struct Lot {
    lines: Vec<(Sku, u32, Minor)>,
    has_left: bool,
}

impl Lot {
    fn worth(&self) -> i64 {
        self.lines.iter().map(|(_, pieces, price)| i64::from(*pieces) * price.0).sum()
    }
}

impl Count {
    pub fn approved(&mut self, quote: &Quote) {
        let lines = quote.lines.iter().map(|line| (line.sku, line.quantity, line.unit_price)).collect();
        let lot = Lot { lines, has_left: false };
        self.approved += lot.worth();
        self.lots.insert(quote.order, lot);
        self.bought.entry(quote.customer).or_default().push(quote.order);
    }

    pub fn cancelled(&mut self, order: OrderId) {
        self.cancelled += self.lots.remove(&order).expect("an approved order").worth();
    }

    /// Newest lot first, line by line, whatever is still with the customer.
    pub fn came_back(&mut self, deed: &Deed) {
        for wanted in &deed.lines {
            let mut left = wanted.quantity;
            for order in self.bought.get(&deed.customer).into_iter().flatten().rev() {
                let Some(lot) = self.lots.get_mut(order) else { continue };
                for (_, there, price) in lot.lines.iter_mut().filter(|(sku, ..)| *sku == wanted.sku) {
                    let taken = left.min(*there);
                    (left, *there) = (left - taken, *there - taken);
                    let worth = i64::from(taken) * price.0;
                    if lot.has_left {
                        self.days.entry(deed.at.day()).or_default().refunded += worth;
                        self.months.entry(deed.at.month()).or_default().refunded += worth;
                    } else {
                        self.kept_here += worth;
                    }
                }
            }
        }
    }

    /// An order leaves with all that was not given back before.
    pub fn left(&mut self, order: OrderId, day: Day, month: YearMonth) {
        let lot = self.lots.get_mut(&order).expect("an approved order");
        assert!(!std::mem::replace(&mut lot.has_left, true), "order {order} leaves twice");
        self.days.entry(day).or_default().captured += lot.worth();
        self.months.entry(month).or_default().captured += lot.worth();
    }

    /// What is still to leave.
    pub fn here(&self) -> usize {
        self.lots.values().filter(|lot| !lot.has_left && lot.worth() > 0).count()
    }

    pub fn whole(&self) -> Sums {
        self.days.values().fold(Sums::default(), |sum, day| Sums {
            captured: sum.captured + day.captured,
            refunded: sum.refunded + day.refunded,
        })
    }
}
