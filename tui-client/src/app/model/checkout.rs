//! One checkout: one order id, the price the shop asks, the card, and the lock on paying.

use kessai_shared::card::Particulars;
use kessai_shared::ids::OrderId;
use kessai_shared::receipt::SignedQuote;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;

use super::cart::Goods;
use super::form::CardForm;
use crate::app::event::Seq;
use crate::app::keymap::Context;

pub struct Checkout {
    pub goods: Vec<Goods>,
    /// Set once, when the id was minted and kept; every quote and payment here is for it.
    pub order: Option<OrderId>,
    pub quoting: Quoting,
    pub step: Step,
    /// Where the review's list stands.
    pub top: usize,
    /// The chosen row of the card list; the row after the last card is "another card".
    pub row: usize,
    pub form: CardForm,
    pub card: Option<ChosenCard>,
    pub problem: Option<String>,
    /// Whether this goes on with an order whose first try came to no answer.
    pub resumed: bool,
}

pub enum Quoting {
    /// The order id is being minted.
    Opening(Seq),
    Asked(Seq),
    Ready(Box<SignedQuote>),
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Review,
    Cards,
    Form,
    Confirm,
    /// Locked: nothing but the answer to `seq` leaves this step.
    Paying {
        seq: Seq,
        since: Timestamp,
    },
}

pub enum ChosenCard {
    /// One of the cards given at the start.
    Listed(usize),
    Typed(Box<Particulars>),
}

impl Checkout {
    pub fn new(goods: Vec<Goods>, opening: Seq) -> Self {
        Self::at(goods, None, Quoting::Opening(opening), false)
    }

    /// Goes on with an order id that was opened before.
    pub fn resume(goods: Vec<Goods>, order: OrderId, asked: Seq) -> Self {
        Self::at(goods, Some(order), Quoting::Asked(asked), true)
    }

    fn at(goods: Vec<Goods>, order: Option<OrderId>, quoting: Quoting, resumed: bool) -> Self {
        Self {
            goods,
            order,
            quoting,
            step: Step::Review,
            top: 0,
            row: 0,
            form: CardForm::default(),
            card: None,
            problem: None,
            resumed,
        }
    }

    pub fn lines(&self) -> Vec<Line> {
        self.goods.iter().map(Goods::line).collect()
    }

    pub fn quote(&self) -> Option<&SignedQuote> {
        match &self.quoting {
            Quoting::Ready(quote) => Some(quote),
            Quoting::Opening(_) | Quoting::Asked(_) | Quoting::Failed => None,
        }
    }

    /// The quote, when it may still be paid at `now`.
    pub fn live_quote(&self, now: Timestamp) -> Option<&SignedQuote> {
        self.quote().filter(|signed| now < signed.quote.deadline)
    }

    pub fn is_paying(&self) -> bool {
        matches!(self.step, Step::Paying { .. })
    }

    /// Whether something here counts seconds.
    pub fn is_counting(&self) -> bool {
        self.is_paying() || self.quote().is_some()
    }
}

impl Step {
    pub fn context(self) -> Context {
        match self {
            Step::Review => Context::Review,
            Step::Cards => Context::Cards,
            Step::Form => Context::Form,
            Step::Confirm => Context::Confirm,
            Step::Paying { .. } => Context::Paying,
        }
    }
}
