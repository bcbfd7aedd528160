//! One checkout: one order id, the price the shop asks, the card, and the lock on paying.

use kessai_shared::card::Particulars;
use kessai_shared::ids::OrderId;
use kessai_shared::receipt::SignedQuote;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;

use super::addresses::AddressForm;
use super::cart::Goods;
use super::form::CardForm;
use super::legs::Legs;
use crate::app::event::Seq;
use crate::app::keymap::Context;
use crate::words::Message;

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
    pub delivery: Delivery,
    /// How far the payment has come.
    pub legs: Legs,
    pub problem: Option<Message>,
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

/// Where the goods go.
#[derive(Default)]
pub struct Delivery {
    /// The chosen address in the book; nobody has told the shop of one when there is none.
    pub chosen: Option<usize>,
    /// The chosen row of the list of addresses; the row after the last is "another address".
    pub row: usize,
    pub form: AddressForm,
    /// Where the list leads back to.
    pub after: AfterAddress,
}

/// Which step the list of addresses leads back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterAddress {
    Review,
    #[default]
    Cards,
    Confirm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Review,
    Addresses,
    AddressForm,
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
            delivery: Delivery::default(),
            legs: Legs::default(),
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

    /// How many lines the shop has too little of, as far as is known here.
    pub fn short(&self) -> usize {
        self.goods.iter().filter(|goods| goods.is_short()).count()
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
            Step::Addresses => Context::Addresses,
            Step::AddressForm => Context::AddressForm,
            Step::Cards => Context::Cards,
            Step::Form => Context::Form,
            Step::Confirm => Context::Confirm,
            Step::Paying { .. } => Context::Paying,
        }
    }
}
