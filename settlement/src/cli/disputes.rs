//! Charges that a cardholder disputes, and captures that came too late, for whoever keeps the settlement.

use aws_lc_rs::rand;
use clap::{Args, Subcommand};
use kessai_shared::columns::Columns;
use kessai_shared::console::{Failure, OK};
use kessai_shared::ids::{ChargebackId, OrderId};
use kessai_shared::money::Minor;
use kessai_shared::operator::disputes::{self, ChargebackRow, LateRow};
use kessai_shared::operator::print::{self, Limit, instant};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::settlement::{Charged, Reply, Request};
use kessai_shared::outcome::ChargebackReason;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use serde_json::{Value, json};

use super::state::unexpected;
use crate::operator_wire::SETTLEMENT;

#[derive(Subcommand)]
pub enum Chargebacks {
    /// Give a charge, or a part of it, back to the cardholder against the seller's will.
    Make(Make),
    /// List chargebacks in the order of their ids.
    List(ListOf<ChargebackId>),
}

#[derive(Subcommand)]
pub enum LateCaptures {
    /// List the orders for which a capture came after their hold had expired. Nothing was charged for
    /// them, and the goods may be gone.
    List(ListOf<Charged>),
}

#[derive(Args)]
pub struct Make {
    /// The pin of the seller.
    seller: Pin,
    order: OrderId,
    /// How much, in minor units of the order's currency: pence and cents, and whole yen.
    #[arg(value_parser = clap::value_parser!(i64).range(1..=kessai_shared::money::MAX_AMOUNT))]
    amount: i64,
    /// not_received, not_as_described, fraud, duplicate or credit_not_processed.
    #[arg(long)]
    reason: ChargebackReason,
    /// The id of a chargeback that was asked for before, to be sure that it was made.
    #[arg(long, value_name = "ID")]
    id: Option<ChargebackId>,
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct ListOf<C: Clone + Send + Sync + std::str::FromStr<Err: std::error::Error + Send + Sync> + 'static>
{
    #[command(flatten)]
    reach: Reach,
    /// Only those behind this one.
    #[arg(long, value_name = "CURSOR")]
    after: Option<C>,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Chargebacks {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked, or charges nothing back.
    pub fn run(self) -> Result<u8, Failure> {
        match self {
            Chargebacks::Make(make) => make.run(),
            Chargebacks::List(list) => list.chargebacks(),
        }
    }
}

impl LateCaptures {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked.
    pub fn run(self) -> Result<u8, Failure> {
        let LateCaptures::List(list) = self;
        list.late_captures()
    }
}

impl Make {
    fn run(self) -> Result<u8, Failure> {
        let id = match self.id {
            Some(id) => id,
            None => minted()?,
        };
        let of = Charged { seller: self.seller, order: self.order };
        let (amount, reason) = (Minor(self.amount), self.reason);
        let request = Request::Disputes(disputes::Request::ChargeBack { id, of, amount, reason });
        let reply = self.reach.ask(SETTLEMENT, &request).inspect_err(|_| {
            // Whether it was made is not known now; under the same id it is safe to ask again.
            eprintln!("kessai-settlement: it may have been made; to be sure, run the same with --id {id}");
        })?;
        match reply {
            Reply::Disputes(disputes::Reply::ChargedBack { batch }) if self.json => {
                println!("{}", json!({ "id": id.to_string(), "amount": amount.0, "batch": batch }));
            }
            Reply::Disputes(disputes::Reply::ChargedBack { batch }) => {
                println!("charged back {id}, kept back from batch {batch} of the seller");
            }
            Reply::Disputes(disputes::Reply::NotChargedBack(why)) => return Err(Failure::failed(why)),
            reply => return Err(unexpected(reply)),
        }
        Ok(OK)
    }
}

fn minted() -> Result<ChargebackId, Failure> {
    let mut random = [0; 10];
    rand::fill(&mut random).map_err(|_| Failure::failed("the system gives no random bytes"))?;
    Ok(ChargebackId::mint(Timestamp::from_system_clock(), random))
}

impl ListOf<ChargebackId> {
    fn chargebacks(&self) -> Result<u8, Failure> {
        let (rows, next) = self.reach.with(SETTLEMENT, async |operator| {
            self.all(async |after, limit| {
                match operator
                    .ask(&Request::Disputes(disputes::Request::Chargebacks { after, limit }))
                    .await?
                {
                    Reply::Disputes(disputes::Reply::Chargebacks(page)) => Ok((page.rows, page.next)),
                    reply => Err(unexpected(reply)),
                }
            })
            .await
        })?;
        if self.json {
            let rows: Vec<Value> = rows.iter().map(chargeback_json).collect();
            println!("{}", json!({ "chargebacks": rows, "next": next.map(|next| next.to_string()) }));
            return Ok(OK);
        }
        let mut table = Columns::new(&["chargeback", ">amount", "reason", "order", "seller", ">batch", "by"]);
        for row in rows {
            table.row([
                row.id.to_string(),
                row.amount.show(row.currency),
                row.reason.word().to_owned(),
                row.of.order.to_string(),
                row.of.seller.to_string(),
                row.batch.to_string(),
                row.by.to_string(),
            ]);
        }
        print!("{table}");
        print::more("--after", next);
        Ok(OK)
    }
}

impl ListOf<Charged> {
    fn late_captures(&self) -> Result<u8, Failure> {
        let (rows, next) = self.reach.with(SETTLEMENT, async |operator| {
            self.all(async |after, limit| {
                match operator
                    .ask(&Request::Disputes(disputes::Request::LateCaptures { after, limit }))
                    .await?
                {
                    Reply::Disputes(disputes::Reply::LateCaptures(page)) => Ok((page.rows, page.next)),
                    reply => Err(unexpected(reply)),
                }
            })
            .await
        })?;
        if self.json {
            let rows: Vec<Value> = rows.iter().map(late_json).collect();
            println!("{}", json!({ "late_captures": rows, "next": next.map(|next| next.to_string()) }));
            return Ok(OK);
        }
        let mut table = Columns::new(&["order", "seller", ">amount", "capture", "noted at (UTC)"]);
        for row in rows {
            table.row([
                row.of.order.to_string(),
                row.of.seller.to_string(),
                row.amount.show(row.currency),
                row.capture.to_string(),
                row.at.to_string(),
            ]);
        }
        print!("{table}");
        print::more("--after", next);
        Ok(OK)
    }
}

/// Rows, and what to ask on from.
type Found<T, C> = (Vec<T>, Option<C>);

impl<C: Copy + Send + Sync + std::str::FromStr<Err: std::error::Error + Send + Sync> + 'static> ListOf<C> {
    /// Asks for page after page, until there are enough rows or no more.
    async fn all<T>(
        &self,
        ask: impl AsyncFn(Option<C>, u16) -> Result<Found<T, C>, Failure>,
    ) -> Result<Found<T, C>, Failure> {
        let (mut rows, mut next) = (Vec::new(), self.after);
        while let Some(limit) = self.limit.next(rows.len()) {
            let (more, then) = ask(next, limit).await?;
            rows.extend(more);
            next = then;
            if next.is_none() {
                break;
            }
        }
        Ok((rows, next))
    }
}

fn chargeback_json(row: &ChargebackRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "seller": row.of.seller.to_string(),
        "order": row.of.order.to_string(),
        "currency": row.currency.code(),
        "amount": row.amount.0,
        "reason": row.reason.word(),
        "by": row.by.to_string(),
        "batch": row.batch,
    })
}

fn late_json(row: &LateRow) -> Value {
    json!({
        "seller": row.of.seller.to_string(),
        "order": row.of.order.to_string(),
        "currency": row.currency.code(),
        "amount": row.amount.0,
        "capture": row.capture.to_string(),
        "at": instant(row.at),
    })
}
