//! The shopper's flows without a screen: the same code, lines or JSON, and an exit code.

mod order;

pub use order::order;

use std::path::Path;

use kessai_shared::console::Failure;
use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::outcome::Reason;
use kessai_shared::storefront::{Line, OrderState, OrderView, PaymentState, Refusal, ReturnState};
use serde_json::{Value, json};

use crate::app::model::KeptReturn;
use crate::cards::PayingCard;
use crate::ending::Ending;
use crate::shop::{Shop, ShopError, Shown};
use crate::{receipts, runtime};

/// The purchase was declined, or there was nothing to return.
pub const DECLINED: u8 = 10;
pub const OUT_OF_STOCK: u8 = 11;
/// The shop, or the settlement behind it, cannot be reached; nothing was charged.
pub const UNREACHABLE: u8 = 12;
/// The outcome is not known: run again with the same order id.
pub const UNKNOWN: u8 = 14;

/// What is wanted: a SKU, and how many, after the last `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub sku: Sku,
    pub quantity: Option<u32>,
}

impl std::str::FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (sku, quantity) = match text.rsplit_once('=') {
            None => (text, None),
            Some((sku, quantity)) => {
                let number = quantity.parse().ok().filter(|number| *number > 0);
                (sku, Some(number.ok_or("a quantity is a whole number from 1 to 1000000")?))
            }
        };
        let sku = Sku::new(sku).map_err(|error| error.to_string())?;
        Ok(Self { sku, quantity })
    }
}

/// Buys, or finds out how the order with this id ended.
///
/// # Errors
/// [`Failure`] with its exit code when nothing was bought and nobody declined it.
pub async fn buy(
    shop: &Shop,
    order: Option<OrderId>,
    wanted: &[Wanted],
    card: &PayingCard,
    receipt: Option<&Path>,
    as_json: bool,
) -> Result<u8, Failure> {
    receipt.map_or(Ok(()), |out| receipts::may_write(out, order))?;
    let again = order.is_some();
    let order = match order {
        None => shop.open_checkout().map_err(failure)?,
        Some(order) => {
            shop.keep_order(order).map_err(failure)?;
            order
        }
    };
    let line = |wanted: &Wanted| Line { sku: wanted.sku, quantity: wanted.quantity.unwrap_or(1) };
    let lines: Vec<Line> = wanted.iter().map(line).collect();
    let advice = format!("run again with --order-id {order}");
    runtime::advise(&advice);
    let quote = shop.quote(order, &lines).await.map_err(|error| in_doubt(error, again, &advice))?;
    let ending = shop.pay(&quote, card).await.map_err(|error| in_doubt(error, again, &advice))?;
    let total = quote.quote.total.show(quote.quote.currency);
    if as_json {
        println!("{}", ending_json(order, quote.quote.total.0, &ending));
    } else {
        println!("{}", sentence(order, &total, &ending));
    }
    let decided = matches!(ending, Ending::Accepted { .. } | Ending::Declined { .. } | Ending::HoldExpired);
    if let Some(out) = receipt.filter(|_| decided) {
        receipts::keep(shop, order, out).await;
    }
    Ok(code(&ending))
}

/// Lists this terminal's orders.
///
/// # Errors
/// [`Failure`] when the shop does not tell.
pub async fn orders(shop: &Shop, as_json: bool) -> Result<u8, Failure> {
    let (mut before, mut all) = (None, Vec::new());
    loop {
        let page = shop.orders(before).await.map_err(failure)?;
        let Some((oldest, _)) = page.last() else { break };
        before = Some(oldest.quote.quote.order);
        all.extend(page);
    }
    say_who_shows(shop);
    if as_json {
        let rows: Vec<Value> = all.iter().map(|(view, ending)| order::order_json(view, ending)).collect();
        println!("{}", Value::from(rows));
        return Ok(kessai_shared::console::OK);
    }
    for (view, ending) in &all {
        let quote = &view.quote.quote;
        let total = quote.total.show(quote.currency);
        println!("{}  {}  {total:>12}  {}", view.placed_at, quote.order, ending.word());
    }
    Ok(kessai_shared::console::OK)
}

