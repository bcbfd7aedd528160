//! One account: what operators are shown of it, and what they do to it.

use kessai_shared::operator::account::{
    self as wire, AccountDetail, BlockRow, BlockedAs, MonthsClosed, MovedRow, StatementRow,
};
use kessai_shared::operator::settlement::{AccountRef, Refusal, Reply};
use kessai_shared::pin::Pin;
use kessai_shared::time::YearMonth;
use kessai_shared::writer::{WriterGone, hand_in};
use tokio::sync::oneshot;

use super::service::Service;
use super::views;
use crate::clerk::Command;
use crate::clerk::accounts::{self, ClosedMonths};
use crate::ledger::{Account, AccountAct, AccountId, Blocked, Books, Moved, NotDone, Statement};

impl Service {
    pub(super) async fn account(&self, account: AccountRef) -> Result<Reply, Refusal> {
        let id = AccountId(account.0);
        let detail = self.read(move |books, _| detail(books, id)).await?;
        detail.map(|detail| Reply::Account(Box::new(detail))).ok_or(Refusal::UnknownAccount)
    }

    pub(super) async fn statements(&self, account: AccountRef) -> Result<Reply, Refusal> {
        let id = AccountId(account.0);
        let told = self.read(move |books, _| {
            let currency = books.account(id)?.currency;
            let statements = books.statements_of(id).rev().map(statement).collect();
            Some(Reply::Statements { currency, statements })
        });
        told.await?.ok_or(Refusal::UnknownAccount)
    }

    pub(super) async fn act(
        &self,
        account: AccountRef,
        act: wire::AccountAct,
        by: Pin,
    ) -> Result<Reply, Refusal> {
        let (id, name) = (AccountId(account.0), name(&act));
        let act = self::act(act);
        let done = self.ask(|tell| accounts::Command::Act { id, act, by, tell }).await?;
        match done {
            Ok(_) => {
                tracing::info!("operator {by}: account {account}: {name}");
                self.account(account).await
            }
            Err(NotDone::Unknown) => Err(Refusal::UnknownAccount),
            Err(why) => {
                tracing::warn!("operator {by}: account {account}: {name} was refused: {why}");
                Err(Refusal::NotDone(why.to_string()))
            }
        }
    }

    pub(super) async fn close_month(&self, month: YearMonth, by: Pin) -> Result<Reply, Refusal> {
        match self.ask(|tell| accounts::Command::CloseMonth { month, by, tell }).await? {
            Ok(ClosedMonths { stated, passed, more }) => {
                tracing::info!("operator {by}: {month} was closed: {stated} statements");
                Ok(Reply::MonthsClosed(MonthsClosed { stated, passed, more }))
            }
            Err(too_far) => Err(Refusal::NotDone(too_far.to_string())),
        }
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> accounts::Command,
    ) -> Result<T, Refusal> {
        let (tell, told) = oneshot::channel();
        let handed = hand_in(&self.writer, Command::Accounts(command(tell))).await;
        handed.map_err(|WriterGone| Refusal::TryLater)?;
        told.await.map_err(|_| Refusal::TryLater)
    }
}

/// What an act is called in the log.
const fn name(act: &wire::AccountAct) -> &'static str {
    match act {
        wire::AccountAct::Repay { .. } => "repayment",
        wire::AccountAct::Block { .. } => "block",
        wire::AccountAct::Unblock { .. } => "unblock",
        wire::AccountAct::Limit { .. } => "limit",
        wire::AccountAct::Close => "close",
        wire::AccountAct::WriteOff => "write-off",
    }
}

fn act(act: wire::AccountAct) -> AccountAct {
    match act {
        wire::AccountAct::Repay { repayment, amount } => AccountAct::Repay { repayment, amount },
        wire::AccountAct::Block { status, why } => {
            let status = match status {
                BlockedAs::Lost => Blocked::Lost,
                BlockedAs::Stolen => Blocked::Stolen,
                BlockedAs::Restricted => Blocked::Restricted,
            };
            AccountAct::Block { status, why }
        }
        wire::AccountAct::Unblock { same_card } => AccountAct::Unblock { same_card },
        wire::AccountAct::Limit { limit } => AccountAct::Limit { limit },
        wire::AccountAct::Close => AccountAct::Close,
        wire::AccountAct::WriteOff => AccountAct::WriteOff,
    }
}

fn detail(books: &Books, id: AccountId) -> Option<AccountDetail> {
    let account: &Account = books.account(id)?;
    let (life, billing) = (&account.life, &account.life.billing);
    let block = life.block.as_ref();
    Some(AccountDetail {
        row: views::account_row(id, account),
        late_history: account.late_history.clone(),
        asked: billing.past_due(),
        open_month: account.open_month(),
        opening: billing.opening,
        moved: moved(&billing.moved),
        written_off: life.written_off,
        block: block.map(|block| BlockRow { why: block.why.clone(), by: block.by, at: block.at }),
        holder_key: account.holder_required,
        last: books.statements_of(id).next_back().map(statement),
    })
}

fn statement(statement: &Statement) -> StatementRow {
    let Statement { month, opening, closing, past_due, minimum_due, due, months_late, .. } = *statement;
    let moved = moved(&statement.moved);
    StatementRow { month, opening, moved, closing, past_due, minimum_due, due, months_late }
}

fn moved(moved: &Moved) -> MovedRow {
    let Moved { purchases, refunds, repayments, fees, written_off } = *moved;
    MovedRow { purchases, refunds, repayments, fees, written_off }
}
