//! The shopper's orders, and the return of goods from one of them.

use kessai_shared::ids::ReturnId;
use kessai_shared::storefront::{Line, OrderState, OrderView};

use crate::app::event::Seq;
use crate::shop::Ending;

/// How many orders are kept for the list; older ones are not asked for.
pub const MAX_ORDERS: usize = 10_000;

#[derive(Default)]
pub struct Orders {
    pub list: Vec<(OrderView, Ending)>,
    pub cursor: usize,
    pub asked: Option<Seq>,
    /// Whether the oldest order is on the list.
    pub complete: bool,
    pub problem: Option<String>,
}

/// One order, looked at closely.
pub struct Detail {
    pub view: OrderView,
    pub ending: Ending,
    pub cursor: usize,
    pub asked: Option<Seq>,
    pub giving: Option<Giving>,
    pub stopping: Stopping,
}

/// Whether the order is about to be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    No,
    /// One more key cancels it.
    Asked,
    Sent(Seq),
}

/// Goods about to be given back.
pub struct Giving {
    /// How many pieces of each line of the order.
    pub counts: Vec<u32>,
    pub sending: Sending,
    pub problem: Option<String>,
}

pub enum Sending {
    /// Still being chosen.
    No,
    /// The return's id is being minted.
    Minting(Seq),
    /// On its way. The counts are locked.
    Sent { seq: Seq, id: ReturnId },
    /// No answer came. Only the very same request may go out again, under the same id.
    Unanswered { id: ReturnId },
}

impl Orders {
    pub fn selected(&self) -> Option<&(OrderView, Ending)> {
        self.list.get(self.cursor)
    }
}

impl Detail {
    pub fn new(view: OrderView, ending: Ending, asked: Seq) -> Self {
        Self { view, ending, cursor: 0, asked: Some(asked), giving: None, stopping: Stopping::No }
    }

    pub fn lines(&self) -> usize {
        self.view.quote.quote.lines.len()
    }

    /// How many pieces of a line the shopper still has.
    pub fn remaining(&self, line: usize) -> u32 {
        let bought = self.view.quote.quote.lines.get(line).map_or(0, |line| line.quantity);
        let gone = |pieces: &[u32]| pieces.get(line).copied().unwrap_or(0);
        bought.saturating_sub(gone(&self.view.returned)).saturating_sub(gone(&self.view.cancelled))
    }

    /// Whether something may be left that the shop has not sent. Whether it is so is for the shop to say.
    pub fn is_cancellable(&self) -> bool {
        match self.view.order {
            OrderState::Pending | OrderState::Confirmed => !self.view.cancelling,
            OrderState::Completed | OrderState::Cancelled | OrderState::Expired => false,
        }
    }

    /// Whether there is anything that could be given back. Whether it may be is for the shop to say.
    pub fn is_returnable(&self) -> bool {
        let bought = match self.view.order {
            OrderState::Confirmed | OrderState::Completed => true,
            OrderState::Pending | OrderState::Cancelled | OrderState::Expired => false,
        };
        bought && (0..self.lines()).any(|line| self.remaining(line) > 0)
    }

    /// The lines that are being given back.
    pub fn given(&self) -> Vec<Line> {
        let Some(giving) = &self.giving else { return Vec::new() };
        let lines = self.view.quote.quote.lines.iter().zip(&giving.counts);
        lines
            .filter(|(_, count)| **count > 0)
            .map(|(line, count)| Line { sku: line.sku, quantity: *count })
            .collect()
    }
}

impl Giving {
    pub fn is_locked(&self) -> bool {
        match self.sending {
            Sending::No => false,
            Sending::Minting(_) | Sending::Sent { .. } | Sending::Unanswered { .. } => true,
        }
    }
}
