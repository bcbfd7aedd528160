//! `kessai reconcile`: the terminal's receipts, the seller's orders and the settlement's books side by side,
//! and everything that does not fit, with what to do about it.
//!
//! Any of the three may be left out. All are read newest first, a page at a time, and merged by order id,
//! so that books of any size are compared in little memory. The daemons go on meanwhile, so what seems
//! wrong is looked at a second time a moment later, and told only when it is still there.

pub mod books;
pub mod compare;
pub mod exception;
pub mod merge;
pub mod slips;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use kessai_shared::console::{self, FAILED, Failure, OK};
use kessai_shared::ids::OrderId;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use serde_json::json;

use crate::home::Home;
use crate::operate::PlacesArgs;
use books::{Seller, Settlement};
use compare::Sides;
use exception::{Exception, Of};
use merge::{Rows, newest, one};
use slips::{Slip, Slips};

/// Most orders that are told of; more of them have one cause, which the first show as well.
const MAX_EXCEPTIONS: usize = 10_000;
/// How long after the first look an order is looked at again: a capture that is under way is answered by
/// then, or counts as under way.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// What to lay side by side. At least two sides are needed.
#[derive(Args)]
pub struct Reconcile {
    /// A receipt, or a folder of them; may be given more than once.
    #[arg(long, value_name = "PATH")]
    receipts: Vec<PathBuf>,
    /// The pin of an issuer's root whose receipts to believe; may be given more than once.
    #[arg(long, value_name = "PIN")]
    issuer_root: Vec<Pin>,
    /// This terminal's own folder, whose issuers are believed when none is named.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    at: PlacesArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The sides that were named.
struct Named {
    slips: Option<Vec<Slip>>,
    seller: Option<Seller>,
    settlement: Option<Settlement>,
}

/// What was compared, and what was found.
#[derive(Default)]
struct Found {
    receipts: u64,
    orders: u64,
    charges: u64,
    batches: u64,
    exceptions: Vec<Exception>,
    /// Whether there are more than are told.
    more: bool,
}

/// Lays the books side by side. Exit code 1 when something does not fit.
///
/// # Errors
/// [`Failure`] when a side cannot be read.
pub async fn run(args: &Reconcile) -> Result<u8, Failure> {
    let (named, strange) = args.sides().await?;
    let found = look(&named).await;
    named.leave().await;
    let found = found?;
    if args.json {
        let exceptions: Vec<_> = found.exceptions.iter().map(Exception::json).collect();
        let compared = json!({
            "receipts": found.receipts,
            "orders": found.orders,
            "charges": found.charges,
            "batches": found.batches,
        });
        let more = found.more;
        println!("{}", json!({ "exceptions": exceptions, "more": more, "compared": compared }));
    } else {
        found.exceptions.iter().for_each(|exception| println!("{}", exception.line()));
        if found.more {
            println!("and more: only the first {MAX_EXCEPTIONS} are told");
        }
        let Found { receipts, orders, charges, batches, exceptions, .. } = &found;
        let exceptions = match exceptions.len() {
            0 => "no exceptions".to_owned(),
            1 => "1 exception".to_owned(),
            many => format!("{many} exceptions"),
        };
        println!(
            "compared {receipts} receipts, {orders} orders, {charges} charges and {batches} clearing batches: \
             {exceptions}"
        );
    }
    if strange > 0 {
        eprintln!(
            "kessai: {strange} receipts are under issuers that this terminal does not know and were passed \
             over; name an issuer with --issuer-root"
        );
    }
    // What was not compared may not fit either.
    Ok(if found.exceptions.is_empty() && !found.more { OK } else { FAILED })
}

impl Reconcile {
    async fn sides(&self) -> Result<(Named, u64), Failure> {
        let places = self.at.places();
        let sides = [!self.receipts.is_empty(), places.seller.is_some(), places.settlement.is_some()];
        if sides.iter().filter(|named| **named).count() < 2 {
            return Err(Failure::usage(
                "at least two sides are needed: --receipts, --seller-data or --seller-at, --settlement-data \
                 or --settlement-at",
            ));
        }
        let Slips { mut slips, strange } = slips::read(&self.receipts, &self.roots()?)?;
        let seller = match &places.seller {
            Some(place) => Some(Seller::reach(place).await?),
            None => None,
        };
        let of = seller.as_ref().map(|seller| seller.0.pin()).or(self.at.seller_pin);
        let of = of.or_else(|| slips.first().map(|slip| slip.seller));
        let of = of.ok_or_else(|| {
            Failure::usage("no receipt says whose it is; name the seller with --seller-pin")
        })?;
        slips.retain(|slip| slip.seller == of);
        let settlement = match &places.settlement {
            Some(place) => Some(Settlement::reach(place, of).await?),
            None => None,
        };
        let slips = (!self.receipts.is_empty()).then_some(slips);
        Ok((Named { slips, seller, settlement }, strange))
    }

