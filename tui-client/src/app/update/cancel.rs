//! Cancelling an order: one key asks, the same key again does it. Repeating it is safe.

use kessai_shared::storefront::{OrderState, OrderView, PaymentState};

use super::answers;
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::model::{Model, Screen, Stopping};
use crate::shop::Ending;

/// Asks first, and sends it when it was asked already.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    match detail.stopping {
        Stopping::Sent(_) => {
            model.say("The cancellation is on its way; its answer comes here");
            Vec::new()
        }
        Stopping::No if !detail.is_cancellable() => {
            model.say("Nothing of this order is left that could be cancelled");
            Vec::new()
        }
        Stopping::No => {
            detail.stopping = Stopping::Asked;
            Vec::new()
        }
        Stopping::Asked => {
            let seq = model.counter.ask();
            detail.stopping = Stopping::Sent(seq);
            vec![Effect::Cancel { seq, order: detail.view.quote.quote.order }]
        }
    }
}

pub fn answered(model: &mut Model, seq: Seq, answer: Answer<Box<(OrderView, Ending)>>) -> Vec<Effect> {
    answers::heard(model, &answer);
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    if detail.stopping != Stopping::Sent(seq) {
        return Vec::new();
    }
    detail.stopping = Stopping::No;
    match answer {
        Ok(found) if found.0.quote.quote.order == detail.view.quote.quote.order => {
            let (view, ending) = *found;
            let words = match view.order {
                OrderState::Cancelled | OrderState::Expired if view.payment == PaymentState::Captured => {
                    "Cancelled, but charged all the same: ask the shop for a refund"
                }
                OrderState::Cancelled | OrderState::Expired => "Cancelled; nothing is charged",
                OrderState::Completed => "The rest is cancelled and not charged",
                OrderState::Pending | OrderState::Confirmed => "Asked for; it is not acknowledged yet",
            };
            (detail.view, detail.ending) = (view, ending);
            detail.cursor = detail.cursor.min(detail.lines().saturating_sub(1));
            model.say(words);
        }
        Ok(_of_another_order) => model.warn("The shop answered about another order"),
        Err(why) => model.warn(why.to_string()),
    }
    Vec::new()
}
