//! One card account after another: what it owes, what was done to it, and doing it.

mod print;

use std::path::PathBuf;

use aws_lc_rs::rand;
use clap::{Args, Subcommand};
use kessai_shared::console::{self, Failure, OK};
use kessai_shared::ids::RepaymentId;
use kessai_shared::money::{MAX_AMOUNT, Minor};
use kessai_shared::operator::account::{AccountAct, AccountDetail, BlockedAs, MonthsClosed, StatementRow};
use kessai_shared::operator::client::Operator;
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::settlement::{AccountRef, Reply, Request};
use kessai_shared::time::{Timestamp, YearMonth};

use super::operate::{STALE_PAUSE, STALE_TRIES, vault};
use super::state::unexpected;
use super::{ask, lists};
use crate::operator::client::{Operator as Local, must_exist};
use crate::operator::{Reply as LocalReply, Request as LocalRequest};
use crate::operator_wire::SETTLEMENT;
use crate::settings::Settings;

#[derive(Subcommand)]
pub enum Account {
    /// Show what is known of an account, which is nothing of its card.
    Show(Shown),
    /// List accounts, in an order that says nothing of their cards.
    List(lists::AccountList),
    /// Show the months of an account: its statements, and how late it was.
    History(Shown),
    /// Show a monthly statement.
    Statement {
        #[command(flatten)]
        shown: Shown,
        /// The month [default: the newest that was stated].
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<YearMonth>,
    },
    /// The monthly statements of all accounts.
    #[command(subcommand)]
    Statements(Statements),
    /// Book money that a cardholder has paid.
    Repay {
        #[command(flatten)]
        shown: Shown,
        /// How much, in minor units of the account's currency.
        #[arg(long, value_name = "MINOR", value_parser = clap::value_parser!(i64).range(1..=MAX_AMOUNT))]
        amount: i64,
        /// The id of this repayment, so that booking it again does nothing more [default: a new one].
        #[arg(long, value_name = "ID")]
        repayment: Option<RepaymentId>,
    },
    /// Block a card: nothing is bought with it any more.
    Block {
        #[command(flatten)]
        shown: Shown,
        /// lost, stolen or restricted.
        #[arg(long = "as", value_name = "STATUS")]
        status: BlockedAs,
        /// Why, in one line.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Take a block away. A card that was lost or stolen needs a new card file first.
    Unblock {
        #[command(flatten)]
        shown: Shown,
        /// The card that was lost or stolen is back in its holder's hands.
        #[arg(long)]
        same_card: bool,
    },
    /// Change a limit. Under the balance, nothing is charged back and nothing more is bought.
    Limit {
        #[command(flatten)]
        shown: Shown,
        /// The limit, in minor units of the account's currency.
        #[arg(long, value_name = "MINOR", value_parser = clap::value_parser!(i64).range(0..=MAX_AMOUNT))]
        limit: i64,
    },
    /// Close an account that is even, for ever.
    Close(Shown),
    /// Give up what an account owes, and block it.
    WriteOff(Shown),
}

#[derive(Subcommand)]
pub enum Statements {
    /// Close a month, and all before it, wherever it is still open. The settlement does so by itself when
    /// a month is over; this is for months that are to be closed sooner.
    Close {
        #[command(flatten)]
        reach: Reach,
        /// The month [default: the one that is over].
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<YearMonth>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Which account, and where. Without an id the card's number is asked for, which only works where the
/// settlement's keys are.
#[derive(Args)]
pub struct Shown {
    /// The account's id.
    account: Option<AccountRef>,
    /// A file with the number of its card, that nobody else may read.
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    number_file: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Account {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked, or refuses.
    pub fn run(self) -> Result<u8, Failure> {
        match self {
            Account::Show(shown) => {
                let detail = shown.detail(|account| Request::Account { account })?;
                print::detail(&detail, shown.json);
                Ok(OK)
            }
            Account::List(list) => lists::Accounts::List(list).run(),
            Account::History(shown) => history(&shown),
            Account::Statement { shown, month } => statement(&shown, month),
            Account::Statements(Statements::Close { reach, month, json }) => close(&reach, month, json),
            Account::Repay { shown, amount, repayment } => repay(&shown, Minor(amount), repayment),
            Account::Block { shown, status, why } => shown.act(&AccountAct::Block { status, why }),
            Account::Unblock { shown, same_card } => shown.act(&AccountAct::Unblock { same_card }),
            Account::Limit { shown, limit } => shown.act(&AccountAct::Limit { limit: Minor(limit) }),
            Account::Close(shown) => shown.act(&AccountAct::Close),
            Account::WriteOff(shown) => shown.act(&AccountAct::WriteOff),
        }
    }
}

impl Shown {
    fn ask(&self, request: impl FnOnce(AccountRef) -> Request) -> Result<Reply, Failure> {
        let account = self.account()?;
        self.reach.ask(SETTLEMENT, &request(account))
    }

    fn detail(&self, request: impl FnOnce(AccountRef) -> Request) -> Result<Box<AccountDetail>, Failure> {
        match self.ask(request)? {
            Reply::Account(detail) => Ok(detail),
            reply => Err(unexpected(reply)),
        }
    }

    /// Does something to the account, and shows it as it is then.
    fn act(&self, act: &AccountAct) -> Result<u8, Failure> {
        let detail = self.detail(|account| Request::ActOn { account, act: act.clone() })?;
        print::detail(&detail, self.json);
        Ok(OK)
    }

    /// The account that is named, or found by the number of its card. The number stays on this machine.
    fn account(&self) -> Result<AccountRef, Failure> {
        if let Some(account) = self.account {
            return Ok(account);
        }
        if self.reach.is_elsewhere() {
            return Err(Failure::usage(
                "name the account by its id: a card number is looked for only where the settlement's keys are",
            ));
        }
        let data = self.reach.data(SETTLEMENT)?;
        let settings = Settings::read(&data, None).map_err(Failure::usage)?;
        must_exist(&data)?;
        let number = ask::number(self.number_file.as_deref())?;
        console::runtime()?.block_on(async {
            let mut operator = Local::reach(&settings).await?;
            let found = find(&mut operator, &settings, &number).await;
            let closed = operator.close().await;
            found.and_then(|found| closed.map(|()| found))
        })
    }
}

async fn find(
    operator: &mut Local,
    settings: &Settings,
    number: &kessai_shared::card::CardNumber,
) -> Result<AccountRef, Failure> {
    for _ in 0..STALE_TRIES {
        let places = vault(settings)?.places(number);
        match operator.ask(LocalRequest::Find { places }, |_| ()).await? {
            LocalReply::Found(Some(found)) => return Ok(AccountRef(found.id.0)),
            LocalReply::Found(None) => {
                return Err(Failure::failed("there is no account with this card number"));
            }
            // The keys changed meanwhile.
            LocalReply::Stale => tokio::time::sleep(STALE_PAUSE).await,
            reply => return Err(super::operate::unexpected(&reply)),
        }
    }
    Err(super::operate::unexpected(&LocalReply::Stale))
}

/// Books a repayment. Its id is told whatever comes of it, because without an answer nobody knows whether
/// it was booked, and the same id again settles that.
fn repay(shown: &Shown, amount: Minor, repayment: Option<RepaymentId>) -> Result<u8, Failure> {
    let repayment = repayment.map_or_else(new_repayment, Ok)?;
    let account = shown.account()?;
    let act = AccountAct::Repay { repayment, amount };
    let reply: Result<Reply, Failure> = shown.reach.ask(SETTLEMENT, &Request::ActOn { account, act });
    let reply = reply.map_err(|failure| {
        let again = format!("account repay {account} --amount {amount} --repayment {repayment}");
        let line = format!("{}; when it answers again, run: kessai-settlement {again}", failure.line);
        Failure { line, ..failure }
    })?;
    match reply {
        Reply::Account(detail) => print::repaid(&detail, (repayment, amount), shown.json),
        reply => return Err(unexpected(reply)),
    }
    Ok(OK)
}

fn new_repayment() -> Result<RepaymentId, Failure> {
    let mut random = [0; 10];
    rand::fill(&mut random).map_err(|_| Failure::failed("the system gives no random bytes"))?;
    Ok(RepaymentId::mint(Timestamp::from_system_clock(), random))
}

fn history(shown: &Shown) -> Result<u8, Failure> {
    let account = shown.account()?;
    let (detail, statements) = shown.reach.with(SETTLEMENT, async |operator| {
        let detail = match operator.ask(&Request::Account { account }).await? {
            Reply::Account(detail) => detail,
            reply => return Err(unexpected(reply)),
        };
        Ok((detail, statements(operator, account).await?))
    })?;
    print::history(&detail, &statements, shown.json);
    Ok(OK)
}

fn statement(shown: &Shown, month: Option<YearMonth>) -> Result<u8, Failure> {
    let account = shown.account()?;
    let Reply::Statements { currency, statements } =
        shown.reach.ask(SETTLEMENT, &Request::Statements { account }).and_then(|reply| match reply {
            Reply::Statements { .. } => Ok(reply),
            reply => Err(unexpected(reply)),
        })?
    else {
        return Err(Failure::failed("the settlement told no statements"));
    };
    let wanted = statements.iter().find(|one| month.is_none_or(|month| one.month == month));
    let Some(wanted) = wanted else {
        let which =
            month.map_or_else(|| "no statement yet".to_owned(), |month| format!("no statement of {month}"));
        return Err(Failure::failed(format!(
            "account {account} has {which}; `kessai-settlement account history {account}` lists those there are"
        )));
    };
    print::statement(account, currency, wanted, shown.json);
    Ok(OK)
}

async fn statements(operator: &Operator, account: AccountRef) -> Result<Vec<StatementRow>, Failure> {
    match operator.ask(&Request::Statements { account }).await? {
        Reply::Statements { statements, .. } => Ok(statements),
        reply => Err(unexpected(reply)),
    }
}

/// Closes a month round after round, so that purchases wait for one of them at most.
fn close(reach: &Reach, month: Option<YearMonth>, json: bool) -> Result<u8, Failure> {
    let month = month.unwrap_or_else(|| Timestamp::from_system_clock().month().previous());
    let closed = reach.with(SETTLEMENT, async |operator| {
        let mut sum = MonthsClosed::default();
        loop {
            let part = match operator.ask(&Request::CloseMonth { month }).await? {
                Reply::MonthsClosed(part) => part,
                reply => return Err(unexpected(reply)),
            };
            sum.stated += part.stated;
            sum.passed += part.passed;
            if !part.more {
                return Ok(sum);
            }
        }
    })?;
    print::closed(month, &closed, json);
    Ok(OK)
}
