//! What an operator and the settlement say to each other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::account::{AccountAct, AccountDetail, MonthsClosed, StatementRow};
use super::client::Daemon;
use super::keeper::{no_record, try_later};
use super::live::{Second, Watched, Watching};
use super::nodes::Nodes;
use super::rights::NO_RIGHT;
use super::rows::{Charge, ClearingBatch, NotDone};
use super::shops::ShopRow;
use super::{Page, Peers, disputes, trail};
use crate::backup::schedule::Progress;
use crate::folder::FolderKind;
use crate::hex;
use crate::ids::{BadId, CaptureId, Epoch, OrderId};
use crate::money::{Currency, Minor};
use crate::net::knock::Counts;
use crate::outcome::Reason;
use crate::pin::Pin;
use crate::time::{Timestamp, YearMonth};

/// The protocol's name in TLS. It is another one than the seller's, so that what was meant for one
/// daemon is never understood by the other.
pub const ALPN: &[u8] = b"kessai-operator/5 settlement";

/// The settlement as its operators reach it.
pub const DAEMON: Daemon = Daemon {
    word: "settlement",
    program: "kessai-settlement",
    folder: FolderKind { name: "kessai-settlement", version: 2 },
    alpn: ALPN,
    is_silent: true,
};

/// What an operator asks of a settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    Status,
    Peers,
    /// A seller's orders older than `before`, or from the newest on, the newest first.
    Charges {
        seller: Pin,
        before: Option<OrderId>,
        limit: u16,
    },
    /// The sellers behind this one that there are clearing batches of, each with the batch to look at first:
    /// one that is disputed, or else the open one.
    Clearing {
        after: Option<Pin>,
        limit: u16,
    },
    /// A seller's clearing batches before this one, or from the open one on, the newest first.
    Batches {
        seller: Pin,
        before: Option<u32>,
        limit: u16,
    },
    /// Close the open batch of a seller now.
    CloseBatch {
        seller: Pin,
    },
    /// Settle a dispute: pay the batch out as the settlement's books have it.
    AcceptBatch {
        seller: Pin,
        batch: u32,
        reason: String,
    },
    /// The credit policies that were in force before the one of this sequence, or all, the newest first.
    Policies {
        before: Option<u32>,
        limit: u16,
    },
    /// Accounts behind `after`, or from the first. Their order says nothing of the cards.
    Accounts {
        after: Option<AccountRef>,
        limit: u16,
    },
    /// Live holds behind `after`, or from the one that runs out first.
    Holds {
        seller: Option<Pin>,
        after: Option<Charged>,
        limit: u16,
    },
    /// Entries of the journal from this position on. One request reads one file of the journal.
    Entries {
        of: EntriesOf,
        from: u64,
        limit: u16,
    },
    /// What became of one order's inquiry.
    Charge {
        of: Charged,
    },
    /// About charges that are disputed, and captures that came too late.
    Disputes(disputes::Request),
    Account {
        account: AccountRef,
    },
    /// The statements that are kept of an account.
    Statements {
        account: AccountRef,
    },
    ActOn {
        account: AccountRef,
        act: AccountAct,
    },
    /// Closes the open months of accounts up to this one, as many as fit into one round. The settlement
    /// closes a month by itself when it is over.
    CloseMonth {
        month: YearMonth,
    },
    /// Puts this standby in charge; with `force` even when it is known to have less than the one it followed.
    Promote {
        force: bool,
    },
    /// The shops behind this one that a node was ever put in charge of, by their pin.
    Shops {
        after: Option<Pin>,
        limit: u16,
    },
    /// Up to where a backup that is made now goes, and what the books come to there.
    BackupPoint,
    /// Says each second how things are, from now on, on a stream of its own.
    Watch,
    /// Seconds before this one, or from the last on, the newest first.
    Past {
        before: Option<u64>,
        limit: u16,
    },
    /// What both daemons are asked alike: acts, records, operators.
    Trail(trail::Request),
    /// Accounts whose reference begins with these digits, behind `after`.
    FindAccounts {
        prefix: String,
        after: Option<AccountRef>,
        limit: u16,
    },
    /// The sellers on the list behind this one, and how many connections each has.
    Sellers {
        after: Option<Pin>,
        limit: u16,
    },
    /// Lets a seller connect.
    AllowSeller {
        seller: Pin,
        reason: String,
    },
    /// Takes a seller off the list; its connections are closed.
    RevokeSeller {
        seller: Pin,
        reason: String,
    },
    /// Begins to keep all cards under a new key; it goes on by itself.
    Rekey {
        reason: String,
    },
    /// Puts the policy of the file in force now, instead of within a second.
    ReloadPolicy,
    /// The last four digits of an account's card. More than that is shown to nobody.
    ShowCard {
        account: AccountRef,
        reason: String,
    },
}

