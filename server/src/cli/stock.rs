//! Where the pieces of every product are, for whoever keeps the shop.

use clap::{Args, Subcommand};
use kessai_shared::columns::Columns;
use kessai_shared::console::{Failure, OK};
use kessai_shared::ids::Sku;
use kessai_shared::operator::client::Operator;
use kessai_shared::operator::print::{self, Limit};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::seller::{Reply, Request, StockRow};
use serde_json::{Value, json};

use super::{shelves, unexpected};
use crate::operator::SELLER;

#[derive(Subcommand)]
pub enum Stock {
    /// List products by their SKU.
    List(List),
    /// List the products that fit some words, by SKU, name or category.
    Find(Find),
    /// Print one product.
    Show(One),
    /// Take goods in.
    Receive(shelves::Receive),
    /// Put the books of a product right: pieces that were counted, damaged, lost or found.
    Adjust(shelves::Adjust),
}

#[derive(Args)]
pub struct List {
    #[command(flatten)]
    reach: Reach,
    /// Only products behind this one.
    #[arg(long, value_name = "SKU", value_parser = sku)]
    after: Option<Sku>,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Find {
    /// Each has to fit.
    #[arg(required = true)]
    words: Vec<String>,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct One {
    #[arg(value_parser = sku)]
    sku: Sku,
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn sku(text: &str) -> Result<Sku, String> {
    Sku::new(text).map_err(|error| error.to_string())
}

impl Stock {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the seller cannot be asked, or knows no such product.
    pub fn run(self) -> Result<u8, Failure> {
        match self {
            Stock::Receive(receive) => return receive.run(),
            Stock::Adjust(adjust) => return adjust.run(),
            Stock::List(list) => {
                let (rows, next) = list.reach.with(SELLER, async |operator| all(operator, &list).await)?;
                if list.json {
                    let rows: Vec<Value> = rows.iter().map(row_json).collect();
                    println!("{}", json!({ "products": rows, "next": next.map(|next| next.to_string()) }));
                } else {
                    print(&rows);
                    print::more("--after", next);
                }
            }
            Stock::Find(find) => {
                let limit = find.limit.next(0).unwrap_or_default();
                match find.reach.ask(SELLER, &Request::FindStock { text: find.words.join(" "), limit })? {
                    Reply::Stock(page) if find.json => {
                        let rows: Vec<Value> = page.rows.iter().map(row_json).collect();
                        println!("{}", json!({ "products": rows }));
                    }
                    Reply::Stock(page) => print(&page.rows),
                    reply => return Err(unexpected(reply)),
                }
            }
            Stock::Show(one) => match one.reach.ask(SELLER, &Request::Product { sku: one.sku })? {
                Reply::Product(row) if one.json => println!("{}", row_json(&row)),
                Reply::Product(row) => print(&[row]),
                reply => return Err(unexpected(reply)),
            },
        }
        Ok(OK)
    }
}

async fn all(operator: &Operator, list: &List) -> Result<(Vec<StockRow>, Option<Sku>), Failure> {
    list.limit
        .gather(list.after, async |next, limit| {
            match operator.ask(&Request::Stock { after: next, limit }).await? {
                Reply::Stock(page) => Ok(page),
                reply => Err(unexpected(reply)),
            }
        })
        .await
}

pub(super) fn print(rows: &[StockRow]) {
    let mut table = Columns::new(&[
        "sku",
        "name",
        ">on hand",
        ">reserved",
        ">allocated",
        ">available",
        ">shipped",
        ">returned",
        ">written off",
    ]);
    for row in rows {
        let counts = [
            row.on_hand,
            row.reserved,
            row.allocated,
            row.available,
            row.shipped,
            row.returned,
            row.written_off,
        ];
        let names = [row.sku.to_string(), row.name.clone()];
        table.row(names.into_iter().chain(counts.map(|count| count.to_string())));
    }
    print!("{table}");
}

pub(super) fn row_json(row: &StockRow) -> Value {
    json!({
        "sku": row.sku.as_str(),
        "name": row.name,
        "unit_price": row.unit_price.0,
        "on_hand": row.on_hand,
        "reserved": row.reserved,
        "allocated": row.allocated,
        "available": row.available,
        "shipped": row.shipped,
        "returned": row.returned,
        "received": row.received,
        "found": row.found,
        "written_off": row.written_off,
    })
}
