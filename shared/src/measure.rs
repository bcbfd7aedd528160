//! What daemons count and measure of themselves: every figure has its name, its unit and its meaning here
//! once, and the operators' screen, its lines and the metrics for Prometheus all say it in the same way.
//!
//! To add a figure: give it a variant and a row in its table, and count it where it happens. A figure is a
//! [`Count`], which only grows, a [`Gauge`], which is what it is now, or a [`Spread`], of which there are
//! many in a second.

pub mod buckets;
pub mod exposition;
pub mod eyes;
mod hour;
pub mod look;
mod registry;
mod ring;
pub mod scrape;
mod table;

use serde::{Deserialize, Serialize};

use crate::operator::Endpoint;
use crate::outcome::Reason;

pub use buckets::Buckets;
pub use hour::{Hour, Keeping, Look, Seen, Summed, Totals};
pub use registry::Registry;
pub use ring::Ring;
pub use table::{Row, Side, Unit};

/// What happens, and is counted since the start of a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Count {
    // At the seller.
    /// Orders that were placed and are durable.
    Placed,
    /// Orders that ended before the settlement was asked: sold out, or a quote that had run out.
    TurnedAway,
    /// Decisions that came back, by what they say. The seller does not know the reasons.
    Approved,
    Declined,
    /// Orders of which nobody knew for a while whether they were approved.
    Doubted,
    /// Quotes given.
    Quoted,
    /// Questions of terminals that change nothing: searches, pages, orders looked at.
    Read,
    /// Pieces of work for the settlement that were sent, answers to them that came, and those sent again.
    Sent,
    Answered,
    SentAgain,

    // At the settlement.
    /// Inquiries that were decided for the first time, by their reason; [`Reason::Approved`] among them.
    Decided(Reason),
    /// Inquiries that had been decided before, and got the same answer.
    Repeated,
    /// Holds that ran out.
    HoldExpired,

    // At both: what was done to an order's money.
    Captured,
    Reversed,
    Released,
    Refunded,

    // At both: how the daemon is.
    /// Records, groups (one write and one sync each) and bytes that were written to the journal.
    Records,
    Groups,
    JournalBytes,
    /// Connections that were made at an endpoint, those that were refused for their key, and those that
    /// ended because their key was taken off the list.
    Connected(Endpoint),
    Refused(Endpoint),
    Revoked(Endpoint),
    /// What an endpoint did not take on because there was too much of it, or what came without a knock.
    Flooded(Endpoint),
    /// What operators had done.
    Acts,
    BackupsMade,
    BackupsFailed,
    CheckpointsMade,
    /// Connections to the settlement that were made, attempts to make one, packets that were lost.
    LinkConnections,
    LinkAttempts,
    LinkPackets,
    LinkLost,
    /// Spans of purchases that a collector took, and those that none did.
    SpansSent,
    SpansDropped,
}

/// What is so now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Gauge {
    // At the seller.
    Products,
    /// Products of which none is available, and those of which few are.
    SoldOut,
    RunningOut,
    Orders,
    /// Orders whose decision is not there yet.
    Pending,
    /// Orders of which nobody knows whether they were approved.
    Unknown,
    /// Orders that are being reversed.
    Reversing,
    /// Orders for which the settlement owes an answer of any kind.
    Errands,
    /// Messages that wait for a connection to the settlement, and those that wait for their answer.
    LinkWaiting,
    LinkInFlight,
    /// 1 while the settlement can be spoken to.
    LinkUp,
    LinkRoundTripMicros,
    /// How long ago the settlement last answered an echo.
    LinkEchoMillis,

    // At the settlement.
    Accounts,
    /// Live holds, and those that run out within the next hour.
    Holds,
    HoldsEnding,
    /// Keys that may connect as sellers.
    Sellers,

    // At both.
    /// Commands that wait for the one writer, and the most that may.
    Queue,
    QueueRoom,
    /// 1 while the one writer answers in time.
    WriterUp,
    /// The last durable record.
    Position,
    Epoch,
    /// 1 while this node is in charge.
    InCharge,
    /// By how much the standby that lacks most is behind, or this node where it follows.
    LagRecords,
    LagMillis,
    Standbys,
    /// Clearing batches that differ from the other side's books.
    Disputed,
    /// The age of the newest backup, and of the last that was verified.
    BackupSeconds,
    VerifiedSeconds,
    /// What the journal with its checkpoints takes on the disk, what is free there, and how large that disk is.
    JournalBytes,
    FreeBytes,
    DiskBytes,
    ResidentBytes,
    Peers(Endpoint),
    /// For how long this daemon has run.
    UptimeSeconds,
}

/// What is measured many times a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Spread {
    // Legs of a purchase at the seller, in microseconds.
    /// From the arrival of a purchase until its terminal is answered.
    Purchase,
    /// From its arrival until its order is durable.
    PlacedIn,
    /// From the inquiry until the decision is there, with the way there and back.
    DecidedIn,
    /// From the decision until the order is confirmed and durable.
    ConfirmedIn,
    /// A search or a page.
    ReadIn,

    // Legs of an inquiry at the settlement, in microseconds.
    /// From its arrival until it is answered.
    Inquiry,
    /// The seal opened and the card found.
    Opened,
    /// From the writer's queue until the decision is durable.
    DecidedDurably,

    // At both.
    /// One write and one sync of the journal, in microseconds.
    Sync,
    /// Records in one group.
    Group,
    /// How long a command waited for the writer, in microseconds.
    Queued,
}