impl Request {
    /// Whether it changes something, which takes the right to act. To be shown a card does: it is recorded,
    /// and what was seen cannot be unseen.
    pub const fn changes(&self) -> bool {
        match self {
            Request::Trail(request) => request.changes(),
            Request::Disputes(request) => request.changes(),
            Request::Status
            | Request::Peers
            | Request::Charges { .. }
            | Request::Clearing { .. }
            | Request::Batches { .. }
            | Request::Policies { .. }
            | Request::Accounts { .. }
            | Request::Holds { .. }
            | Request::Entries { .. }
            | Request::Charge { .. }
            | Request::Account { .. }
            | Request::Statements { .. }
            | Request::Shops { .. }
            | Request::BackupPoint
            | Request::Watch
            | Request::Past { .. }
            | Request::FindAccounts { .. }
            | Request::Sellers { .. } => false,
            Request::CloseBatch { .. }
            | Request::AcceptBatch { .. }
            | Request::ActOn { .. }
            | Request::CloseMonth { .. }
            | Request::Promote { .. }
            | Request::AllowSeller { .. }
            | Request::RevokeSeller { .. }
            | Request::Rekey { .. }
            | Request::ReloadPolicy
            | Request::ShowCard { .. } => true,
        }
    }
}

/// What an operator is told by a settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Status(Box<Status>),
    Peers(Peers),
    Charges(Page<Charge, OrderId>),
    Clearing(Page<(Pin, ClearingBatch), Pin>),
    Batches(Page<ClearingBatch, u32>),
    /// The number of the batch that is closed now.
    BatchClosed(u32),
    BatchAccepted,
    Policies(Page<PolicyRow, u32>),
    Accounts(Page<AccountRow, AccountRef>),
    Holds(Page<HoldRow, Charged>),
    Entries {
        page: Page<EntryRow, u64>,
        /// The first position that is still in the journal; of what was before it, a checkpoint has the
        /// sums.
        begins: u64,
    },
    Charge(Box<ChargeDetail>),
    Disputes(disputes::Reply),
    Account(Box<AccountDetail>),
    /// The newest first, and the currency they are in.
    Statements {
        currency: Currency,
        statements: Vec<StatementRow>,
    },
    MonthsClosed(MonthsClosed),
    /// It is in charge under this epoch, from this position of the journal on.
    Promoted {
        epoch: Epoch,
        position: u64,
        /// How many records it lacks of those that the node it followed had when it last said so; `None` when
        /// that was never heard of since this one was started.
        lacks: Option<u64>,
    },
    Shops(Page<ShopRow, Pin>),
    BackupPoint {
        /// The last durable record.
        position: u64,
        totals: Vec<(String, i64)>,
    },
    /// A [`super::live::Beat`] of [`Status`] follows each second.
    Watching(Watching),
    /// At most [`super::live::MAX_SECONDS`], the newest first; none when none is remembered.
    Past(Vec<Second>),
    Refused(Refusal),
    Trail(trail::Reply),
    /// Each with how many connections it has.
    Sellers(Page<(Pin, u64), Pin>),
    /// The policy in force, and whether it is so since just now.
    PolicyInForce {
        policy: PolicyRow,
        is_new: bool,
    },
    CardShown {
        /// The position of the record of its having been shown.
        position: u64,
        last_four: String,
        expiry: YearMonth,
    },
}

/// Why an operator's request was not carried out. Nothing has changed when one of these comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The daemon is going down or cannot read its journal; the same request may succeed later.
    TryLater,
    /// As many watch already as may, of this key or in all.
    TooManyWatch,
    Clearing(NotDone),
    UnknownAccount,
    /// No inquiry for this order of this seller ever came.
    UnknownOrder,
    /// The journal cannot be read; its own line says why.
    Unreadable(String),
    /// The act is against a rule; one line says which, and what to do.
    NotDone(String),
    /// This operator's key may watch, and change nothing.
    NoRight,
    /// There is no such record; the journal has those from the first to the last of these.
    NoRecord {
        first: u64,
        last: u64,
    },
}

/// How a settlement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub pid: u32,
    pub accounts: u64,
    /// Live holds, of all sellers.
    pub holds: u64,
    /// The newest generation of the vault's key that an account is kept under.
    pub generation: u32,
    /// How many keys may connect as sellers, and how many connections they have.
    pub sellers: u64,
    pub connections: u64,
    /// The position of the last durable record of the journal.
    pub position: u64,
    /// Clearing batches of all sellers that differ from the sellers' books, and are not paid.
    pub disputed_batches: u64,
    /// What came to the port of the sellers since the settlement was started, strangers' included.
    pub gate: Counts,
    /// The nodes of the settlement, as this one stands to them.
    pub nodes: Nodes,
    /// How the backups are doing that it makes by itself; nothing where it makes none.
    pub backups: Option<Progress>,
}

