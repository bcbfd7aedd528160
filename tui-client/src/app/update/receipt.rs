//! The receipt of an order: asked for, looked at, and written to a file.

use super::{answers, moved, page_step};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{Detail, MAX_PATH_BYTES, Model, Paper, PaperSheet, Proved, Saving, Screen};
use crate::app::{Edit, TextField};
use crate::words::Message;

/// Asks for the receipt of the order on the screen.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let Screen::Order(detail) = &mut model.screen else { return Vec::new() };
    if detail.view.decision.is_none() {
        model.say(Message::new("receipt-undecided"));
        return Vec::new();
    }
    let seq = model.counter.ask();
    detail.paper = Some(Box::new(Paper::asked(seq)));
    vec![Effect::LoadReceipt { seq, order: detail.order() }]
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let page = page_step(model);
    let Some(detail) = detail(model) else { return Vec::new() };
    let Some(paper) = &mut detail.paper else { return Vec::new() };
    match action {
        Action::Back => detail.paper = None,
        Action::Left | Action::Right => {
            let at = PaperSheet::ALL.iter().position(|sheet| *sheet == paper.sheet).unwrap_or(0);
            let last = PaperSheet::ALL.len() - 1;
            let to = if action == Action::Left { at.saturating_sub(1) } else { (at + 1).min(last) };
            (paper.sheet, paper.top) = (PaperSheet::ALL[to], 0);
        }
        Action::Save => {
            if let Some(found) = &paper.found {
                let path = TextField::with(MAX_PATH_BYTES, &found.path);
                paper.saving = Some(Saving { path, asked: None, problem: None });
            }
        }
        moving => paper.top = moved(moving, paper.top, paper.rows(), page).unwrap_or(paper.top),
    }
    Vec::new()
}

/// What a key that is no letter does while the path is typed.
pub fn act_on_path(model: &mut Model, action: Action) -> Vec<Effect> {
    let seq = model.counter.ask();
    let Some(paper) = paper(model) else { return Vec::new() };
    let (Some(saving), Some(found)) = (&mut paper.saving, &paper.found) else { return Vec::new() };
    match action {
        // One that is being written is waited for, or nobody would hear where it is.
        Action::Back if saving.asked.is_none() => paper.saving = None,
        Action::Save if saving.asked.is_none() && !saving.path.text().trim().is_empty() => {
            saving.asked = Some(seq);
            saving.problem = None;
            let (receipt, path) = (Box::new(found.receipt.clone()), saving.path.text().to_owned());
            return vec![Effect::SaveReceipt { seq, receipt, path }];
        }
        _without_meaning_here => {}
    }
    Vec::new()
}

pub fn typed(model: &mut Model, text: &str) {
    if let Some(saving) = open_saving(model) {
        saving.path.insert(text);
        saving.problem = None;
    }
}

pub fn edited(model: &mut Model, edit: Edit) {
    if let Some(saving) = open_saving(model) {
        saving.path.edit(edit);
        saving.problem = None;
    }
}

pub fn loaded(model: &mut Model, seq: Seq, answer: Answer<Box<Proved>>) -> Vec<Effect> {
    answers::heard(model, &answer);
    let Some(detail) = detail(model) else { return Vec::new() };
    let order = detail.order();
    let Some(paper) = detail.paper.as_mut().filter(|paper| paper.asked == Some(seq)) else {
        return Vec::new();
    };
    paper.asked = None;
    match answer {
        Ok(found) if found.receipt.quote.quote.order == order => paper.found = Some(found),
        Ok(_of_another_order) => paper.problem = Some(Message::new("answer-about-another-order")),
        Err(why) => paper.problem = Some(why.message()),
    }
    Vec::new()
}

pub fn saved(model: &mut Model, seq: Seq, answer: Result<String, Message>) -> Vec<Effect> {
    let Some(paper) = paper(model) else { return Vec::new() };
    let Some(saving) = paper.saving.as_mut().filter(|saving| saving.asked == Some(seq)) else {
        return Vec::new();
    };
    saving.asked = None;
    match answer {
        Ok(path) => {
            paper.saving = None;
            model.say(Message::new("receipt-saved").with("path", path));
        }
        Err(why) => saving.problem = Some(why),
    }
    Vec::new()
}

fn open_saving(model: &mut Model) -> Option<&mut Saving> {
    paper(model)?.saving.as_mut().filter(|saving| saving.asked.is_none())
}

fn paper(model: &mut Model) -> Option<&mut Paper> {
    detail(model)?.paper.as_deref_mut()
}

fn detail(model: &mut Model) -> Option<&mut Detail> {
    match &mut model.screen {
        Screen::Order(detail) => Some(detail),
        Screen::Browse
        | Screen::Product(_)
        | Screen::Cart
        | Screen::Checkout(_)
        | Screen::Outcome
        | Screen::Orders => None,
    }
}
