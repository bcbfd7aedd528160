//! How a purchase ended, in words that leave no doubt about whether money moved.

use super::{sheet::Sheet, theme::Theme, words};
use crate::app::model::{Model, Purchase};
use crate::shop::Ending;

pub fn draw(model: &Model, theme: Theme, sheet: &mut Sheet<'_>) {
    let Some(purchase) = model.purchases.last() else {
        sheet.say("Nothing was bought yet.", theme.plain());
        return;
    };
    sheet.gap();
    ending(model, purchase, theme, sheet);
    sheet.gap();
    sheet.order_id(&purchase.order.to_string(), theme.plain());
    let quote = &purchase.quote.quote;
    if purchase.ending == Ending::Unknown {
        sheet.field("Amount", &quote.total.show(quote.currency), theme.plain());
        if let Some(why) = &purchase.why {
            sheet.field("Last word", why, theme.dim());
        }
    }
}

fn ending(model: &Model, purchase: &Purchase, theme: Theme, sheet: &mut Sheet<'_>) {
    match &purchase.ending {
        Ending::Accepted { amount, currency } => {
            sheet.say("✓ Accepted", theme.good());
            sheet.gap();
            sheet.field("Amount", &amount.show(*currency), theme.strong());
            sheet.wrap("Thank you. o shows your orders.", theme.plain());
        }
        Ending::Declined { reason } => declined(*reason, theme, sheet),
        Ending::OutOfStock { sku, available } => {
            sheet.say("✗ Out of stock", theme.bad());
            sheet.gap();
            let name = purchase.goods.iter().find(|goods| goods.item.sku == *sku);
            let name = name.map_or(String::new(), |goods| format!("{} ", goods.item.name));
            sheet.wrap(&format!("{name}({sku}): {available} left."), theme.strong());
            sheet.wrap("Nothing was charged. The goods are still in the cart; c shows it.", theme.plain());
        }
        Ending::Interrupted => {
            sheet.say("✗ Interrupted", theme.bad());
            sheet.gap();
            sheet.wrap("The card company could not be asked in time. Nothing was charged.", theme.plain());
            sheet.wrap("t tries again with a new order; the goods are still in the cart.", theme.plain());
        }
        Ending::HoldExpired => {
            sheet.say("✗ The approval ran out", theme.bad());
            sheet.gap();
            sheet.wrap("The goods were not shipped in time. Nothing was charged.", theme.plain());
            sheet.wrap("t tries again with a new order; the goods are still in the cart.", theme.plain());
        }
        Ending::Cancelled { by_shopper: true } => {
            sheet.say("✗ Cancelled", theme.bad());
            sheet.gap();
            sheet.wrap("It was cancelled from this terminal. Nothing was charged.", theme.plain());
        }
        Ending::Cancelled { by_shopper: false } => {
            sheet.say("✗ Cancelled by the shop", theme.bad());
            sheet.gap();
            sheet.wrap("The shop will not send the goods. Nothing was charged.", theme.plain());
            sheet.wrap("t tries again with a new order; the goods are still in the cart.", theme.plain());
        }
        Ending::Unknown => unknown(model, purchase, theme, sheet),
    }
}

fn declined(reason: Option<kessai_shared::outcome::Reason>, theme: Theme, sheet: &mut Sheet<'_>) {
    let code = reason.map(|reason| format!(" (code {})", reason.code()));
    sheet.say(&format!("✗ Declined{}", code.unwrap_or_default()), theme.bad());
    sheet.gap();
    let sentence = reason.map_or("This terminal cannot read the reason.", |reason| reason.sentence());
    sheet.wrap(sentence, theme.strong());
    sheet.wrap("Nothing was charged. The goods are still in the cart.", theme.plain());
    sheet.wrap("t tries another card, with a new order.", theme.plain());
}

fn unknown(model: &Model, purchase: &Purchase, theme: Theme, sheet: &mut Sheet<'_>) {
    sheet.say("? Not known yet", theme.careful());
    sheet.gap();
    let next = match (&purchase.polling, words::left_until(purchase.next_poll, model.now)) {
        (Some(_), _) | (None, None) => "asking the shop now".to_owned(),
        (None, Some(left)) => format!("the shop is asked again in {left}"),
    };
    sheet.wrap(&format!("No answer about this payment yet; {next}."), theme.plain());
    sheet.wrap(
        "It is safe to close: only this same order id is used, so it is never paid twice.",
        theme.plain(),
    );
    if purchase.unheard {
        sheet.wrap("The shop has not seen this order. t sends it again, as the same order.", theme.strong());
    }
}
