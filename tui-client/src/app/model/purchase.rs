//! What became of a payment.

use kessai_shared::ids::OrderId;
use kessai_shared::receipt::SignedQuote;
use kessai_shared::time::Timestamp;

use super::cart::Goods;
use crate::app::event::Seq;
use crate::shop::Ending;

/// How long to wait before an order without an outcome is asked about again: first, and at most.
pub const FIRST_POLL_SECONDS: u64 = 2;
pub const SLOWEST_POLL_SECONDS: u64 = 30;

pub struct Purchase {
    pub order: OrderId,
    pub quote: Box<SignedQuote>,
    pub goods: Vec<Goods>,
    pub ending: Ending,
    /// What the terminal was told when no outcome came.
    pub why: Option<String>,
    pub polling: Option<Seq>,
    pub next_poll: Timestamp,
    pub polls: u32,
    /// Whether the shop says that it never saw this order: then it may be sent again, under the
    /// same id.
    pub unheard: bool,
}

impl Purchase {
    pub fn new(quote: Box<SignedQuote>, goods: Vec<Goods>, ending: Ending, now: Timestamp) -> Self {
        Self {
            order: quote.quote.order,
            quote,
            goods,
            ending,
            why: None,
            polling: None,
            next_poll: now.plus_seconds(FIRST_POLL_SECONDS),
            polls: 0,
            unheard: false,
        }
    }

    pub fn is_due(&self, now: Timestamp) -> bool {
        self.ending == Ending::Unknown && self.polling.is_none() && now >= self.next_poll
    }

    /// Puts the next poll off, a little longer each time.
    pub fn wait(&mut self, now: Timestamp) {
        self.polls = self.polls.saturating_add(1);
        let seconds = FIRST_POLL_SECONDS.saturating_mul(u64::from(self.polls) + 1);
        self.next_poll = now.plus_seconds(seconds.min(SLOWEST_POLL_SECONDS));
    }
}
