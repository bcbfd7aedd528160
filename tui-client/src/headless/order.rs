//! One order with its way, once or until it is settled.

use std::time::Duration;

use kessai_shared::console::{Failure, OK};
use kessai_shared::ids::OrderId;
use kessai_shared::storefront::{OrderView, ShipmentView, Step, StepKind};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{ending_json, failure};
use crate::app::Settings;
use crate::app::model::standing::{self, Standing};
use crate::ending::Ending;
use crate::shop::{Shop, ShopError};
use crate::view::{Look, dates, states, text};

/// How long to wait before an order that is followed is asked about again.
const PAUSE: Duration = Duration::from_secs(2);

/// Shows one order with its way; with `follow` again whenever it has changed, until it is settled.
///
/// # Errors
/// [`Failure`] when the shop does not tell.
pub async fn order(shop: &Shop, order: OrderId, follow: bool, as_json: bool) -> Result<u8, Failure> {
    let mut told: Option<(OrderView, Ending)> = None;
    loop {
        match shop.order(order).await {
            Ok(found) => {
                if told.is_none() {
                    super::say_who_shows(shop);
                }
                match (as_json, &told) {
                    _ if told.as_ref() == Some(&found) => {}
                    (true, _) => println!("{}", order_json(&found.0, &found.1)),
                    (false, None) => whole(&found.0, &found.1),
                    (false, Some((before, _))) => news(before, &found.0),
                }
                if !follow || !standing::is_moving(&found.0) {
                    return Ok(OK);
                }
                told = Some(found);
            }
            // A shop that went away for a moment may come back; one that was never there is told at once.
            Err(why) if told.is_some() && may_pass(&why) => {}
            Err(why) => return Err(failure(why)),
        }
        sleep(PAUSE).await;
    }
}

fn may_pass(why: &ShopError) -> bool {
    match why {
        ShopError::Unreachable(_) | ShopError::NoAnswer => true,
        ShopError::Refused(refusal) => refusal.is_transient(),
        ShopError::Untrusted(_) | ShopError::Local(_) | ShopError::Broke | ShopError::NotKept(_) => false,
    }
}

/// All of an order, for programs.
pub fn order_json(view: &OrderView, ending: &Ending) -> Value {
    let quote = &view.quote.quote;
    let lines = quote.lines.iter().enumerate().map(|(at, line)| {
        json!({
            "sku": line.sku.as_str(),
            "name": view.names.get(at),
            "quantity": line.quantity,
            "shipped": view.shipped.get(at),
            "cancelled": view.cancelled.get(at),
            "returned": view.returned.get(at),
            "unit_price_pence": line.unit_price.0,
        })
    });
    let lines: Vec<Value> = lines.collect();
    let mut row = ending_json(quote.order, quote.total.0, ending);
    row["placed_at"] = json!(view.placed_at.to_string());
    row["order_state"] = json!(format!("{:?}", view.order).to_lowercase());
    row["payment_state"] = json!(format!("{:?}", view.payment).to_lowercase());
    row["fulfilment_state"] = json!(format!("{:?}", view.fulfilment).to_lowercase());
    row["cancelling"] = json!(view.cancelling);
    row["refunded_pence"] = json!(view.refunded.0);
    row["lines"] = Value::from(lines);
    row["settled"] = json!(!standing::is_moving(view));
    // What is not signed is the seller's word; this says whether it even agrees with itself.
    row["contradicts_itself"] = json!(standing::doubt(view).is_some());
    row["shipments"] = view.shipments.iter().map(shipment_json).collect();
    row["history"] = view.history.iter().map(step_json).collect();
    row
}

fn shipment_json(shipment: &ShipmentView) -> Value {
    let lines = shipment.lines.iter().map(|(line, pieces)| json!({ "line": line + 1, "pieces": pieces }));
    json!({
        "shipment": shipment.nth,
        "at": shipment.at.to_string(),
        "pieces": shipment.pieces,
        "lines": lines.collect::<Vec<_>>(),
        "amount_pence": shipment.amount.0,
        "carrier": shipment.tracking.map(|tracking| tracking.carrier.to_string()),
        "tracking": shipment.tracking.map(|tracking| tracking.reference.to_string()),
    })
}

fn step_json(step: &Step) -> Value {
    let nth = match step.what {
        StepKind::Shipped { nth } => Some(nth),
        _another => None,
    };
    json!({ "what": step.what.word(), "shipment": nth, "at": step.at.to_string() })
}

fn whole(view: &OrderView, ending: &Ending) {
    let (quote, look) = (&view.quote.quote, english());
    println!("order     {}", quote.order);
    println!("placed    {} UTC", dates::instant(look, view.placed_at));
    println!("outcome   {}", ending.word());
    println!("state     {}", look.say(states::standing(Standing::of(view))));
    println!("total     {}", quote.total.show(quote.currency));
    if view.refunded.is_positive() {
        println!("refunded  {}", view.refunded.show(quote.currency));
    }
    for (at, line) in quote.lines.iter().enumerate() {
        let name = view.names.get(at).map_or("", String::as_str);
        let of = |pieces: &[u32]| pieces.get(at).copied().unwrap_or(0);
        let (left, back) = (of(&view.shipped), of(&view.returned));
        let name = text::clean(name);
        println!("line      {} x {} {name}: {left} sent, {back} given back", line.quantity, line.sku);
    }
    if standing::doubt(view).is_some() {
        println!("doubt     what the shop tells of this order contradicts itself");
    }
    println!("way       as the shop tells it");
    view.history.iter().for_each(|step| told(view, step));
}

/// What is new since it was last told.
fn news(before: &OrderView, now: &OrderView) {
    let known = now.history.iter().zip(&before.history).take_while(|(one, other)| one == other).count();
    now.history.iter().skip(known).for_each(|step| told(now, step));
    let (old, new) = (Standing::of(before), Standing::of(now));
    if old != new {
        println!("state     {}", english().say(states::standing(new)));
    }
}

fn told(view: &OrderView, step: &Step) {
    let look = english();
    println!("  {}  {}", dates::instant(look, step.at), crate::view::way::words(view, step.what, look));
    let StepKind::Shipped { nth } = step.what else { return };
    let Some(shipment) = view.shipments.iter().find(|shipment| shipment.nth == nth) else { return };
    if let Some(tracking) = shipment.tracking {
        println!("      {} {}", text::clean(tracking.carrier.as_str()), tracking.reference);
    }
}

// As all that is told without a screen.
fn english() -> Look {
    Look::with(&Settings::default())
}