/// A credit policy that came into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// How many were adopted with this one.
    pub sequence: u32,
    pub version: u32,
    pub digest: [u8; 32],
    /// The position of its record, and when that was written.
    pub position: u64,
    pub at: Timestamp,
    /// The operator who put it in force.
    pub by: Pin,
    /// What its file would say: TOML, every key.
    pub text: String,
}

/// What the books know an account by: 32 hexadecimal digits, which say nothing of its card.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountRef(pub [u8; 16]);

/// A seller's order: the same order id of two sellers is two orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Charged {
    pub seller: Pin,
    pub order: OrderId,
}

/// Which entries are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntriesOf {
    All,
    Account(AccountRef),
    Order(OrderId),
    Seller(Pin),
}

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    pub account: AccountRef,
    /// `normal`, or what the card was reported or made.
    pub status: String,
    pub currency: Currency,
    pub limit: Minor,
    pub balance: Minor,
    pub held: Minor,
    pub open_to_buy: Minor,
    pub months_late: u8,
    /// When its card expires, for whoever may act: half of what a thief needs is no figure to watch.
    pub expiry: Option<YearMonth>,
}

/// A live hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRow {
    pub of: Charged,
    pub account: AccountRef,
    pub currency: Currency,
    /// What is still held of what was authorised.
    pub held: Minor,
    pub authorized: Minor,
    pub expires: Timestamp,
}

/// One double entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    /// Where in the journal the change stands that it belongs to, and when that was written.
    pub position: u64,
    pub at: Timestamp,
    /// What has happened: `captured`, for example.
    pub change: String,
    pub order: Option<Charged>,
    /// The operator whose act it was, if it was one's.
    pub by: Option<Pin>,
    pub debit: Side,
    pub credit: Side,
    pub currency: Currency,
    pub amount: Minor,
}

/// An account of the ledger: what it is called, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    pub name: String,
    pub of: Option<Owner>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    Account(AccountRef),
    Seller(Pin),
}

/// What became of one order's inquiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeDetail {
    pub of: Charged,
    /// `held`, `captured`, `declined` and so on.
    pub state: String,
    pub decision: Option<DecisionDetail>,
    pub account: Option<AccountRef>,
    pub authorized: Minor,
    pub voided: Minor,
    pub captured: Minor,
    pub refunded: Minor,
    /// What cardholders disputed and were given back.
    pub charged_back: Minor,
    /// What is still held.
    pub held: Minor,
    pub expires: Timestamp,
    /// At most [`super::MAX_ROWS`] of them, the oldest first.
    pub captures: Vec<CaptureRow>,
}

/// The decision, with the reason that only the card company and the cardholder see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionDetail {
    pub position: u64,
    pub at: Timestamp,
    pub reason: Reason,
    pub amount: Minor,
    pub currency: Currency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureRow {
    pub capture: CaptureId,
    pub amount: Minor,
    pub last: bool,
    pub batch: u32,
}

impl fmt::Display for AccountRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AccountRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AccountRef {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let mut id = [0; 16];
        hex::fill(text, &mut id).ok_or(BadId("not an account: expected 32 hexadecimal digits"))?;
        Ok(Self(id))
    }
}

impl fmt::Display for Charged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.seller, self.order)
    }
}

impl FromStr for Charged {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId("expected SELLER/ORDER: the seller's pin and the order's id");
        let (seller, order) = text.split_once('/').ok_or_else(|| bad.clone())?;
        Ok(Self { seller: seller.parse().map_err(|_| bad.clone())?, order: order.parse().map_err(|_| bad)? })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Some(Owner::Account(account)) => write!(f, "{} {account}", self.name),
            Some(Owner::Seller(seller)) => write!(f, "{} {seller}", self.name),
            None => f.write_str(&self.name),
        }
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
        match self {
            Refusal::TooManyWatch => f.write_str(super::live::TOO_MANY_WATCH),
            Refusal::TryLater => f.write_str(&try_later(DAEMON)),
            Refusal::UnknownAccount => {
                f.write_str("there is no such account; `kessai-settlement accounts list` names them")
            }
            Refusal::UnknownOrder => f.write_str("no inquiry for this order of this seller ever came"),
            Refusal::Unreadable(why) => {
                write!(f, "the journal cannot be read: {why}; run: kessai-settlement verify")
            }
            Refusal::Clearing(why) => why.fmt(f),
            Refusal::NoRight => f.write_str(NO_RIGHT),
            Refusal::NoRecord { first, last } => f.write_str(&no_record(*first, *last)),
            Refusal::NotDone(why) => f.write_str(why),
        }
    }
}
