//! The open wire: what a terminal and a seller say to each other.
//!
//! A golden file holds the bytes of every message, because the encoding does not describe itself:
//! a moved field would be a silent break. Such a change takes a new version in [`ALPN`].

mod standing;
mod way;

pub use standing::{Answered, Standing};
pub use way::{MAX_SHIPPED_LINES, ShipmentView, Step, StepKind, Tracking};

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::ids::{Customer, OrderId, ReturnId, Sku};
use crate::money::{Currency, Minor};
use crate::picture::PictureName;
use crate::pin::Pin;
use crate::receipt::{Decision, SignedIssuerKeys, SignedQuote};
use crate::seal::Envelope;
use crate::time::Timestamp;

/// The protocol's name in TLS, with its version.
pub const ALPN: &[u8] = b"kessai-storefront/7";
/// Most lines that one order or return may have: with the longest names they still fit one frame.
pub const MAX_LINES: usize = 2_000;
/// Most pieces of one product on one line.
pub const MAX_QUANTITY: u32 = 1_000_000;
/// Most rows that one page of products or orders holds.
pub const MAX_PAGE: u16 = 200;
/// Longest search text, in bytes.
pub const MAX_QUERY_BYTES: usize = 100;
/// Most products that one question for what there is names: with the longest names they still fit one frame.
pub const MAX_ITEMS: usize = 200;
/// Longest name of a product or a category, in bytes.
pub const MAX_NAME_BYTES: usize = 120;
/// Most categories of one shop: all of them are told to every terminal that comes in.
pub const MAX_CATEGORIES: usize = 500;
/// Longest description of a product, in bytes.
pub const MAX_DESCRIPTION_BYTES: usize = 4_000;

/// What a terminal asks.
#[derive(Clone, Serialize, Deserialize)]
pub enum Request {
    /// Who is the shop, and which issuer keys does it pass on?
    Hello,
    /// A page of the catalogue: `limit` rows of what the search finds, from the row `from`.
    Browse { search: Search, from: u32, limit: u16 },
    /// One product, with everything the shop says of it.
    Product { sku: Sku },
    /// What would these goods cost? Reserves nothing.
    Quote { order: OrderId, customer: Customer, lines: Vec<Line> },
    /// Buy what was quoted. Safe to send again: an order id has one outcome for ever.
    /// Where it goes is for the seller alone, so it is in no quote; of an order that is there already the
    /// first address counts.
    Place { quote: Box<SignedQuote>, card: Envelope, deliver_to: Option<Box<Address>> },
    /// How does this order of mine stand?
    Order { order: OrderId },
    /// My orders, newest first, older than `before`.
    Orders { before: Option<OrderId>, limit: u16 },
    /// Give goods back. Safe to send again, as [`Request::Place`] is.
    Return { id: ReturnId, customer: Customer, from: Option<OrderId>, lines: Vec<Line> },
    /// Do not send what of this order of mine was not sent yet. Safe to send again.
    Cancel { order: OrderId },
    /// The picture that a product goes by. It never changes, so a terminal may keep it for ever.
    Picture { picture: PictureName },
    /// These products as they are now, at most [`MAX_ITEMS`]; what the shop does not have is left out.
    Items { skus: Vec<Sku> },
}

/// What the seller replies, inside an [`Answered`].
#[derive(Clone, Serialize, Deserialize)]
pub enum Reply {
    Welcome(Welcome),
    Page(Page),
    Product(Box<ProductView>),
    /// A fresh quote, or for an order that is already there the one it was placed with.
    Quoted(SignedQuote),
    Order(Box<OrderView>),
    Orders(Vec<OrderView>),
    Returned(ReturnView),
    Refused(Refusal),
    /// A PNG or a JPEG of at most [`crate::picture::MAX_PICTURE_BYTES`]. The seller may be anybody: whoever
    /// asked checks it with [`PictureName::is_of`] and [`crate::picture::check`] before decoding it.
    Picture(#[serde(with = "serde_bytes")] Vec<u8>),
    Items(Vec<Item>),
}

/// What a shopper looks for. The default is the whole catalogue in its own order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Search {
    /// Words that name, SKU or category must each hold, as letters in that order with or without others
    /// between them. At most [`MAX_QUERY_BYTES`] count.
    pub query: String,
    /// Only products of this category.
    pub category: Option<String>,
    /// Only products of which a piece is available.
    pub in_stock: bool,
    pub price: PriceRange,
    pub sort: Sort,
}

