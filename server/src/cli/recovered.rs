//! Orders that were recovered from the settlement's books.

use clap::Args;
use kessai_shared::columns::{Columns, or_dash};
use kessai_shared::console::{Failure, OK};
use kessai_shared::ids::OrderId;
use kessai_shared::operator::client::Operator;
use kessai_shared::operator::print::{self, Limit, instant, word};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::rows::RecoveredRow;
use kessai_shared::operator::seller::{Reply, Request};
use serde_json::{Value, json};

use super::unexpected;
use crate::operator::SELLER;

#[derive(Args)]
pub struct Recovered {
    #[command(flatten)]
    reach: Reach,
    /// Only orders older than this one.
    #[arg(long, value_name = "ORDER")]
    before: Option<OrderId>,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Recovered {
    /// Lists them, the newest first.
    ///
    /// # Errors
    /// [`Failure`] when the seller cannot be asked.
    pub fn run(&self) -> Result<u8, Failure> {
        let (rows, next) = self.reach.with(SELLER, async |operator| self.all(operator).await)?;
        if self.json {
            let rows: Vec<Value> = rows.iter().map(row_json).collect();
            println!("{}", json!({ "orders": rows, "next": next.map(|next| next.to_string()) }));
            return Ok(OK);
        }
        let mut table = Columns::new(&[
            "order",
            "order is",
            ">total",
            ">held",
            ">charged",
            ">given back",
            "until (UTC)",
            "refused",
        ]);
        for row in &rows {
            let money = |amount: kessai_shared::money::Minor| amount.show(row.currency);
            table.row([
                row.order.to_string(),
                word(row.state),
                money(row.amount),
                money(row.held),
                money(row.charged),
                money(row.given_back),
                row.until.to_string(),
                or_dash(row.refused.map(word)),
            ]);
        }
        print!("{table}");
        print::more("--before", next);
        Ok(OK)
    }

    async fn all(&self, operator: &Operator) -> Result<(Vec<RecoveredRow>, Option<OrderId>), Failure> {
        self.limit
            .gather(self.before, async |next, limit| {
                match operator.ask(&Request::Recovered { before: next, limit }).await? {
                    Reply::Recovered(page) => Ok(page),
                    reply => Err(unexpected(reply)),
                }
            })
            .await
    }
}

fn row_json(row: &RecoveredRow) -> Value {
    json!({
        "order": row.order.to_string(),
        "state": word(row.state),
        "currency": row.currency.code(),
        "total": row.amount.0,
        "held": row.held.0,
        "charged": row.charged.0,
        "given_back": row.given_back.0,
        "until": instant(row.until),
        "refused": row.refused.map(word),
    })
}
