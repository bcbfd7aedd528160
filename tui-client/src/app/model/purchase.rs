//! What became of a payment.

use kessai_shared::ids::OrderId;
use kessai_shared::receipt::SignedQuote;
use kessai_shared::time::Timestamp;

use super::cart::Goods;
use super::kept::Open;
use super::legs::Legs;
use crate::app::event::Seq;
use crate::shop::Ending;
use crate::words::Message;

/// How long to wait before an order without an outcome is asked about again: first, and at most.
pub const FIRST_POLL_SECONDS: u64 = 2;
pub const SLOWEST_POLL_SECONDS: u64 = 30;
/// How far the shop's clock may be behind ours: so long after its quote's deadline an order that the shop
/// has never seen is taken as one that it never takes.
pub const DEADLINE_DOUBT_SECONDS: u64 = 120;

pub struct Purchase {
    pub order: OrderId,
    /// `None` for an order of an earlier time, of which only the id was kept.
    pub quote: Option<Box<SignedQuote>>,
    /// Until when the shop may take the order.
    pub deadline: Timestamp,
    pub goods: Vec<Goods>,
    pub ending: Ending,
    pub legs: Legs,
    /// What the terminal was told when no outcome came.
    pub why: Option<Message>,
    pub polling: Option<Seq>,
    pub next_poll: Timestamp,
    pub polls: u32,
    /// Whether the shop says that it never saw this order: then it may be sent again, under the
    /// same id.
    pub unheard: bool,
    /// Whether it was sent by a terminal before this one.
    pub restored: bool,
}

impl Purchase {
    pub fn new(
        quote: Box<SignedQuote>,
        goods: Vec<Goods>,
        ending: Ending,
        legs: Legs,
        now: Timestamp,
    ) -> Self {
        let next_poll = now.plus_seconds(FIRST_POLL_SECONDS);
        let (order, deadline) = (quote.quote.order, quote.quote.deadline);
        Self {
            quote: Some(quote),
            next_poll,
            restored: false,
            ..Self::at(order, deadline, goods, ending, legs)
        }
    }

    /// One of an earlier time. It is asked about at once.
    pub fn restored(open: Open, goods: Vec<Goods>) -> Self {
        Self::at(open.order, open.deadline, goods, Ending::Unknown, Legs::begin(open.sent_at))
    }

    fn at(order: OrderId, deadline: Timestamp, goods: Vec<Goods>, ending: Ending, legs: Legs) -> Self {
        Self {
            order,
            quote: None,
            deadline,
            goods,
            ending,
            legs,
            why: None,
            polling: None,
            next_poll: Timestamp::default(),
            polls: 0,
            unheard: false,
            restored: true,
        }
    }

    pub fn is_due(&self, now: Timestamp) -> bool {
        self.ending == Ending::Unknown && self.polling.is_none() && now >= self.next_poll
    }

    /// Whether the shop can no longer take the order, which it says it never saw.
    pub fn can_never_be(&self, now: Timestamp) -> bool {
        self.unheard && now >= self.deadline.plus_seconds(DEADLINE_DOUBT_SECONDS)
    }

    /// Puts the next poll off, a little longer each time.
    pub fn wait(&mut self, now: Timestamp) {
        self.polls = self.polls.saturating_add(1);
        let seconds = FIRST_POLL_SECONDS.saturating_mul(u64::from(self.polls) + 1);
        self.next_poll = now.plus_seconds(seconds.min(SLOWEST_POLL_SECONDS));
    }
}