    fn roots(&self) -> Result<Vec<Pin>, Failure> {
        if self.receipts.is_empty() || !self.issuer_root.is_empty() {
            return Ok(self.issuer_root.clone());
        }
        let home = Home::new(console::data_folder(self.data.as_deref(), "kessai")?);
        Ok(home.issuers()?)
    }
}

impl Named {
    async fn leave(self) {
        if let Some(seller) = self.seller {
            seller.0.leave().await;
        }
        if let Some(settlement) = self.settlement {
            settlement.operator.leave().await;
        }
    }
}

async fn look(named: &Named) -> Result<Found, Failure> {
    let mut found = Found::default();
    let suspects = orders(named, &mut found).await?;
    if !suspects.is_empty() {
        tokio::time::sleep(SECOND_LOOK).await;
    }
    let by_order: HashMap<OrderId, &Slip> =
        named.slips.iter().flatten().map(|slip| (slip.order, slip)).collect();
    for order in suspects {
        let trade = match &named.seller {
            Some(seller) => Some(one(seller, order).await?),
            None => None,
        };
        let charge = match &named.settlement {
            Some(settlement) => Some(one(settlement, order).await?),
            None => None,
        };
        let sides = Sides {
            receipt: by_order.get(&order).copied(),
            seller: trade.as_ref().map(Option::as_ref),
            settlement: charge.as_ref().map(Option::as_ref),
        };
        let kinds = compare::order(&sides, Timestamp::from_system_clock());
        found.exceptions.extend(kinds.into_iter().map(|kind| Exception { of: Of::Order(order), kind }));
    }
    if let (Some(seller), Some(settlement)) = (&named.seller, &named.settlement) {
        batches(seller, settlement, &mut found).await?;
    }
    Ok(found)
}

/// Lays all orders side by side; those that do not fit at first sight.
async fn orders(named: &Named, found: &mut Found) -> Result<Vec<OrderId>, Failure> {
    let mut suspects = Vec::new();
    let none: &[Slip] = &[];
    let mut slips = Rows::of(named.slips.as_deref().unwrap_or(none));
    let mut trades = named.seller.as_ref().map(Rows::of);
    let mut charges = named.settlement.as_ref().map(Rows::of);
    loop {
        let mut next = vec![slips.peek().await?];
        if let Some(trades) = &mut trades {
            next.push(trades.peek().await?);
        }
        if let Some(charges) = &mut charges {
            next.push(charges.peek().await?);
        }
        let Some(order) = newest(next) else { return Ok(suspects) };
        let slip = slips.take(order).await?;
        let trade = match &mut trades {
            Some(trades) => Some(trades.take(order).await?),
            None => None,
        };
        let charge = match &mut charges {
            Some(charges) => Some(charges.take(order).await?),
            None => None,
        };
        found.receipts += u64::from(slip.is_some());
        found.orders += u64::from(matches!(trade, Some(Some(_))));
        found.charges += u64::from(matches!(charge, Some(Some(_))));
        let sides = Sides {
            receipt: slip.as_ref(),
            seller: trade.as_ref().map(Option::as_ref),
            settlement: charge.as_ref().map(Option::as_ref),
        };
        if !compare::order(&sides, Timestamp::from_system_clock()).is_empty() {
            if suspects.len() == MAX_EXCEPTIONS {
                found.more = true;
                return Ok(suspects);
            }
            suspects.push(order);
        }
    }
}

/// Lays the clearing batches side by side.
async fn batches(seller: &Seller, settlement: &Settlement, found: &mut Found) -> Result<(), Failure> {
    let now = Timestamp::from_system_clock();
    let mut before = None;
    let mut open = None;
    loop {
        let theirs = settlement.batches(before).await?;
        let Some(newest) = theirs.rows.first().map(|batch| batch.batch) else { break };
        open = open.or(Some(newest));
        // The numbers have no gaps at the settlement, so these are all that can be compared with the page.
        let ours = seller.batches(newest.checked_add(1)).await?;
        for batch in &theirs.rows {
            found.batches += 1;
            let shop = ours.rows.iter().find(|shop| shop.batch == batch.batch);
            let kinds = compare::batch(shop, batch, now);
            let of = Of::Batch(batch.batch);
            found.exceptions.extend(kinds.into_iter().map(|kind| Exception { of, kind }));
        }
        before = theirs.next;
        if before.is_none() {
            break;
        }
    }
    let newest = seller.batches(None).await?;
    let settled = newest.rows.iter().filter(|shop| shop.agrees.is_some());
    for shop in settled.filter(|shop| open.is_none_or(|open| shop.batch >= open)) {
        found.exceptions.push(Exception { of: Of::Batch(shop.batch), kind: exception::Kind::BatchUnknown });
    }
    Ok(())
}
