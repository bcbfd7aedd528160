//! Giving goods back: chosen line by line, its money told, then sent by a key of its own, under one return id
//! that is kept on this machine before anything is sent.

use kessai_shared::ids::ReturnId;
use kessai_shared::storefront::{ReturnState, ReturnView};

use super::{answers, moved, orders, page_step};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{Detail, Giving, KeptReturn, Model, Part, Screen, Sending, Stopping};
use crate::shop::ShopError;
use crate::words::Message;

/// Opens the choice with everything that is left of the line under the cursor; or goes on with a return of this
/// order that was never answered.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    detail.part = Part::Goods;
    detail.stopping = match detail.stopping {
        Stopping::No | Stopping::Asked => Stopping::No,
        sent @ Stopping::Sent(_) => sent,
    };
    if let Some(kept) = model.kept_returns.iter().find(|kept| kept.order == detail.order()) {
        detail.resume(kept);
        return Vec::new();
    }
    if !detail.is_returnable() {
        model.say(Message::new("return-nothing-there"));
        return Vec::new();
    }
    let mut counts = vec![0; detail.lines()];
    let here = detail.remaining(detail.cursor);
    if let Some(count) = counts.get_mut(detail.cursor) {
        *count = here;
    }
    detail.giving = Some(Giving { counts, request: Vec::new(), sending: Sending::No, problem: None });
    Vec::new()
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let page = page_step(model);
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    match action {
        Action::Confirm => return send(model),
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

/// The returns that an earlier session sent and never had answered: they are offered, and sent again only by a
/// key.
pub fn kept(model: &mut Model, answer: Answer<Vec<KeptReturn>>) -> Vec<Effect> {
    match answer {
        Ok(kept) => {
            if !kept.is_empty() {
                model.say(Message::new("return-unanswered").with("count", kept.len()));
            }
            model.kept_returns = kept;
        }
        Err(why) => model.warn(why.message()),
    }
    Vec::new()
}

pub fn minted(model: &mut Model, seq: Seq, answer: Answer<ReturnId>) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    let order = detail.order();
    let Some(giving) = &mut detail.giving else { return Vec::new() };
    match giving.sending {
        Sending::Minting(asked) if asked == seq => {}
        Sending::Minting(_) | Sending::No | Sending::Sent { .. } | Sending::Unanswered { .. } => {
            return Vec::new();
        }
    }
    match answer {
        Ok(id) => {
            model.kept_returns.push(KeptReturn { id, order, lines: giving.request.clone() });
            go_out(model, id)
        }
        // What cannot be kept is not sent: after a crash nobody could say which goods it was about.
        Err(why) => {
            giving.sending = Sending::No;
            giving.problem = Some(why.message());
            Vec::new()
        }
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
            model.kept_returns.retain(|kept| kept.id != id);
            finish(model, &view);
            return orders::ask_about(model);
        }
        // Refused for good: nothing of it was done, and the id is of no more use.
        Err(ShopError::Refused(refusal)) if !refusal.is_transient() => {
            giving.sending = Sending::No;
            giving.problem = Some(ShopError::Refused(refusal).message());
            model.kept_returns.retain(|kept| kept.id != id);
        }
        Err(why) => {
            giving.sending = Sending::Unanswered { id };
            giving.problem = Some(why.message());
        }
    }
    Vec::new()
}

fn send(model: &mut Model) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    let (order, lines) = (detail.order(), detail.given());
    let Some(giving) = &mut detail.giving else { return Vec::new() };
    match giving.sending {
        Sending::No if lines.is_empty() => {
            model.say(Message::new("return-choose-first"));
            Vec::new()
        }
        Sending::No => {
            let seq = model.counter.ask();
            giving.sending = Sending::Minting(seq);
            giving.request.clone_from(&lines);
            giving.problem = None;
            vec![Effect::MintReturn { seq, order, lines }]
        }
        Sending::Unanswered { id } => go_out(model, id),
        Sending::Minting(_) | Sending::Sent { .. } => Vec::new(),
    }
}

fn go_out(model: &mut Model, id: ReturnId) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    let order = detail.order();
    let Some(giving) = &mut detail.giving else { return Vec::new() };
    let seq = model.counter.ask();
    giving.sending = Sending::Sent { seq, id };
    giving.problem = None;
    vec![Effect::GiveBack { seq, id, order, lines: giving.request.clone() }]
}

// A return that is on its way is not left: its answer would have nowhere to go. One that was not
// answered may be left; it is kept, and offered again with its order.
fn leave(model: &mut Model) -> Vec<Effect> {
    let Some(giving) = giving(model) else { return Vec::new() };
    match giving.sending {
        Sending::Minting(_) | Sending::Sent { .. } => {
            model.say(Message::new("return-under-way"));
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
    let amount = (view.refunded, view.currency);
    match view.state {
        ReturnState::Refunded => model.say(Message::new("return-refunded").with("amount", amount)),
        ReturnState::Pending => model.say(Message::new("return-pending")),
        ReturnState::Refused => model.warn(Message::new("return-refused").with("amount", amount)),
        ReturnState::NothingToReturn => model.warn(Message::new("return-nothing-left")),
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