/// What one piece may cost, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PriceRange {
    pub least: Option<Minor>,
    pub most: Option<Minor>,
}

/// In which order products are listed; alike ones in the order of the catalogue, which is by category,
/// name and SKU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sort {
    /// What fits the query best comes first; the order of the catalogue when there is no query.
    #[default]
    Best,
    Name,
    PriceUp,
    PriceDown,
    /// What most pieces are available of comes first.
    Stock,
}

impl Sort {
    pub const ALL: [Sort; 5] = [Sort::Best, Sort::Name, Sort::PriceUp, Sort::PriceDown, Sort::Stock];
}

impl PriceRange {
    /// Whether a piece at this price is within the range.
    pub fn holds(&self, price: Minor) -> bool {
        self.least.is_none_or(|least| price >= least) && self.most.is_none_or(|most| price <= most)
    }
}

/// So many of that product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub sku: Sku,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    pub shop: String,
    pub seller: Pin,
    pub currency: Currency,
    /// By name; products that are in none are not counted here.
    pub categories: Vec<Category>,
    /// Signed by issuers' roots; the seller only passes them on, and a terminal checks them.
    pub issuer_keys: Vec<SignedIssuerKeys>,
    /// Whether the settlement answers at the moment.
    pub settlement_up: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub name: String,
    /// How many products it has.
    pub products: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub items: Vec<Item>,
    /// How many products the search finds in all.
    pub total: u32,
}

/// A product as a shopper sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub sku: Sku,
    pub name: String,
    pub category: String,
    pub unit_price: Minor,
    /// Pieces that can be bought now.
    pub available: u32,
    /// All pieces in the shop, with those that are reserved or sold and not sent yet.
    pub on_hand: u32,
}

/// A product with everything the shop says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductView {
    pub item: Item,
    /// At most [`MAX_DESCRIPTION_BYTES`]; may be empty, and have line breaks.
    pub description: String,
    pub picture: Option<PictureName>,
}

