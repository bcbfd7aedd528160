//! Orders found by what is known of them, and those that wait for the settlement.

use clap::Args;
use kessai_shared::columns::Columns;
use kessai_shared::console::{Failure, OK};
use kessai_shared::ids::OrderId;
use kessai_shared::operator::print::{self, Limit, word};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::seller::{OrderRow, OwedRow, Reply, Request};
use serde_json::{Value, json};

use super::{orders, unexpected};
use crate::operator::SELLER;

#[derive(Args)]
pub struct Find {
    /// Each has to fit.
    #[arg(required = true)]
    words: Vec<String>,
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

#[derive(Args)]
pub struct Owed {
    #[command(flatten)]
    reach: Reach,
    /// Only orders newer than this one.
    #[arg(long, value_name = "ORDER")]
    after: Option<OrderId>,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Lists the orders that fit all words.
///
/// # Errors
/// [`Failure`] when the seller cannot be asked.
pub fn find(asked: &Find) -> Result<u8, Failure> {
    let words = asked.words.join(" ");
    let (rows, next): (Vec<OrderRow>, _) = asked.reach.with(SELLER, async |operator| {
        let page = async |before, limit| {
            let words = words.clone();
            match operator.ask(&Request::FindOrders { words, before, limit }).await? {
                Reply::Orders(page) => Ok(page),
                reply => Err(unexpected(reply)),
            }
        };
        asked.limit.gather(asked.before, page).await
    })?;
    if asked.json {
        let rows: Vec<Value> = rows.iter().map(orders::row_json).collect();
        println!("{}", json!({ "orders": rows, "next": next.map(|next| next.to_string()) }));
        return Ok(OK);
    }
    orders::print(&rows);
    print::more("--before", next);
    Ok(OK)
}

/// Lists the orders whose end waits for the settlement.
///
/// # Errors
/// [`Failure`] when the seller cannot be asked.
pub fn owed(asked: &Owed) -> Result<u8, Failure> {
    let (rows, next): (Vec<OwedRow>, _) = asked.reach.with(SELLER, async |operator| {
        let page = async |after, limit| match operator.ask(&Request::Owed { after, limit }).await? {
            Reply::Owed(page) => Ok(page),
            reply => Err(unexpected(reply)),
        };
        asked.limit.gather(asked.after, page).await
    })?;
    if asked.json {
        let row = |owed: &OwedRow| json!({ "order": orders::row_json(&owed.row), "work": owed.work });
        let rows: Vec<Value> = rows.iter().map(row).collect();
        println!("{}", json!({ "owed": rows, "next": next.map(|next| next.to_string()) }));
        return Ok(OK);
    }
    let mut table = Columns::new(&["order", "placed (UTC)", "waits for", "payment", ">total"]);
    for OwedRow { row, work } in rows {
        let total = row.total.show(row.currency);
        table.row([row.order.to_string(), row.placed_at.to_string(), work, word(row.payment), total]);
    }
    print!("{table}");
    print::more("--after", next);
    Ok(OK)
}
