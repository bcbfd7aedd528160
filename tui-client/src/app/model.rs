//! All that the terminal knows. The views read it; only [`update`](super::update) changes it.

mod addresses;
mod browse;
mod cart;
mod checkout;
mod details;
mod filters;
mod form;
mod kept;
mod legs;
mod order;
mod orders;
mod paper;
mod product;
mod purchase;
mod seen;
pub mod standing;

pub use addresses::{
    AddressBook, AddressField, AddressForm, Addressed, MAX_ADDRESSES, MAX_LABEL_BYTES, Unfiled,
};
pub use browse::{Asked, Browse, PAGES_KEPT};
pub use cart::{Cart, Fit, Goods, Quantity, refresh};
pub use checkout::{AfterAddress, Checkout, ChosenCard, Delivery, Quoting, Step};
pub use details::{Details, Known, PICTURES_KEPT, PRODUCTS_KEPT};
pub use filters::{FilterForm, FilterRow, turned};
pub use form::{CardForm, Field, MAX_NUMBER_CHARS};
pub use kept::{Kept, KeptCart, Open};
pub use legs::Legs;
pub use order::{
    Detail, FIRST_LOOK_SECONDS, Giving, KeptReturn, Part, SLOWEST_LOOK_SECONDS, Sending, Stopping, Watch,
};
pub use orders::{Filter, MAX_FILTER_BYTES, MAX_ORDERS, Orders};
pub use paper::{MAX_PATH_BYTES, Paper, PaperSheet, Proved, Saving};
pub use product::Product;
pub use purchase::Purchase;
pub use seen::{Outage, Seen, Standby};

use kessai_shared::ids::OrderId;
use kessai_shared::money::Currency;
use kessai_shared::storefront::Category;
use kessai_shared::time::Timestamp;

use super::event::Seq;
use super::keymap::{Action, Context};
use super::palette::Palette;
use super::settings::Settings;
use crate::cards::LabelledCard;
use crate::shop::Ending;
use crate::words::Message;

/// How long to wait before a lost connection is tried again.
pub const RETRY_SECONDS: u64 = 5;

pub struct Model {
    pub settings: Settings,
    pub size: Size,
    /// The last time anybody told the model what time it is.
    pub now: Timestamp,
    pub shop: Option<ShopFacts>,
    pub link: Link,
    /// Why and since when, while the link is down.
    pub outage: Option<Outage>,
    /// Who told what is shown, while that is not the node that sells.
    pub standby: Option<Standby>,
    pub seen: Seen,
    pub greeting: Option<Seq>,
    pub screen: Screen,
    pub overlay: Option<Overlay>,
    pub notice: Option<Notice>,
    pub palette: Palette,
    pub browse: Browse,
    pub details: Details,
    pub cart: Cart,
    /// What this session paid for: those whose end is not known yet, and the newest.
    pub purchases: Vec<Purchase>,
    pub orders: Orders,
    /// Returns that were sent, perhaps by an earlier session, and never answered.
    pub kept_returns: Vec<KeptReturn>,
    pub cards: Vec<LabelledCard>,
    pub addresses: AddressBook,
    pub keeping: Keeping,
    pub counter: Counter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
}

/// What goes to and comes from this machine's own files.
#[derive(Default)]
pub struct Keeping {
    /// The question for what was kept last time, while it is under way.
    pub asked: Option<Seq>,
    /// Nothing is written before what was there has been read.
    pub is_read: bool,
    /// The revision of the cart that was last handed out to be kept.
    pub cart: u64,
    /// Whether the addresses' file may be written: a damaged one is its owner's to mend.
    pub writes_addresses: bool,
    pub addresses_asked: Option<Seq>,
    /// The address that was last taken out of the book.
    pub gone: Option<Addressed>,
    /// How the orders of an earlier time ended: their number, and how many were accepted.
    pub news: (usize, usize),
}

/// Numbers the questions.
#[derive(Default)]
pub struct Counter(u64);

/// What a welcome tells that the screens need.
pub struct ShopFacts {
    pub name: String,
    pub currency: Currency,
    pub categories: Vec<Category>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    Help {
        top: u16,
    },
    /// Somebody wants to quit while a payment is under way.
    Leave,
    /// What is typed in it is kept in the model's [`Palette`].
    Palette,
}

/// One line above the status bar, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub message: Message,
    pub grave: bool,
}

impl Model {
    pub fn new(settings: Settings, cards: Vec<LabelledCard>, size: Size, now: Timestamp) -> Self {
        Self {
            settings,
            size,
            now,
            shop: None,
            link: Link::Connecting,
            outage: None,
            standby: None,
            seen: Seen::default(),
            greeting: None,
            screen: Screen::Browse,
            overlay: None,
            notice: None,
            palette: Palette::default(),
            browse: Browse::default(),
            details: Details::default(),
            cart: Cart::default(),
            purchases: Vec::new(),
            orders: Orders::default(),
            kept_returns: Vec::new(),
            cards,
            addresses: AddressBook::default(),
            keeping: Keeping::default(),
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
            Some(Overlay::Palette) => Context::Palette,
            None => self.context_below(),
        }
    }

    /// The context without the overlay, which is what the help speaks of.
    pub fn context_below(&self) -> Context {
        match &self.screen {
            Screen::Browse if self.browse.search.is_some() => Context::Search,
            Screen::Browse if self.browse.filters.is_some() => Context::Filters,
            Screen::Browse => Context::Browse,
            Screen::Product(_) => Context::Product,
            Screen::Cart => Context::Cart,
            Screen::Checkout(checkout) => checkout.step.context(),
            Screen::Outcome => Context::Outcome,
            Screen::Orders if self.orders.filter.typing => Context::OrdersSearch,
            Screen::Orders => Context::Orders,
            Screen::Order(detail) => match &detail.paper {
                Some(paper) if paper.saving.is_some() => Context::SaveReceipt,
                Some(_) => Context::Receipt,
                None if detail.giving.is_some() => Context::Return,
                None => Context::Order,
            },
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

    /// Whether the shopper may go anywhere in the shop from here, without leaving anything unfinished.
    pub fn may_wander(&self) -> bool {
        self.settings.keys.bindings(self.context_below()).any(|binding| binding.action == Action::Cart)
    }

    /// Whether time alone can change what is shown or has to be done. When not, no tick is needed
    /// and an idle terminal stays silent.
    pub fn needs_ticks(&self) -> bool {
        let counting = matches!(&self.screen, Screen::Checkout(checkout) if checkout.is_counting());
        // An order that is settled is not asked about again, and nobody asks where nobody answers.
        let watching = matches!(&self.screen, Screen::Order(detail) if detail.is_moving());
        counting
            || watching
            || matches!(self.link, Link::Down { .. })
            || self.standby.is_some()
            || self.unknown_purchases() > 0
    }

    pub fn unknown_purchases(&self) -> usize {
        self.purchases.iter().filter(|purchase| purchase.ending == Ending::Unknown).count()
    }

    pub fn say(&mut self, message: Message) {
        self.notice = Some(Notice { message, grave: false });
    }

    pub fn warn(&mut self, message: Message) {
        self.notice = Some(Notice { message, grave: true });
    }
}

impl Counter {
    pub fn ask(&mut self) -> Seq {
        self.0 += 1;
        Seq(self.0)
    }
}
