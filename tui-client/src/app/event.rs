//! What can happen: keys, the passing of time, and answers to what was asked.
//!
//! No event derives Debug: what is typed or pasted may be a card number.

use std::sync::Arc;

use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::receipt::SignedQuote;
use kessai_shared::storefront::{Item, OrderView, Page, ProductView, ReturnView, Welcome};
use kessai_shared::time::Timestamp;
use zeroize::Zeroizing;

use super::keymap::Action;
use super::model::{Kept, KeptReturn, Proved};
use super::pixels::Pixels;
use super::settings::Background;
use crate::shop::{Ending, Leg, ShopError, Shown};
use crate::words::Message;

/// The number of a question. An answer carries the number of its question, so that a late answer
/// to an older question is recognised and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub u64);

/// A key as the keymap names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    /// Ctrl and a small letter.
    Ctrl(char),
    /// A function key.
    F(u8),
    Enter,
    Esc,
    Backspace,
    Delete,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    /// Ctrl-C, which works everywhere, text fields included.
    Interrupt,
}

/// What is clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The row of a list with this index.
    Row(usize),
    /// A key in the status bar.
    Does(Action),
    /// Something else, by the number that its own screen has given it. The shop's screens have none.
    Place(usize),
}

/// What comes from the terminal and from the clock, whatever program the terminal shows.
pub enum Outside {
    Key(Key),
    Paste(Zeroizing<String>),
    Resize {
        columns: u16,
        rows: u16,
    },
    /// A click on something.
    Point(Target),
    /// The wheel, in steps; down is positive.
    Wheel(i8),
    /// The terminal has told what is behind its text.
    Background(Background),
    Tick(Timestamp),
    /// A part of this program failed that was asking for something.
    Broke,
}

/// An answer of the shop, or why there is none.
pub type Answer<T> = Result<T, ShopError>;

pub enum Event {
    Key(Key),
    Paste(Zeroizing<String>),
    Resize {
        columns: u16,
        rows: u16,
    },
    /// A click on something.
    Point(Target),
    /// The wheel, in steps; down is positive.
    Wheel(i8),
    /// The terminal has told what is behind its text.
    Background(Background),
    Tick(Timestamp),
    /// A part of this program failed that was asking for something.
    Broke,
    /// By which node of the shop was shown what was shown last.
    ShownBy(Shown),
    Welcomed(Seq, Answer<Box<Welcome>>),
    PageLoaded(Seq, Answer<Page>),
    ProductLoaded(Seq, Answer<Box<ProductView>>),
    PictureLoaded(Seq, Answer<Arc<Pixels>>),
    CheckoutOpened(Seq, Answer<OrderId>),
    Quoted(Seq, Answer<Box<SignedQuote>>),
    /// Something became known of the payment under way.
    Leg(Seq, Leg),
    Paid(Seq, Answer<Ending>),
    /// What the shop has of each product that was asked for.
    StockChecked(Seq, Answer<Vec<(Sku, Option<Item>)>>),
    Restored(Seq, Box<Kept>),
    /// Whether the addresses are kept.
    AddressesKept(Seq, Answer<()>),
    /// Something could not be kept on this machine.
    NotKept(Message),
    OrdersLoaded(Seq, Answer<Vec<(OrderView, Ending)>>),
    OrderLoaded(Seq, Answer<Box<(OrderView, Ending)>>),
    /// Minted and kept on this machine, so that it may be sent.
    ReturnMinted(Seq, Answer<ReturnId>),
    /// The returns that an earlier session sent and never had answered.
    ReturnsKept(Answer<Vec<KeptReturn>>),
    Returned(Seq, Answer<ReturnView>),
    Cancelled(Seq, Answer<Box<(OrderView, Ending)>>),
    ReceiptLoaded(Seq, Answer<Box<Proved>>),
    /// Where it was written.
    ReceiptSaved(Seq, Result<String, Message>),
}

impl From<Outside> for Event {
    fn from(outside: Outside) -> Self {
        match outside {
            Outside::Key(key) => Event::Key(key),
            Outside::Paste(text) => Event::Paste(text),
            Outside::Resize { columns, rows } => Event::Resize { columns, rows },
            Outside::Point(target) => Event::Point(target),
            Outside::Wheel(steps) => Event::Wheel(steps),
            Outside::Background(background) => Event::Background(background),
            Outside::Tick(now) => Event::Tick(now),
            Outside::Broke => Event::Broke,
        }
    }
}
