//! What an operator and the seller say to each other.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::client::Daemon;
use super::keeper::{no_record, try_later};
use super::live::{Second, Watched, Watching};
use super::nodes::Nodes;
use super::rights::NO_RIGHT;
use super::rows::{RecoveredRow, ShopBatch, Trade};
use super::{Page, Peers, trail};
use crate::address::Address;
use crate::backup::schedule::Progress;
use crate::exchange::TurnedAway;
use crate::folder::FolderKind;
use crate::ids::{Epoch, OrderId, ReturnId, Sku};
use crate::money::Minor;
use crate::pin::Pin;
use crate::receipt::{Quote, Verdict};
use crate::storefront::{Cancelled, FulfilmentState, Line, OrderState, PaymentState, ReturnView, Tracking};
use crate::time::Timestamp;

/// The protocol's name in TLS. It is another one than the settlement's, so that what was meant for one
/// daemon is never understood by the other.
pub const ALPN: &[u8] = b"kessai-operator/5 seller";

/// The seller as its operators reach it.
pub const DAEMON: Daemon = Daemon {
    word: "seller",
    program: "kessai-server",
    folder: FolderKind { name: "kessai-server", version: 2 },
    alpn: ALPN,
    is_silent: false,
};

/// Longest text that orders and products are searched for, in bytes.
pub const MAX_WORDS_BYTES: usize = 128;

/// What an operator asks of a seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    Status,
    Peers,
    /// Orders older than `before`, or from the newest on, the newest first.
    Orders {
        state: Option<OrderState>,
        before: Option<OrderId>,
        limit: u16,
    },
    Order {
        order: OrderId,
    },
    /// Everything that happened to an order.
    History {
        order: OrderId,
    },
    /// Products behind `after`, or from the first, by their SKU.
    Stock {
        after: Option<Sku>,
        limit: u16,
    },
    Product {
        sku: Sku,
    },
    /// Ships these lines, each by its place from 0 and how many pieces of it, or all that is left.
    Ship {
        order: OrderId,
        lines: Vec<(u16, u32)>,
        /// Where the parcel can be asked about, for its buyer.
        tracking: Option<Tracking>,
    },
    /// The goods have arrived.
    Deliver {
        order: OrderId,
    },
    /// Cancels what was not shipped yet. Safe to send again.
    Cancel {
        order: OrderId,
    },
    /// Takes goods of an order back for its buyer. Safe to send again under the same id.
    Return {
        id: ReturnId,
        order: OrderId,
        lines: Vec<Line>,
        /// Whether they can be sold again; what cannot is written off.
        restock: bool,
    },
    Receive {
        sku: Sku,
        pieces: u32,
        note: String,
    },
    /// So many pieces more, or fewer when they are negative, are on the shelf.
    Adjust {
        sku: Sku,
        pieces: i64,
        reason: Reason,
    },
    /// The money of each order older than `before`, or from the newest on, the newest first.
    Trades {
        before: Option<OrderId>,
        limit: u16,
    },
    /// Clearing batches before this one, or from the newest on, the newest first.
    Batches {
        before: Option<u32>,
        limit: u16,
    },
    /// How the link to the settlement is.
    Link,
    /// Puts this node in charge of the shop; with `force` even when it has less than the last one had.
    Promote {
        force: bool,
    },
    /// Up to where a backup that is made now goes, and what the books come to there.
    BackupPoint,
    /// Orders that were recovered from the settlement's books, older than `before`, or from the newest on,
    /// the newest first.
    Recovered {
        before: Option<OrderId>,
        limit: u16,
    },
    /// Says each second how things are, from now on, on a stream of its own.
    Watch,
    /// Seconds before this one, or from the last on, the newest first.
    Past {
        before: Option<u64>,
        limit: u16,
    },
    /// What both daemons are asked alike: acts, records, operators.
    Trail(trail::Request),
    /// Orders that fit all of these words, older than `before`, or from the newest on,
    /// the newest first.
    FindOrders {
        /// Each is the beginning of the order's id, its customer, one of its SKUs, or the whole of a state or
        /// of the total; at most [`MAX_WORDS_BYTES`].
        words: String,
        before: Option<OrderId>,
        limit: u16,
    },
    /// Products that fit these words, by SKU, name or category, those that fit best first.
    FindStock {
        text: String,
        limit: u16,
    },
    /// Orders behind `after` for which the settlement owes an answer, the oldest first.
    Owed {
        after: Option<OrderId>,
        limit: u16,
    },
}

