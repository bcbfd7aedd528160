//! Accounts and holds, for whoever keeps the settlement.

use clap::{Args, Subcommand};
use kessai_shared::columns::{Columns, or_dash};
use kessai_shared::console::{Failure, OK};
use kessai_shared::operator::client::Operator;
use kessai_shared::operator::print::{self, Limit, instant};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::settlement::{AccountRef, AccountRow, Charged, HoldRow, Reply, Request};
use kessai_shared::pin::Pin;
use serde_json::{Value, json};

use super::sellers;
use super::state::unexpected;
use crate::operator_wire::SETTLEMENT;

#[derive(Subcommand)]
pub enum Accounts {
    /// List accounts, in an order that says nothing of their cards.
    List(AccountList),
    /// List the accounts whose reference begins with these digits.
    Find(sellers::FindAccounts),
}

#[derive(Args)]
pub struct AccountList {
    #[command(flatten)]
    reach: Reach,
    /// Only accounts behind this one.
    #[arg(long, value_name = "ACCOUNT")]
    after: Option<AccountRef>,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
pub enum Holds {
    /// List live holds, those that run out first before the others.
    List(HoldList),
}

#[derive(Args)]
pub struct HoldList {
    #[command(flatten)]
    reach: Reach,
    /// Only holds of this seller.
    #[arg(long, value_name = "PIN")]
    seller: Option<Pin>,
    /// Only holds behind this one.
    #[arg(long, value_name = "SELLER/ORDER")]
    after: Option<Charged>,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Accounts {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked.
    pub fn run(self) -> Result<u8, Failure> {
        let list = match self {
            Accounts::Find(asked) => return sellers::find(&asked),
            Accounts::List(list) => list,
        };
        let (rows, next) = list.reach.with(SETTLEMENT, async |operator| accounts(operator, &list).await)?;
        if list.json {
            let rows: Vec<Value> = rows.iter().map(account_json).collect();
            println!("{}", json!({ "accounts": rows, "next": next.map(|next| next.to_string()) }));
            return Ok(OK);
        }
        print_accounts(rows);
        print::more("--after", next);
        Ok(OK)
    }
}

async fn accounts(
    operator: &Operator,
    list: &AccountList,
) -> Result<(Vec<AccountRow>, Option<AccountRef>), Failure> {
    list.limit
        .gather(list.after, async |next, limit| {
            match operator.ask(&Request::Accounts { after: next, limit }).await? {
                Reply::Accounts(page) => Ok(page),
                reply => Err(unexpected(reply)),
            }
        })
        .await
}

pub fn print_accounts(rows: Vec<AccountRow>) {
    let mut table = Columns::new(&[
        "account",
        "status",
        "expiry",
        ">limit",
        ">balance",
        ">held",
        ">open to buy",
        ">months late",
    ]);
    for row in rows {
        let money = [row.limit, row.balance, row.held, row.open_to_buy].map(|m| m.show(row.currency));
        let first = [row.account.to_string(), row.status, or_dash(row.expiry)];
        table.row(first.into_iter().chain(money).chain([row.months_late.to_string()]));
    }
    print!("{table}");
}

pub fn account_json(row: &AccountRow) -> Value {
    json!({
        "account": row.account.to_string(),
        "status": row.status,
        "currency": row.currency.code(),
        "limit": row.limit.0,
        "balance": row.balance.0,
        "held": row.held.0,
        "open_to_buy": row.open_to_buy.0,
        "months_late": row.months_late,
        "expiry": row.expiry.map(|expiry| expiry.to_string()),
    })
}

impl Holds {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked.
    pub fn run(self) -> Result<u8, Failure> {
        let Holds::List(list) = self;
        let (rows, next) = list.reach.with(SETTLEMENT, async |operator| holds(operator, &list).await)?;
        if list.json {
            let rows: Vec<Value> = rows.iter().map(hold_json).collect();
            println!("{}", json!({ "holds": rows, "next": next.map(|next| next.to_string()) }));
            return Ok(OK);
        }
        let mut table =
            Columns::new(&["order", "seller", "account", ">held", ">authorised", "expires (UTC)"]);
        for row in rows {
            table.row([
                row.of.order.to_string(),
                row.of.seller.to_string(),
                row.account.to_string(),
                row.held.show(row.currency),
                row.authorized.show(row.currency),
                row.expires.to_string(),
            ]);
        }
        print!("{table}");
        print::more("--after", next);
        Ok(OK)
    }
}

async fn holds(operator: &Operator, list: &HoldList) -> Result<(Vec<HoldRow>, Option<Charged>), Failure> {
    list.limit
        .gather(list.after, async |next, limit| {
            match operator.ask(&Request::Holds { seller: list.seller, after: next, limit }).await? {
                Reply::Holds(page) => Ok(page),
                reply => Err(unexpected(reply)),
            }
        })
        .await
}

fn hold_json(row: &HoldRow) -> Value {
    json!({
        "seller": row.of.seller.to_string(),
        "order": row.of.order.to_string(),
        "account": row.account.to_string(),
        "currency": row.currency.code(),
        "held": row.held.0,
        "authorized": row.authorized.0,
        "expires": instant(row.expires),
    })
}
