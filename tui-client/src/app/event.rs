//! What can happen: keys, the passing of time, and answers to what was asked.
//!
//! No event derives Debug: what is typed or pasted may be a card number.

use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::receipt::SignedQuote;
use kessai_shared::storefront::{OrderView, Page, ReturnView, Welcome};
use kessai_shared::time::Timestamp;
use zeroize::Zeroizing;

use crate::shop::{Ending, ShopError};

/// The number of a question. An answer carries the number of its question, so that a late answer
/// to an older question is recognised and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub u64);

/// A key as the keymap names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
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

/// An answer of the shop, or why there is none.
pub type Answer<T> = Result<T, ShopError>;

pub enum Event {
    Key(Key),
    Paste(Zeroizing<String>),
    Resize { columns: u16, rows: u16 },
    Tick(Timestamp),
    Welcomed(Seq, Answer<Box<Welcome>>),
    PageLoaded(Seq, Answer<Page>),
    CheckoutOpened(Seq, Answer<OrderId>),
    Quoted(Seq, Answer<Box<SignedQuote>>),
    Paid(Seq, Answer<Ending>),
    OrdersLoaded(Seq, Answer<Vec<(OrderView, Ending)>>),
    OrderLoaded(Seq, Answer<Box<(OrderView, Ending)>>),
    ReturnMinted(Seq, ReturnId),
    Returned(Seq, Answer<ReturnView>),
    Cancelled(Seq, Answer<Box<(OrderView, Ending)>>),
}
