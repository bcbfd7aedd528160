//! `kessai-settlement clearing …`: the batches of each seller, closed by hand, and disputes settled.

use clap::{Args, Subcommand};
use kessai_shared::clearing::Shown;
use kessai_shared::columns::{Columns, plain};
use kessai_shared::console::{Failure, OK};
use kessai_shared::operator::MAX_ROWS;
use kessai_shared::operator::print::instant;
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::rows::{Accepted, ClearingBatch};
use kessai_shared::operator::settlement::{Reply, Request};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{BatchTotals, Payout};
use serde_json::{Value, json};

use super::state::unexpected;
use crate::operator_wire::SETTLEMENT;

/// Clearing batches: what each seller is paid out.
#[derive(Subcommand)]
pub enum Clearing {
    /// List the sellers with the batch to look at first, or the batches of one seller, the newest first.
    List {
        seller: Option<Pin>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Show one batch in full [default: the open one].
    Show {
        seller: Pin,
        batch: Option<u32>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Close the open batch of a seller now, instead of at the end of the day.
    Close {
        seller: Pin,
        #[command(flatten)]
        asked: Asked,
    },
    /// Settle a dispute: the batch is paid out as the settlement's books have it, and the seller takes orders
    /// again.
    Accept {
        seller: Pin,
        batch: u32,
        /// Why; kept in the journal with the operator's key.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        asked: Asked,
    },
}

#[derive(Args)]
pub struct Asked {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Clearing {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked or refuses.
    pub fn run(self) -> Result<u8, Failure> {
        match self {
            Clearing::List { seller: None, asked } => sellers(&asked),
            Clearing::List { seller: Some(seller), asked } => list(seller, &asked),
            Clearing::Show { seller, batch, asked } => show(seller, batch, &asked),
            Clearing::Close { seller, asked } => {
                match asked.reach.ask(SETTLEMENT, &Request::CloseBatch { seller })? {
                    Reply::BatchClosed(batch) if asked.json => println!("{}", json!({ "closed": batch })),
                    Reply::BatchClosed(batch) => println!("clearing batch {batch} is closed"),
                    reply => return Err(unexpected(reply)),
                }
                Ok(OK)
            }
            Clearing::Accept { seller, batch, reason, asked } => {
                match asked.reach.ask(SETTLEMENT, &Request::AcceptBatch { seller, batch, reason })? {
                    Reply::BatchAccepted if asked.json => println!("{}", json!({ "accepted": batch })),
                    Reply::BatchAccepted => println!("clearing batch {batch} is accepted and paid out"),
                    reply => return Err(unexpected(reply)),
                }
                Ok(OK)
            }
        }
    }
}

fn sellers(asked: &Asked) -> Result<u8, Failure> {
    let mut table = Columns::new(&["seller", ">batch", "standing", "totals"]);
    let mut rows = Vec::new();
    let (mut after, mut more) = (None, true);
    while more {
        let page = match asked.reach.ask(SETTLEMENT, &Request::Clearing { after, limit: MAX_ROWS })? {
            Reply::Clearing(page) => page,
            reply => return Err(unexpected(reply)),
        };
        for (seller, batch) in &page.rows {
            let word = batch.standing.word().to_owned();
            table.row([seller.to_string(), batch.batch.to_string(), word, Shown(&totals(batch)).to_string()]);
            rows.push(json!({ "seller": seller.to_string(), "batch": as_json(batch) }));
        }
        more = page.next.is_some();
        after = page.next;
    }
    print_rows(asked, rows, &table);
    Ok(OK)
}

fn list(seller: Pin, asked: &Asked) -> Result<u8, Failure> {
    let mut table = Columns::new(&["batch", "standing", "closed", "totals", "payout"]);
    let mut rows = Vec::new();
    let (mut before, mut more) = (None, true);
    while more {
        let page = match asked.reach.ask(SETTLEMENT, &Request::Batches { seller, before, limit: MAX_ROWS })? {
            Reply::Batches(page) => page,
            reply => return Err(unexpected(reply)),
        };
        for batch in &page.rows {
            let closed = batch.closed_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
            let paid: Vec<String> =
                batch.lines.iter().map(|line| line.payout.show(line.totals.currency)).collect();
            let (word, sums) = (batch.standing.word().to_owned(), Shown(&totals(batch)).to_string());
            table.row([batch.batch.to_string(), word, closed, sums, paid.join(", ")]);
            rows.push(as_json(batch));
        }
        more = page.next.is_some();
        before = page.next;
    }
    print_rows(asked, rows, &table);
    Ok(OK)
}

fn show(seller: Pin, number: Option<u32>, asked: &Asked) -> Result<u8, Failure> {
    let before = number.map(|number| number.saturating_add(1));
    let page = match asked.reach.ask(SETTLEMENT, &Request::Batches { seller, before, limit: 1 })? {
        Reply::Batches(page) => page,
        reply => return Err(unexpected(reply)),
    };
    let found = page.rows.into_iter().find(|batch| number.is_none_or(|number| batch.batch == number));
    let batch = found.ok_or_else(|| {
        Failure::failed("there is no such batch; `kessai-settlement clearing list SELLER` names them")
    })?;
    if asked.json {
        println!("{}", as_json(&batch));
        return Ok(OK);
    }
    println!("batch    {} of seller {seller}, {}", batch.batch, batch.standing.word());
    if let Some(at) = batch.closed_at {
        let by = batch.closed_by.map_or_else(|| "as the day was over".to_owned(), |by| format!("by {by}"));
        println!("closed   {at} UTC, {by}");
    }
    for Payout { totals, charged_back, fees, payout } in &batch.lines {
        let currency = totals.currency;
        let show = |amount: &kessai_shared::money::Minor| amount.show(currency);
        println!("captured {} in {} captures", show(&totals.captured), totals.captures);
        println!("refunded {} in {} refunds", show(&totals.refunded), totals.refunds);
        println!("disputed {} charged back by cardholders", show(charged_back));
        println!("fees     {}", show(fees));
        println!("payout   {} ({})", show(payout), currency.code());
    }
    if let Some(theirs) = &batch.theirs {
        println!("seller   says {}", Shown(theirs));
    }
    if let Some(Accepted { by, reason }) = &batch.accepted {
        println!("accepted by {by}: {}", plain(reason));
    }
    Ok(OK)
}

fn print_rows(asked: &Asked, rows: Vec<Value>, table: &Columns) {
    if asked.json {
        println!("{}", Value::Array(rows));
    } else {
        print!("{table}");
    }
}

fn totals(batch: &ClearingBatch) -> Vec<BatchTotals> {
    batch.lines.iter().map(|line| line.totals).collect()
}

fn as_json(batch: &ClearingBatch) -> Value {
    let counted = |totals: &BatchTotals| {
        json!({
            "currency": totals.currency.code(),
            "captures": totals.captures,
            "captured": totals.captured.0,
            "refunds": totals.refunds,
            "refunded": totals.refunded.0,
        })
    };
    let line = |line: &Payout| {
        let mut row = counted(&line.totals);
        row["charged_back"] = json!(line.charged_back.0);
        row["fees"] = json!(line.fees.0);
        row["payout"] = json!(line.payout.0);
        row
    };
    let accepted = |accepted: &Accepted| json!({ "by": accepted.by.to_string(), "reason": accepted.reason });
    json!({
        "batch": batch.batch,
        "standing": batch.standing.word(),
        "lines": batch.lines.iter().map(line).collect::<Vec<_>>(),
        "closed_at": batch.closed_at.map(instant),
        "closed_by": batch.closed_by.map(|by| by.to_string()),
        "theirs": batch.theirs.as_ref().map(|theirs| theirs.iter().map(counted).collect::<Vec<_>>()),
        "accepted": batch.accepted.as_ref().map(accepted),
    })
}
