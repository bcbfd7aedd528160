//! What the writer does about the lives of accounts: an operator's acts, and the months that are over.

use std::time::Duration;

use kessai_shared::pin::Pin;
use kessai_shared::store::Fault;
use kessai_shared::time::{Timestamp, YearMonth};

use super::{Desk, Tell, answer};
use crate::ledger::{self, Account, AccountAct, AccountId, NotDone, Terms};

/// Most months that one round closes. A purchase that comes meanwhile waits for one round: a few
/// milliseconds. A million accounts are closed within minutes of the first of the month.
const MAX_CLOSES_A_ROUND: usize = 500;
/// How long the clock must say without a break that a month is over before it is closed, in seconds: a
/// clock that is wrong for a moment must not make anybody late. Two looks at it that lie further apart
/// than [`BREAK`] are a break.
const STEADY_SECONDS: u64 = 120;
const BREAK: Duration = Duration::from_secs(60);
/// How far ahead of the clock an operator may close months, in months: far enough for a rehearsal, and
/// not as far as a slip of the pen reaches.
const MAX_MONTHS_AHEAD: u32 = 12;

/// What is asked of the writer about accounts; `by` is the operator's key.
pub enum Command {
    /// The answer is the account as it is then, whether the act changed it or was done already.
    Act { id: AccountId, act: AccountAct, by: Pin, tell: Tell<Result<Account, NotDone>> },
    /// Closes the open months of accounts up to this one, at most one round of them.
    CloseMonth { month: YearMonth, by: Pin, tell: Tell<Result<ClosedMonths, TooFarAhead>> },
}

/// How far the closing of a month is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClosedMonths {
    /// Statements made, and months passed without one.
    pub stated: u64,
    pub passed: u64,
    /// Whether accounts are left whose month is still open.
    pub more: bool,
}

/// The month is further ahead of the clock than any rehearsal needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFarAhead;

/// Since when the clock has said that months are over, and when it was last looked at.
#[derive(Default)]
pub struct Months {
    steady: Option<(Timestamp, Timestamp)>,
}

impl Months {
    /// Closes months that are over, once the clock has said so for long enough.
    pub(super) fn turn(&mut self, terms: &Terms, now: Timestamp, desk: &mut Desk<'_>) -> Result<(), Fault> {
        let over = now.month().previous();
        if desk.books().to_close(over).next().is_none() {
            self.steady = None;
            return Ok(());
        }
        if !self.is_sure(now) {
            return Ok(());
        }
        close(over, None, terms, desk)?;
        Ok(())
    }

    fn is_sure(&mut self, now: Timestamp) -> bool {
        let since = match self.steady {
            Some((since, last)) if last <= now && now <= last.plus_seconds(BREAK.as_secs()) => since,
            Some(_) | None => now,
        };
        self.steady = Some((since, now));
        since.plus_seconds(STEADY_SECONDS) <= now
    }
}

pub(super) fn handle(
    command: Command,
    (terms, now): (&Terms, Timestamp),
    desk: &mut Desk<'_>,
) -> Result<(), Fault> {
    match command {
        Command::Act { id, act, by, tell } => {
            let done = match ledger::act(desk.books(), id, &act, (by, now)) {
                Ok(Some(change)) => desk.change(&change).map(|_| Ok(()))?,
                Ok(None) => Ok(()),
                Err(why) => Err(why),
            };
            let account = done.and_then(|()| desk.books().account(id).cloned().ok_or(NotDone::Unknown));
            answer(desk, tell, account);
        }
        Command::CloseMonth { month, by, tell } => {
            let closed = if month.months_since(now.month()) > MAX_MONTHS_AHEAD {
                Err(TooFarAhead)
            } else {
                Ok(close(month, Some(by), terms, desk)?)
            };
            answer(desk, tell, closed);
        }
    }
    Ok(())
}

/// Closes months up to this one, one round of them, the earliest first.
fn close(
    until: YearMonth,
    by: Option<Pin>,
    terms: &Terms,
    desk: &mut Desk<'_>,
) -> Result<ClosedMonths, Fault> {
    let mut closed = ClosedMonths::default();
    let due: Vec<_> = desk.books().to_close(until).take(MAX_CLOSES_A_ROUND).collect();
    for id in due {
        let Some(change) = ledger::close_month(desk.books(), id, until, terms, by) else { continue };
        desk.change(&change)?;
        match change {
            ledger::Change::Account(change) if matches!(change.event, ledger::Event::Stated { .. }) => {
                closed.stated += 1;
            }
            _ => closed.passed += 1,
        }
    }
    closed.more = desk.books().to_close(until).next().is_some();
    Ok(closed)
}

impl std::fmt::Display for TooFarAhead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "this month is more than {MAX_MONTHS_AHEAD} months ahead; name a nearer one")
    }
}
