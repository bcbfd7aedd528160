//! How fresh is what is shown, and since when the shop cannot be reached.

use kessai_shared::ids::OrderId;
use kessai_shared::storefront::{OrderView, Page};
use kessai_shared::time::Timestamp;

use super::{Model, RETRY_SECONDS, Screen};
use crate::app::event::{Answer, Seq};
use crate::shop::{Ending, Shown};
use crate::words::Message;

/// When the shop told what the screens show.
#[derive(Default)]
pub struct Seen {
    /// The oldest of the products that are listed.
    products: Option<Timestamp>,
    /// The newest of the orders that are listed.
    orders: Option<Timestamp>,
    order: Option<(OrderId, Timestamp)>,
}

/// What is shown is by a standby of the shop, which cannot sell anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standby {
    /// When it knew all that the shop did, as far as it knows that.
    pub as_of: Option<Timestamp>,
    /// When to ask whether a node is in charge again.
    pub ask_again_at: Timestamp,
}

/// The shop cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    pub since: Timestamp,
    pub why: Message,
}

impl Model {
    /// When the shop told what is shown, and the id of the text that says so. `None` where nothing is shown
    /// that the shop could change meanwhile.
    pub fn shown_since(&self) -> Option<(&'static str, Timestamp)> {
        match &self.screen {
            Screen::Browse | Screen::Product(_) => Some(("shown-products", self.seen.products?)),
            Screen::Orders => Some(("shown-orders", self.seen.orders?)),
            Screen::Order(detail) => {
                let order = detail.view.quote.quote.order;
                let own = self.seen.order.filter(|(seen, _)| *seen == order).map(|(_, at)| at);
                // What was opened from the list is as old as the list until it was asked for by itself.
                Some(("shown-order", own.or(self.seen.orders)?))
            }
            Screen::Cart | Screen::Checkout(_) | Screen::Outcome => None,
        }
    }

    /// Notes a page of products, before it is taken in.
    pub fn sees_page(&mut self, seq: Seq, answer: &Answer<Page>) {
        let browse = &self.browse;
        let Some(asked) = browse.asked.as_ref().filter(|asked| asked.seq == seq) else { return };
        let is_new = browse.total.is_none() || asked.anew || asked.search != browse.shown;
        // A list is as old as its first page: the others came later.
        if answer.is_ok() && is_new {
            self.seen.products = Some(self.now);
        }
    }

    /// Notes a piece of the list of orders, before it is taken in.
    pub fn sees_orders(&mut self, seq: Seq, answer: &Answer<Vec<(OrderView, Ending)>>) {
        if self.orders.asked == Some(seq) && answer.is_ok() && self.orders.anew {
            self.seen.orders = Some(self.now);
        }
    }

    /// Notes an order that was asked for to look at it, before it is taken in.
    pub fn sees_order(&mut self, seq: Seq, answer: &Answer<Box<(OrderView, Ending)>>) {
        let Screen::Order(detail) = &self.screen else { return };
        if detail.asked == Some(seq) && answer.is_ok() {
            self.seen.order = Some((detail.view.quote.quote.order, self.now));
        }
    }

    /// Notes which node of the shop told what was told last.
    pub fn hears_of(&mut self, shown: Shown) {
        self.standby = match shown {
            Shown::Fresh => None,
            Shown::Standby { behind_ms } => {
                let then = |ms: u64| Timestamp(self.now.0.saturating_sub(ms.saturating_mul(1_000)));
                let ask_again_at = self.now.plus_seconds(RETRY_SECONDS);
                Some(Standby { as_of: behind_ms.map(then), ask_again_at })
            }
        };
    }

    /// Notes that the shop cannot be reached. The first reason stays, with its time.
    pub fn loses(&mut self, why: Message) {
        let since = self.now;
        self.outage.get_or_insert(Outage { since, why });
    }
}