impl Request {
    /// Whether it changes something, which takes the right to act.
    pub const fn changes(&self) -> bool {
        match self {
            Request::Trail(request) => request.changes(),
            Request::Status
            | Request::Peers
            | Request::Orders { .. }
            | Request::Order { .. }
            | Request::History { .. }
            | Request::Stock { .. }
            | Request::Product { .. }
            | Request::Trades { .. }
            | Request::Batches { .. }
            | Request::Link
            | Request::BackupPoint
            | Request::Watch
            | Request::Past { .. }
            | Request::Recovered { .. }
            | Request::FindOrders { .. }
            | Request::FindStock { .. }
            | Request::Owed { .. } => false,
            Request::Ship { .. }
            | Request::Deliver { .. }
            | Request::Cancel { .. }
            | Request::Return { .. }
            | Request::Receive { .. }
            | Request::Adjust { .. }
            | Request::Promote { .. } => true,
        }
    }
}

/// Why the books of a product are put right by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// A count of the shelf says otherwise.
    Counted,
    Damaged,
    Lost,
    Found,
}

/// What an operator is told by a seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Status(Box<Status>),
    Peers(Peers),
    Orders(Page<OrderRow, OrderId>),
    Order(Box<OrderDetail>),
    History(Vec<Leg>),
    Stock(Page<StockRow, Sku>),
    Product(StockRow),
    Trades(Page<Trade, OrderId>),
    Batches(Page<ShopBatch, u32>),
    /// What came of a return, as its buyer sees it too.
    Returned(ReturnView),
    Link(Box<LinkHealth>),
    BackupPoint {
        /// The last durable record.
        position: u64,
        totals: Vec<(String, i64)>,
    },
    /// A [`super::live::Beat`] of [`Status`] follows each second.
    Watching(Watching),
    /// At most [`super::live::MAX_SECONDS`], the newest first; none when none is remembered.
    Past(Vec<Second>),
    /// This node is in charge, under this epoch.
    Promoted {
        epoch: Epoch,
    },
    Refused(Refusal),
    Trail(trail::Reply),
    Owed(Page<OwedRow, OrderId>),
    Recovered(Page<RecoveredRow, OrderId>),
}

/// Why an operator's request was not carried out. Nothing has changed when one of these comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    UnknownOrder,
    UnknownProduct,
    /// The state of the order, or the stock, does not allow it; the line says why.
    NotAllowed(String),
    /// The daemon is going down or cannot read its store; the same request may succeed later.
    TryLater,
    /// As many watch already as may, of this key or in all.
    TooManyWatch,
    /// This operator's key may watch, and change nothing.
    NoRight,
    /// There is no such record; the journal has those from the first to the last of these.
    NoRecord {
        first: u64,
        last: u64,
    },
}

/// How a seller is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub pid: u32,
    pub shop: String,
    pub products: u64,
    pub orders: u64,
    /// Orders whose decision is not there yet.
    pub pending: u64,
    /// Orders of which nobody knows yet whether they were approved; each is being reversed.
    pub unknown: u64,
    /// Orders for which the settlement owes an answer of any kind.
    pub errands: u64,
    pub settlement_up: bool,
    pub link: LinkHealth,
    /// The clearing batch that the settlement said is open; `None` before it has answered.
    pub open_batch: Option<u32>,
    /// The first clearing batch that differs from the settlement's books; no new order is taken while there
    /// is one.
    pub disputed_batch: Option<u32>,
    /// Orders that were recovered from the settlement's books and are not ended.
    pub recovered: u64,
    /// Whether that is under way; nothing is sold meanwhile.
    pub behind: bool,
    /// What the open endpoint did not take on since the seller was started.
    pub turned_away: TurnedAway,
    /// The nodes of the shop, as this one stands to them.
    pub nodes: Nodes,
    /// How the backups are doing that it makes by itself; nothing where it makes none.
    pub backups: Option<Progress>,
}

/// What kind of line leads to the settlement, as `link` in the configuration names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    ClosedNetwork,
    EthernetLine,
    UnixLine,
}

/// Whether the settlement can be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    Up,
    /// What was sent is not acknowledged; another connection is being made beside.
    Silent,
    Down,
}

/// How the link to the settlement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkHealth {
    pub kind: LinkKind,
    pub state: LinkState,
    /// How long it has been so, in milliseconds.
    pub for_ms: u64,
    /// Where the settlement is, or was last. A dedicated line has no addresses.
    pub address: Option<SocketAddr>,
    /// Where it may be, the one that answered last first.
    pub addresses: Vec<SocketAddr>,
    /// From a packet to its acknowledgement, in microseconds; none without a connection.
    pub round_trip_us: Option<u64>,
    pub best_round_trip_us: Option<u64>,
    /// On all connections since the start.
    pub packets_sent: u64,
    pub packets_lost: u64,
    /// Attempts to connect since the start, and how many led to a connection.
    pub attempts: u64,
    pub connections: u64,
    /// How long ago the settlement last answered an echo (0810), in milliseconds.
    pub last_echo_ms: Option<u64>,
    /// Why there was no connection, or why it ended, the last time.
    pub last_error: Option<String>,
    /// Messages that wait for a connection, and those that wait for their answers.
    pub waiting: u64,
    pub in_flight: u64,
}

