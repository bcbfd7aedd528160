//! Cancelling an order: one key asks, the same key again does it. Repeating it is safe.

use kessai_shared::storefront::{OrderState, OrderView, PaymentState};

use super::answers;
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::model::{Model, Screen, Stopping};
use crate::shop::Ending;
use crate::words::Message;

/// Asks first, and sends it when it was asked already.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    match detail.stopping {
        Stopping::Sent(_) => {
            model.say(Message::new("cancel-under-way"));
            Vec::new()
        }
        Stopping::No if !detail.is_cancellable() => {
            model.say(Message::new("cancel-nothing-left"));
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
    let now = model.now;
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    if detail.stopping != Stopping::Sent(seq) {
        return Vec::new();
    }
    detail.stopping = Stopping::No;
    match answer {
        Ok(found) if found.0.quote.quote.order == detail.view.quote.quote.order => {
            let (view, ending) = *found;
            let id = match view.order {
                OrderState::Cancelled | OrderState::Expired if view.payment == PaymentState::Captured => {
                    "cancelled-but-charged"
                }
                OrderState::Cancelled | OrderState::Expired => "cancelled-whole",
                OrderState::Completed => "cancelled-rest",
                OrderState::Pending | OrderState::Confirmed => "cancel-asked",
            };
            (detail.view, detail.ending) = (view, ending);
            detail.loaded_at = now;
            detail.watch.looked(true, now);
            model.orders.note(&detail.view, &detail.ending);
            detail.cursor = detail.cursor.min(detail.lines().saturating_sub(1));
            model.say(Message::new(id));
        }
        Ok(_of_another_order) => model.warn(Message::new("answer-about-another-order")),
        Err(why) => model.warn(why.message()),
    }
    Vec::new()
}
