//! What operators do to orders: shipping, delivering, cancelling, taking back.

use std::str::FromStr;

use clap::Args;
use kessai_shared::console::{FAILED, Failure, OK};
use kessai_shared::ids::{Carrier, OrderId, ReturnId, Sku, TrackingNumber};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::seller::{Reply, Request};
use kessai_shared::storefront::{Line, OrderState, ReturnState, Tracking};
use kessai_shared::time::Timestamp;
use serde_json::json;

use super::orders::{One, print_order};
use super::unexpected;
use crate::operator::SELLER;

/// The cancellation or return is asked for, and not acknowledged by the settlement yet.
const NOT_YET: u8 = 14;

/// Pieces of a line: `2=5` are five pieces of the second line.
#[derive(Clone, Copy, Debug)]
struct Picked {
    line: u16,
    pieces: u32,
}

impl FromStr for Picked {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BAD: &str = "expected LINE=PIECES, such as 2=5; lines count from 1";
        let (line, pieces) = text.split_once('=').ok_or(BAD)?;
        let line = line.parse::<u16>().ok().and_then(|line| line.checked_sub(1));
        let pieces = pieces.parse().ok().filter(|pieces| *pieces > 0);
        Ok(Self { line: line.ok_or(BAD)?, pieces: pieces.ok_or(BAD)? })
    }
}

/// Goods of one product: `TEA-MUGI=2`, or one piece without a number.
#[derive(Clone, Debug)]
struct Goods(Line);

impl FromStr for Goods {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (sku, quantity) = text.rsplit_once('=').unwrap_or((text, "1"));
        let quantity = quantity.parse().ok().filter(|pieces| *pieces > 0);
        let quantity = quantity.ok_or("expected SKU=PIECES, such as TEA-MUGI=2")?;
        Sku::new(sku).map(|sku| Self(Line { sku, quantity })).map_err(|error| error.to_string())
    }
}

#[derive(Args)]
pub struct Ship {
    #[command(flatten)]
    one: One,
    /// Only so many pieces of this line, as LINE=PIECES; once for each line. Everything that is left
    /// without it.
    #[arg(long = "line", value_name = "LINE=PIECES")]
    lines: Vec<Picked>,
    /// Who carries the parcel; the buyer is told.
    #[arg(long, value_name = "NAME", requires = "tracking")]
    carrier: Option<Carrier>,
    /// What the carrier calls the parcel; the buyer is told.
    #[arg(long, value_name = "NUMBER", requires = "carrier")]
    tracking: Option<TrackingNumber>,
}

#[derive(Args)]
pub struct Return {
    order: OrderId,
    /// What comes back, as SKU=PIECES.
    #[arg(required = true, value_name = "SKU=PIECES")]
    lines: Vec<Goods>,
    /// The goods cannot be sold again: they are written off.
    #[arg(long)]
    no_restock: bool,
    /// The id of an earlier try, to go on with it.
    #[arg(long, value_name = "ID")]
    return_id: Option<ReturnId>,
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Ship {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the seller cannot be asked, or the goods cannot leave now.
    pub fn run(self) -> Result<u8, Failure> {
        let lines = self.lines.iter().map(|picked| (picked.line, picked.pieces)).collect();
        let tracking = self.carrier.zip(self.tracking);
        let tracking = tracking.map(|(carrier, reference)| Tracking { carrier, reference });
        show(&self.one, Request::Ship { order: self.one.order, lines, tracking }).map(|_| OK)
    }
}

/// Writes down that an order has arrived.
///
/// # Errors
/// [`Failure`] when the seller cannot be asked, or the order is not on its way.
pub fn deliver(one: &One) -> Result<u8, Failure> {
    show(one, Request::Deliver { order: one.order }).map(|_| OK)
}

/// Cancels what was not shipped yet. Safe to repeat.
///
/// # Errors
/// [`Failure`] when the seller cannot be asked, or nothing is left to cancel.
pub fn cancel(one: &One) -> Result<u8, Failure> {
    match show(one, Request::Cancel { order: one.order })? {
        OrderState::Confirmed | OrderState::Pending => {
            eprintln!("kessai-server: not acknowledged by the settlement yet; run the same command again");
            Ok(NOT_YET)
        }
        OrderState::Completed | OrderState::Cancelled | OrderState::Expired => Ok(OK),
    }
}

fn show(one: &One, request: Request) -> Result<OrderState, Failure> {
    match one.reach.ask(SELLER, &request)? {
        Reply::Order(order) => {
            print_order(&order, one.json);
            Ok(order.state)
        }
        reply => Err(unexpected(reply)),
    }
}

impl Return {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the seller cannot be asked, or knows no such order.
    pub fn run(self) -> Result<u8, Failure> {
        let id = match self.return_id {
            Some(id) => id,
            None => mint()?,
        };
        let lines = self.lines.into_iter().map(|Goods(line)| line).collect();
        let request = Request::Return { id, order: self.order, lines, restock: !self.no_restock };
        let again = |failure: Failure| Failure {
            line: format!(
                "{}; should it not be known whether it was done, add --return-id {id}",
                failure.line
            ),
            ..failure
        };
        let given = match self.reach.ask(SELLER, &request).map_err(again)? {
            Reply::Returned(given) => given,
            reply => return Err(unexpected(reply)),
        };
        let (word, code) = match given.state {
            ReturnState::Refunded => ("refunded", OK),
            ReturnState::Pending => ("pending", NOT_YET),
            ReturnState::NothingToReturn => ("nothing_to_return", FAILED),
            ReturnState::Refused => ("refused", FAILED),
        };
        let pieces: u64 = given.lines.iter().map(|line| u64::from(line.quantity)).sum();
        if self.json {
            let (id, paid) = (id.to_string(), given.refunded.0);
            println!("{}", json!({ "return": id, "outcome": word, "pieces": pieces, "refunded": paid }));
        } else {
            let paid = given.refunded.show(given.currency);
            println!("{word}: return {id}, {pieces} pieces, {paid} paid back");
        }
        Ok(code)
    }
}

/// A fresh return id.
fn mint() -> Result<ReturnId, Failure> {
    let mut random = [0; 10];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Failure::failed("the system gives no random numbers"))?;
    Ok(ReturnId::mint(Timestamp::from_system_clock(), random))
}
