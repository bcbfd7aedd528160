//! How a purchase ended, in words that leave no doubt about whether money moved.

use kessai_shared::outcome::Reason;

use super::checkout::legs;
use super::{look::Look, sheet::Sheet};
use crate::app::keymap::Action;
use crate::app::model::{Model, Purchase};
use crate::shop::Ending;

/// Rows that the legs of a payment and what stands around them take.
const LEGS_ROWS: usize = 6;

pub fn draw(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let Some(purchase) = model.purchases.last() else {
        sheet.say(&look.say("outcome-nothing-bought"), look.plain());
        return;
    };
    sheet.gap();
    ending(model, purchase, look, sheet);
    sheet.gap();
    sheet.order_id(&purchase.order.to_string(), look.plain());
    if purchase.ending == Ending::Unknown {
        if let Some(signed) = &purchase.quote {
            let total = signed.quote.total.show(signed.quote.currency);
            sheet.field(&look.say("label-amount"), &total, look.plain());
        }
        if let Some(why) = &purchase.why {
            sheet.field(&look.say("label-last-word"), &look.message(why), look.dim());
        }
    }
    if !purchase.legs.seen().is_empty() && sheet.rows_left() >= LEGS_ROWS {
        sheet.gap();
        legs::draw(&purchase.legs, false, look, sheet);
    }
}

fn ending(model: &Model, purchase: &Purchase, look: Look, sheet: &mut Sheet<'_>) {
    match &purchase.ending {
        Ending::Accepted { amount, currency } => {
            sheet.say(&format!("{} {}", look.signs.good, look.say("outcome-accepted")), look.good());
            sheet.gap();
            sheet.field(&look.say("label-amount"), &amount.show(*currency), look.strong());
            sheet.wrap(&look.naming("outcome-thanks", model, &[("key", Action::Orders)]), look.plain());
        }
        Ending::Declined { reason } => declined(model, *reason, look, sheet),
        Ending::OutOfStock { sku, available } => {
            bad("outcome-out-of-stock", look, sheet);
            let goods = purchase.goods.iter().find(|goods| goods.item.sku == *sku);
            let name = goods.map_or("", |goods| goods.item.name.as_str());
            let args = [("name", name.into()), ("sku", sku.as_str().into()), ("count", (*available).into())];
            sheet.wrap(&look.tell("outcome-left", &args), look.strong());
            sheet.wrap(&look.naming("outcome-see-cart", model, &[("key", Action::Cart)]), look.plain());
        }
        Ending::Interrupted => {
            bad("outcome-interrupted", look, sheet);
            sheet.wrap(&look.say("outcome-interrupted-why"), look.plain());
            again("outcome-try-again", model, look, sheet);
        }
        Ending::HoldExpired => {
            bad("outcome-hold-expired", look, sheet);
            sheet.wrap(&look.say("outcome-hold-expired-why"), look.plain());
            again("outcome-try-again", model, look, sheet);
        }
        Ending::Cancelled { by_shopper: true } => {
            bad("outcome-cancelled", look, sheet);
            sheet.wrap(&look.say("outcome-cancelled-why"), look.plain());
        }
        Ending::Cancelled { by_shopper: false } => {
            bad("outcome-cancelled-by-shop", look, sheet);
            sheet.wrap(&look.say("outcome-cancelled-by-shop-why"), look.plain());
            again("outcome-try-again", model, look, sheet);
        }
        Ending::Unknown => unknown(model, purchase, look, sheet),
    }
}

fn bad(id: &str, look: Look, sheet: &mut Sheet<'_>) {
    sheet.say(&format!("{} {}", look.signs.bad, look.say(id)), look.bad());
    sheet.gap();
}

/// What the key does that tries again.
fn again(id: &str, model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    sheet.wrap(&look.naming(id, model, &[("key", Action::TryAgain)]), look.plain());
}

fn declined(model: &Model, reason: Option<Reason>, look: Look, sheet: &mut Sheet<'_>) {
    let title = match reason {
        Some(reason) => look.tell("outcome-declined-code", &[("code", reason.code().to_string().into())]),
        None => look.say("outcome-declined"),
    };
    sheet.say(&format!("{} {title}", look.signs.bad), look.bad());
    sheet.gap();
    sheet.wrap(&look.say(reason.map_or("reason-unreadable", reason_id)), look.strong());
    sheet.wrap(&look.say("outcome-not-charged"), look.plain());
    again("outcome-another-card", model, look, sheet);
}

fn unknown(model: &Model, purchase: &Purchase, look: Look, sheet: &mut Sheet<'_>) {
    sheet.say(&format!("? {}", look.say("outcome-unknown")), look.careful());
    sheet.gap();
    let since = legs::clock(purchase.legs.since);
    let next = match (&purchase.polling, look.left_until(purchase.next_poll, model.now)) {
        (Some(_), _) | (None, None) => look.say("outcome-asking-now"),
        (None, Some(_)) if look.still => look.say("outcome-asked-soon"),
        (None, Some(left)) => look.tell("outcome-asked-in", &[("left", left.into())]),
    };
    sheet.wrap(
        &look.tell("outcome-no-answer", &[("since", since.into()), ("next", next.into())]),
        look.plain(),
    );
    if purchase.polls > 0 {
        sheet.wrap(&look.tell("outcome-asked-times", &[("count", purchase.polls.into())]), look.plain());
    }
    sheet.wrap(&look.say("outcome-safe-to-close"), look.plain());
    if purchase.unheard {
        let again = !purchase.goods.is_empty();
        let words = match again {
            true => look.naming("outcome-unheard", model, &[("key", Action::TryAgain)]),
            false => look.say("outcome-unheard-only"),
        };
        sheet.wrap(&words, look.strong());
    }
}

/// The id of a reason's sentence.
pub const fn reason_id(reason: Reason) -> &'static str {
    match reason {
        Reason::TooLate => "reason-too-late",
        Reason::Reversed => "reason-reversed",
        Reason::SealMismatch => "reason-seal-mismatch",
        Reason::UnknownCard => "reason-unknown-card",
        Reason::Lost => "reason-lost",
        Reason::Stolen => "reason-stolen",
        Reason::Restricted => "reason-restricted",
        Reason::HolderKey => "reason-holder-key",
        Reason::Expired => "reason-expired",
        Reason::IdentityMismatch => "reason-identity-mismatch",
        Reason::TooManyTries => "reason-too-many-tries",
        Reason::Delinquent => "reason-delinquent",
        Reason::RepaymentHistory => "reason-repayment-history",
        Reason::TooFrequent => "reason-too-frequent",
        Reason::WindowAmount => "reason-window-amount",
        Reason::InvalidAmount => "reason-invalid-amount",
        Reason::OverLimit => "reason-over-limit",
        Reason::Approved => "reason-approved",
    }
}
