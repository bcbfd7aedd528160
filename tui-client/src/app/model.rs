//! All that the terminal knows. The views read it; only [`update`](super::update) changes it.

mod browse;
mod cart;
mod checkout;
mod form;
mod orders;
mod purchase;

pub use browse::{Asked, Browse};
pub use cart::{Cart, Goods, Quantity};
pub use checkout::{Checkout, ChosenCard, Quoting, Step};
pub use form::{CardForm, Field, MAX_NUMBER_CHARS};
pub use orders::{Detail, Giving, MAX_ORDERS, Orders, Sending, Stopping};
pub use purchase::Purchase;

use kessai_shared::ids::OrderId;
use kessai_shared::money::Currency;
use kessai_shared::storefront::Item;
use kessai_shared::time::Timestamp;

use super::event::Seq;
use super::keymap::Context;
use crate::cards::LabelledCard;
use crate::shop::Ending;

/// How long to wait before a lost connection is tried again.
pub const RETRY_SECONDS: u64 = 5;

pub struct Model {
    pub size: Size,
    /// The last time anybody told the model what time it is.
    pub now: Timestamp,
    pub shop: Option<ShopFacts>,
    pub link: Link,
    pub greeting: Option<Seq>,
    pub screen: Screen,
    pub overlay: Option<Overlay>,
    pub notice: Option<Notice>,
    pub browse: Browse,
    pub cart: Cart,
    /// What this session paid for: those whose end is not known yet, and the newest.
    pub purchases: Vec<Purchase>,
    pub orders: Orders,
    pub cards: Vec<LabelledCard>,
    pub counter: Counter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
}

/// Numbers the questions.
#[derive(Default)]
pub struct Counter(u64);

/// What a welcome tells that the screens need.
pub struct ShopFacts {
    pub name: String,
    pub currency: Currency,
    pub categories: Vec<String>,
    pub settlement_up: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Connecting,
    Up,
    Down { retry_at: Timestamp },
}

pub enum Screen {
    Browse,
    Product(Product),
    Cart,
    Checkout(Box<Checkout>),
    /// How the newest purchase ended.
    Outcome,
    Orders,
    Order(Box<Detail>),
}

pub struct Product {
    pub item: Item,
    pub quantity: Quantity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    Help {
        top: u16,
    },
    /// Somebody wants to quit while a payment is under way.
    Leave,
}

/// One line above the status bar, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub grave: bool,
}

impl Model {
    pub fn new(cards: Vec<LabelledCard>, size: Size, now: Timestamp) -> Self {
        Self {
            size,
            now,
            shop: None,
            link: Link::Connecting,
            greeting: None,
            screen: Screen::Browse,
            overlay: None,
            notice: None,
            browse: Browse::default(),
            cart: Cart::default(),
            purchases: Vec::new(),
            orders: Orders::default(),
            cards,
            counter: Counter::default(),
        }
    }

    /// The currency prices are shown in. A shop that has not introduced itself shows no prices.
    pub fn currency(&self) -> Currency {
        self.shop.as_ref().map_or(Currency::Gbp, |shop| shop.currency)
    }

    pub fn context(&self) -> Context {
        match self.overlay {
            Some(Overlay::Help { .. }) => Context::Help,
            Some(Overlay::Leave) => Context::Leave,
            None => self.context_below(),
        }
    }

    /// The context without the overlay, which is what the help speaks of.
    pub fn context_below(&self) -> Context {
        match &self.screen {
            Screen::Browse if self.browse.search.is_some() => Context::Search,
            Screen::Browse => Context::Browse,
            Screen::Product(_) => Context::Product,
            Screen::Cart => Context::Cart,
            Screen::Checkout(checkout) => checkout.step.context(),
            Screen::Outcome => Context::Outcome,
            Screen::Orders => Context::Orders,
            Screen::Order(detail) if detail.giving.is_some() => Context::Return,
            Screen::Order(_) => Context::Order,
        }
    }

    pub fn is_paying(&self) -> bool {
        self.order_being_paid().is_some()
    }

    /// The order whose payment is under way.
    pub fn order_being_paid(&self) -> Option<OrderId> {
        match &self.screen {
            Screen::Checkout(checkout) if checkout.is_paying() => checkout.order,
            Screen::Checkout(_)
            | Screen::Browse
            | Screen::Product(_)
            | Screen::Cart
            | Screen::Outcome
            | Screen::Orders
            | Screen::Order(_) => None,
        }
    }

    /// Whether time alone can change what is shown or has to be done. When not, no tick is needed
    /// and an idle terminal stays silent.
    pub fn needs_ticks(&self) -> bool {
        let counting = matches!(&self.screen, Screen::Checkout(checkout) if checkout.is_counting());
        counting || matches!(self.link, Link::Down { .. }) || self.unknown_purchases() > 0
    }

    pub fn unknown_purchases(&self) -> usize {
        self.purchases.iter().filter(|purchase| purchase.ending == Ending::Unknown).count()
    }

    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), grave: false });
    }

    pub fn warn(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), grave: true });
    }
}

impl Counter {
    pub fn ask(&mut self) -> Seq {
        self.0 += 1;
        Seq(self.0)
    }
}
