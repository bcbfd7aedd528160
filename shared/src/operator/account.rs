//! One card account on the operator wire: what is shown of it, and what is done to it. Nothing of its
//! card is in any of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::settlement::AccountRow;
use crate::ids::{BadId, RepaymentId};
use crate::money::Minor;
use crate::pin::Pin;
use crate::time::{Day, Timestamp, YearMonth};

/// What an operator does to an account. Asking for the same again does nothing more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountAct {
    /// The cardholder has paid. Whoever records it mints the id; another amount or account under the same
    /// id is refused.
    Repay { repayment: RepaymentId, amount: Minor },
    /// `why` is one line of at most 120 bytes.
    Block { status: BlockedAs, why: String },
    /// A card that was lost or stolen is unblocked only when a card file was made since, or it is said to
    /// be the same card that is back in its holder's hands.
    Unblock { same_card: bool },
    /// It may go under the balance: nothing is charged back.
    Limit { limit: Minor },
    /// Only an account that owes nothing, is owed nothing and holds nothing; for ever.
    Close,
    /// Gives the whole balance up, and blocks the account until it is repaid after all.
    WriteOff,
}

/// Why a card is blocked: the codes 41, 43 and 62 of ISO 8583.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockedAs {
    Lost,
    Stolen,
    Restricted,
}

/// An account with all that operators see of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDetail {
    pub row: AccountRow,
    /// How many months late it was in the months before, newest first, at most 24.
    pub late_history: Vec<u8>,
    /// What statements asked for and was not paid, in minor units; the newest one's may not be late yet.
    pub asked: Minor,
    /// The month that is open; an account that has nothing to state has none.
    pub open_month: Option<YearMonth>,
    /// The balance at its beginning, and what has moved in it.
    pub opening: Minor,
    pub moved: MovedRow,
    /// What was written off and has not come in after all.
    pub written_off: Minor,
    pub block: Option<BlockRow>,
    /// Whether purchases have to be signed with its holder's key.
    pub holder_key: bool,
    pub last: Option<StatementRow>,
}

/// Who blocked an account, when, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockRow {
    pub why: String,
    pub by: Pin,
    pub at: Timestamp,
}

/// What moved on an account in one month, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedRow {
    pub purchases: Minor,
    /// What sellers gave back, and what was charged back.
    pub refunds: Minor,
    pub repayments: Minor,
    pub fees: Minor,
    pub written_off: Minor,
}

/// A monthly statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRow {
    pub month: YearMonth,
    pub opening: Minor,
    pub moved: MovedRow,
    pub closing: Minor,
    pub past_due: Minor,
    /// What is to be paid by the due day, that day included, with what is past due.
    pub minimum_due: Minor,
    pub due: Day,
    pub months_late: u8,
}

/// How far the closing of months is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthsClosed {
    pub stated: u64,
    /// Months in which nothing was owed and nothing moved.
    pub passed: u64,
    /// Whether there are accounts left whose month is still open: ask again.
    pub more: bool,
}

impl BlockedAs {
    pub const fn word(self) -> &'static str {
        match self {
            BlockedAs::Lost => "lost",
            BlockedAs::Stolen => "stolen",
            BlockedAs::Restricted => "restricted",
        }
    }
}

impl FromStr for BlockedAs {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let all = [BlockedAs::Lost, BlockedAs::Stolen, BlockedAs::Restricted];
        all.into_iter()
            .find(|status| status.word() == text)
            .ok_or(BadId("expected lost, stolen or restricted"))
    }
}

impl fmt::Display for BlockedAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
