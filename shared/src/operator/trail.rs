//! What operators had done, and what both daemons are asked alike: the acts that stand in a daemon's journal,
//! one record of it, whose keys may operate it, and a backup made now.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rights::Right;
use super::settlement::{AccountRef, Charged};
use super::{Endpoint, Page};
use crate::backup::schedule::Last;
use crate::ids::{OrderId, Sku};
use crate::pin::Pin;
use crate::time::Timestamp;

/// Longest reason that an operator gives for an act, in bytes: one line.
pub const MAX_REASON_BYTES: usize = 120;

/// What both daemons are asked alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// What operators had done whose record stands before this one, or from the newest on, the newest first.
    Acts { before: Option<u64>, limit: u16 },
    /// What one record of the journal says.
    Record { position: u64 },
    /// Whose keys may operate this daemon, those on the list behind this one.
    Operators { after: Option<Pin>, limit: u16 },
    /// Lets a key operate it, or gives it another right.
    AllowOperator { pin: Pin, right: Right, reason: String },
    /// Takes a key off the list; its connections are closed.
    RemoveOperator { pin: Pin, reason: String },
    /// Closes the live connections of a key at an endpoint. It may come again.
    Disconnect { endpoint: Endpoint, pin: Pin, reason: String },
    /// Makes a backup now, as the schedule would, and answers when there is one.
    BackUp { reason: String },
}

impl Request {
    /// Whether it changes something, which takes the right to act.
    pub const fn changes(&self) -> bool {
        match self {
            Request::Acts { .. } | Request::Record { .. } | Request::Operators { .. } => false,
            Request::AllowOperator { .. }
            | Request::RemoveOperator { .. }
            | Request::Disconnect { .. }
            | Request::BackUp { .. } => true,
        }
    }
}

/// What both daemons answer alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Acts(Page<ActRow, u64>),
    Record(Box<RecordRow>),
    Operators {
        /// The key of whoever keeps the data folder, which is always allowed.
        own: Pin,
        listed: Page<(Pin, Right), Pin>,
    },
    /// It is done, and this is the position of its record; none when it was so before.
    Done {
        position: Option<u64>,
    },
    /// There is a backup, which was asked for in this record.
    BackedUp {
        position: u64,
        last: Last,
    },
}

/// One act of an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActRow {
    /// Where in the daemon's journal its record stands, and when that was written.
    pub position: u64,
    pub at: Timestamp,
    /// The operator's key.
    pub by: Pin,
    /// What was done, in a word or two.
    pub what: String,
    pub on: Option<Subject>,
    /// The reason that was given, or what else there is to say.
    pub reason: String,
    /// How many records it is: a table of accounts that was taken in is one act.
    pub records: u64,
}

/// What an act, or a record, is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    Order(OrderId),
    /// An order as the settlement knows it.
    Charge(Charged),
    Account(AccountRef),
    Product(Sku),
    /// An operator, a seller or a terminal.
    Key(Pin),
    /// A clearing batch of a seller.
    Batch(Pin, u32),
}

/// One record of a daemon's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRow {
    pub position: u64,
    pub at: Timestamp,
    /// What has happened: `placed`, `captured`.
    pub what: String,
    pub on: Option<Subject>,
    /// The operator whose act it was, if it was one's.
    pub by: Option<Pin>,
    /// What else it says, a line each, at most [`MAX_LINES`].
    pub lines: Vec<String>,
}

/// Most lines that are told of one record.
pub const MAX_LINES: usize = 40;

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Order(order) => write!(f, "order {order}"),
            Subject::Charge(of) => write!(f, "order {}", of.order),
            Subject::Account(account) => write!(f, "account {account}"),
            Subject::Product(sku) => write!(f, "product {sku}"),
            Subject::Key(pin) => write!(f, "key {pin}"),
            Subject::Batch(seller, batch) => write!(f, "batch {batch} of {seller}"),
        }
    }
}