/// An order in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    pub order: OrderId,
    pub placed_at: Timestamp,
    pub state: OrderState,
    pub payment: PaymentState,
    pub fulfilment: FulfilmentState,
    pub lines: u64,
    pub total: Minor,
    pub currency: crate::money::Currency,
}

/// An order for which the settlement owes an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedRow {
    pub row: OrderRow,
    /// What is asked of the settlement: an inquiry, a reversal, a capture, a release or a refund.
    pub work: String,
}

/// One order in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDetail {
    /// The key of the terminal that placed it.
    pub owner: Pin,
    pub quote: Quote,
    /// Where it goes, for whoever packs it.
    pub deliver_to: Option<Box<Address>>,
    /// What the lines' products are called.
    pub names: Vec<String>,
    /// How many pieces of each line were shipped, cancelled and given back.
    pub shipped: Vec<u32>,
    pub cancelled_pieces: Vec<u32>,
    pub returned: Vec<u32>,
    pub placed_at: Timestamp,
    pub state: OrderState,
    pub payment: PaymentState,
    pub fulfilment: FulfilmentState,
    pub cancelled: Option<Cancelled>,
    /// Why what was not shipped yet is being cancelled.
    pub cancelling: Option<Cancelled>,
    pub decision: Option<Decided>,
    /// What a capture that is under way asks for.
    pub capturing: Option<Minor>,
    pub captured: Minor,
    pub refunded: Minor,
    /// The returns whose refunds are not answered yet.
    pub refunding: Vec<ReturnId>,
    /// What the settlement refused for good; `kessai reconcile` says what to do about it.
    pub refused: Option<crate::settlement::Refusal>,
    pub shipments: Vec<Shipped>,
}

/// Goods that have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipped {
    pub nth: u32,
    pub pieces: u64,
    pub amount: Minor,
    /// The clearing batch of its capture; 0 when it cost nothing.
    pub batch: u32,
    pub at: Timestamp,
    pub tracking: Option<Tracking>,
}

/// What the settlement decided. The reason is sealed for the shopper, and not for the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    pub verdict: Verdict,
    /// Where in the settlement's journal it stands.
    pub position: u64,
    pub at: Timestamp,
}

/// One thing that happened to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub at: Timestamp,
    /// A word or two, such as `placed`, `confirmed` or `shipped`.
    pub kind: String,
    /// What else there is to say, or nothing.
    pub text: String,
    /// The operator whose act it was.
    pub by: Option<Pin>,
}

/// Where the pieces of a product are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRow {
    pub sku: Sku,
    pub name: String,
    pub unit_price: Minor,
    /// In the shop: available, reserved and allocated together.
    pub on_hand: u64,
    pub reserved: u64,
    pub allocated: u64,
    pub available: u64,
    pub shipped: u64,
    pub returned: u64,
    pub received: u64,
    pub found: u64,
    pub written_off: u64,
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkKind::ClosedNetwork => "closed-network",
            LinkKind::EthernetLine => "ethernet-line",
            LinkKind::UnixLine => "unix-line",
        })
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkState::Up => "up",
            LinkState::Silent => "silent",
            LinkState::Down => "down",
        })
    }
}

impl Watched for Status {
    type Request = Request;
    type Reply = Reply;

    fn watch() -> Request {
        Request::Watch
    }

    fn watching(reply: Reply) -> Result<Watching, Option<String>> {
        match reply {
            Reply::Watching(watching) => Ok(watching),
            Reply::Refused(why) => Err(Some(why.to_string())),
            _ => Err(None),
        }
    }

    fn past(before: Option<u64>, limit: u16) -> Request {
        Request::Past { before, limit }
    }

    fn seconds(reply: Reply) -> Result<Vec<Second>, Option<String>> {
        match reply {
            Reply::Past(seconds) => Ok(seconds),
            Reply::Refused(why) => Err(Some(why.to_string())),
            _ => Err(None),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::NotAllowed(why) => why,
            Refusal::NoRecord { first, last } => return f.write_str(&no_record(*first, *last)),
            Refusal::NoRight => NO_RIGHT,
            Refusal::UnknownOrder => "there is no such order; `kessai-server orders list` names them",
            Refusal::UnknownProduct => "there is no such product; `kessai-server stock list` names them",
            Refusal::TooManyWatch => super::live::TOO_MANY_WATCH,
            Refusal::TryLater => return f.write_str(&try_later(DAEMON)),
        })
    }
}
