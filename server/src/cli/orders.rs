//! Orders, for whoever keeps the shop.

use clap::{Args, Subcommand};
use kessai_shared::columns::{Columns, or_dash, plain};
use kessai_shared::console::{Failure, OK};
use kessai_shared::ids::OrderId;
use kessai_shared::operator::client::Operator;
use kessai_shared::operator::print::{self, Limit, instant, word};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::seller::{Leg, OrderDetail, OrderRow, Reply, Request, Shipped};
use kessai_shared::storefront::{Cancelled, OrderState};
use serde_json::{Value, json};

use super::find::{self, Find, Owed};
use super::recovered::Recovered;
use super::{fulfil, unexpected};
use crate::operator::SELLER;

#[derive(Subcommand)]
pub enum Orders {
    /// List orders, the newest first.
    List(List),
    /// List the orders that fit some words: the beginning of an id, a customer or a SKU, a state, or a total
    /// such as 12.80. The newest come first.
    Find(Find),
    /// List the orders for which the settlement owes an answer, the oldest first.
    Owed(Owed),
    /// Print one order: its four axes, its lines, its decision.
    Show(One),
    /// Print everything that happened to an order, and when.
    History(One),
    /// List orders that were recovered from the settlement's books after a restore, the newest first.
    Recovered(Recovered),
    /// Ship an order, or some pieces of some of its lines. Their part of the hold is charged first.
    Ship(fulfil::Ship),
    /// Write down that an order has arrived.
    Deliver(One),
    /// Cancel what of an order was not shipped yet.
    Cancel(One),
    /// Take goods of an order back for its buyer.
    Return(fulfil::Return),
}

