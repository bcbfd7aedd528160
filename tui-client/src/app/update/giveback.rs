//! Giving goods back: chosen line by line, then sent by a second `r`, under one return id.

use kessai_shared::ids::ReturnId;
use kessai_shared::storefront::{ReturnState, ReturnView};

use super::{answers, moved, orders, page_step};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{Detail, Giving, Model, Screen, Sending};
use crate::shop::ShopError;

/// Opens the choice with everything that is left of the line under the cursor.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    if !detail.is_returnable() {
        model.say("There is nothing on this order that could be given back");
        return Vec::new();
    }
    let mut counts = vec![0; detail.lines()];
    let here = detail.remaining(detail.cursor);
    if let Some(count) = counts.get_mut(detail.cursor) {
        *count = here;
    }
    detail.giving = Some(Giving { counts, sending: Sending::No, problem: None });
    Vec::new()
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let page = page_step(model);
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    match action {
        Action::Return => return send(model),
        Action::Back => return leave(model),
        Action::More => change(detail, |count| count.saturating_add(1)),
        Action::Fewer => change(detail, |count| count.saturating_sub(1)),
        Action::Everything => everything(detail),
        moving => {
            detail.cursor = moved(moving, detail.cursor, detail.lines(), page).unwrap_or(detail.cursor);
        }
    }
    Vec::new()
}

pub fn minted(model: &mut Model, seq: Seq, id: ReturnId) -> Vec<Effect> {
    let Some(giving) = giving(model) else { return Vec::new() };
    match giving.sending {
        Sending::Minting(asked) if asked == seq => go_out(model, id),
        Sending::Minting(_) | Sending::No | Sending::Sent { .. } | Sending::Unanswered { .. } => Vec::new(),
    }
}

pub fn returned(model: &mut Model, seq: Seq, answer: Answer<ReturnView>) -> Vec<Effect> {
    answers::heard(model, &answer);
    let Some(giving) = giving(model) else { return Vec::new() };
    let id = match giving.sending {
        Sending::Sent { seq: asked, id } if asked == seq => id,
        Sending::Sent { .. } | Sending::Minting(_) | Sending::No | Sending::Unanswered { .. } => {
            return Vec::new();
        }
    };
    match answer {
        Ok(view) => {
            finish(model, &view);
            return orders::ask_about(model);
        }
        Err(why @ ShopError::Refused(_)) => {
            giving.sending = Sending::No;
            giving.problem = Some(why.to_string());
        }
        Err(why) => {
            giving.sending = Sending::Unanswered { id };
            giving.problem = Some(why.to_string());
        }
    }
    Vec::new()
}

fn send(model: &mut Model) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    let nothing = detail.given().is_empty();
    let Some(giving) = &mut detail.giving else { return Vec::new() };
    match giving.sending {
        Sending::No if nothing => {
            model.say("Choose how many to give back with + first");
            Vec::new()
        }
        Sending::No => {
            let seq = model.counter.ask();
            giving.sending = Sending::Minting(seq);
            vec![Effect::MintReturn { seq }]
        }
        Sending::Unanswered { id } => go_out(model, id),
        Sending::Minting(_) | Sending::Sent { .. } => Vec::new(),
    }
}

fn go_out(model: &mut Model, id: ReturnId) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    let lines = detail.given();
    let order = detail.view.quote.quote.order;
    let Some(giving) = &mut detail.giving else { return Vec::new() };
    let seq = model.counter.ask();
    giving.sending = Sending::Sent { seq, id };
    giving.problem = None;
    vec![Effect::GiveBack { seq, id, order, lines }]
}

// A return that is on its way is not left: its answer would have nowhere to go. One that was not
// answered may be left; asking about the order then shows what came of it.
fn leave(model: &mut Model) -> Vec<Effect> {
    let Some(giving) = giving(model) else { return Vec::new() };
    match giving.sending {
        Sending::Minting(_) | Sending::Sent { .. } => {
            model.say("The return is on its way; its answer comes here");
            return Vec::new();
        }
        Sending::No | Sending::Unanswered { .. } => {}
    }
    if let Screen::Order(detail) = &mut model.screen {
        detail.giving = None;
    }
    orders::ask_about(model)
}

fn finish(model: &mut Model, view: &ReturnView) {
    let amount = view.refunded.show(view.currency);
    match view.state {
        ReturnState::Refunded => model.say(format!("Given back; {amount} refunded")),
        ReturnState::Pending => model.say("Taken back; the refund is not confirmed yet"),
        ReturnState::Refused => {
            model.warn(format!("Taken back; {amount} refunded, and the rest is refused: ask the shop"))
        }
        ReturnState::NothingToReturn => model.warn("Nothing was taken back: there is nothing left to return"),
    }
    if let Screen::Order(detail) = &mut model.screen {
        detail.giving = None;
    }
}

fn change(detail: &mut Detail, how: impl Fn(u32) -> u32) {
    let most = detail.remaining(detail.cursor);
    let cursor = detail.cursor;
    let open = detail.giving.as_mut().filter(|giving| !giving.is_locked());
    if let Some(count) = open.and_then(|giving| giving.counts.get_mut(cursor)) {
        *count = how(*count).min(most);
    }
}

fn everything(detail: &mut Detail) {
    let all: Vec<u32> = (0..detail.lines()).map(|line| detail.remaining(line)).collect();
    if let Some(giving) = detail.giving.as_mut().filter(|giving| !giving.is_locked()) {
        giving.counts = all;
    }
}

fn giving(model: &mut Model) -> Option<&mut Giving> {
    match &mut model.screen {
        Screen::Order(detail) => detail.giving.as_mut(),
        Screen::Browse
        | Screen::Product(_)
        | Screen::Cart
        | Screen::Checkout(_)
        | Screen::Outcome
        | Screen::Orders => None,
    }
}
