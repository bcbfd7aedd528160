//! The double entries of the journal, and what became of one order, for whoever keeps the settlement.

use clap::{Args, Subcommand};
use kessai_shared::columns::{Columns, or_dash};
use kessai_shared::console::{Failure, OK};
use kessai_shared::ids::OrderId;
use kessai_shared::operator::client::Operator;
use kessai_shared::operator::print::{self, Limit, instant};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::settlement::{
    AccountRef, ChargeDetail, Charged, EntriesOf, EntryRow, Reply, Request,
};
use kessai_shared::pin::Pin;
use serde_json::{Value, json};

use super::state::unexpected;
use crate::operator_wire::SETTLEMENT;

#[derive(Subcommand)]
pub enum Entries {
    /// List double entries in the journal's order: all, or those of one account, order or seller.
    List(EntryList),
}

#[derive(Args)]
pub struct EntryList {
    #[command(flatten)]
    reach: Reach,
    /// Only entries of this account.
    #[arg(long, value_name = "ACCOUNT", group = "of")]
    account: Option<AccountRef>,
    /// Only entries of this order.
    #[arg(long, value_name = "ORDER", group = "of")]
    order: Option<OrderId>,
    /// Only entries of this seller.
    #[arg(long, value_name = "PIN", group = "of")]
    seller: Option<Pin>,
    /// Only entries at this position of the journal and behind it.
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    from: u64,
    #[command(flatten)]
    limit: Limit,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
pub enum Orders {
    /// Print what became of an order's inquiry: the decision and its reason, the hold, what was charged.
    Show(OrderShow),
}

#[derive(Args)]
pub struct OrderShow {
    /// The pin of the seller.
    seller: Pin,
    order: OrderId,
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a list of entries came to.
struct Found {
    rows: Vec<EntryRow>,
    next: Option<u64>,
    begins: u64,
}

impl EntryList {
    fn of(&self) -> EntriesOf {
        match (self.account, self.order, self.seller) {
            (Some(account), _, _) => EntriesOf::Account(account),
            (None, Some(order), _) => EntriesOf::Order(order),
            (None, None, Some(seller)) => EntriesOf::Seller(seller),
            (None, None, None) => EntriesOf::All,
        }
    }
}

impl Entries {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked, or cannot read its journal.
    pub fn run(self) -> Result<u8, Failure> {
        let Entries::List(list) = self;
        let Found { rows, next, begins } =
            list.reach.with(SETTLEMENT, async |operator| entries(operator, &list).await)?;
        if list.json {
            let rows: Vec<Value> = rows.iter().map(entry_json).collect();
            println!("{}", json!({ "entries": rows, "next": next, "begins": begins }));
            return Ok(OK);
        }
        let mut table =
            Columns::new(&[">position", "at (UTC)", "change", ">amount", "debit", "credit", "order"]);
        for row in &rows {
            table.row([
                row.position.to_string(),
                row.at.to_string(),
                row.change.clone(),
                row.amount.show(row.currency),
                row.debit.to_string(),
                row.credit.to_string(),
                or_dash(row.order.map(|of| of.order)),
            ]);
        }
        print!("{table}");
        print::more("--from", next);
        if begins > list.from.max(1) {
            println!("the journal begins at {begins}; what was before is in the books as sums");
        }
        Ok(OK)
    }
}

async fn entries(operator: &Operator, list: &EntryList) -> Result<Found, Failure> {
    let (of, mut found) = (list.of(), Found { rows: Vec::new(), next: Some(list.from), begins: 0 });
    while let (Some(limit), Some(from)) = (list.limit.next(found.rows.len()), found.next) {
        match operator.ask(&Request::Entries { of, from, limit }).await? {
            Reply::Entries { page, begins } => {
                found.rows.extend(page.rows);
                (found.next, found.begins) = (page.next, begins);
            }
            reply => return Err(unexpected(reply)),
        }
    }
    Ok(found)
}

fn entry_json(row: &EntryRow) -> Value {
    json!({
        "position": row.position,
        "at": instant(row.at),
        "change": row.change,
        "seller": row.order.map(|of| of.seller.to_string()),
        "order": row.order.map(|of| of.order.to_string()),
        "by": row.by.map(|by| by.to_string()),
        "debit": row.debit.to_string(),
        "credit": row.credit.to_string(),
        "currency": row.currency.code(),
        "amount": row.amount.0,
    })
}

impl Orders {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the settlement cannot be asked, or never heard of the order.
    pub fn run(self) -> Result<u8, Failure> {
        let Orders::Show(OrderShow { seller, order, reach, json }) = self;
        match reach.ask(SETTLEMENT, &Request::Charge { of: Charged { seller, order } })? {
            Reply::Charge(charge) if json => println!("{}", charge_json(&charge)),
            Reply::Charge(charge) => print(&charge),
            reply => return Err(unexpected(reply)),
        }
        Ok(OK)
    }
}

fn print(charge: &ChargeDetail) {
    println!("order      {}", charge.of.order);
    println!("seller     {}", charge.of.seller);
    println!("state      {}", charge.state);
    println!("account    {}", or_dash(charge.account));
    let Some(decision) = charge.decision else {
        println!("decision   -");
        return;
    };
    let (code, reason) = (decision.reason.code(), decision.reason.name());
    println!("decision   {code} {reason}, at {}, position {}", decision.at, decision.position);
    let money = |amount: kessai_shared::money::Minor| amount.show(decision.currency);
    println!("purchase   {}", money(decision.amount));
    println!("authorised {}, expires {}", money(charge.authorized), charge.expires);
    println!("held       {}", money(charge.held));
    println!("voided     {}", money(charge.voided));
    println!("captured   {}", money(charge.captured));
    println!("refunded   {}", money(charge.refunded));
    println!("disputed   {}", money(charge.charged_back));
    if !charge.captures.is_empty() {
        let mut table = Columns::new(&["capture", ">amount", "last", ">batch"]);
        for capture in &charge.captures {
            let last = if capture.last { "last" } else { "" };
            table.row([
                capture.capture.to_string(),
                money(capture.amount),
                last.to_owned(),
                capture.batch.to_string(),
            ]);
        }
        print!("{table}");
    }
}

fn charge_json(charge: &ChargeDetail) -> Value {
    let decision = charge.decision.map(|decision| {
        json!({
            "position": decision.position,
            "at": instant(decision.at),
            "code": decision.reason.code().to_string(),
            "reason": decision.reason.name(),
            "amount": decision.amount.0,
            "currency": decision.currency.code(),
        })
    });
    let captures = charge.captures.iter().map(|capture| {
        json!({
            "capture": capture.capture.to_string(),
            "amount": capture.amount.0,
            "last": capture.last,
            "batch": capture.batch,
        })
    });
    json!({
        "seller": charge.of.seller.to_string(),
        "order": charge.of.order.to_string(),
        "state": charge.state,
        "account": charge.account.map(|account| account.to_string()),
        "decision": decision,
        "authorized": charge.authorized.0,
        "voided": charge.voided.0,
        "captured": charge.captured.0,
        "refunded": charge.refunded.0,
        "charged_back": charge.charged_back.0,
        "held": charge.held.0,
        "expires": instant(charge.expires),
        "captures": captures.collect::<Vec<_>>(),
    })
}