#[derive(Args)]
pub struct List {
    #[command(flatten)]
    reach: Reach,
    /// Only orders in this state: pending, confirmed, completed, cancelled or expired.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<OrderState>,
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
pub struct One {
    pub(super) order: OrderId,
    #[command(flatten)]
    pub(super) reach: Reach,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

fn state(text: &str) -> Result<OrderState, String> {
    let all = [
        OrderState::Pending,
        OrderState::Confirmed,
        OrderState::Completed,
        OrderState::Cancelled,
        OrderState::Expired,
    ];
    let named = all.into_iter().find(|state| word(state) == text);
    named.ok_or_else(|| "expected pending, confirmed, completed, cancelled or expired".to_owned())
}

impl Orders {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] when the seller cannot be asked, or knows no such order.
    pub fn run(self) -> Result<u8, Failure> {
        match self {
            Orders::List(list) => self::list(&list),
            Orders::Find(asked) => find::find(&asked),
            Orders::Owed(asked) => find::owed(&asked),
            Orders::Show(one) => show(&one),
            Orders::History(one) => history(&one),
            Orders::Recovered(list) => list.run(),
            Orders::Ship(ship) => ship.run(),
            Orders::Deliver(one) => fulfil::deliver(&one),
            Orders::Cancel(one) => fulfil::cancel(&one),
            Orders::Return(goods) => goods.run(),
        }
    }
}

fn list(list: &List) -> Result<u8, Failure> {
    let (rows, next) = list.reach.with(SELLER, async |operator| all(operator, list).await)?;
    if list.json {
        let rows: Vec<Value> = rows.iter().map(row_json).collect();
        println!("{}", json!({ "orders": rows, "next": next.map(|next| next.to_string()) }));
        return Ok(OK);
    }
    print(&rows);
    print::more("--before", next);
    Ok(OK)
}

pub(super) fn print(rows: &[OrderRow]) {
    let mut table =
        Columns::new(&["order", "placed (UTC)", "order is", "payment", "fulfilment", ">lines", ">total"]);
    for row in rows {
        table.row([
            row.order.to_string(),
            row.placed_at.to_string(),
            word(row.state),
            word(row.payment),
            word(row.fulfilment),
            row.lines.to_string(),
            row.total.show(row.currency),
        ]);
    }
    print!("{table}");
}

async fn all(operator: &Operator, list: &List) -> Result<(Vec<OrderRow>, Option<OrderId>), Failure> {
    list.limit
        .gather(list.before, async |next, limit| {
            match operator.ask(&Request::Orders { state: list.state, before: next, limit }).await? {
                Reply::Orders(page) => Ok(page),
                reply => Err(unexpected(reply)),
            }
        })
        .await
}

pub(super) fn row_json(row: &OrderRow) -> Value {
    json!({
        "order": row.order.to_string(),
        "placed_at": instant(row.placed_at),
        "state": word(row.state),
        "payment": word(row.payment),
        "fulfilment": word(row.fulfilment),
        "lines": row.lines,
        "total": row.total.0,
        "currency": row.currency.code(),
    })
}

fn show(one: &One) -> Result<u8, Failure> {
    match one.reach.ask(SELLER, &Request::Order { order: one.order })? {
        Reply::Order(order) => print_order(&order, one.json),
        reply => return Err(unexpected(reply)),
    }
    Ok(OK)
}

/// Prints an order, as it stands.
pub(super) fn print_order(order: &OrderDetail, json: bool) {
    if json {
        return println!("{}", detail_json(order));
    }
    let money = |amount: kessai_shared::money::Minor| amount.show(order.quote.currency);
    println!("order      {}", order.quote.order);
    println!("placed     {} by {}", order.placed_at, order.owner);
    if !order.quote.customer.as_str().is_empty() {
        println!("customer   {}", plain(order.quote.customer.as_str()));
    }
    if let Some(address) = &order.deliver_to {
        println!("deliver to {}", plain(&address.in_one_line()));
        if !address.parts().phone.is_empty() {
            println!("phone      {}", plain(&address.parts().phone));
        }
    }
    println!("state      {}", word(order.state));
    println!("payment    {}", word(order.payment));
    println!("fulfilment {}", word(order.fulfilment));
    if let Some(cancelled) = &order.cancelled {
        println!("cancelled  {}", why(cancelled));
    }
    match &order.decision {
        Some(decided) => {
            let (verdict, at) = (word(decided.verdict), decided.at);
            println!(
                "decision   {verdict} at {at}, position {} of the settlement's journal",
                decided.position
            );
        }
        None => println!("decision   -"),
    }
    if let Some(cancelling) = &order.cancelling {
        println!("cancelling {}, not acknowledged yet", why(cancelling));
    }
    println!("captured   {}", money(order.captured));
    if let Some(capturing) = order.capturing {
        println!("capturing  {}", money(capturing));
    }
    println!("refunded   {}", money(order.refunded));
    println!("refunding  {} returns wait for their refund", order.refunding.len());
    println!("total      {}", money(order.quote.total));
    for shipment in &order.shipments {
        let (nth, at, pieces, batch) = (shipment.nth, shipment.at, shipment.pieces, shipment.batch);
        let tracking = shipment.tracking.map_or_else(String::new, |tracking| {
            format!(", {} {}", plain(tracking.carrier.as_str()), tracking.reference)
        });
        let amount = money(shipment.amount);
        println!("shipment   {nth} at {at}, {pieces} pieces, {amount}, batch {batch}{tracking}");
    }
    if let Some(refused) = order.refused {
        println!("REFUSED    the settlement: {}; run kessai reconcile", word(refused));
    }
    let heads = [">line", "sku", "name", ">quantity", ">shipped", ">cancelled", ">returned", ">unit price"];
    let mut table = Columns::new(&heads);
    for (at, line) in order.quote.lines.iter().enumerate() {
        table.row([
            (at + 1).to_string(),
            line.sku.to_string(),
            order.names.get(at).cloned().unwrap_or_default(),
            line.quantity.to_string(),
            or_dash(order.shipped.get(at)),
            or_dash(order.cancelled_pieces.get(at)),
            or_dash(order.returned.get(at)),
            money(line.unit_price),
        ]);
    }
    print!("{table}");
}

/// Why an order came to nothing.
fn why(cancelled: &Cancelled) -> String {
    match cancelled {
        Cancelled::OutOfStock { sku, available } => format!("out_of_stock: {available} of {sku} were there"),
        other => word(other),
    }
}

fn detail_json(order: &OrderDetail) -> Value {
    let lines = order.quote.lines.iter().enumerate().map(|(at, line)| {
        json!({
            "sku": line.sku.as_str(),
            "name": order.names.get(at),
            "quantity": line.quantity,
            "shipped": order.shipped.get(at),
            "cancelled": order.cancelled_pieces.get(at),
            "returned": order.returned.get(at),
            "unit_price": line.unit_price.0,
        })
    });
    let decision = order.decision.map(|decided| {
        json!({
            "verdict": word(decided.verdict),
            "position": decided.position,
            "at": instant(decided.at),
        })
    });
    json!({
        "order": order.quote.order.to_string(),
        "owner": order.owner.to_string(),
        "customer": order.quote.customer.as_str(),
        "deliver_to": order.deliver_to.as_ref().map(|address| address.parts()),
        "placed_at": instant(order.placed_at),
        "state": word(order.state),
        "payment": word(order.payment),
        "fulfilment": word(order.fulfilment),
        "cancelled": order.cancelled.as_ref().map(word),
        "cancelling": order.cancelling.as_ref().map(word),
        "refused": order.refused.map(word),
        "decision": decision,
        "total": order.quote.total.0,
        "currency": order.quote.currency.code(),
        "capturing": order.capturing.map(|amount| amount.0),
        "captured": order.captured.0,
        "refunded": order.refunded.0,
        "refunding": order.refunding.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "shipments": order.shipments.iter().map(shipment_json).collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
    })
}

fn shipment_json(shipment: &Shipped) -> Value {
    json!({
        "shipment": shipment.nth,
        "pieces": shipment.pieces,
        "amount": shipment.amount.0,
        "batch": shipment.batch,
        "at": instant(shipment.at),
        "carrier": shipment.tracking.map(|tracking| tracking.carrier.to_string()),
        "tracking": shipment.tracking.map(|tracking| tracking.reference.to_string()),
    })
}

fn history(one: &One) -> Result<u8, Failure> {
    let legs = match one.reach.ask(SELLER, &Request::History { order: one.order })? {
        Reply::History(legs) => legs,
        reply => return Err(unexpected(reply)),
    };
    if one.json {
        let legs: Vec<Value> = legs.iter().map(leg_json).collect();
        println!("{}", json!({ "order": one.order.to_string(), "legs": legs }));
        return Ok(OK);
    }
    let mut table = Columns::new(&["at (UTC)", "what", "more", "by"]);
    for leg in legs {
        table.row([leg.at.to_string(), leg.kind, leg.text, or_dash(leg.by)]);
    }
    print!("{table}");
    Ok(OK)
}

fn leg_json(leg: &Leg) -> Value {
    json!({
        "at": instant(leg.at),
        "kind": leg.kind,
        "text": leg.text,
        "by": leg.by.map(|by| by.to_string()),
    })
}