/// Gives lines of an order back: those that are named, or all.
///
/// # Errors
/// [`Failure`] when the shop does not take them.
pub async fn give_back(
    shop: &Shop,
    order: OrderId,
    return_id: Option<ReturnId>,
    wanted: &[Wanted],
    as_json: bool,
) -> Result<u8, Failure> {
    let (view, _) = shop.order(order).await.map_err(failure)?;
    let lines = lines_to_give_back(&view, wanted);
    if lines.is_empty() {
        return Err(Failure { code: DECLINED, line: format!("order {order} has nothing left to return") });
    }
    let again = return_id.is_some();
    // Kept before it is sent, so that a terminal that is killed meanwhile can go on with it.
    let id = match return_id {
        Some(id) => {
            shop.keep_return(&KeptReturn { id, order, lines: lines.clone() }).map_err(failure)?;
            id
        }
        None => shop.open_return(order, lines.clone()).map_err(failure)?,
    };
    // What is left of an order changes with every return, so a second try has to name its lines.
    let named: String = lines.iter().map(|line| format!(" '{}={}'", line.sku, line.quantity)).collect();
    let advice = format!("run again with --return-id {id}{named}");
    let given = shop.close_return(id, shop.give_back(id, order, &lines).await);
    let given = given.map_err(|error| in_doubt(error, again, &advice))?;
    let (word, code) = match given.state {
        ReturnState::Refunded => ("refunded", kessai_shared::console::OK),
        ReturnState::NothingToReturn => ("nothing_to_return", DECLINED),
        ReturnState::Pending => ("unknown", UNKNOWN),
        ReturnState::Refused => ("refund_refused", kessai_shared::console::FAILED),
    };
    if as_json {
        let amount = given.refunded.0;
        println!("{}", json!({ "return": id.to_string(), "outcome": word, "amount_pence": amount }));
    } else {
        match given.state {
            ReturnState::Refunded => {
                println!("refunded {}: return {id}", given.refunded.show(given.currency))
            }
            ReturnState::NothingToReturn => println!("nothing of that can be returned: return {id}"),
            ReturnState::Refused => println!(
                "taken back, {} refunded; the settlement refuses the rest: ask the shop about return {id}",
                given.refunded.show(given.currency)
            ),
            ReturnState::Pending => {
                println!("accepted, not refunded yet; {advice}");
            }
        }
    }
    Ok(code)
}

/// What goes back of an order: what is wanted of it, or all that is left.
fn lines_to_give_back(view: &OrderView, wanted: &[Wanted]) -> Vec<Line> {
    let left = |sku: &Sku| -> u32 {
        let of = |pieces: &[u32], at: usize| pieces.get(at).copied().unwrap_or(0);
        let gone = |at| of(&view.returned, at).saturating_add(of(&view.cancelled, at));
        let lines = view.quote.quote.lines.iter().enumerate();
        let there = lines.filter(|(_, line)| line.sku == *sku);
        there.map(|(at, line)| line.quantity.saturating_sub(gone(at))).fold(0, u32::saturating_add)
    };
    let skus: Vec<&Sku> = view.quote.quote.lines.iter().map(|line| &line.sku).collect();
    let mut lines: Vec<Line> = Vec::new();
    if wanted.is_empty() {
        for sku in skus {
            if left(sku) > 0 && lines.iter().all(|line| line.sku != *sku) {
                lines.push(Line { sku: *sku, quantity: left(sku) });
            }
        }
    } else {
        let line = |wanted: &Wanted| Line {
            sku: wanted.sku,
            quantity: wanted.quantity.unwrap_or_else(|| left(&wanted.sku).max(1)),
        };
        lines.extend(wanted.iter().map(line));
    }
    lines
}

/// Cancels what of an order was not sent yet.
///
/// # Errors
/// [`Failure`] when it has left already, or when the shop does not tell.
pub async fn cancel(shop: &Shop, order: OrderId, as_json: bool) -> Result<u8, Failure> {
    let advice = format!("run again: kessai cancel {order} is safe to repeat");
    let told = shop.cancel(order).await;
    let (view, _) = match told {
        Err(error @ ShopError::Refused(Refusal::AlreadyShipped)) => {
            return Err(Failure { code: DECLINED, line: error.to_string() });
        }
        told => told.map_err(|error| in_doubt(error, true, &advice))?,
    };
    let pieces: u64 = view.cancelled.iter().map(|pieces| u64::from(*pieces)).sum();
    let (word, code) = match view.order {
        OrderState::Cancelled | OrderState::Expired if view.payment == PaymentState::Captured => {
            ("charged", kessai_shared::console::FAILED)
        }
        OrderState::Cancelled | OrderState::Expired => ("cancelled", kessai_shared::console::OK),
        OrderState::Confirmed | OrderState::Pending => ("unknown", UNKNOWN),
        OrderState::Completed => ("rest_cancelled", kessai_shared::console::OK),
    };
    if as_json {
        println!("{}", json!({ "order": order.to_string(), "outcome": word, "pieces": pieces }));
        return Ok(code);
    }
    match word {
        "cancelled" => println!("cancelled: order {order}; nothing is held or charged"),
        "charged" => println!(
            "cancelled: order {order}; but the shop says that it was charged all the same: ask it for a refund"
        ),
        "rest_cancelled" => println!("cancelled the rest of order {order}: {pieces} pieces are not sent"),
        _ => println!("asked for, not acknowledged yet; {advice}"),
    }
    Ok(code)
}

