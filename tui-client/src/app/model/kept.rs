//! What this terminal keeps on its machine from one time to the next.

use kessai_shared::ids::OrderId;
use kessai_shared::time::Timestamp;

use super::addresses::AddressBook;
use super::cart::Goods;
use crate::words::Message;

/// What was read when the terminal started.
#[derive(Default)]
pub struct Kept {
    pub cart: KeptCart,
    /// Orders of this shop that were perhaps sent, and whose end this terminal has not seen.
    pub open: Vec<Open>,
    /// Orders whose goods were set aside and whose end is known: whether they were bought.
    pub ended: Vec<(OrderId, bool)>,
    pub addresses: AddressBook,
    /// Whether the file of addresses is as this terminal can write it again.
    pub addresses_fine: bool,
    /// What was wrong with the files.
    pub problem: Option<Message>,
}

/// The cart, and what was taken out of it for orders that have no end yet.
#[derive(Clone, Default)]
pub struct KeptCart {
    pub goods: Vec<Goods>,
    pub aside: Vec<(OrderId, Vec<Goods>)>,
}

/// An order that was perhaps sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    pub order: OrderId,
    pub sent_at: Timestamp,
    /// The deadline of its quote: whoever has not got the order by then never takes it.
    pub deadline: Timestamp,
}
