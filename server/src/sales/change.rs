//! What can happen to the books, one journal record each, and the rows that they are kept as.

use kessai_shared::address::Address;
use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Quote};
use kessai_shared::settlement::Refusal;
use kessai_shared::storefront::Cancelled;
use kessai_shared::trail::{Listed, Noted, Operated};
use serde::{Deserialize, Serialize};

use super::clearing::{Batch, Compared};
use super::give_back::GiveBack;
use super::order::{Order, Shipping};
use super::product::{About, Product};
use super::recovered::{Recovered, RecoveredStep};
use super::stock::Reason;
use super::stored::Label;
use super::tenure::Tenure;

/// One change of the books; one journal record each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    Stocked {
        sku: Sku,
        name: String,
        category: String,
        unit_price: Minor,
        received: u64,
    },
    /// A known product as the shop now offers it; its stock stays.
    Relisted {
        sku: Sku,
        name: String,
        category: String,
        unit_price: Minor,
    },
    Placed {
        quote: Quote,
        owner: Pin,
        deliver_to: Option<Box<Address>>,
    },
    /// Not all of it was there: no inquiry is made, and the order id is used up. Where it should have gone is
    /// not kept.
    TurnedAway {
        quote: Quote,
        owner: Pin,
        sku: Sku,
        available: u32,
    },
    Decided {
        order: OrderId,
        decision: Decision,
    },
    /// Nobody knows whether it was approved; from here on only a reversal ends it, so its goods are free.
    Doubted {
        order: OrderId,
    },
    Reversed {
        order: OrderId,
    },
    /// Goods are made ready, and their part of the hold is to be charged. They leave when it is.
    CaptureStarted {
        order: OrderId,
        shipping: Shipping,
        /// The operator, when it was one who shipped it.
        by: Option<Pin>,
    },
    /// The shipment under way was charged, in this clearing batch, and has left.
    Shipped {
        order: OrderId,
        batch: u32,
    },
    /// The hold ran out before the goods were shipped.
    Lapsed {
        order: OrderId,
    },
    Delivered {
        order: OrderId,
        /// Nobody, when nobody said that it did not arrive for long enough.
        by: Option<Pin>,
    },
    /// What was not shipped yet is not to be shipped any more. It is so when that is acknowledged.
    CancelAsked {
        order: OrderId,
        why: Cancelled,
        by: Option<Pin>,
    },
    /// The settlement holds no more for what was to be cancelled.
    Cancelled {
        order: OrderId,
    },
    GivenBack {
        id: ReturnId,
        given: GiveBack,
    },
    /// What a return brings back of this order that was never shipped is held no longer.
    Released {
        id: ReturnId,
        order: OrderId,
        amount: Minor,
    },
    /// What a return brings back of this order that was shipped is paid back, in this clearing batch.
    Refunded {
        id: ReturnId,
        order: OrderId,
        amount: Minor,
        batch: u32,
    },
    /// The settlement will never do what this order waits for, whatever it is.
    Refused {
        order: OrderId,
        refusal: Refusal,
    },
    /// Goods came in.
    Received {
        sku: Sku,
        pieces: u32,
        note: String,
        by: Pin,
    },
    /// The books of a product are put right: so many pieces more or fewer are on the shelf.
    Adjusted {
        sku: Sku,
        pieces: i64,
        reason: Reason,
        by: Pin,
    },
    /// The settlement was told what these books say of a clearing batch that is closed, and has answered.
    BatchCompared {
        batch: u32,
        compared: Compared,
    },
    /// What the shop now says of a known product, in place of what it said before.
    Described {
        sku: Sku,
        about: About,
    },
    /// The settlement has put a node in charge: whatever follows was done under this epoch.
    Granted(Tenure),
    /// An operator had something done that moves neither money nor goods.
    Operated {
        by: Pin,
        what: Operated,
        /// A line of at most [`MAX_REASON_BYTES`](kessai_shared::operator::trail::MAX_REASON_BYTES).
        reason: String,
    },
    /// The settlement has more of an order than these books: they are of an older copy.
    Recovered {
        order: OrderId,
        row: Box<Recovered>,
    },
    /// What is held for a recovered order is released from here on, and what was charged is paid back.
    RecoveredGivenUp {
        order: OrderId,
    },
    /// One step of a recovered order is done.
    RecoveredStep {
        order: OrderId,
        step: RecoveredStep,
    },
    /// All that the settlement has more than these books is in them.
    CaughtUp,
}

/// What a row of the books goes by in the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RowKey {
    Product(Sku),
    Order(OrderId),
    Return(ReturnId),
    /// A clearing batch by its number.
    Batch(u32),
    /// What is said of a product; only one of which something is said has it.
    About(Sku),
    /// Under which epoch the books are; there is one such row, or none.
    Tenure,
    /// What an operator had done, by the position of its record.
    Act(u64),
    /// Whose keys are on which list; there is one such row.
    Listed,
    /// What the settlement has of an order that our own records do not explain.
    Recovered(OrderId),
}

/// A row of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    Product(Product),
    /// With its label.
    Order(Box<(Label, Order)>),
    Return(GiveBack),
    Batch(Batch),
    About(About),
    Tenure(Tenure),
    Act(Noted),
    Listed(Listed),
    Recovered(Box<Recovered>),
}
