//! One order looked at closely, and the return of goods from it.

use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::money::Minor;
use kessai_shared::storefront::{Line, OrderState, OrderView};
use kessai_shared::time::Timestamp;

use super::paper::Paper;
use super::standing;
use crate::app::event::Seq;
use crate::shop::Ending;
use crate::words::Message;

/// How long to wait before an order that is moving is asked about again: first, and at most. Each answer that
/// tells nothing new doubles it.
pub const FIRST_LOOK_SECONDS: u64 = 2;
pub const SLOWEST_LOOK_SECONDS: u64 = 60;

/// One order, looked at closely.
pub struct Detail {
    pub view: OrderView,
    pub ending: Ending,
    pub cursor: usize,
    pub asked: Option<Seq>,
    pub giving: Option<Giving>,
    pub stopping: Stopping,
    pub part: Part,
    /// How many rows of the way are above the window.
    pub top: usize,
    /// The receipt, while it is looked at.
    pub paper: Option<Box<Paper>>,
    pub watch: Watch,
    /// When the shop told this.
    pub loaded_at: Timestamp,
}

/// What of an order is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    #[default]
    Goods,
    Way,
}

/// When an order that is moving is asked about again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    pub next: Timestamp,
    /// How many answers in a row told nothing new.
    pub looks: u32,
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
    /// What was sent, word for word: an id stands for one request.
    pub request: Vec<Line>,
    pub sending: Sending,
    pub problem: Option<Message>,
}

pub enum Sending {
    /// Still being chosen.
    No,
    /// The return's id is being minted, and kept on this machine.
    Minting(Seq),
    /// On its way. The counts are locked.
    Sent { seq: Seq, id: ReturnId },
    /// No answer came. Only the very same request may go out again, under the same id.
    Unanswered { id: ReturnId },
}

/// A return that was sent, or may have been, by a terminal that heard no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptReturn {
    pub id: ReturnId,
    pub order: OrderId,
    pub lines: Vec<Line>,
}

impl Detail {
    pub fn new(view: OrderView, ending: Ending, asked: Seq, told_at: Timestamp) -> Self {
        Self {
            view,
            ending,
            cursor: 0,
            asked: Some(asked),
            giving: None,
            stopping: Stopping::No,
            part: Part::Goods,
            top: 0,
            paper: None,
            watch: Watch::default(),
            loaded_at: told_at,
        }
    }

    pub fn order(&self) -> OrderId {
        self.view.quote.quote.order
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

    /// How many pieces have not left, and how many have: what can be cancelled, and what is too late.
    pub fn cancellable(&self) -> (u64, u64) {
        let sum = |pieces: &[u32]| pieces.iter().map(|pieces| u64::from(*pieces)).sum::<u64>();
        let bought: u64 = self.view.quote.quote.lines.iter().map(|line| u64::from(line.quantity)).sum();
        let left = sum(&self.view.shipped);
        (bought.saturating_sub(left).saturating_sub(sum(&self.view.cancelled)), left)
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

    /// What the chosen pieces cost: what comes back for them.
    pub fn worth_of_given(&self) -> Option<Minor> {
        let giving = self.giving.as_ref()?;
        let lines = self.view.quote.quote.lines.iter().zip(&giving.counts);
        let worth = lines.map(|(line, count)| line.unit_price.times(*count));
        worth.collect::<Option<Vec<_>>>().and_then(Minor::sum)
    }

    /// The return that is kept for this order goes on where it was left: with its own pieces, and its own id.
    pub fn resume(&mut self, kept: &KeptReturn) {
        let mut counts = vec![0; self.lines()];
        for line in &kept.lines {
            let mut left = line.quantity;
            for (count, quoted) in counts.iter_mut().zip(&self.view.quote.quote.lines) {
                if quoted.sku == line.sku {
                    let here = left.min(quoted.quantity);
                    *count += here;
                    left -= here;
                }
            }
        }
        let sending = Sending::Unanswered { id: kept.id };
        self.giving = Some(Giving { counts, request: kept.lines.clone(), sending, problem: None });
    }

    pub fn is_moving(&self) -> bool {
        standing::is_moving(&self.view)
    }

    /// About how many rows the way takes: the view stops at its last one, here it only must not run away.
    pub fn way_rows(&self) -> usize {
        let shipments = self.view.shipments.iter().map(|shipment| shipment.lines.len() + 2).sum::<usize>();
        self.view.history.len() + shipments + 2
    }
}

impl Watch {
    /// After an answer: soon again when something has changed, and less and less often when nothing does.
    pub fn looked(&mut self, changed: bool, now: Timestamp) {
        self.looks = if changed { 0 } else { self.looks.saturating_add(1) };
        let seconds = FIRST_LOOK_SECONDS.saturating_mul(1 << self.looks.min(10));
        self.next = now.plus_seconds(seconds.min(SLOWEST_LOOK_SECONDS));
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