/// Says when what is told was told by a standby of the shop, which may not know the newest yet. Programs that
/// read what is printed are not told here: it stands on standard error.
pub(crate) fn say_who_shows(shop: &Shop) {
    match shop.shown() {
        Some(Shown::Standby { behind_ms: Some(behind) }) => {
            eprintln!("kessai: read from the shop's standby, {} s behind", behind.div_ceil(1_000));
        }
        Some(Shown::Standby { behind_ms: None }) => {
            eprintln!("kessai: read from the shop's standby, which does not know how far it is behind");
        }
        Some(Shown::Fresh) | None => {}
    }
}

/// A failure in words and an exit code.
pub fn failure(error: ShopError) -> Failure {
    let code = match &error {
        ShopError::Unreachable(_)
        | ShopError::Refused(Refusal::TryLater | Refusal::SettlementAway | Refusal::NotInCharge) => {
            UNREACHABLE
        }
        ShopError::NoAnswer | ShopError::Broke => UNKNOWN,
        ShopError::Refused(_) | ShopError::Untrusted(_) | ShopError::Local(_) | ShopError::NotKept(_) => {
            kessai_shared::console::FAILED
        }
    };
    Failure { code, line: error.to_string() }
}

/// A failure of what may have been carried out. Of one that was tried before, nobody can say that
/// nothing came of it.
fn in_doubt(error: ShopError, again: bool, advice: &str) -> Failure {
    let failed = failure(error);
    match failed.code {
        UNKNOWN | UNREACHABLE if again || failed.code == UNKNOWN => {
            Failure { code: UNKNOWN, line: format!("{}; {advice}", failed.line) }
        }
        _ => failed,
    }
}

fn code(ending: &Ending) -> u8 {
    match ending {
        Ending::Accepted { .. } => kessai_shared::console::OK,
        Ending::Declined { .. } | Ending::HoldExpired | Ending::Cancelled { .. } => DECLINED,
        Ending::OutOfStock { .. } => OUT_OF_STOCK,
        Ending::Interrupted => UNREACHABLE,
        Ending::Unknown => UNKNOWN,
    }
}

fn sentence(order: OrderId, total: &str, ending: &Ending) -> String {
    match ending {
        Ending::Accepted { .. } => format!("accepted: order {order}, {total}"),
        Ending::Declined { reason: Some(reason) } => {
            format!("declined ({}): {} Order {order}.", reason.word(), reason.sentence())
        }
        Ending::Declined { reason: None } => format!("declined: order {order}"),
        Ending::OutOfStock { sku, available } => {
            format!("out of stock: {sku}, {available} left; order {order}, nothing was charged")
        }
        Ending::Interrupted => {
            format!("the settlement could not be reached; order {order} is cancelled, nothing was charged")
        }
        Ending::HoldExpired => format!("the approval ran out before shipping; order {order} is cancelled"),
        Ending::Cancelled { by_shopper: true } => format!("order {order} was cancelled, as you asked"),
        Ending::Cancelled { by_shopper: false } => {
            format!("the shop cancelled order {order}; nothing was charged")
        }
        Ending::Unknown => format!("not known yet; it is safe to run again with --order-id {order}"),
    }
}

fn ending_json(order: OrderId, amount: i64, ending: &Ending) -> Value {
    let reason = match ending {
        Ending::Accepted { .. } => Some(Reason::Approved),
        Ending::Declined { reason } => *reason,
        Ending::OutOfStock { .. }
        | Ending::Interrupted
        | Ending::HoldExpired
        | Ending::Cancelled { .. }
        | Ending::Unknown => None,
    };
    json!({
        "order": order.to_string(),
        "outcome": ending.word(),
        "code": reason.map(|reason| reason.code().to_string()),
        "reason": reason.map(Reason::name),
        "amount_pence": amount,
    })
}