/// An order as its owner sees it, on its separate axes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    pub quote: SignedQuote,
    /// The product's name for each line of the quote, in the same order.
    pub names: Vec<String>,
    /// How many pieces of each line were sent and charged.
    pub shipped: Vec<u32>,
    /// How many pieces of each line were cancelled, and so are neither sent nor charged.
    pub cancelled: Vec<u32>,
    /// How many pieces of each line were given back.
    pub returned: Vec<u32>,
    pub placed_at: Timestamp,
    pub order: OrderState,
    pub payment: PaymentState,
    pub fulfilment: FulfilmentState,
    /// A cancellation was asked for and is not acknowledged by the settlement yet.
    pub cancelling: bool,
    pub cancelled_for: Option<Cancelled>,
    pub refunded: Minor,
    /// The settlement's signed word, once there is one.
    pub decision: Option<Decision>,
    /// Where it goes; told only when the order is asked for by its id, and not in lists.
    pub deliver_to: Option<Box<Address>>,
    /// What has left, in its order.
    pub shipments: Vec<ShipmentView>,
    /// What happened to it, in its order. Of very long ways a part in the middle is left out.
    pub history: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OrderState {
    Pending,
    Confirmed,
    Completed,
    Cancelled,
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PaymentState {
    Pending,
    Authorized,
    Declined,
    /// It may or may not have been approved; the seller is finding out or taking it back.
    Unknown,
    Reversed,
    Voided,
    Expired,
    Captured,
    PartiallyRefunded,
    Refunded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FulfilmentState {
    NotFulfilled,
    Shipped,
    Delivered,
    Returned,
}

/// Why an order came to nothing, or the rest of one that was sent in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cancelled {
    /// No inquiry was made: not all of it was there.
    OutOfStock {
        sku: Sku,
        available: u32,
    },
    Declined,
    /// The settlement could not be asked in time; whatever it held was given back.
    Interrupted,
    /// The approval ran out before the goods were shipped.
    HoldExpired,
    ByShopper,
    ByShop,
    /// The shop did not ship it in the time it allows itself.
    NotShippedInTime,
}

/// How a return stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnView {
    pub id: ReturnId,
    pub state: ReturnState,
    pub refunded: Minor,
    pub currency: Currency,
    /// What was taken back, line by line.
    pub lines: Vec<ReturnedLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLine {
    pub order: OrderId,
    pub sku: Sku,
    pub quantity: u32,
    pub unit_price: Minor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReturnState {
    /// Accepted; the settlement has not confirmed the refund yet.
    Pending,
    Refunded,
    NothingToReturn,
    /// The goods are back, and the settlement will not pay all of it back: the shop has to look.
    Refused,
}

/// Why a request was not carried out. Nothing has changed when one of these comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    UnknownSku {
        sku: Sku,
    },
    /// Also for an order of somebody else: who is not its owner does not learn that it exists.
    UnknownOrder,
    NoLines,
    TooManyLines,
    BadQuantity {
        sku: Sku,
    },
    AmountTooLarge,
    /// The quote is not one of this seller's, or was changed.
    BadQuote,
    QuoteExpired,
    /// The same id was used before with other content (94).
    Duplicate,
    /// The seller cannot take this now; the same request may succeed later.
    TryLater,
    /// What should be a sealed card is not of a sealed card's size.
    BadCard,
    /// All of it has left: it can be given back, and no longer cancelled.
    AlreadyShipped,
    /// The seller has not heard from its settlement for a while, so no new order is taken (91).
    SettlementAway,
    /// The shop has no such picture, or has lost it.
    NoPicture,
    /// This node of the shop is not in charge, or not any more. Another one of its nodes is, or will be.
    NotInCharge,
}

impl Refusal {
    /// Whether the same request may succeed when it is made again.
    pub fn is_transient(&self) -> bool {
        match self {
            Refusal::TryLater | Refusal::SettlementAway | Refusal::NotInCharge => true,
            Refusal::UnknownSku { .. }
            | Refusal::UnknownOrder
            | Refusal::NoLines
            | Refusal::TooManyLines
            | Refusal::BadQuantity { .. }
            | Refusal::AmountTooLarge
            | Refusal::BadQuote
            | Refusal::QuoteExpired
            | Refusal::BadCard
            | Refusal::AlreadyShipped
            | Refusal::NoPicture
            | Refusal::Duplicate => false,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::UnknownSku { sku } => write!(f, "the shop has no product {sku}"),
            Refusal::UnknownOrder => f.write_str("the shop knows no such order of yours"),
            Refusal::NoLines => f.write_str("nothing is on the list"),
            Refusal::TooManyLines => write!(f, "more than {MAX_LINES} lines on one order"),
            Refusal::BadQuantity { sku } => {
                write!(f, "{sku}: a quantity is from 1 to {MAX_QUANTITY}")
            }
            Refusal::AmountTooLarge => f.write_str("the total is larger than any order may be"),
            Refusal::BadQuote => f.write_str("this quote is not the shop's"),
            Refusal::QuoteExpired => f.write_str("the quote has expired; ask for a new one"),
            Refusal::BadCard => f.write_str("the sealed card is malformed"),
            Refusal::AlreadyShipped => {
                f.write_str("it has left already: give it back instead of cancelling it")
            }
            Refusal::Duplicate => f.write_str("94: this id was used before for something else"),
            Refusal::TryLater => f.write_str("the shop cannot take this now; try again later"),
            Refusal::SettlementAway => {
                f.write_str("91: the shop can take no payment now; nothing was ordered; try again later")
            }
            Refusal::NoPicture => f.write_str("the shop has no such picture"),
            Refusal::NotInCharge => {
                f.write_str("no node of the shop that can be reached is in charge; try again later")
            }
        }
    }
}

impl OrderState {
    /// Whether the order will not change by itself any more.
    pub fn is_settled(self) -> bool {
        !matches!(self, OrderState::Pending)
    }
}
