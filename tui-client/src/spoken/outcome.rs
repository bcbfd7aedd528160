//! How a purchase ended, in words that leave no doubt about whether money moved.

use super::buying;
use super::teller::Teller;
use crate::app::model::Purchase;
use crate::shop::Ending;
use crate::view::outcome as page;

pub fn tell(teller: &mut Teller<'_>) {
    let Some(purchase) = teller.model.purchases.last() else {
        teller.say("plain-nothing-bought");
        return;
    };
    teller.about(purchase.order);
    ending(teller, purchase);
    if let (Ending::Unknown, Some(signed)) = (&purchase.ending, &purchase.quote) {
        let quote = &signed.quote;
        teller.tell("plain-total", &[("total", (quote.total, quote.currency).into())]);
    }
    buying::legs(teller, &purchase.legs);
    teller.standing("plain-order-id", &[("order", purchase.order.to_string().into())]);
}

fn ending(teller: &mut Teller<'_>, purchase: &Purchase) {
    match &purchase.ending {
        Ending::Accepted { amount, currency } => {
            teller.tell("plain-accepted", &[("amount", (*amount, *currency).into())]);
            teller.say("plain-thanks");
        }
        Ending::Declined { reason } => {
            if let Some(reason) = reason {
                teller.tell("outcome-declined-code", &[("code", reason.code().to_string().into())]);
            } else {
                teller.say("outcome-declined");
            }
            teller.say(reason.map_or("reason-unreadable", page::reason_id));
            teller.say("plain-not-charged-in-cart");
            teller.say("plain-try-another-card");
        }
        Ending::OutOfStock { sku, available } => {
            let name = purchase.goods.iter().find(|goods| goods.item.sku == *sku);
            let name = name.map_or(sku.as_str(), |goods| goods.item.name.as_str());
            teller.tell("plain-out-of-stock", &[("name", name.into()), ("count", (*available).into())]);
            teller.say("plain-not-charged-in-cart");
        }
        Ending::Interrupted => again(teller, "plain-interrupted"),
        Ending::HoldExpired => again(teller, "plain-hold-expired"),
        Ending::Cancelled { by_shopper: true } => teller.say("plain-cancelled"),
        Ending::Cancelled { by_shopper: false } => again(teller, "plain-cancelled-by-shop"),
        Ending::Unknown => unknown(teller, purchase),
    }
}

fn again(teller: &mut Teller<'_>, id: &str) {
    teller.say(id);
    teller.say("plain-not-charged-in-cart");
    teller.say("plain-try-again");
}

// How often the shop was asked is news at 1, 2, 4, 8, ...: somebody who listens is to know that it goes on,
// at intervals that grow, and not to be told of each try.
fn unknown(teller: &mut Teller<'_>, purchase: &Purchase) {
    teller.say("plain-unknown");
    if let Some(why) = &purchase.why {
        teller.standing("plain-last-word", &[("why", why.clone().into())]);
    }
    teller.say("plain-unknown-safe");
    if purchase.polls > 0 {
        let times = 1_u32 << purchase.polls.ilog2();
        teller.tell("plain-asked-times", &[("count", times.into())]);
    }
    if let Some(left) = teller.look.left_until(purchase.next_poll, teller.model.now) {
        teller.standing("plain-asked-again-in", &[("left", left.into())]);
    }
    if purchase.unheard {
        let again = !purchase.goods.is_empty();
        teller.say(if again { "plain-unheard" } else { "outcome-unheard-only" });
    }
}
